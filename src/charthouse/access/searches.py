"""Searches on behalf of an actor: of a type, of several, in a compartment, of whole records, for what is newest.

What they have in common: the policy of each type stands in its SQL, what rests on hidden elements is refused or left
out, a time that one search may take, and one event in the audit that lists all that leaves.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

from charthouse.access.actor import Actor
from charthouse.access.notice import told
from charthouse.access.policy import Policy, forbidden
from charthouse.access.reach import Reach
from charthouse.access.sight import Sight
from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection
from charthouse.fhir.bundle import Params
from charthouse.fhir.named import Listed
from charthouse.search.explain import Explanation
from charthouse.search.latest import TYPE as OBSERVATION
from charthouse.search.page import Found, Page
from charthouse.search.parse import Parser
from charthouse.search.run import Search
from charthouse.search.several import Operation, Subject
from charthouse.search.text import Fragment
from charthouse.store.body import Stored
from charthouse.store.record import Record

SOON: Final = 0.003  # seconds a search may take on the event loop
EVERYTHING: Final = "$everything"
BINARY: Final = "Binary"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a whole record is wanted: so many on a page, of some types (None: all), changed `since` an instant, of
    care between two dates. Texts are as they were sent, and good."""

    count: int
    types: tuple[str, ...] | None = None
    since: str | None = None
    start: str | None = None
    end: str | None = None

    def told(self) -> str:
        """The same as part of an address."""
        named = {"_since": self.since, "start": self.start, "end": self.end}
        pairs = [(name, value) for name, value in named.items() if value]
        pairs += [("_type", ",".join(self.types))] if self.types is not None else []
        return "&".join(f"{name}={value}" for name, value in pairs)


class Seen(Protocol):
    """Puts what is about to leave into the audit."""

    def __call__(
        self, actor: Actor, interaction: str, type: str, found: Sequence[Stored], *, query: str = ""
    ) -> Awaitable[None]:
        """Returns when it is safe."""
        ...


