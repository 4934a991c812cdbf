"""How many matches a search has: exactly, to a limit, or not at all, by what was asked and what it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from charthouse.db.connect import Connection
from charthouse.search.plan import Plan
from charthouse.search.query import Query, Total
from charthouse.search.text import Fragment
from charthouse.store.read import Reader

COUNTED: Final = 1000  # matches up to which a total that nobody asked for is counted
LOOKED_AT: Final = 100  # the same for resources of which each takes a look at all that refers to it


def total(
    connection: Connection, reader: Reader, plans: Sequence[tuple[Query, Plan]], known: int | None
) -> int | None:
    """The number of matches of all queries, as far as it was asked for; `known` when the first page holds them all.

    `_total=estimate` is answered with the exact number.
    """
    if plans and plans[0][0].total is Total.NONE:
        return None
    if known is not None:
        return known
    found = 0
    for query, its in plans:
        counted = _count(connection, reader, query, its)
        if counted is None:
            return None
        found += counted
    return found


def _count(connection: Connection, reader: Reader, query: Query, found: Plan) -> int | None:
    """The number of matches of one type."""
    if found.is_empty:
        return 0
    if found.is_whole_type:
        return reader.live(connection, query.type)
    if query.total is not Total.CHEAP or not query.count:
        return _number(connection, found.total())
    if found.is_far and (found.is_narrowed or reader.live(connection, query.type) > LOOKED_AT):
        return None
    if found.is_narrowed:
        # whether a total is given must not tell how much is hidden
        counted = _number(connection, found.total(COUNTED + 1))
        return counted if counted <= COUNTED else None
    if not found.is_cheap_to_count and reader.live(connection, query.type) > COUNTED:
        return None
    counted = _number(connection, found.total(max(found.size or 0, COUNTED) + 1))
    return counted if counted <= max(found.size or 0, COUNTED) else None


def _number(connection: Connection, statement: Fragment) -> int:
    row = connection.one(*statement)
    return int(row[0]) if row else 0
