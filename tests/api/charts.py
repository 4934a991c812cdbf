"""A few charts that refer to each other in many ways, and what is in whose compartment, looked up one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from charthouse.fhir import path
from charthouse.fhir.definitions import load

Tree = dict[str, Any]
LOINC = "http://loinc.org"
LOCAL = "http://example.org/codes"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
NAME = str  # of a resource: Type/id


def named(tree: Tree) -> NAME:
    return f"{tree['resourceType']}/{tree['id']}"


def to(type: str, id: str) -> Tree:
    return {"reference": f"{type}/{id}"}


def concept(*codes: str, system: str = LOCAL) -> Tree:
    return {"coding": [{"system": system, "code": code} for code in codes]}


class Charts:
    """Four patients and what was done for them, drawn at random."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self.trees: dict[NAME, Tree] = {named(tree): tree for tree in self._made()}

    def pick(self, *choices: Any) -> Any:
        return self._draw.choice(choices)

    def _date(self) -> str:
        return f"20{self.pick(19, 20, 21)}-0{self.pick(1, 2, 3)}-1{self.pick(1, 2)}"

    def _made(self) -> Iterator[Tree]:
        for id in ("o1", "o2"):
            yield {"resourceType": "Organization", "id": id, "name": id}
        for id in ("d1", "d2", "d3"):
            yield {"resourceType": "Practitioner", "id": id, "name": [{"family": id}]}
        yield {
            "resourceType": "Location",
            "id": "l1",
            "name": "Ward",
            "managingOrganization": to("Organization", "o2"),
        }
        yield {"resourceType": "Medication", "id": "m1", "code": {"text": "water"}}
        for number in range(1, 5):
            yield {"resourceType": "Patient", "id": f"p{number}", "name": [{"family": f"Family{number}"}],
                   "generalPractitioner": [to("Practitioner", self.pick("d1", "d2"))]}  # fmt: skip
        yield {
            "resourceType": "Patient",
            "id": "p5",
            "link": [{"other": to("Patient", "p1"), "type": "refer"}],
        }
        for id, whose in (("r1", "p1"), ("r2", "p2")):
            yield {"resourceType": "RelatedPerson", "id": id, "patient": to("Patient", whose)}
        yield {"resourceType": "Device", "id": "v1", "patient": to("Patient", "p1")}
        yield {"resourceType": "Device", "id": "v2"}
        for number in range(8):
            yield {"resourceType": "Encounter", "id": f"e{number}", "status": "finished", "class": {"code": "AMB"},
                   "subject": to("Patient", f"p{number % 3 + 1}"), "location": [{"location": to("Location", "l1")}],
                   "participant": [{"individual": to("Practitioner", self.pick("d1", "d2"))}],
                   "period": {"start": self._date(), "end": "2021-03-30"}}  # fmt: skip
        yield from (self._observation(number) for number in range(40))
        for number in range(12):
            yield {"resourceType": "Condition", "id": f"c{number}", "code": {"text": "ache"},
                   "subject": to("Patient", f"p{number % 4 + 1}"), **self._sometimes(onsetDateTime=self._date()),
                   **self._sometimes(encounter=to("Encounter", f"e{number % 8}")),
                   **self._sometimes(asserter=self.pick(to("Practitioner", "d3"), to("RelatedPerson", "r1"))),
                   }  # fmt: skip
        for number in range(4):
            yield {"resourceType": "MedicationRequest", "id": f"q{number}", "status": "active", "intent": "order",
                   "subject": to("Patient", f"p{number + 1}"), "medicationReference": to("Medication", "m1"),
                   "requester": to("Practitioner", "d2")}  # fmt: skip
        yield {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "YQ=="}
        yield {"resourceType": "Binary", "id": "b2", "contentType": "text/plain", "data": "Yg==",
               "securityContext": to("Patient", "p2")}  # fmt: skip
        for number, file in enumerate(("b1", "b2")):
            yield {"resourceType": "DocumentReference", "id": f"f{number}", "status": "current",
                   "subject": to("Patient", f"p{number + 1}"), "date": "2020-02-11T08:00:00Z",
                   "content": [{"attachment": {"url": f"Binary/{file}"}}]}  # fmt: skip
        yield {"resourceType": "Contract", "id": "k1", "subject": [to("Patient", "p1")]}
        yield {"resourceType": "List", "id": "x1", "status": "current", "mode": "working", "entry": [
            {"item": {"reference": name}} for name in ("Condition/c1", "Observation/w3", "Observation/w5")],
        }  # fmt: skip
        yield {"resourceType": "Provenance", "id": "n1", "target": [to("Patient", "p1")],
               "recorded": "2020-02-11T08:00:00Z", "agent": [{"who": to("Practitioner", "d1")}]}  # fmt: skip

    def _sometimes(self, **parts: Any) -> Tree:
        return parts if self.pick(True, False) else {}

    def _observation(self, number: int) -> Tree:
        code = self.pick(concept("a"), concept("b"), concept("c"), concept("a", "b"), concept("c", "d"),
                         {"text": "Pulse"}, {"text": "pulse"}, concept("e"))  # fmt: skip
        tree: Tree = {
            "resourceType": "Observation", "id": f"w{number}", "status": "final", "code": code,
            "category": [concept(self.pick("laboratory", "vital-signs"), system=CATEGORY)],
            "subject": self.pick(to("Patient", "p1"), to("Patient", "p2"), to("Patient", "p3"), to("Device", "v2")),
        }  # fmt: skip
        tree |= self.pick(
            {}, {"effectiveDateTime": self._date()}, {"effectiveDateTime": f"{self._date()}T08:00:00Z"},
            {"effectivePeriod": {"start": self._date(), "end": "2021-03-30"}},
        )  # fmt: skip
        tree |= self._sometimes(encounter=to("Encounter", f"e{number % 8}"))
        tree |= self._sometimes(device=to("Device", self.pick("v1", "v2")))
        tree |= self._sometimes(performer=[
            to(*self.pick(("Practitioner", "d1"), ("RelatedPerson", "r1"), ("Patient", "p2"), ("Organization", "o1")))
        ])  # fmt: skip
        return tree

    # -- looked up one by one

    def compartment(self, kind: str, id: str, *types: str) -> set[NAME]:
        """What is in a compartment (of `types`)."""
        return {
            name for name, tree in self.trees.items()
            if (not types or tree["resourceType"] in types) and is_inside(tree, kind, id)
        }  # fmt: skip

    def whole(self, id: str) -> set[NAME]:
        """What is about a patient, in their compartment or not."""
        return self.compartment("Patient", id) | {
            name for name, tree in self.trees.items() if f"Patient/{id}" in whose(tree)
        }

    def referred(self, names: set[NAME], kind: str = "Patient") -> set[NAME]:
        """What these refer to, attachments too, as far as it is in nobody's record or (of an encounter) in the same."""
        homes = {home for name in names for home in whose(self.trees[name])} if kind != "Patient" else set()
        found = {one for name in names for one in mentioned(self.trees[name])} & self.trees.keys()
        return {one for one in found if not whose(self.trees[one]) or whose(self.trees[one]) & homes} - names


