"""From the parameters of a request to a `Query`: nothing is guessed, nothing is silently left out (R4 search.html)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from charthouse.base.errors import Problem
from charthouse.fhir.definitions import Definitions
from charthouse.search import result
from charthouse.search.criteria import Criteria
from charthouse.search.known import Book, too_many
from charthouse.search.query import MAX_CRITERIA, Query
from charthouse.store.index import Extractor

Params = Sequence[tuple[str, str]]


class Parser:
    """Reads searches by the definitions; `bases` are the addresses under which this record is served."""

    def __init__(self, definitions: Definitions, extractor: Extractor, bases: Collection[str] = ()) -> None:
        self._book = Book(definitions, extractor, bases)

    def query(self, type: str, params: Params, *, lenient: bool = False) -> Query:
        """The query for `params` on `type`.

        Raises `Problem(invalid)` for what is wrong and `Problem(unsupported)` for what is right but
        not answered here, naming the parameter. With `lenient` such parameters are left out and
        reported in `Query.ignored` (R4 search.html#errors).
        """
        self._book.of(type)
        query = Query(type)
        criteria = Criteria(self._book, lambda kind, code: query.touched.append((kind, code)))
        for name, text in params:
            try:
                if name[:1] == "_" and result.take(self._book, query, name, text):
                    continue
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
