"""A short word for what somebody may see, so that a page link in other hands is noticed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Final

from charthouse.search.include import Narrow
from charthouse.search.query import Query
from charthouse.search.text import Fragment

_MOMENTS: Final = 10**12  # from here on a number is a moment in ms, which differs from page to page


def view(query: Query, narrow: Narrow | None) -> str:
    """The same for two who meet the same rows of every type that the search looks at; "" where all are open.
    A search of several types differs by the types that were open to it."""
    if narrow is None:
        return ""
    parts: list[str] = [repr(query.types)] if query.types else []
    for type in _types(query):
        allowed = narrow(type)
        if allowed is not None:
            args = [arg for arg in allowed.args if not (isinstance(arg, int) and arg > _MOMENTS)]
            parts.append(f"{type} {_digest(allowed.sql)} {args}")
    return sha256("\n".join(parts).encode()).hexdigest()[:24] if parts else ""


@lru_cache(maxsize=256)
def _digest(sql: str) -> str:
    """Stands for a condition, which is long and the same for many."""
    return sha256(sql.encode()).hexdigest()


def _types(query: Query) -> Iterable[str]:
    return sorted({query.type, *query.types, *(type for type, _ in query.touched)})


def once(narrow: Narrow | None) -> Narrow | None:
    """The same, worked out once for each type: for what sees one moment of the record."""
    if narrow is None:
        return None
    known: dict[str, Fragment | None] = {}

    def found(type: str) -> Fragment | None:
        if type not in known:
            known[type] = narrow(type)
        return known[type]

    return found
