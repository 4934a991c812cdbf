"""A person's own steps into the craft and their continuing education, and the clinic's directory of programmes.

Each person sees their own and nobody else's. The directory begins empty: nothing in it is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from charthouse.base.clock import moment, now
from charthouse.base.errors import Problem, invalid, not_found
from charthouse.db import queries
from charthouse.db.connect import Connection

KINDS: Final[Mapping[str, str]] = {
    "education": "Education",
    "training": "Training",
    "experience": "Experience",
    "exam": "Examination",
    "continuing": "Continuing education",
    "other": "Other",
}
SOON: Final = 30  # days
MOST: Final = 500  # steps, or credits, of one person
LARGEST: Final = 200 * 1024  # bytes of a certificate
MEDIA: Final[Mapping[bytes, str]] = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `state` is done, overdue, soon, planned or open (no day)."""

    id: int
    kind: str
    title: str
    due: date | None
    note: str
    state: str


@dataclass(frozen=True, slots=True)
class Credit:
    """Continuing education that counts for a credential; `media` says what was uploaded, empty for nothing."""

    id: int
    credential: str
    day: date
    title: str
    credits: float
    media: str


@dataclass(frozen=True, slots=True)
class Held:
    """A credential of a person with the rule they entered for it. `earned` counts credits within the period."""

    name: str
    begins: date
    years: int
    credits: float
    rule: str
    ends: date
    earned: float

    @property
    def share(self) -> float:
        """How much of what is wanted is there, at most 1."""
        return min(1.0, self.earned / self.credits) if self.credits else 1.0


@dataclass(frozen=True, slots=True)
class Programme:
    """One entry of the directory."""

    id: int
    name: str
    place: str
    what: str
    address: str
    checked: date


