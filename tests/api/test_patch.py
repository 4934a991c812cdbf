"""JSON Patch and FHIRPath Patch."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Caller, number, outcome, patient


def replace_gender(value: str) -> dict[str, Any]:
    """A FHIRPath Patch that sets Patient.gender."""
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "Patient.gender"},
        {"name": "value", "valueCode": value},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def test_a_json_patch_makes_the_next_version(caller: Caller) -> None:
    made = caller.made(patient())
    change = [
        {"op": "test", "path": "/gender", "value": "female"},
        {"op": "replace", "path": "/gender", "value": "other"},
        {"op": "add", "path": "/name/0/given/-", "value": "Chi"},
    ]
    answer = caller.patch(f"Patient/{made['id']}", change)
    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"2"'
    found = caller.get(f"Patient/{made['id']}").json()
    assert (found["gender"], found["name"][0]["given"]) == ("other", ["Ada", "Chi"])


def test_a_json_patch_keeps_the_digits_of_decimals(caller: Caller) -> None:
    made = caller.made({"resourceType": "Observation", "status": "final", "code": {"text": "weight"}})
    body = '[{"op": "add", "path": "/valueQuantity", "value": {"value": 72.50}}]'
    headers = {"content-type": "application/json-patch+json"}
    answer = caller.ask("PATCH", f"Observation/{made['id']}", content=body, headers=headers)
    assert answer.status_code == 200
    assert '"value":72.50' in caller.get(f"Observation/{made['id']}").text


def test_a_fhirpath_patch_makes_the_next_version(caller: Caller) -> None:
    made = caller.made(patient())
    answer = caller.patch(f"Patient/{made['id']}", replace_gender("other"))
    assert answer.status_code == 200
    assert caller.get(f"Patient/{made['id']}").json()["gender"] == "other"


def test_a_conditional_patch_finds_its_resource(caller: Caller) -> None:
    tree = patient()
    path = f"Patient?identifier={number(tree)}"
    outcome(caller.patch(path, replace_gender("other")), 404)
    made = caller.made(tree)
    assert caller.patch(path, replace_gender("other")).status_code == 200
    assert caller.get(f"Patient/{made['id']}").json()["gender"] == "other"
    caller.made(tree)
    outcome(caller.patch(path, replace_gender("male")), 412)


def test_a_patch_of_what_is_not_there_is_refused(caller: Caller) -> None:
    outcome(caller.patch("Patient/not-there", replace_gender("other")), 404)


def test_a_patch_that_fails_changes_nothing(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    before = caller.newest()
    for change, status in (
        ([{"op": "test", "path": "/gender", "value": "male"}], (400, 412, 422)),
        ([{"op": "remove", "path": "/nothing"}], (400, 422)),
        ([{"op": "replace", "path": "/birthDate", "value": "yesterday"}], (400, 422)),
        ([{"op": "replace", "path": "/id", "value": "other"}], (400, 422)),
        ([{"op": "replace", "path": "/resourceType", "value": "Person"}], (400, 422)),
        ([{"op": "frobnicate", "path": "/gender"}], (400, 422)),
        (["remove"], (400, 422)),
        (replace_gender("purple"), (400, 422)),
        ({"resourceType": "Parameters", "parameter": [{"name": "operation"}]}, (400, 422)),
        (patient(), (400,)),
    ):
        answer = caller.patch(path, change)
        assert answer.status_code in status, answer.text
        outcome(answer, answer.status_code)
    assert caller.newest() == before


def test_a_patch_of_another_form_is_refused_naming_those_that_are_taken(caller: Caller) -> None:
    made = caller.made(patient())
    for kind in ("application/merge-patch+json", "application/xml-patch+xml", "text/plain"):
        answer = caller.ask("PATCH", f"Patient/{made['id']}", content=b"{}", headers={"content-type": kind})
        issue = outcome(answer, 415)
        assert kind in issue["diagnostics"]
    answer = caller.ask("PATCH", f"Patient/{made['id']}", content=b"[]")
    assert "application/json-patch+json" in outcome(answer, 415)["diagnostics"]


def test_a_json_patch_that_is_no_list_is_refused(caller: Caller) -> None:
    made = caller.made(patient())
    headers = {"content-type": "application/json-patch+json"}
    for content, word in ((b"", "no body"), (b"{}", "list"), (b"[{]", "line 1"), (b'[], "a": [1', "line 1")):
        answer = caller.ask("PATCH", f"Patient/{made['id']}", content=content, headers=headers)
        assert word in outcome(answer, 400)["diagnostics"]
