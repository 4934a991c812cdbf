"""The bench of the patient search asks for people of its own crowd, and finds them."""

from __future__ import annotations

import json

from charthouse.ops.bench import crowd, finding
from charthouse.ops.bench.bench import Bench


def test_a_crowd_and_its_questions_are_the_same_every_time() -> None:
    assert json.dumps(crowd.person(7)) == json.dumps(crowd.person(7)) != json.dumps(crowd.person(8))
    assert finding.questions(100, 1) == finding.questions(100, 1) != finding.questions(100, 2)


def test_patients_are_found_far_more_often_than_by_the_start_of_a_name(small: Bench) -> None:
    figures = {figure.name: figure for figure in finding.measure(small)}
    share = figures["right patient in the first five"]
    assert share.value >= 95
    assert share.floors["plain_name_start"] < share.value
    for name in ("unbounded", "clinician"):
        figure = figures[f"patient search, {name}"]
        assert 0 < figure.value <= (figure.percentile("p99") or 0)
        assert figure.floors["plain_name_start_ms"] > 0
        assert figure.goal.must == figure.goal.p99 == 50
    assert 0.1 < figures["words and numbers in memory"].value < 20
    kept = [folder.name for folder in small.cache.iterdir()]
    assert len(kept) == 1
    assert kept[0].startswith("people-400-")