class Searches:
    """All searches of one house. `subject(actor, type, id)` raises what a read would where there is nothing to read;
    `notice(found)` is the notice that must travel with resources."""

    def __init__(
        self,
        record: Record,
        search: Search,
        policy: Policy,
        reach: Reach,
        sight: Callable[[Actor], Awaitable[Sight]],
        subject: Callable[[Actor, str, str], Awaitable[object]],
        seen: Seen,
        notice: Callable[[Sequence[Stored]], Awaitable[str]],
        budget: float,
    ) -> None:
        self._record = record
        self._search = search
        self._policy = policy
        self._reach = reach
        self._sight = sight
        self._subject = subject
        self._seen = seen
        self._notice = notice
        self._budget = budget

    async def page(
        self,
        actor: Actor,
        type: str | None,
        params: Sequence[tuple[str, str]],
        *,
        cursor: str | None = None,
        lenient: bool = False,
        within: Subject | None = None,
    ) -> Page:
        """One page of a search of `type`, or of several (None), perhaps in the compartment of a subject."""
        asked = await self._asking(actor, type, params, within)
        page = await self._searched(
            partial(
                self._search.search, type=type, params=params, cursor=cursor, lenient=lenient, within=within,
                permit=asked.permit, narrow=asked.narrow, touch=asked.sight.touch, unseen=asked.sight.telling,
            ),
            is_wide=type is None,
        )  # fmt: skip
        query = "&".join(f"{name}={value}" for name, value in page.params)
        if within is not None:
            query = f"/{within[0]}/{within[1]}/{type or '*'}?{query}"
        return await self._shown(actor, asked.sight, type or "", page, query)

    async def everything(self, actor: Actor, subject: Subject, wanted: Wanted, cursor: str | None) -> Page:
        """One page of the whole record of a subject, or (id "") of all that are open: what is in the compartment as
        matches, and what that refers to along with it."""
        kind, id = subject
        self._policy.require(actor, kind, "read")
        if id:
            await self._subject(actor, kind, id)
        sight = await self._sight(actor)
        whole, parser = self._search.whole, self._search.parser
        loose = kind == "Patient"
        inside = frozenset(parser.compartment(kind, loose=loose))
        asked = _Asking(
            sight, links=lambda type: () if type == kind else parser.links(type, kind, loose=loose)
        )
        walked: Sequence[str] | None = None
        if wanted.types is not None:
            asked.require([type for type in wanted.types if type in inside])
            asked.require([type for type in wanted.types if type not in inside], "read")
            walked = whole.walked(inside, wanted.types)
        params = [("_count", str(wanted.count)), ("_total", "none")]
        params += [("_lastUpdated", f"ge{wanted.since}")] if wanted.since else []
        params += [("_type", ",".join(walked))] if walked is not None else []
        operation = Operation(
            f"{EVERYTHING}?{wanted.told()}",
            lambda type: whole.care(type, wanted.start, wanted.end, sight.telling(type)),
            loose,
        )
        others = [type for type in self._record.types if wanted.types is None or type in wanted.types]

        def found(connection: Connection, place: str | None, seconds: float) -> Page:
            page = self._search.search(
                connection, None, params, cursor=place, within=subject, permit=asked.left_out,
                narrow=asked.narrow, touch=sight.touch, operation=operation, unseen=sight.telling, seconds=seconds,
            )  # fmt: skip
            matches = [hit.stored for hit in page.entries]
            closed = [(type, code) for type in {one.type for one in matches} for code in sight.telling(type)]
            with connection.within(seconds):
                brought = whole.brought(connection, matches, others, subject, sight.narrow(""), closed)
                if wanted.types is None or BINARY in wanted.types:
                    known = {one.key for one in (*matches, *brought)}
                    files = sight.files(connection, matches, whole.attached)
                    brought += [one for one in files if one.key not in known and (not loose or not one.home)]
            page.entries = [
                hit for hit in page.entries if wanted.types is None or hit.stored.type in wanted.types
            ]
            page.entries += [Found(one, "include") for one in brought]
            return page

        def filled(connection: Connection, *, seconds: float) -> Page:
            page, until = found(connection, cursor, seconds), time.monotonic() + seconds
            while not page.entries and page.next is not None and time.monotonic() < until:
                page = found(connection, page.next, seconds)  # what was looked at is not what is wanted
            return page

        page = await self._searched(filled, is_wide=True)
        return await self._shown(
            actor, sight, kind if id else "", page, f"/{'/'.join(filter(None, subject))}/{operation.word}"
        )

    async def latest(
        self, actor: Actor, params: Sequence[tuple[str, str]], most: int, *, lenient: bool = False
    ) -> Page:
        """The newest `most` Observations of each subject and code among those that a search finds."""
        asked = await self._asking(actor, OBSERVATION, params, None)
        page = await self._searched(
            partial(
                self._search.latest, params=params, most=most, lenient=lenient, narrow=asked.narrow,
                touch=asked.sight.touch,
            )
        )  # fmt: skip
        query = "&".join(f"{name}={value}" for name, value in page.params)
        return await self._shown(
            actor, asked.sight, OBSERVATION, page, f"/{OBSERVATION}/$lastn?{query}&max={most}"
        )

    async def named(self) -> list[Listed]:
        """The named queries that there are; definitions like the search parameters, which everybody may know."""
        return await self._reach.ask(self._search.named.listed)

    async def explained(
        self, actor: Actor, type: str | None, params: Params, within: Subject | None
    ) -> list[Explanation]:
        """How a search is carried out for the actor, type by type, the policy in it as it stands in the SQL."""
        asked = await self._asking(actor, type, params, within)
        types: tuple[str, ...] = ()
        own = params
        if type is not None:
            types = (type,)
        else:
            queries = self._search.queries(
                None, params, within=within, permit=asked.permit, unseen=asked.sight.telling
            )
            types = tuple(query.type for query in queries)
            own = [pair for pair in params if pair[0] != "_type"]
        found: list[Explanation] = []
        for each in types:
            explain = partial(
                self._search.explain, type=each, params=own, within=within, narrow=asked.narrow,
                touch=asked.sight.touch, unseen=asked.sight.telling, seconds=self._budget,
            )  # fmt: skip
            one = await self._reach.thread(explain)
            found.append(one.veiled() if await asked.sight.is_bounded(each, "search") else one)
        return found

    async def _asking(
        self,
        actor: Actor,
        type: str | None,
        params: Sequence[tuple[str, str]],
        within: Subject | None,
    ) -> _Asking:
        """What the actor may ask; raises what can be told before anything is looked up."""
        if type is not None:
            self._policy.require(actor, type, "search")
        links: Callable[[str], Sequence[str]] | None = None
        if within is not None:
            links = partial(_links, self._search.parser, within[0])
            await self._subject(actor, *within)
        sight = await self._sight(actor)
        asked = _Asking(sight, params, links)
        if type is not None:
            sight.refuse_telling(type, params)
            asked.types = frozenset((type,))
        return asked

    async def _searched(self, search: Callable[..., Page], *, is_wide: bool = False) -> Page:
        """Most searches are over sooner than a thread takes them up; the others are begun anew in one. What is wide
        (of many types) is never that quick."""
        if self._reach.is_inline and not is_wide:
            try:
                return search(self._record.connection(), seconds=SOON)
            except Problem as found:
                if found.category is not Category.TOO_COSTLY:
                    raise
        return await self._reach.thread(lambda connection: search(connection, seconds=self._budget))

    async def _shown(self, actor: Actor, sight: Sight, type: str, page: Page, query: str) -> Page:
        """The page as it may leave, with what must travel along, after the audit."""
        found = [hit.stored for hit in page.entries]
        await self._seen(actor, "search", type, found, query=query)
        if await self._notice(await self._carriers(page.entries)):
            page.notes = [*page.notes, told()]
        if any(sight.rule(hit.stored.type).hidden for hit in page.entries):
            page.entries = [replace(hit, stored=sight.mask(hit.stored)) for hit in page.entries]
        return page

    async def _carriers(self, entries: Sequence[Found]) -> list[Stored]:
        """The resources of which a notice is told: for what is inside of another one that, which has its labels."""
        keys = list(dict.fromkeys(hit.stored.key for hit in entries if hit.place))
        found = [hit.stored for hit in entries if not hit.place]
        if keys:
            found += await self._reach.ask(lambda connection: self._record.reader.heads(connection, keys))
        return found


