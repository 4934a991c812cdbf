"""Puts a release of a code system into the tables: in slices, so that others can write; seen only when whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec

from charthouse.base.clock import now
from charthouse.base.errors import Category, invalid, problem
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.terminology.concept import Release, Row
from charthouse.terminology.order import Order, order

SLICE: Final = 2_000  # concepts written in one transaction; under 200 ms

Progress = Callable[[int, int], None]
Words = Callable[[Sequence[Row], int], Iterable[tuple[str, bytes]]]


def fill(
    connection: Connection,
    release: Release,
    rows: Iterable[Row],
    *,
    progress: Progress | None = None,
    words: Words | None = None,
    replace: bool = False,
) -> int:
    """Load `release` with the concepts `rows`; the number of concepts.

    `progress(done, all)` is called now and then. `words(rows in walking order, id of the first)`
    gives the word index, if one is wanted. What an earlier, stopped load left is removed first.
    Raises Problem(conflict) where this version is there already, unless `replace`;
    Problem(invalid) for a code given twice, an unknown parent, or a circle of parents.
    """
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    listed = list(rows)
    places = _places(listed)
    parents = [_above(row, places) for row in listed]
    ordered = order(parents)
    clear_unfinished(connection)
    same = connection.one(sql.same, (release.url, release.version))
    if same is not None and not replace:
        raise problem(
            Category.CONFLICT, "duplicate", "This release is loaded already.",
            place="version", value=f"{release.url}|{release.version}",
            repair="Nothing needs to be done; to load it anew, say --replace.",
        )  # fmt: skip
    if same is not None:
        _remove(connection, same[0], same[2], same[3])
    with connection.transaction():
        number = _only(connection.one(sql.next_system))
        first = _only(connection.one(sql.next_concept))
        connection.run(
            sql.add_system,
            (number, release.url, release.version, release.title, release.content, release.hierarchy,
             int(release.case_sensitive), release.valid_from, release.valid_until, release.source,
             release.notice, first, len(listed), now(), msgspec.json.encode(release.about)),
        )  # fmt: skip
    for start in range(0, len(listed), SLICE):
        with connection.transaction():
            _write(
                connection,
                listed,
                parents,
                ordered,
                number,
                first,
                range(start, min(start + SLICE, len(listed))),
            )
        if progress is not None:
            progress(min(start + SLICE, len(listed)), len(listed))
    if words is not None:
        # worked out before any transaction: it takes as long as all the rest, and others want to write
        found = words([listed[index] for index in ordered.walk], first)
        for some in _parts(((number, word, ids) for word, ids in found), SLICE):
            with connection.transaction():
                connection.many(sql.add_word, some)
    with connection.transaction():
        connection.run(sql.use, (number,))
    return len(listed)


def remove(connection: Connection, url: str, version: str) -> bool:
    """Take a release out again; whether it was there."""
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    same = connection.one(sql.same, (url, version))
    if same is None:
        return False
    _remove(connection, same[0], same[2], same[3])
    return True


def clear_unfinished(connection: Connection) -> None:
    """Remove what stopped loads and removals left."""
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    for number, first, count in connection.run(sql.unfinished):
        _remove(connection, number, first, count)


def _remove(connection: Connection, number: int, first: int, count: int) -> None:
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    with connection.transaction():
        connection.run(sql.disuse, (number,))
    for start in range(first, first + count, SLICE):
        bounds = (start, min(start + SLICE, first + count))
        with connection.transaction():
            for statement in (
                sql.drop_properties, sql.drop_designations, sql.drop_spans, sql.drop_parents, sql.drop_concepts,
            ):  # fmt: skip
                connection.run(statement, bounds)
    with connection.transaction():
        connection.run(sql.drop_words, (number,))
        connection.run(sql.drop_system, (number,))


def _places(rows: Sequence[Row]) -> dict[str, int]:
    """Where each code stands in `rows`."""
    places: dict[str, int] = {}
    for index, row in enumerate(rows):
        if row.code in places:
            raise invalid(
                "duplicate", "A code is given twice.", place=f"concept[{index}].code", value=row.code
            )
        places[row.code] = index
    return places


def _above(row: Row, places: dict[str, int]) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(places[code] for code in row.parents))
    except KeyError as missing:
        raise invalid(
            "not-found", f"The concept {row.code} names a parent that is not in the release.",
            place="parent", value=missing.args[0],
        ) from None  # fmt: skip


def _write(
    connection: Connection, rows: Sequence[Row], parents: Sequence[Sequence[int]], ordered: Order,
    number: int, first: int, places: range,
) -> None:  # fmt: skip
    """The rows of some places in the walk, table by table."""
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    indexes = [ordered.walk[place] for place in places]
    at = ordered.place

    def concepts() -> Iterator[Sequence[object]]:
        for place, index in zip(places, indexes, strict=True):
            row, above = rows[index], parents[index]
            parent = first + at[above[0]] if above else 0
            yield first + place, number, row.code, row.display, row.flags, parent, first + ordered.last[place]

    connection.many(sql.add_concept, list(concepts()))
    few: list[tuple[str, list[Sequence[object]]]] = [
        (sql.add_parent, [(first + at[i], first + at[above]) for i in indexes for above in parents[i][1:]]),
        (sql.add_span, [
            (first + place, first + low, first + high)
            for place in places for low, high in ordered.spans.get(place, ())
        ]),
        (sql.add_designation, [
            (first + at[i], place, each.language, each.use, each.text)
            for i in indexes for place, each in enumerate(rows[i].designations)
        ]),
        (sql.add_property, [
            (first + at[i], name, place, value)
            for i in indexes for place, (name, value) in enumerate(rows[i].properties)
        ]),
    ]  # fmt: skip
    for statement, values in few:
        if values:
            connection.many(statement, values)


def _parts(rows: Iterable[Sequence[object]], size: int) -> Iterator[list[Sequence[object]]]:
    """The rows in lists of at most `size`."""
    waiting = iter(rows)
    while some := list(islice(waiting, size)):
        yield some


def _only(row: tuple[int, ...] | None) -> int:
    if row is None:
        raise ValueError("an aggregate gives a row")
    return row[0]
