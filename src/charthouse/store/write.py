"""Writing: versions, index, log, outbox and counts of one request, all or none, in the writer's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, Literal

from charthouse.base.clock import now
from charthouse.base.errors import Problem
from charthouse.db.connect import Connection, Row
from charthouse.fhir.definitions import Own
from charthouse.fhir.parameters import TYPE
from charthouse.fhir.resource import Tree
from charthouse.store import body, chain
from charthouse.store.index import Extractor, Rows
from charthouse.store.intern import Interner

if TYPE_CHECKING:
    from charthouse.store.parameters import Parameters

KINDS: Final = ("token", "reference", "date", "string", "number", "quantity", "uri")
ANY = -1  # an expectation: whatever version is there


@dataclass(slots=True)
class Prepared:
    """A resource ready to be written: all that can be computed before the transaction."""

    blob: bytes
    digest: bytes
    rows: Rows
    kept: bytes = b""  # the blob uncompressed, for whoever answers with it; not needed to write


@dataclass(slots=True)
class Change:
    """One resource to write or delete.

    `expected` is the version that the decision was made on: 0 = there must be none, n = exactly
    that one, `ANY` = not checked. `fresh` says the id was drawn at random for this request.
    """

    method: str
    type: str
    id: str
    prepared: Prepared | None = None
    expected: int = ANY
    fresh: bool = False


@dataclass(slots=True)
class Condition:
    """A search the decision rests on, asked again inside the transaction.

    `find` answers the ids of at most two matches; `expected` is the one id that matched
    before, or None. `lock` is a number that stands for the criteria (PostgreSQL advisory lock).
    """

    find: Callable[[Connection], Sequence[str]]
    expected: str | None
    lock: int


@dataclass(slots=True)
class Transaction:
    """A request that writes: who, how, under what conditions, and what."""

    actor: int
    client: str
    interaction: str
    purpose: str
    request: str
    changes: list[Change]
    conditions: list[Condition] = field(default_factory=list)
    at: int | None = None  # milliseconds; the present moment when None
    mark: Callable[[Sequence[Written]], tuple[str, Sequence[Any]]] | None = (
        None  # a statement to add at the end
    )


@dataclass(slots=True)
class Written:
    """What became of a change."""

    key: int
    version: int
    updated: int
    home: int
    status: Literal["created", "updated", "deleted", "unchanged"]


class Stale(Exception):
    """The record moved on between the decision and the write; decide again."""


class Unsettled(Problem):
    """A SearchParameter (`id`) that is meant to be in use and cannot be, as the record stands."""

    id = ""


@dataclass(slots=True)
class Group:
    """What a group of transactions carries along: chain head, next numbers, counts to add, the clinic's own search
    parameters."""

    txn: int
    hash: bytes
    key: int
    seq: int
    at: int
    own: Own
    tally: dict[int, int] = field(default_factory=dict)


def defines(changes: Sequence[Change]) -> bool:
    """Whether search parameters are among what changes."""
    return any(change.type == TYPE for change in changes)


def prepare(tree: Tree, type_name: str, extractor: Extractor, codec: body.Codec) -> Prepared:
    """Compress and index a resource. Pure computation; run it outside the writer."""
    kept = body.rest(tree)
    return Prepared(codec.pack(kept), chain.digest(kept), extractor.rows(tree, type_name), kept)


class Pen:
    """Carries out transactions on the writer's connection."""

    def __init__(
        self, sql: SimpleNamespace, interner: Interner, type_numbers: dict[str, int], parameters: Parameters
    ) -> None:
        self.sql = sql
        self.interner = interner
        self.types = type_numbers
        self.parameters = parameters

    def begin(self, connection: Connection) -> Group:
        """Read the heads inside the transaction: another process may have written since the last."""
        connection.run(self.sql.lock)  # PostgreSQL: one writing process at a time, so that the chain is one
        head = connection.one(self.sql.chain_head)
        last_key = connection.one(self.sql.last_key)
        last_seq = connection.one(self.sql.last_seq)
        return Group(
            txn=head[0] if head else 0,
            hash=bytes(head[1]) if head else chain.START,
            key=last_key[0] if last_key else 0,
            seq=last_seq[0] if last_seq else 0,
            at=now(),
            own=self.parameters.at(connection, last_seq[1] if last_seq else 0),
        )

    def finish(self, connection: Connection, group: Group) -> None:
        """Add the counts of the whole group."""
        if group.tally:
            connection.many(self.sql.add_tally, [pair for pair in group.tally.items() if pair[1]])

    def undone(self, group: Group) -> None:  # noqa: ARG002 - the same for every group
        """Something was rolled back."""
        self.interner.forget()

    def done(self, group: Group) -> None:
        """The group was committed."""
        self.interner.settle()
        self.parameters.publish(group.own)

    def close(self) -> None:
        """Nothing is held open."""

    def write(self, connection: Connection, group: Group, asked: Transaction) -> list[Written]:
        """Write one transaction; `group` moves on only when nothing can fail any more."""
        for condition in asked.conditions:
            found = condition.find(connection)
            if (found[0] if len(found) == 1 else None) != condition.expected or len(found) > 1:
                raise Stale
        own = group.own
        if defines(asked.changes):
            own = self.parameters.settle(connection, asked.changes, own)
        sheet = _Sheet(self, connection, group, asked.at or group.at)
        written = [sheet.enter(change) for change in asked.changes]
        if asked.mark is not None:
            connection.run(*asked.mark(written))
        if not sheet.versions:
            return written
        sheet.index(asked.changes, written, own)
        log = (
            group.txn + 1,
            sheet.at,
            asked.actor,
            asked.client,
            asked.interaction,
            asked.purpose,
            asked.request,
        )
        linked = chain.link(group.hash, log, sheet.links)
        sheet.flush()
        connection.run(self.sql.add_txn, (*log, len(sheet.versions), linked))
        connection.run(self.sql.add_outbox, (group.txn + 1,))
        group.txn += 1
        group.hash = linked
        group.key = sheet.key
        group.seq = sheet.seq
        group.own = own
        for type_number, delta in sheet.tally.items():
            group.tally[type_number] = group.tally.get(type_number, 0) + delta
        return written

    def numbered(
        self, connection: Connection, group: Group, type: str, found: Sequence[tuple[int, Rows]]
    ) -> dict[str, list[Row]]:
        """The index rows, by kind, of resources (key, values) that stay as they are, for whoever indexes them anew.
        Ids that are referred to for the first time get their row."""
        sheet = _Sheet(self, connection, group, group.at)
        for key, rows in found:
            sheet.number(rows, self.types[type], Written(key, 0, group.at, 0, "unchanged"))
        if sheet.resources:
            connection.many(self.sql.add_resource, sheet.resources)
        group.key = sheet.key
        return sheet.rows


