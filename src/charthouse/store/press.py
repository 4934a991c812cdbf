"""Writing on PostgreSQL: what a group of transactions writes is gathered first and goes down in one round trip.

Several processes may write to one database at the same time. Each resource that changes is locked
before its version is looked at, and criteria of conditional interactions before they are asked. Who
holds no lock yet waits for one; who holds some gives way when the next is not free, and begins anew
with the transaction that needed it. So nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from charthouse.base.clock import now
from charthouse.db.connect import Connection
from charthouse.db.trouble import Collision
from charthouse.store import body, chain
from charthouse.store.batch import Batch, Head, Name, Sheet, Work
from charthouse.store.index import Rows
from charthouse.store.register import Register
from charthouse.store.write import KINDS, Change, Stale, Transaction, Written, defines

if TYPE_CHECKING:
    from charthouse.store.parameters import Parameters

BLOCK: Final = 256  # keys that are given out at a time
CRITERIA: Final = 0x4348_0000_0000  # where the numbers of criteria begin among all advisory locks
PARAMETERS: Final = 0x4348_5000_0000  # ... and the number of those who change search parameters

Index = tuple[list[Any], ...]  # the index rows of one resource, in the order of KINDS


class Press:
    """Carries out transactions on the writer's connection."""

    def __init__(
        self,
        sql: SimpleNamespace,
        connect: Callable[[], Connection],
        type_numbers: Mapping[str, int],
        parameters: Parameters,
    ) -> None:
        """`connect` opens the connection over which new names are added."""
        self._sql = sql
        self.types = type_numbers
        self._parameters = parameters
        self._keys: list[int] = []
        self._connect = connect
        self._keeper: Connection | None = None
        self.register = Register(self._names, self.keys)

    def begin(self, connection: Connection) -> Batch:  # noqa: ARG002 - nothing needs to be read
        """A new, empty batch."""
        return Batch(now())

    def ready(self, connection: Connection, batch: Batch, job: object) -> None:
        """Before a job that looks at the record, outside of what may be undone with it."""
        if batch.entries and getattr(job, "is_looking", True):
            self.finish(connection, batch)

    def keys(self, count: int) -> list[int]:
        """Keys that no resource has."""
        connection = self._names()
        while len(self._keys) < count:
            row = connection.one(self._sql.key_block)
            last = row[0] * BLOCK if row else 0
            self._keys += range(last, last - BLOCK, -1)
        return [self._keys.pop() for _ in range(count)]

    def undone(self, batch: Batch) -> None:
        """Something was rolled back; the batch has only what was not."""

    def done(self, batch: Batch) -> None:
        """The batch was committed."""
        if batch.own is not None:
            self._parameters.publish(batch.own)

    def close(self) -> None:
        """Close what was opened."""
        if self._keeper is not None:
            self._keeper.close()

    def write(self, connection: Connection, batch: Batch, asked: Transaction) -> list[Written]:
        """Add one transaction to the batch, which changes only when nothing can fail any more.

        Raises `Stale` when it has to be decided again, `Collision` when it has to wait for others.
        What is answered is complete (`Written.home`) when the batch was sent.
        """
        batch.jobs += 1
        self._meet(connection, batch, asked)
        heads = self._heads(connection, batch, asked.changes)
        sheet = Sheet(batch, self.types, heads, asked, self.keys)
        written = [sheet.enter(change) for change in asked.changes]
        if asked.mark is not None:
            statement, values = asked.mark(written)
            connection.many(statement, [values])
        if defines(asked.changes):
            before = batch.own or self._parameters.at(connection, self._generation(connection))
            batch.own = self._parameters.settle(connection, asked.changes, before)
        sheet.add(batch)
        return written

    def finish(self, connection: Connection, batch: Batch) -> None:
        """Send everything down; it leaves together with the commit, or with the next question."""
        if not batch.entries:
            return
        works = [work for _, mine in batch.entries for work in mine]
        numbers = connection.run(self._sql.numbers, (len(works), len(batch.entries)))
        generation = next(number for kind, number in numbers if kind == 3)
        self._index_anew(connection, batch, works, generation)
        index = self._numbered(batch, works)
        seqs = self._send_versions(connection, batch, numbers)
        self._send_resources(connection, batch, works, seqs)
        dropped = [(key, before.home) for key, before in batch.before.items() if before.is_there]
        for place, kind in enumerate(KINDS):
            connection.many(self._named(f"drop_{kind}"), dropped)
            connection.many(
                self._named(f"add_{kind}"), [row for rows in index.values() for row in rows[place]]
            )
        batch.clear()

    # -- sending

    def _numbered(self, batch: Batch, works: Sequence[Work]) -> dict[int, Index]:
        """The index rows of each resource as it will be, by key; every version learns whose record it is in."""
        content = {
            work.key: (work, work.change.prepared.rows) for work in works if work.change.prepared is not None
        }
        try:
            found = {key: self._rows(key, work.name[0], rows, batch) for key, (work, rows) in content.items()}
        except KeyError:
            many = [(work.name[0], rows) for work, rows in content.values()]
            self.register.learn(many, self.types, batch.heads)
            found = {key: self._rows(key, work.name[0], rows, batch) for key, (work, rows) in content.items()}
        index: dict[int, Index] = {}
        for key, work in {work.key: work for work in works}.items():
            home, rows = found.get(key) or (batch.heads[work.name].home, _NOTHING)
            index[key] = _NOTHING if work.change.prepared is None else rows
            batch.heads[work.name] = batch.heads[work.name]._replace(home=home)
        for work in works:
            if work.change.prepared is not None:
                work.written.home = batch.heads[work.name].home
        return index

    def _index_anew(
        self, connection: Connection, batch: Batch, works: Sequence[Work], generation: int
    ) -> None:
        """Index what was made ready by other search parameters than there are."""
        late = [
            work.change for work in works
            if (prepared := work.change.prepared) is not None and prepared.rows.generation != generation
        ]  # fmt: skip
        if not late:
            return
        own = batch.own
        if own is None or own.generation != generation:
            own = self._parameters.at(connection, generation)
        for change in late:
            if change.prepared is not None:
                change.prepared.rows = self._parameters.again(own, change)

    def _generation(self, connection: Connection) -> int:
        row = connection.one(self._sql.generation)
        return int(row[0]) if row else 0

    def _send_versions(
        self, connection: Connection, batch: Batch, numbers: Sequence[tuple[Any, ...]]
    ) -> list[int]:
        """The versions, their transactions and the counts; the number of each version."""
        seqs = sorted(number for kind, number in numbers if kind == 1)
        txns = iter(sorted(number for kind, number in numbers if kind == 2))
        versions: list[tuple[Any, ...]] = []
        logs: list[tuple[Any, ...]] = []
        for log, mine in batch.entries:
            txn = next(txns)
            links = []
            for work in mine:
                seq, change = seqs[len(versions)], work.change
                method = body.METHOD_CODE[change.method]
                blob, digest = (change.prepared.blob, change.prepared.digest) if change.prepared else _GONE
                links.append((seq, change.type, change.id, work.version, work.at, method, digest))
                home = batch.heads[work.name].home
                versions.append((seq, home, work.key, work.name[0], work.version, txn, work.at, method, blob))
            linked = chain.link(chain.START, (txn, *log), links)
            logs.append((txn, *log, len(mine), linked))
        connection.many(self._sql.add_version, versions)
        connection.many(self._sql.add_txn, logs)
        return seqs

    def _send_resources(
        self, connection: Connection, batch: Batch, works: Sequence[Work], seqs: Sequence[int]
    ) -> None:
        """The rows of the directory: new ones in one order for everybody, and those that change."""
        last = {work.key: (work, seq) for work, seq in zip(works, seqs, strict=True)}
        new: list[tuple[Any, ...]] = []
        changes: list[tuple[Any, ...]] = []
        moved: list[tuple[int, int, int]] = []
        tally: dict[int, int] = {}
        for key, (work, seq) in last.items():
            head, before = batch.heads[work.name], batch.before[key]
            tally[work.name[0]] = tally.get(work.name[0], 0) + int(head.is_there) - int(before.is_there)
            if key in batch.added:
                new.append((key, *work.name, head.version, head.deleted, seq, head.updated, head.home))
                continue
            changes.append((key, head.version, head.deleted, seq, head.updated, head.home))
            if before.version and before.home != head.home:
                moved.append((key, before.home, head.home))
        new.sort(key=lambda row: row[1:3])
        connection.many(self._sql.add_resource, new)
        connection.many(self._sql.change_resource, changes)
        connection.many(self._sql.move_versions, moved)
        connection.many(self._sql.add_tally, [pair for pair in tally.items() if pair[1]])

    def _named(self, name: str) -> str:
        return str(getattr(self._sql, name))

    # -- names into numbers

    def numbered(self, type: str, found: Sequence[tuple[int, int, Rows]]) -> dict[str, list[Any]]:
        """The index rows, by kind, of resources (key, home, values) that stay as they are, for whoever indexes
        them anew. Names and ids that are met for the first time get their number."""
        batch, number = Batch(now()), self.types[type]
        self.register.learn([(number, rows) for _, _, rows in found], self.types, ())
        made: dict[str, list[Any]] = {kind: [] for kind in KINDS}
        for key, home, rows in found:
            _, tables = self._rows(key, number, rows, batch)
            for kind, table in zip(KINDS, tables, strict=True):
                made[kind] += [(*row[:-1], home) for row in table]
        return made

    def _rows(self, key: int, type_number: int, rows: Rows, batch: Batch) -> tuple[int, Index]:
        """The home and the index rows of a version. Raises KeyError for a name that is not remembered."""
        params, codes, uris = self.register.params, self.register.codes, self.register.uris
        home = 0
        if type_number == self.types["Patient"]:
            home = key
        elif rows.home is not None:
            home = self._target(batch, self.types[rows.home[0]], rows.home[1])
        references = []
        for name, target, id in rows.references:
            number = self.types.get(target) if target else None
            goal = self._target(batch, number, id) if number else -uris[id]
            references.append((key, params[type_number, name], goal, home))
        return home, (
            [
                (key, params[type_number, name], codes[system or None, code], home)
                for name, system, code in rows.tokens
            ],
            references,
            [(key, params[type_number, name], low, high, home) for name, low, high in rows.dates],
            [(key, params[type_number, name], text, exact, home) for name, text, exact in rows.strings],
            [(key, params[type_number, name], low, high, home) for name, low, high in rows.numbers],
            [
                (key, params[type_number, name], codes[system or None, unit], low, high, home)
                for name, system, unit, low, high in rows.quantities
            ],
            [(key, params[type_number, name], uris[text], home) for name, text in rows.uris],
        )

    def _target(self, batch: Batch, type_number: int, id: str) -> int:
        """The key of a resource that is referred to."""
        head = batch.heads.get((type_number, id))
        return self.register.keys[type_number, id] if head is None else head.key

    # -- what has to be waited for

    def _meet(self, connection: Connection, batch: Batch, asked: Transaction) -> None:
        """Lock the criteria the decision rests on, then ask them again."""
        locks = sorted({CRITERIA + condition.lock for condition in asked.conditions})
        if defines(asked.changes):
            locks.append(PARAMETERS)
        if not locks:
            return
        if batch.jobs == 1:
            connection.run(self._sql.lock_criteria, (locks,))
        else:
            row = connection.one(self._sql.try_criteria, (locks,))
            if row is None or not row[0]:
                raise Collision
        for condition in asked.conditions:
            found = condition.find(connection)
            if (found[0] if len(found) == 1 else None) != condition.expected or len(found) > 1:
                raise Stale

    def _heads(self, connection: Connection, batch: Batch, changes: Sequence[Change]) -> dict[Name, Head]:
        """The resources that will change as they stand, locked; those that are not there are left out."""
        types = self.types
        heads: dict[Name, Head] = {}
        wanted: list[Name] = []
        for change in changes:
            if not change.fresh:
                name = (types[change.type], change.id)
                head = batch.heads.get(name)
                if head is None:
                    wanted.append(name)
                else:
                    heads[name] = head
        if wanted:
            statement = self._sql.lock_heads if batch.jobs == 1 else self._sql.try_heads
            names = tuple(zip(*wanted, strict=True))
            for row in connection.run(statement, (list(names[0]), list(names[1]))):
                heads[wanted[row[0] - 1]] = Head(*row[1:])
        return heads

    def _names(self) -> Connection:
        """The connection for names and keys."""
        if self._keeper is None:
            self._keeper = self._connect()
        return self._keeper


@dataclass(slots=True, frozen=True)
class Print:
    """A transaction as a job for the writer."""

    press: Press
    asked: Transaction

    @property
    def is_looking(self) -> bool:
        """Whether it looks into the record, so that what was gathered before it must be there."""
        return bool(self.asked.conditions) or defines(self.asked.changes)

    def __call__(self, connection: Connection, batch: Batch) -> list[Written]:
        """Carry it out."""
        return self.press.write(connection, batch, self.asked)


_GONE: Final = (None, chain.START)  # the body of a deletion, and its digest
_NOTHING: Final[Index] = tuple([] for _ in KINDS)
