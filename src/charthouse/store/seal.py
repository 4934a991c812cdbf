"""The chain on PostgreSQL: one sealer joins what all writers committed, in blocks, within a second.

A transaction's own hash covers its log row and all that it wrote. A block covers the block before
and the hashes of its transactions: those that a snapshot sees and the snapshot of the block before
did not. So writers of several processes never wait for each other, nothing that is committed late is
left out, and whoever reads the log along the blocks meets each transaction once, in an order that
stays. Any process may be the sealer; an advisory lock says who is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple

from charthouse.base import log
from charthouse.base.clock import now
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.store import chain

PAUSE: Final = 0.4  # seconds that committed transactions gather before they are sealed
AGAIN: Final = 0.2  # ... until the next attempt when another process is at it
LATER: Final = 2.0  # ... after a failure
FOLD: Final = 64  # blocks after which the counts are folded
MARK: Final = 8  # bytes of a transaction's hash that a block repeats, to name the one that was altered
NOTHING: Final = "1:1:"  # a snapshot that sees no transaction of ours

_member = Struct(">q8s")


class Last(NamedTuple):
    """The end of the chain."""

    block: int = 0
    hash: bytes = chain.START
    low: int = 0
    moment: str = NOTHING


def block_hash(previous: bytes, block: int, at: int, low: int, hashes: Iterable[bytes]) -> bytes:
    """SHA-256 over the block before, this block's own columns, and its transactions' hashes in order."""
    return sha256(b"".join((previous, f"{block}\x1f{at}\x1f{low}\x1f".encode(), *hashes))).digest()


def pack(members: Iterable[tuple[int, bytes]]) -> bytes:
    """(transaction, hash) pairs as a block keeps them."""
    return b"".join(_member.pack(number, bytes(hash)[:MARK]) for number, hash in members)


def unpack(members: bytes) -> list[tuple[int, bytes]]:
    """(transaction, start of its hash) again."""
    return [(number, start) for number, start in _member.iter_unpack(members)]


class Sealer:
    """Seals what the writers of this database commit, from a thread with a connection of its own.

    `wake()` after a commit; `close()` seals what is left, unless another process does it.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._sql = queries.load("charthouse.store", "seal", "postgres")
        self._log = log.get("store")
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._given = 0  # the last version number given out when the round before looked
        self._waiting: tuple[int, int] | None = None  # ... and the round whose older ones must have ended
        self._thread = threading.Thread(target=self._serve, name="sealer", daemon=True)
        self._is_started = False
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Something was committed."""
        self._woken.set()
        with self._lock:
            if not self._is_started and not self._closing.is_set():
                self._thread.start()
                self._is_started = True

    def close(self) -> None:
        """Stop, after a last round if there is something to seal."""
        self._closing.set()
        self._woken.set()
        if self._is_started:
            self._thread.join()

    def seal(self, connection: Connection) -> bool | None:
        """One round: True if a block was made, False if there was nothing to seal, None if another is at it."""
        sql = self._sql
        with connection.transaction():
            row = connection.one(sql.take)
            if row is None or not row[0]:
                return None
            found = connection.one(sql.last)
            last = Last(found[0], bytes(found[1]), found[2], found[3]) if found else Last()
            given, me, end = _three(connection.one(sql.reached))
            rows = self._unsealed(connection, last, end)
            low = self._low(last.low, int(rows[0][3]) if rows else 0, given, me)
            if not rows:
                return False
            hashes = [(number, bytes(hash)) for number, hash, _, _ in rows]
            block, at = last.block + 1, now()
            sealed = block_hash(last.hash, block, at, low, (hash for _, hash in hashes))
            connection.many(sql.add_block, [(block, at, len(hashes), pack(hashes), low, rows[0][2], sealed)])
            connection.many(sql.add_outbox, [(number,) for number, _ in hashes])
            if block % FOLD == 0:
                connection.many(sql.fold, [()])
        return True

    def _unsealed(self, connection: Connection, last: Last, end: int) -> list[tuple[int, bytes, str, str]]:
        """(transaction, hash, snapshot, the oldest one under way) of all that no block holds yet."""
        sql = self._sql
        if int(last.moment.split(":")[1]) <= end:
            return connection.run(sql.unsealed, (last.moment, last.moment))
        # the record was moved to a server that counts anew: its old numbers mean nothing here
        sealed = {
            number for (members,) in connection.run(sql.members) for number, _ in unpack(bytes(members))
        }
        rows = connection.run(sql.everything)
        connection.many(sql.count_anew, [row[:1] for row in rows])
        return [row for row in rows if row[0] not in sealed]

    def _low(self, low: int, oldest: int, given: int, me: int) -> int:
        """The number up to which no version can appear any more.

        A version gets its number after its transaction has one. What was given out before an earlier
        round began belongs to transactions with smaller numbers than that round's; once all of
        those have ended, no version up to there can come.
        """
        if self._waiting is not None and oldest >= self._waiting[1]:
            low, self._waiting = max(low, self._waiting[0]), None
        if self._waiting is None:
            self._waiting = (self._given, me)
        self._given = given
        return low

    def _serve(self) -> None:
        is_last = False
        while not is_last:
            self._woken.wait()
            is_last = self._closing.wait(PAUSE)
            self._woken.clear()
            try:
                while self._round() is None and not self._closing.wait(AGAIN):
                    pass
            except Exception as failure:  # noqa: BLE001 - the server may be away; what is committed must be sealed some time
                self._log.error("seal.failed", failure=failure)
                self._woken.set()
                self._closing.wait(LATER)
        if self._connection is not None:
            self._connection.close()

    def _round(self) -> bool | None:
        if self._connection is None:
            self._connection = self._connect()
        return self.seal(self._connection)


def _three(row: Sequence[object] | None) -> tuple[int, int, int]:
    """The numbers of `reached`."""
    if row is None:
        raise LookupError("the sequence of versions is not there")
    return int(str(row[0])), int(str(row[1])), int(str(row[2]))
