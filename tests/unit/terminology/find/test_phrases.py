"""The phrases that the search is measured by, and how they are counted."""

from __future__ import annotations

import re

from charthouse.db.connect import Connection
from charthouse.ops.bench.coding import HALVES, Phrase, phrases, plainly, score
from tests.unit.terminology.find.small import filled


def test_the_halves_are_equal_and_share_no_phrase() -> None:
    tune, held = (phrases(half) for half in HALVES)
    assert len(tune) == len(held) == 150
    assert not {each.text.lower() for each in tune} & {each.text.lower() for each in held}


def test_every_phrase_has_codes() -> None:
    shape = re.compile(r"[A-Z]\d[\dA-Z](\.[\dA-Z]{1,4})?")
    for half in HALVES:
        assert all(each.codes and all(shape.fullmatch(code) for code in each.codes) for each in phrases(half))


def test_a_score_counts_what_came_first_and_among_the_first_five() -> None:
    asked = [
        Phrase("a", frozenset("A")),
        Phrase("b", frozenset("B")),
        Phrase("c", frozenset("C")),
        Phrase("d", frozenset("D")),
    ]
    answers = {"a": ["A"], "b": ["X", "B"], "c": ["1", "2", "3", "4", "5", "C"], "d": []}
    found = score(asked, lambda text: answers[text])
    assert (found.first, found.few, len(found.times)) == (25.0, 50.0, 4)


def test_the_floor_needs_every_word(tables: Connection) -> None:
    if tables.dialect != "sqlite":
        return
    filled(tables)
    search = plainly(tables, 1)
    assert search("Diabetes neuropathy") == ["E11.40"]
    assert search("Cough") == ["R05.3", "R05.9"]
    assert search("cough zebra") == []
