"""The one door to the record: each read and write passes here, and only calls, in order, what others do.

Read: policy, then the store or the search, then the audit, then the bytes. Write: policy, then the
decision and its validation, then one store transaction (whose log row is its audit).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from charthouse.access.actor import Actor
from charthouse.access.audit import Audit, event
from charthouse.access.books import Books
from charthouse.access.break_glass import EMERGENCY
from charthouse.access.commit import NEEDED, Outcome, Plan, Planner
from charthouse.access.consents import Consents
from charthouse.access.history import Asked, History
from charthouse.access.levels import Levels
from charthouse.access.notice import TEXT, Notice, told
from charthouse.access.policy import Policy, forbidden
from charthouse.access.preparer import Preparer
from charthouse.access.rules.mask import refuse_telling
from charthouse.access.sight import Eyes, Sight
from charthouse.base.errors import Category, Problem, not_found, problem
from charthouse.db.connect import Connection
from charthouse.fhir.bundle import Entry
from charthouse.search.page import Found, Page
from charthouse.search.run import Search
from charthouse.store.body import METHOD_CODE, Stored
from charthouse.store.record import Record
from charthouse.store.write import ANY, Stale, Transaction, Written
from charthouse.validation.validator import Level

__all__ = ["Found", "Gate", "Outcome", "Page", "Stored"]

T = TypeVar("T")

Mark = Callable[[Sequence[str]], tuple[str, Sequence[Any]]]

READERS: Final = 3  # threads for searches and history
ATTEMPTS: Final = 50  # at deciding a write anew because the record moved on
SOON: Final = 0.003  # seconds a search may take on the event loop
INLINE: Final = 24  # entries that are prepared on the event loop; more go to a thread
# modifiers of a search that ask books, and which
BOOKS: Final = {"in": "ValueSet", "not-in": "ValueSet", "below": "CodeSystem", "above": "CodeSystem"}
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
        self._levels = levels
        self._budget = budget
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
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._inline = record.place.dialect == "sqlite"
        self._preparer = Preparer(record.codec, record.extractor, books.validator)
        self._planner = Planner(patched, self._preparer.index, self._preparer.refuse, base_url)

    async def sight(self, actor: Actor) -> Sight:
        """What the actor sees of the record, for this request."""
        await self._consents.settle()
        return Sight(self._eyes, self._policy.rights(actor), self._current, self._ask)

    async def read(self, actor: Actor, type: str, id: str) -> Stored:
        """The current version. Raises `not_found` for absent and hidden alike, `gone` for deleted."""
        rights = self._policy.rights(actor)
        rule = rights.rule(type)
        if "read" not in rule.open:
            raise forbidden(type, "read")
        stored = await self._current(type, id)
        if stored is not None and (rule.hidden or "read" in rule.rows):
            sight = await self.sight(actor)
            is_shown = await sight.shows(stored, "read") and await sight.shows_context(stored)
            stored = sight.mask(stored) if is_shown else None
        if stored is None:
            await self._audit.record(event(actor, "read", type, outcome="not_found", query=id))
            raise not_found()
        await self._seen(actor, "read", type, (stored,), query=id)
        if stored.deleted:
            raise gone(stored)
        return stored

    async def vread(self, actor: Actor, type: str, id: str, version: int) -> Stored:
        """One version. Raises `not_found`, and `gone` where that version is the deletion."""
        self._require(actor, type, "vread")
        sight = await self.sight(actor)
        stored = await self._version(type, id, version)
        shown = stored is not None and await sight.shows_version(stored, "vread")
        if stored is None or not shown or not await sight.shows_context(stored):
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
        cursor: str | None = None,
    ) -> Page:
        """Versions newest first. `since` in ms; `at` a span of ms in which a version was current."""
        asked_of = "history-system" if type is None else "history-type" if id is None else "history"
        self._require(actor, type or "*", asked_of)
        sight = await self.sight(actor)
        if type is None and await sight.is_bounded_anywhere(asked_of):
            raise forbidden("*", asked_of)
        narrow = None
        if type is not None and await sight.is_bounded(type, asked_of):
            narrow = partial(sight.versions, word=asked_of)
        asked = Asked(type, id, since, at)
        page = await self._ask(
            lambda connection: self._history.page(connection, asked, count, cursor, narrow), slow=True
        )
        found = [hit.stored for hit in page.entries]
        if (
            id is not None
            and not found
            and cursor is None
            and await sight.current(type or "", id, asked_of) is None
        ):
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
    ) -> Page:
        """One page of matches and includes; the audit row lists every resource and patient on it."""
        if type is None:
            raise problem(
                Category.UNSUPPORTED, "not-supported", "A search over all types is not possible yet.",
                repair="Search one type, e.g. Patient?name=….",
            )  # fmt: skip
        self._require(actor, type, "search")
        for book in {BOOKS[word] for name, _ in params if (word := name.partition(":")[2]) in BOOKS}:
            self._require(actor, book, "read")
        sight = await self.sight(actor)
        sight.refuse_telling(type, params)
        page = await self._searched(
            partial(
                self._search.search, type=type, params=params, cursor=cursor, lenient=lenient,
                narrow=sight.narrow(type),
            )
        )  # fmt: skip
        query = "&".join(f"{name}={value}" for name, value in page.params)
        found = [hit.stored for hit in page.entries]
        await self._seen(actor, "search", type, found, query=query)
        if await self.notice(found):
            page.notes = [*page.notes, told()]
        if any(sight.rule(hit.stored.type).hidden for hit in page.entries):
            page.entries = [Found(sight.mask(hit.stored), hit.mode) for hit in page.entries]
        return page

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
        for entry in entries:
            self._may_write(actor, entry)
        atomic = interaction == "transaction"
        for _ in range(ATTEMPTS):
            plan = await self._plan(actor, entries, atomic=atomic)
            await self._may_create(actor, plan)
            changes = [decision.change for decision in plan.decisions if decision.change is not None]
            asked = Transaction(
                actor.id, actor.client, interaction, actor.purpose, request, changes, plan.conditions,
                mark=None if mark is None else partial(_marked, mark, plan),
            )  # fmt: skip
            try:
                written = await self._record.write(asked) if changes or mark else []
            except Stale:
                plan.undo()
                continue
            self._notice.stale()
            if any(change.type == "Consent" for change in changes):
                self._consents.stale()
            return await self._outcomes(actor, interaction, plan, written)
        raise problem(
            Category.BUSY, "conflict", "Others keep changing the same resources; nothing was written.",
            repair="Try again in a moment.",
        )  # fmt: skip

    async def note(self, actor: Actor, interaction: str, *, outcome: str = "ok", query: str = "") -> None:
        """Put something that is neither read nor write (sign-in, print, export) into the audit."""
        await self._audit.record(event(actor, interaction, outcome=outcome, query=query))

    async def counts(self, actor: Actor, types: Sequence[str]) -> dict[str, int]:
        """How many resources there are of those `types` that the actor may search."""
        sight = await self.sight(actor)
        tallies = await self._thread(self._reader.tallies)
        found: dict[str, int] = {}
        for type in self._policy.types(actor, "search", types):
            if not await sight.is_bounded(type, "search"):
                found[type] = tallies.get(type, 0)
                continue
            counting = partial(
                self._search.search, type=type, params=COUNTED, narrow=sight.narrow(type), seconds=SOON
            )
            try:  # what is bounded has to be counted row by row, which is worth a moment and no more
                page = await self._thread(counting)
            except Problem as failure:
                if failure.category is not Category.TOO_COSTLY:
                    raise
                continue
            if page.total is not None:
                found[type] = page.total
        return found

    def may_explain(self, actor: Actor) -> bool:
        """Whether the actor may see how a search is carried out, the policies inside it included."""
        return self._policy.may(actor, "policies", "read")

    def is_open(self, actor: Actor, type: str, interaction: str) -> bool:
        """Whether the interaction is open on some rows of the type at least."""
        return self._policy.may(actor, type, interaction)

    async def notice(self, found: Sequence[Stored]) -> str:
        """The notice that must travel with these resources; empty where none must."""
        if not self._notice.any(self._record.connection()):
            return ""
        return TEXT if await self._ask(lambda connection: self._notice.on(connection, found)) else ""

    def close(self) -> None:
        """End the reading threads."""
        self._threads.shutdown(wait=True)
        self.books.close()

    # -- policy

    def _require(self, actor: Actor, type: str, interaction: str) -> None:
        """Open on some rows of the type at least, or refuse the type as a whole."""
        self._policy.require(actor, type, interaction)

    def _may_write(self, actor: Actor, entry: Entry) -> None:
        """Whole types only are refused here. Who does not see all elements of a type would lose them in an update."""
        needed = NEEDED[entry.method]
        self._require(actor, entry.type, needed)
        if entry.method in ("PUT", "PATCH") and self._policy.hidden(actor, entry.type):
            raise forbidden(entry.type, needed)
        if entry.if_none_exist or entry.criteria:
            self._require(actor, entry.type, "search")
            criteria = [*(entry.if_none_exist or ()), *(entry.criteria or ())]
            hidden = self._policy.rights(actor).masked()
            refuse_telling(self._record.definitions, entry.type, hidden, criteria)

    async def _may_create(self, actor: Actor, plan: Plan) -> None:
        """An update that would create needs the right to create under an id of one's own choice; for who has not, the
        version that stands is made the ground of the update, so that the store looks at it again."""
        for decision in plan.decisions:
            change = decision.change
            if change is None or change.method != "PUT" or change.fresh:
                continue
            rule = self._policy.rights(actor).rule(change.type)
            if rule.open.issuperset(("create", "update-create")):
                continue
            if change.expected == ANY:
                stored = await self._current(change.type, change.id)
                change.expected = 0 if stored is None or stored.deleted else stored.version
            if change.expected == 0:
                raise forbidden(change.type, "create")

    # -- reading

    async def _current(self, type: str, id: str) -> Stored | None:
        """A point read: at once on SQLite, without blocking where it must cross a network."""
        if self._inline:
            return self._reader.head(self._record.connection(), type, id)
        stream = self._record.stream
        if stream is not None and stream.is_free():
            return await self._reader.head_through(stream, type, id)
        return await self._thread(partial(self._reader.head, type=type, id=id))

    async def _version(self, type: str, id: str, version: int) -> Stored | None:
        if self._inline:
            return self._reader.version(self._record.connection(), type, id, version)
        stream = self._record.stream
        if stream is not None and stream.is_free():
            return await self._reader.version_through(stream, type, id, version)
        return await self._thread(partial(self._reader.version, type=type, id=id, version=version))

    async def _searched(self, search: Callable[..., Page]) -> Page:
        """Most searches are over sooner than a thread takes them up; the others are begun anew in one."""
        if self._inline:
            try:
                return search(self._record.connection(), seconds=SOON)
            except Problem as found:
                if found.category is not Category.TOO_COSTLY:
                    raise
        return await self._thread(lambda connection: search(connection, seconds=self._budget))

    async def _ask(self, question: Callable[[Connection], T], *, slow: bool = False) -> T:
        """The answer to a question: at once where that is quick, in a thread where it must wait."""
        if self._inline and not slow:
            return question(self._record.connection())
        return await self._thread(question)

    async def _thread(self, work: Callable[[Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(self._record.connection()))

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

    # -- deciding

    async def _plan(self, actor: Actor, entries: Sequence[Entry], *, atomic: bool) -> Plan:
        level = self._levels.of(actor.client)
        if level is Level.FULL:
            self.books.renew()
        planned = self._planner.plan(entries, await self.sight(actor), level, atomic=atomic)
        if len(entries) <= INLINE:
            return await planned
        return await asyncio.to_thread(asyncio.run, planned)

    async def _outcomes(
        self, actor: Actor, interaction: str, plan: Plan, written: Sequence[Written]
    ) -> list[Outcome]:
        """What to answer; resources that were only matched are read, and that is audited."""
        outcomes: list[Outcome] = []
        shown: list[Stored] = []
        results = iter(written)
        for decision in plan.decisions:
            change = decision.change
            if change is None:
                stored = await self._current(decision.entry.type, decision.id) if decision.id else None
                outcomes.append(Outcome(decision.entry, decision.status or "matched", stored))
                shown += [stored] if stored is not None else []
                continue
            done = next(results)
            blob, kept = (change.prepared.blob, change.prepared.kept) if change.prepared else (None, b"")
            stored = Stored(
                self._record.codec, done.key, change.type, change.id, done.version, done.updated,
                METHOD_CODE[change.method], done.home, blob, kept=kept,
            )  # fmt: skip
            outcomes.append(Outcome(decision.entry, done.status, stored if done.version else None))
        if shown:
            await self._seen(actor, interaction, "", shown)
        outcomes.sort(key=lambda outcome: outcome.entry.index)
        return outcomes


def _marked(mark: Mark, plan: Plan, written: Sequence[Written]) -> tuple[str, Sequence[Any]]:
    """The statement of `mark` for what became of all entries, those included that needed no write."""
    results = iter(written)
    return mark([
        (decision.status or "matched") if decision.change is None else next(results).status
        for decision in plan.decisions
    ])  # fmt: skip


def gone(stored: Stored) -> Problem:
    """The answer for a resource that was deleted."""
    return problem(
        Category.GONE, "deleted", f"{stored.type}/{stored.id} was deleted.",
        repair="Its earlier versions are in its history.",
    )  # fmt: skip
