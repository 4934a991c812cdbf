"""From the parameters of a request to a `Query`: nothing is guessed, nothing is silently left out (R4 search.html)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from charthouse.base.errors import Problem
from charthouse.fhir.definitions import Definitions
from charthouse.search import formula, result
from charthouse.search.criteria import Criteria, is_costly, placed
from charthouse.search.known import Book, too_many, unsupported
from charthouse.search.named import NAME as QUERY
from charthouse.search.named import Asked
from charthouse.search.query import MAX_CRITERIA, SUBJECT, Criterion, Hop, Kind, Link, Query, Span
from charthouse.search.several import Params, Subject
from charthouse.store.index import Extractor, Source
from charthouse.store.index.extract import INSIDE

__all__ = ["Params", "Parser"]

OWN = "{def}"  # stands in a compartment for the subject itself
ABOUT = ("patient", "subject", "beneficiary", "individual")  # what names the patient of other types


class Parser:
    """Reads searches by the definitions; `bases` are the addresses under which this record is served."""

    def __init__(self, definitions: Definitions, extractor: Extractor, bases: Collection[str] = ()) -> None:
        self._book = Book(definitions, extractor, bases)
        self.bases = tuple(bases)
        self._loose: Mapping[str, Sequence[str]] = {}

    def within(
        self, type: str, subject: Subject, *, loose: bool = False, but: Collection[str] = ()
    ) -> list[Criterion] | None:
        """The conditions that resources of `type` are in the compartment of a subject; None where none is
        (R4 compartmentdefinition.html). A subject is in its own. With `loose` what is about it otherwise is in too;
        the links `but` are passed over. Raises `Problem` where the subject's type has no compartment."""
        kind, id = subject
        codes = self._links(kind, loose=loose).get(type)
        if codes is None:
            return None
        codes = [code for code in codes if code not in but]
        stored = tuple(dict.fromkeys(
            name for code in codes if code != OWN for name in self.stored(type, code)
        ))  # fmt: skip
        name = next((code for code in codes if code != OWN), "_id")
        if type == kind:
            return [Criterion(kind, Kind.ID, Source(stored), (id,), False, SUBJECT, name)] if id else []
        if not id:
            anyone = Criterion(
                "_lastUpdated", Kind.UPDATED, Source(()), (Span("ge", 0, 1),), code="_lastUpdated"
            )
            return [Criterion(kind, Kind.CHAIN, Source(stored), (Hop(kind, anyone),), code=name)]
        return [Criterion(kind, Kind.REFERENCE, Source(stored), (Link((kind,), id, None),), code=name)]

    def links(self, type: str, kind: str, *, loose: bool = False) -> list[str]:
        """The search parameters by which resources of `type` are in a compartment."""
        return [code for code in self._links(kind, loose=loose).get(type, ()) if code != OWN]

    def _links(self, kind: str, *, loose: bool) -> Mapping[str, Sequence[str]]:
        try:
            found = self._book.definitions.compartment(kind)
        except KeyError:
            raise unsupported(
                f"{kind} has no compartment here.",
                kind,
                "Search by a reference, e.g. Observation?subject=Group/1.",
            ) from None
        if not loose or kind != "Patient":
            return found
        if not self._loose:
            types = self._book.definitions.resource_types
            about = {type: self._about(type) for type in types if type not in found}
            self._loose = {**found, **{type: codes for type, codes in about.items() if codes}}
        return self._loose

    def _about(self, type: str) -> list[str]:
        """The parameters by which what no compartment has is about a patient all the same."""
        if type in ("Binary", "Bundle"):
            return [INSIDE]
        standard = self._book.definitions.standard.search_params(type)  # a clinic's own come and go
        known = {code: param for code, param in self._book.of(type).items() if code in standard}
        return [code for code in ABOUT if code in known and known[code].refers_to("Patient")]

    def can_refer(self, type: str, targets: Sequence[str]) -> bool:
        """Whether a reference parameter of `type` can lead to one of `targets`."""
        known = [one for one in self._book.of(type).values() if one.kind is Kind.REFERENCE]
        return any(one.refers_to(target) for one in known for target in targets)

    def stored(self, type: str, code: str) -> tuple[str, ...]:
        """The names under which the values of a parameter are in the index."""
        known = self._book.of(type)
        return known[code].source.codes if code in known else (code,)

    def source(self, type: str, code: str) -> Source:
        """Where the values of a search parameter stand."""
        return self._book.of(type)[code].source

    def compartment(self, kind: str, *, loose: bool = False) -> Sequence[str]:
        """The types that can be in a compartment."""
        return tuple(self._links(kind, loose=loose))

    def settled(self, type: str, params: Params) -> Query:
        """The query, which must rest on parameters of the standard: those of the clinic's own come and go, and what a
        rule rests on must stay. Raises as `query` does."""
        query = self.query(type, params)
        own = self._book.definitions.own.types
        for kind, code in query.touched:
            if code in own.get(kind, ()):
                raise unsupported(
                    f'"{code}" is a search parameter of the clinic\'s own, which no rule can rest on.', code,
                    "Use a parameter of the standard.",
                )  # fmt: skip
        return query

    def queries(self, types: Sequence[str], params: Params, *, lenient: bool = False) -> list[Query]:
        """The same query on each of several types, which all have its parameters."""
        wanted = [pair for pair in params if pair[0] != "_type"]
        # what comes along is the same for all of them, and much where it is everything: it is read once
        others = [pair for pair in wanted if pair[0].partition(":")[0] not in ("_include", "_revinclude")]
        found = [
            self.query(type, others if at else wanted, lenient=lenient, types=tuple(types))
            for at, type in enumerate(types)
        ]
        for one in found:
            one.used = [pair for pair in params if pair in one.used or pair[0] == "_type"]
        return found

    def query(
        self,
        type: str,
        params: Params,
        *,
        lenient: bool = False,
        types: tuple[str, ...] = (),
        named: Asked | None = None,
    ) -> Query:
        """The query for `params` on `type`, which may be one of `types` that are searched at once; `named` is the named
        query that they ask.

        Raises `Problem(invalid)` for what is wrong and `Problem(unsupported)` for what is right but
        not answered here, naming the parameter. With `lenient` such parameters are left out and
        reported in `Query.ignored` (R4 search.html#errors).
        """
        self._book.definitions.current()
        self._book.of(type)
        query = Query(type, types)

        def touch(kind: str, code: str) -> None:
            query.touched.append((kind, code))

        criteria, filtering = Criteria(self._book, touch), Criteria(self._book, touch, filtering=True)

        def take(name: str, text: str) -> bool:
            """Take in one parameter, and say whether it still has to be noted as used."""
            if name[:1] == "_" and result.take(self._book, query, name, text):
                return False
            if name == formula.NAME:
                query.criteria.append(formula.read(filtering, type, text))
            else:
                query.criteria.append(criteria.read(type, name, text))
            if len(query.criteria) > MAX_CRITERIA:
                raise too_many("The search has too many conditions", name, MAX_CRITERIA)
            return True

        for name, text in params:
            try:
                if (named is None or (name != QUERY and name not in named.names)) and not take(name, text):
                    continue
            except Problem as failure:
                if not lenient or is_costly(failure):  # what is too much is no less when it is left out
                    raise
                query.ignored += failure.issues
                if len(query.ignored) > MAX_CRITERIA:
                    raise too_many(
                        "The search has too many parameters to leave out", name, MAX_CRITERIA
                    ) from None
                continue
            query.used.append((name, text))
        if named is not None:
            _fill(query, named, take)
        query.touched += [(type, key.code) for key in query.sort]
        if ("_summary", "count") in query.others:
            query.count = 0
        return query


def _fill(query: Query, asked: Asked, take: Callable[[str, str], bool]) -> None:
    """Add what a named query stands for. Of the order, the count and the total what the caller sent counts."""
    used = list(query.used)
    sent = {name for name, _ in used}
    for name, text, place in asked.filled:
        if name in ("_sort", "_count", "_total") and name in sent:
            continue
        try:
            take(name, text)
        except Problem as failure:
            raise placed(failure, place or QUERY) from None
    query.used = used
