"""A person's own steps into the craft, with days and documents. Each person sees their own and nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from charthouse.base.clock import moment, now
from charthouse.base.errors import invalid, not_found
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.workforce import entered

KINDS: Final[Mapping[str, str]] = {
    "education": "Education",
    "training": "Training",
    "experience": "Experience",
    "exam": "Examination",
    "continuing": "Continuing education",
    "other": "Other",
}
SOON: Final = 30  # days
MOST: Final = 500  # steps of one person, those that may still be put back included
FORGOTTEN: Final = 24 * 3_600_000  # ms for which what was taken out can be put back


@dataclass(frozen=True, slots=True)
class Document:
    """What was uploaded beside a step; `media` is what it is by its bytes."""

    id: int
    name: str
    media: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `state` is done, overdue, soon, planned or open (no day)."""

    id: int
    kind: str
    title: str
    due: date | None
    note: str
    state: str
    documents: tuple[Document, ...] = ()


class Planner:
    """The tables of steps. Reads use the connection given here; changes are made on the one they are handed."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self.clock = clock
        self._sql = queries.load("charthouse.workforce", "planner", connection.dialect)

    def today(self) -> date:
        """The present day."""
        return moment(self.clock()).date()

    def steps(self, account: int) -> list[Step]:
        """What a person plans, the most pressing first, with their documents."""
        beside: dict[int, list[Document]] = {}
        for id, step, name, media in self._connection.run(self._sql.documents, (account,)):
            beside.setdefault(step, []).append(Document(id, name, media))
        rows = self._connection.run(self._sql.steps, (account,))
        return [replace(self._step(*row), documents=tuple(beside.get(row[0], ()))) for row in rows]

    def due(self, account: int) -> list[Step]:
        """What is overdue or due within `SOON` days, the oldest first, without documents."""
        until = self.today() + timedelta(days=SOON)
        return [
            self._step(*row)
            for row in self._connection.run(self._sql.due_steps, (account, until.isoformat()))
        ]

    def add_step(
        self,
        connection: Connection,
        account: int,
        words: Mapping[str, str],
        file: bytes = b"",
        said: str = "",
    ) -> int:
        """A new step, its first document with it. The id. Raises `Problem(invalid)`."""
        count = connection.one(self._sql.count_steps, (account,))
        if count is not None and count[0] >= MOST:
            raise entered.full()
        [(id,)] = connection.run(self._sql.add_step, (account, *_columns(words), self.clock()))
        if file:
            self.add_document(connection, account, id, file, said)
        return int(id)

    def change_step(self, connection: Connection, account: int, id: int, words: Mapping[str, str]) -> None:
        """Other words for a step. Raises `Problem(invalid)`, `Problem(not_found)`."""
        if connection.one(self._sql.change_step, (*_columns(words), id, account)) is None:
            raise not_found()

    def finish(self, connection: Connection, account: int, id: int, *, is_done: bool) -> None:
        """Mark a step as done or not. Raises `Problem(not_found)`."""
        if connection.one(self._sql.finish, (self.clock() if is_done else None, id, account)) is None:
            raise not_found()

    def drop_step(self, connection: Connection, account: int, id: int) -> None:
        """Take a step out, its documents with it; for a day it can be put back. Raises `Problem(not_found)`."""
        self.forget(connection)
        if connection.one(self._sql.drop_step, (self.clock(), id, account)) is None:
            raise not_found()

    def restore_step(self, connection: Connection, account: int, id: int) -> None:
        """Put back what was taken out. Raises `Problem(not_found)`."""
        if connection.one(self._sql.restore_step, (id, account)) is None:
            raise not_found()

    def add_document(self, connection: Connection, account: int, step: int, file: bytes, said: str) -> None:
        """A document (PDF, PNG or JPEG) beside one's step; `said` is what it was called. Raises `Problem`."""
        if connection.one(self._sql.owns_step, (step, account)) is None:
            raise not_found()
        media = entered.media(file)
        self.room(connection, account, len(file))
        row = (account, step, entered.file_name(said, media), media, self.clock(), file)
        connection.run(self._sql.add_document, row)

    def drop_document(self, connection: Connection, account: int, id: int) -> None:
        """Take one out; for a day it can be put back. Raises `Problem(not_found)`."""
        self.forget(connection)
        if connection.one(self._sql.drop_document, (self.clock(), id, account)) is None:
            raise not_found()

    def restore_document(self, connection: Connection, account: int, id: int) -> None:
        """Put back what was taken out. Raises `Problem(not_found)`."""
        if connection.one(self._sql.restore_document, (id, account)) is None:
            raise not_found()

    def document(self, account: int, id: int) -> tuple[str, str, bytes]:
        """Name, media type and bytes. Raises `Problem(not_found)`, also for what is another person's."""
        row = self._connection.one(self._sql.document, (id, account))
        if row is None:
            raise not_found()
        return row[0], row[1], bytes(row[2])

    def room(self, connection: Connection, account: int, size: int) -> None:
        """Whether files of `size` bytes more may be kept for a person. Raises `Problem(invalid)`."""
        self.forget(connection)
        row = connection.one(self._sql.kept, (account, account))
        if row is not None and row[0] + size > entered.ALL:
            raise invalid(
                "business-rule",
                f"Your files would be more than {entered.ALL // 1024 // 1024} MB.",
                place="file",
                repair="Take out what is no longer needed; a day later its room is free.",
            )

    def forget(self, connection: Connection) -> None:
        """Delete for good what was taken out more than a day ago, whoever took it out."""
        before = self.clock() - FORGOTTEN
        connection.run(self._sql.forget_documents, (before, before))
        for statement in (self._sql.forget_steps, self._sql.forget_credits, self._sql.forget_credentials):
            connection.run(statement, (before,))

    def _step(self, id: int, kind: str, title: str, due: str | None, note: str, done: int | None) -> Step:
        day = date.fromisoformat(due) if due else None
        return Step(id, kind, title, day, note, state_of(day, done, self.today()))


def state_of(due: date | None, done: int | None, today: date) -> str:
    """How a step stands on a day."""
    if done is not None:
        return "done"
    if due is None:
        return "open"
    if due < today:
        return "overdue"
    return "soon" if (due - today).days <= SOON else "planned"


def _columns(words: Mapping[str, str]) -> tuple[str, str, str | None, str]:
    """Kind, title, due and note as they are kept. Raises `Problem(invalid)`."""
    kind = words.get("kind", "other")
    if kind not in KINDS:
        raise invalid("value", "There is no such kind of step.", place="kind", value=kind)
    title = entered.line(words, "title", "What is to be done?")
    due = entered.day(words, "due").isoformat() if words.get("due", "").strip() else None
    return kind, title, due, entered.line(words, "note")
