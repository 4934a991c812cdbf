"""What comes along with a page: what its matches refer to, and what refers to them (R4 search.html#include)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from charthouse.base.errors import Issue
from charthouse.db.connect import Connection
from charthouse.search.names import Names
from charthouse.search.query import Include, Query
from charthouse.search.text import Fragment, Texts, padded

MOST: Final = 1000  # resources included with one page

# What of a type may be shown, as a condition on a resource `r`; None = all of it.
Narrow = Callable[[str], Fragment | None]


def included(
    connection: Connection,
    names: Names,
    texts: Texts,
    query: Query,
    keys: Sequence[int],
    narrow: Narrow | None,
) -> tuple[list[int], list[Issue]]:
    """Keys of the included resources, each once and none of the matches `keys`, and a note if some are left out."""
    found: dict[int, None] = {}
    matches = frozenset(keys)
    listed = padded(list(keys))
    for include in query.includes:
        params = names.params(connection, include.type, include.source.codes)
        if not params or not listed:
            continue
        step = _Step(connection, names, texts, include, params, listed)
        for (key,) in step.rows(narrow, MOST + 1 + len(matches)):
            if key not in matches:
                found[key] = None
    if len(found) <= MOST:
        return list(found), []
    note = Issue(
        "too-costly",
        f"Only the first {MOST} of the resources to include are given.",
        place="_include",
        repair="Ask for a smaller page with _count.",
        severity="warning",
    )
    return list(found)[:MOST], [note]


class _Step:
    """One `_include` or `_revinclude` of one page."""

    def __init__(
        self,
        connection: Connection,
        names: Names,
        texts: Texts,
        include: Include,
        params: tuple[int, ...],
        keys: Sequence[int],
    ) -> None:
        self._connection = connection
        self._names = names
        self._texts = texts
        self._include = include
        self._slots = (("keys", texts.listed(len(keys))), ("params", texts.listed(len(params))))
        self._args = (*params, *keys) if include.reverse else (*keys, *params)

    def rows(self, narrow: Narrow | None, limit: int) -> list[tuple[int]]:
        """The keys, as rows."""
        sql = self._texts.include
        types = self._types(narrow)
        if types is not None and not types:
            return []
        conditions = self._allowed(narrow, types)
        frame = sql.referring if self._include.reverse else sql.referred
        statement = self._texts.format(frame, *self._slots, ("conditions", conditions.sql))
        return self._connection.run(statement, (*self._args, *conditions.args, limit))

    def _types(self, narrow: Narrow | None) -> list[str] | None:
        """The types that can come in; None when that does not matter."""
        if self._include.reverse:
            return [self._include.type]
        if self._include.target is not None:
            return [self._include.target]
        if narrow is None:
            return None
        statement = self._texts.format(self._texts.include.referred_types, *self._slots)
        numbers = {row[0] for row in self._connection.run(statement, self._args)}
        return [name for name, number in self._names.types.items() if number in numbers]

    def _allowed(self, narrow: Narrow | None, types: Iterable[str] | None) -> Fragment:
        """The condition that an included resource has one of the types, and may be shown."""
        if types is None:
            return Fragment("", ())
        one_of: list[str] = []
        args: list[object] = []
        for type in types:
            allowed = narrow(type) if narrow is not None else None
            one_of.append(self._texts.include.of_type + (f" AND {allowed.sql}" if allowed else ""))
            args += (self._names.types[type], *(allowed.args if allowed else ()))
        return Fragment(f" AND ({' OR '.join(f'({one})' for one in one_of)})", tuple(args))
