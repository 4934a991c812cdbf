"""Small resources for the tests of view models; each test says only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from charthouse.web.chart.entry import Context
from charthouse.web.reader import Reader

NOON = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
READER = Reader(NOON, "en", UTC)
CONTEXT = Context(READER, {})
LOINC = "http://loinc.org"


def concept(
    text: str = "", code: str = "", system: str = "http://example.org/codes", display: str = ""
) -> dict[str, Any]:
    coding = {
        key: value for key, value in (("system", system), ("code", code), ("display", display)) if value
    }
    return ({"text": text} if text else {}) | ({"coding": [coding]} if code or display else {})


def quantity(value: str, unit: str) -> dict[str, Any]:
    return {"value": Decimal(value), "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def observation(
    id: str, code: str, value: str | None, unit: str, when: str, name: str = "Test", **more: Any
) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": concept(name, code, LOINC),
        "effectiveDateTime": when,
    }
    if value is not None:
        tree["valueQuantity"] = quantity(value, unit)
    return tree | more


def pressure(id: str, high: str, low: str, when: str) -> dict[str, Any]:
    parts = [
        {"code": concept("Systolic", "8480-6", LOINC), "valueQuantity": quantity(high, "mm[Hg]")},
        {"code": concept("Diastolic", "8462-4", LOINC), "valueQuantity": quantity(low, "mm[Hg]")},
    ]
    return observation(id, "85354-9", None, "", when, "Blood pressure", component=parts)
