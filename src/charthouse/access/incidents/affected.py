"""Who was affected: counted from the audit, each person once, and corrected by hand with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from charthouse.access.actor import Actor
from charthouse.access.incidents.facts import line
from charthouse.access.reporting import END, Reporting, entry
from charthouse.base.clock import now
from charthouse.base.errors import Category, invalid, not_found, problem
from charthouse.db import queries
from charthouse.db.connect import Connection

MOST: Final = 200_000  # people of one question
SLICE: Final = 1000  # audit events read at a time
# What may become of a letter -> how it is said.
STATUSES: Final[Mapping[str, str]] = {
    "printed": "Printed",
    "sent": "Sent by first-class mail",
    "returned": "Came back",
    "unreachable": "No good address",
    "substituted": "Substitute notice given",
    "agreed": "Agreed to e-mail",
    "emailed": "Sent by e-mail",
}


@dataclass(frozen=True, slots=True)
class Question:
    """From what people are counted: numbers of audit events, what accounts did in a span of ms (`until`
    excluded), and ids of patients."""

    events: Sequence[int] = ()
    accounts: Sequence[int] = ()
    since: int = 0
    until: int = END
    patients: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The keys of the patients found, and what was asked for but is not there."""

    patients: frozenset[int]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the list of an incident. `number` names them in addresses, `patient` is the resource key.

    `status` is a word of `STATUSES` or empty, `day` (YYYY-MM-DD) and `note` go with it.
    """

    number: int
    patient: int
    region: str
    source: str
    reason: str
    at: int
    actor: int
    status: str = ""
    day: str = ""
    note: str = ""
    agreed: bool = False


class Affected:
    """The lists of affected people of one record. Reads use `connection`; what is written takes that of its
    transaction."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access.incidents", "affected", connection.dialect)

    def find(self, audit: Connection, record: Connection, question: Question) -> Answer:
        """The people a question is about. For any thread: it uses only the connections given here.

        Accounts count by what they were shown (the audit) and by what they wrote (the log of the record).
        Raises `Problem(too_costly)` for more than `MOST` people.
        """
        found: set[int] = set()
        missing: list[str] = []
        for number in question.events:
            row = audit.one(self._sql.event, (number,)) if 0 < number < END else None
            if row is None:
                missing.append(f"audit event {number}")
            else:
                found.update(entry(row).event.patients)
        reporting = Reporting(audit)
        for account in question.accounts:
            before: int | None = None
            while True:
                page = reporting.seen(
                    account, before=before, since=question.since, until=question.until, count=SLICE
                )
                for one in page.entries:
                    found.update(one.event.patients)
                if len(found) > MOST:
                    raise too_many()
                before = page.before
                if before is None:
                    break
            span = (account, question.since, question.until)
            found.update(home for (home,) in record.run(self._sql.written_by, span))
        for id in question.patients:
            row = record.one(self._sql.key_of, (id,))
            if row is None:
                missing.append(f"patient {id}")
            else:
                found.add(row[0])
        if len(found) > MOST:
            raise too_many()
        return Answer(frozenset(found), tuple(missing))

    def people(self, incident: int) -> list[Person]:
        """Everybody on the list, in the order in which they came onto it."""
        mail = {row[0]: row[1:] for row in self._connection.run(self._sql.mail, (incident,))}
        people = []
        for patient, change, region, source, reason, at, actor, number in self._connection.run(
            self._sql.standing, (incident,)
        ):
            if change != "removed":
                status, day, note, agreed = mail.get(patient, ("", "", "", False))
                people.append(
                    Person(
                        number, patient, region, source, reason, at, actor, status, day, note, bool(agreed)
                    )
                )
        return people

    def person(self, incident: int, number: int) -> Person:
        """One of them; raises `Problem(not_found)`."""
        found = next((one for one in self.people(incident) if one.number == number), None)
        if found is None:
            raise not_found()
        return found

    def id_of(self, patient: int) -> str | None:
        """The logical id behind the key of a patient."""
        row = self._connection.one(self._sql.id_of, (patient,))
        return row[0] if row else None

    # -- writing, each in the transaction on `connection`

    def add(
        self,
        connection: Connection,
        actor: Actor,
        incident: int,
        patients: Iterable[int],
        *,
        source: str,
        reason: str,
    ) -> list[int]:
        """Put patients on the list; returns those who were not on it. `source` is `audit` or `hand`."""
        reason = line(reason, "reason", 500, required="Why they are added is not said.")
        there = self._there(connection, incident)
        new = sorted(set(patients) - there.keys())
        self._append(connection, actor, incident, [(one, "added", "", source, reason) for one in new])
        return new

    def remove(
        self, connection: Connection, actor: Actor, incident: int, patients: Iterable[int], reason: str
    ) -> int:
        """Take patients off the list, for a reason; the rows that put them there stay. Returns how many."""
        reason = line(reason, "reason", 500, required="Why they are removed is not said.")
        gone = sorted(set(patients) & self._there(connection, incident).keys())
        self._append(connection, actor, incident, [(one, "removed", "", "hand", reason) for one in gone])
        return len(gone)

    def locate(self, connection: Connection, actor: Actor, incident: int, regions: Mapping[int, str]) -> None:
        """Write down where people live now: patient key -> postal code of the state, empty where unknown."""
        there = self._there(connection, incident)
        moved = [(one, region) for one, region in regions.items() if one in there and there[one] != region]
        rows = [(one, "located", region, "audit", "From the address in the record.") for one, region in moved]
        self._append(connection, actor, incident, rows)

    def mail(
        self, connection: Connection, actor: Actor, incident: int, people: Sequence[Person], status: str, day: date,
        note: str,
    ) -> None:  # fmt: skip
        """What became of the letters of `people` on `day`.

        Raises `Problem(invalid)` for an unknown status, a letter by e-mail to somebody who did not agree
        (164.404(d)(1)(i)), and an agreement without a word about it.
        """
        if status not in STATUSES:
            raise invalid("value", "There is no such status.", place="status", value=status,
                          repair=f"Use one of {', '.join(STATUSES)}.")  # fmt: skip
        note = line(note, "note", 500)
        if status == "agreed" and not note:
            raise invalid("required", "When and how the person agreed to e-mail is not said.", place="note",
                          repair="Write it into the note.")  # fmt: skip
        if status == "emailed" and not all(one.agreed for one in people):
            raise invalid("business-rule", "Somebody here has not agreed to notice by e-mail.", place="status",
                          repair="Send a letter, or note first that they agreed (164.404(d)(1)(i)).")  # fmt: skip
        moment = self._clock()
        connection.many(
            self._sql.add_mail,
            [(incident, one.patient, status, day.isoformat(), note, moment, actor.id) for one in people],
        )

    def _there(self, connection: Connection, incident: int) -> dict[int, str]:
        rows = connection.run(self._sql.standing, (incident,))
        return {row[0]: row[2] for row in rows if row[1] != "removed"}

    def _append(
        self,
        connection: Connection,
        actor: Actor,
        incident: int,
        rows: Sequence[tuple[int, str, str, str, str]],
    ) -> None:
        moment = self._clock()
        connection.many(self._sql.add, [(incident, *row, moment, actor.id) for row in rows])


def too_many() -> Exception:
    """The answer to a question that finds more people than one list holds."""
    return problem(
        Category.TOO_COSTLY, "too-costly", f"This finds more than {MOST} people.",
        repair="Narrow the time span, or give the number as an estimate.",
    )  # fmt: skip
