"""Who stands behind the numbers of the audit: accounts with their roles of the moment, and addresses of resources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from charthouse.db import queries
from charthouse.db.connect import Connection, Row


@dataclass(frozen=True, slots=True)
class Who:
    """An account as the audit shows it. `practitioner` and `patient` are ids in the record, where it has them."""

    id: int
    kind: str
    name: str
    display: str
    practitioner: str | None = None
    patient: str | None = None


HOUSE: Final = Who(0, "house", "charthouse", "Charthouse itself")
NOBODY: Final = Who(-1, "nobody", "", "Nobody signed in")


class Names:
    """Look-ups over a connection to the record; for the thread that owns that."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._sql = queries.load("charthouse.access.trail", "names", connection.dialect)

    def accounts(self, ids: Iterable[int]) -> dict[int, Who]:
        """Each account of `ids`, one that is not there included (it never had a row, or the row was removed)."""
        wanted = set(ids)
        rows = self.connection.run(self._sql.accounts, (json.dumps(sorted(wanted)),))
        found = {row[0]: Who(*row) for row in rows} | {0: HOUSE, -1: NOBODY}
        return {id: found.get(id) or Who(id, "unknown", f"#{id}", f"Account {id}") for id in wanted}

    def roles(self, account: int, at: int) -> tuple[str, ...]:
        """The roles the account held at `at` (ms)."""
        rows = self.connection.run(self._sql.roles, (account, at, at))
        return tuple(dict.fromkeys(role for (role,) in rows))

    def everybody(self, after: int = -(2**62), count: int = 500) -> list[Who]:
        """The next `count` accounts, by number."""
        return [Who(*row) for row in self.connection.run(self._sql.everybody, (after, count))]

    def account(self, name: str) -> int | None:
        """The number of the account of that sign-in name."""
        row = self.connection.one(self._sql.by_name, (name,))
        return int(row[0]) if row else None

    def linked(self, id: str, type: str) -> list[int]:
        """The accounts of the person who is the Practitioner or Patient of that id."""
        sql = {"Practitioner": self._sql.by_practitioner, "Patient": self._sql.by_patient}.get(type)
        return [row[0] for row in self.connection.run(sql, (id,))] if sql else []

    def resources(self, keys: Iterable[int]) -> dict[int, tuple[str, str]]:
        """key -> (type, id)."""
        rows = self.connection.run(self._sql.resources, (json.dumps(sorted(set(keys))),))
        return {key: (type, id) for key, type, id in rows}

    def key(self, type: str, id: str) -> tuple[int, int] | None:
        """(key, key of the patient it belongs to or 0) of a resource, deleted ones included."""
        row = self.connection.one(self._sql.key, (type, id))
        return (row[0], row[1]) if row else None

    def rows(self, sql: str, params: Sequence[Any]) -> list[Row]:
        """The rows of another statement over the same connection."""
        return self.connection.run(sql, params)
