"""Which condition of a search drives it: the one that leaves the fewest candidates, counted only so far as needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from charthouse.db.connect import Connection
from charthouse.search.clause import Clause
from charthouse.search.text import Fragment, Texts

FEW: Final = 24  # candidates below which no better condition is looked for
ENOUGH: Final = 256  # candidates up to which a condition is counted, at least


@dataclass(frozen=True, slots=True)
class Choice:
    """The driving condition (None: none is selective), how many candidates it leaves when that is
    known, and between which keys everything that matches lies."""

    clause: Clause | None
    size: int | None = None
    low: int | None = None
    high: int | None = None


def choose(connection: Connection, texts: Texts, clauses: Sequence[Clause], limit: int) -> Choice:
    """Count the candidates of each condition up to `limit`, the likely best first, and take the best.

    What belongs to one patient was mostly written together, so the keys of one condition's rows
    often bound a short stretch of the next one's index: both are counted inside that stretch only.
    """
    best: Clause | None = None
    size = limit
    low: int | None = None
    high: int | None = None
    driving = sorted((one for one in clauses if one.drives), key=lambda one: one.rank)
    for place, one in enumerate(driving):
        if best is not None and size <= FEW:
            break
        count, first, last = _size(connection, texts, one, size, low, high)
        if count < size:
            best, size = one, count
            if count == 0:
                return Choice(one, 0)
            low = first if low is None else max(low, first)
            high = last if high is None else min(high, last)
        elif low is None and one.streams and any(other.streams for other in driving[place + 1 :]):
            low, high = _bounds(connection, texts, one)
    if best is not None:
        return Choice(best, size, low, high)
    streaming = next((one for one in driving if one.streams), None)
    return Choice(streaming, None, low, high)


def _size(
    connection: Connection, texts: Texts, clause: Clause, limit: int, low: int | None, high: int | None
) -> tuple[int, int, int]:
    """(rows up to `limit`, first key, last key) of a condition, inside the keys from `low` to `high` if given."""
    sql, args = clause.gather(texts)
    if low is not None and clause.streams:
        sql, args = f"{sql} AND {texts.page.between}", (*args, low, high)
    row = connection.one(texts.format(texts.lookup.size, ("gather", sql)), (*args, limit))
    if row is None:
        raise AssertionError("a count answers one row")
    return row[0], row[1], row[2]


def _bounds(connection: Connection, texts: Texts, clause: Clause) -> tuple[int | None, int | None]:
    """The first and last key of a condition that streams."""
    test, args = clause.value(texts)
    sql = texts.format(
        texts.lookup.bounds, ("table", clause.table), ("params", texts.listed(1)), ("test", test)
    )
    row = connection.one(sql, args + args)
    return (row[0], row[1]) if row else (None, None)


def streamed(texts: Texts, clause: Clause, choice: Choice) -> Fragment:
    """The test of a driving condition that streams, inside the keys that are known to bound the matches."""
    test, args = clause.value(texts)
    if choice.low is None:
        return Fragment(test, args)
    return Fragment(f"{test} AND {texts.page.between}", (*args, choice.low, choice.high))
