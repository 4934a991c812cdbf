"""Reading by name: the current version, one version, and history, always as bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from charthouse.base.errors import invalid
from charthouse.db.connect import Connection, Row
from charthouse.store.body import Codec, Stored

if TYPE_CHECKING:
    from charthouse.db.stream import Stream

END = 1 << 62  # later than any sequence number or moment
MOST_LISTED = 10_000  # entries of a List whose history is told
HEAD = 6  # columns that `found` reads: id, version, updated, home, method and body


class Reader:
    """Point reads and history on a connection it is given."""

    def __init__(self, sql: SimpleNamespace, codec: Codec, type_numbers: Mapping[str, int]) -> None:
        self.sql = sql
        self.codec = codec
        self.numbers = type_numbers
        self.names = {number: name for name, number in type_numbers.items()}

    def head(self, connection: Connection, type: str, id: str) -> Stored | None:
        """The current version, a deletion included; None for what was never written."""
        return self._head(type, id, connection.one(self.sql.head, (self.numbers[type], id)))

    async def head_through(self, stream: Stream, type: str, id: str) -> Stored | None:
        """The same from an event loop."""
        return self._head(type, id, await stream.one(self.sql.head, (self.numbers[type], id)))

    def version(self, connection: Connection, type: str, id: str, version: int) -> Stored | None:
        """One version, a deletion included."""
        row = connection.one(self.sql.one_version, (self.numbers[type], id, version))
        return self._version(type, id, row)

    async def version_through(self, stream: Stream, type: str, id: str, version: int) -> Stored | None:
        """The same from an event loop."""
        row = await stream.one(self.sql.one_version, (self.numbers[type], id, version))
        return self._version(type, id, row)

    def _head(self, type: str, id: str, row: Row | None) -> Stored | None:
        if row is None:
            return None
        key, version, updated, _, home, method, blob = row
        return Stored(self.codec, key, type, id, version, updated, method, home, blob)

    def _version(self, type: str, id: str, row: Row | None) -> Stored | None:
        if row is None:
            return None
        key, version, updated, method, home, blob = row
        return Stored(self.codec, key, type, id, version, updated, method, home, blob)

    def named(self, connection: Connection, type: str, ids: Sequence[str]) -> list[Stored]:
        """The current versions, deletions included, of those of `ids` that were ever written."""
        rows = connection.run(self.sql.named, (self._array(connection, ids), self.numbers[type]))
        return [
            Stored(self.codec, key, type, id, version, updated, method, home, blob)
            for key, id, version, updated, home, method, blob in rows
        ]

    def after(self, connection: Connection, type: str, key: int, count: int) -> list[Stored]:
        """The next `count` resources of a type after `key`, deletions left out."""
        rows = connection.run(self.sql.after, (self.numbers[type], key, count))
        return [
            Stored(self.codec, key, type, id, version, updated, method, home, blob)
            for key, id, version, updated, home, method, blob in rows
        ]

    def heads(self, connection: Connection, keys: Sequence[int]) -> list[Stored]:
        """The current versions of `keys`, in that order, deletions left out."""
        if not keys:
            return []
        rows = connection.run(self.sql.heads, (self._array(connection, keys),))
        names, codec = self.names, self.codec
        return [
            Stored(codec, key, names[type_number], id, version, updated, method, home, blob)
            for key, type_number, id, version, updated, deleted, home, method, blob in rows
            if not deleted
        ]

    def found(self, type: str, rows: Iterable[Row]) -> list[Stored]:
        """Resources of one type from rows that begin with the key and end with the columns of `HEAD`."""
        codec = self.codec
        return [
            Stored(codec, row[0], type, id, version, updated, method, home, blob)
            for row in rows
            for id, version, updated, home, method, blob in (row[-HEAD:],)
        ]

    def history(
        self,
        connection: Connection,
        type: str | None,
        id: str | None,
        *,
        before: int = END,
        since: int = 0,
        until: int = END,
        current_after: int = -END,
        keys: Sequence[int] | None = None,
        count: int = 100,
    ) -> list[Stored]:
        """Versions newest first, of one resource, a type, or everything, or of the resources `keys` alone.

        `before` is a `Stored.seq`; `since` (inclusive) and `until` (exclusive) are milliseconds of
        writing; `current_after` leaves out versions that were replaced by then.
        """
        bounds = (before, since, until, current_after, count)
        if keys is not None:
            rows = connection.run(self.sql.listed_history, (self._array(connection, keys), *bounds))
        elif type is None:
            rows = connection.run(self.sql.system_history, bounds)
        elif id is None:
            rows = connection.run(self.sql.type_history, (self.numbers[type], *bounds))
        else:
            rows = connection.run(self.sql.instance_history, (self.numbers[type], id, *bounds))
        names, codec = self.names, self.codec
        return [
            Stored(
                codec, key, names[type_number], rid, version, updated, method, home, blob, seq, actor=actor
            )
            for seq, key, type_number, rid, version, updated, method, home, blob, actor in rows
        ]

    def members(self, connection: Connection, key: int) -> list[tuple[str, int]]:
        """(type, key) of what the entries of a List refer to. Raises `Problem(invalid)` for more than `MOST_LISTED`."""
        rows = connection.run(self.sql.members, (key, "item", MOST_LISTED + 1))
        if len(rows) > MOST_LISTED:
            raise invalid(
                "too-costly", f"The list names more than {MOST_LISTED} resources.", place="_list",
                repair="Split it into smaller ones.",
            )  # fmt: skip
        return [(self.names[type_number], found) for type_number, found in rows]

    def count_versions(
        self,
        connection: Connection,
        type: str,
        id: str,
        *,
        before: int = END,
        since: int = 0,
        until: int = END,
        current_after: int = -END,
    ) -> int:
        """How many versions `history` of one resource would give in all."""
        bounds = (self.numbers[type], id, before, since, until, current_after)
        row = connection.one(self.sql.count_instance, bounds)
        return int(row[0]) if row else 0

    def live(self, connection: Connection, type: str) -> int:
        """How many resources of a type there are now; one row is read, nothing is counted."""
        row = connection.one(self.sql.live, (self.numbers[type],))
        return int(row[0]) if row and row[0] is not None else 0

    def tallies(self, connection: Connection) -> dict[str, int]:
        """Resource type -> how many there are now."""
        return {name: int(live) for name, live in connection.run(self.sql.tallies)}

    @staticmethod
    def _array(connection: Connection, keys: Sequence[int] | Sequence[str]) -> object:
        return json.dumps(list(keys)) if connection.dialect == "sqlite" else list(keys)
