"""What a group of transactions decides before any of it is sent to PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from charthouse.fhir.definitions import Own
from charthouse.store.write import ANY, Change, Stale, Transaction, Written

Name = tuple[int, str]  # a resource by the number of its type and its id
Log = tuple[Any, ...]  # the log row of a transaction, without its number


class Head(NamedTuple):
    """A resource as it stands; version 0 was never written."""

    key: int
    version: int
    deleted: int
    home: int
    updated: int

    @property
    def is_there(self) -> bool:
        """Whether there is something that is not deleted."""
        return self.version > 0 and not self.deleted


@dataclass(slots=True)
class Work:
    """A version that waits to go down. `home` and `index` follow when its names have numbers."""

    key: int
    name: Name
    change: Change
    version: int
    at: int
    written: Written


@dataclass(slots=True)
class Batch:
    """What a group of transactions wrote and nobody sent yet; `heads` also what went down already. `own` are the
    clinic's search parameters where one of these transactions changed them."""

    at: int
    jobs: int = 0
    heads: dict[Name, Head] = field(default_factory=dict)
    entries: list[tuple[Log, list[Work]]] = field(default_factory=list)
    added: set[int] = field(default_factory=set)  # keys of resources that have no row yet
    before: dict[int, Head] = field(default_factory=dict)  # key -> its head in the database
    own: Own | None = None

    def clear(self) -> None:
        """Everything was sent."""
        self.entries.clear()
        self.added.clear()
        self.before.clear()


class Sheet:
    """One transaction as it is decided."""

    def __init__(
        self,
        batch: Batch,
        types: Mapping[str, int],
        heads: dict[Name, Head],
        asked: Transaction,
        keys: Callable[[int], list[int]],
    ) -> None:
        """`heads` are those of its resources that are there; `keys(count)` gives out keys for the others."""
        self._types = types
        self._heads = heads
        self._known = dict(heads)
        # clocks of several machines may differ; a resource never becomes older
        latest = max((head.updated for head in heads.values()), default=0)
        self._at = asked.at if asked.at is not None else max(batch.at, latest)
        self._log = (self._at, asked.actor, asked.client, asked.interaction, asked.purpose, asked.request)
        self._works: list[Work] = []
        names = [
            (self._types[change.type], change.id) for change in asked.changes if change.prepared is not None
        ]
        missing = [name for name in dict.fromkeys(names) if name not in heads]
        for name, key in zip(missing, keys(len(missing)) if missing else (), strict=True):
            heads[name] = Head(key, 0, 0, 0, 0)

    def enter(self, change: Change) -> Written:
        """Decide the version of one change."""
        name = (self._types[change.type], change.id)
        head = self._heads.get(name)
        is_there = head is not None and head.is_there
        if change.expected not in (ANY, head.version if head is not None and is_there else 0):
            raise Stale
        is_gone = change.prepared is None
        if head is None or (is_gone and not is_there):
            key, version = (head.key, head.version) if head is not None else (0, 0)
            return Written(key, version, self._at, 0, "unchanged")
        version = head.version + 1
        self._heads[name] = Head(head.key, version, int(is_gone), head.home, self._at)
        status: Literal["created", "updated", "deleted"] = "updated" if is_there else "created"
        written = Written(head.key, version, self._at, 0, "deleted" if is_gone else status)
        self._works.append(Work(head.key, name, change, version, self._at, written))
        return written

    def add(self, batch: Batch) -> None:
        """Put all of it into the batch."""
        if not self._works:
            return
        batch.entries.append((self._log, self._works))
        for work in self._works:
            name = work.name
            if name not in self._known and name not in batch.heads:
                batch.added.add(work.key)
            batch.before.setdefault(work.key, self._known.get(name) or Head(work.key, 0, 0, 0, 0))
            batch.heads[name] = self._heads[name]
