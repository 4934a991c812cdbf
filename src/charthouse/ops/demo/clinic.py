"""The clinic itself: organizations, rooms and staff, with ids that depend on the seed alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from charthouse.fhir.resource import Tree
from charthouse.ops.demo.chance import identifier
from charthouse.ops.demo.coding import IDENTIFIERS, TERMINOLOGY, coding, concept, demo_meta, hl7, ref, words
from charthouse.ops.demo.tables import load

_LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "vi": "Vietnamese",
    "yo": "Yoruba",
    "ko": "Korean",
    "he": "Hebrew",
    "it": "Italian",
    "ar": "Arabic",
    "ht": "Haitian Creole",
    "fr": "French",
    "gu": "Gujarati",
    "cs": "Czech",
    "sv": "Swedish",
    "ig": "Igbo",
    "zh": "Chinese",
    "pt": "Portuguese",
    "pl": "Polish",
}


def language(code: str) -> Tree:
    """A language as a CodeableConcept (BCP 47)."""
    name = _LANGUAGES.get(code, code)
    return concept("urn:ietf:bcp:47", code, name, name)


class Clinic:
    """Who works where; gives references to them by the short keys of `data/clinic.json`."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        rows: dict[str, dict[str, Any]] = load("clinic")
        self.organizations: dict[str, Any] = rows["organizations"]
        self.locations: dict[str, Any] = rows["locations"]
        self.staff: dict[str, Any] = rows["staff"]
        self._ids = {
            (kind, key): f"{kind}/{identifier(seed, 'clinic', kind, number)}"
            for kind, keys in (
                ("Organization", self.organizations),
                ("Location", self.locations),
                ("Practitioner", self.staff),
                ("PractitionerRole", self.staff),
                ("Schedule", self.staff),
            )
            for number, key in enumerate(keys)
        }

    def organization(self, key: str) -> Tree:
        """Reference to an organization."""
        return ref(self._ids["Organization", key], self.organizations[key]["name"])

    def location(self, key: str) -> Tree:
        """Reference to a place."""
        return ref(self._ids["Location", key], self.locations[key]["name"])

    def practitioner(self, key: str) -> Tree:
        """Reference to a member of staff or a colleague elsewhere."""
        return ref(self._ids["Practitioner", key], self.called(key))

    def schedule(self, key: str) -> Tree:
        """Reference to the diary of a member of staff."""
        return ref(self._ids["Schedule", key], f"Diary of {self.called(key)}")

    def called(self, key: str) -> str:
        """A clinician's name with the letters after it: Linh Tran, MD."""
        row = self.staff[key]
        return f"{row['given']} {row['family']}{', ' + row['after'] if row['after'] else ''}"

    def doctor(self, key: str) -> str:
        """How prose speaks of a clinician: Dr. Tran, or Daniel Kim, NP."""
        row = self.staff[key]
        return f"Dr. {row['family']}" if row["after"] in ("MD", "OD") else self.called(key)

    def resources(self) -> Iterator[Tree]:
        """Everything of the clinic, in an order in which each reference points backwards."""
        for key, row in self.organizations.items():
            yield self._organization(key, row)
        for key, row in self.locations.items():
            yield self._location(key, row)
        for number, (key, row) in enumerate(self.staff.items()):
            yield self._practitioner(number, key, row)
            yield self._role(number, key, row)

    def _tree(self, kind: str, key: str) -> Tree:
        return {"resourceType": kind, "id": self._ids[kind, key].partition("/")[2], "meta": demo_meta()}

    def _organization(self, key: str, row: dict[str, Any]) -> Tree:
        return self._tree("Organization", key) | {
            "identifier": [{"system": IDENTIFIERS + "organization", "value": key}],
            "active": True,
            "type": [hl7("organization-type", *row["type"])],
            "name": row["name"],
            "telecom": [{"system": "phone", "value": row["phone"], "use": "work"}],
            "address": [_address(row)],
        }

    def _location(self, key: str, row: dict[str, Any]) -> Tree:
        tree = self._tree("Location", key) | {
            "status": "active",
            "name": row["name"],
            "mode": "instance",
            "physicalType": hl7("location-physical-type", *row["form"]),
            "managingOrganization": self.organization(row["org"]),
        }
        if row["part"]:
            tree["partOf"] = self.location(row["part"])
        return tree

    def _practitioner(self, number: int, key: str, row: dict[str, Any]) -> Tree:
        name: Tree = {
            "use": "official",
            "text": self.called(key),
            "family": row["family"],
            "given": [row["given"]],
        }
        tree = self._tree("Practitioner", key) | {
            "identifier": [{"system": IDENTIFIERS + "staff", "value": f"H{1001 + number}"}],
            "active": True,
            "name": [name],
            "telecom": [
                {"system": "phone", "value": f"508-555-01{60 + number}", "use": "work"},
                {"system": "email", "value": f"{key}@{row['org']}.example.org", "use": "work"},
            ],
            "gender": row["gender"],
            "communication": [language(code) for code in row["speaks"]],
        }
        if row["after"]:
            name["suffix"] = [row["after"]]
            tree["qualification"] = [{"code": words(row["after"])}]
        return tree

    def _role(self, number: int, key: str, row: dict[str, Any]) -> Tree:
        return (
            self._tree("PractitionerRole", key)
            | {
                "active": True,
                "practitioner": self.practitioner(key),
                "organization": self.organization(row["org"]),
                "code": [words(row["role"])],
                "specialty": [words(row["specialty"])],
                "telecom": [{"system": "phone", "value": f"508-555-01{60 + number}", "use": "work"}],
            }
            | ({"location": [self.location(row["room"])]} if row["org"] in ("harbor", "mercy") else {})
        )

    def diary(self, key: str, start: str, end: str) -> Tree:
        """The Schedule of a member of staff for a span of dates."""
        return self._tree("Schedule", key) | {
            "active": True,
            "serviceType": [words(self.staff[key]["specialty"])],
            "actor": [self.practitioner(key), self.location(self.staff[key]["room"])],
            "planningHorizon": {"start": start, "end": end},
        }


def _address(row: dict[str, Any]) -> Tree:
    return {
        "use": "work",
        "line": [row["line"]],
        "city": row["city"],
        "state": "MA",
        "postalCode": row["zip"],
        "country": "US",
    }


def role_type(code: str, display: str) -> Tree:
    """The part somebody plays in an encounter (v3 ParticipationType)."""
    return {"coding": [coding(TERMINOLOGY + "v3-ParticipationType", code, display)]}
