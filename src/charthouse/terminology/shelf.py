"""One place with the tables of code systems: the shipped file, or what a site loaded into its record."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

import zstandard

from charthouse.db import queries
from charthouse.db.connect import Connection, Place, connect
from charthouse.fhir import resource
from charthouse.fhir.resource import Tree
from charthouse.terminology.concept import Release, System
from charthouse.terminology.tabled import Tabled
from charthouse.terminology.trees import is_storable

Stamp = tuple[Any, ...]
Mapping = tuple[
    str, str, str, str, str, str
]  # source system, source, target system, target, equivalence, note


class Shelf:
    """The code systems, value sets and maps in one database. Threads may share it."""

    def __init__(self, name: str, dialect: str, connection: Callable[[], Connection]) -> None:
        """`name` is `shipped` or `loaded`; `connection` gives the calling thread's connection."""
        self.name = name
        self._connection = connection
        self._sql = queries.load("charthouse.terminology", "shelf", dialect)
        tabled = queries.load("charthouse.terminology", "tabled", dialect)
        self._tabled = SimpleNamespace(**vars(tabled), about=self._sql.about)

    def stamp(self) -> Stamp:
        """Moves when a release is loaded or removed."""
        return self._connection().one(self._sql.stamp) or ()

    def releases(self, url: str) -> list[System]:
        """The releases of a code system that are in use."""
        return _systems(self._connection().run(self._sql.systems, (url,))) if is_storable(url) else []

    def all_releases(self) -> list[System]:
        """Every release in use, by url and version."""
        return _systems(self._connection().run(self._sql.all_systems))

    def opened(self, system: System) -> Tabled:
        """A release to ask about its concepts."""
        return Tabled(self.name, system, self._connection, self._tabled)

    def versions(self, kind: str, url: str) -> list[str]:
        """Which versions of a ValueSet or ConceptMap are here; one without a version is empty."""
        rows = self._connection().run(self._sql.versions, (kind, url)) if is_storable(url) else ()
        return [version for (version,) in rows]

    def artifact(self, kind: str, url: str, version: str) -> Tree | None:
        """A ValueSet or ConceptMap, without narrative; a ConceptMap may have its elements in `mapped`."""
        row = self._connection().one(self._sql.artifact, (kind, url, version))
        return resource.parse(zstandard.decompress(bytes(row[0]))) if row is not None else None

    def artifacts(self, kind: str) -> list[tuple[str, str]]:
        """(url, version) of each ValueSet or ConceptMap here."""
        return [(url, version) for url, version in self._connection().run(self._sql.all_artifacts, (kind,))]

    def mapped(self, map: str, system: str, code: str, *, back: bool = False) -> list[Mapping]:
        """What a map says of a source, or with `back` of a target. `map` is its url or `url|version`."""
        statement = self._sql.mapped_back if back else self._sql.mapped
        asked = (map, system, code)
        return (
            [(*row,) for row in self._connection().run(statement, asked)]
            if is_storable("".join(asked))
            else []
        )

    def pairs(self, map: str) -> list[tuple[str, str]]:
        """(source system, target system) of the mappings in a map."""
        return [(source, target) for source, target in self._connection().run(self._sql.mapped_pairs, (map,))]


class _Held:
    """A thread's connection: it is closed when the thread ends, or the file is."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Shipped:
    """The file that came with the program, with a connection for each thread that reads it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._local = threading.local()
        self._opened: WeakSet[_Held] = WeakSet()

    def connection(self) -> Connection:
        """The calling thread's connection."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = _Held(connect(self._place))
            self._opened.add(held)
        return held.connection

    def close(self) -> None:
        """Close the file for every thread; none may read it any more."""
        for held in list(self._opened):
            held.connection.close()


def _systems(rows: Iterable[tuple[Any, ...]]) -> list[System]:
    found: list[System] = []
    for number, url, version, title, content, hierarchy, case, since, until, source, notice, *more in rows:
        release = Release(
            url, version, title, content, hierarchy, bool(case), since, until, source, notice
        )  # `about` is long and rarely asked for: see Tabled.about
        found.append(System(number, release, *more))
    return found
