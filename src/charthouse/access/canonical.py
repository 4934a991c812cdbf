"""Conformance resources of the record by their canonical url: what profiles, value sets and code systems are in force.

They say nothing about any patient, and what they change (validation, terminology) holds for everybody, so they
are read here without an actor and without the read audit.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from charthouse.db import queries
from charthouse.fhir.resource import Tree
from charthouse.store.record import Record

KINDS: Final = ("CodeSystem", "ValueSet", "ConceptMap", "StructureDefinition")
Find = Callable[..., list[str]]

RECHECK_SECONDS: Final = 0.05  # a change is noticed after this long at the latest
SLICE: Final = 200
MOST: Final = 50  # versions of one canonical url that are looked at
_PARTS: Final = re.compile(r"\d+|[a-z]+")


class Canonical:
    """Looks up the conformance resources of one record; for any thread."""

    def __init__(self, record: Record, find: Find, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`find(connection, kind, params, limit=…)` gives the ids of a search."""
        self._record = record
        self._find = find
        self._sql = queries.load("charthouse.access", "canonical", record.place.dialect)
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp = 0
        self._until = 0.0

    def stamp(self) -> int:
        """A number that grows whenever one of them is written or deleted; asked anew every `RECHECK_SECONDS`."""
        if self._clock() >= self._until:
            with self._lock:
                connection = self._record.connection()
                rows = (connection.one(self._sql.moved, (self._record.types[kind],)) for kind in KINDS)
                self._stamp = sum(int(row[0]) for row in rows if row)
                self._until = self._clock() + RECHECK_SECONDS
        return self._stamp

    def get(self, kind: str, url: str, version: str | None = None) -> Tree | None:
        """The resource of that url, of that version, or the newest; one that is in use before a draft.

        A version may be given in part (`6.1` for `6.1.0`). None where there is none.
        """
        connection = self._record.connection()
        ids = self._find(connection, kind, [("url", url)], limit=MOST)
        found = [
            stored.tree for stored in self._record.reader.named(connection, kind, ids) if not stored.deleted
        ]
        if version is not None:
            found = [tree for tree in found if is_version(tree.get("version"), version)]
        return max(found, key=_rank, default=None)

    def all(self, kind: str) -> Iterator[Tree]:
        """Every resource of the kind."""
        connection = self._record.connection()
        last = 0
        while stored := self._record.reader.after(connection, kind, last, SLICE):
            last = stored[-1].key
            for each in stored:
                yield each.tree

    def structure(self, url: str) -> Tree | None:
        """The StructureDefinition that a canonical (`url` or `url|version`) names."""
        plain, _, version = url.partition("|")
        return self.get("StructureDefinition", plain, version or None)


def is_version(own: object, asked: str) -> bool:
    """Whether a resource's version is the one asked for; `6.1` takes in `6.1.0`."""
    return isinstance(own, str) and (own == asked or own.startswith(asked + "."))


def _rank(tree: Tree) -> tuple[bool, list[tuple[int, int | str]]]:
    """In use before drafts, later versions before earlier ones; numbers in them as numbers."""
    version = str(tree.get("version") or "")
    parts: list[tuple[int, int | str]] = [
        (1, int(part)) if part.isdigit() else (0, part) for part in _PARTS.findall(version.lower())
    ]
    return tree.get("status") == "active", parts
