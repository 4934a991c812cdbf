"""The tables of abbreviations, lay words, synonyms and common codes."""

from __future__ import annotations

from collections import Counter

import pytest

from charthouse.terminology.find import lore
from charthouse.terminology.find.cost import DENIES, DENIES_NEXT, SIDES
from charthouse.terminology.find.finder import Finder
from charthouse.terminology.find.words import EMPTY, split, stem

PHRASES = ("short.tsv", "lay.tsv", "procedures.tsv")
SMALL = frozenset({*EMPTY, *SIDES, *DENIES, *DENIES_NEXT, "both", "with"})


@pytest.mark.parametrize("name", PHRASES)
def test_every_line_says_what_is_meant(name: str) -> None:
    for row in lore.rows(name):
        assert len(row) == 2, row
        assert split(row[0]), row
        assert all(split(meaning) for meaning in row[1].split("|")), row


def test_nothing_is_said_twice() -> None:
    said = [tuple(split(each.said)) for name in ("short.tsv", "lay.tsv") for each in lore.phrases(name)]
    said += [("PCS", *split(each.said)) for each in lore.phrases("procedures.tsv")]
    assert [key for key, count in Counter(said).items() if count > 1] == []


def test_sets_of_words_that_mean_the_same_have_at_least_two() -> None:
    for (line,) in lore.rows("same.tsv"):
        assert len({stem(word) for word in split(line)}) > 1, line


def test_common_codes_are_well_formed() -> None:
    rows = list(lore.rows("common.tsv"))
    assert [code for code, count in Counter(row[0] for row in rows).items() if count > 1] == []
    for code, weight, *names in rows:
        assert -3 <= float(weight) <= 5, code
        assert len(names) < 2, code
        assert all(name.strip() for part in names for name in part.split(";")), code


def test_the_weight_of_a_code_is_that_of_the_nearest_above_it() -> None:
    known = lore.load(lore.DIAGNOSES)
    assert known.weight("E11.9") > known.weight("E11.618") == known.weight("E11") > known.weight("E08.9")
    assert known.weight("O99.891") < 0
    assert lore.load("http://example.org/other").weight("E11.9") == 0


@pytest.mark.parametrize(
    ("name", "system"),
    [("short.tsv", "icd-10-cm"), ("lay.tsv", "icd-10-cm"), ("procedures.tsv", "icd-10-pcs")],
)
def test_what_is_meant_stands_in_the_names_of_codes(whole: Finder, name: str, system: str) -> None:
    vocabulary = whole.lexicon(system).vocabulary
    same = lore.same()
    for each in lore.phrases(name):
        for meaning in each.meanings:
            unknown = [
                word for word in meaning
                if word not in SMALL and meaning != tuple(split(each.said))
                and not {stem(word), *same.get(stem(word), ())} & vocabulary.keys()
            ]  # fmt: skip
            assert not unknown, each


def test_every_common_code_is_in_the_shipped_release(whole: Finder) -> None:
    codes = [code for code in lore.common() if len(code) > 1]
    found = whole.lexicon("icd-10-cm").system.found(codes)
    assert [code for code in codes if code not in found] == []
