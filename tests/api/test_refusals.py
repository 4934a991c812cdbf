"""Bad input: each is refused with place and value, and nothing is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.conftest import FHIR_JSON, FHIR_XML, Caller, outcome, patient

XMLNS = 'xmlns="http://hl7.org/fhir"'
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 9))

JSON_CASES: list[tuple[str, bytes, tuple[str, ...]]] = [
    ("a bracket that is never closed", b'{"resourceType":"Patient","active":true', ("line 1",)),
    ("a comma too many", b'{"resourceType":"Patient",\n"active":true,}', ("line 2",)),
    ("no JSON at all", b"family=Okafor", ("family=Okafor", "line 1")),
    ("an empty body", b"", ("no body",)),
    ("white space only", b" \n ", ("no body",)),
    ("a list", b'[{"resourceType":"Patient"}]', ("object",)),
    ("a bare string", b'"Patient"', ("object",)),
    ("null", b"null", ("object",)),
    ("no resourceType", b'{"active":true}', ("resourceType",)),
    ("a resourceType that is a number", b'{"resourceType":7}', ("resourceType", "7")),
    ("another resourceType", b'{"resourceType":"Observation"}', ("Observation", "Patient")),
    ("an unknown resourceType", b'{"resourceType":"Pateint"}', ("Pateint",)),
    ("a key twice", b'{"resourceType":"Patient","gender":"male","gender":"female"}', ('"gender"', "twice")),
    ("NaN", b'{"resourceType":"Patient","multipleBirthInteger":NaN}', ("NaN",)),
    ("Infinity", b'{"resourceType":"Patient","multipleBirthInteger":-Infinity}', ("Infinity",)),
    ("bytes that are not UTF-8", b'{"resourceType":"Patient","id":"\xff\xfe"}', ("UTF-8", "ff fe")),
    ("half a surrogate pair", b'{"resourceType":"Patient","language":"\\ud800"}', ("half a character",)),
    (
        "an unknown element",
        b'{"resourceType":"Patient","birthdate":"1980-01-01"}',
        ("birthdate", "birthDate"),
    ),
    ("a date that is none", b'{"resourceType":"Patient","birthDate":"1980-13-45"}', ("1980-13-45",)),
    ("a wrong code", b'{"resourceType":"Patient","gender":"purple"}', ("purple",)),
    ("a text for a boolean", b'{"resourceType":"Patient","active":"yes"}', ("yes",)),
    (
        "a single value for a list",
        b'{"resourceType":"Patient","name":{"family":"Okafor"}}',
        ("Patient.name",),
    ),
    ("an empty list", b'{"resourceType":"Patient","name":[]}', ("Patient.name",)),
    ("an empty object", b'{"resourceType":"Patient","name":[{}]}', ("Patient.name[0]",)),
    ("null in a list", b'{"resourceType":"Patient","name":[null]}', ("Patient.name[0]",)),
]


@pytest.mark.parametrize(
    ("content", "words"), [case[1:] for case in JSON_CASES], ids=[case[0] for case in JSON_CASES]
)
def test_json_that_is_no_patient_is_refused(caller: Caller, content: bytes, words: tuple[str, ...]) -> None:
    before = caller.newest()
    answer = caller.ask("POST", "Patient", content=content, headers={"content-type": FHIR_JSON})
    issue = outcome(answer, answer.status_code)
    assert answer.status_code in (400, 422)
    told = issue["diagnostics"] + " ".join(issue.get("expression", []))
    for word in words:
        assert word in told
    assert caller.newest() == before


XML_CASES: list[tuple[str, str, tuple[str, ...]]] = [
    ("a tag that is never closed", f"<Patient {XMLNS}><gender value='male'>", ()),
    ("no namespace", "<Patient><gender value='male'/></Patient>", ("namespace",)),
    ("an unknown element", f"<Patient {XMLNS}><sex value='male'/></Patient>", ("sex",)),
    ("another type", f"<Observation {XMLNS}/>", ("Observation",)),
    ("text between elements", f"<Patient {XMLNS}>hello<gender value='male'/></Patient>", ("hello",)),
    ("an entity", f"<!DOCTYPE x [<!ENTITY a 'male'>]><Patient {XMLNS}><gender value='&a;'/></Patient>", ()),
    ("a file", f"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><Patient {XMLNS}>&a;</Patient>", ()),
    ("a billion laughs", f"<!DOCTYPE x [<!ENTITY l0 'ha'>{LAUGHS}]><Patient {XMLNS}>&l8;</Patient>", ()),
    ("too many levels", f"<Patient {XMLNS}>" + "<contact>" * 5000 + "</contact>" * 5000 + "</Patient>", ()),
]


@pytest.mark.parametrize(
    ("content", "words"), [case[1:] for case in XML_CASES], ids=[case[0] for case in XML_CASES]
)
def test_xml_that_is_no_patient_is_refused(caller: Caller, content: str, words: tuple[str, ...]) -> None:
    before = caller.newest()
    answer = caller.ask("POST", "Patient", content=content.encode(), headers={"content-type": FHIR_XML})
    issue = outcome(answer, answer.status_code)
    assert answer.status_code in (400, 422)
    assert "root:" not in answer.text
    told = issue["diagnostics"] + " ".join(issue.get("expression", []))
    for word in words:
        assert word in told
    assert caller.newest() == before


@pytest.mark.parametrize("depth", [201, 5_000, 900_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_a_nesting_bomb_is_refused(caller: Caller, depth: int, opening: str, closing: str) -> None:
    depth = min(depth, 1_900_000 // len(opening + closing))
    before = caller.newest()
    for method, path in (("POST", "Patient"), ("PUT", "Patient/bomb"), ("POST", "")):
        content = f'{{"resourceType":"Patient","x":{opening * depth}1{closing * depth}}}'
        answer = caller.ask(method, path, content=content.encode(), headers={"content-type": FHIR_JSON})
        assert "nested" in outcome(answer, 400)["diagnostics"]
    headers = {"content-type": "application/json-patch+json"}
    answer = caller.ask("PATCH", "Patient/bomb", content=(opening * depth).encode(), headers=headers)
    outcome(answer, 400)
    assert caller.newest() == before


def test_several_findings_are_told_at_once(caller: Caller) -> None:
    tree = patient(gender="purple", birthDate="soon", colour="red")
    answer = caller.post("Patient", tree)
    places = {place for issue in answer.json()["issue"] for place in issue["expression"]}
    assert {"Patient.gender", "Patient.birthDate"} <= places
    assert len(answer.json()["issue"]) == 3


def test_the_same_is_refused_by_update_and_in_bundles(caller: Caller) -> None:
    before = caller.newest()
    wrong: dict[str, Any] = patient(id="wrong", gender="purple")
    assert "purple" in outcome(caller.put("Patient/wrong", wrong), 400)["diagnostics"]
    entry = {"resource": wrong, "request": {"method": "PUT", "url": "Patient/wrong"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    issue = outcome(caller.post("", bundle), 400)
    assert "purple" in issue["diagnostics"]
    assert issue["expression"][0].startswith("Bundle.entry[0].resource")
    batch = caller.post("", {**bundle, "type": "batch"}).json()
    assert batch["entry"][0]["response"]["status"].startswith("400")
    assert "purple" in json.dumps(batch["entry"][0]["response"]["outcome"])
    assert caller.newest() == before
