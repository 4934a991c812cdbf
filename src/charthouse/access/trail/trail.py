"""The questions to the audit, asked by somebody: may they, what is the answer, and a row that says they asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeVar

from charthouse.access.actor import Actor
from charthouse.access.audit import Audit, event
from charthouse.access.keys import Keys
from charthouse.access.policy import Policy
from charthouse.access.trail import cursor as cursors
from charthouse.access.trail.checkpoint import Checkpoint, exported
from charthouse.access.trail.cursor import Cursor
from charthouse.access.trail.line import END, WRITE, Line, Place, Question
from charthouse.access.trail.names import Names, Who
from charthouse.access.trail.reads import Reads
from charthouse.access.trail.walk import Source, walk
from charthouse.access.trail.writes import Writes, take_up
from charthouse.base.errors import not_found
from charthouse.db.connect import Connection

T = TypeVar("T")

AUDIT: Final = "audit"  # the word of the house under which the policy opens it
PAGE: Final = 50
MOST: Final = 1_000
CATCHING_UP: Final = 20  # slices of writes taken up before a question; the rest follows in the background


class Write(Protocol):
    """Runs a job in a transaction of the record's writer and waits for the commit."""

    def __call__(self, job: Callable[[Connection], Any]) -> Awaitable[Any]:
        """The job's result."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first. `places` say where each source goes on, `next` is the same as a signed word; None at
    the end. `waiting` transactions are not found yet by person or patient."""

    lines: Sequence[Line]
    places: dict[str, Place] | None
    next: str | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """What one thread asks: both sources, and the names behind the numbers."""

    reads: Reads
    writes: Writes
    names: Names


class Trail:
    """The audit of one clinic, reads and writes together. Coroutines belong to one event loop."""

    def __init__(
        self,
        record: Callable[[], Connection],
        audited: Callable[[], Connection],
        policy: Policy,
        audit: Audit,
        keys: Keys,
        write: Write,
    ) -> None:
        """`record()` and `audited()` open connections to the record and to the audit; the trail closes them."""
        self._record = record
        self._audited = audited
        self._policy = policy
        self._audit = audit
        self.keys = keys
        self._write = write
        self._local = threading.local()
        self._opened: list[Connection] = []
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="trail")

    def require(self, actor: Actor, interaction: str) -> None:
        """Raise `Problem(forbidden)` unless the actor may ask the audit in this way."""
        self._policy.require(actor, AUDIT, interaction)

    async def page(
        self,
        actor: Actor,
        question: Question,
        *,
        cursor: str | None = None,
        count: int = PAGE,
        kind: str = "search",
    ) -> Page:
        """One page of an answer. `kind` is the interaction the actor needs: search, print or export.

        Raises `Problem(forbidden)`, `Problem(invalid)` for a cursor that is not ours.
        """
        self.require(actor, kind)
        at = cursors.open_(self.keys, cursor, actor.id) if cursor else Cursor(actor.id, question, {})
        asked = replace(at.question, words=question.words or at.question.words)
        found = await self.walked(asked, at.places, count)
        await self.told(actor, kind, asked)
        if found.places is None:
            return found
        return replace(found, next=cursors.close(self.keys, Cursor(actor.id, asked, found.places)))

    async def own(self, actor: Actor, *, cursor: str | None = None, count: int = PAGE) -> Page:
        """Who opened the actor's own chart; no right of the house is needed. `not_found` for who is no patient."""
        if actor.patient is None:
            raise not_found()
        question = Question(patient=actor.patient, words="own")
        at = cursors.open_(self.keys, cursor, actor.id) if cursor else Cursor(actor.id, question, {})
        if at.question.patient != actor.patient:
            raise cursors.unknown()
        found = await self.walked(question, at.places, count)
        await self.told(actor, "search", question)
        if found.places is None:
            return found
        return replace(found, next=cursors.close(self.keys, Cursor(actor.id, question, found.places)))

    async def one(self, actor: Actor, source: str, id: int) -> Line:
        """One event. Raises `Problem(forbidden)`, `not_found`."""
        self.require(actor, "read")
        if source == WRITE:
            await self.catch_up()

        def work(held: Held) -> Line | None:
            return held.writes.one(id) if source == WRITE else held.reads.one(id)

        found = await self.ask(work) if 0 < id < END else None
        asked = Question(patient=found.patients[0] if found and len(found.patients) == 1 else None)
        outcome = "ok" if found else "not_found"
        await self.told(actor, "read", replace(asked, words=f"{source}-{id}"), outcome=outcome)
        if found is None:
            raise not_found()
        return found

    async def walked(self, question: Question, places: dict[str, Place], count: int) -> Page:
        """The next lines, without asking whether somebody may have them; for those who did."""
        behind = await self.catch_up() if WRITE in question.sources else 0
        count = max(1, min(count, MOST))

        def work(held: Held) -> Page:
            both: tuple[Source, ...] = (held.reads, held.writes)
            asked = [one for one in both if one.source in question.sources]
            return Page(*walk(asked, question, places, count), waiting=behind)

        return await self.ask(work)

    async def named(self, lines: Sequence[Line]) -> tuple[dict[int, Who], dict[int, tuple[str, str]]]:
        """The accounts in `lines`, and the addresses of the resources and patients in them."""
        keys = {key for line in lines for key, _ in line.resources} | {
            key for line in lines for key in line.patients
        }
        actors = {line.actor for line in lines}
        return await self.ask(lambda held: (held.names.accounts(actors), held.names.resources(keys)))

    async def roles(self, lines: Sequence[Line]) -> dict[tuple[int, int], tuple[str, ...]]:
        """(account, at) -> the roles held at that moment."""
        wanted = {(line.actor, line.at) for line in lines}
        return await self.ask(lambda held: {pair: held.names.roles(*pair) for pair in wanted})

    async def told(self, actor: Actor, kind: str, question: Question, *, outcome: str = "ok") -> None:
        """Put the asking itself into the audit; it is part of the trail of the chart it is about."""
        patients = () if question.patient is None else (question.patient,)
        said = event(actor, kind, AUDIT, outcome=outcome, query=question.words, patients=patients)
        await self._audit.record(said)

    async def kept(self) -> Checkpoint | None:
        """The last checkpoint that was exported."""
        found = await self.ask(lambda held: exported(held.names.connection))
        return found[0] if found else None

    async def catch_up(self) -> int:
        """Take up writes that are not in the index yet; returns how many are left."""
        behind = await self.ask(lambda held: held.writes.waiting())
        for _ in range(CATCHING_UP):
            if not behind or not await self._write(take_up):
                break
            behind = await self.ask(lambda held: held.writes.waiting())
        return int(behind)

    async def ask(self, work: Callable[[Held], T]) -> T:
        """Run `work` in the trail's thread, over connections of its own."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(self._held()))

    def close(self) -> None:
        """End the thread and its connections."""
        self._threads.shutdown(wait=True)
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    def _held(self) -> Held:
        held: Held | None = getattr(self._local, "held", None)
        if held is None:
            record, audited = self._record(), self._audited()
            self._opened += [record, audited]
            held = self._local.held = Held(Reads(audited), Writes(record), Names(record))
        return held
