"""A clinic, somebody who imports into it, and eyes that read what is there without the program's own parser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charthouse.app import Clinic
from charthouse.base.settings import Settings
from charthouse.interop.bulk import exporter, run
from charthouse.store import integrity

Name = tuple[str, str]
KEPT = ("found", "created", "versions", "equal", "refused")


@dataclass(slots=True)
class Desk:
    """A clinic of its own with a file for what is refused."""

    clinic: Clinic
    refusals: Path

    @classmethod
    def open(cls, folder: Path) -> Desk:
        """A new clinic in `folder`; the caller closes it."""
        return cls(Clinic.open(Settings(data=folder), create=True), folder / "refused.ndjson")

    def load(self, *paths: Path, **options: Any) -> dict[str, Any]:
        """Import, and return the report, whose totals add up."""
        usual: dict[str, Any] = {"processes": 1, "quiet": True, "refused": self.refusals}
        report = run.load(self.clinic, list(paths), **usual | options)
        assert report["found"] == sum(report[name] for name in KEPT[1:])
        return report

    def counts(self, *paths: Path, **options: Any) -> tuple[int, ...]:
        """(found, created, versions, equal, refused) of an import."""
        report = self.load(*paths, **options)
        return tuple(report[name] for name in KEPT)

    def refused(self) -> list[dict[str, Any]]:
        """The lines of the file of what was refused."""
        if not self.refusals.exists():
            return []
        return [json.loads(line) for line in self.refusals.read_bytes().splitlines()]

    def read(self, type: str, id: str) -> Any:
        """The current content without what the server adds; None where nothing is."""
        stored = self.clinic.record.reader.head(self.clinic.record.connection(), type, id)
        return None if stored is None or stored.deleted else plain(stored.body)

    def versions(self, type: str, id: str) -> list[Any]:
        """The content of every version, the oldest first; None for a deletion."""
        found = self.clinic.record.reader.history(self.clinic.record.connection(), type, id)
        return [None if stored.deleted else plain(stored.body) for stored in reversed(found)]

    def everything(self) -> dict[Name, Any]:
        """The current content of all resources."""
        record = self.clinic.record
        newest: dict[Name, Any] = {}
        for stored in record.reader.history(record.connection(), None, None, count=10_000_000):
            newest.setdefault((stored.type, stored.id), None if stored.deleted else plain(stored.body))
        return {name: tree for name, tree in newest.items() if tree is not None}

    def written(self) -> int:
        """How many versions there are in all."""
        return self.checked().versions

    def checked(self) -> integrity.Report:
        """What a check of the record says; it must be whole."""
        record = self.clinic.record
        report = integrity.check(record.connection(), record.codec)
        assert report.clean, report.findings
        return report

    def export(self, folder: Path, **options: Any) -> dict[str, int]:
        """Write NDJSON; how many of each type."""
        return exporter.export(self.clinic, folder, **options)

    def close(self) -> None:
        """Let go of the clinic."""
        self.clinic.close()


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number with a point or an exponent, as it was written: 72.50 is not 72.5."""

    text: str


def exact(content: bytes | str) -> Any:
    """JSON with its numbers as they were written."""
    return json.loads(content, parse_float=Decimal)


def plain(content: bytes | str | dict[str, Any]) -> Any:
    """A resource without `meta.versionId` and `meta.lastUpdated`, and without `meta` where nothing else is in it."""
    tree = content if isinstance(content, dict) else exact(content)
    meta = {
        name: value
        for name, value in tree.get("meta", {}).items()
        if name not in ("versionId", "lastUpdated")
    }
    return {name: value for name, value in tree.items() if name != "meta"} | ({"meta": meta} if meta else {})


def linked(tree: Any, targets: dict[str, str]) -> Any:
    """`tree` with each reference that `targets` knows made literal."""
    if isinstance(tree, list):
        return [linked(item, targets) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        name: targets.get(value, value)
        if name == "reference" and isinstance(value, str)
        else linked(value, targets)
        for name, value in tree.items()
    }


def patient(id: str | None, family: str = "Okafor", born: str = "1980-02-29", **more: Any) -> dict[str, Any]:
    """A Patient."""
    tree: dict[str, Any] = {"resourceType": "Patient"} | ({} if id is None else {"id": id})
    return tree | {"name": [{"family": family, "given": ["Ada"]}], "birthDate": born} | more


def weight(id: str | None, subject: str, value: str = "72.50", **more: Any) -> dict[str, Any]:
    """An Observation about `subject`; `value` keeps its digits where it is written with `text`."""
    tree: dict[str, Any] = {"resourceType": "Observation"} | ({} if id is None else {"id": id})
    return tree | {
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": subject},
        "valueQuantity": {"value": Decimal(value), "unit": "kg"},
    } | more  # fmt: skip


def bundle(kind: str, *trees: dict[str, Any], urls: list[str | None] | None = None) -> dict[str, Any]:
    """A Bundle of POSTs; `urls` are the fullUrls of its entries."""
    entries = []
    for index, tree in enumerate(trees):
        url = (urls or [None] * len(trees))[index]
        request = {"method": "POST", "url": tree["resourceType"]}
        entries.append(({"fullUrl": url} if url else {}) | {"resource": tree, "request": request})
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def text(tree: Any, **options: Any) -> bytes:
    """JSON with each `Decimal` as it is written."""
    marks: list[str] = []

    def mark(value: Any) -> str:
        marks.append(value.text)
        return f"\ue000{len(marks) - 1}\ue000"

    written = json.dumps(tree, default=mark, ensure_ascii=False, **options)
    for index, number in enumerate(marks):
        written = written.replace(f'"\ue000{index}\ue000"', number)
    return written.encode()


def put(folder: Path, name: str, tree: Any, **options: Any) -> Path:
    """A file with one JSON document."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(text(tree, **options))
    return file


def lines(*trees: Any) -> bytes:
    """NDJSON."""
    return b"".join(text(tree) + b"\n" for tree in trees)
