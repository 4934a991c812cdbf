"""The questions of a clinic's day: what they must find is counted apart from search, and a wrong answer is told."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from charthouse.base.errors import Problem
from charthouse.fhir import definitions
from charthouse.ops.bench import asking, daily, practice, reading
from charthouse.ops.bench.asking import Question
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.ledger import Fact, Ledger
from charthouse.ops.bench.practice import EACH, Practice
from charthouse.ops.bench.shapes import SHAPES
from charthouse.validation.structure import check

SINCE = "2026-01-02T08:00:00.000Z"
LISTED = next(shape for shape in SHAPES if shape.name == "vital signs of a chart")


class Told:
    """A server that gives the same answers in turn."""

    def __init__(self, *bundles: dict[str, Any]) -> None:
        self.bundles = list(bundles)

    def ask(self, path: str, headers: object) -> tuple[int, None, bytes]:
        return 200, None, json.dumps(self.bundles.pop(0)).encode()


def bundle(ids: list[str], total: int, following: str | None = None) -> dict[str, Any]:
    links = [{"relation": "next", "url": f"http://localhost{following}"}] if following else []
    entries = [{"search": {"mode": "match"}, "resource": {"id": id}} for id in ids]
    return {"entry": entries, "total": total, "link": links}


def test_there_are_thirty_questions_each_with_a_name_and_a_reason() -> None:
    assert len(SHAPES) == len({shape.name for shape in SHAPES}) == 30
    assert all(shape.why and shape.weight > 0 for shape in SHAPES)
    assert all(name in {key for shape in SHAPES for key, _ in shape.asks} for name in (
        "phone:missing", "status:not", "name:contains", "_revinclude", "_include", "patient.identifier",
        "_has:Observation:patient:code", "code-value-quantity", "_lastUpdated", "_summary", "url",
    ))  # fmt: skip


def test_a_made_up_clinic_is_sound_and_has_four_hundred_resources_for_each_patient() -> None:
    r4 = definitions.load()
    for number in (0, 1, 7, 52):
        trees = list(practice.chart(number))
        assert [issue for tree in trees for issue in check(tree, r4, codes=True)] == []
        assert trees == list(practice.chart(number))
        assert len(trees) == EACH == 400
    assert len(set(Practice(3).ids())) == Practice(3).resources == 1200


def test_a_ledger_has_every_resource_of_every_patient() -> None:
    ledger = Ledger(Practice(3), SINCE)
    made = Counter((tree["resourceType"], number) for number in range(3) for tree in practice.chart(number))
    assert {pair: len(ledger.of(*pair)) for pair in made} == dict(made)
    assert len(ledger.all("Observation")) == sum(n for (type, _), n in made.items() if type == "Observation")
    assert ledger.of("Observation", 1)[0] == ledger.all("Observation")[len(ledger.of("Observation", 0))]
    assert ledger.of("Slot", 1) == ledger.all("Slot") == ()


def test_the_same_ledger_gives_the_same_questions_and_most_of_them_find_something() -> None:
    ledger = Ledger(Practice(10), SINCE)
    asked = {shape.name: asking.questions(shape, ledger) for shape in SHAPES}
    assert asked == {shape.name: asking.questions(shape, ledger) for shape in SHAPES}
    empty = [name for name, questions in asked.items() if not any(one.found for one in questions)]
    assert set(empty) <= {
        "poorly controlled diabetes", "laboratory results of a day", "appointments of a day",
    }  # fmt: skip
    assert all("{" not in one.path for questions in asked.values() for one in questions)


def test_an_answer_that_differs_from_what_is_there_is_told() -> None:
    facts = [Fact(0, f"o{number}", at=f"2020-01-{30 - number:02d}") for number in range(25)]
    question = Question(LISTED, "/fhir/Observation?x", "/fhir/Observation?x&_summary=count", facts, None)
    ids = [fact.id for fact in facts]
    fine = bundle(ids[:20], 25)
    number = bundle([], 25)

    def wrong(*bundles: dict[str, Any], asked: Question = question) -> list[str]:
        return asking.page(Told(*bundles), {}, asked)[1]  # type: ignore[arg-type]

    assert wrong(fine, number) == []
    assert any("24 counted, 25 are there" in text for text in wrong(fine, bundle([], 24)))
    assert any("19 on a page, 20 must be" in text for text in wrong(bundle(ids[:19], 25), number))
    assert any("total 26" in text for text in wrong(bundle(ids[:20], 26), number))
    assert any("no match" in text for text in wrong(bundle([*ids[:19], "other"], 25), number))
    assert any("order" in text for text in wrong(bundle([*ids[1:20], ids[0]], 25), number))
    second = replace(question, shape=replace(LISTED, pages=2))
    walk = bundle(ids[:20], 25, "/fhir/Observation?_cursor=2")
    path, told = asking.page(Told(walk, bundle(ids[20:], 25), number), {}, second)  # type: ignore[arg-type]
    assert (path, told) == ("/fhir/Observation?_cursor=2", [])
    assert any("came twice" in text for text in wrong(walk, bundle(ids[:5], 25), number, asked=second))


def test_all_questions_are_answered_rightly_by_a_real_server_and_timed(
    small: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are compared; one is timed."""
    monkeypatch.setattr(asking, "DRAWN", 2)
    monkeypatch.setattr(reading, "WARMING", 1)
    asked: list[str] = []
    real = daily.questions_of

    def few(bench: Bench, *others: Any) -> Any:
        found = real(bench, *others)
        asked.extend(found)
        monkeypatch.setattr(daily, "SHAPES", SHAPES[:1])
        return found

    monkeypatch.setattr(daily, "questions_of", few)
    figures = {figure.name: figure for figure in daily.measure(replace(small, resources=800, small=800))}
    assert asked == [shape.name for shape in SHAPES]
    one = figures["search: patient by number"]
    assert one.goal.p99 == 50
    assert {"small_ms", "growth", "constant_bytes_ms", "fdatasync_p50_ms"} <= one.floors.keys()
    assert (one.notes["found"], one.notes["answer_grows"]) == (1, False)
    assert figures["search, most growth"].value == 1
    offered = figures[f"search, a day's load at {daily.OFFERED}/s"]
    assert offered.goal.p99 == 100
    assert figures["search, a day's load at most"].value > 0


def test_a_wrong_answer_makes_no_figure(small: Bench) -> None:
    told: list[str] = []
    home = SimpleNamespace(credentials={}, size=Practice(1))
    server = Told(*[bundle([], 0)] * 400)
    with pytest.raises(Problem, match="answers are wrong"):
        daily.questions_of(replace(small, say=told.append), home, server, Ledger(home.size, SINCE))  # type: ignore[arg-type]
    assert any("WRONG" in text and "0 on a page, 1 must be" in text for text in told)
