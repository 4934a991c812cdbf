"""Proves the audit whole, and names the row where it is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from charthouse.access.chain import Head, block_hash, canonical, mark, unpack_keys
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

BLOCKS: Final = 200  # read at a time
EVENTS: Final = 1_000
NEARBY: Final = 500  # rows on each side among which the old place of a moved row is looked for
FINDINGS: Final = 20
BYTES: Final = (bytes, bytearray, memoryview)  # as the engines give them


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: the table and row, what happened to it (altered, missing, added, reordered, cut), a sentence."""

    table: str
    row: str
    kind: str
    message: str


@dataclass(slots=True)
class Report:
    """What was checked and found, in the order of the chain. `head` is the end of the chain as it stands."""

    blocks: int = 0
    events: int = 0
    head: Head = field(default_factory=Head)
    findings: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class Check:
    """One walk along the chain of an audit database, over a connection that nobody else uses meanwhile.

    `mark_key` is the clinic's `mark` key. `against` are heads that were kept elsewhere: with one a cut
    tail or an older copy of the file is found too, and so is a chain that was computed anew with the key; of
    several the first that differs bounds where. At most `limit` findings are listed.
    """

    def __init__(
        self,
        connection: Connection,
        mark_key: bytes,
        *,
        against: Head | Sequence[Head] | None = None,
        limit: int = FINDINGS,
    ) -> None:
        self._connection = connection
        self._key = mark_key
        kept = [against] if isinstance(against, Head) else against or ()
        self._kept = sorted((head for head in kept if head.block), key=lambda head: head.block)
        self._agreed = 0  # the last block that is as one of them says
        self._limit = limit
        self._sql = queries.load("charthouse.access", "check", connection.dialect)
        self._report = Report()
        self._expected: list[tuple[int, int]] = []  # (event, patient) that audit_patient must hold
        self._pairs = 0
        self._top = 0

    def run(self) -> Report:
        """Check everything in one snapshot, so that the audit may go on being written."""
        with self._connection.snapshot():
            self._chain()
            self._outside()
            try:
                self._touched_rows()
            except UnicodeDecodeError:
                self._find("audit_patient", "some row", "altered", "It cannot be read.")
        self._checkpoint()
        return self._report

    def _chain(self) -> None:
        """Each block against the one before and against its own rows."""
        ends = self._connection.one(self._sql.event_ends)
        self._top = ends[1] if ends else 0
        done = self._report.head
        while len(self._report.findings) < self._limit:
            rows = self._readable(
                self._sql.blocks, (done.block, BLOCKS), self._sql.block_ids, lambda id: (id - 1, 1), 5
            )
            if not rows:
                break
            for row in rows:
                self._block(row)
            done = self._report.head

    def _block(self, row: Row) -> None:
        """One block: its place in the chain, its rows, its hash."""
        block, (first, last, at), sealed = row[0], row[1:4], _raw(row[4])
        done, before = self._report.head, len(self._report.findings)
        follows = block == done.block + 1
        if not all(isinstance(value, int) for value in (first, last, at)):
            self._find("audit_block", str(block), "altered", "It cannot be read.")
            first, last, at, follows = done.event + 1, done.event, 0, False
        elif not follows:
            self._find("audit_block", _span(done.block + 1, block - 1), "missing", "The chain has a gap.")
        elif first != done.event + 1 or last < first:
            self._find("audit_block", str(block), "altered", "It does not begin where the one before ended.")
        bodies = self._rows(done.event, last, first)
        sound = follows and len(self._report.findings) == before
        if sound and block_hash(done.hash, block, first, last, at, bodies) != sealed:
            self._find(
                "audit_block", str(block), "altered",
                f"Its hash does not fit: it, or one of the events {_span(first, last)}, was rewritten.",
            )  # fmt: skip
        self._meet(block, last, sealed)
        self._report.head = Head(block, max(last, done.event), sealed)
        self._report.blocks += 1

    def _rows(self, after: int, last: int, first: int) -> list[bytes]:
        """Check the events in (after, last]; returns the sealed bytes of those from `first` on."""
        bodies: list[bytes] = []
        number = after
        for row in self._events(after, last):
            if row[0] != number + 1:
                self._find("audit_event", _span(number + 1, row[0] - 1), "missing", "It was removed.")
            number = row[0]
            body = canonical(_plain(row))
            if mark(self._key, body) != _raw(row[-1]):
                self._name(row)
            elif row[-2]:
                self._expect(number, _raw(row[-2]))
            if number >= first:
                bodies.append(body)
            self._report.events += 1
        if number < last:
            self._find("audit_event", _span(number + 1, last), "missing", "It was removed.")
        return bodies

    def _name(self, row: Row) -> None:
        """Say what happened to a row whose mark does not fit."""
        number = row[0]
        plain, kept = _plain(row), _raw(row[-1])
        for other in range(max(1, number - NEARBY), number + NEARBY + 1):
            if mark(self._key, canonical((other, *plain[1:]))) == kept:
                self._find("audit_event", str(number), "reordered", f"It was event {other}.")
                return
        self._find("audit_event", str(number), "altered", "It was changed, or put in place of another.")

    def _outside(self) -> None:
        """Events that no block covers."""
        head = self._report.head
        if len(self._report.findings) >= self._limit:
            return
        before = self._connection.one(self._sql.before_start)
        if before:
            self._find(before[0], before[1], "added", "The chain begins at 1.")
        after = self._connection.one(self._sql.after_end, (head.event,))
        if after:
            self._find("audit_event", str(after[0]), "added", "No block covers it.")

    def _expect(self, event: int, packed: bytes) -> None:
        pairs = [(event, patient) for patient in unpack_keys(packed)]
        self._pairs += len(pairs)
        self._expected += pairs
        if len(self._expected) >= EVENTS:
            self._compare()

    def _compare(self) -> None:
        """Whether `audit_patient` holds what the events lately read say."""
        if not self._expected:
            return
        low, high = self._expected[0][0], self._expected[-1][0]
        patients = json.dumps(sorted({patient for _, patient in self._expected}))
        there = {tuple(row) for row in self._connection.run(self._sql.touched, (low, high, patients))}
        for event, patient in self._expected:
            if (event, patient) not in there:
                self._find(
                    "audit_patient", f"patient {patient}, event {event}", "missing", "The event says otherwise."
                )  # fmt: skip
        self._expected = []

    def _touched_rows(self) -> None:
        """Rows of `audit_patient` that no event backs. Only looked for when there are too many."""
        self._compare()
        count = self._connection.one(self._sql.touched_count)
        complete = not any(finding.table == "audit_patient" for finding in self._report.findings)
        if len(self._report.findings) >= self._limit or (complete and count and count[0] == self._pairs):
            return
        after = (-(2**63), -(2**63))
        while rows := self._connection.run(self._sql.touched_from, (*after, EVENTS)):
            for patient, event, packed in rows:
                if packed is None or patient not in _keys(_raw(packed)):
                    self._find(
                        "audit_patient", f"patient {patient}, event {event}", "added", "No event says so."
                    )  # fmt: skip
            after = rows[-1][:2]

    def _meet(self, block: int, last: int, sealed: bytes) -> None:
        """Whether a block is as a head says that was kept elsewhere."""
        for kept in self._kept:
            if kept.block != block:
                continue
            if (kept.hash, kept.event) == (sealed, last):
                self._agreed = block
            elif not any(finding.kind == "altered" for finding in self._report.findings):
                since = f" Block {self._agreed} still agreed." if self._agreed else ""
                message = f"It differs from what was kept elsewhere.{since}"
                self._find("audit_block", str(block), "altered", message)

    def _checkpoint(self) -> None:
        head, kept = self._report.head, self._kept[-1] if self._kept else Head()
        if head.block < kept.block:
            self._find(
                "audit_block", _span(head.block + 1, kept.block), "cut",
                f"The end is missing: block {kept.block} with events up to {kept.event} was there.",
            )  # fmt: skip

    def _events(self, after: int, last: int) -> Iterator[Row]:
        last = min(last, self._top)  # a forged range must not keep us here
        while after < last:
            high = min(last, after + EVENTS)
            yield from self._readable(
                self._sql.events, (after, high), self._sql.event_ids, lambda id: (id - 1, id), 15
            )
            after = high

    def _readable(
        self, sql: str, params: Row, ids: str, one: Callable[[int], Row], columns: int
    ) -> list[Row]:
        """The rows of a statement; one whose text is no text at all comes with its number only, so that whoever
        put such bytes there cannot keep the rest from being looked at."""
        try:
            return self._connection.run(sql, params)
        except UnicodeDecodeError:
            rows: list[Row] = []
            for (id,) in self._connection.run(ids, params):
                try:
                    rows += self._connection.run(sql, one(id))
                except UnicodeDecodeError:
                    rows.append((id, *[None] * (columns - 1)))
            return rows

    def _find(self, table: str, row: str, kind: str, message: str) -> None:
        if len(self._report.findings) < self._limit:
            self._report.findings.append(Finding(table, row, kind, message))


def _plain(row: Row) -> tuple[Any, ...]:
    """A row as it was sealed: without its mark, packed columns as bytes."""
    *fields, resources, patients, _ = row
    return (*fields, *(_raw(one) if isinstance(one, BYTES) else one for one in (resources, patients)))


def _raw(value: object) -> bytes:
    """The bytes of a column; none for what was turned into something else."""
    return bytes(value) if isinstance(value, BYTES) else b""


def _keys(packed: bytes) -> set[int]:
    try:
        return set(unpack_keys(packed))
    except ValueError:  # altered; said elsewhere
        return set()


def _span(first: int, last: int) -> str:
    return str(first) if last <= first else f"{first} to {last}"