def _links(parser: Parser, kind: str, type: str) -> Sequence[str]:
    """The parameters by which a type is in a compartment; a subject is in its own without any."""
    return () if type == kind else parser.links(type, kind)


class _Asking:
    """What one actor may ask of one or several types. `links(type)` are the parameters of which the answer needs one
    beside `params`, where it needs any."""

    def __init__(
        self,
        sight: Sight,
        params: Sequence[tuple[str, str]] = (),
        links: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        self.sight = sight
        self.types: frozenset[str] = frozenset()
        self._params = params
        self._links = links

    def require(self, types: Sequence[str], word: str = "search") -> None:
        """Raise for types on which the actor may not do that."""
        for type in types:
            if not self.sight.may(type, word):
                raise forbidden(type, word)

    def permit(self, types: Sequence[str], named: bool) -> Sequence[str]:
        """Of several types those that the actor may search; one that was named and is shut is refused."""
        if named:
            self.require(types)
            self.types |= frozenset(types)
        else:
            types = self.left_out(types, named)
        for type in types:
            self.sight.refuse_telling(type, self._params)
        return types

    def left_out(self, types: Sequence[str], _named: bool) -> Sequence[str]:
        """The types without those that are shut, or that only something hidden leads to."""
        found = [type for type in types if self.sight.may(type, "search") and not self._tells(type)]
        if not found:
            raise forbidden("*" if len(types) != 1 else types[0], "search")
        self.types |= frozenset(found)
        return found

    def narrow(self, type: str) -> Fragment | None:
        """The condition on rows of a type (see `Sight.narrow`)."""
        return self.sight.narrow(type if type in self.types else "")(type)

    def _tells(self, type: str) -> bool:
        """Whether all that leads to resources of the type is hidden."""
        hidden = self.sight.telling(type)
        links = self._links(type) if hidden and self._links is not None else ()
        return bool(links) and hidden.issuperset(links)
