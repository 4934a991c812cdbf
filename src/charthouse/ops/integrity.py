"""One proof for the whole data folder: the record, its audit, and both against checkpoints that were kept elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charthouse.access.check import Check
from charthouse.access.trail.checkpoint import Checkpoint, compare, is_signed
from charthouse.access.trail.proof import prove
from charthouse.db.connect import Connection
from charthouse.search.concordance import Concordance
from charthouse.store import integrity
from charthouse.store.integrity import Finding, Report
from charthouse.store.record import Record


@dataclass(slots=True)
class Whole(Report):
    """A record's report with what was seen of the audit, and how many checkpoints it was held against."""

    events: int = 0
    checkpoints: int = 0


def examine(
    record: Record,
    audit: Connection,
    mark_key: bytes,
    *,
    index: bool = False,
    checkpoints: Sequence[Checkpoint] = (),
    public: bytes = b"",
) -> Whole:
    """Check the record (with `index`, its search index too), then its audit, signed with `mark_key`.

    `checkpoints` are compared with both chains; `public` is the clinic's key for them.
    """
    extractor = record.extractor if index else None
    connection = record.connection()
    record.parameters.renew()
    waiting = [(one.type, one.code) for one in record.parameters.waiting(connection)] if index else ()
    found = integrity.check(connection, record.codec, extractor=extractor, waiting=waiting)
    with connection.snapshot():
        Concordance(record).check(connection, found)
    ours = [one for one in checkpoints if is_signed(one) and one.key == public]
    seen = Check(audit, mark_key, against=[one.audit for one in ours]).run()
    wrong = [
        Finding("audit", f"{one.table} {one.row}", one.message)
        for one in (*seen.findings, *prove(connection))
    ]
    for one in sorted(checkpoints, key=lambda one: one.at):
        wrong += [
            Finding("checkpoint", f"{fault.place}, checkpoint {one.fingerprint}", fault.message)
            for fault in compare(one, connection, public)
        ]
    return Whole(
        found.transactions, found.versions, found.resources, found.dangling, found.head,
        [*found.findings, *wrong], seen.events, len(checkpoints),
    )  # fmt: skip
