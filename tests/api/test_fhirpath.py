"""POST $fhirpath over HTTP: the form of FHIRPath Lab, bounded, for whoever is signed in, blind to the record."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from charthouse.api.operations import fhirpath
from charthouse.app import Clinic
from tests.api.conftest import FHIR_JSON, FHIR_XML, Caller, outcome, patient, token_for

GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDER = "http://hl7.org/fhir/administrative-gender"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
CORE = "http://hl7.org/fhir/StructureDefinition"
NAMED = "http://example.org/StructureDefinition/named-patient"
SHORT = "http://example.org/StructureDefinition/short-name"
OWN = "http://example.org/ValueSet/two-genders"
NOT_ALL = "http://example.org/ValueSet/partly-elsewhere"
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


# -- what asks the books


def coding(code: str, system: str = ICD) -> dict[str, Any]:
    return {"system": system, "code": code}


def variables(**given: dict[str, Any]) -> dict[str, Any]:
    """Codings and concepts to be asked with, by name."""
    kinds = {
        name: "valueCodeableConcept" if "coding" in tree else "valueCoding" for name, tree in given.items()
    }
    return {
        "name": "variables",
        "part": [{"name": name, kinds[name]: tree} for name, tree in given.items()],
    }


def profile(url: str, kind: str, path: str, **element: Any) -> dict[str, Any]:
    """A StructureDefinition that asks more of one element."""
    return {
        "resourceType": "StructureDefinition", "url": url, "name": "Own", "status": "active", "abstract": False,
        "kind": "resource" if kind == "Patient" else "complex-type", "type": kind, "fhirVersion": "4.0.1",
        "baseDefinition": f"{CORE}/{kind}", "derivation": "constraint",
        "differential": {"element": [{"id": path, "path": path, **element}]},
    }  # fmt: skip


@pytest.fixture(scope="module")
def own(caller: Caller) -> None:
    """Value sets and profiles of the clinic's own."""
    include = [{"system": GENDER, "concept": [{"code": "male"}, {"code": "female"}]}]
    elsewhere = [*include, {"valueSet": ["http://example.org/ValueSet/nowhere"]}]
    for url, parts in ((OWN, include), (NOT_ALL, elsewhere)):
        caller.made(
            {"resourceType": "ValueSet", "url": url, "status": "active", "compose": {"include": parts}}
        )
    caller.made(profile(NAMED, "Patient", "Patient.name", min=1))
    caller.made(profile(SHORT, "HumanName", "HumanName.given", max="1"))


def truth(caller: Caller, expression: str, of: Any, *more: dict[str, Any]) -> bool | None:
    """The one answer of an expression that is true or false; None where it is empty."""
    found = results(caller.post("$fhirpath", question(expression, of, *more)))
    assert len(found) <= 1
    return found[0]["valueBoolean"] if found else None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"gender.memberOf('{GENDERS}')", True),
        (f"gender.memberOf('{GENDERS}|4.0.1')", True),
        (
            f"maritalStatus.memberOf('{CORE.removesuffix('StructureDefinition')}ValueSet/marital-status')",
            True,
        ),
        (f"maritalStatus.coding.memberOf('{GENDERS}')", False),
        (f"language.memberOf('{GENDERS}')", False),
        (f"deceased.memberOf('{GENDERS}')", None),
        (f"gender.memberOf('{OWN}')", True),
        (f"language.memberOf('{OWN}')", False),
        (f"gender.memberOf('{NOT_ALL}')", True),
        (f"language.memberOf('{NOT_ALL}')", None),
    ],
)
def test_a_code_is_in_a_value_set_or_not(
    caller: Caller, own: None, expression: str, *, expected: bool | None
) -> None:
    married = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}]}
    assert truth(caller, expression, patient(maritalStatus=married, language="de")) is expected


def test_a_value_set_that_nobody_knows_is_refused_by_name(caller: Caller) -> None:
    asked = question("gender.memberOf('http://example.org/ValueSet/nowhere')", patient())
    issue = outcome(caller.post("$fhirpath", asked), 400)
    assert issue["code"] == "not-found"
    assert issue["expression"] == ["line 1, column 8"]
    assert "The value set is not at hand. Found: http://example.org/ValueSet/nowhere." in issue["diagnostics"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (coding("E11"), coding("E11.9"), True),
        (coding("E11.9"), coding("E11.9"), True),
        (coding("E11.9"), coding("E11"), False),
        (coding("E10"), coding("E11.9"), False),
        (coding("E11"), coding("E11", "urn:other"), False),
        ({"coding": [coding("x", "urn:other"), coding("E11")]}, coding("E11.9"), True),
        (coding("E11"), {"coding": [coding("E10.9"), coding("E11.9")]}, True),
        (coding("E11"), {"system": ICD}, None),
    ],
)
def test_a_code_stands_above_another_or_not(
    caller: Caller, one: dict[str, Any], other: dict[str, Any], *, expected: bool | None
) -> None:
    given = variables(one=one, other=other)
    assert truth(caller, "%one.subsumes(%other)", patient(), given) is expected
    assert truth(caller, "%other.subsumedBy(%one)", patient(), given) is expected


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (coding("E11"), coding("E11.99999"), "There is no such code in ICD-10-CM"),
        (coding("a", "urn:nowhere"), coding("b", "urn:nowhere"), "The code system is not at hand"),
        (coding("E11"), {"system": ICD, "code": "\x00"}, "There is no such code in ICD-10-CM"),
    ],
)
def test_codes_that_nobody_knows_are_refused_by_name(
    caller: Caller, one: dict[str, Any], other: dict[str, Any], said: str
) -> None:
    asked = question("%one.subsumes(%other)", patient(), variables(one=one, other=other))
    issue = outcome(caller.post("$fhirpath", asked), 400)
    assert said in issue["diagnostics"]
    assert issue["expression"] == ["line 1, column 6"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"conformsTo('{CORE}/Patient')", True),
        (f"conformsTo('{CORE}/Person')", False),
        (f"conformsTo('{CORE}/Patient|4.0.1')", True),
        (f"name.conformsTo('{CORE}/HumanName')", True),
        (f"conformsTo('{NAMED}')", True),
        (f"name.conformsTo('{NAMED}')", False),
        (f"name.conformsTo('{SHORT}')", True),
        (f"%short.conformsTo('{SHORT}')", False),
        (f"%odd.conformsTo('{CORE}/HumanName')", False),
    ],
)
def test_a_thing_keeps_a_profile_or_not(
    caller: Caller, own: None, expression: str, *, expected: bool
) -> None:
    given = {
        "name": "variables",
        "part": [
            {"name": "short", "valueHumanName": {"given": ["Ada", "Eve"]}},
            {"name": "odd", "valueHumanName": {"use": "robot", "given": "Ada"}},
        ],
    }
    assert truth(caller, expression, patient(), given) is expected


