"""$validate, and what a write is refused for at each level."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charthouse.access.actor import SYSTEM
from charthouse.api.app import Api
from charthouse.app import Clinic
from charthouse.base.errors import Problem
from tests.api.conftest import Caller, outcome, patient, settings_for, token_for

FISHER = "http://example.org/StructureDefinition/fisher"
PROFILE: dict[str, Any] = {
    "resourceType": "StructureDefinition",
    "url": FISHER,
    "version": "1.0.0",
    "name": "Fisher",
    "title": "Fisher",
    "status": "active",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {
        "element": [
            {"id": "Patient", "path": "Patient"},
            {"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1},
        ]
    },
}
PERIOD = {"period": {"start": "2026-02-01", "end": "2026-01-01"}}


def issues(caller: Caller, path: str, resource: dict[str, Any]) -> list[dict[str, Any]]:
    answer = caller.post(path, resource)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["issue"]
    return found


def errors(found: list[dict[str, Any]]) -> list[str]:
    """The places of what is wrong."""
    return [place for one in found if one["severity"] == "error" for place in one.get("expression", ["?"])]


def test_a_sound_resource_has_no_errors(caller: Caller) -> None:
    assert errors(issues(caller, "Patient/$validate", patient())) == []


def test_every_finding_is_told_at_its_place_and_nothing_is_stored(caller: Caller) -> None:
    before = caller.total("Patient")
    wrong = patient(gender="mal", contact=[PERIOD], shoeSize=44)
    assert set(errors(issues(caller, "Patient/$validate", wrong))) >= {"Patient.gender", "Patient.shoeSize"}
    assert "Patient.contact[0]" in " ".join(
        errors(issues(caller, "Patient/$validate", patient(contact=[PERIOD])))
    )
    assert caller.total("Patient") == before


def test_a_profile_is_asked_for_by_its_url(caller: Caller) -> None:
    stored = caller.made(PROFILE)
    bare = patient()
    del bare["birthDate"]
    asked = f"Patient/$validate?profile={FISHER}"
    assert errors(issues(caller, asked, patient())) == []
    assert errors(issues(caller, asked, bare)) == ["Patient.birthDate"]
    changed = {**stored, "differential": {"element": [{"id": "Patient", "path": "Patient"}]}}
    assert caller.put(f"StructureDefinition/{stored['id']}", changed).status_code == 200
    for _ in range(20):
        if not errors(issues(caller, asked, bare)):
            break
        asyncio.run(asyncio.sleep(0.02))
    assert errors(issues(caller, asked, bare)) == []


def test_a_profile_that_nobody_knows_is_an_error_when_it_is_asked_for(caller: Caller) -> None:
    found = issues(caller, "Patient/$validate?profile=http://example.org/none", patient())
    assert any("http://example.org/none" in one["diagnostics"] for one in found if one["severity"] == "error")


def test_a_stored_resource_is_validated_by_its_address(caller: Caller) -> None:
    made = caller.made(patient())
    answer = caller.get(f"Patient/{made['id']}/$validate")
    assert answer.status_code == 200
    assert errors(answer.json()["issue"]) == []
    outcome(caller.get("Patient/never-given/$validate"), 404)


def test_the_resource_may_come_in_parameters(caller: Caller) -> None:
    parts = [{"name": "resource", "resource": patient(gender="mal")}, {"name": "mode", "valueCode": "create"}]
    sent = {"resourceType": "Parameters", "parameter": parts}
    assert errors(issues(caller, "Patient/$validate", sent)) == ["Patient.gender"]
    parts[1]["valueCode"] = "perhaps"
    assert outcome(caller.post("Patient/$validate", sent), 400)["expression"] == ["mode"]


def test_a_resource_of_another_type_is_told_where_to_go(caller: Caller) -> None:
    found = issues(caller, "Observation/$validate", patient())
    assert found[0]["expression"] == ["resourceType"]
    assert "Patient/$validate" in found[0]["diagnostics"]


@pytest.mark.parametrize(
    "resource", [{}, [], {"resourceType": 5}, {"resourceType": "Parameters", "parameter": [{}]}]
)
def test_what_is_no_question_is_refused(caller: Caller, resource: Any) -> None:
    outcome(caller.post("Patient/$validate", resource), 400)


def test_a_write_that_breaks_a_constraint_is_refused_as_one(caller: Caller) -> None:
    before = caller.total("Observation")
    issue = outcome(
        caller.post(
            "Observation",
            {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
             "valueString": "x", "dataAbsentReason": {"text": "y"}},
        ),
        422,
    )  # fmt: skip
    assert issue["code"] == "invariant"
    assert "obs-6" in issue["diagnostics"]
    assert caller.total("Observation") == before


@pytest.fixture(scope="module")
def leveled(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Caller]]:
    """A caller for each level of a clinic that asks most for profiles."""
    settings = settings_for(
        tmp_path_factory.mktemp("levels"), validation="full", validation_clients="feed=off lab=structure"
    )
    clinic = Clinic.open(settings, create=True, synchronous="OFF")
    app = Api(clinic.gate, clinic.door, clinic.definitions, clinic.settings)
    made = {name: Caller(runner, app, token_for(clinic, client=name)) for name in ("feed", "lab", "portal")}
    made["portal"].made(PROFILE)
    yield made
    for each in made.values():
        each.aclose()
    clinic.close()


@pytest.mark.parametrize(
    ("client", "resource", "status"),
    [
        ("feed", patient(gender="mal"), 201),
        ("feed", {"resourceType": "Patient", "gender": 5}, 400),
        ("lab", patient(gender="mal"), 400),
        ("lab", patient(contact=[PERIOD]), 422),
        ("lab", {"resourceType": "Patient", "meta": {"profile": [FISHER]}}, 201),
        ("portal", {"resourceType": "Patient", "meta": {"profile": [FISHER]}}, 422),
        ("portal", {"resourceType": "Patient", "meta": {"profile": [FISHER]}, "birthDate": "1980"}, 201),
    ],
)
def test_each_client_is_asked_for_what_its_level_says(
    leveled: dict[str, Caller], client: str, resource: dict[str, Any], status: int
) -> None:
    answer = leveled[client].post("Patient", resource)
    assert answer.status_code == status, answer.text


def test_an_import_is_asked_for_what_its_own_level_says(tmp_path: Path) -> None:
    for level, refused in (("off", False), ("structure", True), ("full", True)):
        settings = settings_for(tmp_path / level, validation_import=level)
        clinic = Clinic.open(settings, create=True, synchronous="OFF")
        try:
            prepare = clinic.intake(SYSTEM).preparer
            if refused:
                with pytest.raises(Problem):
                    prepare({"resourceType": "Patient", "id": "a", "gender": "mal"}, "Patient")
            else:
                assert prepare({"resourceType": "Patient", "id": "a", "gender": "mal"}, "Patient").blob
        finally:
            clinic.close()
