"""Numbers the concepts of a hierarchy so that all below a concept are an interval, or a few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charthouse.base.errors import invalid

Span = tuple[int, int]


@dataclass(slots=True)
class Order:
    """`walk[place]` is the index of the concept there; `last[place]` the last place below it by first parents.

    `spans` has, for places with more below them than that, all the intervals of places they cover
    beyond their own (`place` … `last[place]`), joined and in order.
    """

    walk: list[int]
    place: list[int]
    last: list[int]
    spans: dict[int, list[Span]]


def order(parents: Sequence[Sequence[int]]) -> Order:
    """The order of concepts 0 … n-1, given the indexes of each one's parents, the main one first.

    Raises Problem(invalid) where a concept stands above itself.
    """
    count = len(parents)
    children: list[list[int]] = [[] for _ in range(count)]
    roots: list[int] = []
    for index, above in enumerate(parents):
        (children[above[0]] if above else roots).append(index)
    walk: list[int] = []
    place = [-1] * count
    last = [0] * count
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        index, is_done = stack.pop()
        if is_done:
            last[place[index]] = len(walk) - 1
            continue
        place[index] = len(walk)
        walk.append(index)
        stack.append((index, True))
        stack.extend((child, False) for child in reversed(children[index]))
    if len(walk) < count:
        raise _circle(place.index(-1))
    return Order(walk, place, last, _spans(parents, place, last))


def _spans(parents: Sequence[Sequence[int]], place: list[int], last: list[int]) -> dict[int, list[Span]]:
    """What each concept covers beyond its own interval, children before their parents."""
    found: dict[int, list[Span]] = {}
    open_children = [0] * len(parents)
    for several in parents:
        for above in several:
            open_children[above] += 1
    waiting = [index for index, count in enumerate(open_children) if not count]
    gained: dict[int, list[Span]] = {}
    done = 0
    while waiting:
        index = waiting.pop()
        done += 1
        here = place[index]
        extra = [span for span in gained.pop(index, ()) if not here <= span[0] <= span[1] <= last[here]]
        if extra:
            extra = found[here] = _joined(extra)
        for number, above in enumerate(parents[index]):
            if number:
                gained.setdefault(above, []).append((here, last[here]))
            if extra:
                gained.setdefault(above, []).extend(extra)
            open_children[above] -= 1
            if not open_children[above]:
                waiting.append(above)
    if done < len(parents):
        raise _circle(next(index for index, count in enumerate(open_children) if count))
    return found


def _joined(spans: list[Span]) -> list[Span]:
    """The same places in as few intervals as there can be."""
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _circle(index: int) -> Exception:
    return invalid("structure", "A concept stands above itself in the hierarchy.", place=f"concept[{index}]")
