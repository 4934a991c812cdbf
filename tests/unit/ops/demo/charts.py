"""Reads demo charts back the way a clinician looks at them: by kind, by day, by value."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Tree = dict[str, Any]


@dataclass
class Record:
    """One patient's resources."""

    trees: list[Tree]
    _moments: dict[str, list[Tree]] = field(default_factory=dict, repr=False)

    @property
    def patient(self) -> Tree:
        return self.trees[0]

    @property
    def name(self) -> str:
        return str(self.patient["name"][0]["text"])

    @property
    def born(self) -> date:
        return date.fromisoformat(self.patient["birthDate"])

    @property
    def died(self) -> date | None:
        text = self.patient.get("deceasedDateTime")
        return date.fromisoformat(text) if text else None

    def all(self, kind: str) -> list[Tree]:
        return [tree for tree in self.trees if tree["resourceType"] == kind]

    def measured(self, loinc: str) -> list[tuple[datetime, float]]:
        """(when, value) of final observations with a code, in order."""
        found = [
            (moment(tree["effectiveDateTime"]), float(tree["valueQuantity"]["value"]))
            for tree in self.all("Observation")
            if tree["status"] in ("final", "corrected")
            and code_of(tree["code"]) == loinc
            and "valueQuantity" in tree
        ]
        return sorted(found)

    def same_draw(self, loinc: str, tree: Tree) -> float | None:
        """The value of another test taken at the very moment of `tree`."""
        if not self._moments:
            for other in self.all("Observation"):
                self._moments.setdefault(other["effectiveDateTime"], []).append(other)
        for other in self._moments[tree["effectiveDateTime"]]:
            if code_of(other["code"]) == loinc:
                return float(other["valueQuantity"]["value"])
        return None

    def find(self, reference: str) -> Tree:
        return next(tree for tree in self.trees if f"{tree['resourceType']}/{tree['id']}" == reference)

    def drugs(self, word: str) -> list[Tree]:
        return [
            tree
            for tree in self.all("MedicationRequest")
            if word.lower() in tree["medicationCodeableConcept"]["text"].lower()
        ]

    def notes(self) -> Iterator[tuple[Tree, str]]:
        for tree in self.all("DocumentReference"):
            yield tree, b64decode(tree["content"][0]["attachment"]["data"]).decode()


def records(bundles: list[Tree]) -> list[Record]:
    """The patients of a stream of Bundles, the clinic left out."""
    return [Record([entry["resource"] for entry in bundle["entry"]]) for bundle in bundles[1:]]


def code_of(concept: Tree) -> str | None:
    return concept["coding"][0]["code"] if concept.get("coding") else None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text) if "T" in text else datetime.fromisoformat(f"{text}T12:00:00-05:00")


def day(text: str) -> date:
    """The local calendar day of a FHIR date or dateTime (a year counts as its end)."""
    return date(int(text), 12, 31) if len(text) == 4 else date.fromisoformat(text[:10])


def references(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if isinstance(tree.get("reference"), str):
            yield tree["reference"]
        for value in tree.values():
            yield from references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references(value)


def dates(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of everything that looks like a FHIR date or dateTime."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from dates(value, f"{path}.{name}")
    elif isinstance(tree, list):
        for value in tree:
            yield from dates(value, path)
    elif (
        isinstance(tree, str) and len(tree) >= 10 and tree[4] == "-" and tree[7] == "-" and tree[:4].isdigit()
    ):
        yield path, tree


def age_in_months(born: date, on: date) -> float:
    return (on - born).days / 30.436875


def years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
