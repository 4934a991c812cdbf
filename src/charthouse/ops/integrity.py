"""One proof for the whole data folder: the record and its audit."""

from __future__ import annotations

from dataclasses import dataclass

from charthouse.access.check import Check
from charthouse.db.connect import Connection
from charthouse.store import integrity
from charthouse.store.integrity import Finding, Report
from charthouse.store.record import Record


@dataclass(slots=True)
class Whole(Report):
    """A record's report with what was seen of the audit."""

    events: int = 0


def examine(record: Record, audit: Connection, mark_key: bytes, *, index: bool = False) -> Whole:
    """Check the record (with `index`, its search index too), then its audit, signed with `mark_key`."""
    extractor = record.extractor if index else None
    found = integrity.check(record.connection(), record.codec, extractor=extractor)
    seen = Check(audit, mark_key).run()
    wrong = [Finding("audit", f"{one.table} {one.row}", one.message) for one in seen.findings]
    return Whole(
        found.transactions, found.versions, found.resources, found.dangling, found.head,
        [*found.findings, *wrong], seen.events,
    )  # fmt: skip
