"""Sets of places as integers, against sets."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from charthouse.terminology.find.bits import holding, joined, places, spanned

PLACES = st.frozensets(st.integers(0, 400))


@given(PLACES)
def test_a_set_comes_back_in_order(some: frozenset[int]) -> None:
    assert list(places(joined(list(some)))) == sorted(some)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60))))
def test_intervals_hold_all_between_their_ends(pairs: list[tuple[int, int]]) -> None:
    found = spanned((low, low + more) for low, more in pairs)
    assert set(places(found)) == {place for low, more in pairs for place in range(low, low + more + 1)}


@given(st.lists(PLACES, max_size=7), st.integers(0, 8))
def test_holding_counts_the_sets_that_have_a_place(sets: list[frozenset[int]], least: int) -> None:
    counts = Counter(place for each in sets for place in each)
    wanted = {place for place, count in counts.items() if count >= least} if least else set()
    assert set(places(holding([joined(list(each)) for each in sets], least))) == wanted
