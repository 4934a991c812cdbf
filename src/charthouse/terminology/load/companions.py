"""Keeps the maps and value sets that come with a release, and takes them out again with it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import groupby
from pathlib import Path
from typing import Final

import zstandard

from charthouse.base.errors import Category, Problem, problem
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.fhir import resource
from charthouse.fhir.resource import Tree
from charthouse.terminology.fill import remove as remove_concepts
from charthouse.terminology.load.kinds import short
from charthouse.terminology.load.loaded import Loaded, Map

SLICE: Final = 2_000  # lines written in one transaction
SETS: Final = 200  # value sets


@contextmanager
def alone(connection: Connection, lock: Path | None = None) -> Iterator[None]:
    """The right to load and remove releases, which one process has at a time.

    `lock` is a file beside a SQLite record, by which processes know of each other; PostgreSQL needs none.
    Raises Problem(busy) where another process has it.
    """
    sql = queries.load("charthouse.terminology.load", "companions", connection.dialect)
    with lock.open("ab") if lock is not None else nullcontext() as file:
        if file is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise _under_way() from None
        turn = connection.one(sql.take_turn)
        if not turn or not turn[0]:
            raise _under_way()
        try:
            yield
        finally:
            connection.one(sql.end_turn)


def _under_way() -> Problem:
    return problem(
        Category.BUSY, "lock-error", "Another load of a code system is under way.",
        repair="Wait until it is done, then try again.",
    )  # fmt: skip


def keep(connection: Connection, loaded: Loaded, progress: Callable[[int, int], None]) -> None:
    """Put in what comes with a release, in place of what came with the same one before.

    The lines of a map come before the map itself, so that one that is seen is whole.
    """
    release = loaded.release
    forget(connection, release.url, release.version)
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    total = sum(len(one.lines) for one in loaded.maps)
    done = 0
    for one in loaded.maps:
        for lines in _sliced(one, f"{one.url}|{release.version}"):
            with connection.transaction():
                connection.many(sql.put_mapping, lines)
            done += len(lines)
            progress(done, total)
    trees = [*(_concept_map(one, loaded) for one in loaded.maps), *loaded.value_sets]
    for start in range(0, len(trees), SETS):
        some = trees[start : start + SETS]
        with connection.transaction():
            connection.many(
                sql.put_artifact,
                [(tree["resourceType"], tree["url"], release.version, _packed(tree)) for tree in some],
            )


def forget(connection: Connection, url: str, version: str) -> None:
    """Take out the maps and value sets of a release."""
    sql = queries.load("charthouse.terminology.load", "companions", connection.dialect)
    own = f"urn:charthouse:{short(url)}:"
    for kind, artifact in connection.run(sql.artifacts, (version, url, url, own, own)):
        with connection.transaction():
            connection.run(sql.drop_artifact, (kind, artifact, version))
        if kind == "ConceptMap":
            _drop(connection, f"{artifact}|{version}")


def remove(connection: Connection, url: str, version: str) -> bool:
    """Take out a whole release: concepts, maps and value sets; whether it was there."""
    forget(connection, url, version)
    return remove_concepts(connection, url, version)


def _drop(connection: Connection, map: str) -> None:
    """The lines of a map, in slices."""
    sql = queries.load("charthouse.terminology.load", "companions", connection.dialect)
    while (last := connection.one(sql.some_source, (map, SLICE))) is not None:
        with connection.transaction():
            connection.run(sql.drop_mappings, (map, last[0]))
    with connection.transaction():
        connection.run(sql.drop_rest, (map,))


def _sliced(one: Map, key: str) -> Iterator[list[tuple[object, ...]]]:
    """Rows of the table of maps, a few thousand at a time; `place` counts the lines of one source."""
    rows: list[tuple[object, ...]] = []
    for source, lines in groupby(one.lines, key=lambda line: line.source):
        for place, line in enumerate(lines):
            rows.append(
                (key, one.source, source, place, one.target, line.target, line.equivalence, line.note)
            )
        if len(rows) >= SLICE:
            yield rows
            rows = []
    if rows:
        yield rows


def _concept_map(one: Map, loaded: Loaded) -> Tree:
    """The resource of a map, without its lines."""
    return {
        "resourceType": "ConceptMap", "url": one.url, "version": loaded.release.version, "title": one.title,
        "name": "".join(word.capitalize() for word in one.title.replace("-", " ").split()), "status": "active",
        "copyright": loaded.release.notice, "group": [{"source": one.source, "target": one.target, "element": []}],
    }  # fmt: skip


def _packed(tree: Tree) -> bytes:
    return zstandard.compress(resource.dump(tree))
