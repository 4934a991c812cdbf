"""What comes along with a page: what its matches refer to, and what refers to them (R4 search.html#include)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from charthouse.base.errors import Issue
from charthouse.db.connect import Connection
from charthouse.search.names import Names
from charthouse.search.query import Include
from charthouse.search.text import Fragment, Texts, padded

MOST: Final = 1000  # resources included with one page
ROUNDS: Final = 16  # steps that `:iterate` goes from one resource to the next

# What of a type may be shown, as a condition on a resource `r`; None = all of it.
Narrow = Callable[[str], Fragment | None]


def included(
    connection: Connection,
    names: Names,
    texts: Texts,
    includes: Sequence[Include],
    keys: Sequence[int],
    narrow: Narrow | None,
) -> tuple[list[int], list[Issue]]:
    """Keys of the included resources, each once and none of the matches `keys`, and a note if some are left out.

    An include with `:iterate` goes on from what was included, until nothing new comes.
    """
    found: dict[int, None] = {}
    matches = frozenset(keys)
    fresh = list(keys)
    for round in range(ROUNDS):
        following = [one for one in includes if one.iterates or round == 0]
        if not fresh or not following or len(found) > MOST:
            break
        listed = padded(fresh)
        fresh = []
        for include in following:
            step = _Step(connection, names, texts, include, listed)
            for (key,) in step.rows(narrow, MOST + 1 + len(matches) + len(found)):
                if key not in matches and key not in found:
                    found[key] = None
                    fresh.append(key)
    else:
        if fresh and any(one.iterates for one in includes):
            return list(found)[:MOST], [_note(f"Includes were followed for {ROUNDS} steps only.")]
    if len(found) <= MOST:
        return list(found), []
    return list(found)[:MOST], [_note(f"Only the first {MOST} of the resources to include are given.")]


def _note(message: str) -> Issue:
    return Issue(
        "too-costly",
        message,
        place="_include",
        repair="Ask for a smaller page with _count.",
        severity="warning",
    )


class _Step:
    """One `_include` or `_revinclude` from some resources."""

    def __init__(
        self, connection: Connection, names: Names, texts: Texts, include: Include, keys: Sequence[int]
    ) -> None:
        self._connection = connection
        self._names = names
        self._texts = texts
        self._include = include
        params = tuple(dict.fromkeys(
            number for type, source in include.sources for number in names.params(connection, type, source.codes)
        ))  # fmt: skip
        self._is_empty = not params
        params = tuple(padded(params)) if params else ()
        self._slots = (("keys", texts.listed(len(keys))), ("params", texts.listed(len(params))))
        self._args = (*params, *keys) if include.reverse else (*keys, *params)

    def rows(self, narrow: Narrow | None, limit: int) -> list[tuple[int]]:
        """The keys, as rows."""
        sql = self._texts.include
        types = [] if self._is_empty else self._types(narrow)
        if types is not None and not types:
            return []
        conditions = self._allowed(narrow, types)
        frame = sql.referring if self._include.reverse else sql.referred
        statement = self._texts.format(frame, *self._slots, ("conditions", conditions.sql))
        return self._connection.run(statement, (*self._args, *conditions.args, limit))

    def _types(self, narrow: Narrow | None) -> list[str] | None:
        """The types that can come in; None when that does not matter."""
        include = self._include
        if include.reverse and len(include.sources) == 1:
            return [include.sources[0][0]]
        if not include.reverse and include.target is not None:
            return [include.target]
        if narrow is None:
            return None
        sql = self._texts.include
        frame = sql.referring_types if include.reverse else sql.referred_types
        statement = self._texts.format(frame, *self._slots)
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
