"""The charts that the browser tests read: one rich, one long, one empty, one hostile."""

from __future__ import annotations

import base64
from typing import Any

AMARA = "amara-okafor"
PER = "per-lindqvist"
EMPTY = "nobody-yet"
HOSTILE = "hostile-name"
VISITS = 130
HYPERTENSION = "amara-hypertension"
NOTE = "Burning in both feet, worse at night."
# What must never stand in an address, a log or a title of a signed-out page.
SECRETS = ("okafor", "amara", "mara", "1980-03-14", "00421877", "lindqvist", "1955")

# A picture of one red dot.
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def coded(text: str, code: str = "", system: str = LOINC) -> dict[str, Any]:
    return {"text": text} | ({"coding": [{"system": system, "code": code}]} if code else {})


def whose(patient: str) -> dict[str, Any]:
    return {"reference": f"Patient/{patient}"}


def observation(
    id: str, patient: str, category: str, name: str, code: str, when: str, **more: Any
) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "subject": whose(patient),
        "effectiveDateTime": when,
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}],
        "code": coded(name, code),
    } | more


def quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def condition(
    id: str, patient: str, name: str, onset: str, status: str = "active", **more: Any
) -> dict[str, Any]:
    clinical = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": status}]
    }
    made = {
        "resourceType": "Condition",
        "id": id,
        "clinicalStatus": clinical,
        "code": coded(name),
        "subject": whose(patient),
        "onsetDateTime": onset,
        "recordedDate": onset,
    } | more
    return {name: value for name, value in made.items() if value is not None}


def staff() -> list[dict[str, Any]]:
    return [
        {
            "resourceType": "Practitioner",
            "id": "tran",
            "name": [{"family": "Tran", "given": ["Linh"], "prefix": ["Dr."]}],
        },
        {"resourceType": "Organization", "id": "harbor", "name": "Harbor Clinic"},
    ]


def patients() -> list[dict[str, Any]]:
    record = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    return [
        {
            "resourceType": "Patient",
            "id": AMARA,
            "gender": "female",
            "birthDate": "1980-03-14",
            "photo": [{"contentType": "image/png", "data": DOT}],
            "identifier": [{"type": record, "value": "00421877"}],
            "name": [
                {"use": "official", "family": "Okafor", "given": ["Amara"]},
                {"use": "nickname", "given": ["Mara"]},
            ],
            "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "ig"}]}}],
        },
        {
            "resourceType": "Patient",
            "id": PER,
            "gender": "male",
            "birthDate": "1955-09-02",
            "deceasedDateTime": "2025-02-01",
            "name": [{"use": "official", "family": "Lindqvist", "given": ["Per"]}],
        },
        {"resourceType": "Patient", "id": EMPTY, "name": [{"text": "New Person"}]},
        {
            "resourceType": "Patient",
            "id": HOSTILE,
            "name": [{"family": "<img src=x onerror=alert(1)>", "given": ["{{7*7}}", "</script>"]}],
        },
    ]


def vitals() -> list[dict[str, Any]]:
    made = []
    for number, (when, weight, high, low) in enumerate(
        [("2026-05-04", 84.3, 138, 84), ("2026-08-10", 85.0, 142, 88), ("2026-11-12", 86.4, 148, 92)]
    ):
        parts = [
            {"code": coded("Systolic", "8480-6"), "valueQuantity": quantity(high, "mm[Hg]")},
            {"code": coded("Diastolic", "8462-4"), "valueQuantity": quantity(low, "mm[Hg]")},
        ]
        moment = f"{when}T08:42:00-05:00"
        made.append(
            observation(f"bp-{number}", AMARA, "vital-signs", "BP", "85354-9", moment, component=parts)
        )
        made.append(
            observation(
                f"wt-{number}",
                AMARA,
                "vital-signs",
                "Body weight",
                "29463-7",
                moment,
                valueQuantity=quantity(weight, "kg"),
            )
        )
    return made


