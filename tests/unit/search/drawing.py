"""Small worlds drawn at random: people, what was measured of them, who refers to whom."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from tests.unit.search.oracle import Tree

UCUM = "http://unitsofmeasure.org"
SYSTEM = "http://example.org/codes"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
HIDDEN = {"system": "http://example.org/tags", "code": "hidden"}


class Drawing:
    """A small record: people, what was measured, who refers to whom."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def trees(self) -> list[Tree]:
        """About sixty resources; every third is hidden from the one who is bounded."""
        found = [self._organization(number) for number in range(4)]
        found += [self._patient(number) for number in range(10)]
        found += [self._encounter(number) for number in range(8)]
        found += [self._observation(number) for number in range(30)]
        found += [self._list(number) for number in range(3)]
        found += [self._provenance(number) for number in range(6)]
        found += [self._valueset(number) for number in range(8)]
        for tree in found:
            if self.random.random() < 0.3:
                tree["meta"] = {"tag": [HIDDEN]}
        return found

    def _reference(self, type: str, most: int) -> Tree:
        return {"reference": f"{type}/{type[:1].lower()}{self.random.randrange(most)}"}

    def _concept(self) -> Tree:
        coding = {"system": SYSTEM, "code": self.pick("a", "b", "c")}
        if self.random.random() < 0.5:
            coding["display"] = self.pick("Blood pressure", "Glucose", "Änderung")
        return {
            "coding": [coding],
            **({"text": self.pick("Pressure", "glucose level")} if self.pick(0, 1) else {}),
        }

    def _quantity(self) -> Tree:
        unit = self.pick("mmol/L", "mol/L", "umol/L", "mg")
        values = {
            "mmol/L": ("5.4", "5.5", "7"),
            "mol/L": ("0.0054", "0.007"),
            "umol/L": ("5400", "7000"),
            "mg": ("5.4", "7"),
        }
        return {"value": Decimal(self.pick(*values[unit])), "system": UCUM, "code": unit, "unit": unit}

    def _organization(self, number: int) -> Tree:
        part = {} if number == 0 or self.pick(0, 1) else {"partOf": self._reference("Organization", number)}
        return {
            "resourceType": "Organization",
            "id": f"o{number}",
            "name": self.pick("Harbour", "Harbor East", "Hill"),
            **part,
        }

    def _patient(self, number: int) -> Tree:
        tree: Tree = {"resourceType": "Patient", "id": f"p{number}"}
        if self.pick(0, 1, 1):
            tree["name"] = [
                {
                    "family": self.pick("Müller", "Miller", "Long" + "g" * 300 + "tail"),
                    "given": [self.pick("Anna", "Joann")],
                }
            ]
        if self.pick(0, 1):
            tree["gender"] = self.pick("male", "female")
        if self.pick(0, 1):
            tree["birthDate"] = self.pick("1980-01-01", "1990-05-05")
        if self.pick(0, 1):
            tree["managingOrganization"] = self._reference("Organization", 4)
        if self.pick(0, 1):
            tree["identifier"] = [
                {
                    "type": {
                        "coding": [{"system": TYPES, "code": self.pick("MR", "SS")}],
                        "text": self.pick("Chart number", "Social"),
                    },
                    "system": "urn:x",
                    "value": self.pick("1", "2"),
                }
                for _ in range(self.pick(1, 2))
            ]
        return tree

    def _encounter(self, number: int) -> Tree:
        return {
            "resourceType": "Encounter",
            "id": f"e{number}",
            "status": self.pick("finished", "planned"),
            "class": {"code": "AMB"},
            "subject": self._reference("Patient", 10),
            "serviceProvider": self._reference("Organization", 4),
            "period": {"start": self.pick("2024-01-01", "2024-03-01")},
        }

    def _observation(self, number: int) -> Tree:
        tree: Tree = {
            "resourceType": "Observation",
            "id": f"b{number}",
            "status": self.pick("final", "amended"),
            "code": self._concept(),
        }
        if self.pick(0, 1, 1):
            tree["subject"] = self.pick(
                self._reference("Patient", 10),
                self._reference("Patient", 10),
                {"display": "Annabel"},
                {
                    **self._reference("Patient", 10),
                    "identifier": {"system": "urn:x", "value": "1"},
                    "display": "Anna",
                },
                self._reference("Organization", 4) | {"reference": "Location/l1"},
            )
        if self.pick(0, 1):
            tree["encounter"] = self._reference("Encounter", 8)
        if self.pick(0, 1):
            tree["effectiveDateTime"] = self.pick("2024-01-01", "2024-02-02T10:00:00Z")
        chosen = self.pick("", "q", "q", "c", "s")
        if chosen == "q":
            tree["valueQuantity"] = self._quantity()
        elif chosen == "c":
            tree["valueCodeableConcept"] = self._concept()
        elif chosen == "s":
            tree["valueString"] = self.pick("Positive", "weakly positive")
        for _ in range(self.pick(0, 0, 1, 2)):
            value = self.pick({"valueQuantity": self._quantity()}, {"valueCodeableConcept": self._concept()})
            tree.setdefault("component", []).append({"code": self._concept(), **value})
        return tree

    def _list(self, number: int) -> Tree:
        return {
            "resourceType": "List",
            "id": f"l{number}",
            "status": "current",
            "mode": "working",
            "entry": [
                {
                    "item": self.pick(
                        self._reference("Patient", 10),
                        {"reference": f"Observation/b{self.random.randrange(30)}"},
                    )
                }
                for _ in range(3)
            ],
        }

    def _provenance(self, number: int) -> Tree:
        return {
            "resourceType": "Provenance",
            "id": f"v{number}",
            "recorded": self.pick("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z"),
            "target": [{"reference": f"Observation/b{self.random.randrange(30)}"}],
            "agent": [{"who": self._reference("Organization", 4)}],
        }

    def _valueset(self, number: int) -> Tree:
        tree: Tree = {
            "resourceType": "ValueSet",
            "id": f"s{number}",
            "status": "draft",
            "url": self.pick(
                "http://example.org/a",
                "http://example.org/a/b",
                "http://example.org/a/b/c",
                "http://example.org/ab",
                "urn:oid:1.2",
            ),
        }
        for _ in range(self.pick(0, 1, 2)):
            value = self.pick({"valueCodeableConcept": self._concept()}, {"valueQuantity": self._quantity()})
            tree.setdefault("useContext", []).append(
                {"code": {"system": SYSTEM, "code": self.pick("a", "b")}, **value}
            )
        return tree
