"""The door for many resources on their way out: policy per type, one snapshot, and an audit row for each slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from charthouse.access.actor import Actor
from charthouse.access.audit import Audit, event
from charthouse.access.policy import Policy, forbidden
from charthouse.base.errors import not_found
from charthouse.db.connect import Connection
from charthouse.store.record import Record

SLICE = 500  # resources read, and audited, at a time


class Outlet:
    """Bulk reading for one actor, on a connection of its own."""

    def __init__(self, record: Record, policy: Policy, audit: Audit, actor: Actor) -> None:
        self._record = record
        self._policy = policy
        self._audit = audit
        self._actor = actor

    def resources(
        self, types: Sequence[str], patients: Sequence[str] = ()
    ) -> Iterator[tuple[str, Iterator[bytes]]]:
        """(type, bodies) for each of `types` that the actor may read; all from one moment.

        `patients` are ids; with them only resources of their records are given.
        """
        connection = self._record.connect()
        try:
            with connection.snapshot():
                homes = []
                for id in patients:
                    stored = self._record.reader.head(connection, "Patient", id)
                    if stored is None or stored.deleted:
                        raise not_found(f'There is no patient "{id}".')
                    homes.append(stored.key)
                for name in types:
                    if self._policy.narrow(self._actor, name) is not None or self._policy.hidden(
                        self._actor, name
                    ):
                        raise forbidden(name, "export")
                    self._policy.require(self._actor, name, "read")
                    yield name, self._bodies(connection, name, homes)
        finally:
            connection.close()

    def _bodies(self, connection: Connection, name: str, homes: Sequence[int]) -> Iterator[bytes]:
        last = 0
        while found := self._record.reader.after(connection, name, last, SLICE):
            last = found[-1].key
            mine = [stored for stored in found if not homes or stored.home in homes]
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
            for stored in mine:
                yield stored.body
