"""Keeps closure tables for clients that search along a hierarchy (R4 conceptmap-operation-closure.html)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.terminology.answers import Closure, Coding, Link
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.concept import Concept
from charthouse.terminology.spans import Spans
from charthouse.terminology.trees import is_storable

TABLES: Final = 100  # of one owner, who stands before the first "/" of a name
AT_ONCE: Final = 100  # codes in one request
LIMIT: Final = 20_000  # codes in one table
LINKS: Final = 200_000  # relations in one table
LINKS_AT_ONCE: Final = 20_000  # relations that one request adds
_LONGEST: Final = 200  # characters of a name

Find = Callable[[Coding], tuple[CodeSystem, Concept]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A concept to be added, with all above and below it, itself included."""

    concept: Concept
    above: Spans
    below: Spans


@dataclass(frozen=True, slots=True)
class Prepared:
    """One request on the table `name`, all that it needs of code systems looked up.

    `wanted` are the concepts by code and url of the system, `held` the ids of codes that were in the table then.
    """

    name: str
    version: int | None
    systems: Mapping[str, CodeSystem]
    wanted: Mapping[str, Mapping[str, Placed]]
    held: Mapping[str, Mapping[str, int]]


def prepared(
    name: str, codings: Sequence[Coding], version: int | None, find: Find, connection: Connection | None
) -> Prepared:  # fmt: skip
    """Look up what a request needs, outside its transaction; `connection` is only read, and saves time later.

    `find` gives the concept of a coding or raises Problem(not_found). Raises Problem(invalid) for a bad name
    and for more than `AT_ONCE` codings.
    """
    if not 0 < len(name) <= _LONGEST or not is_storable(name):
        raise invalid(
            "value", f"The name of a closure table has 1 to {_LONGEST} characters.", place="name", value=name[:40],
            repair="Choose a short name, e.g. that of your program.",
        )  # fmt: skip
    if len(codings) > AT_ONCE:
        raise _much(f"At most {AT_ONCE} codes are added at once", len(codings), "Send several requests.")
    systems: dict[str, CodeSystem] = {}
    wanted: dict[str, dict[str, Placed]] = {}
    for coding in codings:
        system, concept = find(coding)
        url = system.release.url
        if systems.setdefault(url, system).key != system.key:
            raise invalid(
                "value", "Codes of one code system are added in one version of it.", place="concept",
                value=coding.version, repair="Name no version, or the same one.",
            )  # fmt: skip
        placed = Placed(concept, system.above(concept), system.below(concept))
        wanted.setdefault(url, {})[concept.code] = placed
    held: dict[str, dict[str, int]] = {}
    if connection is not None:
        held = {url: _ids(system, _codes(connection, name, url)) for url, system in systems.items()}
    return Prepared(name, version, systems, wanted, held)


def kept(connection: Connection, asked: Prepared) -> Closure:
    """Carry out a request inside a transaction; see `Terminology.closure`.

    Raises Problem(not_found) for a table that was not started, Problem(invalid) for one that would grow too large,
    and for more tables than one owner may have.
    """
    sql = queries.load("charthouse.terminology", "closure", connection.dialect)
    name = asked.name
    row = connection.one(sql.version, (name,))
    if not asked.wanted and asked.version is None:
        if row is None:
            _expect_table(connection, name)
        for statement in (sql.forget_links, sql.forget_codes, sql.start):
            connection.run(statement, (name,))
        return Closure(name, 0, ())
    if row is None:
        raise problem(
            Category.NOT_FOUND, "not-found", "There is no closure table of this name.", place="name", value=name,
            repair="Start it first, with a request that has a name only.",
        )  # fmt: skip
    held: int = row[0]
    since = held if asked.version is None else asked.version
    new = held + 1
    added = _added(connection, asked, new)
    if added:
        connection.run(sql.move, (new, name))
    rows = connection.run(sql.links, (name, since))
    return Closure(name, new if added else held, tuple(Link(*each) for each in rows))


def _added(connection: Connection, asked: Prepared, version: int) -> int:
    """Add codes with the relations to what is there; how many were new."""
    sql = queries.load("charthouse.terminology", "closure", connection.dialect)
    name = asked.name
    codes: list[tuple[str, str, str, int]] = []
    links: list[tuple[str, str, str, str, int]] = []
    for url, wanted in asked.wanted.items():
        there = _there(connection, asked, url)
        order = sorted(there)
        for code, placed in wanted.items():
            id = placed.concept.id
            if id in there:
                continue
            links += [(name, url, code, there[each], version) for each in _among(order, placed.above)]
            links += [(name, url, there[each], code, version) for each in _among(order, placed.below)]
            if len(links) > LINKS_AT_ONCE:
                raise _much(f"At most {LINKS_AT_ONCE} relations are added at once", name, "Send fewer codes.")
            codes.append((name, url, code, version))
            there[id] = code
            insort(order, id)
    if codes:
        _expect_room(connection, name, len(codes), len(links))
        connection.many(sql.add_code, codes)
    if links:
        connection.many(sql.add_link, links)
    return len(codes)


def _there(connection: Connection, asked: Prepared, url: str) -> dict[int, str]:
    """The codes of a system in the table by id; only those are looked up that came after it was prepared."""
    ids = asked.held.get(url, {})
    codes = _codes(connection, asked.name, url)
    later = [code for code in codes if code not in ids]
    ids = {**ids, **_ids(asked.systems[url], later)} if later else ids
    return {ids[code]: code for code in codes if code in ids}


def _codes(connection: Connection, name: str, url: str) -> list[str]:
    sql = queries.load("charthouse.terminology", "closure", connection.dialect)
    return [code for (code,) in connection.run(sql.codes, (name, url))]


def _ids(system: CodeSystem, codes: Sequence[str]) -> dict[str, int]:
    return {code: concept.id for code, concept in system.found(codes).items()}


def _among(order: Sequence[int], spans: Spans) -> Iterator[int]:
    """Which of `order`, ids from low to high, are in a set."""
    for low, high in spans.pairs():
        yield from order[bisect_left(order, low) : bisect_right(order, high)]


def _expect_table(connection: Connection, name: str) -> None:
    """Raise Problem(invalid) where the owner of a name has as many tables as may be; without an owner all count."""
    sql = queries.load("charthouse.terminology", "closure", connection.dialect)
    owner = name[: name.find("/") + 1]
    row = connection.one(sql.count_tables, (len(owner), owner))
    if row is not None and row[0] >= TABLES:
        raise invalid(
            "too-costly", f"A client keeps at most {TABLES} closure tables.", place="name", value=name[len(owner) :],
            repair="Start one of yours anew, under the name that it has.",
        )  # fmt: skip


def _expect_room(connection: Connection, name: str, codes: int, links: int) -> None:
    """Raise Problem(invalid) where a table would hold too much."""
    sql = queries.load("charthouse.terminology", "closure", connection.dialect)
    for statement, more, most, what in (
        (sql.count_codes, codes, LIMIT, "codes"), (sql.count_links, links, LINKS, "relations"),
    ):  # fmt: skip
        row = connection.one(statement, (name,))
        if row is not None and row[0] + more > most:
            raise _much(f"A closure table holds at most {most} {what}", name, "Start another table.")


def _much(words: str, value: object, repair: str) -> Problem:
    return invalid("too-costly", f"{words}.", place="concept", value=value, repair=repair)
