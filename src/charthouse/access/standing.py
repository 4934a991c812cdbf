"""What an account brings into each of its requests: its roles, where it works, and the records it is."""

from __future__ import annotations

from dataclasses import dataclass

from charthouse.db import queries
from charthouse.db.connect import Connection


@dataclass(frozen=True, slots=True)
class Stand:
    """The standing of one account; see `Actor` for what the parts mean."""

    roles: frozenset[str]
    practitioner: str | None
    patient: int | None
    facilities: frozenset[str]


class Standing:
    """Reads it from one record. For the thread that owns `connection`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql = queries.load("charthouse.access", "standing", connection.dialect)

    def of(self, account: int) -> Stand:
        """The standing of `account` now. A Patient that the record does not hold is none."""
        ask = self._connection.run
        roles = frozenset(role for (role,) in ask(self._sql.roles, (account,)))
        facilities = frozenset(
            place(id, reference) for id, reference in ask(self._sql.facilities, (account,))
        )
        row = self._connection.one(self._sql.records, (account,))
        practitioner, patient = row or (None, None)
        key = None if patient is None else self._connection.one(self._sql.patient_key, (patient,))
        return Stand(roles, practitioner, None if key is None else key[0], facilities)


def place(id: int, reference: str | None) -> str:
    """How a facility is named in rules: its reference, or its number where the record does not know it."""
    return reference or f"facility/{id}"
