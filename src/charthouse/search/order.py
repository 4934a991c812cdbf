"""The order of results and the place in it where a page ends (R4 search.html#sort).

Every order ends with the resource key, newest first, so that it is total: that is what lets a page
begin exactly after another (keyset paging). A resource without a value for a sort key comes last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from charthouse.db.connect import Connection
from charthouse.search.names import Names
from charthouse.search.query import Kind, SortKey
from charthouse.search.text import Fragment, Texts

Value = str | int | float | None
Position = Sequence[Value]

_SORTED_BY: Final = {
    Kind.DATE: ("date_index", "sort_low"), Kind.NUMBER: ("number_index", "sort_low"),
    Kind.QUANTITY: ("quantity_index", "sort_low"), Kind.STRING: ("string_index", "sort_text"),
    Kind.TOKEN: ("token_index", "sort_code"), Kind.URI: ("uri_index", "sort_uri"),
    Kind.REFERENCE: ("reference_index", "sort_target"),
}  # fmt: skip
_COLUMNS: Final = {Kind.ID: "r.id", Kind.UPDATED: "r.updated"}
# Indexes that lie in the order of the values, so that a page can be read off them.
_WALKED: Final = {Kind.DATE: "low", Kind.NUMBER: "low", Kind.STRING: "text"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the order, as an expression on a resource `r`.

    `always` says that every resource has a value; else its values are in `table` under `params`.
    `column` is set where an index of that table lies in the order of the values, `single` where no
    resource has more than one.
    """

    expression: Fragment
    descending: bool
    always: bool
    table: str | None = None
    params: tuple[int, ...] = ()
    column: str | None = None
    single: bool = False

    @property
    def is_walked(self) -> bool:
        """Whether an index lies in the order of this key."""
        return self.always or (self.column is not None and len(self.params) == 1)


def keys(
    connection: Connection, names: Names, texts: Texts, type: str, sort: Sequence[SortKey]
) -> tuple[Key, ...]:
    """The keys for `_sort`; one under which nothing was ever stored has no value anywhere."""
    found: list[Key] = []
    for one in sort:
        column = _COLUMNS.get(one.kind)
        if column is not None:
            found.append(Key(Fragment(column, ()), one.descending, True))
            continue
        params = names.params(connection, type, one.source.codes)
        found.append(
            _stored(texts, one, params) if params else Key(Fragment("NULL", ()), one.descending, False)
        )
    return tuple(found)


def _stored(texts: Texts, one: SortKey, params: tuple[int, ...]) -> Key:
    table, frame = _SORTED_BY[one.kind]
    args: tuple[Any, ...] = params
    if one.source.target is not None:
        frame, args = "sort_target_of_type", (*params, one.source.target)
    sql = texts.format(
        getattr(texts.page, frame),
        ("first", "max" if one.descending else "min"),
        ("table", table),
        ("params", texts.listed(len(params))),
    )
    walked = _WALKED.get(one.kind) if one.source.target is None else None
    return Key(Fragment(sql, args), one.descending, False, table, params, walked, one.source.single)


def order_by(keys: Sequence[Key], *, back: bool, first: int = 2) -> str:
    """The terms of ORDER BY, for result columns: the resource key is column 1, the sort keys begin at `first`."""
    terms: list[str] = []
    for place, key in enumerate(keys, first):
        down = key.descending != back
        term = f"{place} {'DESC' if down else 'ASC'}"
        terms.append(term if key.always else f"{term} NULLS {'FIRST' if back else 'LAST'}")
    terms.append("1 ASC" if back else "1 DESC")
    return ", ".join(terms)


def beyond(
    expressions: Sequence[Fragment],
    keys: Sequence[Key],
    position: Position,
    key: str,
    mark: str,
    *,
    back: bool,
) -> Fragment:
    """The condition that a resource comes after `position` (before, when `back`).

    `position` has a value for each of `keys` and the resource key last; `key` is the expression of the latter.
    """
    sql = f"{key} {'>' if back else '<'} {mark}"
    args: tuple[Any, ...] = (position[-1],)
    for one, expression, value in reversed(list(zip(keys, expressions, position, strict=False))):
        text, its = expression
        if value is None:
            if back:
                sql, args = f"({text} IS NOT NULL OR ({text} IS NULL AND {sql}))", its + its + args
            else:
                sql, args = f"({text} IS NULL AND {sql})", its + args
            continue
        sign = ">" if one.descending == back else "<"
        further = f"{text} {sign} {mark}"
        before = (*its, value)
        if not back and not one.always:
            further, before = f"{further} OR {text} IS NULL", (*before, *its)
        sql = f"({further} OR ({text} = {mark} AND {sql}))"
        args = (*before, *its, value, *args)
    return Fragment(sql, args)
