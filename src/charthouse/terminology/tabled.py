"""A code system in the tables: questions about its concepts as small statements on intervals of ids."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Final

import msgspec

from charthouse.base.errors import invalid
from charthouse.db.connect import Connection
from charthouse.fhir.resource import Tree
from charthouse.terminology import deadline
from charthouse.terminology.codesystem import PROSE, is_named
from charthouse.terminology.concept import Concept, Designation, Release, System
from charthouse.terminology.spans import NONE, Spans
from charthouse.terminology.trees import is_storable

_SLICE: Final = 500  # concepts asked for by one statement
_FEW: Final = 2_000  # so many names are looked through without narrowing them by the index of letters first
_FOLDED: Final = 20_000  # a system of so many concepts is looked through for a code in another case
_READ: Final = 50_000  # names looked through for one text at most
_ALL: Final = 2**31 - 1  # rows


class Tabled:
    """One release in the tables of a shelf (see `codesystem.CodeSystem`). Threads may share it."""

    def __init__(
        self, place: str, system: System, connection: Callable[[], Connection], sql: SimpleNamespace
    ) -> None:
        """`place` names the shelf; `connection` gives the calling thread's connection; `sql` has the
        statements of `tabled.sql` and `about`."""
        self.system = system
        self.release: Release = system.release
        self.key = (place, system.id)
        self._connection = connection
        self._sql = sql
        self._bounds = (system.first, system.first + system.concepts - 1)
        self._all = Spans((self._bounds,))
        self._flagged: dict[int, Spans] = {}

    def about(self) -> Tree:
        """The CodeSystem resource without its concepts."""
        row = self._connection().one(self._sql.about, (self.system.id,))
        found: Tree = msgspec.json.decode(bytes(row[0])) if row else {}
        return found

    def all(self) -> Spans:
        """The ids of all concepts."""
        return self._all

    def find(self, code: str) -> Concept | None:
        """The concept with a code. In another case only where case does not matter; in large systems
        then wholly in capitals or wholly in small letters."""
        deadline.check()
        if not is_storable(code):
            return None
        connection, number = self._connection(), self.system.id
        row = connection.one(self._sql.by_code, (number, code))
        if row is None and not self.release.case_sensitive:
            row = connection.one(self._sql.by_cases, (number, code.upper(), code.lower()))
            if row is None and self.system.concepts <= _FOLDED:
                row = connection.one(self._sql.by_fold, (number, code))
        return Concept(*row) if row is not None else None

    def found(self, codes: Sequence[str]) -> dict[str, Concept]:
        """The concepts of many codes, by code as asked."""
        exact = self._by_codes(codes)
        if self.release.case_sensitive:
            return exact
        missing = [code for code in codes if code not in exact]
        other = self._by_codes([each for code in missing for each in (code.upper(), code.lower())])
        for code in missing:
            concept = other.get(code.upper()) or other.get(code.lower())
            if concept is not None:
                exact[code] = concept
        return exact

    def _by_codes(self, codes: Sequence[str]) -> dict[str, Concept]:
        connection = self._connection()
        found: dict[str, Concept] = {}
        for some in _slices([code for code in codes if is_storable(code)]):
            for row in connection.run(self._sql.by_codes, (self.system.id, json.dumps(some))):
                found[row[1]] = Concept(*row)
        return found

    def concepts(self, ids: Sequence[int]) -> dict[int, Concept]:
        """Concepts by id."""
        return {row[0]: Concept(*row) for row in self._by_ids(self._sql.by_ids, ids)}

    def walk(self, spans: Spans) -> Iterator[Concept]:
        """Concepts in the order of ids."""
        connection = self._connection()
        for low, high in spans.pairs():
            while low <= high:
                deadline.check()
                rows = connection.run(self._sql.between, (low, high, _SLICE))
                for row in rows:
                    yield Concept(*row)
                if len(rows) < _SLICE:
                    break
                low = rows[-1][0] + 1

    def below(self, concept: Concept) -> Spans:
        """The concept itself and all below it, along every parent."""
        own = (concept.id, concept.last)
        return Spans((own, *self._connection().run(self._sql.spans, (concept.id,))))

    def above(self, concept: Concept) -> Spans:
        """The concept itself and all above it."""
        connection = self._connection()
        found = {concept.id}
        new = found
        while new:
            asked = json.dumps(sorted(new))
            new = {row[0] for row in connection.run(self._sql.above, (asked, asked))} - found
            found |= new
        return Spans.of(found)

    def parents(self, concept: Concept) -> list[Concept]:
        """Directly above, the main one first."""
        if not concept.parent:
            return []
        further = self._connection().run(self._sql.parents, (concept.id,))
        return [*self.concepts([concept.parent]).values(), *(Concept(*row) for row in further)]

    def children(self, concept: Concept, limit: int | None = None) -> list[Concept]:
        """Directly below, in the order of the system; the first `limit` of them."""
        most = _ALL if limit is None else limit
        rows = self._connection().run(self._sql.children, (concept.id, most, concept.id, most))
        return [Concept(*row) for row in sorted(rows)[:limit]]

    def designations(self, ids: Sequence[int]) -> dict[int, list[Designation]]:
        """Other names by id, definition and comment among them."""
        found: dict[int, list[Designation]] = {}
        for id, text, language, use in self._by_ids(self._sql.designations, ids):
            found.setdefault(id, []).append(Designation(text, language, use))
        return found

    def properties(self, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
        """Properties by id."""
        found: dict[int, list[tuple[str, str]]] = {}
        for id, name, value in self._by_ids(self._sql.properties, ids):
            found.setdefault(id, []).append((name, value))
        return found

    def values(self, name: str) -> Iterator[tuple[int, str]]:
        """(id, value) of a property, for all concepts that have it."""
        if is_storable(name):
            rows: list[Any] = self._connection().run(self._sql.valued, (name, *self._bounds))
            yield from deadline.watched(rows)

    def has_property(self, name: str) -> bool:
        """Whether any concept has a property."""
        asked = (name, *self._bounds)
        return is_storable(name) and self._connection().one(self._sql.valued_once, asked) is not None

    def having(self, name: str, value: str) -> Spans:
        """The concepts whose property has a value."""
        deadline.check()
        if not (is_storable(name) and is_storable(value)):
            return NONE
        rows = self._connection().run(self._sql.having, (name, value, *self._bounds))
        return Spans.of(id for (id,) in rows)

    def flagged(self, flag: int) -> Spans:
        """The concepts with a flag; looked up once."""
        found = self._flagged.get(flag)
        if found is None:
            rows = self._connection().run(self._sql.flagged, (*self._bounds, flag))
            found = self._flagged[flag] = Spans.of(id for (id,) in rows)
        return found

    def named(self, words: Sequence[str], within: Spans) -> Spans:
        """The concepts in which each word begins a word of the code or of one of its names.

        Raises Problem(invalid) where too many names would have to be read.
        """
        ids = list(self._likely(words, within).ids())
        if len(ids) > _READ:
            raise invalid(
                "too-costly", "Too many names would have to be looked through.",
                place="filter", value=" ".join(words), repair="Give a longer word.",
            )  # fmt: skip
        found: list[int] = []
        for some in _slices(ids):
            concepts, names = self.concepts(some), self.designations(some)
            for id, concept in concepts.items():
                others = (each.text for each in names.get(id, ()) if each.use not in PROSE)
                if is_named(words, (concept.display, *others, concept.code)):
                    found.append(id)
        return Spans.of(found)

    def _likely(self, words: Sequence[str], within: Spans) -> Spans:
        """The concepts in which the longest words stand anywhere, as far as the engine can tell."""
        found = within
        plain = {word for word in words if word.isascii() and not set(word) & set("%_\\")}
        for word in sorted(plain, key=len, reverse=True)[:3]:
            if len(found) <= _FEW:
                break
            pairs = list(found.pairs())
            bounds = (pairs[0][0], pairs[-1][1])
            like = f"%{word}%"
            rows = self._connection().run(self._sql.likely, (*bounds, like, like, *bounds, like))
            found = found & Spans.of(id for (id,) in rows)
        return found

    def _by_ids(self, statement: str, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        connection = self._connection()
        for some in _slices(ids):
            yield from connection.run(statement, (json.dumps(some),))


def _slices(items: Sequence[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(items), _SLICE):
        deadline.check()
        yield list(items[start : start + _SLICE])
