"""Proof that the index over writes says what the log says: who hid a row of it would hide a write from the reports."""

from __future__ import annotations

from typing import Final

from charthouse.access.check import Finding
from charthouse.db import queries
from charthouse.db.connect import Connection

MOST: Final = 20


def prove(connection: Connection, most: int = MOST) -> list[Finding]:
    """What of `trail_txn` and `trail_patient` does not agree with the record; what is not taken up yet is well."""
    sql = queries.load("charthouse.access.trail", "proof", connection.dialect)
    found = [
        Finding("trail_txn", f"transaction {txn}", "altered", "The log says otherwise.")
        for (txn,) in connection.run(sql.stray, (most,))
    ]
    found += [
        Finding("trail_txn", f"transaction {txn}", "missing", "It was removed.")
        for (txn,) in connection.run(sql.missing, (most,))
    ]
    found += [
        Finding("trail_patient", f"patient {home}, transaction {txn}", "missing", "It was removed.")
        for txn, home in connection.run(sql.unfound, (most,))
    ]
    found += [
        Finding("trail_patient", f"patient {patient}, transaction {txn}", "added", "No transaction says so.")
        for patient, txn in connection.run(sql.loose, (most,))
    ]
    return found[:most]
