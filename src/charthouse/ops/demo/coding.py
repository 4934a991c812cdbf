"""The few FHIR data types that every resource of the demo is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from charthouse.fhir.resource import Tree

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
ICD10CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10PCS: Final = "http://www.cms.gov/Medicare/Coding/ICD10"
HCPCS: Final = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem/"
US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/"
BASE: Final = "https://charthouse.example/fhir/"
IDENTIFIERS: Final = "https://charthouse.example/id/"

# Every Patient and everything of the clinic says that it is made up.
DEMO_TAG: Final = (TERMINOLOGY + "v3-ActReason", "HTEST", "test health data")


def demo_meta() -> Tree:
    """A fresh `meta` holding the tag that marks demo data."""
    return {"tag": [coding(*DEMO_TAG)]}


def coding(system: str, code: str, display: str | None = None) -> Tree:
    """A Coding."""
    if display is None:
        return {"system": system, "code": code}
    return {"system": system, "code": code, "display": display}


def concept(system: str, code: str, display: str | None = None, text: str | None = None) -> Tree:
    """A CodeableConcept of one coding; `text` is what a person reads."""
    found: Tree = {"coding": [coding(system, code, display)]}
    if text is not None:
        found["text"] = text
    return found


def hl7(system: str, code: str, display: str | None = None, text: str | None = None) -> Tree:
    """A CodeableConcept from one of HL7's own code systems, named by its last word."""
    return concept(TERMINOLOGY + system, code, display, text)


def words(text: str) -> Tree:
    """A CodeableConcept that has only a text."""
    return {"text": text}


def coded(system: str, code: str | None, display: str, text: str) -> Tree:
    """A CodeableConcept with a coding where a code is known, else only the text."""
    return words(text) if code is None else concept(system, code, display, text)


def ref(reference: str, display: str | None = None) -> Tree:
    """A Reference."""
    return {"reference": reference} if display is None else {"reference": reference, "display": display}


def number(value: float, digits: int) -> Decimal:
    """`value` as a decimal of exactly `digits` places (half away from the float's own rounding)."""
    return Decimal(f"{value:.{digits}f}")


def quantity(value: Decimal | int, unit: str, code: str) -> Tree:
    """A Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def money(value: float) -> Tree:
    """Money in US dollars."""
    return {"value": number(value, 2), "currency": "USD"}


def extension(url: str, kind: str, value: Any) -> Tree:
    """An Extension with one value, `kind` being e.g. `Code` or `String`."""
    return {"url": url, f"value{kind}": value}
