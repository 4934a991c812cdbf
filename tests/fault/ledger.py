"""What a record promised, to be held against what is found after a fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from charthouse.db.connect import Connection
from charthouse.store.read import Reader


@dataclass(slots=True)
class Ledger:
    """Each version that was acknowledged with its content (None = a deletion), and what else was said.

    `groups` are the names of transactions with the number of their resources, true once
    acknowledged; `numbers` the identifiers of conditional creates; `reads` how many reads were answered.
    """

    versions: dict[tuple[str, str, int], dict[str, Any] | None] = field(default_factory=dict)
    heads: dict[tuple[str, str], int] = field(default_factory=dict)
    groups: dict[str, tuple[int, bool]] = field(default_factory=dict)
    numbers: dict[str, bool] = field(default_factory=dict)
    reads: int = 0

    def note(self, type: str, id: str, version: int, tree: dict[str, Any] | None) -> None:
        """The record acknowledged this version."""
        self.versions[type, id, version] = None if tree is None else bare(tree)
        self.heads[type, id] = max(version, self.heads.get((type, id), 0))


def bare(tree: dict[str, Any]) -> dict[str, Any]:
    """A resource without what the server adds."""
    return {name: value for name, value in tree.items() if name not in ("id", "meta")}


def losses(ledger: Ledger, reader: Reader, connection: Connection) -> list[str]:
    """What was promised and is not there, and what is there by half; empty when the record kept its word."""
    found = []
    for (type, id, version), tree in ledger.versions.items():
        stored = reader.version(connection, type, id, version)
        if stored is None:
            found.append(f"{type}/{id} version {version} is lost")
        elif (None if stored.deleted else bare(stored.tree)) != tree:
            found.append(f"{type}/{id} version {version} has another content")
    for (type, id), version in ledger.heads.items():
        head = reader.head(connection, type, id)
        if head is None or head.version < version:
            found.append(f"the head of {type}/{id} is before version {version}")
    there: dict[str, int] = {}
    for type in ("Patient", "Observation"):
        for stored in reader.history(connection, type, None, count=1_000_000):
            if stored.version == 1:
                number = stored.tree["identifier"][0]["value"]
                there[number] = there.get(number, 0) + 1
    for name, (size, acknowledged) in ledger.groups.items():
        if there.get(name, 0) not in ((size,) if acknowledged else (0, size)):
            found.append(f"{there.get(name, 0)} of the {size} resources of transaction {name} are there")
    for number, acknowledged in ledger.numbers.items():
        if there.get(number, 0) not in ((1,) if acknowledged else (0, 1)):
            found.append(f"{there.get(number, 0)} resources have the number {number}")
    return found
