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
from charthouse.base.errors import Problem, invalid
from charthouse.db.connect import Connection
from charthouse.fhir.definitions import Definitions
from charthouse.search.clause import Clause, clauses
from charthouse.search.coded import Coded, Codes
from charthouse.search.criteria import Touch
from charthouse.search.explain import Explanation, advice, described
from charthouse.search.few import few
from charthouse.search.include import Narrow, included
from charthouse.search.known import unsupported
from charthouse.search.names import Names, Units
from charthouse.search.page import Cursor, Found, Page, Seal
from charthouse.search.parse import Params, Parser
from charthouse.search.plan import Plan, conditions, plan
from charthouse.search.proof import Proofs
from charthouse.search.query import DEFAULT_COUNT, MAX_COUNT, Among, Query, Total
from charthouse.search.resolve import Resolver
from charthouse.search.several import merged, types_of
from charthouse.search.text import Fragment, Texts
from charthouse.search.view import view
from charthouse.store.index import Extractor
from charthouse.store.read import HEAD, Reader

SECONDS: Final = 10.0  # that one search may take
STEPS: Final = 20_000  # of SQLite's machine, about 1 ms, between two looks at the clock
COUNTED: Final = 1000  # matches up to which a total that nobody asked for is counted

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
    ) -> None:
        self._sizes = (page_size, page_limit)
        self._definitions = definitions
        self.parser = Parser(definitions, extractor, bases)
        self._reader = reader
        self._texts = Texts(dialect)
        coded = Coded(self._texts, codes)
        self._names = Names(self._texts, reader.numbers, coded, units=units)
        self._inside = Names(self._texts, reader.numbers, coded, units=units, remember=False)
        self._proofs = Proofs(definitions, bases)
        self._seal = Seal(key)

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
        within: tuple[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Page:
        """A page of `type` (None: of several, see `_type`): the first one of a search, or the one `cursor` leads to.

        A cursor holds its search; `params` may be left out with it and must be the same otherwise.
        `narrow` limits what is shown, in matches, includes and totals alike, and what may be walked
        through to find it. `touch` is told each (type, parameter) that the answer rests on, before
        anything is looked up, and may raise. `within` is the subject (type, id) of a compartment that
        all of it must be in. Raises `Problem(invalid)`, `Problem(unsupported)`, or
        `Problem(too_costly)` after `seconds`.
        """
        place = self._seal.open(cursor) if cursor else None
        where = "/".join((*(within or ()), type or ""))
        if place is not None and place.type != where:
            raise _foreign()
        params = params if place is None or params else place.params
        queries = self.queries(type, params, lenient=lenient, within=within)
        if place is not None and tuple(queries[0].used) != place.params:
            raise _foreign()
        _told(queries, touch)
        with connection.within(seconds, min(STEPS, int(seconds * STEPS * 100))), connection.snapshot():
            return self._page(
                connection, queries, place or _start(where, queries[0]), narrow, is_first=place is None
            )

    def queries(
        self,
        type: str | None,
        params: Params,
        *,
        lenient: bool = False,
        within: tuple[str, str] | None = None,
    ) -> list[Query]:
        """What is asked, of each type that it is asked of; `Query.touched` says what an answer rests on."""
        if type is None:
            types = types_of(self._definitions, params)
            if within is not None:
                inside = frozenset(self.parser.compartment(within[0]))
                types = tuple(one for one in types if one in inside) or types[:1]
            queries = self.parser.queries(types, params, lenient=lenient)
        else:
            queries = [self.parser.query(type, params, lenient=lenient)]
        usual, most = self._sizes
        for query in queries:
            if query.count == DEFAULT_COUNT and not any(name == "_count" for name, _ in query.used):
                query.count = usual
            query.count = min(query.count, most)
            if within is not None:
                self._enclose(query, within)
        return queries

    def _enclose(self, query: Query, within: tuple[str, str]) -> None:
        """Add the condition to be in a compartment."""
        inside = self.parser.within(query.type, within)
        if inside is None:
            raise invalid(
                "value", f"{query.type} is not in the compartment of a {within[0]}.", place=query.type,
                repair=f"Search {query.type} by its own parameters.",
            )  # fmt: skip
        query.criteria.append(inside)
        query.touched.append((query.type, inside.code))

    def explain(
        self,
        connection: Connection,
        type: str,
        params: Params = (),
        *,
        narrow: Narrow | None = None,
        touch: Touch | None = None,
        seconds: float = SECONDS,
    ) -> Explanation:
        """How the first page of a search of `type` is found: carried out, and told instead of its matches.

        The figures are those of the record as it is, whatever the actor may see of it.
        """
        found = Explanation(type)
        (query,) = found.timed("read the parameters", lambda: self.queries(type, params))
        _told([query], touch)
        with connection.within(seconds, STEPS), connection.snapshot():
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
        limit: int = 2,
    ) -> list[str]:
        """The ids of at most `limit` matches; also for use inside a write transaction."""
        query = self.parser.query(type, params)
        for one in query.criteria:
            if isinstance(one.values[0], Among):
                raise unsupported(
                    "A condition cannot ask the code systems.",
                    one.name,
                    "List the codes, with commas between them.",
                )
        query.sort = ()
        asked = self._clauses(connection, self._inside, query, now(), narrow)
        found = self._plan(connection, self._inside, query, asked, narrow(type) if narrow else None)
        rows = [] if found.is_empty else _rows(connection, found.page(()), limit)
        return [stored.id for stored in self._reader.found(type, rows)]

    def condition(self, connection: Connection, type: str, params: Params) -> Fragment:
        """Search parameters as one condition on a resource `r`, e.g. to build a `Narrow` from."""
        query = self.parser.query(type, params)
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
            place = replace(place, total=self._total(connection, plans, total), view=seen)
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
        entries = [Found(one, "match") for one in stored]
        notes = query.ignored
        if query.includes and rows:
            keys = [row[0] for _, row in rows]
            others, left_out = included(connection, self._names, self._texts, query.includes, keys, narrow)
            entries += [Found(stored, "include") for stored in self._reader.heads(connection, others)]
            notes = [*notes, *left_out]
        page = Page(entries, place.total, params=query.used, notes=notes)
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

    def _total(
        self, connection: Connection, plans: Sequence[tuple[Query, Plan]], known: int | None
    ) -> int | None:
        """The number of matches, as far as it was asked for; `known` when the first page holds them all.

        `_total=estimate` is answered with the exact number.
        """
        if plans and plans[0][0].total is Total.NONE:
            return None
        if known is not None:
            return known
        total = 0
        for query, its in plans:
            counted = self._count(connection, query, its)
            if counted is None:
                return None
            total += counted
        return total

    def _count(self, connection: Connection, query: Query, found: Plan) -> int | None:
        """The number of matches of one type."""
        if found.is_empty:
            return 0
        if found.is_whole_type:
            return self._reader.live(connection, query.type)
        if query.total is not Total.CHEAP or not query.count:
            return _number(connection, found.total())
        if found.is_narrowed:
            # whether a total is given must not tell how much is hidden
            counted = _number(connection, found.total(COUNTED + 1))
            return counted if counted <= COUNTED else None
        if not found.is_cheap_to_count and self._reader.live(connection, query.type) > COUNTED:
            return None
        counted = _number(connection, found.total(max(found.size or 0, COUNTED) + 1))
        return counted if counted <= max(found.size or 0, COUNTED) else None


def _told(queries: Sequence[Query], touch: Touch | None) -> None:
    """Tell what the queries rest on."""
    if touch is not None:
        for type, code in dict.fromkeys(pair for query in queries for pair in query.touched):
            touch(type, code)


def _foreign() -> Problem:
    return invalid(
        "value",
        "This page link belongs to another search.",
        place="_cursor",
        repair="Use the link as it was given.",
    )


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


def _number(connection: Connection, statement: Fragment) -> int:
    row = connection.one(*statement)
    return int(row[0]) if row else 0
