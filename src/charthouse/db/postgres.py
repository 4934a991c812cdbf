"""PostgreSQL in the shape of `Connection`: few round trips, and healed by itself between transactions.

Statements that answer nothing wait, and go to the server together with the next one that does or
with the commit. So do BEGIN, SAVEPOINT and what ends them: a transaction costs as many round trips
as it asks questions, and one for its commit.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from charthouse.base.errors import Category, Problem, problem
from charthouse.db import trouble, wire
from charthouse.db.session import Item, Row, Session
from charthouse.db.trouble import Cancelled, Lost

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

SETTLING: Final = 10.0  # seconds for which the outcome of a commit is asked for after the connection was lost
PAUSE: Final = 0.2

_NUMBER: Final = "SELECT pg_current_xact_id()::text"
_STATUS: Final = "SELECT pg_xact_status(%s::xid8)"
_UNKNOWN: Final = -1.0  # a time limit that the server may have or not


@dataclass(slots=True)
class _Savepoint:
    """A part that can fail alone. `item` is set once its SAVEPOINT was put in the queue."""

    serial: int
    name: str
    item: Item | None = None


class Postgres:
    """A connection to PostgreSQL. Not for use by two threads at once."""

    dialect = "postgres"

    def __init__(self, session: Session) -> None:
        """A connection over an open session."""
        self._session = session
        self._is_closed = False
        self._queue: list[Item] = []
        self._savepoints: list[_Savepoint] = []
        self._serial = 0
        self._is_active = False  # between the beginning and the end of a transaction, as the program sees it
        self._is_begun = False  # ... and as the server does
        self._is_doomed = False
        self._number: str | None = None  # the server's name for the transaction
        self.until: float | None = None
        self._budget = 0.0
        self._limit: float | None = None  # seconds after which the server stops a statement

    # -- what the program asks

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """All rows of one statement."""
        sent, formats = wire.values(wire.statement(sql).lists, params)
        return self._session.rows(self._ask(Item(sql, sent, formats)))

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""
        rows = self.run(sql, params)
        return rows[0] if rows else None

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for each row of parameters, or one for all where it takes them as columns.

        Inside a transaction they are sent with what follows, so that a failure may show only then.
        """
        form = wire.statement(sql)
        if form.is_bulk:
            listed = rows if isinstance(rows, list) else list(rows)
            if listed:
                self._later(Item(sql, *wire.columns(form.lists, listed)))
        else:
            for row in rows:
                self._later(Item(sql, *wire.values(form.lists, row)))
        if not self._is_active and self._queue:
            self._session.revive()
            self._flush()

    def script(self, sql: str) -> None:
        """Several statements, e.g. a migration."""
        if self._is_active:
            self._flush()
        else:
            self._session.revive()
        self._session.simple(sql)

    def in_transaction(self) -> bool:
        """Whether a transaction is open that can still be committed."""
        return self._is_active and not self._is_doomed and not self._session.is_broken

    # -- transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A write transaction.

        When the connection is lost in the moment of the commit, the server is asked what became of it
        as soon as it is back. Raises `Collision` when others were in the way.
        """
        self._begin("BEGIN")
        self._queue.append(Item(_NUMBER))
        try:
            yield
            self._commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._is_active = self._is_begun = self._is_doomed = False

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A read transaction: every statement inside sees the same moment."""
        self._begin("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            yield
            self._queue.clear()
            if self._is_begun:
                self._session.leave("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._is_active = self._is_begun = self._is_doomed = False

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that can fail alone. What it only sends later fails with the whole."""
        self._serial += 1
        mine = _Savepoint(self._serial, f"s{len(self._savepoints) + 1}")
        self._savepoints.append(mine)
        try:
            yield
        except BaseException:
            del self._savepoints[self._savepoints.index(mine) :]
            self._undo(mine)
            raise
        self._savepoints.pop()
        if mine.item is not None:
            self._queue.append(Item(f"RELEASE {mine.name}", serial=self._innermost()))

    @contextmanager
    def within(self, seconds: float, steps: int = 0) -> Iterator[None]:  # noqa: ARG002 - SQLite's measure
        """Statements inside stop after `seconds` together, and raise `Problem(too_costly)`."""
        self._budget = seconds
        self.until = time.monotonic() + seconds
        try:
            yield
        finally:
            self.until = None

    def close(self) -> None:
        """Close; a second call does nothing."""
        self._is_closed = True
        self._session.close()

    # -- beginnings and ends

    def _begin(self, sql: str) -> None:
        if self._is_active:
            raise RuntimeError("a transaction is open already")
        self._revive()
        self._is_active, self._is_doomed, self._number = True, False, None
        self._queue.append(Item(sql))

    def _commit(self) -> None:
        if not self._is_begun and len(self._queue) <= 2:  # BEGIN and its number, and nothing else
            self._queue.clear()
            return
        self._queue.append(Item("COMMIT"))
        try:
            results = self._flush()
        except Lost:
            if not self._was_committed():
                raise
            return
        if results[-1].command_status != b"COMMIT":
            raise problem(Category.FAULT, "exception", "The database took the transaction back.")

    def _was_committed(self) -> bool:
        """What became of a transaction whose commit got no answer. Raises `Problem` if that stays unknown."""
        end = time.monotonic() + SETTLING
        while self._number is not None and time.monotonic() < end:
            try:
                if self._session.is_broken:
                    self._session.open()
                sent, formats = wire.values((None,), (self._number,))
                rows = self._session.rows(self._session.single(Item(_STATUS, sent, formats)))
            except Problem:
                rows = [("in progress",)]  # the server is not back yet
            if rows[0][0] is None:
                break  # it cannot tell any more
            if rows[0][0] != "in progress":
                return bool(rows[0][0] == "committed")
            time.sleep(PAUSE)
        raise trouble.doubtful()

    def _roll_back(self) -> None:
        self._queue.clear()
        self._savepoints.clear()
        if self._is_begun:
            self._limit = _UNKNOWN  # what was set inside is undone
            if not self._session.is_broken:
                self._session.simple("ROLLBACK")

    def _undo(self, savepoint: _Savepoint) -> None:
        """Take back what was sent since a savepoint, and forget what was not."""
        if savepoint.item is None or not self.in_transaction():
            return
        for place, item in enumerate(self._queue):
            if item is savepoint.item:
                del self._queue[place:]  # nothing of it was sent
                return
        self._queue.clear()
        self._limit = _UNKNOWN
        self._session.simple(f"ROLLBACK TO {savepoint.name}; RELEASE {savepoint.name}")

    # -- sending

    def _later(self, item: Item) -> None:
        """Put a statement in the queue, behind the savepoints it stands in."""
        outer = 0
        for one in self._savepoints:
            if one.item is None:
                one.item = Item(f"SAVEPOINT {one.name}", serial=outer)
                self._queue.append(one.item)
            outer = one.serial
        self._queue.append(item._replace(serial=outer))

    def _innermost(self) -> int:
        return self._savepoints[-1].serial if self._savepoints else 0

    def _ask(self, item: Item) -> PGresult:
        """Send a statement, and whatever waits, and wait for its answer."""
        if self._is_doomed:
            raise trouble.undone()
        if not self._is_active:
            self._revive()
        self._mind_the_clock()
        try:
            return self._asked(item)
        except Lost:
            if self._is_active or self._is_closed or item.sql[:6].upper() != "SELECT":
                raise
        self._session.open()  # nothing was open, and a question can be asked twice
        self._limit = None
        return self._session.single(item)

    def _asked(self, item: Item) -> PGresult:
        try:
            if self._queue or any(one.item is None for one in self._savepoints):
                self._later(item)
                return self._flush()[-1]
            return self._session.single(item)
        except Cancelled:
            if self.until is None:
                raise
            raise trouble.too_costly(self._budget) from None

    def _flush(self) -> list[PGresult]:
        """Send everything that waits in one go; the answers in order. The first failure is raised."""
        queue, self._queue = self._queue, []
        if not queue:
            return []
        try:
            results, failed = self._session.pipeline(queue)
        except Lost:
            is_fresh = self._is_active and not self._is_begun
            if self._is_closed or not is_fresh or queue[-1].sql == "COMMIT":
                raise
            self._session.open()  # the transaction had not begun for the server, so it can begin anew
            self._limit = None
            results, failed = self._session.pipeline(queue)
        self._is_begun = self._is_active
        if failed is not None:
            self._limit = _UNKNOWN
            if self._is_active and queue[failed].serial < self._innermost():
                self._is_doomed = True  # it stood outside the innermost savepoint: everything is undone
            self._session.fail(results[failed])
        if len(queue) > 1 and queue[1].sql == _NUMBER:
            self._number = str(self._session.rows(results[1])[0][0])
        return results

    def _revive(self) -> None:
        """Between transactions, have a connection that works."""
        if self._is_closed:
            raise trouble.lost()
        if self._session.revive():
            self._limit = None

    # -- the clock

    def _mind_the_clock(self) -> None:
        """Give the server the time limit of `within`, only when it is another than it has."""
        if self.until is None:
            if self._limit:
                self._limit_to(None)
            return
        left = self.until - time.monotonic()
        if left <= 0:
            raise trouble.too_costly(self._budget)
        if not self._limit or not left / 2 <= self._limit <= left * 2:
            self._limit_to(left)

    def _limit_to(self, seconds: float | None) -> None:
        self._limit = seconds
        milliseconds = 0 if seconds is None else max(1, int(seconds * 1000))
        self._later(Item(f"SET statement_timeout TO {milliseconds}"))
