"""Mending words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.terminology.find.spelling import Speller, distance

WORDS = (
    "pneumonia appendicitis diarrhea fibromyalgia rheumatoid schizophrenia gonorrhea fasciitis osteoporosis asthma "
    "hemorrhoid hypothyroidism psoriasis migraine sciatica pregnancy cirrhosis bronchitis tonsillitis constipation"
)  # fmt: skip
SLIPS = (
    ("pnuemonia", "pneumonia"), ("pneumonya", "pneumonia"), ("apendicitis", "appendicitis"), ("diarea", "diarrhea"),
    ("diarrhoea", "diarrhea"), ("fibromialgia", "fibromyalgia"), ("rumatoid", "rheumatoid"),
    ("skizophrenia", "schizophrenia"), ("schizofrenia", "schizophrenia"), ("gonorhea", "gonorrhea"),
    ("facitis", "fasciitis"), ("osteoperosis", "osteoporosis"), ("astma", "asthma"), ("hemroid", "hemorrhoid"),
    ("hypothyrodism", "hypothyroidism"), ("psorasis", "psoriasis"), ("migrane", "migraine"), ("siatica", "sciatica"),
    ("pregnency", "pregnancy"), ("cirosis", "cirrhosis"), ("bronkitis", "bronchitis"), ("tonsilitis", "tonsillitis"),
    ("constapation", "constipation"),
)  # fmt: skip


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller(dict.fromkeys(WORDS.split(), 1))


@pytest.mark.parametrize(("typed", "meant"), SLIPS)
def test_a_slip_is_mended(speller: Speller, typed: str, meant: str) -> None:
    assert [mended.word for mended in speller.near(typed)][:1] == [meant]


@pytest.mark.parametrize("typed", ["", "x", "xyz", "zzzzzzzz", "123456", "qwertyuiop"])
def test_what_looks_like_nothing_is_left_alone(speller: Speller, typed: str) -> None:
    assert speller.near(typed) == []


def test_of_two_words_equally_near_the_commoner_comes_first() -> None:
    speller = Speller({"sprain": 1, "strain": 40})
    assert [mended.word for mended in speller.near("stprain")] == ["strain", "sprain"]


LETTERS = st.text("abceikst", max_size=9)


@given(LETTERS, LETTERS)
def test_a_distance_is_bounded_and_nothing_is_nearer_than_itself(one: str, other: str) -> None:
    away = distance(one, other, 99.0)
    assert (away == 0) == (one == other)
    assert away <= 1.4 * (len(one) + len(other))


def _plainly(one: str, other: str) -> int:
    """Edit distance with turned letters, as textbooks have it."""
    table = {(i, -1): i + 1 for i in range(-1, len(one))} | {(-1, j): j + 1 for j in range(-1, len(other))}
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
            if i and j and a == other[j - 1] and b == one[i - 1]:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(one) - 1, len(other) - 1]


@given(LETTERS, LETTERS)
def test_a_distance_is_near_that_of_plain_edits(one: str, other: str) -> None:
    plain = _plainly(one, other)
    assert 0.4 * plain <= distance(one, other, 99.0) <= 1.4 * plain
