"""Continuing education of a person: credentials with the rules they entered for them, and what counts for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from charthouse.base.errors import invalid, not_found
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.workforce import entered
from charthouse.workforce.planner import Planner

MOST: Final = 500  # credits of one person
HELD: Final = 40  # credentials of one person


@dataclass(frozen=True, slots=True)
class Credit:
    """Continuing education that counts for a credential; `media` says what was uploaded, empty for nothing.

    `hours` are contact hours, where those were entered and the credits follow from the credential's rule.
    """

    id: int
    credential: str
    day: date
    title: str
    credits: float
    hours: float | None
    media: str


@dataclass(frozen=True, slots=True)
class Held:
    """A credential of a person with the rule they entered for it. `earned` counts credits within the period.

    `hours` is how many contact hours make one credit.
    """

    name: str
    begins: date
    years: int
    credits: float
    rule: str
    hours: float
    ends: date
    earned: float

    @property
    def share(self) -> float:
        """How much of what is wanted is there, at most 1."""
        return min(1.0, self.earned / self.credits) if self.credits else 1.0

    @property
    def missing(self) -> float:
        """Credits still wanted in this period."""
        return max(0.0, round(self.credits - self.earned, 6))


class Continuing:
    """The tables of continuing education. Changes are made on the connection they are handed."""

    def __init__(self, connection: Connection, planner: Planner) -> None:
        self._connection = connection
        self._planner = planner  # keeps the time, the room for files, and what is forgotten
        self._clock = planner.clock
        self._sql = queries.load("charthouse.workforce", "planner", connection.dialect)

    def credits(self, account: int) -> list[Credit]:
        """Continuing education of a person, the latest first."""
        return [
            Credit(id, credential, date.fromisoformat(day), title, credits, hours, media or "")
            for id, credential, day, title, credits, hours, media in self._connection.run(
                self._sql.credits, (account,)
            )
        ]

    def held(self, account: int, credits: list[Credit] | None = None) -> list[Held]:
        """A person's credentials, each with what was earned in its period."""
        rows = list(self._connection.run(self._sql.credentials, (account,)))
        every = (self.credits(account) if rows else []) if credits is None else credits
        found = []
        for name, begins, years, wanted, rule, hours in rows:
            begin = date.fromisoformat(begins)
            end = _later(begin, years)
            earned = sum(one.credits for one in every if one.credential == name and begin <= one.day < end)
            found.append(Held(name, begin, years, wanted, rule, hours, end, round(earned, 6)))
        return found

    def hold(self, connection: Connection, account: int, words: Mapping[str, str]) -> None:
        """Enter a credential with its rule, or change it; hours that were entered count by the new rule.

        Raises `Problem(invalid)`.
        """
        name = entered.line(words, "credential", "Which credential?", most=60)
        years = int(entered.number(words, "years", 1, 20))
        credits = entered.number(words, "credits", 0, 1000)
        hours = entered.number(words, "hours", 0.01, 1000) if words.get("hours", "").strip() else 1.0
        begins = entered.day(words, "begins").isoformat()
        held = {one.name for one in self.held(account)}
        if name not in held and len(held) >= HELD:
            raise entered.full()
        row = (account, name, begins, years, credits, entered.line(words, "rule"), hours)
        connection.run(self._sql.hold, row)
        connection.run(self._sql.recount, (hours, account, name))

    def drop_credential(self, connection: Connection, account: int, name: str) -> None:
        """Take a credential out; its credits stay. For a day it can be put back. Raises `Problem(not_found)`."""
        self._planner.forget(connection)
        if connection.one(self._sql.drop_credential, (self._clock(), account, name)) is None:
            raise not_found()

    def restore_credential(self, connection: Connection, account: int, name: str) -> None:
        """Put back what was taken out. Raises `Problem(not_found)`."""
        if connection.one(self._sql.restore_credential, (account, name)) is None:
            raise not_found()

    def add_credit(
        self, connection: Connection, account: int, words: Mapping[str, str], file: bytes = b""
    ) -> None:
        """Continuing education with its certificate (PDF, PNG or JPEG), in credits or in contact hours.

        Raises `Problem(invalid)`.
        """
        name = entered.line(words, "credential", "Which credential?", most=60)
        held = {one.name: one for one in self.held(account)}
        if name not in held:
            raise invalid(
                "value",
                "You hold no such credential here.",
                place="credential",
                value=name,
                repair="Enter it first.",
            )
        count = connection.one(self._sql.count_credits, (account,))
        if count is not None and count[0] >= MOST:
            raise entered.full()
        credits, hours = _counted(words, held[name].hours)
        day = entered.day(words, "day").isoformat()
        title = entered.line(words, "title", "What was it?")
        media = entered.media(file) if file else None
        if file:
            self._planner.room(connection, account, len(file))
        row = (account, name, day, title, credits, hours, self._clock(), media, file or None)
        connection.run(self._sql.add_credit, row)

    def drop_credit(self, connection: Connection, account: int, id: int) -> None:
        """Take one out; for a day it can be put back. Raises `Problem(not_found)`."""
        self._planner.forget(connection)
        if connection.one(self._sql.drop_credit, (self._clock(), id, account)) is None:
            raise not_found()

    def restore_credit(self, connection: Connection, account: int, id: int) -> None:
        """Put back what was taken out. Raises `Problem(not_found)`."""
        if connection.one(self._sql.restore_credit, (id, account)) is None:
            raise not_found()

    def certificate(self, account: int, id: int) -> tuple[str, bytes]:
        """What was uploaded: media type and bytes. Raises `Problem(not_found)`, also for what is another person's."""
        row = self._connection.one(self._sql.certificate, (id, account))
        if row is None or row[1] is None:
            raise not_found()
        return row[0], bytes(row[1])


def _counted(words: Mapping[str, str], rate: float) -> tuple[float, float | None]:
    """Credits, and the hours they follow from at `rate` hours a credit. Raises `Problem(invalid)`."""
    if not words.get("hours", "").strip():
        return entered.number(words, "credits", 0, 1000), None
    if words.get("credits", "").strip():
        raise invalid(
            "business-rule",
            "Credits and hours are both given.",
            place="hours",
            repair="Give what the certificate says: either one.",
        )
    hours = entered.number(words, "hours", 0, 10_000)
    return hours / rate, hours


def _later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
