"""A walk through several sources at once, newest first, a bounded piece at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from charthouse.access.trail.line import START, Line, Place, Question

SLICE: Final = 200  # rows read at a time
BUDGET: Final = 20_000  # rows looked at for one page; what is rarer than that takes several


class Source(Protocol):
    """Something that gives lines, newest first, from a place on."""

    source: str

    def slice(self, question: Question, place: Place, count: int) -> list[tuple[Place, Line]]:
        """At most `count` lines after `place`; fewer means that there are no more."""


class Strand:
    """One source on a walk. `place` is behind the last line that was taken or passed over."""

    def __init__(
        self, source: Source, question: Question, place: Place, spend: Callable[[int], bool]
    ) -> None:
        self.source = source.source
        self.place = place
        self._slice = source.slice
        self._question = question
        self._spend = spend
        self._rows: deque[tuple[Place, Line]] = deque()
        self._read = place
        self._done = False
        self.tired = False  # the budget ended before it was known what comes next

    def head(self) -> Line | None:
        """The next line that fits; None at the end, or when `tired`."""
        while True:
            while self._rows:
                place, line = self._rows[0]
                if self._question.fits(line):
                    return line
                self._rows.popleft()
                self.place = place
            if self._done:
                return None
            if not self._spend(SLICE):
                self.tired = True
                return None
            rows = self._slice(self._question, self._read, SLICE)
            self._done = len(rows) < SLICE
            self._rows.extend(rows)
            if rows:
                self._read = rows[-1][0]

    def take(self) -> None:
        """Step over the line that `head` gave."""
        self.place = self._rows.popleft()[0]


def walk(
    sources: Sequence[Source], question: Question, places: dict[str, Place], count: int
) -> tuple[list[Line], dict[str, Place] | None]:
    """The next `count` lines, and the places from which it goes on; None at the end.

    A page may be short and still go on: no more than `BUDGET` rows are looked at for one.
    """
    left = [BUDGET]

    def spend(rows: int) -> bool:
        left[0] -= rows
        return left[0] >= 0

    strands = [Strand(source, question, places.get(source.source, START), spend) for source in sources]
    lines: list[Line] = []
    while len(lines) < count:
        heads = [(line.at, strand) for strand in strands if (line := strand.head()) is not None]
        if not heads or any(strand.tired for strand in strands):
            break
        newest = max(heads, key=lambda head: head[0])[1]
        line = newest.head()
        if line is None:
            break
        lines.append(line)
        newest.take()
    more = any(strand.head() is not None or strand.tired for strand in strands)
    return lines, {strand.source: strand.place for strand in strands} if more else None
