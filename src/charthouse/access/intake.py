"""The door for many resources at once, whose identity is decided by the one who brings them.

The same checks as for a single write: policy, then validation, then one store transaction per
call. What is costly and needs no database (`access.preparer`) can run in another process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from charthouse.access.actor import Actor
from charthouse.access.books import Books
from charthouse.access.policy import Policy
from charthouse.access.preparer import Preparer
from charthouse.fhir.definitions import Own
from charthouse.store import body, chain
from charthouse.store.marks import Marks, under_way
from charthouse.store.record import Record
from charthouse.store.write import Change, Prepared, Stale, Transaction, Unsettled, Written
from charthouse.validation.validator import Level

__all__ = ["Change", "Intake", "Marks", "Prepared", "Stale", "Standing", "Unsettled", "Written", "under_way"]

MANY = 500  # ids asked for in one statement


@dataclass(slots=True)
class Standing:
    """What is under an id now: its version (0 = nothing), whether deleted, and its content."""

    version: int
    deleted: bool
    stored: body.Stored | None

    def equals(self, prepared: Prepared) -> bool:
        """Whether the current content is the prepared one, id and versions aside."""
        if self.stored is None or self.deleted:
            return False
        return chain.digest(self.stored.kept) == prepared.digest


class Intake:
    """Bulk reading of heads and writing of prepared resources for one actor."""

    def __init__(
        self,
        record: Record,
        policy: Policy,
        books: Books,
        level: Level,
        actor: Actor,
        interaction: str = "import",
    ) -> None:
        """`level` is how closely what comes in is looked at."""
        self._record = record
        self._policy = policy
        self._actor = actor
        self._interaction = interaction
        self.preparer = Preparer(record.codec, record.extractor, books.validator, level)
        self.alone = (record.dictionaries, record.bases, level)  # for `Preparer.alone`
        self.needs_record = level is Level.FULL  # profiles and value sets, which stand in the record
        self._allowed: set[tuple[str, str]] = set()

    def standing(self, ids: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Standing]:
        """What stands under each (type, id)."""
        connection = self._record.connection()
        by_type: dict[str, list[str]] = {}
        for type, id in ids:
            by_type.setdefault(type, []).append(id)
        found: dict[tuple[str, str], Standing] = {}
        for type, wanted in by_type.items():
            for start in range(0, len(wanted), MANY):
                for stored in self._record.reader.named(connection, type, wanted[start : start + MANY]):
                    found[type, stored.id] = Standing(stored.version, stored.deleted, stored)
        return found

    def own(self) -> Own:
        """The clinic's own search parameters, as they are now."""
        return self._record.definitions.current()

    def marks(self, run: str) -> Marks:
        """The units of `run` that an earlier, stopped import finished."""
        return Marks(self._record.connection(), run)

    def has_patients(self) -> bool:
        """Whether anybody is registered here yet."""
        return self._record.reader.live(self._record.connection(), "Patient") > 0

    def submit(
        self, changes: Sequence[Change], *, request: str = "", mark: tuple[str, Sequence[Any]] | None = None
    ) -> Future[list[Written]]:
        """Write the changes as one transaction; the future fails with `Stale` when to decide again.

        `mark` is a statement with its values to run in the same transaction.
        """
        for change in changes:
            needed = (change.type, "create" if change.expected == 0 else "update")
            if needed not in self._allowed:
                self._policy.require(self._actor, *needed)
                self._allowed.add(needed)
        asked = Transaction(
            self._actor.id, self._actor.client, self._interaction, self._actor.purpose, request,
            list(changes), mark=None if mark is None else lambda written: mark,
        )  # fmt: skip
        return self._record.submit(asked)
