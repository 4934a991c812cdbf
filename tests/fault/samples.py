"""Small resources of our own making, each with a number that tells it from all others. Pure."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

NUMBERS = "http://example.org/number"


def number(chance: random.Random) -> str:
    """A number nothing else has; also good as an id."""
    return f"{chance.getrandbits(64):016x}"


def urn(chance: random.Random) -> str:
    """A name for an entry of a Bundle."""
    return f"urn:uuid:{UUID(int=chance.getrandbits(128), version=4)}"


def patient(number: str) -> dict[str, Any]:
    """A Patient who has nothing but a number."""
    return {"resourceType": "Patient", "identifier": [{"system": NUMBERS, "value": number}]}


def observation(chance: random.Random, named: str | None = None) -> dict[str, Any]:
    """An Observation of 0.3 to 2 KB."""
    return {
        "resourceType": "Observation",
        "identifier": [{"system": NUMBERS, "value": named or number(chance)}],
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}], "text": "Heart rate"},
        "effectiveDateTime": f"20{chance.randrange(10, 25)}-0{chance.randrange(1, 10)}-11",
        "note": [{"text": chance.randbytes(chance.choice((10, 40, 900))).hex()}],
    }


def anything(chance: random.Random, type: str) -> dict[str, Any]:
    """A new content for a resource of a type."""
    return patient(number(chance)) if type == "Patient" else observation(chance)


def transaction(chance: random.Random, name: str, size: int) -> dict[str, Any]:
    """A Bundle that makes a Patient and `size` - 1 Observations of that patient, all numbered `name`."""
    first = urn(chance)
    trees = [patient(name)]
    trees += [observation(chance, name) | {"subject": {"reference": first}} for _ in range(size - 1)]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": first if index == 0 else urn(chance),
                "resource": tree,
                "request": {"method": "POST", "url": tree["resourceType"]},
            }
            for index, tree in enumerate(trees)
        ],
    }
