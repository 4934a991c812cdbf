"""Sets of concept ids as intervals: a hundred thousand concepts below another are one pair of numbers."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

Pair = tuple[int, int]


class Spans:
    """A set of ids that does not change: intervals in order, apart from each other, both ends included."""

    __slots__ = ("_before", "_highs", "_lows")

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        """Takes intervals in any order, overlapping or not."""
        self._lows = array("q")
        self._highs = array("q")
        self._before: array[int] | None = None
        for low, high in sorted(pairs):
            if self._highs and low <= self._highs[-1] + 1:
                self._highs[-1] = max(high, self._highs[-1])
            elif low <= high:
                self._lows.append(low)
                self._highs.append(high)

    @classmethod
    def of(cls, ids: Iterable[int]) -> Spans:
        """The set of some ids."""
        return cls((each, each) for each in ids)

    def pairs(self) -> Iterator[Pair]:
        """The intervals in order."""
        return zip(self._lows, self._highs, strict=True)

    def ids(self) -> Iterator[int]:
        """Every id in order."""
        for low, high in self.pairs():
            yield from range(low, high + 1)

    def __contains__(self, id: int) -> bool:
        place = bisect_right(self._lows, id) - 1
        return place >= 0 and id <= self._highs[place]

    def __len__(self) -> int:
        return self._counts()[-1]

    def __bool__(self) -> bool:
        return bool(self._lows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spans) and self._lows == other._lows and self._highs == other._highs

    def __hash__(self) -> int:
        return hash((bytes(self._lows), bytes(self._highs)))

    def __or__(self, other: Spans) -> Spans:
        if not self or not other:
            return self or other
        return Spans((*self.pairs(), *other.pairs()))

    def __and__(self, other: Spans) -> Spans:
        few, many = (self, other) if len(self._lows) <= len(other._lows) else (other, self)
        found: list[Pair] = []
        for low, high in few.pairs():
            place = bisect_left(many._highs, low)
            while place < len(many._lows) and many._lows[place] <= high:
                found.append((max(low, many._lows[place]), min(high, many._highs[place])))
                place += 1
        return Spans(found)

    def __sub__(self, other: Spans) -> Spans:
        if not self or not other:
            return self
        lowest, highest = self._lows[0], self._highs[-1]
        return self & other.outside((lowest, highest))

    def outside(self, whole: Pair) -> Spans:
        """What of the interval `whole` is not in this set."""
        found: list[Pair] = []
        start, end = whole
        place = bisect_left(self._highs, start)
        while place < len(self._lows) and self._lows[place] <= end:
            found.append((start, self._lows[place] - 1))
            start = self._highs[place] + 1
            place += 1
        found.append((start, end))
        return Spans(found)

    def part(self, offset: int, count: int) -> Iterator[Pair]:
        """The intervals of the ids from the place `offset` on, `count` of them, as far as there are."""
        before = self._counts()
        place = bisect_right(before, offset) - 1
        while count > 0 and place < len(self._lows):
            low = self._lows[place] + max(0, offset - before[place])
            high = min(self._highs[place], low + count - 1)
            yield low, high
            count -= high - low + 1
            place += 1

    def _counts(self) -> Sequence[int]:
        """How many ids stand before each interval, and in the end all of them."""
        if self._before is None:
            sizes = (high - low + 1 for low, high in self.pairs())
            self._before = array("q", accumulate(sizes, initial=0))
        return self._before


NONE = Spans()
