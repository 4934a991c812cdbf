"""From the parameters of a request to a `Query`: nothing is guessed, nothing is silently left out (R4 search.html)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from charthouse.base.errors import Problem
from charthouse.fhir.definitions import Definitions
from charthouse.search import formula, result
from charthouse.search.criteria import Criteria
from charthouse.search.known import Book, too_many, unsupported
from charthouse.search.query import MAX_CRITERIA, Criterion, Kind, Link, Query
from charthouse.store.index import Extractor, Source

Params = Sequence[tuple[str, str]]
OWN = "{def}"  # stands in a compartment for the subject itself


class Parser:
    """Reads searches by the definitions; `bases` are the addresses under which this record is served."""

    def __init__(self, definitions: Definitions, extractor: Extractor, bases: Collection[str] = ()) -> None:
        self._book = Book(definitions, extractor, bases)

    def within(self, type: str, subject: tuple[str, str]) -> Criterion | None:
        """The condition that resources of `type` are in the compartment of a subject (type, id); None where none is
        (R4 compartmentdefinition.html). Raises `Problem` where the subject's type has no compartment."""
        kind, id = subject
        try:
            links = self._book.definitions.compartment(kind).get(type)
        except KeyError:
            raise unsupported(
                f"{kind} has no compartment here.",
                kind,
                "Search by a reference, e.g. Observation?subject=Group/1.",
            ) from None
        if links is None:
            return None
        if OWN in links:
            return Criterion(kind, Kind.ID, Source(()), (id,), code="_id")
        known = self._book.of(type)
        codes = tuple(dict.fromkeys(
            stored for code in links if code in known for stored in known[code].source.codes
        ))  # fmt: skip
        return Criterion(kind, Kind.REFERENCE, Source(codes), (Link((kind,), id, None),), code=links[0])

    def compartment(self, kind: str) -> Sequence[str]:
        """The types that can be in a compartment."""
        try:
            return tuple(self._book.definitions.compartment(kind))
        except KeyError:
            return ()

    def queries(self, types: Sequence[str], params: Params, *, lenient: bool = False) -> list[Query]:
        """The same query on each of several types, which all have its parameters."""
        wanted = [pair for pair in params if pair[0] != "_type"]
        found = [self.query(type, wanted, lenient=lenient, types=tuple(types)) for type in types]
        for one in found:
            one.used = [pair for pair in params if pair in one.used or pair[0] == "_type"]
        return found

    def query(
        self, type: str, params: Params, *, lenient: bool = False, types: tuple[str, ...] = ()
    ) -> Query:
        """The query for `params` on `type`, which may be one of `types` that are searched at once.

        Raises `Problem(invalid)` for what is wrong and `Problem(unsupported)` for what is right but
        not answered here, naming the parameter. With `lenient` such parameters are left out and
        reported in `Query.ignored` (R4 search.html#errors).
        """
        self._book.of(type)
        query = Query(type, types)

        def touch(kind: str, code: str) -> None:
            query.touched.append((kind, code))

        criteria = Criteria(self._book, touch)
        for name, text in params:
            try:
                if name[:1] == "_" and result.take(self._book, query, name, text):
                    continue
                if name == formula.NAME:
                    filtering = Criteria(self._book, touch, filtering=True)
                    query.criteria.append(formula.read(filtering, type, text))
                else:
                    query.criteria.append(criteria.read(type, name, text))
                if len(query.criteria) > MAX_CRITERIA:
                    raise too_many("The search has too many conditions", name, MAX_CRITERIA)
            except Problem as failure:
                if not lenient:
                    raise
                query.ignored += failure.issues
                continue
            query.used.append((name, text))
        query.touched += [(type, key.code) for key in query.sort]
        if ("_summary", "count") in query.others:
            query.count = 0
        return query
