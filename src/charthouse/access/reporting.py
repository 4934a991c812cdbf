"""Questions to the audit: who opened this chart, what did this person see, what happened lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from charthouse.access.audit import Event
from charthouse.access.chain import unpack_keys, unpack_pairs
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

END: Final = 2**63 - 1
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One audit event with its number. Numbers rise with time and have no gaps."""

    id: int
    event: Event


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first. `before` continues the list (None = there are no older ones)."""

    entries: Sequence[Entry]
    before: int | None


class Reporting:
    """Reads the audit over a connection of its own; for the thread that owns it.

    Every question takes `before` (only entries older than that number, from `Page.before`), `since`
    and `until` (ms, until is excluded) and `count`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql = queries.load("charthouse.access", "reporting", connection.dialect)

    def openings(
        self, patient: int, *, before: int | None = None, since: int = 0, until: int = END, count: int = PAGE
    ) -> Page:
        """Who opened the chart of this patient: every event that returned something of it."""
        return self._page(self._sql.chart_openings, (patient,), before, since, until, count)

    def seen(
        self, actor: int, *, before: int | None = None, since: int = 0, until: int = END, count: int = PAGE
    ) -> Page:
        """What the account `actor` saw and did, newest first by time."""
        at = END if before is None else before
        return self._page(self._sql.seen_by, (actor, at, at), before, since, until, count)

    def latest(
        self, *, before: int | None = None, since: int = 0, until: int = END, count: int = PAGE
    ) -> Page:
        """Everything, newest first."""
        return self._page(self._sql.latest, (), before, since, until, count)

    def _page(
        self, sql: str, first: tuple[Any, ...], before: int | None, since: int, until: int, count: int
    ) -> Page:
        rows = self._connection.run(sql, (*first, END if before is None else before, since, until, count + 1))
        entries = [entry(row) for row in rows[:count]]
        return Page(entries, entries[-1].id if len(rows) > count else None)


def entry(row: Row) -> Entry:
    """The entry in a row of `audit_event` (without its mark)."""
    *plain, resources, patients = row
    seen = (unpack_pairs(bytes(resources)), unpack_keys(bytes(patients)))
    return Entry(plain[0], Event(*(*plain[1:], *seen)))
