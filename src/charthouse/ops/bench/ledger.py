"""What is in a made-up clinic, in plain rows: what a search must find is counted here, without index, SQL or search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from charthouse.ops.bench.house import Size
from charthouse.ops.bench.invented import Tree
from charthouse.ops.bench.practice import ICD


class Fact(NamedTuple):
    """One resource: what of it a search can ask for.

    `number` is that of the patient it came with; moments are texts as they stand in the resource, all in
    UTC and of one form, so that they compare as they follow each other.
    """

    number: int
    id: str
    at: str = ""
    code: str = ""
    kind: str = ""
    status: str = ""
    value: Decimal | None = None
    visit: str = ""
    others: tuple[str, ...] = ()


class Ledger:
    """All resources of a clinic by type, in the order in which they were made.

    `since` is the moment at which all of them were there, in the form of the standard.
    """

    def __init__(self, size: Size, since: str) -> None:
        self.patients: Final = size.patients
        self.since: Final = since
        self._facts: dict[str, list[Fact]] = defaultdict(list)
        self._own: dict[tuple[str, int], tuple[int, int]] = {}
        for number in range(size.patients):
            began = {type: len(facts) for type, facts in self._facts.items()}
            for tree in size.chart(number):
                self._facts[tree["resourceType"]].append(fact(number, tree))
            for type, facts in self._facts.items():
                self._own[type, number] = (began.get(type, 0), len(facts))

    def all(self, type: str) -> Sequence[Fact]:
        """The resources of a type."""
        return self._facts.get(type, ())

    def of(self, type: str, number: int) -> Sequence[Fact]:
        """Those of them that came with one patient."""
        first, last = self._own.get((type, number), (0, 0))
        return self.all(type)[first:last]


def fact(number: int, tree: Tree) -> Fact:
    """A resource as a row."""
    reader = _READERS.get(tree["resourceType"])
    return Fact(number, tree["id"]) if reader is None else Fact(number, tree["id"], **reader(tree))


def _code(concept: Tree) -> str:
    return str(concept["coding"][0]["code"])


def _id(reference: Tree) -> str:
    return str(reference["reference"]).rpartition("/")[2]


def _patient(tree: Tree) -> dict[str, Any]:
    (name,) = tree["name"]
    return {
        "at": tree["birthDate"], "code": name["family"], "kind": tree["gender"],
        "status": "" if "telecom" in tree else "unreachable",
    }  # fmt: skip


def _encounter(tree: Tree) -> dict[str, Any]:
    return {"at": tree["period"]["start"], "code": tree["class"]["code"], "status": tree["status"]}


def _observation(tree: Tree) -> dict[str, Any]:
    return {
        "at": tree["effectiveDateTime"], "code": _code(tree["code"]), "kind": _code(tree["category"][0]),
        "status": tree["status"], "value": tree["valueQuantity"]["value"], "visit": _id(tree["encounter"]),
    }  # fmt: skip


def _condition(tree: Tree) -> dict[str, Any]:
    billed = [coding["code"] for coding in tree["code"]["coding"] if coding["system"] == ICD]
    return {
        "at": tree["onsetDateTime"], "code": _code(tree["code"]), "kind": billed[0] if billed else "",
        "status": _code(tree["clinicalStatus"]), "visit": _id(tree["encounter"]),
    }  # fmt: skip


def _prescription(tree: Tree) -> dict[str, Any]:
    return {"at": tree["authoredOn"], "status": tree["status"], "others": (_id(tree["requester"]),)}


def _vaccination(tree: Tree) -> dict[str, Any]:
    return {"at": tree["occurrenceDateTime"], "code": _code(tree["vaccineCode"])}


def _document(tree: Tree) -> dict[str, Any]:
    return {"at": tree["date"], "code": _code(tree["type"]), "status": tree["status"]}


def _appointment(tree: Tree) -> dict[str, Any]:
    whom, who = (_id(each["actor"]) for each in tree["participant"])
    return {"at": tree["start"], "status": tree["status"], "visit": whom, "others": (who,)}


def _form(tree: Tree) -> dict[str, Any]:
    return {"code": tree["url"]}


_READERS: Final[dict[str, Callable[[Tree], dict[str, Any]]]] = {
    "Patient": _patient, "Encounter": _encounter, "Observation": _observation, "Condition": _condition,
    "MedicationRequest": _prescription, "Immunization": _vaccination, "DocumentReference": _document,
    "Appointment": _appointment, "Questionnaire": _form,
}  # fmt: skip
