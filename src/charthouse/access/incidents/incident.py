"""The record of a privacy incident: everything that was written down about it, in order, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec

from charthouse.access.actor import Actor
from charthouse.access.incidents import assessment as assessments
from charthouse.access.incidents import facts as known
from charthouse.access.incidents.assessment import Assessment, standing
from charthouse.access.incidents.clocks import Delay, Duty, Notice, Rule, Scale, duties, start
from charthouse.access.incidents.facts import Facts
from charthouse.access.incidents.words import REGIONS
from charthouse.base.clock import moment, now
from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.base.ids import logical_id
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

# Letters of which it is known that they did not reach the person (164.404(d)(2)).
UNREACHED: Final = ("returned", "unreachable", "substituted")
MOST_SOURCES: Final = 1000


class Start(msgspec.Struct, frozen=True):
    """What an incident was opened from: numbers of audit events, keys of accounts."""

    events: tuple[int, ...] = ()
    accounts: tuple[int, ...] = ()


class Note(msgspec.Struct, frozen=True):
    """A remark for the timeline."""

    text: str


class State(msgspec.Struct, frozen=True):
    """That the incident was closed, or opened again, and why."""

    is_closed: bool
    why: str


class Letter(msgspec.Struct, frozen=True):
    """What the letters of one incident say (164.404(c)(1)(A)-(E)), for people to read."""

    happened: str = ""
    information: str = ""
    protect: str = ""
    doing: str = ""
    contact: str = ""


class Count(msgspec.Struct, frozen=True):
    """That people were counted: the question in words, how many it found and how many of them were new."""

    question: str
    found: int
    added: int
    missing: tuple[str, ...] = ()


Body = Start | Facts | Assessment | Note | Delay | Notice | State | Letter | Count
KINDS: Final[Mapping[str, Any]] = {
    "start": Start, "facts": Facts, "assessment": Assessment, "note": Note, "delay": Delay, "notice": Notice,
    "state": State, "letter": Letter, "count": Count,
}  # fmt: skip
_KIND_OF: Final[Mapping[Any, str]] = {made: kind for kind, made in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was written down: its number over all incidents, when (ms) and by which account."""

    id: int
    kind: str
    at: int
    actor: int
    body: Body


@dataclass(frozen=True, slots=True)
class Incident:
    """What an incident comes to now. `id` is the number people say, `name` what addresses hold."""

    id: int
    name: str
    opened: int
    actor: int
    source: str
    entries: tuple[Entry, ...]
    regions: Mapping[str, int]
    statuses: Mapping[str, int]

    def last(self, kind: str) -> Entry | None:
        """The latest entry of a kind."""
        return next((one for one in reversed(self.entries) if one.kind == kind), None)

    def every(self, kind: str) -> list[Entry]:
        """All entries of a kind, oldest first."""
        return [one for one in self.entries if one.kind == kind]

    @property
    def facts(self) -> Facts:
        """The facts as they are known now."""
        entry = self.last("facts")
        if entry is None or not isinstance(entry.body, Facts):
            raise LookupError("an incident without facts")
        return entry.body

    @property
    def assessment(self) -> Assessment | None:
        """The risk assessment that holds."""
        entry = self.last("assessment")
        return entry.body if entry and isinstance(entry.body, Assessment) else None

    @property
    def letter(self) -> Letter:
        """What the letters say."""
        entry = self.last("letter")
        return entry.body if entry and isinstance(entry.body, Letter) else Letter()

    @property
    def is_closed(self) -> bool:
        """Whether somebody closed it."""
        entry = self.last("state")
        return bool(entry and isinstance(entry.body, State) and entry.body.is_closed)

    @property
    def standing(self) -> str:
        """A word of `words.STANDINGS`."""
        facts = self.facts
        return standing(is_secured=facts.is_secured, exception=facts.exception, assessment=self.assessment)

    @property
    def begin(self) -> date:
        """The day that counts as discovery."""
        return start(self.facts.discovered, self.facts.diligent)

    @property
    def listed(self) -> int:
        """How many people are on the list."""
        return sum(self.regions.values())

    @property
    def people(self) -> int:
        """How many people are taken to be affected: those on the list, or the estimate where it is higher."""
        return max(self.listed, self.facts.estimate)

    @property
    def delays(self) -> list[Delay]:
        """What law enforcement asked for, oldest first."""
        return [one.body for one in self.every("delay") if isinstance(one.body, Delay)]

    def duties(self, rules: Mapping[str, Rule]) -> list[Duty]:
        """The notices that are owed; none where it is no breach."""
        if not assessments.is_owed(self.standing):
            return []
        unreached = sum(self.statuses.get(word, 0) for word in UNREACHED)
        return duties(
            self.begin, Scale(self.people, self.regions, unreached), associate=self.facts.role == "associate",
            delays=self.delays, rules=rules,
            notices=[one.body for one in self.every("notice") if isinstance(one.body, Notice)],
        )  # fmt: skip


