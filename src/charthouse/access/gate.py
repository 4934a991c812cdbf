"""The one door to the record: each read and write passes here, and only calls, in order, what others do.

Read: policy, then the store or the search, then the audit, then the bytes. Write: policy, then the
decision and its validation, then one store transaction (whose log row is its audit).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar

from charthouse.access.actor import Actor
from charthouse.access.audit import Audit, event
from charthouse.access.books import Books
from charthouse.access.break_glass import EMERGENCY
from charthouse.access.commit import Outcome, Planner
from charthouse.access.consents import Consents
from charthouse.access.find import Find, Patients
from charthouse.access.history import Asked, History
from charthouse.access.levels import Levels
from charthouse.access.notice import TEXT, Notice
from charthouse.access.policy import Policy, forbidden
from charthouse.access.preparer import Preparer
from charthouse.access.reach import Reach
from charthouse.access.searches import SOON, Searches, Wanted
from charthouse.access.sight import Eyes, Sight
from charthouse.access.writing import Mark, Writing
from charthouse.base.errors import Category, Problem, not_found, problem
from charthouse.fhir.bundle import Entry, Params
from charthouse.fhir.named import Listed
from charthouse.search.explain import Explanation
from charthouse.search.page import Found, Page
from charthouse.search.run import Search
from charthouse.search.several import Subject
from charthouse.store.body import Stored
from charthouse.store.record import Record

__all__ = ["Found", "Gate", "Outcome", "Page", "Stored", "Wanted"]

T = TypeVar("T")

COUNTED: Final = (("_count", "0"), ("_total", "accurate"))


class Gate:
    """The door of one clinic. Coroutines belong to one event loop."""

    def __init__(
        self,
        record: Record,
        search: Search,
        policy: Policy,
        eyes: Eyes,
        consents: Consents,
        audit: Audit,
        patched: Callable[[dict[str, Any], Any], dict[str, Any]],
        history: History,
        books: Books,
        levels: Levels,
        base_url: str,
        *,
        budget: float = 10.0,
    ) -> None:
        """`patched(tree, patch)` applies a patch document; `levels` says how closely each client's writes
        are looked at; `budget` is what a search may take, in seconds."""
        self.books = books
        self._record = record
        self._history = history
        self._search = search
        self._policy = policy
        self._eyes = eyes
        self._consents = consents
        self._notice = Notice(eyes.narrowing)
        self._audit = audit
        self._reader = record.reader
        self._types = record.types
        self._reach = reach = Reach(record)
        self._find = Find(record, policy, reach, self.sight, self._seen, self.notice, budget=budget)
        preparer = Preparer(record.codec, record.extractor, books.validator)
        planner = Planner(patched, preparer.index, preparer.refuse, base_url)
        self._writing = Writing(
            record,
            reach,
            policy,
            planner,
            audit,
            books,
            levels,
            consents,
            self._notice,
            self.sight,
            self._seen,
        )
        self._searches = Searches(
            record, search, policy, reach, self.sight, self._subject, self._seen, self.notice, budget
        )

    async def sight(self, actor: Actor) -> Sight:
        """What the actor sees of the record, for this request."""
        await self._consents.settle()
        plain = self._policy.rights(replace(actor, glass=frozenset())) if actor.glass else None
        return Sight(self._eyes, self._policy.rights(actor), self._reach.current, self._reach.ask, plain)

    async def read(self, actor: Actor, type: str, id: str) -> Stored:
        """The current version. Raises `not_found` for absent and hidden alike, `gone` for deleted."""
        stored = await self._met(actor, type, id)
        if stored is None:
            await self._audit.record(event(actor, "read", type, outcome="not_found", query=id))
            raise not_found()
        await self._seen(actor, "read", type, (stored,), query=id)
        if stored.deleted:
            raise gone(stored)
        return stored

    async def _met(self, actor: Actor, type: str, id: str) -> Stored | None:
        """What the actor reads under a name; None for absent and hidden alike."""
        rule = self._policy.rights(actor).rule(type)
        if "read" not in rule.open:
            raise forbidden(type, "read")
        stored = await self._reach.current(type, id)
        if stored is not None and (rule.hidden or "read" in rule.rows):
            sight = await self.sight(actor)
            stored = sight.mask(stored) if await sight.shows(stored, "read") else None
        if type == "Binary" and stored is not None and not (await self.sight(actor)).shows_context(stored):
            stored = None
        return stored

    async def _subject(self, actor: Actor, type: str, id: str) -> None:
        """Refuse what is about a resource as a read of it would be refused."""
        stored = await self._met(actor, type, id)
        if stored is None:
            await self._audit.record(event(actor, "search", type, outcome="not_found", query=id))
            raise not_found()
        if stored.deleted:
            raise gone(stored)

    async def vread(self, actor: Actor, type: str, id: str, version: int) -> Stored:
        """One version. Raises `not_found`, and `gone` where that version is the deletion."""
        self._require(actor, type, "vread")
        sight = await self.sight(actor)
        stored = await self._reach.version(type, id, version)
        shown = stored is not None and await sight.shows_version(stored, "vread")
        if stored is None or not shown or not sight.shows_context(stored):
            await self._audit.record(
                event(actor, "vread", type, outcome="not_found", query=f"{id}/{version}")
            )
            raise not_found()
        await self._seen(actor, "vread", type, (stored,), query=f"{id}/{version}")
        if stored.deleted:
            raise gone(stored)
        return sight.mask(stored)

    async def history(
        self,
        actor: Actor,
        type: str | None = None,
        id: str | None = None,
        *,
        count: int = 50,
        since: int | None = None,
        at: tuple[int, int] | None = None,
        listed: str | None = None,
        cursor: str | None = None,
    ) -> Page:
        """Versions newest first. `since` in ms; `at` a span of ms in which a version was current; `listed` the id of
        a List whose resources alone are meant."""
        asked_of = "history-system" if type is None else "history-type" if id is None else "history"
        self._require(actor, type or "*", asked_of)
        sight = await self.sight(actor)
        if type is None and await sight.is_bounded_anywhere(asked_of):
            raise forbidden("*", asked_of)
        narrow = None
        if type is not None and await sight.is_bounded(type, asked_of):
            narrow = partial(sight.versions, word=asked_of)
        asked = Asked(type, id, since, at, listed)
        page = await self._reach.ask(
            lambda connection: self._history.page(connection, asked, count, cursor, narrow, sight.members),
            slow=True,
        )
        found = [hit.stored for hit in page.entries]
        current = None
        if id is not None and not found and cursor is None:
            current = await sight.current(type or "", id, asked_of)
            if current is not None and not sight.shows_context(current):
                current = None
        if id is not None and not found and cursor is None and current is None:
            await self._audit.record(event(actor, "history", type or "", outcome="not_found", query=id))
            raise not_found()
        await self._seen(actor, "history", type or "", found, query=id or "")
        page.entries = [Found(sight.mask(hit.stored), hit.mode) for hit in page.entries]
        return page

    async def search(
        self,
        actor: Actor,
        type: str | None,
        params: Sequence[tuple[str, str]],
        *,
        cursor: str | None = None,
        lenient: bool = False,
        within: Subject | None = None,
    ) -> Page:
        """One page of matches and includes; the audit row lists every resource and patient on it. `type` None is a
        search of several (`_type`, or all that are open), `within` the subject of a compartment."""
        return await self._searches.page(actor, type, params, cursor=cursor, lenient=lenient, within=within)

    async def everything(
        self, actor: Actor, subject: Subject, wanted: Wanted, *, cursor: str | None = None
    ) -> Page:
        """One page of the whole record of a subject (type, id; id "": of all that are open); audited like a search."""
        return await self._searches.everything(actor, subject, wanted, cursor)

    async def latest(
        self, actor: Actor, params: Sequence[tuple[str, str]], most: int, *, lenient: bool = False
    ) -> Page:
        """The newest `most` Observations of each code among those that a search finds; audited like a search."""
        return await self._searches.latest(actor, params, most, lenient=lenient)

    async def find(
        self, actor: Actor, text: str, today: date, *, day_first: bool = False, most: int = 20
    ) -> Patients:
        """Patients for what somebody types at the front desk (see `access.find`)."""
        return await self._find.find(actor, text, today, day_first=day_first, most=most)

    def warm(self) -> None:
        """Begin to read what the first of these searches would have to wait for."""
        self._find.warm()

    async def commit(
        self,
        actor: Actor,
        entries: Sequence[Entry],
        *,
        interaction: str,
        request: str = "",
        mark: Mark | None = None,
    ) -> list[Outcome]:
        """Carry out all entries or none, in one transaction; outcomes in the order of the entries.

        `mark` gives, for the statuses of the entries (in the order carried out), a statement with
        its values to add to the same transaction.
        """
        return await self._writing.commit(actor, entries, interaction=interaction, request=request, mark=mark)

    async def explain(
        self, actor: Actor, type: str | None, params: Params, within: Subject | None = None
    ) -> list[Explanation]:
        """How a search is carried out for the actor, type by type, the policy in it as it stands in the SQL."""
        if type is not None:
            self._require(actor, type, "search")
        if not self.may_explain(actor):
            raise forbidden("policies", "read")
        await self._audit.record(event(actor, "explain", type or ""))
        return await self._searches.explained(actor, type, params, within)

    async def named_queries(self) -> list[Listed]:
        """The named queries that there are (`_query`), for everybody."""
        return await self._searches.named()

    async def note(self, actor: Actor, interaction: str, *, outcome: str = "ok", query: str = "") -> None:
        """Put something that is neither read nor write (sign-in, print, export) into the audit."""
        await self._audit.record(event(actor, interaction, outcome=outcome, query=query))

    async def is_still_open(self, actor: Actor, type: str, id: str) -> bool:
        """Whether what the actor was shown before may still be shown; nothing new leaves, so nothing is audited."""
        sight = await self.sight(actor)
        if not sight.may(type, "read"):
            return False
        stored = await sight.current(type, id, "read")
        return stored is not None and not stored.deleted

    async def counts(self, actor: Actor, types: Sequence[str]) -> dict[str, int]:
        """How many resources there are of those `types` that the actor may search."""
        sight = await self.sight(actor)
        tallies = await self._reach.thread(self._reader.tallies)
        found: dict[str, int] = {}
        for type in self._policy.types(actor, "search", types):
            if not await sight.is_bounded(type, "search"):
                found[type] = tallies.get(type, 0)
                continue
            counting = partial(
                self._search.search, type=type, params=COUNTED, narrow=sight.narrow(type), seconds=SOON
            )
            try:  # what is bounded has to be counted row by row, which is worth a moment and no more
                page = await self._reach.thread(counting)
            except Problem as failure:
                if failure.category is not Category.TOO_COSTLY:
                    raise
                continue
            if page.total is not None:
                found[type] = page.total
        return found

    def may_explain(self, actor: Actor) -> bool:
        """Whether the actor may see how a search is carried out, the policies inside it included: who reads
        policies, and programs that see every type."""
        is_whole = any(scope.startswith("system/*.") for scope in actor.scopes)
        return is_whole or self._policy.may(actor, "policies", "read")

    def is_open(self, actor: Actor, type: str, interaction: str) -> bool:
        """Whether the interaction is open on some rows of the type at least."""
        return self._policy.may(actor, type, interaction)

    async def notice(self, found: Sequence[Stored]) -> str:
        """The notice that must travel with these resources; empty where none must."""
        if not self._notice.any(self._record.connection()):
            return ""
        return TEXT if await self._reach.ask(lambda connection: self._notice.on(connection, found)) else ""

    def close(self) -> None:
        """End the reading threads."""
        self._reach.close()
        self.books.close()

    def _require(self, actor: Actor, type: str, interaction: str) -> None:
        """Open on some rows of the type at least, or refuse the type as a whole."""
        self._policy.require(actor, type, interaction)

    async def _seen(
        self, actor: Actor, interaction: str, type: str, found: Sequence[Stored], *, query: str = ""
    ) -> None:
        """Audit what is about to leave; nothing leaves if that fails."""
        patients = {stored.home for stored in found if stored.home}
        if actor.glass and not actor.glass.isdisjoint(patients):
            actor = replace(actor, purpose=EMERGENCY)
        resources = [(stored.key, stored.version) for stored in found]
        await self._audit.record(
            event(actor, interaction, type, query=query, resources=resources, patients=patients)
        )


def gone(stored: Stored) -> Problem:
    """The answer for a resource that was deleted."""
    return problem(
        Category.GONE, "deleted", f"{stored.type}/{stored.id} was deleted.",
        repair="Its earlier versions are in its history.",
    )  # fmt: skip