@cache
def _expression(type: str, code: str) -> Any:
    return path.compile(load().search_params(type)[code].expression or "", type, load())


def pointed(tree: Tree, code: str) -> set[NAME]:
    """What a search parameter of a resource refers to."""
    found = _expression(tree["resourceType"], code).typed(tree)
    return {value["reference"] for value, _ in found if isinstance(value, dict) and "reference" in value}


def is_inside(tree: Tree, kind: str, id: str) -> bool:
    """By the definition of the compartment; a patient is in their own."""
    type = tree["resourceType"]
    own = type == kind and tree["id"] == id
    links = load().compartment(kind).get(type, ())
    if own and (kind == "Patient" or "{def}" in links):
        return True
    return any(f"{kind}/{id}" in pointed(tree, code) for code in links if code != "{def}")


def whose(tree: Tree) -> set[NAME]:
    """The patients whose record a resource is in."""
    type = tree["resourceType"]
    if type == "Patient":
        return {named(tree)}
    if type == "Binary":
        return {tree["securityContext"]["reference"]} if "securityContext" in tree else set()
    links = load().compartment("Patient").get(type, ("patient", "subject"))
    known = load().search_params(type)
    found = {name for code in links if code in known for name in pointed(tree, code)}
    return {name for name in found if name.startswith("Patient/")}


def mentioned(value: Any) -> Iterator[NAME]:
    """Every reference and every address of an attachment in a resource."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("reference", "url") and isinstance(inner, str):
                yield inner
            else:
                yield from mentioned(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from mentioned(inner)
