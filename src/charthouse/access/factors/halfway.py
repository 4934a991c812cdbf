"""A sign-in between its two steps: five minutes, five tries, good for nothing but the second step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection

LIFETIME: Final = 5 * 60_000
TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Half:
    """A half-open sign-in: whose it is, and by what the first step was passed (`password`, `link`, …)."""

    id: int
    account: int
    how: str


class Halfway:
    """The half-open sign-ins of one record; reads use `connection`."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access.factors", "factors", connection.dialect)

    def open(self, connection: Connection, account: int, how: str) -> str:
        """Remember a passed first step; returns the secret for the cookie."""
        text, moment = secret(), self._clock()
        connection.run(self._sql.half_forget, (moment,))
        connection.run(self._sql.half_add, (_hash(text), account, how, moment, moment + LIFETIME))
        return text

    def find(self, text: str) -> Half:
        """The one behind a cookie; raises `Problem(forbidden)` (401) if it is over, used or was never made."""
        row = self._connection.one(self._sql.half_find, (_hash(text),))
        if row is None:
            raise started_anew()
        id, account, how, expires, tries, disabled = row
        if expires <= self._clock() or tries >= TRIES or disabled is not None:
            raise started_anew()
        return Half(id, account, how)

    def tried(self, connection: Connection, half: Half) -> None:
        """Count a try before it is judged. Raises `Problem(forbidden)` (401) when there were too many."""
        if not connection.run(self._sql.half_try, (half.id, TRIES)):
            raise started_anew()

    def finish(self, connection: Connection, half: Half) -> None:
        """Use it up, in the transaction that opens the session. Raises `Problem(forbidden)` (401) if it was."""
        moment = self._clock()
        if not connection.run(self._sql.half_end, (moment, half.id, moment)):
            raise started_anew()

    def end_of(self, connection: Connection, account: int) -> None:
        """End those of an account."""
        connection.run(self._sql.half_end_of, (self._clock(), account))


def started_anew() -> Problem:
    """The answer to a second step without a first one that stands."""
    return problem(
        Category.FORBIDDEN, "login", "That took too long, or there were too many tries.",
        repair="Start with your name again.",
    )  # fmt: skip


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
