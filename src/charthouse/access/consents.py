"""Consents in force as rows that every query can ask, in step with the Consent resources before anything is shown."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from charthouse.access.rules.provisions import Provision, patient, provisions
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.fhir.resource import Tree
from charthouse.store.record import Record

RECHECK_SECONDS: Final = 0.05  # a Consent that another process wrote is noticed after this long at the latest
SLICE: Final = 200
# On PostgreSQL a transaction may commit after one with later numbers; so many are looked at once more.
OVERLAP: Final = 10_000


class Consents:
    """Follows the Consents of one record. Coroutines belong to one event loop."""

    def __init__(
        self,
        record: Record,
        written: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`written` carries out a change through the record's writer."""
        self._record = record
        self._written = written
        self._clock = clock
        self._until = 0.0
        self._sql = queries.load("charthouse.access", "consents", record.place.dialect)
        self._type = record.types["Consent"]

    def stale(self) -> None:
        """A Consent was written here: look again at once."""
        self._until = 0.0

    async def settle(self) -> None:
        """Return when every Consent that is in the record is in force."""
        if self._clock() < self._until:
            return
        if self.is_behind(self._record.connection()):
            await self._written(self.follow)
        self._until = self._clock() + RECHECK_SECONDS

    def settle_now(self, write: Callable[[Callable[[Connection], Any]], Any]) -> None:
        """The same for a thread without an event loop."""
        if self.is_behind(self._record.connection()):
            write(self.follow)

    def is_behind(self, connection: Connection) -> bool:
        """Whether there are Consents that the rows do not know."""
        row = connection.one(self._sql.position, (self._type,))
        return row is not None and row[0] != row[1]

    def follow(self, connection: Connection) -> None:
        """Bring the rows up to the Consents, in the transaction on `connection`."""
        stamp, _, seq = connection.one(self._sql.position, (self._type,)) or (0, 0, 0)
        since = max(0, seq - OVERLAP) if self._record.place.dialect == "postgres" else seq
        rows = connection.run(self._sql.moved, (self._type, since))
        keys = list(dict.fromkeys(row[0] for row in rows))
        for start in range(0, len(keys), SLICE):
            part = keys[start : start + SLICE]
            for table in (self._sql.drop_codes, self._sql.drop_data, self._sql.drop_rules):
                connection.many(table, [(key,) for key in part])
            for stored in self._record.reader.heads(connection, part):
                self._add(connection, stored.key, stored.tree)
        last = max((row[1] for row in rows), default=seq)
        connection.run(self._sql.advance, (stamp, max(last, seq)))

    def _add(self, connection: Connection, consent: int, tree: Tree) -> None:
        found = provisions(tree, self._record.types)
        home = self._key(connection, "Patient", patient(tree) or "") if found else 0
        for one in found if home else ():
            row = connection.one(self._sql.add_rule, (*self._row(consent, home, one),))
            if row is None:
                raise LookupError("a rule was not added")
            codes = [(row[0], 1, code) for code in sorted(one.labels or ())]
            codes += [(row[0], 0, code) for code in sorted(one.codes or ())]
            keys = {self._key(connection, type, id) for type, id in one.data or ()} - {0}
            connection.many(self._sql.add_code, codes)
            connection.many(self._sql.add_data, [(row[0], key) for key in sorted(keys)])

    @staticmethod
    def _row(consent: int, home: int, one: Provision) -> tuple[Any, ...]:
        lists = (_listed(one.purposes), _listed(one.readers), _listed(one.types))
        limits = (one.labels, one.codes, one.data)
        head = (consent, home, one.depth, int(one.permits), one.opens, one.closes)
        return (*head, *lists, *(int(limit is not None) for limit in limits))

    def _key(self, connection: Connection, type: str, id: str) -> int:
        row = connection.one(self._sql.key, (self._record.types.get(type, 0), id))
        return int(row[0]) if row else 0


def _listed(found: frozenset[str] | None) -> str | None:
    return None if found is None else f"|{'|'.join(sorted(found))}|"
