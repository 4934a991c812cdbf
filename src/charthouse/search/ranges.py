"""Date conditions as stretches of an index that lies in the order in which ranges begin (R4 search.html#date)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from charthouse.search.query import Span

DAY: Final = 86_400_000  # milliseconds
FIRST: Final = -(1 << 62)  # before every moment
LAST: Final = 1 << 62  # after every moment


class Test(NamedTuple):
    """One alternative of a condition: the names of its statements, the size of its list, and its values.

    `legs` are the same rows as stretches of an index, where the statement itself is none.
    """

    name: str
    size: int
    args: tuple[Any, ...]
    legs: tuple[Test, ...] = ()


class Bounds(NamedTuple):
    """A date condition, and between which moments a range that meets it can begin.

    With `after`, ranges that last longer than a day can begin before `start` too, if they end after `after`.
    """

    name: str
    args: tuple[int, ...]
    start: int = FIRST
    end: int = LAST
    after: int | None = None


def approximate(span: Span, at: int) -> tuple[int, int]:
    """A date widened by a tenth of its distance from now (R4 search.html#prefix, `ap`)."""
    slack = abs(at - span.low) // 10
    return span.low - slack, span.high + slack


def bounds(span: Span, at: int) -> Bounds:
    """The condition for a date with its prefix; `at` (ms) is now."""
    prefix, low, high = span
    if prefix == "ap":
        low, high = approximate(span, at)
        return Bounds("date_ap", (high, low), low - DAY, high, low)
    match prefix:
        case "eq":
            return Bounds("date_eq", (low, high, high), low, high)
        case "ne":
            return Bounds("date_ne", (low, high))
        case "gt":
            return Bounds("date_gt", (high,), start=high - DAY, after=high)
        case "ge":
            return Bounds("date_ge", (high, low), start=min(low, high - DAY), after=high)
        case "lt":
            return Bounds("date_lt", (low,), end=low)
        case "le":
            return Bounds("date_le", (low, high), end=high)
        case "po":
            return Bounds("date_ap", (high, low), low - DAY, high, low)
        case "sa":
            return Bounds("date_sa", (high,), start=high)
        case _:
            return Bounds("date_eb", (low, low), end=low)


def test(joined: Sequence[Bounds]) -> Test:
    """The test that one range meets all of the conditions."""
    name = "&".join(one.name for one in joined)
    args = tuple(arg for one in joined for arg in one.args)
    latest = max(joined, key=lambda one: (one.start, one.after is None))
    end = min(one.end for one in joined)
    legs = [Test(f"date_range&{name}", 1, (latest.start, end, *args))]
    if latest.after is not None:
        legs.append(Test(f"date_long&{name}", 1, (latest.after, min(latest.start, end), *args)))
    return Test(name, 1, args, tuple(legs))
