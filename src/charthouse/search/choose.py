"""Which condition of a search drives it: the one that leaves the fewest candidates, counted only so far as needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from charthouse.db.connect import Connection
from charthouse.search import clause as clauses
from charthouse.search.clause import Clause
from charthouse.search.text import Fragment, Texts

FEW: Final = 24  # candidates below which no better condition is looked for
ENOUGH: Final = 256  # candidates up to which a condition is counted, at least


@dataclass(frozen=True, slots=True)
class Choice:
    """The driving condition (None: none is selective), how many candidates it leaves at most when that
    is known, and between which keys everything that matches lies. `keys` are the candidates themselves where
    they were found on the way."""

    clause: Clause | None
    size: int | None = None
    low: int | None = None
    high: int | None = None
    keys: tuple[int, ...] | None = None

    def gather(self, texts: Texts) -> Fragment:
        """The keys of the candidates of a driving condition."""
        if self.clause is None:
            raise ValueError("nothing drives this search")
        if self.keys is None:
            return self.clause.gather(texts)
        return clauses.among(self.keys, self.clause.type_number, self.clause.name).gather(texts)


def choose(connection: Connection, texts: Texts, clauses: Sequence[Clause], limit: int) -> Choice:
    """Count the candidates of each condition up to `limit`, the likely best first, and take the best.

    What belongs to one patient was mostly written together, so the keys of one condition's rows
    often bound a short stretch of the next one's index: both are counted inside that stretch only.
    """
    driving = sorted((one for one in clauses if one.drives), key=likely)
    few = min(FEW, limit - 1)
    named = driving[0].named if driving else None
    if named is not None and named <= few:
        return Choice(driving[0], named)
    streaming = [one for one in driving if one.streams]
    low: int | None = None
    high: int | None = None
    if len(streaming) > 1:
        choice = _weighed(connection, texts, streaming, few)
        if choice.size is not None:
            return choice
        low, high = choice.low, choice.high
    best: Clause | None = None
    keys: tuple[int, ...] | None = None
    size = limit
    for one in driving:
        if best is not None and (size <= FEW or one.scans):
            break
        if one.scans:
            found = _keys(connection, texts, one, limit)
            if len(found) < limit:
                best, size, keys = one, len(found), found
            continue
        count, first, last = _size(connection, texts, one, size, low, high)
        if count < size:
            best, size = one, count
            if count == 0:
                return Choice(one, 0)
            low = first if low is None else max(low, first)
            high = last if high is None else min(high, last)
    if best is not None:
        return Choice(best, size, low, high, keys)
    return Choice(streaming[0] if streaming else None, None, low, high)


def _weighed(connection: Connection, texts: Texts, streaming: Sequence[Clause], few: int) -> Choice:
    """In one statement, whether the first condition leaves few candidates, and if not, which other one does between
    the keys of the first; without a size where none does."""
    first, *others = streaming
    test, args = first.value(texts)
    parts: list[str] = []
    counted: tuple[Any, ...] = ()
    for one in others:
        other, values = one.value(texts)
        parts.append(_filled(texts, texts.lookup.weigh_other, one.table, other))
        counted = (*counted, *values, few + 1)
    frame = _filled(texts, texts.lookup.weigh, first.table, test, ("others", " ".join(parts)))
    row = connection.one(frame, (*args, few, *counted, *args, *args))
    if row is None:
        raise AssertionError("a count answers one row")
    past, low, high, *sizes = row
    if low is None:
        return Choice(first, 0)
    if past is None:
        return Choice(first, few, low, high)
    size, one = min(zip(sizes, others, strict=True), key=lambda pair: pair[0])
    return Choice(one, size, low, high) if size <= few else Choice(None, None, low, high)


def rows_of(connection: Connection, texts: Texts, clause: Clause, limit: int) -> int:
    """About how many index rows meet a condition, up to `limit`: of a span of dates those that lie in it."""
    if not clause.streams and not clause.once:
        return _size(connection, texts, clause, limit, None, None)[0]
    test = clause.tests[0].legs[0] if clause.once else clause.tests[0]
    frame = _filled(texts, texts.lookup.count, clause.table, texts.test(test.name, test.size, "r"))
    row = connection.one(frame, (*clause.params, *test.args, limit))
    return int(row[0]) if row else 0


def likely(one: Clause) -> tuple[bool, int]:
    """What is looked at first: what is quickly looked up, and then what is likely to leave the fewest."""
    return one.scans, one.rank


def _keys(connection: Connection, texts: Texts, clause: Clause, limit: int) -> tuple[int, ...]:
    """The first keys of all that meet a condition, perhaps more than once, up to `limit`."""
    sql, args = clause.gather(texts)
    return tuple(
        row[0] for row in connection.run(texts.format(texts.lookup.keys, ("gather", sql)), (*args, limit))
    )


def _filled(texts: Texts, frame: str, table: str, test: str, *more: tuple[str, str]) -> str:
    return texts.format(frame, ("table", table), ("params", texts.listed(1)), ("test", test), *more)


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


def streamed(texts: Texts, clause: Clause, choice: Choice) -> Fragment:
    """The test of a driving condition that streams, inside the keys that are known to bound the matches."""
    test, args = clause.value(texts)
    if choice.low is None:
        return Fragment(test, args)
    return Fragment(f"{test} AND {texts.page.between}", (*args, choice.low, choice.high))
