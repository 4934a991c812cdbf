"""The search itself: a page of matches, what comes along with them, the total, and the links to other pages.

What a walk from page to page promises. Without `_sort` the order is that of the resource keys,
which never change: every resource that stays is met exactly once. With `_sort` the first page
notes the last version that existed, and the later pages leave out what was changed since: what
stays as it was is met exactly once, what changes is met at most once. This rests on version
numbers being given in the order of the commits on SQLite (one writer); on PostgreSQL the first page
notes its snapshot as well, and what that did not show counts as changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec.structs import replace

from charthouse.base.clock import now
from charthouse.base.errors import invalid
from charthouse.db.connect import Connection
from charthouse.fhir.definitions import Definitions
from charthouse.search import latest
from charthouse.search.clause import Clause, clauses
from charthouse.search.coded import Coded, Codes
from charthouse.search.concordance import Concordance, close, read_up
from charthouse.search.contained import hits, single_query, spread
from charthouse.search.criteria import Touch
from charthouse.search.explain import Explanation, advice, described
from charthouse.search.few import few
from charthouse.search.include import Narrow, included
from charthouse.search.known import unsupported
from charthouse.search.latest import Latest
from charthouse.search.names import Names, Units
from charthouse.search.page import Cursor, Found, Page, Seal, foreign
from charthouse.search.parse import Params, Parser
from charthouse.search.partial import Standing, told, unmarked
from charthouse.search.plan import Plan, conditions, plan
from charthouse.search.proof import Proofs
from charthouse.search.query import DEFAULT_COUNT, MAX_COUNT, Query, Total
from charthouse.search.resolve import Resolver
from charthouse.search.several import NAME as TYPES
from charthouse.search.several import Operation, Permit, Subject, Unseen, chosen, grounds, merged, single
from charthouse.search.text import Fragment, Texts
from charthouse.search.total import total as counted
from charthouse.search.view import view
from charthouse.search.whole import Whole
from charthouse.store.index import Extractor
from charthouse.store.parameters import Parameters
from charthouse.store.read import HEAD, Reader

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
        self._latest = Latest(self._texts, self._names, reader)
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
        queries = self.queries(
            type, params, lenient=lenient, within=within, permit=permit, operation=operation, unseen=unseen
        )
        where += (mark := self._standing.mark(queries))
        if place is not None and (where, tuple(queries[0].used)) != (place.type, place.params):
            raise foreign()
        _told(queries, touch)
        seconds = read_up(self._words, connection, queries, seconds)
        with connection.within(seconds, min(STEPS, int(seconds * STEPS * 100))), connection.snapshot():
            notes = self._standing.notes(connection, queries, mark)
            start = place or _start(where, queries[0])
            return told(self._page(connection, queries, start, narrow, is_first=place is None), notes)

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
    ) -> list[Query]:
        """What is asked, of each type that it is asked of; `Query.touched` says what an answer rests on."""
        loose = operation is not None and operation.loose
        inside = None if within is None else self.parser.compartment(within[0], loose=loose)
        if type is None:
            types = chosen(self._definitions, params, inside, permit)
            queries = self.parser.queries(types, params, lenient=lenient)
        else:
            own = single(self._definitions, type, params)
            queries = [self.parser.query(type, own, lenient=lenient)]
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
        read = found.timed(
            "read the parameters", lambda: self.queries(type, params, within=within, unseen=unseen)
        )
        query = single_query(read)
        _told([query], touch)
        with connection.within(seconds, STEPS), connection.snapshot():
            found.incomplete = [note.message for note in self._standing.notes(connection, [query])]
            at = now()
            asked = found.timed(
                "look up names and other resources",
                lambda: self._clauses(connection, self._names, query, at, narrow),
            )
            allowed = found.timed("work out the policy", lambda: narrow(type) if narrow else None)
            plan = found.timed(
                "choose where to begin", lambda: self._plan(connection, self._names, query, asked, allowed)
            )
            steps = [] if plan.is_empty else plan.page(())
            rows = found.timed("find the page", lambda: _rows(connection, steps, query.count + 1))
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
        asked = self._clauses(connection, self._inside, query, now(), narrow)
        found = self._plan(connection, self._inside, query, asked, narrow(type) if narrow else None)
        rows = [] if found.is_empty else _rows(connection, found.page(()), limit)
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
            asked = self._clauses(connection, self._names, query, now(), narrow)
            allowed = narrow(latest.TYPE) if narrow else None
            found = self._plan(connection, self._names, query, asked, allowed)
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

    def _clauses(
        self, connection: Connection, names: Names, query: Query, at: int, narrow: Narrow | None
    ) -> list[Clause]:
        """The clauses of a query, with what leads to other resources worked out."""
        if query.is_plain:
            return clauses(connection, names, query.type, query.criteria, at)
        resolver = Resolver(connection, names, self._texts, self._reader, self._proofs, narrow, at)
        return resolver.clauses(query.type, query.criteria)

    def _plan(
        self,
        connection: Connection,
        names: Names,
        query: Query,
        asked: Sequence[Clause],
        allowed: Fragment | None,
    ) -> Plan:
        return plan(
            connection,
            names,
            self._texts,
            query,
            asked,
            narrow=allowed,
            live=lambda: self._reader.live(connection, query.type),
        )

    def _page(
        self,
        connection: Connection,
        queries: Sequence[Query],
        place: Cursor,
        narrow: Narrow | None,
        *,
        is_first: bool,
    ) -> Page:
        """One page; everything inside sees the same moment."""
        query = queries[0]
        plans: list[tuple[Query, Plan]] = []
        for one in queries:
            if len(queries) > 1 and not self._reader.live(connection, one.type):
                continue
            asked = self._clauses(connection, self._names, one, place.at, narrow)
            allowed = narrow(one.type) if narrow else None
            if is_first and query.count and not query.sort and len(queries) == 1:
                known = few(connection, self._texts, asked, allowed)
                if known is not None and known.is_all:
                    total = None if query.total is Total.NONE else len(known.rows)
                    rows = [(query.type, row) for row in known.rows]
                    return self._made(connection, query, replace(place, total=total), rows, narrow)
            plans.append((one, self._plan(connection, self._names, one, asked, allowed)))
        rows = self._matches(connection, plans, place) if query.count else []
        seen = "" if is_first else view(query, narrow)
        if is_first or seen != place.view:
            # in other hands a page has another total, and nothing is told of the one before
            is_all = is_first and 0 < query.count >= len(rows)
            total = len(rows) if is_all else None
            place = replace(place, total=counted(connection, self._reader, plans, total), view=seen)
            if is_first and not is_all and query.count and query.sort:
                row = connection.one(self._texts.lookup.last_version)
                place = replace(place, bound=row[0] if row else 0)
        return self._made(connection, query, place, rows, narrow, is_first=is_first)

    def _matches(
        self, connection: Connection, plans: Sequence[tuple[Query, Plan]], place: Cursor
    ) -> list[tuple[str, Row]]:
        """The rows of a page and one more, where there is one, each with its type."""
        found: dict[str, list[Row]] = {}
        for query, its in plans:
            if not its.is_empty:
                steps = its.page(place.position, back=place.back, bound=place.bound)
                found[query.type] = _rows(connection, steps, query.count + 1)
        if len(found) == 1:
            return [(type, row) for type, rows in found.items() for row in rows]
        return merged(found, plans[0][0].sort, back=place.back, limit=plans[0][0].count + 1) if found else []

    def _made(
        self,
        connection: Connection,
        query: Query,
        place: Cursor,
        rows: list[tuple[str, Row]],
        narrow: Narrow | None,
        *,
        is_first: bool = True,
    ) -> Page:
        """The page of the first of `rows`, with what comes along, and links where there are more of them."""
        more = len(rows) > query.count > 0
        rows = rows[: query.count]
        if place.back:
            rows.reverse()
        kinds = {type for type, _ in rows} if len(rows) and query.types else {query.type}
        if len(kinds) == 1:
            stored = self._reader.found(kinds.pop(), [row for _, row in rows])
        else:
            stored = [one for type, row in rows for one in self._reader.found(type, (row,))]
        entries = hits(stored, query, self._extractor, place.at, self._names, connection.until)
        notes = query.ignored
        if query.includes and rows:
            keys = [row[0] for _, row in rows]
            others, left_out = included(connection, self._names, self._texts, query.includes, keys, narrow)
            entries += [Found(stored, "include") for stored in self._reader.heads(connection, others)]
            notes = [*notes, *left_out]
        page = Page(entries, place.total, params=query.used, notes=notes)
        if query.opens:  # whose containers were counted, not they
            page.total = (
                None if more or place.position or place.total is None or not query.count else len(entries)
            )
        if more or place.position:
            if is_first:
                place = replace(place, view=view(query, narrow))
            self._link(page, place, [row for _, row in rows], more=more)
        return page

    def _link(self, page: Page, place: Cursor, rows: list[Row], *, more: bool) -> None:
        """Set the cursors of a page that is not the only one."""
        page.first = self._seal.close(replace(place, back=False, position=()))
        if not rows:
            return
        first, last = rows[0], rows[-1]
        if more or place.back:
            page.next = self._seal.close(replace(place, back=False, position=_position(last)))
        if place.position and (more or not place.back):
            page.prev = self._seal.close(replace(place, back=True, position=_position(first)))


def _told(queries: Sequence[Query], touch: Touch | None) -> None:
    """Tell what the queries rest on."""
    if touch is not None:
        for type, code in grounds(queries):
            touch(type, code)


def _start(where: str, query: Query) -> Cursor:
    """The place of a first page."""
    return Cursor(where, tuple(query.used), now(), None, None, False, ())


def _position(row: Row) -> tuple[Any, ...]:
    """The place of a row in the order: its sort values, and its key."""
    return (*row[1:-HEAD], row[0])


def _rows(connection: Connection, steps: Sequence[Fragment], limit: int) -> list[Row]:
    """The rows of a page: of each statement as many as the one before left wanting."""
    rows: list[Row] = []
    for sql, args in steps:
        rows += connection.run(sql, (*args, limit - len(rows)))
        if len(rows) >= limit:
            break
    return rows