def results() -> list[dict[str, Any]]:
    usual = [{"low": quantity(3.5, "mmol/L"), "high": quantity(5.1, "mmol/L")}]
    critical = [
        {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "HH"}
            ]
        }
    ]
    days = (("2026-03-02", 4.7, None), ("2026-08-10", 5.0, None), ("2026-11-12", 6.2, critical))
    made = [
        observation(
            f"k-{number}",
            AMARA,
            "laboratory",
            "Potassium",
            "2823-3",
            f"{day}T07:10:00-05:00",
            referenceRange=usual,
            valueQuantity=quantity(value, "mmol/L"),
            **({"interpretation": interpretation} if interpretation else {}),
        )
        for number, (day, value, interpretation) in enumerate(days)
    ]
    report = {
        "resourceType": "DiagnosticReport",
        "id": "bmp",
        "status": "final",
        "code": coded("Basic metabolic panel"),
        "subject": whose(AMARA),
        "effectiveDateTime": "2026-11-12T07:10:00-05:00",
        "result": [{"reference": "Observation/k-2"}],
    }
    return [*made, report]


def amara() -> list[dict[str, Any]]:
    text = base64.b64encode(NOTE.encode()).decode()
    return [
        condition(HYPERTENSION, AMARA, "Essential hypertension", "2014-02-03"),
        condition(
            "amara-mistake",
            AMARA,
            "Gout",
            "2020-01-01",
            clinicalStatus=None,
            verificationStatus={
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
                        "code": "entered-in-error",
                    }
                ]
            },
        ),
        {
            "resourceType": "AllergyIntolerance",
            "id": "penicillin",
            "patient": whose(AMARA),
            "code": coded("Penicillin"),
            "criticality": "high",
            "reaction": [{"manifestation": [coded("Anaphylaxis")]}],
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                        "code": "active",
                    }
                ]
            },
        },
        {
            "resourceType": "MedicationRequest",
            "id": "lisinopril",
            "status": "active",
            "intent": "order",
            "subject": whose(AMARA),
            "medicationCodeableConcept": coded("Lisinopril 20 mg tablet"),
            "authoredOn": "2026-08-10",
            "dosageInstruction": [{"text": "1 by mouth every morning"}],
            "requester": {"reference": "Practitioner/tran"},
        },
        {
            "resourceType": "Immunization",
            "id": "flu",
            "status": "completed",
            "patient": whose(AMARA),
            "vaccineCode": coded("Influenza"),
            "occurrenceDateTime": "2025-10-02",
        },
        {
            "resourceType": "Procedure",
            "id": "eye",
            "status": "completed",
            "subject": whose(AMARA),
            "code": coded("Retinal photo"),
            "performedDateTime": "2025-12-01",
        },
        {
            "resourceType": "Encounter",
            "id": "today",
            "status": "in-progress",
            "subject": whose(AMARA),
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "type": [coded("Diabetes follow-up")],
            "period": {"start": "2026-11-12T08:31:00-05:00"},
            "participant": [{"individual": {"reference": "Practitioner/tran"}}],
        },
        {
            "resourceType": "DocumentReference",
            "id": "note",
            "status": "current",
            "type": coded("Progress note"),
            "subject": whose(AMARA),
            "date": "2026-11-12T09:00:00-05:00",
            "content": [{"attachment": {"contentType": "text/plain", "title": "Visit note", "data": text}}],
        },
    ]


def per() -> list[dict[str, Any]]:
    made = []
    for number in range(VISITS):
        day = f"{2010 + number // 12}-{number % 12 + 1:02d}-{number % 27 + 1:02d}"
        made.append(
            {
                "resourceType": "Encounter",
                "id": f"visit-{number}",
                "status": "finished",
                "subject": whose(PER),
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "type": [coded(f"Check {number}")],
                "period": {"start": f"{day}T10:00:00Z"},
            }
        )
    return made


def everything() -> dict[str, Any]:
    """One transaction that writes all charts under their ids."""
    trees = [*staff(), *patients(), *vitals(), *results(), *amara(), *per()]
    entries = [
        {"resource": tree, "request": {"method": "PUT", "url": f"{tree['resourceType']}/{tree['id']}"}}
        for tree in trees
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def resolved() -> dict[str, Any]:
    """The second version of Amara's hypertension."""
    return condition(
        HYPERTENSION,
        AMARA,
        "Essential hypertension",
        "2014-02-03",
        "resolved",
        abatementDateTime="2026-11-12",
        note=[{"text": "At goal without medication."}],
    )
