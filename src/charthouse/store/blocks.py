"""Proof of the chain on PostgreSQL: every block, every transaction in it, and what is not sealed yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.store import chain, seal

if TYPE_CHECKING:
    from charthouse.store.integrity import Report

SLICE: Final = 200  # transactions looked at in one statement
BLOCKS: Final = 100
IDS: Final = 10_000

Digest = Callable[[bytes | None, str], bytes]  # of a stored body, and where it is


def check(
    connection: Connection, digest: Digest, report: Report, progress: Callable[[str, int], None]
) -> None:
    """Recompute every link; what does not fit is named by its transaction or block."""
    walk = _Walk(connection, digest, report, progress)
    last = seal.Last()
    while rows := connection.run(walk.sql.blocks, (last.block, BLOCKS)):
        for row in rows:
            last = walk.block(last, row)
    report.head = last.hash.hex()
    walk.unsealed(last)


class _Walk:
    """One walk along the chain."""

    def __init__(
        self, connection: Connection, digest: Digest, report: Report, progress: Callable[[str, int], None]
    ) -> None:
        self.sql: SimpleNamespace = queries.load("charthouse.store", "seal", connection.dialect)
        self._connection = connection
        self._digest = digest
        self._report = report
        self._progress = progress
        self._sealed: set[int] = set()

    def block(self, last: seal.Last, row: Sequence[Any]) -> seal.Last:
        """Check one block against the one before and against its transactions."""
        number, at, entries, packed, low, moment, hash = row
        members = seal.unpack(bytes(packed))
        before = len(self._report.findings)
        if number != last.block + 1:
            self._find(f"block {last.block + 1}", "The chain has a gap: this block was removed.")
        hashes: list[bytes] = []
        for start in range(0, len(members), SLICE):
            hashes += self._members(members[start : start + SLICE])
        is_sound = seal.block_hash(last.hash, number, at, low, hashes) == bytes(hash)
        if (not is_sound or entries != len(members)) and len(self._report.findings) == before:
            self._find(f"block {number}", "This block was altered, or one before it was removed or put in.")
        self._sealed.update(one for one, _ in members)
        return seal.Last(number, bytes(hash), low, moment)

    def unsealed(self, last: seal.Last) -> None:
        """Transactions that no block holds: new ones are well; older ones were put in."""
        after = 0
        while rows := self._connection.run(self.sql.transaction_ids, (last.moment, after, IDS)):
            fresh = [number for number, is_old in rows if number not in self._sealed and not is_old]
            for number, is_old in rows:
                if is_old and number not in self._sealed:
                    self._find(
                        f"transaction {number}", "This transaction is in no block: it was put in later."
                    )
            for start in range(0, len(fresh), SLICE):
                self._members([(number, b"") for number in fresh[start : start + SLICE]])
            after = rows[-1][0]

    def _members(self, members: Sequence[tuple[int, bytes]]) -> list[bytes]:
        """Check some transactions against their own rows; `b""` stands for a mark that is not known. Their hashes."""
        ids = [number for number, _ in members]
        logs = {row[0]: row for row in self._connection.run(self.sql.logs, (ids,))}
        versions = self._connection.run(self.sql.versions, (ids,))
        written = {txn: list(group) for txn, group in groupby(versions, key=lambda row: row[1])}
        hashes: list[bytes] = []
        for number, mark in members:
            row = logs.get(number)
            if row is None:
                self._find(f"transaction {number}", "This transaction was removed.")
                continue
            *log, entries, kept = row
            mine = written.get(number, [])
            links = [
                (
                    seq,
                    name,
                    id,
                    version,
                    updated,
                    method,
                    self._digest(body, f"{name}/{id} version {version}"),
                )
                for seq, _, name, id, version, updated, method, body in mine
            ]
            computed = chain.link(chain.START, tuple(log), links)
            stored = bytes(kept)
            if computed != stored or entries != len(mine) or (mark and stored[: seal.MARK] != mark):
                self._find(f"transaction {number}", "This transaction was altered.")
            hashes.append(stored)
            self._report.transactions += 1
            self._report.versions += len(mine)
        self._progress("transactions", self._report.transactions)
        return hashes

    def _find(self, place: str, message: str) -> None:
        self._report.add("chain", place, message)
