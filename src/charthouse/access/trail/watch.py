"""Looks through new events for unusual access, a slice at a time, from where it stood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from charthouse.access.trail.facts import Facts, Find
from charthouse.access.trail.limits import DAYS, Limits, limits
from charthouse.access.trail.line import Line
from charthouse.access.trail.names import Names, Who
from charthouse.access.trail.reads import Reads
from charthouse.access.trail.trail import AUDIT
from charthouse.access.trail.unusual import Opened, Reason, merged, of_chart, of_day
from charthouse.access.trail.writes import Writes, take_up
from charthouse.base.clock import now
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.store.read import Reader

SLICE: Final = 2_000  # events
# The client that the audit's own pages ask names as. Only they can: a token's session is no `session:`.
NAMING: Final = "audit pages"
MANY: Final = 0  # stands for no single chart
READS: Final = "reads"
WRITES: Final = "writes"

Pair = tuple[int, int, int]  # actor, day, patient
Submit = Callable[[Callable[[Connection], Any]], Any]


@dataclass(slots=True)
class Times:
    """How often, how often of it at an odd hour, first and last (ms)."""

    times: int
    odd: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Found:
    """What one slice adds: charts opened, days, and what is unusual, as rows."""

    opened: dict[Pair, Times]
    days: dict[tuple[int, int], tuple[int, int]]
    unusual: list[tuple[int, int, int, Times, list[Reason]]]  # actor, patient, day


class Watch:
    """The watch over one clinic's audit; for one thread. `submit` runs a job in the record's writer and waits."""

    def __init__(
        self, record: Connection, audited: Connection, reader: Reader, find: Find, submit: Submit,
        *, clock: Callable[[], int] = now,
    ) -> None:  # fmt: skip
        self._record = record
        self._reads = Reads(audited)
        self._writes = Writes(record)
        self._names = Names(record)
        self._reader = reader
        self._find = find
        self._submit = submit
        self._clock = clock
        self._sql = queries.load("charthouse.access.trail", "unusual", record.dialect)

    def run(self) -> int:
        """Look through the next slice; returns how many events it held, 0 when all are seen."""
        while self._submit(take_up):
            pass
        read, written = self._mark(READS), self._mark(WRITES)
        limit = self._limits()
        lines = list(self._reads.after(read, SLICE))
        wrote = list(self._writes.after(written, SLICE))
        if not lines and not wrote:
            return 0
        # A day at a time: what is usual is taken from the days before, which must be known by then.
        day = min(limit.day(one[0].at) for one in (lines, [line for _, line in wrote]) if one)
        lines = list(takewhile(lambda line: limit.day(line.at) <= day, lines))
        wrote = list(takewhile(lambda pair: limit.day(pair[1].at) <= day, wrote))
        found = self.look([*lines, *(line for _, line in wrote)], limit)
        marks = [
            (READS, read, lines[-1].id if lines else read),
            (WRITES, written, wrote[-1][0] if wrote else written),
        ]
        self._submit(lambda connection: self._keep(connection, found, marks))
        return len(lines) + len(wrote)

    def look(self, lines: Iterable[Line], limit: Limits) -> Found:
        """What these events of one day add to what is known; nothing is written."""
        seen = [line for line in lines if line.outcome == "ok" and line.actor > 0 and not _is_naming(line)]
        people = self._names.accounts(line.actor for line in seen)
        fresh: dict[Pair, Times] = {}
        for line in seen:
            if people[line.actor].kind == "person" and len(line.patients) <= limit.list_beyond:
                _count(fresh, line, limit)
        opened, news = self._together(fresh)
        days = self._days(fresh, news)
        facts = Facts(self._record, self._reader, self._find)
        unusual = []
        for pair, sum_ in opened.items():
            reasons = self._of_pair(facts, people[pair[0]], pair, sum_, limit) if pair in news else []
            if reasons or pair not in news:
                unusual.append((pair[0], pair[2], pair[1], sum_, reasons))
        for (actor, day), (charts, _) in days.items():
            own = [row[0] for row in self._record.run(self._sql.own_days, (actor, day - DAYS, day))]
            peers = [row[0] for row in self._record.run(self._sql.peer_days, (day - DAYS, day, actor))]
            reason = of_day(charts, own, peers, limit)
            if reason:
                mine = [one for pair, one in opened.items() if pair[:2] == (actor, day)]
                span = Times(charts, 0, min(one.first for one in mine), max(one.last for one in mine))
                unusual.append((actor, MANY, day, span, [reason]))
        return Found(opened, days, unusual)

    def _of_pair(self, facts: Facts, who: Who, pair: Pair, times: Times, limit: Limits) -> list[Reason]:
        actor, day, patient = pair
        both = facts.chart(who, patient)
        if both is None:
            return []
        usual = self._record.one(self._sql.odd_days, (actor, day - DAYS, day)) if times.odd else None
        relation = facts.relation(who, patient, day, limit.relation_days) if limit.relation_days else None
        opened = Opened(patient, times.times, times.odd, usual[0] if usual else 0)
        return of_chart(*both, opened, relation, limit)

    def _together(self, fresh: dict[Pair, Times]) -> tuple[dict[Pair, Times], set[Pair]]:
        """With what was known before; and those to look at: charts opened for the first time on a day, or at an odd
        hour for the first time."""
        found: dict[Pair, Times] = {}
        news: set[Pair] = set()
        for pair, mine in fresh.items():
            row = self._record.one(self._sql.opened, pair)
            before = Times(*row) if row else Times(0, 0, mine.first, mine.last)
            if not before.times or (mine.odd and not before.odd):
                news.add(pair)
            found[pair] = Times(
                before.times + mine.times, before.odd + mine.odd,
                min(before.first, mine.first), max(before.last, mine.last),
            )  # fmt: skip
        return found, news

    def _days(self, fresh: dict[Pair, Times], news: set[Pair]) -> dict[tuple[int, int], tuple[int, int]]:
        found: dict[tuple[int, int], tuple[int, int]] = {}
        for pair, mine in fresh.items():
            key = pair[:2]
            if key not in found:
                row = self._record.one(self._sql.day, key)
                found[key] = (row[0], row[1]) if row else (0, 0)
            charts, odd = found[key]
            is_first = pair in news and self._record.one(self._sql.opened, pair) is None
            found[key] = (charts + is_first, odd + mine.odd)
        return found

    def _limits(self) -> Limits:
        return limits({row[0]: row[1] for row in self._record.run(self._sql.thresholds)})

    def _mark(self, name: str) -> int:
        row = self._record.one(self._sql.mark, (name,))
        return int(row[0]) if row else 0

    def _keep(self, connection: Connection, found: Found, marks: Iterable[tuple[str, int, int]]) -> None:
        """Write what was found, unless another process was here first."""
        sql = self._sql
        for name, before, after in marks:
            connection.run(sql.begin_mark, (name,))
            if not connection.run(sql.move_mark, (after, name, before)):
                return
        for pair, one in found.opened.items():
            connection.run(sql.put_opened, (*pair, one.times, one.odd, one.first, one.last))
        for (actor, day), (charts, odd) in found.days.items():
            connection.run(sql.put_day, (day, actor, charts, odd))
        for actor, patient, day, times, reasons in found.unusual:
            self._note(connection, actor, patient, day, times, reasons)

    def _note(
        self, connection: Connection, actor: int, patient: int, day: int, times: Times, reasons: list[Reason]
    ) -> None:
        row = connection.one(self._sql.found, (actor, patient, day))
        if row is None:
            if reasons:
                told = (
                    actor,
                    patient,
                    day,
                    self._clock(),
                    times.times,
                    times.first,
                    times.last,
                    json.dumps(reasons),
                )
                connection.run(self._sql.add, told)
            return
        id, before, state = row
        kept, is_fresh = merged(json.loads(before), reasons)
        state = "new" if is_fresh and state == "explained" else state
        connection.run(self._sql.renew, (times.times, times.first, times.last, json.dumps(kept), state, id))


def _is_naming(line: Line) -> bool:
    """Whether the audit itself was asked, or names were put to its rows."""
    return line.type == AUDIT or (line.client == NAMING and line.session.startswith("session:"))


def _count(fresh: dict[Pair, Times], line: Line, limit: Limits) -> None:
    day, odd = limit.day(line.at), int(limit.is_odd(line.at))
    for patient in line.patients:
        pair = (line.actor, day, patient)
        mine = fresh.get(pair)
        if mine is None:
            fresh[pair] = Times(1, odd, line.at, line.at)
            continue
        mine.times += 1
        mine.odd += odd
        mine.first, mine.last = min(mine.first, line.at), max(mine.last, line.at)
