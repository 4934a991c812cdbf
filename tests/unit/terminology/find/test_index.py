"""The word index against a plain reading of the rows."""

from __future__ import annotations

from itertools import pairwise

from charthouse.terminology.concept import COMMENT, HEADING, Designation, Row
from charthouse.terminology.find.bits import places
from charthouse.terminology.find.index import FEW, GROUPS, LATER, TIER, TIERS, unpack, words
from charthouse.terminology.find.words import split, stem
from tests.unit.terminology.find.small import rows


def index(listed: list[Row]) -> dict[str, tuple[int, set[int]]]:
    return {
        word: (held, set(places(bits)))
        for word, blob in words(listed, 1)
        for held, bits in [unpack(blob)]
    }  # fmt: skip


def walked() -> list[Row]:
    """The small classification in walking order."""
    listed = list(rows())
    below: dict[str, list[Row]] = {}
    for row in listed:
        below.setdefault(row.parents[0] if row.parents else "", []).append(row)

    def walk(code: str) -> list[Row]:
        return [each for row in below.get(code, ()) for each in (row, *walk(row.code))]

    return walk("")


def test_every_word_has_the_concepts_whose_names_have_it() -> None:
    listed = walked()
    above = {row.code: row.parents[0] if row.parents else "" for row in listed}
    texts = {row.code: [each.text for each in row.designations] for row in listed}
    for row in listed:
        texts[row.code] += [value for name, value in row.properties if name == "includes"]
    wanted: dict[str, set[int]] = {}
    for place, row in enumerate(listed):
        known = [row.display]
        code = row.code
        while code:
            known += texts[code]
            code = above[code]
        for word in split(" ".join(known)):
            wanted.setdefault(stem(word), set()).add(place)
    found = {word: held[1] for word, held in index(listed).items() if not word.startswith("=")}
    assert found == wanted


def test_tiers_hold_ever_more_of_what_may_be_reported() -> None:
    listed = walked()
    found = index(listed)
    tiers = [found[f"{TIER}{number}"][1] for number in range(len(TIERS))]
    assert all(some <= more for some, more in pairwise(tiers))
    assert tiers[-1] == {place for place, row in enumerate(listed) if not row.flags & HEADING}
    assert found[GROUPS][0] > 1


def test_further_encounters_are_told_apart() -> None:
    listed = walked()
    assert {listed[place].code[-1] for place in index(listed)[LATER][1]} == {"D", "S"}


def test_prose_about_a_concept_is_no_name() -> None:
    row = Row("1", "Cough", (), 0, (Designation("hacking", "", COMMENT), Designation("tussis")))
    assert {"tussis", "cough"} <= index([row]).keys()
    assert "hack" not in index([row])


def test_rare_and_common_words_come_back_alike() -> None:
    count = FEW * 3
    listed = [Row(str(number), "common rare" if number == count - 1 else "common") for number in range(count)]
    found = index(listed)
    assert found["common"][1] == set(range(count))
    assert found["rare"][1] == {count - 1}


def test_a_release_without_concepts_has_an_index() -> None:
    assert index([])[GROUPS] == (0, set())
