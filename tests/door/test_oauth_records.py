"""What a program really reads: the chosen patient and no other, patients their own record, criteria in the query."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests import cast
from tests.door.conftest import FORM, JSON, House
from tests.door.programs import Form, Program, back, bearer
from tests.door.test_oauth_attacks import reads

LAB = "http://terminology.hl7.org/CodeSystem/observation-category"


@pytest.fixture(scope="module")
def program(house: House) -> Program:
    return Program.registered(house)


@pytest.fixture(scope="module")
def doctor(house: House) -> dict[str, str]:
    return house.session(cast.DOCTOR)


@pytest.fixture(scope="module")
def others(house: House) -> dict[str, str]:
    """Another patient with an observation, and one of the marked patient with a category."""
    patient = house.make({"resourceType": "Patient", "name": [{"family": "Other"}]})

    def observation(whose: str, category: str) -> str:
        return house.make({
            "resourceType": "Observation", "status": "final", "subject": {"reference": f"Patient/{whose}"},
            "code": {"text": "x"}, "category": [{"coding": [{"system": LAB, "code": category}]}],
        })  # fmt: skip

    return {
        "patient": patient, "observation": observation(patient, "laboratory"),
        "laboratory": observation(house.ids["Patient"], "laboratory"),
        "vital-signs": observation(house.ids["Patient"], "vital-signs"),
    }  # fmt: skip


def found(house: House, token: str, query: str) -> set[str]:
    answer = house.ask("GET", f"/fhir/{query}", bearer(token))
    assert answer.status_code == 200, answer.text
    return {entry["resource"]["id"] for entry in answer.json().get("entry", ()) if "resource" in entry}


def test_a_patient_scope_opens_the_chosen_patient_and_no_other(
    house: House, program: Program, doctor: dict[str, str], others: dict[str, str]
) -> None:
    token = program.redeem(program.code(doctor, scope="launch/patient patient/*.rs")).json()["access_token"]
    assert reads(house, token) == 200
    absent = house.ask("GET", "/fhir/Patient/absent", bearer(token))
    for path in (f"Patient/{others['patient']}", f"Observation/{others['observation']}"):
        hidden = house.ask("GET", f"/fhir/{path}", bearer(token))
        assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert found(house, token, "Patient") == {house.ids["Patient"]}
    assert others["observation"] not in found(house, token, "Observation")
    assert others["laboratory"] in found(house, token, "Observation")


def test_criteria_of_a_scope_hold_in_read_and_search(
    house: House, program: Program, doctor: dict[str, str], others: dict[str, str]
) -> None:
    scope = f"launch/patient patient/Observation.rs?category={LAB}|laboratory"
    got = program.redeem(program.code(doctor, scope=scope)).json()
    assert got["scope"] == scope
    token = got["access_token"]
    assert found(house, token, "Observation") == {others["laboratory"]}
    for name, status in (("laboratory", 200), ("vital-signs", 404), ("observation", 404)):
        assert house.ask("GET", f"/fhir/Observation/{others[name]}", bearer(token)).status_code == status, (
            name
        )
    assert reads(house, token) == 403


def test_reading_is_no_writing(
    house: House, program: Program, doctor: dict[str, str], others: dict[str, str]
) -> None:
    token = program.redeem(program.code(doctor, scope="launch/patient patient/*.rs")).json()["access_token"]
    before = house.state()
    tree: dict[str, Any] = {"resourceType": "Patient", "id": house.ids["Patient"]}
    for method, path, body in (
        ("PUT", f"Patient/{house.ids['Patient']}", tree), ("POST", "Observation", {"resourceType": "Observation"}),
        ("DELETE", f"Observation/{others['laboratory']}", None),
    ):  # fmt: skip
        answer = house.ask(method, f"/fhir/{path}", {**bearer(token), **JSON}, json=body)
        assert answer.status_code == 403, answer.text
    assert house.state() == before


def test_patients_get_their_own_record_without_choosing_and_no_other(
    house: House, program: Program, others: dict[str, str]
) -> None:
    clinic, key, own = house.clinic, house.people[cast.PATIENT.name], house.session(cast.PATIENT)
    assert program.page(own, scope="launch/patient patient/*.rs").status_code in (
        303,
        404,
    )  # nobody said who they are
    clinic.write(lambda connection: clinic.people.link(connection, key, patient=house.ids["Patient"]))
    clinic.generation.stale()
    page = program.page(own, scope="openid fhirUser launch/patient patient/*.cruds user/*.rs")
    assert page.status_code == 200, back(page)
    assert Form(page.text).patients == []
    got = program.redeem(back(program.answer(own, page, patient=others["patient"]))["code"]).json()
    assert got["patient"] == house.ids["Patient"]
    assert got["fhirUser"].endswith(f"/Patient/{house.ids['Patient']}")
    assert reads(house, got["access_token"]) == 200
    assert (
        house.ask("GET", f"/fhir/Patient/{others['patient']}", bearer(got["access_token"])).status_code == 404
    )
    tree = {"resourceType": "Patient", "id": house.ids["Patient"]}
    path = f"/fhir/Patient/{house.ids['Patient']}"
    assert house.ask("PUT", path, {**bearer(got["access_token"]), **JSON}, json=tree).status_code == 403


def test_a_program_that_an_administrator_let_in_is_no_administrator(house: House, program: Program) -> None:
    """With its token beside the cookie of somebody else, too."""
    scope = "user/*.cruds"
    token = program.redeem(program.code(house.session(cast.ADMINISTRATOR), scope=scope)).json()[
        "access_token"
    ]
    own, waiting = house.session(cast.STRANGER), Program.registered(house, approve=False)
    both = {**own, **bearer(token), **FORM, "x-csrf-token": house.form_token(own)}
    for path in (f"/apps/{waiting.client_id}", "/apps/new"):
        assert house.ask("GET", path, both).status_code == 403
    form = {"decision": "approve", "permit": "user/*.cruds", "form_token": house.form_token(own)}
    assert house.ask("POST", f"/apps/{waiting.client_id}", both, content=urlencode(form)).status_code == 403
    assert waiting.app.status == "pending"
    assert waiting.client_id not in house.ask("GET", "/apps", both).text
    assert program.page(both).status_code == 403
