"""Sets of ids as intervals do what sets of ids do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.terminology.spans import NONE, Spans

PAIRS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda p: (p[0], p[0] + p[1])), max_size=8
)


def plain(pairs: list[tuple[int, int]]) -> set[int]:
    return {id for low, high in pairs for id in range(low, high + 1)}


@settings(deadline=None)
@given(PAIRS, PAIRS)
def test_union_intersection_and_difference_are_those_of_sets(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    a, b = Spans(one), Spans(other)
    assert set((a | b).ids()) == plain(one) | plain(other)
    assert set((a & b).ids()) == plain(one) & plain(other)
    assert set((a - b).ids()) == plain(one) - plain(other)


@settings(deadline=None)
@given(PAIRS)
def test_ids_come_in_order_once_and_are_counted_and_found(pairs: list[tuple[int, int]]) -> None:
    spans, expected = Spans(pairs), plain(pairs)
    assert list(spans.ids()) == sorted(expected)
    assert len(spans) == len(expected)
    assert bool(spans) is bool(expected)
    assert {id for id in range(-2, 80) if id in spans} == expected


@settings(deadline=None)
@given(PAIRS)
def test_intervals_lie_apart_so_that_equal_sets_are_equal(pairs: list[tuple[int, int]]) -> None:
    spans = Spans(pairs)
    ends = [each for pair in spans.pairs() for each in pair]
    assert ends == sorted(ends)
    assert spans == Spans.of(plain(pairs))
    assert hash(spans) == hash(Spans.of(plain(pairs)))


@settings(deadline=None)
@given(PAIRS, st.integers(0, 80), st.integers(0, 20))
def test_a_part_is_a_slice_of_the_ids(pairs: list[tuple[int, int]], offset: int, count: int) -> None:
    found = [id for low, high in Spans(pairs).part(offset, count) for id in range(low, high + 1)]
    assert found == sorted(plain(pairs))[offset : offset + count]


def test_an_interval_that_ends_before_it_begins_is_empty() -> None:
    assert Spans([(5, 4)]) == NONE
    assert Spans([(1, 3), (4, 3), (9, 8)]) == Spans([(1, 3)])