class _Sheet:
    """The rows of one transaction as they gather, before they go down in bulk."""

    def __init__(self, pen: Pen, connection: Connection, group: Group, at: int) -> None:
        self.pen = pen
        self.connection = connection
        self.txn = group.txn + 1
        self.key = group.key
        self.seq = group.seq
        self.at = at
        self.resources: list[Row] = []
        self.changed: list[Row] = []
        self.versions: list[Row] = []
        self.links: list[Row] = []
        self.homes: dict[int, int] = {}
        self.reindexed: list[tuple[int]] = []
        self.tally: dict[int, int] = {}
        self.rows: dict[str, list[Row]] = {kind: [] for kind in KINDS}
        self._placed: dict[int, int] = {}  # key -> place in self.resources, for rows not yet written
        self._made: dict[
            tuple[int, str], int
        ] = {}  # their keys by (type, id); the interner may forget any time

    def enter(self, change: Change) -> Written:
        """Decide the key and version of one change."""
        type_number = self.pen.types[change.type]
        head = None
        if not change.fresh:
            head = self.connection.one(self.pen.sql.head, (type_number, change.id))
        version = head[1] if head else 0
        there = bool(version and not head[2]) if head else False
        if change.expected != ANY and change.expected != (version if there else 0):
            raise Stale
        if change.method == "DELETE" and not there:
            return Written(head[0] if head else 0, version, self.at, 0, "unchanged")
        key = head[0] if head else self._new_key(type_number, change.id)
        self.homes[key] = head[4] if head else 0
        self.seq += 1
        method = body.METHOD_CODE[change.method]
        blob = change.prepared.blob if change.prepared else None
        digest = change.prepared.digest if change.prepared else chain.START
        self.versions.append((self.seq, key, type_number, version + 1, self.txn, self.at, method, blob))
        self.links.append((self.seq, change.type, change.id, version + 1, self.at, method, digest))
        if there:
            self.reindexed.append((key,))
        self.changed.append((version + 1, int(blob is None), self.seq, self.at, key))
        delta = int(blob is not None) - int(there)
        if delta:
            self.tally[type_number] = self.tally.get(type_number, 0) + delta
        status: Literal["created", "updated", "deleted"] = (
            "deleted" if blob is None else "updated" if there else "created"
        )
        return Written(key, version + 1, self.at, 0, status)

    def _new_key(self, type_number: int, id: str) -> int:
        """A row for an id seen for the first time; written with the rest."""
        self.key += 1
        self._placed[self.key] = len(self.resources)
        self._made[type_number, id] = self.key
        self.resources.append((self.key, type_number, id, 0, 0, 0, 0, 0))
        self.pen.interner.remember(self.pen.interner.keys, (type_number, id), (self.key,))
        return self.key

    def target(self, type_number: int, id: str) -> int:
        """The key of a resource that is referred to, whether it is there or not."""
        interner = self.pen.interner
        found = self._made.get((type_number, id)) or interner.keys.get((type_number, id))
        if found is None:
            head = self.connection.one(self.pen.sql.head, (type_number, id))
            if head is None:
                return self._new_key(type_number, id)
            found = interner.remember(interner.keys, (type_number, id), head)
        return found

    def index(self, changes: Sequence[Change], written: Sequence[Written], own: Own) -> None:
        """Turn the extracted values into rows of small integers; what was extracted by others than `own` is so anew."""
        for change, done in zip(changes, written, strict=True):
            if change.prepared is not None:
                if change.prepared.rows.generation != own.generation:
                    change.prepared.rows = self.pen.parameters.again(own, change)
                self.number(change.prepared.rows, self.pen.types[change.type], done)

    def number(self, rows: Rows, type_number: int, done: Written) -> None:
        """The rows of one resource."""
        interner, connection, key = self.pen.interner, self.connection, done.key
        types = self.pen.types
        param, code = interner.param, interner.code
        if type_number == types["Patient"]:
            done.home = key
        elif rows.home is not None:
            done.home = self.target(types[rows.home[0]], rows.home[1])
        self.homes[key] = done.home
        out = self.rows
        out["token"] += [
            (key, param(connection, type_number, name), code(connection, system, value))
            for name, system, value in rows.tokens
        ]
        targets = out["reference"]
        for name, target_type, id in rows.references:
            number = types.get(target_type) if target_type else None
            target = self.target(number, id) if number else -interner.uri(connection, id)
            targets.append((key, param(connection, type_number, name), target))
        out["date"] += [
            (key, param(connection, type_number, name), low, high) for name, low, high in rows.dates
        ]
        out["string"] += [
            (key, param(connection, type_number, name), text, exact) for name, text, exact in rows.strings
        ]
        out["number"] += [
            (key, param(connection, type_number, name), low, high) for name, low, high in rows.numbers
        ]
        out["quantity"] += [
            (key, param(connection, type_number, name), code(connection, system, unit), low, high)
            for name, system, unit, low, high in rows.quantities
        ]
        out["uri"] += [
            (key, param(connection, type_number, name), interner.uri(connection, text))
            for name, text in rows.uris
        ]

    def flush(self) -> None:
        """Write everything down, table by table."""
        connection, sql = self.connection, self.pen.sql
        changes: list[Row] = []
        for version, deleted, seq, at, key in self.changed:
            home = self.homes.get(key, 0)
            place = self._placed.get(key)
            if place is None:
                changes.append((version, deleted, seq, at, home, key))
            else:
                _, type_number, id, *_ = self.resources[place]
                self.resources[place] = (key, type_number, id, version, deleted, seq, at, home)
        if self.resources:
            connection.many(sql.add_resource, self.resources)
        if changes:
            connection.many(sql.change_resource, changes)
        connection.many(sql.add_version, self.versions)
        for kind, rows in self.rows.items():
            if self.reindexed:
                connection.many(getattr(sql, f"drop_{kind}"), self.reindexed)
            if rows:
                connection.many(getattr(sql, f"add_{kind}"), rows)
