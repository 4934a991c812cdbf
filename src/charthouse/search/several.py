"""A search of several types at once: a page of each, of which the first in the order are the page of all.

Resource keys are one row of numbers over all types, so a place in the order is the same place in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from charthouse.base.errors import invalid
from charthouse.fhir.definitions import Definitions
from charthouse.search.known import unsupported
from charthouse.search.query import SortKey
from charthouse.store.read import HEAD

Row = tuple[Any, ...]
NAME: Final = "_type"


def types_of(definitions: Definitions, params: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The types that `_type` names (R4 http.html#search); all of them where it is not there."""
    found: dict[str, None] | None = None
    for name, text in params:
        if name.partition(":")[0] != NAME:
            continue
        if name != NAME:
            raise unsupported('"_type" has no modifiers here.', name, "Leave the modifier out.")
        named = text.split(",")
        for type in named:
            if not definitions.is_resource(type):
                raise invalid(
                    "value", f'"{type}" is not a resource type.', place=NAME, value=text,
                    repair="Write e.g. _type=Observation,Condition.",
                )  # fmt: skip
        found = dict.fromkeys(type for type in named if found is None or type in found)
    return tuple(definitions.resource_types if found is None else found)


def merged(
    found: dict[str, list[Row]], sort: Sequence[SortKey], *, back: bool, limit: int
) -> list[tuple[str, Row]]:
    """The first `limit` rows of all types, each with its type, in the order of the search."""
    rows = [(type, row) for type, own in found.items() for row in own]
    rows.sort(key=lambda pair: pair[1][0], reverse=not back)
    for place, key in reversed(list(enumerate(sort, 1))):
        rows.sort(key=lambda pair: pair[1][place : len(pair[1]) - HEAD][0], reverse=key.descending != back)
    return rows[:limit]
