"""Small integers for names that repeat: types, parameters, systems, codes, addresses, resource keys.

Rows here are only ever added, so a number once committed can be remembered for good. What a job
added is remembered as pending until the commit, and forgotten when anything was rolled back.
"""

from __future__ import annotations

from typing import Any

from charthouse.db import queries
from charthouse.db.connect import Connection, Row

REMEMBERED = 200_000  # entries per kind before the memory starts anew; about 40 MB for all together


class Interner:
    """The numbers of one database, for the thread that writes."""

    def __init__(self, dialect: str) -> None:
        self.sql = queries.load("charthouse.store", "intern", dialect)
        self.systems: dict[str, int] = {}
        self.codes: dict[tuple[str | None, str], int] = {}
        self.uris: dict[str, int] = {}
        self.params: dict[tuple[int, str], int] = {}
        self.keys: dict[tuple[int, str], int] = {}
        self._pending: list[tuple[dict[Any, int], object]] = []

    def code(self, connection: Connection, system: str | None, code: str) -> int:
        """The number of (system, code)."""
        asked = (system, code)
        found = self.codes.get(asked)
        if found is None:
            number = self.system(connection, system) if system else 0
            row = connection.one(self.sql.find_code, (code, number)) or connection.one(
                self.sql.add_code, (code, number)
            )
            found = self.remember(self.codes, asked, row)
        return found

    def system(self, connection: Connection, uri: str) -> int:
        """The number of a code system or identifier system."""
        found = self.systems.get(uri)
        if found is None:
            row = connection.one(self.sql.find_system, (uri,)) or connection.one(self.sql.add_system, (uri,))
            found = self.remember(self.systems, uri, row)
        return found

    def uri(self, connection: Connection, text: str) -> int:
        """The number of an address or canonical."""
        found = self.uris.get(text)
        if found is None:
            row = connection.one(self.sql.find_uri, (text,)) or connection.one(self.sql.add_uri, (text,))
            found = self.remember(self.uris, text, row)
        return found

    def param(self, connection: Connection, type_number: int, code: str) -> int:
        """The number of a search parameter of a type."""
        asked = (type_number, code)
        found = self.params.get(asked)
        if found is None:
            row = connection.one(self.sql.find_param, asked) or connection.one(self.sql.add_param, asked)
            found = self.remember(self.params, asked, row)
        return found

    def remember(self, memory: dict[Any, int], asked: object, row: Row | None) -> int:
        """Keep what was found or added until something is rolled back."""
        if row is None:
            raise LookupError("an interned row was neither found nor added")
        number: int = row[0]
        if len(memory) >= REMEMBERED:
            memory.clear()
        memory[asked] = number
        self._pending.append((memory, asked))
        return number

    def settle(self) -> None:
        """The transaction was committed: what is pending is true for good."""
        self._pending.clear()

    def forget(self) -> None:
        """Something was rolled back: drop what may never have been."""
        for memory, asked in self._pending:
            memory.pop(asked, None)
        self._pending.clear()
