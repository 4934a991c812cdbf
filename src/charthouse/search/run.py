"""The search itself: what is asked, under which policy, at which moment, and in how much time (see `paging`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from charthouse.base.clock import now
from charthouse.base.errors import Problem, invalid
from charthouse.db.connect import Connection
from charthouse.fhir.definitions import Definitions
from charthouse.search import latest
from charthouse.search.coded import Coded, Codes
from charthouse.search.concordance import Concordance, close, read_up
from charthouse.search.contained import single_query, spread
from charthouse.search.criteria import Touch
from charthouse.search.explain import Explanation, advice, described
from charthouse.search.include import Narrow, included
from charthouse.search.known import unsupported
from charthouse.search.latest import Latest
from charthouse.search.named import Asked, Queries
from charthouse.search.names import Names, Units
from charthouse.search.page import Cursor, Found, Page, Seal, foreign
from charthouse.search.paging import Paging, taken
from charthouse.search.parse import Params, Parser
from charthouse.search.partial import Standing, told, unmarked
from charthouse.search.plan import conditions
from charthouse.search.proof import Proofs
from charthouse.search.query import DEFAULT_COUNT, MAX_COUNT, Query, Total
from charthouse.search.several import NAME as TYPES
from charthouse.search.several import Operation, Permit, Subject, Unseen, chosen, grounds, single
from charthouse.search.text import Fragment, Texts
from charthouse.search.whole import Whole
from charthouse.store.index import Extractor
from charthouse.store.index.sources import OWN
from charthouse.store.parameters import Parameters
from charthouse.store.read import Reader

SECONDS: Final = 10.0  # that one search may take
STEPS: Final = 20_000  # of SQLite's machine, about 1 ms, between two looks at the clock

Row = tuple[Any, ...]


class Search:
    """Searches of one record; shared by its reader threads.

    `key` seals the cursors (see `Seal`), `bases` are the addresses under which the record is served.
    """

    def __init__(
        self,
        definitions: Definitions,
        extractor: Extractor,
        reader: Reader,
        dialect: str,
        *,
        key: bytes,
        bases: Collection[str] = (),
        page_size: int = DEFAULT_COUNT,
        page_limit: int = MAX_COUNT,
        codes: Codes | None = None,
        units: Units | None = None,
        words: Concordance | None = None,
        parameters: Parameters | None = None,
    ) -> None:
        self._sizes = (page_size, page_limit)
        self._definitions = definitions
        self.parser = Parser(definitions, extractor, bases)
        self._reader = reader
        self._texts = Texts(dialect)
        coded = Coded(self._texts, codes)
        self._names = Names(self._texts, reader.numbers, coded, units=units)
        self._inside = Names(self._texts, reader.numbers, coded, units=units, remember=False)
        self._extractor = extractor
        self._proofs = Proofs(definitions, bases, extractor)
        self._words = words
        self._standing = Standing(parameters)
        self._seal = Seal(key)
        self._paging = Paging(reader, self._texts, self._names, self._proofs, extractor, self._seal)
        self._latest = Latest(self._texts, self._names, reader)
        self.named = Queries(definitions, reader, self._ids)
        self.whole = Whole(definitions, self.parser, self._texts, self._names, reader)

    def search(
        self,
        connection: Connection,
        type: str | None,
        params: Params = (),
        *,
        cursor: str | None = None,
        lenient: bool = False,
        narrow: Narrow | None = None,
        touch: Touch | None = None,
        within: Subject | None = None,
        permit: Permit | None = None,
        operation: Operation | None = None,
        unseen: Unseen | None = None,
        seconds: float = SECONDS,
    ) -> Page:
        """A page of `type` (None: of several, see `_type`): the first one of a search, or the one `cursor` leads to.

        A cursor holds its search; `params` may be left out with it and must be the same otherwise.
        `narrow` limits what is shown, in matches, includes and totals alike, and what may be walked
        through to find it. `touch` is told each (type, parameter) that the answer rests on, before
        anything is looked up, and may raise. `within` is the subject (type, id) of a compartment that
        all of it must be in; `permit` says which of several types may be searched; `operation` is what asks, where
        that is not a plain search; by `unseen` parameters nothing is in a compartment. Raises `Problem(invalid)`,
        `Problem(unsupported)`, or `Problem(too_costly)` after `seconds`.
        """
        place = self._seal.open(cursor) if cursor else None
        where = "/".join((*(within or ()), type or "")) + (f"/{operation.word}" if operation else "")
        if place is not None and unmarked(place.type) != where:
            raise foreign()
        params = params if place is None or params else place.params
        asked = self._asked(connection, type, params, place.at if place else now(), lenient=lenient)
        queries = self.queries(
            type, params, lenient=lenient, within=within, permit=permit, operation=operation, unseen=unseen,
            named=asked,
        )  # fmt: skip
        where += (mark := self._standing.mark(queries))
        where += f"{OWN}{asked.mark}" if asked is not None else ""
        if place is not None and (where, tuple(queries[0].used)) != (place.type, place.params):
            raise foreign()
        _told(queries, touch)
        seconds = read_up(self._words, connection, queries, seconds)
        with connection.within(seconds, min(STEPS, int(seconds * STEPS * 100))), connection.snapshot():
            notes = self._standing.notes(connection, queries, mark)
            start = place or _start(where, queries[0])
            return told(self._paging.page(connection, queries, start, narrow, is_first=place is None), notes)

    def queries(
        self,
        type: str | None,
        params: Params,
        *,
        lenient: bool = False,
        within: Subject | None = None,
        permit: Permit | None = None,
        operation: Operation | None = None,
        unseen: Unseen | None = None,
        named: Asked | None = None,
    ) -> list[Query]:
        """What is asked, of each type that it is asked of; `Query.touched` says what an answer rests on."""
        loose = operation is not None and operation.loose
        inside = None if within is None else self.parser.compartment(within[0], loose=loose)
        if type is None:
            types = chosen(self._definitions, params, inside, permit)
            queries = self.parser.queries(types, params, lenient=lenient)
        else:
            own = single(self._definitions, type, params)
            queries = [self.parser.query(type, own, lenient=lenient, named=named)]
            if own is not params:
                queries[0].used = [pair for pair in params if pair in queries[0].used or pair[0] == TYPES]
        usual, most = self._sizes
        for query in queries:
            if query.count == DEFAULT_COUNT and not any(name == "_count" for name, _ in query.used):
                query.count = usual
            query.count = min(query.count, most)
            if within is not None:
                self._enclose(query, within, unseen(query.type) if unseen else (), loose=loose)
            if operation is not None:
                also = self.parser.query(query.type, operation.also(query.type))
                query.criteria += also.criteria
                query.touched += also.touched
        close(self._words, queries, lenient=lenient)
        return spread(queries, self._definitions, permit)

    def _asked(
        self, connection: Connection, type: str | None, params: Params, at: int, *, lenient: bool
    ) -> Asked | None:
        """The named query that is asked; None where that is refused and may be left out."""
        try:
            return self.named.asked(connection, type, params, at)
        except Problem:
            if lenient:  # refused again where it is read, and told there
                return None
            raise

    def _ids(self, connection: Connection, type: str, params: Params, limit: int) -> list[str]:
        """The ids of what meets plain conditions, whoever asks."""
        return self.find(connection, type, params, limit=limit)

    def _enclose(self, query: Query, within: Subject, but: Collection[str], *, loose: bool) -> None:
        """Add the condition to be in a compartment, by other links than `but` where there are some."""
        links = self.parser.links(query.type, within[0], loose=loose)
        if query.type != within[0] and all(code in but for code in links):
            but = ()
        inside = self.parser.within(query.type, within, loose=loose, but=but)
        if inside is None:
            raise invalid(
                "value", f"{query.type} is not in the compartment of a {within[0]}.", place=query.type,
                repair=f"Search {query.type} by its own parameters.",
            )  # fmt: skip
        query.criteria += inside
        query.touched += [(query.type, code) for code in links if code not in but]

    def explain(
        self,
        connection: Connection,
        type: str,
        params: Params = (),
        *,
        narrow: Narrow | None = None,
        touch: Touch | None = None,
        within: Subject | None = None,
        unseen: Unseen | None = None,
        seconds: float = SECONDS,
    ) -> Explanation:
        """How the first page of a search of `type` is found: carried out, and told instead of its matches.

        The figures are those of the record as it is, whatever the actor may see of it.
        """
        found = Explanation(type)
        asked_named = self.named.asked(connection, type, params, now())
        read = found.timed(
            "read the parameters",
            lambda: self.queries(type, params, within=within, unseen=unseen, named=asked_named),
        )
        query = single_query(read)
        _told([query], touch)
        with connection.within(seconds, STEPS), connection.snapshot():
            found.incomplete = [note.message for note in self._standing.notes(connection, [query])]
            at = now()
            asked = found.timed(
                "look up names and other resources",
                lambda: self._paging.clauses(connection, self._names, query, at, narrow),
            )
            allowed = found.timed("work out the policy", lambda: narrow(type) if narrow else None)
            plan = found.timed(
                "choose where to begin",
                lambda: self._paging.plan(connection, self._names, query, asked, allowed),
            )
            steps = [] if plan.is_empty else plan.page(())
            rows = found.timed("find the page", lambda: taken(connection, steps, query.count + 1))
            found.conditions = described(connection, self._texts, asked)
        found.driver, found.order = plan.driver, plan.told_order
        found.policy = None if allowed is None else allowed.sql
        found.statements = [sql for sql, _ in steps]
        found.matches = len(rows) if len(rows) <= query.count else None
        found.advice = advice(plan, found)
        return found

    def find(
        self,
        connection: Connection,
        type: str,
        params: Params,
        *,
        narrow: Narrow | None = None,
        touch: Touch | None = None,
        limit: int = 2,
    ) -> list[str]:
        """The ids of at most `limit` matches; also for use inside a write transaction."""
        query = self.parser.query(type, params)
        single_query([query])
        _told([query], touch)
        query.sort = ()
        self._standing.require(connection, query)
        asked = self._paging.clauses(connection, self._inside, query, now(), narrow)
        found = self._paging.plan(connection, self._inside, query, asked, narrow(type) if narrow else None)
        rows = [] if found.is_empty else taken(connection, found.page(()), limit)
        return [stored.id for stored in self._reader.found(type, rows)]

    def latest(
        self,
        connection: Connection,
        params: Params,
        most: int,
        *,
        lenient: bool = False,
        narrow: Narrow | None = None,
        touch: Touch | None = None,
        seconds: float = SECONDS,
    ) -> Page:
        """Of the Observations that a search finds the newest `most` of each subject and code, in one page (see
        `latest`). Raises as `search` does."""
        query = single_query([self.parser.query(latest.TYPE, params, lenient=lenient)])
        close(self._words, [query], lenient=lenient)
        query.touched += [(latest.TYPE, code) for code in latest.BASIS]
        _told([query], touch)
        mark = self._standing.mark([query])
        seconds = read_up(self._words, connection, [query], seconds)
        sources = {code: self.parser.source(latest.TYPE, code) for code in latest.BASIS}
        with connection.within(seconds, min(STEPS, int(seconds * STEPS * 100))), connection.snapshot():
            notes = self._standing.notes(connection, [query], mark)
            asked = self._paging.clauses(connection, self._names, query, now(), narrow)
            allowed = narrow(latest.TYPE) if narrow else None
            found = self._paging.plan(connection, self._names, query, asked, allowed)
            keys = self._latest.keys(connection, found, sources, most)
            entries = [Found(one, "match") for one in self._reader.heads(connection, keys)]
            others, left_out = included(connection, self._names, self._texts, query.includes, keys, narrow)
            entries += [Found(one, "include") for one in self._reader.heads(connection, others)]
        total = None if query.total is Total.NONE else len(keys)
        return told(Page(entries, total, params=query.used, notes=[*query.ignored, *left_out]), notes)

    def condition(self, connection: Connection, type: str, params: Params) -> Fragment:
        """Search parameters as one condition on a resource `r`, e.g. to build a `Narrow` from."""
        query = self.parser.settled(type, params)
        for one in query.criteria:
            if not one.is_plain:
                raise unsupported(
                    "A rule cannot look at other resources, or into one.", one.name, "Use plain parameters."
                )
        return conditions(connection, self._names, self._texts, query, now())


def _told(queries: Sequence[Query], touch: Touch | None) -> None:
    """Tell what the queries rest on."""
    if touch is not None:
        for type, code in grounds(queries):
            touch(type, code)


def _start(where: str, query: Query) -> Cursor:
    """The place of a first page."""
    return Cursor(where, tuple(query.used), now(), None, None, False, ())
