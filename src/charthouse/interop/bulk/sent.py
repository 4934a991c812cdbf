"""Importing Bundles exactly as a server would carry them out: ids drawn anew, conditions asked, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from charthouse.access.actor import SYSTEM
from charthouse.access.intake import Marks
from charthouse.base.errors import Category, Problem, invalid
from charthouse.fhir import bundle, xml
from charthouse.fhir import definitions as r4
from charthouse.fhir.bundle import Entry
from charthouse.fhir.resource import parse
from charthouse.interop.bulk.importer import Importer, Totals
from charthouse.interop.bulk.ready import Candidate, Ready, unit_name
from charthouse.interop.bulk.sources import Document, Refusal

COUNTED = {
    "created": "created",
    "updated": "versions",
    "deleted": "versions",
    "unchanged": "equal",
    "matched": "equal",
}


# not the fault of what is imported: the import ends, and goes on another time
STOPS = frozenset({Category.FAULT, Category.BUSY, Category.TOO_COSTLY})


async def run(gate: Any, documents: Iterable[Document | Refusal], marks: Marks, importer: Importer) -> None:
    """Send every document; what a server would refuse is refused, a transaction as a whole."""
    for document in documents:
        if isinstance(document, Refusal):
            importer.refuse(document)
            continue
        lines = document.content.split(b"\n") if document.is_lines else [document.content]
        for number, line in enumerate(lines):
            if line.strip():
                part = replace(document, content=line, size=document.size // len(lines))
                at = document.first + number + 1 if document.is_lines else 0
                await _send(gate, part, at, document.content, marks, importer)


async def _send(
    gate: Any, document: Document, line: int, content: bytes, marks: Marks, importer: Importer
) -> None:
    """One Bundle: a transaction is one unit of work, each entry of a batch is one.

    `document` is what the Bundle came in: a file, or the line `line` of the file whose content is `content`.
    """
    try:
        tree = xml.from_xml(document.content, r4.load()) if document.is_xml else parse(document.content)
        kind = tree.get("type") if tree.get("resourceType") == "Bundle" else None
        if kind not in ("transaction", "batch"):
            raise invalid(
                "business-rule",
                "Only transaction and batch Bundles can be carried out as sent.",
                place="Bundle.type",
                value=kind or tree.get("resourceType"),
                repair="Import it without --as-sent.",
            )
        entries = [entry for entry in bundle.entries(tree) if entry.method not in ("GET", "HEAD")]
    except Problem as problem:
        whole = Candidate("", "", f"line {line}" if line else "file", line, -1, problem=problem)
        ready = Ready("", document.name, content, document.size, [whole], document.first)
        importer.note(ready, [(whole, problem)])
        importer.account(ready, Totals(1, refused=1))
        return
    groups = [entries] if kind == "transaction" else [[entry] for entry in entries]
    name = unit_name(document, line)
    for position, group in enumerate(groups):
        share = document.size // len(groups)
        ready = Ready(f"{name}:{position}", document.name, content, share, [], document.first)
        await _commit(gate, ready, line, group, kind, marks, importer)


async def _commit(
    gate: Any, ready: Ready, line: int, group: list[Entry], kind: str, marks: Marks, importer: Importer
) -> None:
    if importer.skip(ready):
        return
    totals = Totals()

    def mark(statuses: Sequence[str]) -> tuple[str, Sequence[object]]:
        count = Counter(COUNTED[status] for status in statuses)
        totals.found = len(group)
        totals.created, totals.versions, totals.equal = count["created"], count["versions"], count["equal"]
        return marks.statement(ready.unit, totals.counts())

    try:
        await gate.commit(SYSTEM, group, interaction=kind, mark=mark)
    except Problem as problem:
        if problem.category in STOPS:
            raise
        refused = [
            (
                Candidate(one.type, one.id or "", _place(line, one.index), line, one.index, problem=problem),
                problem,
            )
            for one in group
        ]
        importer.note(ready, refused)
        importer.account(ready, Totals(len(group), refused=len(group)))
        return
    totals.by_type.update(one.type for one in group)
    importer.account(ready, totals)


def _place(line: int, index: int) -> str:
    return f"line {line}, entry {index}" if line else f"entry {index}"
