"""The numbers of names (parameters, systems, codes, addresses, resources) on PostgreSQL, looked up many at a time.

New names are added over a connection of its own, each lot in a transaction that is committed at
once. A name that is left over from a write that failed does no harm, and nobody has to wait for
the end of a large write to use a name that is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.store.index import Rows

REMEMBERED: Final = 200_000  # names per kind before the memory starts anew

N = TypeVar("N", bound=Hashable)
Row = tuple[Any, ...]


class Register:
    """The numbers of one database, for the thread that writes."""

    def __init__(self, connect: Callable[[], Connection], keys: Callable[[int], Sequence[int]]) -> None:
        """`keys(count)` gives out keys that no resource has yet."""
        self._sql = vars(queries.load("charthouse.store", "register", "postgres"))
        self._connect = connect
        self._connection: Connection | None = None
        self._keys = keys
        self.params: dict[tuple[int, str], int] = {}  # by (type, code)
        self.systems: dict[str, int] = {}
        self.codes: dict[tuple[str | None, str], int] = {}  # by (system, code)
        self.uris: dict[str, int] = {}
        self.keys: dict[tuple[int, str], int] = {}  # by (type, id)

    def learn(
        self, many: Iterable[tuple[int, Rows]], types: Mapping[str, int], known: Container[tuple[int, str]]
    ) -> None:
        """Have a number for every name in the index rows of (type, rows).

        `known` are resources that have a key already, in the transaction under way. Raises
        `Collision` when another process is adding a resource that is referred to.
        """
        names = _Names()
        for type_number, rows in many:
            names.collect(rows, type_number, types)
        for memory in (self.params, self.systems, self.codes, self.uris, self.keys):
            if len(memory) > REMEMBERED:
                memory.clear()
        names.systems.update(system for system, _ in names.codes if system)
        self._number("param", self.params, names.params, lambda name: name)
        self._number("system", self.systems, names.systems, lambda name: (name,))
        self._number("uri", self.uris, names.uris, lambda name: (name,))
        self._number("code", self.codes, names.codes, lambda name: (self.system(name[0]), name[1]))
        self._number("key", self.keys, {name for name in names.keys if name not in known}, lambda name: name)

    def system(self, uri: str | None) -> int:
        """The number of a system that was learnt; 0 for none."""
        return self.systems[uri] if uri else 0

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _number(self, kind: str, memory: dict[N, int], names: set[N], columns: Callable[[N], Row]) -> None:
        """Find, or else add, the names that are not remembered; `columns` is a name as its table has it."""
        missing = {columns(name): name for name in names if name not in memory}
        if not missing:
            return
        if self._connection is None:
            self._connection = self._connect()
        connection, find, add = self._connection, self._sql[f"find_{kind}"], self._sql[f"add_{kind}"]
        rows = sorted(missing)  # so that nobody waits in a circle
        left = _found(memory, missing, rows, connection.run(find, _listed(rows)))
        if not left:
            return
        new = (
            left
            if kind != "key"
            else [(*row, key) for row, key in zip(left, self._keys(len(left)), strict=True)]
        )
        for number, *added in connection.run(add, _listed(new)):
            name = missing.get(tuple(added))
            if name is not None:
                memory[name] = number
        left = [row for row in left if missing[row] not in memory]
        if left and _found(memory, missing, left, connection.run(find, _listed(left))):
            raise LookupError(f"a {kind} was neither found nor added")


class _Names:
    """The names in index rows, each once."""

    def __init__(self) -> None:
        self.params: set[tuple[int, str]] = set()
        self.systems: set[str] = set()
        self.codes: set[tuple[str | None, str]] = set()
        self.uris: set[str] = set()
        self.keys: set[tuple[int, str]] = set()

    def collect(self, rows: Rows, type_number: int, types: Mapping[str, int]) -> None:
        """Add those of one resource."""
        for kind in (
            rows.tokens,
            rows.references,
            rows.dates,
            rows.strings,
            rows.numbers,
            rows.quantities,
            rows.uris,
        ):
            self.params.update((type_number, row[0]) for row in kind)
        self.codes.update((system or None, code) for _, system, code in rows.tokens)
        self.codes.update((system or None, code) for _, system, code, _, _ in rows.quantities)
        self.uris.update(text for _, text in rows.uris)
        for _, target, id in rows.references:
            number = types.get(target) if target else None
            if number:
                self.keys.add((number, id))
            else:
                self.uris.add(id)
        if rows.home is not None:
            self.keys.add((types[rows.home[0]], rows.home[1]))


def _listed(rows: Sequence[Row]) -> list[Row]:
    """Rows as columns."""
    return list(zip(*rows, strict=True))


def _found(
    memory: dict[N, int], names: Mapping[Row, N], rows: Sequence[Row], found: Iterable[Row]
) -> list[Row]:
    """Remember what was found of `rows`, by its place; returns what was not."""
    left = dict(enumerate(rows, 1))
    for place, number in found:
        memory[names[left.pop(place)]] = number
    return list(left.values())
