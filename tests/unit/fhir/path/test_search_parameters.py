"""What indexing needs: every R4 search parameter compiles, keeps its types, and costs little."""

from __future__ import annotations

import timeit
from decimal import Decimal
from typing import Any

import pytest

from charthouse.fhir import path
from charthouse.fhir.definitions import load
from tests.unit.fhir.path.ask import PATIENT, typed, values

# (resource type, code): why it does not compile. None.
NOT_COMPILED: dict[tuple[str, str], str] = {}

MERCURY = {"unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "category": [{"coding": [{"system": "urn:c", "code": "vital-signs"}]}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}], "text": "Blood pressure"},
    "subject": {"reference": "Patient/1"},
    "encounter": {"reference": "Encounter/1"},
    "effectiveDateTime": "2020-01-01T10:00:00Z",
    "issued": "2020-01-01T10:00:00.000Z",
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {**MERCURY, "value": value},
        }
        for code, value in (("8480-6", Decimal("120.50")), ("8462-4", Decimal("80")))
    ],
}


def test_every_search_parameter_of_every_type_compiles_strictly_and_leniently() -> None:
    count = 0
    for kind in load().resource_types:
        for code, param in load().search_params(kind).items():
            if param.expression is None or (kind, code) in NOT_COMPILED:
                continue
            path.compile(param.expression, kind, load(), strict=True)
            expression = path.compile(param.expression, kind, load())
            for _, component in param.components:
                for holder in expression.types or {kind}:
                    path.compile(component, holder, load())
            count += 1
    assert count > 2500


def test_results_carry_the_fhir_type() -> None:
    assert typed("Observation.effective", OBSERVATION) == [("2020-01-01T10:00:00Z", "dateTime")]
    assert typed("Observation.subject", OBSERVATION) == [({"reference": "Patient/1"}, "Reference")]
    assert typed("Patient.birthDate") == [("1974-12-25", "date")]
    assert typed("Patient.deceased.exists() and Patient.deceased != false") == [(False, "boolean")]
    assert typed("Resource.id") == [("p1", "id")]


def test_decimals_keep_their_digits() -> None:
    found = values("Observation.component.value.as(Quantity).value", OBSERVATION)
    assert [str(value) for value in found] == ["120.50", "80"]


def test_static_types_are_told() -> None:
    for text, kinds in {
        "Observation.code": {"CodeableConcept"},
        "Observation.effective": {"dateTime", "Period", "Timing", "instant"},
        "(Observation.value as Quantity) | (Observation.value as SampledData)": {"Quantity", "SampledData"},
        "Observation.value.exists()": {"boolean"},
        "Observation.contained": set(),
    }.items():
        assert path.compile(text, "Observation", load()).types == kinds, text


def test_a_choice_is_found_by_its_stem_and_type() -> None:
    tree = {"resourceType": "Observation", "valueString": "high"}
    assert typed("Observation.value", tree) == [("high", "string")]
    assert typed("Observation.value as Quantity", tree) == []
    assert typed("Observation.value as string", tree) == [("high", "string")]
    assert typed("Observation.valueString", tree) == []
    assert typed(
        "Observation.value as DateTime", {"resourceType": "Observation", "valueDateTime": "2020"}
    ) == [("2020", "dateTime")]


def test_twins_of_a_union_come_once() -> None:
    tree = {**OBSERVATION, "component": [{"code": OBSERVATION["code"]}, {"code": {"text": "other"}}]}
    found = typed("Observation.code | Observation.component.code", tree)
    assert found == [(OBSERVATION["code"], "CodeableConcept"), ({"text": "other"}, "CodeableConcept")]
    same_instant = {
        "resourceType": "AuditEvent",
        "recorded": "2020-01-01T10:00:00Z",
        "period": {"start": "2020-01-01T11:00:00+01:00"},
    }
    assert values("AuditEvent.recorded | AuditEvent.period.start", same_instant) == ["2020-01-01T10:00:00Z"]


@pytest.mark.parametrize(
    ("reference", "is_patient"),
    [
        ({"reference": "Patient/1"}, True),
        ({"reference": "Patient/1/_history/2"}, True),
        ({"reference": "https://other.example/fhir/Patient/1"}, True),
        ({"reference": "Patient?identifier=x|1"}, True),
        ({"reference": "Group/1"}, False),
        ({"reference": "https://other.example/Patient/fhir/Group/1"}, False),
        ({"reference": "urn:uuid:0"}, False),
        ({"reference": "urn:uuid:0", "type": "Patient"}, True),
        ({"identifier": {"value": "1"}, "type": "Patient"}, True),
        ({"type": "http://hl7.org/fhir/StructureDefinition/Patient"}, True),
        ({"reference": "Group/1", "type": "Patient"}, False),
        ({"reference": "#p"}, True),
        ({"reference": "#g"}, False),
        ({"reference": "#none"}, False),
        ({"reference": 7}, False),
        ({"display": "somebody"}, False),
    ],
)
def test_where_resolve_is_a_type_looks_at_the_reference(reference: dict[str, Any], is_patient: bool) -> None:
    tree = {
        "resourceType": "Observation",
        "contained": [{"resourceType": "Patient", "id": "p"}, {"resourceType": "Group", "id": "g"}],
        "subject": reference,
    }
    text = "Observation.subject.where(resolve() is Patient)"
    expression = path.compile(text, "Observation", load())
    assert expression.values(tree) == ([reference] if is_patient else [])
    assert [item.value for item in expression.items(tree)] == ([reference] if is_patient else [])


def test_where_with_a_code_keeps_what_has_it() -> None:
    assert values("Patient.telecom.where(system='email').value") == ["a@b.c"]
    assert values("Patient.telecom.where(system='fax')") == []


def test_malformed_json_gives_nothing_or_what_is_there_but_never_fails() -> None:
    for broken in (
        None,
        1,
        "x",
        [],
        [1, [2]],
        {"coding": "x"},
        {"coding": [None, 1, {"code": {"a": 1}}]},
        True,
    ):
        tree = {
            "resourceType": "Observation",
            "code": broken,
            "component": broken,
            "subject": broken,
            "valueQuantity": broken,
        }
        for param in load().search_params("Observation").values():
            if param.expression:
                path.compile(param.expression, "Observation", load()).typed(tree)


def test_indexing_an_observation_stays_cheap() -> None:
    """A generous bound for a busy machine; quiet ones measure about 12 microseconds for all, 0.1 for an absent path."""
    params = [
        param
        for param in load().search_params("Observation").values()
        if param.expression and param.type != "composite"
    ]
    functions = [path.compile(param.expression or "", "Observation", load()).typed for param in params]
    absent = path.compile("Observation.specimen", "Observation", load()).typed

    def index() -> None:
        for function in functions:
            function(OBSERVATION)

    assert len(functions) >= 29
    assert min(timeit.repeat(index, number=50, repeat=7)) / 50 < 120e-6
    assert min(timeit.repeat(lambda: absent(OBSERVATION), number=500, repeat=7)) / 500 < 2e-6


def test_nothing_changes_by_asking() -> None:
    before = repr(PATIENT)
    for text in (
        "Patient.descendants()",
        "Patient.name.given | Patient.name.family",
        "Patient.name.sort(use)",
    ):
        values(text)
    assert repr(PATIENT) == before
