"""The door for writes: policy, then the decision and its validation, then one store transaction."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from charthouse.access.actor import Actor
from charthouse.access.audit import QUERY_LENGTH, Audit, event
from charthouse.access.books import Books
from charthouse.access.commit import NEEDED, Outcome, Plan, Planner
from charthouse.access.consents import Consents
from charthouse.access.levels import Levels
from charthouse.access.notice import TEXT, Notice
from charthouse.access.policy import Policy, forbidden
from charthouse.access.reach import Reach
from charthouse.access.rules.mask import refuse_telling
from charthouse.access.sight import Sight
from charthouse.base.errors import Category, Problem, problem
from charthouse.fhir.bundle import Entry
from charthouse.store.body import METHOD_CODE, Stored
from charthouse.store.record import Record
from charthouse.store.write import ANY, Stale, Transaction, Written
from charthouse.validation.validator import Level

Mark = Callable[[Sequence[str]], tuple[str, Sequence[Any]]]

ATTEMPTS: Final = 50  # at deciding a write anew because the record moved on
INLINE: Final = 24  # entries that are prepared on the event loop; more go to a thread
_OF_THE_HOUSE: Final = re.compile(r"[rw]-\d+")  # ids under which the house tells its own audit


class Seen(Protocol):
    """Audits what is about to leave; nothing leaves if that fails."""

    def __call__(
        self, actor: Actor, interaction: str, type: str, found: Sequence[Stored], *, query: str = ""
    ) -> Awaitable[None]:
        """Return when that is durable."""
        ...


class Writing:
    """Writes through the door of one clinic. Coroutines belong to one event loop."""

    def __init__(
        self,
        record: Record,
        reach: Reach,
        policy: Policy,
        planner: Planner,
        audit: Audit,
        books: Books,
        levels: Levels,
        consents: Consents,
        notice: Notice,
        sight: Callable[[Actor], Awaitable[Sight]],
        seen: Seen,
    ) -> None:
        """`sight` makes what an actor sees, `seen` audits what is shown."""
        self._record = record
        self._reach = reach
        self._policy = policy
        self._planner = planner
        self._audit = audit
        self._books = books
        self._levels = levels
        self._consents = consents
        self._notice = notice
        self._sight = sight
        self._seen = seen

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
        try:
            return await self._commit(actor, entries, interaction, request, mark)
        except Problem as failure:
            asked = entries[0].type if entries else ""
            await self._audit.record(
                event(actor, interaction, asked, outcome=failure.category.value, request=request)
            )
            raise

    async def _commit(
        self, actor: Actor, entries: Sequence[Entry], interaction: str, request: str, mark: Mark | None
    ) -> list[Outcome]:
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

    def _may_write(self, actor: Actor, entry: Entry) -> None:
        """Whole types only are refused here. Who does not see all elements of a type would lose them in an update."""
        needed = NEEDED[entry.method]
        self._policy.require(actor, entry.type, needed)
        if entry.method == "PATCH":  # it answers what is there, and asks it in its tests
            self._policy.require(actor, entry.type, "read")
        if entry.type == "AuditEvent" and _is_forged(entry):
            raise forbidden(entry.type, needed)
        if entry.method in ("PUT", "PATCH") and self._policy.hidden(actor, entry.type):
            raise forbidden(entry.type, needed)
        if entry.if_none_exist or entry.criteria:
            self._policy.require(actor, entry.type, "search")
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
                stored = await self._reach.current(change.type, change.id)
                change.expected = 0 if stored is None or stored.deleted else stored.version
            if change.expected == 0:
                raise forbidden(change.type, "create")

    async def _plan(self, actor: Actor, entries: Sequence[Entry], *, atomic: bool) -> Plan:
        level = self._levels.of(actor.client)
        if level is Level.FULL:
            self._books.renew()
        sight = await self._sight(actor)
        plan = Plan(sight, level)
        planned = self._planner.plan(entries, plan, atomic=atomic)
        try:
            await (planned if len(entries) <= INLINE else asyncio.to_thread(asyncio.run, planned))
        finally:
            await self._found(actor, plan)
        return plan

    async def _found(self, actor: Actor, plan: Plan) -> None:
        """Audit what conditions of a write looked for, and found: they are searches, whatever becomes of the write."""
        if not plan.asked:
            return
        told = (
            f"{type}?" + "&".join(f"{name}={value}" for name, value in criteria)
            for type, criteria, _ in plan.asked
        )
        named = dict.fromkeys((type, id) for type, _, ids in plan.asked for id in ids)
        held = [one for type, id in named if (one := await self._reach.current(type, id)) is not None]
        await self._seen(actor, "search", plan.asked[0][0], held, query=" ".join(told)[:QUERY_LENGTH])
        plan.asked.clear()

    async def _matched(self, actor: Actor, type: str, id: str) -> Stored | None:
        """A resource that was only matched, for who may read it."""
        sight = await self._sight(actor)
        if not id or not sight.may(type, "read"):
            return None
        stored = await sight.current(type, id, "read")
        return None if stored is None else sight.mask(stored)

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
                stored = await self._matched(actor, decision.entry.type, decision.id)
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
        await self._noticed(outcomes)
        outcomes.sort(key=lambda outcome: outcome.entry.index)
        return outcomes

    async def _noticed(self, outcomes: Sequence[Outcome]) -> None:
        """Give the notice that must travel to those outcomes that need it."""
        if not self._notice.any(self._reach.connection()):
            return
        held = [one.stored for one in outcomes if one.stored is not None]
        carried = await self._reach.ask(lambda connection: self._notice.on(connection, held))
        for one in outcomes:
            one.notice = TEXT if one.stored is not None and one.stored.key in carried else ""


def _is_forged(entry: Entry) -> bool:
    """Whether an AuditEvent that a client sends would pass for one that the house tells itself."""
    meta = (entry.tree or {}).get("meta")
    source = meta.get("source") if isinstance(meta, dict) else None
    return bool(_OF_THE_HOUSE.fullmatch(entry.id or "")) or str(source or "").startswith("urn:charthouse:")


def _marked(mark: Mark, plan: Plan, written: Sequence[Written]) -> tuple[str, Sequence[Any]]:
    """The statement of `mark` for what became of all entries, those included that needed no write."""
    results = iter(written)
    return mark([
        (decision.status or "matched") if decision.change is None else next(results).status
        for decision in plan.decisions
    ])  # fmt: skip
