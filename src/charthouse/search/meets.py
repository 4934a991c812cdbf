"""Whether a resource that no index knows (one about to be written, an old version) meets a search: the same
conditions as in SQL, judged on its index rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeVar, cast

from charthouse.base.errors import Problem
from charthouse.search import ranges
from charthouse.search.known import unsupported
from charthouse.search.query import Amount, Criterion, Kind, Link, Measure, Query, Sound, Span, Text, Token
from charthouse.store.index import short
from charthouse.store.index.values import Rows

Judge = Callable[[Rows, Criterion], bool]
R = TypeVar("R", bound=tuple[Any, ...])


def meets(rows: Rows, id: str, query: Query, at: int) -> bool:
    """Whether the resource with these index rows meets all criteria; `at` (ms) is now.

    Raises `Problem(unsupported)` for a kind of parameter that cannot be judged here (see `judged`).
    """
    return all(_meets(rows, id, one, at) for one in query.criteria)


def judged(query: Query) -> None:
    """Raise `Problem(unsupported)` unless every criterion can be judged in memory as well as in SQL."""
    for one in query.criteria:
        fits = one.kind in _JUDGES or one.kind in (Kind.ID, Kind.DATE)
        known = all(isinstance(value, Token | Link | Span | Text | Sound | str) for value in one.values)
        if not (one.is_plain and fits and known):
            raise _unfit(one)


class Stating(Protocol):
    """What tells an amount in other units."""

    def stated(self, measure: Measure, system: str | None, unit: str) -> Amount | None:
        """The amount in a unit, None where that measures something else."""


def meets_one(rows: Rows, id: str, one: Criterion, at: int, stating: Stating) -> bool:
    """Whether these index rows meet one plain criterion, numbers and quantities included."""
    if one.kind is Kind.NUMBER:
        return any(
            _amount(cast(Amount, asked), low, high)
            for _, low, high in _of(rows.numbers, one) for asked in one.values
        )  # fmt: skip
    if one.kind is Kind.QUANTITY:
        return any(
            _amount(amount, low, high)
            for _, system, unit, low, high in _of(rows.quantities, one) for asked in one.values
            if (amount := stating.stated(cast(Measure, asked), system, unit)) is not None
        )  # fmt: skip
    return _meets(rows, id, one, at)


def _amount(asked: Amount, low: float, high: float) -> bool:
    return _AMOUNTS[asked.prefix](low, high, asked)


def _meets(rows: Rows, id: str, one: Criterion, at: int) -> bool:
    if not one.is_plain:
        raise _unfit(one)
    if one.kind is Kind.ID:
        found = id in one.values
    elif one.kind is Kind.DATE:
        found = any(_span(rows, one, cast(Span, value), at) for value in one.values)
    elif one.kind in _JUDGES:
        found = _JUDGES[one.kind](rows, one)
    else:
        raise _unfit(one)
    return found != one.negated


def _token(rows: Rows, one: Criterion) -> bool:
    return any(
        _is_token(cast(Token, asked), system, code)
        for _, system, code in _of(rows.tokens, one)
        for asked in one.values
    )


def _is_token(asked: Token, system: str | None, code: str) -> bool:
    if asked.system is not None and (short(asked.system) if asked.system else "") != (system or ""):
        return False
    return asked.code is None or short(asked.code) == code


def _reference(rows: Rows, one: Criterion) -> bool:
    for _, type, id in _of(rows.references, one):
        for value in one.values:
            asked = cast(Link, value)
            if type is None:
                if asked.address is not None and short(asked.address) == id:
                    return True
            elif asked.address is None and type in asked.types and asked.id == id:
                return True
    return False


def _uri(rows: Rows, one: Criterion) -> bool:
    asked = {short(cast(str, value)) for value in one.values}
    return any(text in asked for _, text in _of(rows.uris, one))


def _string(rows: Rows, one: Criterion) -> bool:
    for _, folded, exact in _of(rows.strings, one):
        for value in one.values:
            if isinstance(value, Sound):
                if folded in value.codes:
                    return True
                continue
            asked = cast(Text, value)
            if exact == asked.exact if asked.exact is not None else folded.startswith(asked.folded):
                return True
    return False


def _span(rows: Rows, one: Criterion, asked: Span, at: int) -> bool:
    prefix, low, high = asked
    if prefix == "ap":
        low, high = ranges.approximate(asked, at)
    test = _DATES[prefix]
    return any(test(begins, ends, low, high) for _, begins, ends in _of(rows.dates, one))


def _of(found: Iterable[R], one: Criterion) -> Iterable[R]:
    return (row for row in found if row[0] in one.source.codes)


def _unfit(one: Criterion) -> Problem:
    return unsupported(
        f'"{one.name}" cannot be judged on a resource that is not in the index.', one.name,
        "Use a token, reference, date, string or uri parameter, without :in, :not-in, :above or :below.",
    )  # fmt: skip


_JUDGES: Final[dict[Kind, Judge]] = {
    Kind.TOKEN: _token, Kind.REFERENCE: _reference, Kind.URI: _uri, Kind.STRING: _string,
}  # fmt: skip
# A stored range of numbers against the one asked for, as in criteria.sql.
_AMOUNTS: Final[dict[str, Callable[[float, float, Amount], bool]]] = {
    "eq": lambda low, high, one: one.low <= low < one.high and high < one.high,
    "ne": lambda low, high, one: not (low >= one.low and high < one.high),
    "gt": lambda _low, high, one: high > one.value,
    "lt": lambda low, _high, one: low < one.value,
    "ge": lambda _low, high, one: high >= one.value,
    "le": lambda low, _high, one: low <= one.value,
    "sa": lambda low, _high, one: low > one.value,
    "eb": lambda _low, high, one: high < one.value,
    "ap": lambda low, high, one: low <= one.high and high >= one.low,
}
# A stored range against the one asked for (R4 search.html#prefix), as in criteria.sql.
_DATES: Final[dict[str, Callable[[int, int, int, int], bool]]] = {
    "eq": lambda begins, ends, low, high: low <= begins < high and ends <= high,
    "ne": lambda begins, ends, low, high: not (begins >= low and ends <= high),
    "gt": lambda begins, ends, low, high: ends > high,
    "lt": lambda begins, ends, low, high: begins < low,
    "ge": lambda begins, ends, low, high: ends > high or begins >= low,
    "le": lambda begins, ends, low, high: begins < low or ends <= high,
    "sa": lambda begins, ends, low, high: begins >= high,
    "eb": lambda begins, ends, low, high: begins < low and ends <= low,
    "ap": lambda begins, ends, low, high: begins < high and ends > low,
}
