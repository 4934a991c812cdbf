"""POST $fhirpath over HTTP: the form of FHIRPath Lab, bounded, for whoever is signed in, blind to the record."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import FHIR_JSON, FHIR_XML, Caller, outcome, patient

PATH = "http://fhir.forms-lab.com/StructureDefinition/resource-path"


def question(expression: str, of: Any, *more: dict[str, Any]) -> dict[str, Any]:
    asked = [{"name": "expression", "valueString": expression}, {"name": "resource", "resource": of}, *more]
    return {"resourceType": "Parameters", "parameter": asked}


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    """The parts of every result."""
    assert answer.status_code == 200, answer.text
    tree = answer.json()
    assert tree["resourceType"] == "Parameters"
    assert tree["parameter"][0]["name"] == "parameters"
    return [part for one in tree["parameter"][1:] for part in one.get("part", [])]


def test_an_expression_is_answered_with_typed_results(caller: Caller) -> None:
    answer = caller.post("$fhirpath", question("name.given | birthDate", patient()))
    assert answer.headers["content-type"].startswith(FHIR_JSON)
    assert results(answer) == [
        {
            "extension": [{"url": PATH, "valueString": "Patient.name[0].given[0]"}],
            "name": "string",
            "valueString": "Ada",
        },
        {
            "extension": [{"url": PATH, "valueString": "Patient.birthDate"}],
            "name": "date",
            "valueDate": "1980-02-29",
        },
    ]
    evaluator = answer.json()["parameter"][0]["part"][0]
    assert evaluator["valueString"].startswith("Charthouse ")
    assert evaluator["valueString"].endswith("(R4)")


def test_units_are_understood(caller: Caller) -> None:
    tree = {
        "resourceType": "Observation", "status": "final", "code": {"text": "temperature"},
        "valueQuantity": {"value": 38.5, "system": "http://unitsofmeasure.org", "code": "Cel"},
    }  # fmt: skip
    assert results(caller.post("$fhirpath", question("value > 101 '[degF]'", tree))) == [
        {"name": "boolean", "valueBoolean": True}
    ]


def test_the_question_and_the_answer_may_be_xml(caller: Caller) -> None:
    body = (
        '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="expression"/><valueString value="id"/>'
        '</parameter><parameter><name value="resource"/><resource><Patient><id value="x"/></Patient></resource>'
        "</parameter></Parameters>"
    )
    answer = caller.ask(
        "POST", "$fhirpath", content=body, headers={"content-type": FHIR_XML, "accept": FHIR_XML}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(FHIR_XML)
    assert '<valueId value="x"/>' in answer.text


@pytest.mark.parametrize(
    ("expression", "place", "said"),
    [
        ("name..given", "line 1, column 6", "A name is expected here"),
        ("name.given + 1", "line 1, column 12", "one item"),
        ("name\n.foo()", "line 2, column 2", "no function foo()"),
        ("", "expression", "missing"),
    ],
)
def test_a_bad_expression_is_refused_with_its_place(
    caller: Caller, expression: str, place: str, said: str
) -> None:
    tree = patient(name=[{"given": ["Ada", "Eve"]}])
    issue = outcome(caller.post("$fhirpath", question(expression, tree)), 400)
    assert issue["expression"] == [place]
    assert said in issue["diagnostics"]


def test_what_costs_too_much_is_refused_and_not_worth_trying_again(caller: Caller) -> None:
    numbers = " | ".join(str(number) for number in range(40))
    for expression in (
        f"({numbers}).aggregate($total & $total & 'abcdefgh', 'x').length()",
        "descendants().select(%resource.descendants().select(%resource.descendants()))",
    ):
        answer = caller.post("$fhirpath", question(expression, patient(name=[{"given": ["a"] * 60}])))
        issue = outcome(answer, 400)
        assert issue["code"] == "too-costly"
        assert "retry-after" not in answer.headers
    many = patient(name=[{"given": ["a" * 400] * 500}])
    issue = outcome(caller.post("$fhirpath", question("name.given.select(%resource)", many)), 400)
    assert "answer is longer" in issue["diagnostics"]


def test_a_large_resource_is_answered_too(caller: Caller) -> None:
    tree = patient(name=[{"given": ["x" * 50] * 3_000}])
    assert results(caller.post("$fhirpath", question("name.given.count()", tree))) == [
        {"name": "integer", "valueInteger": 3_000}
    ]


def test_a_longer_evaluation_is_carried_through(caller: Caller) -> None:
    tree = patient(name=[{"given": [f"n{number}" for number in range(80)]}])
    expression = "name.given.select(%resource.name.given.count()).aggregate($this + $total, 0)"
    assert results(caller.post("$fhirpath", question(expression, tree)))[0]["valueInteger"] == 6_400


def test_the_record_is_not_looked_at(caller: Caller) -> None:
    made = caller.made(patient())
    tree = {
        "resourceType": "Observation", "status": "final", "code": {"text": "x"},
        "subject": {"reference": f"Patient/{made['id']}"},
    }  # fmt: skip
    before = caller.newest()
    assert results(caller.post("$fhirpath", question("subject.resolve().birthDate", tree))) == []
    assert results(caller.post("$fhirpath", question("subject.resolve() is Patient", tree))) == [
        {"name": "boolean", "valueBoolean": True}
    ]
    assert caller.newest() == before


def test_nobody_without_a_token_is_answered(stranger: Caller) -> None:
    outcome(stranger.post("$fhirpath", question("id", patient())), 401)


def test_other_methods_and_places_are_refused(caller: Caller) -> None:
    answer = caller.get("$fhirpath")
    outcome(answer, 405)
    assert answer.headers["allow"] == "POST"
    outcome(caller.post("Patient/$fhirpath", question("id", patient())), 404)


def test_a_body_that_is_no_question_is_refused(caller: Caller) -> None:
    assert outcome(caller.post("$fhirpath", patient()), 400)["expression"] == ["resourceType"]
    assert "no body" in outcome(
        caller.ask("POST", "$fhirpath", content=b"", headers={"content-type": FHIR_JSON}), 400
    )["diagnostics"]  # fmt: skip
    huge = patient(name=[{"given": ["x" * 1000] * 2_100}])
    outcome(caller.post("$fhirpath", question("id", huge)), 413)
