"""A search of several types at once: a page of each, of which the first in the order are the page of all.

Resource keys are one row of numbers over all types, so a place in the order is the same place in each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from charthouse.base.errors import invalid
from charthouse.fhir.definitions import Definitions
from charthouse.search.known import unsupported
from charthouse.search.query import Among, Query, SortKey, every
from charthouse.store.read import HEAD

Row = tuple[Any, ...]
NAME: Final = "_type"
# modifiers that ask code systems, and what they ask
BOOKS: Final = {"in": "ValueSet", "not-in": "ValueSet", "below": "CodeSystem", "above": "CodeSystem"}


Params = Sequence[tuple[str, str]]
Subject = tuple[str, str]  # type and id of whose compartment it is; id "" = of any that is open
# Of some types, and whether they were asked for by name: those that may be searched. May raise.
Permit = Callable[[Sequence[str], bool], Sequence[str]]
Unseen = Callable[[str], Collection[str]]  # type -> the parameters that tell of something hidden


@dataclass(frozen=True, slots=True)
class Operation:
    """What a search that carries out an operation asks beside its parameters.

    `word` is the operation with what it was given: page links belong to it. `also(type)` are conditions on a type
    that stand in no link. With `loose` what is about the subject without being in its compartment is in as well.
    """

    word: str
    also: Callable[[str], Params]
    loose: bool = True


def types_of(definitions: Definitions, params: Params) -> tuple[str, ...] | None:
    """The types that `_type` names (R4 http.html#search); None where it is not there."""
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
    return None if found is None else tuple(found)


def chosen(
    definitions: Definitions, params: Params, inside: Sequence[str] | None, permit: Permit | None
) -> Sequence[str]:
    """The types that a search of several looks at: those `_type` names, or all; of them those that can be `inside` a
    compartment, and that `permit` leaves."""
    named = types_of(definitions, params)
    types: Sequence[str] = definitions.resource_types if named is None else named
    if inside is not None:
        types = [type for type in types if type in inside]
    if not types:
        raise invalid(
            "value", "None of these types can be found here.", place=NAME,
            value=",".join(named or ()), repair=f"Name one of {', '.join((inside or ())[:8])}.",
        )  # fmt: skip
    return types if permit is None else permit(types, named is not None)


def single(definitions: Definitions, type: str, params: Params) -> Params:
    """The parameters of a search at the address of one type, without `_type`, which may only name that type too."""
    named = types_of(definitions, params)
    if named is None:
        return params
    if type not in named:
        raise invalid(
            "value", f'"{NAME}" names other types than the address.', place=NAME, value=",".join(named),
            repair=f"Leave it out, or search the base address, e.g. [base]?_type={type},{named[0] if named else type}.",
        )  # fmt: skip
    return [pair for pair in params if pair[0] != NAME]


def grounds(queries: Sequence[Query]) -> Iterable[tuple[str, str]]:
    """What an answer rests on: (type, parameter), and for the books that are asked (type, "*")."""
    found = [pair for query in queries for pair in query.touched]
    asked = (value for query in queries for one in every(query.criteria) for value in one.values)
    found += [(BOOKS[one.modifier], "*") for one in asked if isinstance(one, Among)]
    return dict.fromkeys(found)


def merged(
    found: dict[str, list[Row]], sort: Sequence[SortKey], *, back: bool, limit: int
) -> list[tuple[str, Row]]:
    """The first `limit` rows of all types, each with its type, in the order of the search."""
    rows = [(type, row) for type, own in found.items() for row in own]
    rows.sort(key=lambda pair: pair[1][0], reverse=not back)
    for place, key in reversed(list(enumerate(sort, 1))):
        rows.sort(key=lambda pair: pair[1][place : len(pair[1]) - HEAD][0], reverse=key.descending != back)
    return rows[:limit]
