"""The whole matrix of searches over HTTP: what leads to other resources, what looks closely, what is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest

from tests.api.conftest import Caller, outcome, patient
from tests.api.test_history import link


@pytest.fixture(scope="module")
def tag(caller: Caller) -> str:
    """A word that only the resources of this module carry: two patients, what was measured of them, a list."""
    word = "m" + uuid4().hex[:8]
    meta = {"tag": [{"system": "http://example.org/tags", "code": word}]}
    organization = caller.made({"resourceType": "Organization", "meta": meta, "name": f"Harbour {word}"})
    people = [
        caller.made(
            patient(
                meta=meta,
                name=[{"family": f"{family}{word}"}],
                gender=gender,
                managingOrganization={"reference": f"Organization/{organization['id']}"},
            )
        )
        for family, gender in (("Okafor", "female"), ("Lindqvist", "male"))
    ]
    for person, value, unit in (
        (people[0], 5.4, "mmol/L"),
        (people[1], 0.0054, "mol/L"),
        (people[1], 9, "mmol/L"),
    ):
        caller.made(
            {
                "resourceType": "Observation",
                "meta": meta,
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "15074-8", "display": "Glucose"}]},
                "subject": {"reference": f"Patient/{person['id']}"},
                "valueQuantity": {
                    "value": value,
                    "unit": unit,
                    "system": "http://unitsofmeasure.org",
                    "code": unit,
                },
            }
        )
    caller.made(
        {
            "resourceType": "List",
            "meta": meta,
            "status": "current",
            "mode": "working",
            "id": "x",
            "title": word,
            "entry": [{"item": {"reference": f"Patient/{people[0]['id']}"}}],
        }
    )
    return word


def total(caller: Caller, type: str, tag: str, *params: tuple[str, str]) -> int:
    answer = caller.get(type, params=[("_tag", tag), *params])
    assert answer.status_code == 200, answer.text
    found: int = answer.json()["total"]
    return found


UCUM = "http://unitsofmeasure.org"


@pytest.mark.parametrize(
    ("type", "name", "value", "expected"),
    [
        ("Observation", "value-quantity", f"5.4|{UCUM}|mmol/L", 2),
        ("Observation", "value-quantity", f"0.0054|{UCUM}|mol/L", 2),
        ("Observation", "value-quantity", f"gt6|{UCUM}|mmol/L", 1),
        ("Observation", "code:text", "gluc", 3),
        ("Observation", "code-value-quantity", f"15074-8$lt0.006|{UCUM}|mol/L", 2),
        ("Observation", "subject:Patient.gender", "male", 2),
        ("Observation", "subject.organization.name", "harbour", 3),
        ("Observation", "subject:missing", "true", 0),
        ("Patient", "family:contains", "afor", 1),
        ("Patient", "_has:Observation:subject:value-quantity", f"gt6|{UCUM}|mmol/L", 1),
        ("Patient", "birthdate:missing", "false", 2),
        ("Patient", "_filter", "gender eq male and not (family sw okafor)", 1),
        ("Organization", "_has:Patient:organization:_has:Observation:subject:code", "15074-8", 1),
    ],
)
def test_the_matrix_is_answered_over_http(
    caller: Caller, tag: str, type: str, name: str, value: str, expected: int
) -> None:
    assert total(caller, type, tag, (name, value)) == expected


def test_a_list_names_what_is_searched(caller: Caller, tag: str) -> None:
    listed = caller.get("List", params={"_tag": tag}).json()["entry"][0]["resource"]["id"]
    assert total(caller, "Patient", tag, ("_list", listed)) == 1
    assert total(caller, "Observation", tag, ("_list", listed)) == 0


STATUS = "http://terminology.hl7.org/CodeSystem"


def stated(type: str, id: str, clinical: str, held: str, **more: Any) -> dict[str, Any]:
    """A problem or an allergy that is so by its two statuses."""
    system = f"{STATUS}/{'condition' if type == 'Condition' else 'allergyintolerance'}"
    subject, word = ("subject", "ver-status") if type == "Condition" else ("patient", "verification")
    tree: dict[str, Any] = {
        "resourceType": type, "id": id, subject: {"reference": "Patient/current"}, **more,
        "verificationStatus": {"coding": [{"system": f"{system}-{word}", "code": held}]},
    }  # fmt: skip
    if clinical:
        tree["clinicalStatus"] = {"coding": [{"system": f"{system}-clinical", "code": clinical}]}
    return tree


def ordered(type: str, id: str, status: str, intent: str = "order") -> dict[str, Any]:
    tree = {"resourceType": type, "id": id, "status": status, "subject": {"reference": "Patient/current"},
            "medicationCodeableConcept": {"text": "water"}}  # fmt: skip
    return {**tree, "intent": intent} if type == "MedicationRequest" else tree


CURRENT = [
    {"resourceType": "Patient", "id": "current"},
    stated("Condition", "c-active", "active", "confirmed"), stated("Condition", "c-again", "recurrence", "provisional"),
    stated("Condition", "c-over", "resolved", "confirmed"), stated("Condition", "c-refuted", "active", "refuted"),
    stated("AllergyIntolerance", "a-nuts", "active", "confirmed", category=["food"]),
    stated("AllergyIntolerance", "a-drug", "active", "unconfirmed", category=["medication"]),
    stated("AllergyIntolerance", "a-gone", "inactive", "confirmed", category=["medication"]),
    stated("AllergyIntolerance", "a-wrong", "", "entered-in-error", category=["medication"]),
    ordered("MedicationRequest", "m-active", "active"), ordered("MedicationRequest", "m-hold", "on-hold"),
    ordered("MedicationRequest", "m-plan", "active", "plan"), ordered("MedicationRequest", "m-stopped", "stopped"),
    ordered("MedicationStatement", "s-active", "active"), ordered("MedicationStatement", "s-over", "completed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("type", "name", "found"),
    [
        ("Condition", "$current-problems", "c-active c-again"),
        ("AllergyIntolerance", "$current-allergies", "a-drug a-nuts"),
        ("AllergyIntolerance", "$current-drug-allergies", "a-drug"),
        ("MedicationRequest", "$current-medications", "m-active m-hold"),
        ("MedicationStatement", "$current-medications", "s-active"),
    ],
)
def test_what_is_current_of_a_patient_is_on_its_functional_list(
    caller: Caller, type: str, name: str, found: str
) -> None:
    for tree in CURRENT:
        assert caller.put(f"{tree['resourceType']}/{tree['id']}", tree).status_code in (200, 201)
    page = caller.get(type, params={"patient": "current", "_list": name}).json()
    assert sorted(entry["resource"]["id"] for entry in page["entry"]) == found.split()
    there = caller.get("Patient", params={"_id": "current", f"_has:{type}:patient:_list": name})
    assert there.json()["total"] == 1


def test_an_include_goes_on_where_it_is_told_to(caller: Caller, tag: str) -> None:
    page = caller.get(
        "Observation",
        params=[
            ("_tag", tag),
            ("_include", "Observation:subject"),
            ("_include:iterate", "Patient:organization"),
        ],
    ).json()
    met = [
        entry["resource"]["resourceType"] for entry in page["entry"] if entry["search"]["mode"] == "include"
    ]
    assert sorted(met) == ["Organization", "Patient", "Patient"]


def test_a_chain_is_repeated_in_the_self_link_and_in_no_other(caller: Caller, tag: str) -> None:
    page = caller.get(
        "Observation", params=[("_tag", tag), ("subject:Patient.gender", "male"), ("_count", "1")]
    ).json()
    assert dict(parse_qsl(urlsplit(link(page, "self") or "").query))["subject:Patient.gender"] == "male"
    assert "gender" not in (link(page, "next") or "")


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("Observation?subject.shoe=1", "shoe"),
        ("Observation?subject:Patient.gender:in=http://x", "http://x"),
        ("Patient?_has:Observation:subject=x", "_has"),
        ("Patient?_filter=name", "_filter"),
        ("Patient?_text=(x", "_text"),
        ("Patient?_content=not x", "_content"),
        ("Location?near=1|200", "near"),
        ("Patient?_contained=maybe", "_contained"),
        ("Observation?code-value-quantity=x", "code-value-quantity"),
        ("Patient?_type=Observation", "_type"),
        ("Patient?_list=$current-problems", "_list"),
        ("Condition?_list=$current-troubles", "_list"),
        ("Condition?_list=$current-problems,x", "_list"),
        ("Patient?name:below=x", "name:below"),
        ("Patient?_query=x", "_query"),
        ("Patient?_list=", "_list"),
        ("Patient?_list=%00", "_list"),
        ("Patient?=x", "=x"),
        ("Patient?_explain=maybe", "_explain"),
    ],
)
def test_what_is_not_answered_is_refused_by_name(caller: Caller, asked: str, word: str) -> None:
    issue = outcome(caller.get(asked), 400)
    assert word in f"{issue['diagnostics']} {issue.get('expression')}"


def test_a_lenient_search_tells_each_condition_that_it_passes_over(caller: Caller, tag: str) -> None:
    params = [("_tag", tag), ("subject.shoe", "1"), ("_filter", "name"), ("_include:recurse", "Patient:link")]
    answer = caller.get("Patient", params=params, headers={"prefer": "handling=lenient"})
    page: dict[str, Any] = answer.json()
    told = [entry["resource"] for entry in page["entry"] if entry["search"]["mode"] == "outcome"]
    assert len(told[0]["issue"]) == 3
    assert dict(parse_qsl(urlsplit(link(page, "self") or "").query)) == {"_tag": tag}
    assert page["total"] == 2
