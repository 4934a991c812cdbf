"""A brake on guessing: after some failures a name or an address must wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem

WINDOW: Final = 15 * 60_000
REMEMBERED: Final = 20_000


class Throttle:
    """Counts failures per key over a window. In memory: a restart forgets, several processes count apart."""

    def __init__(self, limit: int, *, window: int = WINDOW, clock: Callable[[], int] = now) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._failures: dict[str, tuple[int, int]] = {}  # key -> (count, when the first of them was)

    def require(self, key: str) -> None:
        """Raise `Problem(busy, throttled)` (429) if this key failed too often lately."""
        count, since = self._failures.get(key, (0, 0))
        left = since + self._window - self._clock()
        if count >= self._limit and left > 0:
            raise slow_down(left)

    def failed(self, key: str) -> None:
        """Count one failure."""
        moment = self._clock()
        count, since = self._failures.pop(key, (0, moment))
        if since + self._window <= moment:
            count, since = 0, moment
        if len(self._failures) >= REMEMBERED:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = (count + 1, since)

    def passed(self, key: str) -> None:
        """Forget the failures of a key that got in."""
        self._failures.pop(key, None)


def slow_down(left: int) -> Problem:
    """The answer to a key that must wait `left` ms."""
    minutes = max(1, -(-left // 60_000))
    return problem(
        Category.BUSY, "throttled", "There were too many failed sign-ins.",
        repair=f"Try again in {minutes} minute{'s' if minutes > 1 else ''}.",
    )  # fmt: skip
