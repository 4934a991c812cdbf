"""The door for many resources on their way out: policy per row, one snapshot, and an audit row for each slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from charthouse.access.actor import Actor
from charthouse.access.audit import Audit, event
from charthouse.access.notice import TEXT, Notice
from charthouse.access.policy import Policy
from charthouse.access.rules.mask import masked
from charthouse.access.rules.narrow import Narrowing
from charthouse.access.rules.node import every
from charthouse.base.errors import not_found
from charthouse.db.connect import Connection
from charthouse.store.body import Stored
from charthouse.store.record import Record

SLICE = 500  # resources read, and audited, at a time


class Outlet:
    """Bulk reading for one actor, on a connection of its own."""

    def __init__(
        self, record: Record, policy: Policy, narrowing: Narrowing, audit: Audit, actor: Actor
    ) -> None:
        self._record = record
        self._rights = policy.rights(actor)
        self._policy = policy
        self._narrowing = narrowing
        self._audit = audit
        self._actor = actor
        self._notice = Notice(narrowing)
        self.notice = ""  # what must travel with what was given so far (42 CFR 2.32)

    def resources(
        self, types: Sequence[str], patients: Sequence[str] = ()
    ) -> Iterator[tuple[str, Iterator[bytes]]]:
        """(type, bodies) for each of `types` that the actor may read; all from one moment.

        `patients` are ids; with them only resources of their records are given. Rows and elements that are
        hidden from the actor stay out; raises `Problem(forbidden)` for a type that is shut as a whole.
        """
        connection = self._record.connect()
        try:
            with connection.snapshot():
                homes = [self._home(connection, id) for id in patients]
                for name in types:
                    self._policy.require(self._actor, name, "read")
                    yield name, self._bodies(connection, name, homes)
        finally:
            connection.close()

    def _home(self, connection: Connection, id: str) -> int:
        """The key of a patient; hidden and absent are the same `not_found`."""
        stored = self._record.reader.head(connection, "Patient", id)
        node = self._rights.rule("Patient").rows.get("read")
        if stored is None or stored.deleted or not self._narrowing.shows(connection, node, "Patient", stored):
            raise not_found(f'There is no patient "{id}".')
        return stored.key

    def _open(self, connection: Connection, name: str, found: Sequence[Stored]) -> Sequence[Stored]:
        """Those of a slice that the actor may take out."""
        rule = self._rights.rule(name)
        nodes = [rule.rows[word] for word in ("read", "export") if word in rule.rows]
        if not nodes:
            return found
        keys = self._narrowing.among(connection, every(nodes), name, [stored.key for stored in found])
        return [stored for stored in found if stored.key in keys]

    def _bodies(self, connection: Connection, name: str, homes: Sequence[int]) -> Iterator[bytes]:
        last = 0
        hidden = self._rights.rule(name).hidden
        while found := self._record.reader.after(connection, name, last, SLICE):
            last = found[-1].key
            mine = [stored for stored in found if not homes or stored.home in homes]
            mine = list(self._open(connection, name, mine))
            if mine:
                self._audit.record_now(
                    event(
                        self._actor,
                        "export",
                        name,
                        resources=[(stored.key, stored.version) for stored in mine],
                        patients={stored.home for stored in mine if stored.home},
                    )
                )
            if not self.notice and self._notice.on(connection, mine):
                self.notice = TEXT
            for stored in mine:
                yield masked(stored, hidden, self._record.codec).body
