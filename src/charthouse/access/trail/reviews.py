"""What is done about unusual access: the queue, who looked into it and what they found, and what counts as unusual."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from charthouse.access.actor import Actor
from charthouse.access.trail import cursor as cursors
from charthouse.access.trail.cursor import Cursor
from charthouse.access.trail.limits import Limits, checked, limits
from charthouse.access.trail.line import START, Line, Question
from charthouse.access.trail.names import Who
from charthouse.access.trail.trail import Trail, Write
from charthouse.access.trail.unusual import Reason
from charthouse.base.clock import now
from charthouse.base.errors import invalid, not_found
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

STATES: Final = ("new", "review", "explained", "incident")
LONGEST: Final = 2_000  # characters of a note
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Case:
    """Unusual access of one person to one chart (`patient` 0 = many charts) on one day; times in ms."""

    id: int
    actor: int
    patient: int
    day: int
    found: int
    times: int
    first: int
    last: int
    reasons: Sequence[Reason]
    state: str


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody did about a case."""

    at: int
    actor: int
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Cases of one state, newest first; `next` continues; how many there are of each state."""

    cases: Sequence[Case]
    next: str | None
    counts: Mapping[str, int]


class Reviews:
    """The reviews of one clinic. The actor needs the house's right `audit`: search for the queue, read for a
    case, update to decide."""

    def __init__(self, trail: Trail, dialect: str, write: Write, *, clock: Callable[[], int] = now) -> None:
        self._trail = trail
        self._write = write
        self._clock = clock
        self._sql = queries.load("charthouse.access.trail", "unusual", dialect)

    async def queue(
        self, actor: Actor, state: str = "new", *, cursor: str | None = None, count: int = PAGE
    ) -> Queue:
        """One page of the queue. Raises `Problem(forbidden)`, `Problem(invalid)`."""
        self._trail.require(actor, "search")
        _known(state)
        place = START
        if cursor:
            at = cursors.open_(self._trail.keys, cursor, actor.id)
            place = at.places.get(state) or START
        asked = (state, place[0], place[0], place[1], count + 1)
        rows = await self._rows(self._sql.queue, asked)
        counts = {row[0]: int(row[1]) for row in await self._rows(self._sql.counts, ())}
        cases = [_case(row) for row in rows[:count]]
        await self._trail.told(actor, "search", Question(words=f"unusual access, {state}"))
        if len(rows) <= count:
            return Queue(cases, None, counts)
        way = Cursor(actor.id, Question(), {state: (cases[-1].last, cases[-1].id)})
        return Queue(cases, cursors.close(self._trail.keys, way), counts)

    async def case(self, actor: Actor, id: int) -> tuple[Case, list[Note]]:
        """A case with what was done about it. Raises `Problem(forbidden)`, `not_found`."""
        self._trail.require(actor, "read")
        rows = await self._rows(self._sql.one, (id,)) if 0 < id < 2**62 else []
        if not rows:
            raise not_found()
        found = _case(rows[0])
        notes = [Note(*row) for row in await self._rows(self._sql.notes, (id,))]
        patient = found.patient or None
        await self._trail.told(actor, "read", Question(patient=patient, words=f"unusual access {id}"))
        return found, notes

    async def events(self, actor: Actor, case: Case, count: int = PAGE) -> list[Line]:
        """The events a case is about, newest first."""
        question = Question(
            actor=case.actor, patient=case.patient or None, since=case.first, until=case.last + 1,
            words=f"events of unusual access {case.id}",
        )  # fmt: skip
        found = await self._trail.page(actor, question, count=count)
        return list(found.lines)

    async def decide(self, actor: Actor, id: int, state: str, note: str) -> None:
        """Move a case on. To call it explained or an incident needs a note. Raises `Problem`."""
        self._trail.require(actor, "update")
        _known(state)
        note = note.strip()
        if len(note) > LONGEST:
            raise invalid(
                "too-long", "The note is too long.", place="note", repair=f"Up to {LONGEST} characters."
            )
        if state in ("explained", "incident") and not note:
            raise invalid("required", "Say what you found.", place="note", repair="Write a sentence.")
        told = (id, self._clock(), actor.id, state, note)

        def job(connection: Connection) -> None:
            if not connection.run(self._sql.set_state, (state, id)):
                raise not_found()
            connection.run(self._sql.add_note, told)

        await self._write(job)
        await self._trail.told(actor, "update", Question(words=f"unusual access {id}: {state}"))

    async def limits(self, actor: Actor) -> tuple[Limits, list[tuple[str, str, int, int]]]:
        """What counts as unusual now, and every change (name, value, at, account), oldest first."""
        self._trail.require(actor, "read")
        rows = [(name, value, at, by) for name, value, at, by in await self._rows(self._sql.thresholds, ())]
        return limits({name: value for name, value, _, _ in rows}), rows

    async def set_limits(self, actor: Actor, given: Mapping[str, str]) -> None:
        """Change limits; what is as it was is left alone. Raises `Problem(invalid)` and then changes nothing."""
        self._trail.require(actor, "update")
        before, _ = await self.limits(actor)
        values = {name: checked(name, value) for name, value in given.items()}
        replace(before, **values)  # type: ignore[arg-type]
        changed = [(name, str(value)) for name, value in values.items() if getattr(before, name) != value]
        if not changed:
            return
        at = self._clock()
        rows = [(name, value, at, actor.id) for name, value in changed]

        def job(connection: Connection) -> None:
            connection.many(self._sql.add_threshold, rows)

        await self._write(job)
        words = ", ".join(f"{name}={value}" for name, value in changed)
        await self._trail.told(actor, "update", Question(words=f"limits of unusual access: {words}"))

    async def people(self, actors: Sequence[int]) -> dict[int, Who]:
        """The accounts of these numbers."""
        return await self._trail.ask(lambda held: held.names.accounts(actors))

    async def _rows(self, sql: str, params: Sequence[Any]) -> list[Row]:
        return await self._trail.ask(lambda held: held.names.rows(sql, params))


def _known(state: str) -> None:
    if state not in STATES:
        raise invalid(
            "value", "There is no such state.", place="state", value=state, repair=f"Use {', '.join(STATES)}."
        )


def _case(row: Row) -> Case:
    *plain, reasons, state = row
    id, actor, patient, day, found, times, first, last = plain
    return Case(id, actor, patient, day, found, times, first, last, json.loads(reasons), state)
