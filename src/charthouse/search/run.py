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
from charthouse.search.few import few
from charthouse.search.include import Narrow, included
from charthouse.search.known import unsupported
from charthouse.search.names import Names
from charthouse.search.page import Cursor, Found, Page, Seal
from charthouse.search.parse import Params, Parser
from charthouse.search.plan import Plan, conditions, plan
from charthouse.search.query import DEFAULT_COUNT, MAX_COUNT, Among, Query, Total
from charthouse.search.text import Fragment, Texts
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
    ) -> None:
        self._sizes = (page_size, page_limit)
        self.parser = Parser(definitions, extractor, bases)
        self._reader = reader
        self._texts = Texts(dialect)
        coded = Coded(self._texts, codes)
        self._names = Names(self._texts, reader.numbers, coded)
        self._inside = Names(self._texts, reader.numbers, coded, remember=False)
        self._seal = Seal(key)

    def search(
        self,
        connection: Connection,
        type: str,
        params: Params = (),
        *,
        cursor: str | None = None,
        lenient: bool = False,
        narrow: Narrow | None = None,
        seconds: float = SECONDS,
    ) -> Page:
        """A page of `type`: the first one of a search, or the one `cursor` leads to.

        A cursor holds its search; `params` may be left out with it and must be the same otherwise.
        `narrow` limits what is shown, in matches, includes and totals alike. Raises
        `Problem(invalid)`, `Problem(unsupported)`, or `Problem(too_costly)` after `seconds`.
        """
        place = self._seal.open(cursor) if cursor else None
        if place is not None and place.type != type:
            raise _foreign()
        query = self.parser.query(type, params if place is None or params else place.params, lenient=lenient)
        if place is not None and tuple(query.used) != place.params:
            raise _foreign()
        usual, most = self._sizes
        if query.count == DEFAULT_COUNT and not any(name == "_count" for name, _ in query.used):
            query.count = usual
        query.count = min(query.count, most)
        with connection.within(seconds, min(STEPS, int(seconds * STEPS * 100))), connection.snapshot():
            return self._page(connection, query, place or _start(query), narrow, is_first=place is None)

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
        asked = clauses(connection, self._inside, query, now())
        found = self._plan(connection, self._inside, query, asked, narrow(type) if narrow else None)
        rows = [] if found.is_empty else _rows(connection, found.page(()), limit)
        return [stored.id for stored in self._reader.found(type, rows)]

    def condition(self, connection: Connection, type: str, params: Params) -> Fragment:
        """Search parameters as one condition on a resource `r`, e.g. to build a `Narrow` from."""
        query = self.parser.query(type, params)
        return conditions(connection, self._names, self._texts, query, now())

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
        self, connection: Connection, query: Query, place: Cursor, narrow: Narrow | None, *, is_first: bool
    ) -> Page:
        """One page; everything inside sees the same moment."""
        asked = clauses(connection, self._names, query, place.at)
        allowed = narrow(query.type) if narrow else None
        if is_first and query.count and not query.sort:
            known = few(connection, self._texts, asked, allowed)
            if known is not None and known.is_all:
                total = None if query.total is Total.NONE else len(known.rows)
                return self._made(connection, query, replace(place, total=total), known.rows, narrow)
        found = self._plan(connection, self._names, query, asked, allowed)
        rows: list[Row] = []
        if query.count and not found.is_empty:
            steps = found.page(place.position, back=place.back, bound=place.bound)
            rows = _rows(connection, steps, query.count + 1)
        if is_first:
            is_all = 0 < query.count >= len(rows)
            place = replace(place, total=self._total(connection, query, found, len(rows) if is_all else None))
            if not is_all and query.count and found.keys:
                row = connection.one(self._texts.lookup.last_version)
                place = replace(place, bound=row[0] if row else 0)
        return self._made(connection, query, place, rows, narrow)

    def _made(
        self, connection: Connection, query: Query, place: Cursor, rows: list[Row], narrow: Narrow | None
    ) -> Page:
        """The page of the first of `rows`, with what comes along, and links where there are more of them."""
        more = len(rows) > query.count > 0
        rows = rows[: query.count]
        if place.back:
            rows.reverse()
        entries = [Found(stored, "match") for stored in self._reader.found(query.type, rows)]
        notes = query.ignored
        if query.includes and rows:
            keys = [row[0] for row in rows]
            others, left_out = included(connection, self._names, self._texts, query, keys, narrow)
            entries += [Found(stored, "include") for stored in self._reader.heads(connection, others)]
            notes = [*notes, *left_out]
        page = Page(entries, place.total, params=query.used, notes=notes)
        if more or place.position:
            self._link(page, place, rows, more=more)
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

    def _total(self, connection: Connection, query: Query, found: Plan, known: int | None) -> int | None:
        """The number of matches, as far as it was asked for; `known` when the first page holds them all.

        `_total=estimate` is answered with the exact number.
        """
        if query.total is Total.NONE:
            return None
        if known is not None:
            return known
        if found.is_empty:
            return 0
        if found.is_whole_type:
            return self._reader.live(connection, query.type)
        if query.total is not Total.CHEAP or not query.count:
            return _number(connection, found.total())
        if not found.is_cheap_to_count and self._reader.live(connection, query.type) > COUNTED:
            return None
        counted = _number(connection, found.total(max(found.size or 0, COUNTED) + 1))
        return counted if counted <= max(found.size or 0, COUNTED) else None


def _foreign() -> Problem:
    return invalid(
        "value",
        "This page link belongs to another search.",
        place="_cursor",
        repair="Use the link as it was given.",
    )


def _start(query: Query) -> Cursor:
    """The place of a first page."""
    return Cursor(query.type, tuple(query.used), now(), None, None, False, ())


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