class Incidents:
    """The incidents of one record. Reads use the connection given here; what is written takes that of its transaction.

    Rights are the caller's to ask: `policy.require(actor, "incidents", …)`.
    """

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access.incidents", "incident", connection.dialect)

    def today(self) -> date:
        """The calendar day in universal time: nowhere in the States is it later, so no clock starts too late."""
        return moment(self._clock()).date()

    # -- reading

    def get(self, name: str, connection: Connection | None = None) -> Incident:
        """The incident, as the transaction on `connection` sees it if one is given; raises `Problem(not_found)`."""
        connection = connection or self._connection
        row = connection.one(self._sql.by_name, (name,))
        if row is None:
            raise not_found()
        return self._incident(connection, row)

    def all(self) -> list[Incident]:
        """Every incident, the newest first."""
        rows = self._connection.run(self._sql.all_incidents)
        return [self._incident(self._connection, row) for row in rows]

    def rules(self, connection: Connection | None = None) -> dict[str, Rule]:
        """The duties of states that the clinic added, by name; those taken back have `active` false."""
        found = (connection or self._connection).run(self._sql.rules)
        return {name: msgspec.json.decode(body, type=Rule) for name, body in found}

    # -- writing, each in the transaction on `connection`

    def open(
        self, connection: Connection, actor: Actor, *, title: str, discovered: date, source: str,
        kind: str = "access", events: Sequence[int] = (), accounts: Sequence[int] = (),
    ) -> str:  # fmt: skip
        """A new incident; returns its name. `source` says where it was noticed, e.g. "Review of the audit";
        `events` are numbers of audit events, `accounts` keys, both to count the people from.

        Raises `Problem(invalid)` for a bad title, day or kind.
        """
        facts = known.checked(Facts(title.strip(), discovered, kind), self.today())
        if len(events) + len(accounts) > MOST_SOURCES:
            raise invalid("too-long", "These are too many events for one incident.", place="events",
                          value=len(events), repair=f"Give up to {MOST_SOURCES}; count the others later.")  # fmt: skip
        name = logical_id()
        source = known.line(source, "source", 200)
        row = connection.one(self._sql.add, (name, self._clock(), actor.id, source))
        if row is None:
            raise LookupError("an incident was not added")
        self._add(
            connection, actor, row[0], Start(tuple(dict.fromkeys(events)), tuple(dict.fromkeys(accounts)))
        )
        self._add(connection, actor, row[0], facts)
        return name

    def change(self, connection: Connection, actor: Actor, name: str, facts: Facts, *, seen: int) -> None:
        """New facts on top of entry `seen`; raises `Problem(conflict)` where somebody was quicker."""
        self._on_top(connection, actor, name, known.checked(facts, self.today()), seen)

    def word(self, connection: Connection, actor: Actor, name: str, letter: Letter, *, seen: int) -> None:
        """New texts for the letters on top of entry `seen` (0 = there were none)."""
        for place in letter.__struct_fields__:
            known.line(getattr(letter, place), place)
        self._on_top(connection, actor, name, letter, seen)

    def assess(self, connection: Connection, actor: Actor, name: str, assessment: Assessment) -> None:
        """A risk assessment; the ones before stay in the history."""
        self._write(connection, actor, name, assessments.checked(assessment))

    def note(self, connection: Connection, actor: Actor, name: str, text: str) -> None:
        """A remark."""
        self._write(connection, actor, name, Note(known.line(text, "text", required="The note is empty.")))

    def delay(self, connection: Connection, actor: Actor, name: str, delay: Delay) -> None:
        """What an official asked for; raises `Problem(invalid)` where no official is named or the days do not fit."""
        official = known.line(delay.official, "official", 200, required="The official is not named.")
        if delay.stated > self.today() or (delay.until is not None and delay.until < delay.stated):
            raise invalid("value", "These days do not fit together.", place="until", value=delay.until,
                          repair="The statement was made by today, and ends after it was made.")  # fmt: skip
        self._write(connection, actor, name, Delay(official, delay.stated, delay.until))

    def notice(self, connection: Connection, actor: Actor, name: str, notice: Notice) -> None:
        """That a notice was given; raises `Problem(invalid)` for one that is not owed or lies ahead."""
        self._turn(connection, name)
        incident = self.get(name, connection)
        if notice.duty not in {duty.key for duty in incident.duties(self.rules(connection))}:
            raise invalid("value", "This notice is not owed.", place="duty", value=notice.duty,
                          repair="Reload the page; what is owed may have changed.")  # fmt: skip
        if notice.day is not None and not incident.begin <= notice.day <= self.today():
            raise invalid("value", "The notice cannot have been given that day.", place="day", value=notice.day,
                          repair="Give a day between the discovery and today.")  # fmt: skip
        self._write(
            connection, actor, name, Notice(notice.duty, notice.day, known.line(notice.how, "how", 500))
        )

    def state(self, connection: Connection, actor: Actor, name: str, *, is_closed: bool, why: str) -> None:
        """Close the incident, or open it again.

        Raises `Problem(invalid)` where it is presumed a breach still, or a notice is owed.
        """
        why = known.line(why, "why", 2000, required="The reason is not given.")
        self._turn(connection, name)
        incident = self.get(name, connection)
        if is_closed and incident.standing == "presumed":
            raise invalid("business-rule", "Nobody has decided yet whether this is a breach.", place="assessment",
                          repair="Assess the risk first.")  # fmt: skip
        owed = [duty.whom for duty in incident.duties(self.rules(connection)) if duty.given is None]
        if is_closed and owed:
            raise invalid("business-rule", "Notices are still owed.", place="notices", value=", ".join(owed),
                          repair="Write down when they were given, then close the incident.")  # fmt: skip
        self._write(connection, actor, name, State(is_closed, why))

    def counted(self, connection: Connection, actor: Actor, name: str, count: Count) -> None:
        """That people were counted."""
        self._write(connection, actor, name, count)

    def rule(self, connection: Connection, actor: Actor, rule: Rule, name: str = "") -> str:
        """Add a duty of a state, or change the one of that name; returns the name. Raises `Problem(invalid)`."""
        if rule.region not in REGIONS:
            raise invalid("value", "There is no such state.", place="region", value=rule.region,
                          repair="Use the two letters of the postal code.")  # fmt: skip
        if not (1 <= rule.days <= 3650 and 1 <= rule.least <= 10_000_000):
            raise invalid("value", "This cannot be a number of days or people.", place="days", value=rule.days,
                          repair="Give 1 to 3650 days, and 1 person or more.")  # fmt: skip
        known.line(rule.whom, "whom", 120, required="Whom to tell is not said.")
        known.line(rule.authority, "authority", 200, required="The law that asks for it is not named.")
        if name and name not in self.rules(connection):
            raise not_found()
        name = name or logical_id()
        connection.run(self._sql.add_rule, (name, _text(rule), self._clock(), actor.id))
        return name

    # -- inside

    def _on_top(
        self, connection: Connection, actor: Actor, name: str, body: Facts | Letter, seen: int
    ) -> None:
        number = self._turn(connection, name)
        row = connection.one(self._sql.last_entry, (number, _KIND_OF[type(body)]))
        if row is not None and (row[0] or 0) != seen:
            raise problem(
                Category.CONFLICT, "conflict", "Somebody else changed this meanwhile; nothing was changed.",
                repair="Go back, reload the page and enter it again.",
            )  # fmt: skip
        self._add(connection, actor, number, body)

    def _write(self, connection: Connection, actor: Actor, name: str, body: Body) -> None:
        self._add(connection, actor, self._turn(connection, name), body)

    def _turn(self, connection: Connection, name: str) -> int:
        row = connection.one(self._sql.turn, (name,))
        if row is None:
            raise not_found()
        number: int = row[0]
        return number

    def _add(self, connection: Connection, actor: Actor, number: int, body: Body) -> None:
        values = (number, _KIND_OF[type(body)], self._clock(), actor.id, _text(body))
        connection.one(self._sql.add_entry, values)

    def _incident(self, connection: Connection, row: Row) -> Incident:
        entries = tuple(
            Entry(id, kind, at, actor, msgspec.json.decode(body, type=KINDS[kind]))
            for id, kind, at, actor, body in connection.run(self._sql.entries, (row[0],))
        )
        regions: dict[str, int] = dict(connection.run(self._sql.regions, (row[0],)))
        statuses: dict[str, int] = dict(connection.run(self._sql.statuses, (row[0],)))
        id, name, opened, actor, source = row
        return Incident(id, name, opened, actor, source, entries, regions, statuses)


def _text(body: Body | Rule) -> str:
    return msgspec.json.encode(body).decode()
