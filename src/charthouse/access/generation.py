"""One number in the record that moves when somebody loses or gains access, so that caches notice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from charthouse.db import queries
from charthouse.db.connect import Connection

V = TypeVar("V")

RECHECK_SECONDS: Final = 0.05  # another process's change is noticed after this long at the latest
REMEMBERED: Final = 10_000  # verified sessions or tokens; about 10 MB


class Generation:
    """The access generation of one record, read at most every `RECHECK_SECONDS`.

    A change made in this process calls `stale()` after its commit and is noticed at once. For the
    thread that owns `connection` only.
    """

    def __init__(self, connection: Connection, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access", "policy", connection.dialect)
        self._value = 0
        self._until = 0.0

    def __call__(self) -> int:
        """The present generation."""
        moment = self._clock()
        if moment >= self._until:
            row = self._connection.one(self._sql.generation)
            self._value = row[0] if row else 0
            self._until = moment + RECHECK_SECONDS
        return self._value

    def stale(self) -> None:
        """Read it anew on the next call."""
        self._until = 0.0

    def bump(self, connection: Connection) -> None:
        """Move it, inside the transaction on `connection` that changes what somebody may do."""
        connection.run(self._sql.bump)


class Remembered(Generic[V]):
    """Verified secrets by their hash: bounded, and empty again whenever the generation moved."""

    __slots__ = ("_generation", "_held", "_seen")

    def __init__(self, generation: Callable[[], int]) -> None:
        self._generation = generation
        self._held: dict[bytes, V] = {}
        self._seen = 0

    def get(self, hashed: bytes) -> V | None:
        """What was remembered under `hashed`. Ask before reading the record: what is read later is newer."""
        generation = self._generation()
        if generation != self._seen:
            self._held.clear()
            self._seen = generation
        return self._held.get(hashed)

    def put(self, hashed: bytes, value: V) -> None:
        """Remember `value`; the oldest goes when there are too many."""
        if len(self._held) >= REMEMBERED:
            del self._held[next(iter(self._held))]
        self._held[hashed] = value

    def drop(self, hashed: bytes) -> None:
        """Forget one."""
        self._held.pop(hashed, None)
