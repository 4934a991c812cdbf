"""One page of a search: its matches in their order, what comes along with them, its total, and links to its neighbours.

What a walk from page to page promises. Without `_sort` the order is that of the resource keys,
which never change: every resource that stays is met exactly once. With `_sort` the first page
notes the last version that existed, and the later pages leave out what was changed since: what
stays as it was is met exactly once, what changes is met at most once. This rests on version
numbers being given in the order of the commits on SQLite (one writer); on PostgreSQL the first page
notes its snapshot as well, and what that did not show counts as changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from charthouse.db.connect import Connection
from charthouse.search import clause
from charthouse.search.clause import Clause
from charthouse.search.contained import hits
from charthouse.search.few import few
from charthouse.search.gather import Gathering
from charthouse.search.include import Narrow, included
from charthouse.search.names import Names
from charthouse.search.page import Cursor, Found, Page, Seal
from charthouse.search.plan import Plan, plan
from charthouse.search.proof import Proofs
from charthouse.search.query import Query, Total
from charthouse.search.resolve import Resolver
from charthouse.search.several import merged
from charthouse.search.text import Fragment, Texts
from charthouse.search.total import total as counted
from charthouse.search.view import once, view
from charthouse.store.index import Extractor
from charthouse.store.read import HEAD, Reader

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Paging:
    """Makes the pages of the searches of one record; shared by its reader threads."""

    reader: Reader
    texts: Texts
    names: Names
    proofs: Proofs
    extractor: Extractor
    seal: Seal

    def clauses(
        self, connection: Connection, names: Names, query: Query, at: int, narrow: Narrow | None
    ) -> list[Clause]:
        """The clauses of a query, with what leads to other resources worked out."""
        if query.is_plain:
            return clause.clauses(connection, names, query.type, query.criteria, at)
        gathering = Gathering(connection, names, self.texts, self.reader, narrow)
        resolver = Resolver(connection, names, self.texts, self.proofs, gathering, at)
        return resolver.clauses(query.type, query.criteria)

    def plan(
        self,
        connection: Connection,
        names: Names,
        query: Query,
        asked: Sequence[Clause],
        allowed: Fragment | None,
    ) -> Plan:
        """How a query is carried out, with the policy for its type."""
        return plan(
            connection,
            names,
            self.texts,
            query,
            asked,
            narrow=allowed,
            live=lambda: self.reader.live(connection, query.type),
        )

    def page(
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
        narrow = once(narrow)
        plans: list[tuple[Query, Plan]] = []
        for one in queries:
            if len(queries) > 1 and not self.reader.live(connection, one.type):
                continue
            asked = self.clauses(connection, self.names, one, place.at, narrow)
            allowed = narrow(one.type) if narrow else None
            if is_first and query.count and not query.sort and len(queries) == 1:
                known = few(connection, self.texts, asked, allowed)
                if known is not None and known.is_all:
                    total = None if query.total is Total.NONE else len(known.rows)
                    rows = [(query.type, row) for row in known.rows]
                    return self._made(connection, query, replace(place, total=total), rows, narrow)
            plans.append((one, self.plan(connection, self.names, one, asked, allowed)))
        rows = self._matches(connection, plans, place) if query.count else []
        seen = "" if is_first else view(query, narrow)
        if is_first or seen != place.view:
            # in other hands a page has another total, and nothing is told of the one before
            is_all = is_first and 0 < query.count >= len(rows)
            total = len(rows) if is_all else None
            place = replace(place, total=counted(connection, self.reader, plans, total), view=seen)
            if is_first and not is_all and query.count and query.sort:
                row = connection.one(self.texts.lookup.last_version)
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
                found[query.type] = taken(connection, steps, query.count + 1)
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
            stored = self.reader.found(kinds.pop(), [row for _, row in rows])
        else:
            stored = [one for type, row in rows for one in self.reader.found(type, (row,))]
        entries = hits(stored, query, self.extractor, place.at, self.names, connection.until)
        notes = query.ignored
        if query.includes and rows:
            keys = [row[0] for _, row in rows]
            others, left_out = included(connection, self.names, self.texts, query.includes, keys, narrow)
            entries += [Found(stored, "include") for stored in self.reader.heads(connection, others)]
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
        page.first = self.seal.close(replace(place, back=False, position=()))
        if not rows:
            return
        first, last = rows[0], rows[-1]
        if more or place.back:
            page.next = self.seal.close(replace(place, back=False, position=_position(last)))
        if place.position and (more or not place.back):
            page.prev = self.seal.close(replace(place, back=True, position=_position(first)))


def _position(row: Row) -> tuple[Any, ...]:
    """The place of a row in the order: its sort values, and its key."""
    return (*row[1:-HEAD], row[0])


def taken(connection: Connection, steps: Sequence[Fragment], limit: int) -> list[Row]:
    """The rows of a page: of each statement as many as the one before left wanting."""
    found: list[Row] = []
    for sql, args in steps:
        found += connection.run(sql, (*args, limit - len(found)))
        if len(found) >= limit:
            break
    return found
