"""The read audit as a source of lines: newest first, from any place on, along the index that fits the question."""

from __future__ import annotations

from collections.abc import Sequence

from charthouse.access.reporting import entry
from charthouse.access.trail.line import LOOKING, READ, Line, Place, Question, of_event
from charthouse.db import queries
from charthouse.db.connect import Connection


class Reads:
    """Slices of the read audit over a connection to it; for the thread that owns that."""

    source = READ

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._sql = queries.load("charthouse.access.trail", "reads", connection.dialect)

    def slice(self, question: Question, place: Place, count: int) -> list[tuple[Place, Line]]:
        """At most `count` lines older than `place`, with where each stands; not all of them need to fit."""
        at, id = place
        span = (question.since, min(at, question.until - 1), at, id, count)
        if question.patient is not None:
            asked = (question.patient, id, question.since, question.until, count)
            rows = self.connection.run(self._sql.of_patient, asked)
        elif question.actor is not None:
            rows = self.connection.run(self._sql.of_actor, (question.actor, *span))
        elif question.outcomes and "ok" not in question.outcomes:
            rows = self.connection.run(self._sql.failed, span)
        elif question.interactions and not question.interactions & LOOKING:
            rows = self.connection.run(self._sql.rare, span)
        else:
            rows = self.connection.run(self._sql.latest, span)
        found = (entry(row) for row in rows)
        return [((one.event.at, one.id), of_event(one.id, one.event)) for one in found]

    def one(self, id: int) -> Line | None:
        """The event of that number."""
        row = self.connection.one(self._sql.one, (id,))
        return of_event(id, entry(row).event) if row else None

    def after(self, id: int, count: int) -> Sequence[Line]:
        """The next `count` events after number `id`, oldest first."""
        found = (entry(row) for row in self.connection.run(self._sql.after, (id, count)))
        return [of_event(one.id, one.event) for one in found]

    def last(self) -> int:
        """The number of the last event; 0 before the first."""
        row = self.connection.one(self._sql.last)
        return int(row[0]) if row else 0
