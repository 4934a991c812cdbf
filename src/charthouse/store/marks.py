"""Which units of an import are done, written with each unit, so that a stop loses and repeats nothing."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from charthouse.base.errors import Category, Problem, problem
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.db.settle import settle

Counts = tuple[int, ...]


def under_way() -> Problem:
    """The answer to an import that another process is carrying out."""
    return problem(
        Category.CONFLICT, "conflict", "The same import is under way already.",
        repair="Wait for its end; what it did is then known.",
    )  # fmt: skip


class Marks:
    """The marks of one run; `run` names what is imported and how.

    On PostgreSQL the run is this process's alone until it ends; raises `Problem(conflict)` where another
    has it. (A SQLite folder is locked by whoever opens it for an import.)
    """

    def __init__(self, connection: Connection, run: str) -> None:
        self._sql = queries.load("charthouse.store", "marks", connection.dialect)
        self._connection = connection
        self._run = run
        held = connection.one(self._sql.hold, (int.from_bytes(sha256(run.encode()).digest()[:7]),))
        if not (held and held[0]):
            raise under_way()
        self._done = {unit: tuple(counts) for unit, *counts in connection.run(self._sql.all_of_run, (run,))}

    def get(self, unit: str) -> Counts | None:
        """The counts of a unit that an earlier, stopped run finished."""
        return self._done.get(unit)

    def statement(self, unit: str, counts: Sequence[int]) -> tuple[str, Sequence[object]]:
        """What marks `unit` as done, for the transaction that writes it."""
        return self._sql.add, (self._run, unit, *counts)

    def clear(self) -> None:
        """The run is complete."""
        with self._connection.transaction():
            self._connection.run(self._sql.clear, (self._run,))
        settle(self._connection)
