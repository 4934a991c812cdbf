"""Emergency access: a closed record opens to one person for a while, for a reason; a privacy officer looks at it later.

45 CFR 164.312(a)(2)(ii) wants a way in an emergency; what makes it safe is that nobody passes unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from charthouse.access.actor import Actor
from charthouse.access.generation import Generation
from charthouse.base.clock import now
from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

MINUTE: Final = 60_000
USUAL: Final = 60  # minutes
LONGEST: Final = 240
SHORTEST_NOTE: Final = 10  # characters in which the reason is told
LONGEST_NOTE: Final = 2_000
LATEST: Final = (1 << 63) - 1
EMERGENCY: Final = "ETREAT"  # the purpose of use that is audited meanwhile (HL7 v3 PurposeOfUse)
REASONS: Final = {
    "emergency": "Emergency treatment",
    "unconscious": "The patient cannot be asked",
    "covering": "Covering for a colleague, urgent",
    "safety": "Danger to the patient or to others",
}
FINDINGS: Final = {
    "justified": "Justified",
    "explained": "Not urgent, but explained",
    "incident": "Privacy incident",
}
Finding = Literal["justified", "explained", "incident"]


@dataclass(frozen=True, slots=True)
class Broken:
    """One time somebody broke the glass. `patient` is a key; times in ms; `finding` None = nobody looked yet."""

    id: int
    account: int
    patient: int
    reason: str
    note: str
    opened: int
    closes: int
    ended: int | None
    reviewed: int | None
    reviewer: int | None
    finding: str | None
    remark: str | None

    @property
    def until(self) -> int:
        """When it was over, or will be."""
        return self.closes if self.ended is None else min(self.ended, self.closes)


class Glass:
    """The emergency accesses of one record. Reads use the connection given here, changes that of their transaction."""

    def __init__(
        self, connection: Connection, generation: Generation, *, clock: Callable[[], int] = now
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._clock = clock
        self._sql = queries.load("charthouse.access", "glass", connection.dialect)
        self._seen = 0
        self._held: dict[int, tuple[frozenset[int], int]] = {}  # account -> (patients, until when that holds)

    def lifted(self, actor: Actor) -> Actor:
        """The actor with the patients for whom they broke the glass; only who sits at a screen can have any."""
        if actor.session is None or not actor.session.startswith("session:"):
            return actor
        generation = self._generation()
        if generation != self._seen:
            self._held.clear()
            self._seen = generation
        moment = self._clock()
        held = self._held.get(actor.id)
        if held is None or held[1] <= moment:
            rows = self._connection.run(self._sql.active, (actor.id, moment, moment))
            held = frozenset(row[0] for row in rows), min((row[1] for row in rows), default=LATEST)
            self._held[actor.id] = held
        return replace(actor, glass=held[0]) if held[0] else actor

    def break_(
        self, connection: Connection, actor: Actor, patient: int, reason: str, note: str, minutes: int = USUAL
    ) -> Broken:
        """Open the record of `patient` (a key) to the actor for `minutes`, in the transaction on `connection`.

        Raises `Problem(invalid)` for a reason that is none, a note that says nothing, or a time that is too long.
        After the commit call `generation.stale()`.
        """
        note = note.strip()
        if reason not in REASONS:
            raise invalid(
                "value", "Choose a reason.", place="reason", value=reason, repair="Take one of the list."
            )
        if len(note) < SHORTEST_NOTE:
            raise invalid(
                "required", "Say in a few words what happened.", place="note",
                repair=f"Write at least {SHORTEST_NOTE} characters; the privacy officer reads it.",
            )  # fmt: skip
        if len(note) > LONGEST_NOTE:
            raise invalid("too-long", f"A note has at most {LONGEST_NOTE} characters.", place="note")
        if not 1 <= minutes <= LONGEST:
            raise invalid(
                "value", f"Emergency access lasts from 1 to {LONGEST} minutes.", place="minutes", value=minutes,
                repair="Open it again when the time is over.",
            )  # fmt: skip
        moment = self._clock()
        row = connection.one(
            self._sql.add, (actor.id, patient, reason, note, moment, moment + minutes * MINUTE)
        )
        if row is None:
            raise LookupError("the access was not added")
        self._generation.bump(connection)
        return self._broken(row)

    def give_back(self, connection: Connection, actor: Actor, patient: int) -> int:
        """End the actor's own access to that record now; returns how many there were. After the commit call
        `generation.stale()`."""
        ended = connection.run(self._sql.end, (self._clock(), actor.id, patient, self._clock()))
        self._generation.bump(connection)
        return len(ended)

    def review(self, connection: Connection, reviewer: Actor, id: int, finding: str, remark: str) -> Broken:
        """Write down what was found about one access, once.

        Raises `Problem(not_found)`, `Problem(invalid)` for a finding that is none, `Problem(forbidden)` for one's own
        access, `Problem(conflict)` where somebody was faster.
        """
        broken = self.get(id)
        if finding not in FINDINGS:
            raise invalid(
                "value", "Choose a finding.", place="finding", value=finding, repair="Take one of the list."
            )
        if finding != "justified" and len(remark.strip()) < SHORTEST_NOTE:
            raise invalid(
                "required", "Say in a few words what was found.", place="remark",
                repair=f"Write at least {SHORTEST_NOTE} characters.",
            )  # fmt: skip
        if broken.account == reviewer.id:
            raise problem(
                Category.FORBIDDEN, "forbidden", "Nobody reviews their own emergency access.", place="finding",
                repair="Ask another privacy officer.",
            )  # fmt: skip
        row = connection.one(
            self._sql.review, (self._clock(), reviewer.id, finding, remark.strip()[:LONGEST_NOTE], id)
        )
        if row is None:
            raise problem(
                Category.CONFLICT, "conflict", "This access was reviewed already.", place="finding",
                repair="Reload the page to see by whom.",
            )  # fmt: skip
        return self._broken(row)

    def get(self, id: int) -> Broken:
        """One access; raises `Problem(not_found)`."""
        row = self._connection.one(self._sql.by_id, (id,))
        if row is None:
            raise not_found("There is no such emergency access.")
        return self._broken(row)

    def waiting(self, *, before: int = LATEST, count: int = 50) -> Sequence[Broken]:
        """Accesses that nobody reviewed yet, the latest first; `before` is the number the page before ended with."""
        return [self._broken(row) for row in self._connection.run(self._sql.waiting, (before, count))]

    def reviewed(self, *, before: int = LATEST, count: int = 50) -> Sequence[Broken]:
        """Accesses that were reviewed, the latest first."""
        return [self._broken(row) for row in self._connection.run(self._sql.reviewed, (before, count))]

    def now_open(self, actor: Actor, patient: int) -> Broken | None:
        """The actor's access to that record that ends last, if any is open."""
        moment = self._clock()
        row = self._connection.one(self._sql.open_for, (actor.id, patient, moment, moment))
        return None if row is None else self._broken(row)

    @staticmethod
    def _broken(row: Row) -> Broken:
        return Broken(*row)
