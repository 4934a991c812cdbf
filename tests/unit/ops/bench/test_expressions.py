"""`bench fhirpath`: every expression of its own list is answered, and the floor stands beside the figure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from charthouse.ops.bench import expressions
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.expressions import TIMES


@pytest.fixture
def quick(small: Bench) -> Bench:
    return replace(small, short=0)


def test_every_expression_of_the_own_list_is_answered() -> None:
    cases, origin = expressions.chosen(None)
    assert origin == "own list"
    assert len(cases) == 40
    for case in cases:
        assert expressions.ours(case.text, case.tree["resourceType"])(case.tree) is not None, case.text


def test_the_figures_stand_beside_the_other_engine(quick: Bench) -> None:
    pytest.importorskip("fhirpathpy")
    hot, cold = expressions.measure(quick)
    for figure in (hot, cold):
        assert figure.unit == "evaluations/s"
        assert figure.notes == {"expressions": 40, "from": "own list", "of": 40}
        assert figure.goal.must == pytest.approx(TIMES * figure.floors["fhirpathpy"])


def test_without_the_other_engine_there_is_no_floor_and_nothing_to_miss(
    quick: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expressions, "other", lambda: None)
    for figure in expressions.measure(quick):
        assert figure.floors == {}
        assert figure.met is None
        assert figure.value > 0


def test_the_published_cases_are_taken_where_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "fhirpath"
    (folder / "input").mkdir(parents=True)
    (folder / "input" / "patient-example.json").write_text('{"resourceType": "Patient", "id": "x"}')
    (folder / "tests-fhir-r4.xml").write_text(
        '<tests><group name="g"><test name="a"><expression>id</expression></test>'
        '<test name="b"><expression invalid="syntax">id..</expression></test>'
        '<test name="c" inputfile="patient-example.xml"><expression>trace(\'x\')</expression></test></group></tests>'
    )
    cases, origin = expressions.chosen(tmp_path / "synthea-r4")
    assert origin == "official cases"
    assert [case.text for case in cases] == ["id"]
