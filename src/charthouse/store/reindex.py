"""Indexing what was there before a search parameter was: in slices, in the order of keys, beside all other work.

A slice reads resources, makes their index rows by the parameters of the moment, and writes in one transaction where
they differ from what is there, together with the mark up to which that is done; so it may stop at any moment, and be
done twice. A resource that was written meanwhile is left alone: its writer knew the parameters, which is certain
because a parameter's pass begins only when nobody writes any more who does not know it. On SQLite that is at once,
for one transaction at a time writes, and looks at the parameters first. On PostgreSQL it is when every transaction has
ended that had begun by the time the parameter was seen (each has its number before it looks).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from charthouse.db import queries
from charthouse.db.connect import Connection, connect
from charthouse.store.body import Stored
from charthouse.store.index import Rows
from charthouse.store.parameters import Waiting
from charthouse.store.press import PARAMETERS, Press
from charthouse.store.record import Record
from charthouse.store.write import KINDS, Group, Pen

LEAST: Final = 20  # resources of a slice
MOST: Final = 400
QUICK: Final = 0.02  # seconds of writing below which the next slice is larger
SLOW: Final = 0.06  # ... and above which it is smaller


class Slice(NamedTuple):
    """What was done at once: how many resources were gone through, how many index rows changed, and how long the
    writing took (seconds). Without a type there is something to do, but not yet."""

    type: str
    resources: int = 0
    changed: int = 0
    seconds: float = 0.0


class _Range(NamedTuple):
    """The passes that go on from one mark, and how far they go together."""

    passes: tuple[Waiting, ...]
    start: int
    stop: int


class Reindex:
    """Goes through the resources of one record. For one thread."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._parameters = record.parameters
        self._sql = queries.load("charthouse.store", "reindex", record.place.dialect)
        self._write = queries.load("charthouse.store", "write", record.place.dialect)
        self._size = LEAST
        self._barriers: dict[tuple[str, str, int], int] = {}
        self._connection: Connection | None = None
        self._press: Press | None = None
        self._is_held = False

    def waiting(self) -> list[Waiting]:
        """All that is to be gone through."""
        return self._parameters.passes(self._reading())

    def hold(self) -> bool:
        """Whether this is the only one at it, on PostgreSQL, for as long as it is open."""
        if self._record.place.dialect == "postgres" and not self._is_held:
            row = self._reading().one(self._sql.hold)
            self._is_held = bool(row and row[0])
            return self._is_held
        return True

    def again(self, types: Sequence[str]) -> None:
        """Have all index rows of these types made anew, or go on with that where it was stopped."""
        job = self._parameters.begin_again
        self._record.writer.submit(lambda connection, group: job(connection, types)).result()

    def step(self, types: Sequence[str] = ()) -> Slice | None:
        """One slice of what waits, of `types` only where some are given; None where nothing does."""
        passes = [one for one in self.waiting() if not types or one.type in types]
        if not passes:
            return None
        fresh = [one for one in passes if one.mark < 0]
        if fresh and not self._begin(fresh) and len(fresh) == len(passes):
            return Slice("")
        begun = [one for one in self.waiting() if one.mark >= 0 and (not types or one.type in types)]
        if not begun:
            return Slice("")
        return self._slice(begun[0].type, _range([one for one in begun if one.type == begun[0].type]))

    def close(self) -> None:
        """Let go of what was opened."""
        if self._press is not None:
            self._press.close()
        if self._connection is not None:
            self._connection.close()

    # -- the beginning of a pass

    def _begin(self, fresh: Sequence[Waiting]) -> bool:
        """Begin passes, unless somebody may still write who does not know of them."""
        if self._record.place.dialect == "sqlite":
            rows = [(self._record.types[one.type], one.code) for one in fresh]
            self._record.writer.submit(
                lambda connection, group: connection.many(
                    self._sql.begun, [(group.key, *row) for row in rows]
                )
            ).result()
            return True
        connection = self._reading()
        generation = self._generation(connection)
        row = connection.one(self._sql.begun_by_now)
        end, oldest = (int(row[0]), int(row[1])) if row else (0, 0)
        known = {(one.type, one.code, generation): one for one in fresh}
        self._barriers = {name: self._barriers.get(name, end) for name in known}
        ready = [one for name, one in known.items() if self._barriers[name] <= oldest]
        if not ready:
            return False
        with connection.transaction():
            connection.run(self._sql.stop_changes, (PARAMETERS,))
            if self._generation(connection) != generation:
                return False
            last = connection.one(self._sql.last_key)
            for one in ready:
                values = (last[0] if last else 0, self._record.types[one.type], one.code)
                connection.run(self._sql.begun, values)
        return True

    # -- a slice

    def _slice(self, type: str, range: _Range) -> Slice:
        record = self._record
        self._parameters.renew()
        own = (
            record.extractor.own
        )  # of before the rows: who publishes others meanwhile has them all made anew
        reading = self._reading()
        found = [
            one
            for one in record.reader.after(reading, type, range.start, self._size)
            if one.key <= range.stop
        ]
        end = found[-1].key if len(found) == self._size else range.stop
        ready = [(one, record.extractor.rows(one.tree, type)) for one in found]
        if any(rows.generation != own.generation for _, rows in ready):
            return Slice(type)
        write = self._on_sqlite if record.place.dialect == "sqlite" else self._on_postgres
        changed, seconds = write(type, ready, own.generation, _marks(range, end, len(found)))
        if seconds > SLOW:
            self._size = max(LEAST, self._size // 2)
        elif seconds < QUICK and len(found) == self._size:
            self._size = min(MOST, self._size * 2)
        return Slice(type, 0 if changed is None else len(found), changed or 0, seconds)

    def _on_sqlite(
        self, type: str, ready: Sequence[tuple[Stored, Rows]], generation: int, marks: Sequence[_Mark]
    ) -> tuple[int | None, float]:
        """Write a slice through the writer of this process; None where the parameters are others by now."""
        pen = self._record.pen
        if not isinstance(pen, Pen):
            raise TypeError("a file is written with a pen")

        def job(connection: Connection, group: Group) -> tuple[int | None, float]:
            begin = time.perf_counter()
            if group.own.generation != generation:
                return None, 0.0
            keys = json.dumps([one.key for one, _ in ready])
            current = {key: version for key, version, _ in connection.run(self._sql.current, (keys,))}
            still = [(one.key, rows) for one, rows in ready if current.get(one.key) == one.version]
            wanted = pen.numbered(connection, group, type, still)
            there = json.dumps([key for key, _ in still])
            changed = self._mend(connection, wanted, there)
            self._move(connection, type, marks)
            return changed, time.perf_counter() - begin

        return self._record.writer.submit(job).result()

    def _on_postgres(
        self, type: str, ready: Sequence[tuple[Stored, Rows]], generation: int, marks: Sequence[_Mark]
    ) -> tuple[int | None, float]:
        """Write a slice over a connection of its own, beside all writers."""
        connection, press = self._reading(), self._numbers()
        press.register.learn([(self._record.types[type], rows) for _, rows in ready], self._record.types, ())
        begin = time.perf_counter()
        with connection.transaction():
            current = {
                key: (version, home)
                for key, version, home in connection.run(self._sql.current, ([one.key for one, _ in ready],))
            }
            if self._generation(connection) != generation:
                return None, 0.0
            still = [
                (one.key, current[one.key][1], rows) for one, rows in ready
                if current.get(one.key, (0, 0))[0] == one.version
            ]  # fmt: skip
            wanted = press.numbered(type, still)
            changed = self._mend(connection, wanted, [key for key, _, _ in still])
            self._move(connection, type, marks)
        return changed, time.perf_counter() - begin

    def _mend(self, connection: Connection, wanted: dict[str, list[Any]], keys: object) -> int:
        """Make the rows of these resources those that are wanted; how many were added or removed."""
        changed = 0
        for kind in KINDS:
            have = set(connection.run(getattr(self._sql, f"have_{kind}"), (keys,)))
            want = dict.fromkeys(wanted[kind])
            over = [row for row in have if row not in want]
            new = [row for row in want if row not in have]
            if over:
                connection.many(getattr(self._sql, f"remove_{kind}"), over)
            if new:
                connection.many(getattr(self._write, f"add_{kind}"), new)
            changed += len(over) + len(new)
        return changed

    def _move(self, connection: Connection, type: str, marks: Sequence[_Mark]) -> None:
        number = self._record.types[type]
        for mark in marks:
            if mark.is_last:
                connection.run(self._sql.finish, (number, mark.code, mark.start))
            else:
                connection.run(self._sql.advance, (mark.end, mark.resources, number, mark.code, mark.start))

    def _generation(self, connection: Connection) -> int:
        return self._parameters.generation(connection)

    def _reading(self) -> Connection:
        if self._connection is None:
            self._connection = self._record.connect()
        return self._connection

    def _numbers(self) -> Press:
        """What numbers the names of index rows."""
        if self._press is None:
            record = self._record
            self._press = Press(
                self._write, lambda: connect(record.place, synchronous="OFF", patience=1.0), record.types,
                self._parameters,
            )  # fmt: skip
        return self._press


class _Mark(NamedTuple):
    """How far a pass has come: from `start` to `end`, by so many resources."""

    code: str
    start: int
    end: int
    resources: int
    is_last: bool


def _range(passes: Sequence[Waiting]) -> _Range:
    """The passes of a type that are furthest behind, up to where others wait for them or the first of them ends."""
    start = min(one.mark for one in passes)
    first = tuple(one for one in passes if one.mark == start)
    return _Range(
        first, start, min([one.stop for one in first] + [one.mark for one in passes if one.mark > start])
    )


def _marks(range: _Range, end: int, resources: int) -> list[_Mark]:
    return [_Mark(one.code, range.start, end, resources, end >= one.stop) for one in range.passes]
