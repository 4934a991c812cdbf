"""The index of words: it follows the versions in the order in which they were written, when somebody asks for words.

Nothing is kept before the first such search, and a write never waits for it. A search brings the index up to
the newest version first, a slice at a time, each a short job of the record's one writer that moves the mark
with the words it covers, so that a stop loses nothing. While nothing else is to be done, the process that serves
goes on with it (see `keep`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from charthouse.base import log
from charthouse.base.errors import Category, Issue, Problem, problem
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.db.trouble import too_costly
from charthouse.search.known import unsupported
from charthouse.search.page import Found
from charthouse.search.query import Kind, Query, Total
from charthouse.search.words import CONTENT, NARRATIVE, Words, score
from charthouse.store.body import front
from charthouse.store.index.words import GAP, Wording, vector, wording
from charthouse.store.integrity import Report
from charthouse.store.record import Record

ROWS: Final = 1000  # versions that are looked at for one slice
SLICE: Final = 0.1  # seconds that the words of one slice are gathered for; writing them takes about as long
KEPT: Final = 0.3  # seconds of work before the caller of `keep` is asked again
QUIET: Final = 200  # versions between two looks, beyond which `keep` leaves the machine to the writers
PATIENCE: Final = 1.0  # seconds that a search waits for another one that is reading up
SOON: Final = 0.05  # a search with less time than this cannot wait for the writer
LOOKED_AT: Final = 200  # resources whose words are compared by a check
_FRONT: Final = front("", "", 0, 0)

INCOMPLETE: Final = Issue(
    "incomplete", "The words of the newest resources are not all known yet, so some matches may be missing.",
    place=CONTENT, repair="Ask again in a while.", severity="information",
)  # fmt: skip


class _Slice(NamedTuple):
    """What a slice found: how far it got, whether that is the end, and the words by (key, version number)."""

    at: int
    is_end: bool
    low: int
    found: list[tuple[int, int, Wording | None]]


class Concordance:
    """The words of one record. `mode` says from when on they are kept: asked (the first search for them), on, off."""

    def __init__(self, record: Record, mode: str = "asked") -> None:
        self._record = record
        self._dialect = record.place.dialect
        self._sql = queries.load("charthouse.search", "words", self._dialect)
        self._mode = mode
        self._turn = threading.Lock()
        self._seen = 0  # the newest version when `keep` looked last
        self._log = log.get("words")

    @property
    def is_open(self) -> bool:
        """Whether words can be asked for at all."""
        return self._mode != "off"

    def catch_up(self, connection: Connection, seconds: float) -> bool:
        """Bring the words up to the newest version that there is now; whether that was possible in `seconds`.

        Raises `Problem(too_costly)` at once where there is something to do and no time for it.
        """
        until = time.monotonic() + seconds
        target = self._target(connection)
        if target is None:
            return True
        if seconds < SOON:
            raise too_costly(seconds)
        if not self._turn.acquire(timeout=min(seconds, PATIENCE)):
            return False
        try:
            return self._advance(connection, target, until)
        except Problem as failure:
            if failure.category not in (Category.BUSY, Category.FAULT):
                raise
            self._log.error("words.failed", failure=failure)  # the search answers with what is there
            return False
        finally:
            self._turn.release()

    def keep(self) -> bool:
        """Go on for a moment, once words are in use and while little is written; whether there is more to do. For a
        thread with nothing else to do, about once a second."""
        connection = self._record.connection()
        if self._mode == "off" or (self._mode == "asked" and connection.one(self._sql.mark) is None):
            return False
        target = self._target(connection)
        if target is None:
            return False
        quiet, self._seen = target - self._seen <= QUIET, target
        if not quiet or not self._turn.acquire(blocking=False):
            return False
        try:
            return not self._advance(connection, target, time.monotonic() + KEPT)
        finally:
            self._turn.release()

    # -- forward

    def _target(self, connection: Connection) -> int | None:
        """The newest version, where words are wanted up to it; None where nothing is to be done."""
        mark = connection.one(self._sql.mark)
        behind = connection.one(self._sql.is_behind, (mark[0] if mark else 0,))
        if mark is not None and not (behind and behind[0]):
            return None
        row = connection.one(self._sql.reached)
        return int(row[0]) if row else 0

    def _advance(self, connection: Connection, target: int, until: float) -> bool:
        """Slices until the words reach `target`, or the time is over."""
        mark = connection.one(self._sql.mark)
        if mark is None:
            self._write(lambda writing: writing.run(self._sql.begin_mark))
        at = start = int(mark[0]) if mark else 0
        while True:
            found = self._gathered(connection, at, until)
            if not self._written(start, found):
                row = connection.one(self._sql.mark)  # another process was here
                at = start = int(row[0]) if row else 0
            else:
                at = found.at
                start = max(start, found.low if found.is_end else min(at, found.low))
            if found.is_end or at >= target:
                return True
            if time.monotonic() >= until:
                return False

    def _gathered(self, connection: Connection, at: int, until: float) -> _Slice:
        """The words of the next versions after `at`, for as long as a slice lasts."""
        until = min(until, time.monotonic() + SLICE)
        with connection.snapshot():
            row = connection.one(self._sql.reached)
            low = int(row[1]) if row else 0
            rows = connection.run(self._sql.following, (at, ROWS))
        found: list[tuple[int, int, Wording | None]] = []
        for place, (seq, key, is_wanted, body) in enumerate(rows):
            if is_wanted:
                found.append((key, seq, None if body is None else self._words(body)))
            at = seq
            if time.monotonic() >= until:
                return _Slice(at, place + 1 == len(rows) < ROWS, low, found)
        return _Slice(at, len(rows) < ROWS, low, found)

    def _words(self, body: bytes) -> Wording:
        tree: dict[str, Any] = msgspec.json.decode(_FRONT + self._record.codec.unpack(bytes(body)))
        return wording(tree)

    def _written(self, start: int, found: _Slice) -> bool:
        """Write a slice and move the mark from `start`; False where another process moved it."""
        sql = self._sql
        mark = found.low if found.is_end else min(found.at, found.low)

        def job(writing: Connection) -> bool:
            writing.run(sql.take_turn)
            if self._dialect == "postgres":
                # a row is only ever replaced by a later version's, so it does not matter who else is at it
                rows = [(key, seq, vector(its) if its else "") for key, seq, its in found.found]
                writing.many(sql.add_words, rows)
            else:
                row = writing.one(sql.mark)
                if row is None or row[0] != start:
                    return False
                writing.many(sql.drop_words, [(key,) for key, _, _ in found.found])
                writing.many(sql.add_words, [
                    (key, " ".join(its.content), " ".join(its.narrative)) for key, _, its in found.found if its
                ])  # fmt: skip
            writing.run(sql.move_mark, (mark, mark))
            return True

        return bool(self._write(job))

    def _write(self, job: Any) -> Any:
        return self._record.writer.submit(lambda connection, group: job(connection)).result()

    # -- proof

    def check(self, connection: Connection, report: Report) -> None:
        """Note where the words do not agree with the record, as far as they have come."""
        sql = self._sql
        for (seq,) in connection.run(sql.mark_too_high):
            report.add("words", f"mark {seq}", "The index of words is marked beyond the newest version.")
        for name, id in connection.run(sql.without_words):
            report.add("words", f"{name}/{id}", "Its words are not in the index.")
        for (key,) in connection.run(sql.stray_words):
            report.add("words", f"key {key}", "Words in the index belong to no resource that is there.")
        for key, name, id, body in connection.run(sql.newest, (LOOKED_AT,)):
            wanted = sorted({*self._words(body).content} - {GAP})[:50]
            if wanted and connection.one(sql.has_words, (self._each(wanted), key)) is None:
                report.add("words", f"{name}/{id}", "Its words in the index are not those of its body.")

    def _each(self, wanted: list[str]) -> str:
        if self._dialect == "postgres":
            return " & ".join(f"'{word}'" for word in wanted)
        return " ".join(f'"{word}"' for word in wanted)


# -- what a search does with them


def close(words: Concordance | None, queries: Sequence[Query], *, lenient: bool) -> None:
    """Refuse conditions on words where they are not kept, or (`lenient`) leave them out."""
    if words is not None and words.is_open:
        return
    for query in queries:
        if not query.reads_words:
            continue
        refusal = unsupported(
            "The words of resources are not kept here.", CONTENT,
            "Search by a string parameter, or have CHARTHOUSE_WORDS set to asked or on.",
        )  # fmt: skip
        if not lenient or any(one.kind is not Kind.WORDS for one in query.criteria if _looks(one.name)):
            raise refusal
        left = {one.name for one in query.criteria if one.kind is Kind.WORDS}
        query.criteria = [one for one in query.criteria if one.kind is not Kind.WORDS]
        query.used = [pair for pair in query.used if pair[0] not in left]
        query.ignored += refusal.issues


def _looks(name: str) -> bool:
    return any(word in name for word in (NARRATIVE, CONTENT))


def read_up(
    words: Concordance | None, connection: Connection, queries: Sequence[Query], seconds: float
) -> float:
    """Bring the words up to date before a search that asks for them; the seconds that are left for the search.

    Where that takes longer than half of them, the search has no total and says so.
    """
    if words is None or not any(query.reads_words for query in queries):
        return seconds
    start = time.monotonic()
    if not words.catch_up(connection, seconds / 2):
        for query in queries:
            query.total = Total.NONE
            query.ignored = [*query.ignored, INCOMPLETE]
    return max(seconds - (time.monotonic() - start), seconds / 2)


def in_time(until: float | None) -> None:
    """Raise `Problem(too_costly)` after that moment (`time.monotonic()`): no database stops what is done here."""
    if until is not None and time.monotonic() > until:
        raise problem(
            Category.TOO_COSTLY, "too-costly", "What was found takes too long to look through.",
            place="_count", repair="Ask for a smaller page with _count, or for no scores with _score=false.",
        )  # fmt: skip


def scored(query: Query, found: list[Found], until: float | None = None) -> list[Found]:
    """The matches, each with how well it answers what is asked of its text; raises as `in_time` does."""
    questions = query.questions
    if not questions or not query.scores:
        return found
    asked = [[value for value in one.values if isinstance(value, Words)] for one in query.criteria]
    for hit in found:
        in_time(until)
        words = wording(hit.stored.tree)
        best = [max(score(value, words) for value in values) for values in asked if values]
        hit.score = round(sum(best) / len(best), 4)
    return found
