"""A brake on guessing: after some failures a name, an address or an account must wait."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem
from charthouse.db import queries
from charthouse.db.connect import Connection

WINDOW: Final = 15 * 60_000
FAILURES_PER_NAME: Final = 10
FAILURES_PER_ADDRESS: Final = 50  # many people may share one
FAILURES_PER_STEP: Final = 5  # of 1,000,000 codes three are right at any time
REMEMBERED: Final = 20_000
TIDY: Final = 200  # failures between two times that old rows are thrown away

Job = Callable[[Connection], object]


class Failures:
    """Where failures are kept, so that a restart forgets none and another process sees them.

    Reads use `connection`; `submit` queues a change for the record's writer without waiting.
    """

    def __init__(self, connection: Connection, submit: Callable[[Job], object]) -> None:
        self._connection = connection
        self._submit = submit
        self._sql = queries.load("charthouse.access", "throttle", connection.dialect)
        self._kept = 0

    def find(self, kind: str, key: str) -> tuple[int, int] | None:
        """(count, when the first was) of a key."""
        row = self._connection.one(self._sql.find, (kind, _hash(key)))
        return None if row is None else (row[0], row[1])

    def keep(self, kind: str, key: str, count: int, since: int, oldest: int) -> None:
        """Write the failures of a key; now and then those begun before `oldest` go."""
        values = (kind, _hash(key), count, since)
        self._submit(lambda connection: connection.run(self._sql.keep, values))
        self._kept += 1
        if self._kept % TIDY == 0:
            self._submit(lambda connection: connection.run(self._sql.forget, (oldest,)))

    def drop(self, kind: str, key: str) -> None:
        """Forget a key."""
        values = (kind, _hash(key))
        self._submit(lambda connection: connection.run(self._sql.drop_, values))


class Throttle:
    """Counts failures per key over a window: in memory, and on a `shelf` where one is given."""

    def __init__(
        self,
        limit: int,
        *,
        kind: str = "",
        shelf: Failures | None = None,
        window: int = WINDOW,
        clock: Callable[[], int] = now,
    ) -> None:
        self._limit = limit
        self._kind = kind
        self._shelf = shelf
        self._window = window
        self._clock = clock
        self._failures: dict[str, tuple[int, int]] = {}  # key -> (count, when the first of them was)

    def require(self, key: str) -> None:
        """Raise `Problem(busy, throttled)` (429) if this key failed too often lately."""
        count, since = self._known(key)
        left = since + self._window - self._clock()
        if count >= self._limit and left > 0:
            raise slow_down(left)

    def failed(self, key: str) -> None:
        """Count one failure."""
        moment = self._clock()
        count, since = self._known(key)
        if count == 0 or since + self._window <= moment:
            count, since = 0, moment
        self._failures.pop(key, None)
        if len(self._failures) >= REMEMBERED:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = (count + 1, since)
        if self._shelf is not None:
            self._shelf.keep(self._kind, key, count + 1, since, moment - self._window)

    def passed(self, key: str) -> None:
        """Forget the failures of a key that got in."""
        if self._shelf is None:
            self._failures.pop(key, None)
        elif self._known(key)[0]:
            self._shelf.drop(self._kind, key)
            self._failures[key] = (0, self._clock() + 1)  # what was kept until now counts no more

    def _known(self, key: str) -> tuple[int, int]:
        """What is known of a key: the more failures of its memory and its row."""
        held = self._failures.get(key)
        if self._shelf is None:
            return held or (0, 0)
        row = self._shelf.find(self._kind, key)
        if row is not None and (held is None or row[1] >= held[1]):
            return max(row, held or row)
        return held or (0, 0)


class Brakes:
    """All brakes of one clinic's sign-in: by the name that was typed, by address, and on second steps by account."""

    def __init__(self, shelf: Failures | None = None, *, clock: Callable[[], int] = now) -> None:
        self.names = Throttle(FAILURES_PER_NAME, kind="name", shelf=shelf, clock=clock)
        self.addresses = Throttle(FAILURES_PER_ADDRESS, kind="address", shelf=shelf, clock=clock)
        self.steps = Throttle(FAILURES_PER_STEP, kind="step", shelf=shelf, clock=clock)


def _hash(key: str) -> bytes:
    """Names are kept as a hash: what was typed into the wrong box can be a password."""
    return sha256(key.encode("utf-8", "replace")).digest()


def slow_down(left: int) -> Problem:
    """The answer to a key that must wait `left` ms."""
    minutes = max(1, -(-left // 60_000))
    return problem(
        Category.BUSY, "throttled", "There were too many failed sign-ins.",
        repair=f"Try again in {minutes} minute{'s' if minutes > 1 else ''}.",
    )  # fmt: skip
