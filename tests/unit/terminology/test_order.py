"""A hierarchy as intervals says the same as walking up from each concept."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Problem
from charthouse.terminology.order import order
from charthouse.terminology.spans import Spans


@st.composite
def hierarchies(draw: st.DrawFn) -> list[list[int]]:
    """Parents of each concept; a concept may have several, and the names of concepts tell nothing of their place."""
    count = draw(st.integers(0, 24))
    ranks = draw(st.permutations(range(count)))
    by_rank = {rank: index for index, rank in enumerate(ranks)}
    parents: list[list[int]] = []
    for index in range(count):
        higher = [by_rank[rank] for rank in range(ranks[index])]
        parents.append(draw(st.lists(st.sampled_from(higher), max_size=3, unique=True)) if higher else [])
    return parents


def above(parents: list[list[int]], index: int) -> set[int]:
    """The concept and everything over it, found by walking up."""
    found, waiting = set(), [index]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(parents[each])
    return found


@settings(deadline=None)
@given(hierarchies())
def test_intervals_and_spans_cover_exactly_what_is_below(parents: list[list[int]]) -> None:
    ordered = order(parents)
    assert sorted(ordered.walk) == list(range(len(parents)))
    for index in range(len(parents)):
        place = ordered.place[index]
        assert ordered.walk[place] == index
        covered = Spans([(place, ordered.last[place]), *ordered.spans.get(place, ())])
        below = {each for each in range(len(parents)) if index in above(parents, each)}
        assert {ordered.walk[each] for each in covered.ids()} == below


@settings(deadline=None)
@given(hierarchies())
def test_a_concept_stands_behind_its_main_parent_and_before_what_follows_that(
    parents: list[list[int]],
) -> None:
    ordered = order(parents)
    for index, own in enumerate(parents):
        if own:
            main = ordered.place[own[0]]
            assert main < ordered.place[index] <= ordered.last[main]


def test_a_tree_needs_no_spans() -> None:
    assert order([[], [0], [0], [1], [1], [2]]).spans == {}


def test_siblings_keep_the_order_in_which_they_came() -> None:
    assert order([[], [0], [0], [], [0]]).walk == [0, 1, 2, 4, 3]


@pytest.mark.parametrize("parents", [[[0]], [[1], [0]], [[], [0, 2], [1]], [[], [0], [0, 3], [2]]])
def test_a_concept_above_itself_is_refused(parents: list[list[int]]) -> None:
    with pytest.raises(Problem, match="above itself"):
        order(parents)


def test_a_long_chain_is_no_burden() -> None:
    ordered = order([[]] + [[index] for index in range(20_000)])
    assert ordered.last[0] == 20_000
