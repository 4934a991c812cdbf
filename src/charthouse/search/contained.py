"""Resources inside other resources as what is searched for (`_contained`, R4 search.html#contained).

A resource has an index row for each type that it contains, and no more: contained resources are few and small. So a
search for them goes over the containers that are open to the actor and hold the type, and looks into each. What it
may ask is what can be judged so: plain parameters of the contained type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from charthouse.fhir.definitions import Definitions
from charthouse.fhir.resource import Tree
from charthouse.search.concordance import in_time, scored
from charthouse.search.known import unsupported
from charthouse.search.meets import Stating, meets_one
from charthouse.search.page import Found
from charthouse.search.query import Among, Criterion, Inside, Kind, Query, Token
from charthouse.search.several import Permit
from charthouse.store.body import Stored
from charthouse.store.index import Extractor, Source
from charthouse.store.index.extract import CONTAINED

NAME: Final = "_contained"
WHICH: Final = "_containedType"
_JUDGED: Final = frozenset((
    Kind.TOKEN, Kind.REFERENCE, Kind.URI, Kind.STRING, Kind.DATE, Kind.NUMBER, Kind.QUANTITY, Kind.ID,
))  # fmt: skip


def single_query(queries: Sequence[Query]) -> Query:
    """The one query of a search. Raises `Problem(unsupported)` for a search of contained resources."""
    if queries[0].contained:
        raise unsupported(f'"{NAME}" cannot be used here.', NAME, "Leave it out.")
    (found,) = queries
    return found


def spread(queries: list[Query], definitions: Definitions, permit: Permit | None = None) -> list[Query]:
    """The queries over all types that may contain what is looked for, and with "both" the query itself; of them those
    that `permit` leaves.

    Raises `Problem(unsupported)` for conditions that cannot be asked of a contained resource.
    """
    query = queries[0]
    if not query.contained:
        for one in queries:
            one.opens = False
        return queries
    if len(queries) > 1:
        raise unsupported(
            f'"{NAME}" wants the address of one type.', NAME, "Search e.g. Medication?_contained=true."
        )
    _check(query)
    own = Inside(query.type, tuple(query.criteria))
    containers = [type for type in definitions.resource_types if _contains(definitions, type)]
    both = query.contained == "both"
    types = tuple(containers if not both or query.type in containers else [query.type, *containers])
    types = tuple(types if permit is None else permit(types, False))
    touched = [*query.touched, *((type, "contained") for type in types)]
    found: list[Query] = []
    for type in types:
        if both and type == query.type:
            criteria = [_criterion(Kind.INSIDE, own._replace(is_itself=True))]
        else:
            criteria = [_criterion(Kind.TOKEN, Token(None, query.type))]
            criteria += [_criterion(Kind.INSIDE, own)] if own.criteria else []
        found.append(replace(query, type=type, types=types, criteria=criteria, touched=touched))
    return found


def _contains(definitions: Definitions, type: str) -> bool:
    return "contained" in definitions.type(type).elements


def _criterion(kind: Kind, value: Token | Inside) -> Criterion:
    source = Source((CONTAINED,) if kind is Kind.TOKEN else ())
    return Criterion(NAME, kind, source, (value,), code=NAME)


def _check(query: Query) -> None:
    for one in query.criteria:
        fits = (
            one.is_plain and one.kind in _JUDGED and not any(isinstance(value, Among) for value in one.values)
        )
        if not fits or (one.negated and one.kind is not Kind.TOKEN):
            raise unsupported(
                f'"{one.name}" cannot be asked of contained resources.', one.name,
                f"Use plain parameters of {query.type}, or leave {NAME} out.",
            )  # fmt: skip
    for key in query.sort:
        if key.kind not in (Kind.ID, Kind.UPDATED):
            raise unsupported(
                f'Contained resources cannot be sorted by "{key.code}".',
                "_sort",
                "Sort by _id or _lastUpdated.",
            )
    if query.includes:
        raise unsupported(
            f"Nothing can be included with {NAME}.", "_include", "Search for the container by its own type."
        )


def matching(tree: Tree, asked: Inside, extractor: Extractor, at: int, stating: Stating) -> Iterator[Tree]:
    """The resources contained in `tree` that are of the type and meet the criteria; `at` (ms) is now."""
    for inner in tree.get("contained") or ():
        is_of_type = isinstance(inner, dict) and inner.get("resourceType") == asked.type
        if is_of_type and meets(inner, asked.criteria, extractor, at, stating):
            yield inner


def meets(tree: Tree, criteria: Sequence[Criterion], extractor: Extractor, at: int, stating: Stating) -> bool:
    """Whether a resource meets criteria that can be judged without an index."""
    rows = extractor.rows(tree, str(tree["resourceType"]))
    return all(meets_one(rows, str(tree.get("id", "")), one, at, stating) for one in criteria)


def hits(
    found: Sequence[Stored],
    query: Query,
    extractor: Extractor,
    at: int,
    stating: Stating,
    until: float | None = None,
) -> list[Found]:
    """The matches of a page: the resources found, or what was looked for inside them, each with its place. Raises
    `Problem(too_costly)` where that takes longer than `until` (`time.monotonic()`)."""
    if not query.opens:
        return scored(query, [Found(one, "match") for one in found], until)
    asked = next((one.values[0] for one in query.criteria if one.kind is Kind.INSIDE), None)
    wanted = next((one.values[0] for one in query.criteria if one.kind is Kind.TOKEN), None)
    entries: list[Found] = []
    if not isinstance(asked, Inside):
        asked = Inside(str(wanted.code) if isinstance(wanted, Token) else query.type, ())
    for stored in found:
        in_time(until)
        if (
            query.contained == "both"
            and stored.type == asked.type
            and meets(stored.tree, asked.criteria, extractor, at, stating)
        ):
            entries.append(Found(stored, "match"))
        inside = matching(stored.tree, asked, extractor, at, stating)
        entries += [_entry(stored, inner) for inner in inside]
    return entries


def _entry(container: Stored, inner: dict[str, Any]) -> Found:
    """A contained resource as it stands, which is kept, versioned and audited as its container."""
    place = f"{container.type}/{container.id}#{inner.get('id', '')}"
    return Found(Stored.inside(container, inner), "match", place=place)
