"""Keeps closure tables for clients that search along a hierarchy (R4 conceptmap-operation-closure.html)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from charthouse.base.errors import Category, invalid, problem
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.terminology.answers import Closure, Coding, Link
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.concept import Concept
from charthouse.terminology.trees import is_storable

LIMIT: Final = 10_000  # codes in one table
_LONGEST: Final = 200  # characters of a name

Find = Callable[[Coding], tuple[CodeSystem, Concept]]


def kept(
    connection: Connection, name: str, codings: Sequence[Coding], version: int | None, find: Find
) -> Closure:  # fmt: skip
    """Carry out one request on the table `name`, inside a transaction; see `Terminology.closure`.

    `find` gives the concept of a coding or raises Problem(not_found). Raises Problem(invalid) for a
    bad name, Problem(not_found) for a table that was not started, Problem(too_costly) beyond `LIMIT`.
    """
    sql = queries.load("charthouse.terminology", "closure", connection.dialect)
    if not 0 < len(name) <= _LONGEST or not is_storable(name):
        raise invalid(
            "value", f"The name of a closure table has 1 to {_LONGEST} characters.", place="name", value=name[:40],
            repair="Choose a short name, e.g. that of your program.",
        )  # fmt: skip
    if not codings and version is None:
        for statement in (sql.forget_links, sql.forget_codes, sql.start):
            connection.run(statement, (name,))
        return Closure(name, 0, ())
    row = connection.one(sql.version, (name,))
    if row is None:
        raise problem(
            Category.NOT_FOUND, "not-found", "There is no closure table of this name.", place="name", value=name,
            repair="Start it first, with a request that has a name only.",
        )  # fmt: skip
    held: int = row[0]
    since = held if version is None else version
    new = held + 1
    added = _added(connection, name, codings, new, find)
    if added:
        connection.run(sql.move, (new, name))
    rows = connection.run(sql.links, (name, since))
    return Closure(name, new if added else held, tuple(Link(*each) for each in rows))


def _added(connection: Connection, name: str, codings: Sequence[Coding], version: int, find: Find) -> int:
    """Add codings with the relations to what is there; how many were new."""
    sql = queries.load("charthouse.terminology", "closure", connection.dialect)
    wanted: dict[tuple[str, str], tuple[CodeSystem, Concept]] = {}
    for coding in codings:
        system, concept = find(coding)
        wanted[system.release.url, concept.code] = (system, concept)
    there: dict[str, dict[int, str]] = {}
    count = 0
    for (url, code), (system, concept) in wanted.items():
        if url not in there:
            codes = [held for (held,) in connection.run(sql.codes, (name, url))]
            there[url] = {each.id: held for held, each in system.found(codes).items()}
        if concept.id in there[url]:
            continue
        if len(there[url]) >= LIMIT:
            raise problem(
                Category.TOO_COSTLY, "too-costly", f"A closure table holds at most {LIMIT} codes of a system.",
                place="concept", value=name, repair="Start another table.",
            )  # fmt: skip
        above, below = system.above(concept), system.below(concept)
        links = [(name, url, code, held, version) for id, held in there[url].items() if id in above]
        links += [(name, url, held, code, version) for id, held in there[url].items() if id in below]
        connection.run(sql.add_code, (name, url, code, version))
        if links:
            connection.many(sql.add_link, links)
        there[url][concept.id] = code
        count += 1
    return count
