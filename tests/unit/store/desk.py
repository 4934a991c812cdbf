"""A record with its writer, for tests of the store on both databases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from charthouse.db.connect import Connection, Place
from charthouse.fhir.definitions import load
from charthouse.store import integrity
from charthouse.store.body import Stored
from charthouse.store.integrity import Report
from charthouse.store.record import Record
from charthouse.store.write import ANY, Change, Condition, Transaction, Written

Tree = dict[str, Any]


class Desk:
    """Writes and reads resources, without anybody asking whether it may."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.record = Record(place, load(), synchronous="OFF")

    @property
    def connection(self) -> Connection:
        return self.record.connection()

    def change(self, method: str, type: str, id: str, tree: Tree | None = None, **more: Any) -> Change:
        """One change; `tree` without type and id."""
        prepared = None
        if tree is not None:
            prepared = self.record.prepare({"resourceType": type, "id": id, **tree}, type)
        return Change(method, type, id, prepared, **more)

    def submit(self, *changes: Change, **more: Any) -> Future[list[Written]]:
        """Queue a transaction."""
        return self.record.submit(
            Transaction(1, "desk", "transaction", "TREAT", "request", list(changes), **more)
        )

    def write(self, *changes: Change, **more: Any) -> list[Written]:
        """Write a transaction."""
        return self.submit(*changes, **more).result(30)

    def put(self, type: str, id: str, tree: Tree | None = None, expected: int = ANY) -> Written:
        """Write one resource."""
        return self.write(self.change("PUT", type, id, tree or {}, expected=expected))[0]

    def together(self, *jobs: Callable[[], Future[Any]]) -> list[Any]:
        """Queue jobs while the writer is busy, so that they share a group; their results, or failures."""
        first = self.record.writer.submit(lambda connection, group: _wait(connection))
        futures = [job() for job in jobs]
        first.result(30)
        return [future.exception(30) or future.result() for future in futures]

    def read(self, type: str, id: str) -> Stored | None:
        """The current version."""
        return self.record.reader.head(self.connection, type, id)

    def tree(self, type: str, id: str) -> Tree:
        """The current content."""
        stored = self.read(type, id)
        assert stored is not None
        return stored.tree

    def condition(self, find: Callable[[Connection], Sequence[str]], expected: str | None) -> Condition:
        """A search that a decision rests on."""
        return Condition(find, expected, 7)

    def check(self, *, index: bool = True) -> Report:
        """The proof of the whole record."""
        extractor = self.record.extractor if index else None
        self.record.parameters.renew()
        waiting = [(one.type, one.code) for one in self.record.parameters.waiting(self.connection)]
        return integrity.check(self.connection, self.record.codec, extractor=extractor, waiting=waiting)

    def close(self) -> None:
        self.record.close()


def _wait(connection: Connection) -> None:
    """Long enough that others can queue up behind."""
    if connection.dialect == "postgres":
        connection.one("SELECT pg_sleep(0.15)::text")
    else:
        connection.one(
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 400000) SELECT max(x) FROM n"
        )
