"""One line of a chart, the same for cards, section pages and the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from charthouse.base.clock import instant
from charthouse.fhir import references
from charthouse.fhir.resource import Tree
from charthouse.web import codes, labels
from charthouse.web.reader import Reader

STRUCK: Final = frozenset({"entered-in-error", "nullified"})
# Status words that are news to a reader, with the colour they carry; others are said in grey.
LOUD: Final = {
    "entered-in-error": "red",
    "nullified": "red",
    "in-progress": "sea",
    "arrived": "sea",
    "triaged": "sea",
    "preliminary": "amber",
    "registered": "amber",
    "partial": "amber",
    "amended": "amber",
    "corrected": "amber",
    "on-hold": "amber",
    "not-done": "amber",
    "draft": "amber",
    "unconfirmed": "amber",
    "provisional": "amber",
    "differential": "amber",
    "recurrence": "amber",
    "relapse": "amber",
    "refuted": "red",
}
# Statuses that say only that all is as it should be; a card leaves them out.
QUIET: Final = frozenset({"final", "finished", "completed", "active", "current", "available", "confirmed"})


@dataclass(frozen=True, slots=True)
class Mark:
    """A pill: `kind` is its colour (red, amber, green, sea, violet, grey), `word` what it says without colour."""

    kind: str
    word: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as one line. `when`, `until` and `entered` are FHIR dates as recorded; the page formats them.

    `span` says when it was for places that have no column for it.
    """

    type: str
    id: str
    kind: str
    title: str
    detail: str = ""
    span: str = ""
    when: str = ""
    until: str = ""
    entered: str = ""
    who: str = ""
    code: str = ""
    status: Mark | None = None
    mark: Mark | None = None
    struck: bool = False
    group: str = ""
    count: int = 1

    @property
    def href(self) -> str:
        """The page of this record; ids only."""
        return f"/record/{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Context:
    """What the reading of one page needs beside the trees: who reads, and names found for references."""

    reader: Reader
    names: Mapping[str, str]

    def name(self, reference: Any) -> str:
        """The name behind a Reference: its display, else the name found for it, else nothing."""
        if not isinstance(reference, dict):
            return ""
        display = reference.get("display")
        if isinstance(display, str) and display:
            return codes.tidy(display)
        return self.names.get(local(reference), "")


def local(reference: Any) -> str:
    """`Type/id` of a reference to a record of this clinic (a version is dropped); empty for any other."""
    text = reference.get("reference") if isinstance(reference, dict) else None
    found = references.parse(text) if isinstance(text, str) else None
    return f"{found.type}/{found.id}" if found is not None and found.base is None else ""


def status(code: object) -> Mark | None:
    """The pill for a status code; None where there is none."""
    if not isinstance(code, str) or not code:
        return None
    return Mark(LOUD.get(code, "grey"), codes.spell(code))


def loud(mark: Mark | None) -> Mark | None:
    """The pill again if it is news, for places where only news is shown."""
    return mark if mark is not None and mark.kind != "grey" else None


def start(tree: Tree, *stems: str) -> str:
    """The first date found under these element stems, of whatever choice: dateTime, date, instant, Period, string."""
    for stem in stems:
        value = tree.get(stem)
        if isinstance(value, str):
            return value
        if isinstance(value, dict) and isinstance(value.get("start"), str):
            return str(value["start"])
        for suffix in ("DateTime", "Date", "Instant"):
            if isinstance(tree.get(stem + suffix), str):
                return str(tree[stem + suffix])
        period = tree.get(stem + "Period")
        if isinstance(period, dict) and (period.get("start") or period.get("end")):
            return str(period.get("start") or period.get("end"))
    return ""


def end(tree: Tree, *stems: str) -> str:
    """The end of the period under these stems; empty if there is none."""
    for stem in stems:
        period = tree.get(stem) if isinstance(tree.get(stem), dict) else tree.get(stem + "Period")
        if isinstance(period, dict) and isinstance(period.get("end"), str):
            return str(period["end"])
    return ""


def base(tree: Tree, **fields: Any) -> Entry:
    """An Entry with what every type shares; `updated` of the record stands in for an entry date that was not given."""
    kind = str(tree.get("resourceType", ""))
    state = tree.get("status") if isinstance(tree.get("status"), str) else None
    fields.setdefault("kind", labels.one(kind))
    fields.setdefault("status", status(state))
    fields.setdefault("struck", state in STRUCK)
    entered = fields.pop("entered", "") or str((tree.get("meta") or {}).get("lastUpdated") or "")
    return Entry(type=kind, id=str(tree.get("id", "")), entered=entered, **fields)


def entered_at(milliseconds: int) -> str:
    """A version's time as a FHIR instant, for `Entry.entered`."""
    return instant(milliseconds)
