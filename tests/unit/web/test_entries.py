"""How records read as one line of the chart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from charthouse.fhir.definitions import load
from charthouse.web.chart.dosing import directions
from charthouse.web.chart.entries import read
from charthouse.web.chart.entry import Context, local
from charthouse.web.chart.summary import medications
from tests.unit.web.makers import CONTEXT, READER, concept, quantity


def prescription(name: str, when: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": f"{name}-{when}",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(name),
        "authoredOn": when,
    } | more


def test_a_problem_tells_since_when_and_its_diagnosis_code() -> None:
    tree = {
        "resourceType": "Condition",
        "id": "c",
        "clinicalStatus": concept("", "active"),
        "onsetDateTime": "2014-02-03",
        "code": concept("Essential hypertension", "I10", "http://hl7.org/fhir/sid/icd-10-cm"),
        "recordedDate": "2014-03-01",
    }
    entry = read(tree, CONTEXT)
    assert (entry.title, entry.detail, entry.span) == ("Essential hypertension", "I10", "since Feb 2014")
    assert (entry.when, entry.entered) == ("2014-02-03", "2014-03-01")
    assert not entry.struck


def test_what_was_entered_in_error_is_struck_through_and_says_so() -> None:
    tree = {
        "resourceType": "Condition",
        "id": "c",
        "verificationStatus": concept("", "entered-in-error"),
        "code": concept("X"),
    }
    entry = read(tree, CONTEXT)
    assert entry.struck
    assert entry.status is not None
    assert (entry.status.kind, entry.status.word) == ("red", "Entered in error")


@pytest.mark.parametrize(
    ("dosage", "said"),
    [
        ({"text": "1 by mouth every morning"}, "1 by mouth every morning"),
        (
            {
                "doseAndRate": [{"doseQuantity": quantity("1", "tablet")}],
                "route": concept("Oral route"),
                "timing": {
                    "repeat": {"frequency": 2, "period": Decimal(1), "periodUnit": "d", "when": ["C"]}
                },
            },
            "1 tablet by mouth twice a day with meals",
        ),
        (
            {"timing": {"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}, "asNeededBoolean": True},
            "every 8 hours as needed",
        ),
        ({"timing": {"repeat": {"period": 1, "periodUnit": "d", "when": ["HS"]}}}, "every day at bedtime"),
        (
            {"timing": {"code": concept("BID")}, "asNeededCodeableConcept": concept("Pain")},
            "BID as needed for pain",
        ),
        ({}, ""),
    ],
)
def test_directions_are_a_sentence(dosage: dict[str, Any], said: str) -> None:
    assert directions([dosage], READER) == said


def test_a_medication_inside_the_prescription_gives_its_name() -> None:
    tree = prescription(
        "x",
        medicationReference={"reference": "#m"},
        contained=[{"resourceType": "Medication", "id": "m", "code": concept("Insulin")}],
    )
    del tree["medicationCodeableConcept"]
    assert read(tree, CONTEXT).title == "Insulin"


def test_no_refills_is_news() -> None:
    entry = read(prescription("Gabapentin", dispenseRequest={"numberOfRepeatsAllowed": 0}), CONTEXT)
    assert entry.mark is not None
    assert entry.mark.word == "no refills"


def test_two_active_orders_for_one_drug_are_one_line_that_says_so() -> None:
    lines = medications(
        [
            read(prescription(*one), CONTEXT)
            for one in (("Aspirin", "2025-01-01"), ("aspirin", "2026-01-01"), ("Statin",))
        ]
    )
    assert [(line.title, line.count) for line in lines] == [("aspirin", 2), ("Statin", 1)]
    assert lines[0].mark is not None
    assert lines[0].mark.word == "2 active orders"


def test_a_visit_names_who_and_where_from_displays_or_from_names_found() -> None:
    tree = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "in-progress",
        "class": {"code": "AMB"},
        "participant": [{"individual": {"reference": "Practitioner/d"}}],
        "reasonCode": [concept("Cough")],
        "serviceProvider": {"reference": "Organization/o", "display": "Harbor Clinic"},
        "period": {"start": "2026-11-12T08:31:00Z"},
    }
    entry = read(tree, Context(READER, {"Practitioner/d": "Dr. Tran"}))
    assert (entry.title, entry.who, entry.detail) == ("Outpatient visit", "Dr. Tran", "Cough · Harbor Clinic")
    assert entry.status is not None
    assert entry.status.word == "In progress"


def test_a_reference_to_another_server_is_no_record_of_ours() -> None:
    assert local({"reference": "Practitioner/1/_history/3"}) == "Practitioner/1"
    assert local({"reference": "https://elsewhere.example/fhir/Practitioner/1"}) == ""
    assert local({"reference": "#inside"}) == ""
    assert local({"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}) == ""
    assert local({"display": "only words"}) == ""


def test_every_type_of_record_has_a_line_even_when_it_says_nothing() -> None:
    for kind in load().resource_types:
        entry = read({"resourceType": kind, "id": "x"}, CONTEXT)
        assert entry.title, kind
        assert entry.href == f"/record/{kind}/x"