class Planner:
    """The tables of the planner. Reads use the connection given here; changes are made on the one they are handed."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.workforce", "planner", connection.dialect)

    def today(self) -> date:
        """The present day."""
        return moment(self._clock()).date()

    def steps(self, account: int) -> list[Step]:
        """What a person plans, the most pressing first."""
        today = self.today()
        return [
            Step(id, kind, title, _date(due), note, _state(_date(due), done, today))
            for id, kind, title, due, note, done in self._connection.run(self._sql.steps, (account,))
        ]

    def add_step(self, connection: Connection, account: int, words: Mapping[str, str]) -> None:
        """A new step. Raises `Problem(invalid)`."""
        kind = words.get("kind", "other")
        if kind not in KINDS:
            raise invalid("value", "There is no such kind of step.", place="kind", value=kind)
        self._room(connection, self._sql.count_steps, account)
        title = _line(words, "title", "What is to be done?")
        due = _day(words, "due") if words.get("due", "").strip() else None
        row = (account, kind, title, due.isoformat() if due else None, _line(words, "note"), self._clock())
        connection.run(self._sql.add_step, row)

    def finish(self, connection: Connection, account: int, id: int, *, is_done: bool) -> None:
        """Mark a step as done or not. Raises `Problem(not_found)`."""
        if connection.one(self._sql.finish, (self._clock() if is_done else None, id, account)) is None:
            raise not_found()

    def drop_step(self, connection: Connection, account: int, id: int) -> None:
        """Take a step out. Raises `Problem(not_found)`."""
        if connection.one(self._sql.drop_step, (id, account)) is None:
            raise not_found()

    def credits(self, account: int) -> list[Credit]:
        """Continuing education of a person, the latest first."""
        return [
            Credit(id, credential, date.fromisoformat(day), title, credits, media or "")
            for id, credential, day, title, credits, media in self._connection.run(
                self._sql.credits, (account,)
            )
        ]

    def held(self, account: int) -> list[Held]:
        """A person's credentials, each with what was earned in its period."""
        every = self.credits(account)
        found = []
        for name, begins, years, credits, rule in self._connection.run(self._sql.credentials, (account,)):
            begin = date.fromisoformat(begins)
            end = _later(begin, years)
            earned = sum(one.credits for one in every if one.credential == name and begin <= one.day < end)
            found.append(Held(name, begin, years, credits, rule, end, earned))
        return found

    def hold(self, connection: Connection, account: int, words: Mapping[str, str]) -> None:
        """Enter a credential with its rule, or change it. Raises `Problem(invalid)`."""
        name = _line(words, "credential", "Which credential?", most=60)
        years = int(_number(words, "years", 1, 20))
        credits = _number(words, "credits", 0, 1000)
        row = (account, name, _day(words, "begins").isoformat(), years, credits, _line(words, "rule"))
        if name not in {one.name for one in self.held(account)} and len(self.held(account)) >= 40:
            raise _full()
        connection.run(self._sql.hold, row)

    def drop_credential(self, connection: Connection, account: int, name: str) -> None:
        """Take a credential out; its credits stay. Raises `Problem(not_found)`."""
        if connection.one(self._sql.drop_credential, (account, name)) is None:
            raise not_found()

    def add_credit(
        self, connection: Connection, account: int, words: Mapping[str, str], file: bytes = b""
    ) -> None:
        """Continuing education with its certificate (PDF, PNG or JPEG). Raises `Problem(invalid)`."""
        name = _line(words, "credential", "Which credential?", most=60)
        if name not in {one.name for one in self.held(account)}:
            raise invalid(
                "value",
                "You hold no such credential here.",
                place="credential",
                value=name,
                repair="Enter it first.",
            )
        self._room(connection, self._sql.count_credits, account)
        media = _media(file) if file else None
        row = (
            account,
            name,
            _day(words, "day").isoformat(),
            _line(words, "title", "What was it?"),
            _number(words, "credits", 0, 1000),
            self._clock(),
            media,
            file or None,
        )
        connection.run(self._sql.add_credit, row)

    def drop_credit(self, connection: Connection, account: int, id: int) -> None:
        """Take one out. Raises `Problem(not_found)`."""
        if connection.one(self._sql.drop_credit, (id, account)) is None:
            raise not_found()

    def certificate(self, account: int, id: int) -> tuple[str, bytes]:
        """What was uploaded: media type and bytes. Raises `Problem(not_found)`, also for what is another person's."""
        row = self._connection.one(self._sql.certificate, (id, account))
        if row is None or row[1] is None:
            raise not_found()
        return row[0], bytes(row[1])

    def programmes(self) -> list[Programme]:
        """The clinic's directory."""
        return [
            Programme(id, name, place, what, address, date.fromisoformat(checked))
            for id, name, place, what, address, checked in self._connection.run(self._sql.programmes)
        ]

    def add_programme(self, connection: Connection, account: int, words: Mapping[str, str]) -> None:
        """A new entry. Raises `Problem(invalid)`."""
        address = _line(words, "address")
        if address and urlsplit(address).scheme not in ("http", "https"):
            raise invalid(
                "value",
                "This is no web address.",
                place="address",
                value=address,
                repair="Begin with https://",
            )
        row = (
            _line(words, "name", "What is it called?"),
            _line(words, "place"),
            _line(words, "what"),
            address,
            self.today().isoformat(),
            account,
            self._clock(),
        )
        connection.run(self._sql.add_programme, row)

    def drop_programme(self, connection: Connection, id: int) -> None:
        """Take an entry out of the directory. Raises `Problem(not_found)`."""
        if connection.one(self._sql.drop_programme, (self._clock(), id)) is None:
            raise not_found()

    def _room(self, connection: Connection, sql: str, account: int) -> None:
        row = connection.one(sql, (account,))
        if row is not None and row[0] >= MOST:
            raise _full()


def _state(due: date | None, done: int | None, today: date) -> str:
    if done is not None:
        return "done"
    if due is None:
        return "open"
    if due < today:
        return "overdue"
    return "soon" if (due - today).days <= SOON else "planned"


def _later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _day(words: Mapping[str, str], name: str) -> date:
    text = words.get(name, "").strip()
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not 1950 <= found.year <= 2200:
        raise invalid("value", "This is no day.", place=name, value=text, repair="Give it as 2027-03-31.")
    return found


def _line(words: Mapping[str, str], name: str, wanted: str = "", *, most: int = 300) -> str:
    text = " ".join(words.get(name, "").split())
    if wanted and not text:
        raise invalid("required", wanted, place=name)
    if len(text) > most:
        raise invalid("too-long", "This is too long.", place=name, repair=f"Give at most {most} letters.")
    return text


def _number(words: Mapping[str, str], name: str, low: float, high: float) -> float:
    text = words.get(name, "").strip()
    try:
        value = float(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise invalid(
            "value",
            "This is no such number.",
            place=name,
            value=text,
            repair=f"Give a number from {low:g} to {high:g}.",
        )
    return value


def _media(file: bytes) -> str:
    if len(file) > LARGEST:
        raise invalid(
            "value",
            "The certificate is too large.",
            place="file",
            repair=f"Give at most {LARGEST // 1024} KB.",
        )
    for begin, media in MEDIA.items():
        if file.startswith(begin):
            return media
    raise invalid("value", "This kind of file is not taken.", place="file", repair="Give a PDF, PNG or JPEG.")


def _full() -> Problem:
    return invalid("business-rule", "The list is full.", repair="Take out what is no longer needed.")
