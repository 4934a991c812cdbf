"""Directions for a medication in a sentence (R4 datatypes, Dosage and Timing)."""

from __future__ import annotations

from typing import Any, Final

from charthouse.fhir.resource import Tree
from charthouse.web import codes, quantities
from charthouse.web.reader import Reader

TIMES: Final = {1: "once", 2: "twice", 3: "three times", 4: "four times"}
EVERY: Final = {
    "d": "day",
    "wk": "week",
    "mo": "month",
    "h": "hour",
    "a": "year",
    "min": "minute",
    "s": "second",
}
MEALS: Final = {
    "AC": "before meals",
    "PC": "after meals",
    "C": "with meals",
    "CM": "with breakfast",
    "CD": "with lunch",
    "CV": "with dinner",
    "ACM": "before breakfast",
    "ACD": "before lunch",
    "ACV": "before dinner",
    "PCM": "after breakfast",
    "PCD": "after lunch",
    "PCV": "after dinner",
    "HS": "at bedtime",
    "WAKE": "on waking",
    "MORN": "in the morning",
    "AFT": "in the afternoon",
    "EVE": "in the evening",
    "NIGHT": "at night",
}


def directions(dosages: Any, reader: Reader) -> str:
    """All directions of a prescription; the prescriber's own text wins over the coded parts."""
    said = [_one(dosage, reader) for dosage in dosages or () if isinstance(dosage, dict)]
    return "; then ".join(one for one in said if one)


def refills(tree: Tree) -> str:
    """Refills of a MedicationRequest in words, empty where nothing is recorded."""
    supply = tree.get("dispenseRequest")
    if not isinstance(supply, dict) or "numberOfRepeatsAllowed" not in supply:
        return ""
    number = supply["numberOfRepeatsAllowed"]
    if number == 0:
        return "no refills"
    return f"{number} refill{'' if number == 1 else 's'}"


def _one(dosage: dict[str, Any], reader: Reader) -> str:
    text = dosage.get("text") or dosage.get("patientInstruction")
    if isinstance(text, str) and text.strip():
        return text.strip()
    parts = [_dose(dosage, reader), _route(dosage), often((dosage.get("timing") or {}), reader)]
    extra = [codes.concept(one) for one in dosage.get("additionalInstruction") or ()]
    reason = codes.concept(dosage.get("asNeededCodeableConcept"))
    if reason:
        parts.append(f"as needed for {reason[:1].lower()}{reason[1:]}")
    elif dosage.get("asNeededBoolean"):
        parts.append("as needed")
    sentence = " ".join(part for part in parts if part)
    return ", ".join(part for part in (sentence, *extra) if part)


def _dose(dosage: dict[str, Any], reader: Reader) -> str:
    for rate in dosage.get("doseAndRate") or ():
        if "doseQuantity" in rate:
            return quantities.quantity(rate["doseQuantity"], reader)
        if "doseRange" in rate:
            unit = quantities.unit_of(rate["doseRange"].get("high") or rate["doseRange"].get("low"))
            return f"{quantities.span(rate['doseRange'], reader)} {unit}".strip()
        if "rateQuantity" in rate:
            return quantities.quantity(rate["rateQuantity"], reader)
    return ""


def _route(dosage: dict[str, Any]) -> str:
    said = codes.concept(dosage.get("route"))
    if not said:
        return ""
    known = {"oral": "by mouth", "oral route": "by mouth", "per oral": "by mouth", "inhalation": "inhaled"}
    return known.get(said.lower(), said[:1].lower() + said[1:])


def often(timing: dict[str, Any], reader: Reader) -> str:
    """How often: `twice a day with meals`, `every 8 hours`."""
    repeat = timing.get("repeat")
    if not isinstance(repeat, dict):
        return codes.concept(timing.get("code"))
    frequency, period, unit = (
        repeat.get("frequency", 1),
        quantities.decimal(repeat.get("period")),
        repeat.get("periodUnit"),
    )
    when = [MEALS[one] for one in repeat.get("when") or () if one in MEALS]
    times = [str(one)[:5] for one in repeat.get("timeOfDay") or ()]
    said = ""
    if period is not None and unit:
        name = EVERY.get(unit, str(unit))
        if period == 1:
            count = TIMES.get(frequency, f"{frequency} times") if frequency != 1 or not when else ""
            said = f"{count} a {name}".replace("a hour", "an hour") if count else f"every {name}"
        else:
            count = f"{TIMES.get(frequency, f'{frequency} times')} " if frequency != 1 else ""
            said = f"{count}every {quantities.lasting(period, unit, reader)}"
    bounds = repeat.get("boundsDuration")
    lasting = f"for {quantities.quantity(bounds, reader)}" if isinstance(bounds, dict) else ""
    at = "at " + ", ".join(times) if times else ""
    return " ".join(part for part in (said, *when, at, lasting) if part) or codes.concept(timing.get("code"))
