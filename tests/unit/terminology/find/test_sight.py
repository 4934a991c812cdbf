"""The glance at a text before it is taken apart: it never overlooks a word, and it spares most texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from charthouse.terminology.find.sight import Sight
from charthouse.terminology.find.words import split, stem

PARTS = ("hae", "oe", "ma", "ties", "xes", "y", "ing", "ed", "ion", "s", "é", "r1", "'s", "’", "-", "ß")  # fmt: skip
WORDS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map("".join)
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


@given(TEXTS, TEXTS)
def test_a_text_that_has_a_word_is_never_overlooked(text: str, other: str) -> None:
    for word in split(text):
        assert Sight([stem(word), *map(stem, split(other))]).is_in(text.upper())
        assert Sight([stem(word)]).is_in(f"{other} {text}")


def test_a_text_without_the_words_is_spared() -> None:
    sight = Sight([stem("fracture"), stem("biopsies")])
    assert sight.is_in("Displaced fractures of the ulna")
    assert sight.is_in("Biopsy")
    assert not sight.is_in("Sprain of the ulna")
    assert not sight.is_in("Infracture")
    assert not Sight([]).is_in("Sprain of the ulna")
