"""The record's transactions as a source of lines, and the small index by which they are found.

The store keeps transactions in the order written. By person and by patient they are found through
`trail_txn` and `trail_patient`, which are derived from the log and brought up to date before each question.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from charthouse.access.trail.line import WRITE, Line, Place, Question
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

MOST_SHOWN: Final = 2_000  # versions of one transaction that are told; an import may write more
SLICE: Final = 1_000  # transactions taken up at a time
VERSIONS: Final = 20_000  # rows of `version` read at a time


class Writes:
    """Slices of the transaction log over a connection to the record; for the thread that owns that."""

    source = WRITE

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql = queries.load("charthouse.access.trail", "writes", connection.dialect)

    def slice(self, question: Question, place: Place, count: int) -> list[tuple[Place, Line]]:
        """At most `count` lines older than `place`, with where each stands; not all of them need to fit."""
        at, id = place
        span = (question.since, min(at, question.until - 1), at, id, count)
        if question.outcomes and "ok" not in question.outcomes:
            return []  # what failed wrote nothing
        if question.patient is not None:
            rows = self._connection.run(self._sql.of_patient, (question.patient, *span))
        elif question.actor is not None:
            rows = self._connection.run(self._sql.of_actor, (question.actor, *span))
        else:
            rows = self._connection.run(self._sql.latest, span)
        return [((row[1], row[0]), self._line(row)) for row in rows]

    def one(self, id: int) -> Line | None:
        """The transaction of that number."""
        row = self._connection.one(self._sql.one, (id,))
        return self._line(row) if row else None

    def after(self, place: int, count: int) -> Sequence[tuple[int, Line]]:
        """The next `count` transactions in the order they were taken up, each with its place."""
        rows = self._connection.run(self._sql.after, (place, count))
        return [(row[0], self._line(row[1:])) for row in rows]

    def waiting(self) -> int:
        """How many transactions are not taken up yet."""
        row = self._connection.one(self._sql.waiting)
        return int(row[0]) if row else 0

    def _line(self, row: Row) -> Line:
        id, at, actor, client, interaction, purpose, request, first, last = row
        wrote = self._connection.run(self._sql.versions, (first, last, id, MOST_SHOWN)) if last else []
        return Line(
            WRITE, id, at, actor, client, "", interaction, "ok", "", "", request, purpose, "",
            tuple((key, version) for key, version, _, _ in wrote),
            tuple(sorted({home for _, _, _, home in wrote if home})),
            tuple(method for _, _, method, _ in wrote),
        )  # fmt: skip


def take_up(connection: Connection, most: int = SLICE) -> int:
    """Put the next transactions into the index, in the caller's transaction; returns how many."""
    sql = queries.load("charthouse.access.trail", "writes", connection.dialect)
    connection.run(sql.take_turn)
    fresh = connection.run(sql.fresh, (most,))
    if not fresh:
        return 0
    if connection.dialect == "sqlite":
        fresh, wrote = _in_order(connection, sql, fresh)
    else:
        wrote = connection.run(sql.wrote, ([row[0] for row in fresh],))
    by_txn = {txn: list(rows) for txn, rows in groupby(wrote, key=lambda row: row[0])}
    spans: list[tuple[int, ...]] = []
    homes: list[tuple[int, ...]] = []
    for id, at, actor in fresh:
        mine = by_txn.get(id, ())
        seqs = [seq for _, seq, _ in mine] or [0]
        spans.append((id, at, actor, seqs[0], seqs[-1]))
        homes += sorted({(home, at, id) for _, _, home in mine if home})
    connection.many(sql.add_txn, spans)
    connection.many(sql.add_patient, homes)
    return len(fresh)


def _in_order(connection: Connection, sql: Any, fresh: list[Row]) -> tuple[list[Row], list[Row]]:
    """As many of `fresh` as one slice bears, and (transaction, row of `version`, home) of what they wrote.

    With one writer, rows of `version` follow their transactions, so they are found by their order alone.
    """
    row = connection.one(sql.last_seq)
    seq, last = int(row[0]) if row else 0, fresh[-1][0]
    wrote: list[Row] = []
    while rows := connection.run(sql.wrote, (seq, VERSIONS)):
        wrote += [row for row in rows if row[0] <= last]
        seq, reached = rows[-1][1], rows[-1][0]
        if reached > last or len(rows) < VERSIONS:
            break
        if reached > fresh[0][0]:  # enough for one slice: what was read in part comes with the next
            fresh = [row for row in fresh if row[0] < reached]
            wrote = [row for row in wrote if row[0] < reached]
            break
    return fresh, wrote