def test_a_resource_that_is_unsound_keeps_no_profile(caller: Caller, own: None) -> None:
    unnamed = patient()
    del unnamed["name"]
    assert truth(caller, f"conformsTo('{NAMED}')", unnamed) is False
    assert truth(caller, f"conformsTo('{CORE}/Patient')", unnamed) is True
    faults: list[dict[str, Any]] = [
        {"gender": "robot"}, {"name": "Ada"}, {"name": [{"given": [7]}]}, {"contact": [{}]},
    ]  # fmt: skip
    for wrong in faults:
        assert truth(caller, f"conformsTo('{CORE}/Patient')", patient(**wrong)) is False
        assert truth(caller, f"conformsTo('{NAMED}')", patient(**wrong)) is False


def test_a_profile_is_taken_as_it_stands_now(caller: Caller) -> None:
    url = "http://example.org/StructureDefinition/changing"
    made = caller.made(profile(url, "Patient", "Patient.photo", min=1))
    assert truth(caller, f"conformsTo('{url}')", patient()) is False
    changed = profile(url, "Patient", "Patient.name", min=1) | {"id": made["id"]}
    assert caller.put(f"StructureDefinition/{made['id']}", changed).status_code == 200
    assert truth(caller, f"conformsTo('{url}')", patient()) is True


@pytest.mark.parametrize("url", ["http://example.org/StructureDefinition/nowhere", f"{CORE}/Nothing"])
def test_a_profile_that_nobody_knows_is_refused_by_name(caller: Caller, url: str) -> None:
    issue = outcome(caller.post("$fhirpath", question(f"conformsTo('{url}')", patient())), 400)
    assert issue["code"] == "not-found"
    assert url in issue["diagnostics"]


@pytest.mark.parametrize(
    ("scope", "expression", "shut"),
    [
        ("system/StructureDefinition.rs", f"gender.memberOf('{OWN}')", "ValueSet"),
        ("system/StructureDefinition.rs", f"gender.memberOf('{GENDERS}')", "ValueSet"),
        (
            "system/StructureDefinition.rs system/ValueSet.rs?status=active",
            f"gender.memberOf('{OWN}')",
            "ValueSet",
        ),
        ("system/StructureDefinition.rs system/ValueSet.rs", "%a.subsumes(%a)", "CodeSystem"),
        ("system/StructureDefinition.rs", f"conformsTo('{NAMED}')", "ValueSet"),
        ("system/ValueSet.rs system/CodeSystem.rs", "id", "StructureDefinition"),
    ],
)
def test_who_may_not_read_the_books_gets_no_answer_out_of_them(
    runner: asyncio.Runner, clinic: Clinic, app: Any, own: None, scope: str, expression: str, shut: str
) -> None:
    narrow = Caller(runner, app, token_for(clinic, scope, "narrow"))
    for large in (patient(), patient(text={"status": "generated", "div": f"<div>{'x' * 60_000}</div>"})):
        asked = question(expression, large, variables(a=coding("E11")))
        issue = outcome(narrow.post("$fhirpath", asked), 403)
        assert shut in issue["diagnostics"]
    narrow.aclose()


def test_who_may_read_one_of_the_books_is_answered_from_that_one(
    runner: asyncio.Runner, clinic: Clinic, app: Any, own: None
) -> None:
    narrow = Caller(
        runner, app, token_for(clinic, "system/StructureDefinition.rs system/ValueSet.rs", "narrow")
    )
    assert truth(narrow, f"gender.memberOf('{OWN}')", patient()) is True
    assert truth(narrow, f"conformsTo('{NAMED}')", patient()) is True
    assert truth(narrow, "false and %a.subsumes(%a)", patient(), variables(a=coding("E11"))) is False
    narrow.aclose()


def test_questions_to_the_books_end_after_a_while(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhirpath, "SECONDS", 0.0)
    for expression in (f"gender.memberOf('{GENDERS}')", "%a.subsumes(%a)", f"conformsTo('{CORE}/Patient')"):
        asked = question(expression, patient(), variables(a=coding("E11")))
        answer = caller.post("$fhirpath", asked)
        assert outcome(answer, 400)["code"] == "too-costly"
        assert "retry-after" not in answer.headers
