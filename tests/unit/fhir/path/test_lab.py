"""An expression asked in the form of FHIRPath Lab: Parameters in, Parameters out, nothing in between but the tree."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from charthouse.base.errors import Category, Problem
from charthouse.fhir import resource, xml
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Env, lab
from charthouse.fhir.path.typed import JSON_VALUE, PATH, XML_VALUE
from charthouse.fhir.path.values import UCUM
from charthouse.terminology.ucum import Ucum
from charthouse.validation.structure import check
from tests.unit.fhir.path.ask import PATIENT
from tests.unit.fhir.path.test_bounds import expressions

Part = dict[str, Any]


def question(expression: str, *more: Part, of: Any = PATIENT) -> dict[str, Any]:
    """The Parameters that ask `expression` of a resource."""
    asked = [{"name": "expression", "valueString": expression}, {"name": "resource", "resource": of}, *more]
    return {"resourceType": "Parameters", "parameter": asked}


def answered(asked: dict[str, Any], size: int = lab.MOST_BYTES, **known: Any) -> list[Part]:
    """The parameters of the answer, which is itself a valid resource."""
    env = Env(units=Ucum(), **known)
    found = lab.answer(lab.read(asked, load()), load(), env, evaluator="Tested 1.0 (R4)", size=size)
    assert not check(found, load())
    assert xml.to_xml(found, load())
    parameters: list[Part] = json.loads(resource.dump(found))["parameter"]
    return parameters


def results(expression: str, *more: Part, of: Any = PATIENT) -> list[Part]:
    """The parts of the only result."""
    _, only = answered(question(expression, *more, of=of))
    assert only["name"] == "result"
    parts: list[Part] = only.get("part", [])
    return parts


def at(place: str) -> Part:
    return {"url": PATH, "valueString": place}


def refused(asked: dict[str, Any], **known: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        answered(asked, **known)
    return caught.value


def test_the_example_of_the_lab_gives_the_results_of_the_lab() -> None:
    asked = question(
        "trace('trc').given.join(' ')\n.combine(family).join(', ')\n| family | %varValue",
        {"name": "context", "valueString": "name"},
        {"name": "validate", "valueBoolean": True},
        {"name": "variables", "part": [{"name": "varValue", "valueString": "testMe"}]},
        {"name": "terminologyserver", "valueString": "http://example.org/tx"},
    )
    told, first, second = answered(asked)
    assert first == {
        "name": "result",
        "valueString": "Patient.name[0]",
        "part": [
            {"name": "string", "valueString": "Peter James, Chalmers"},
            {"extension": [at("Patient.name[0].family")], "name": "string", "valueString": "Chalmers"},
            {"name": "string", "valueString": "testMe"},
            {
                "name": "trace",
                "valueString": "trc",
                "part": [
                    {
                        "extension": [at("Patient.name[0]")],
                        "name": "HumanName",
                        "valueHumanName": PATIENT["name"][0],
                    }
                ],
            },
        ],
    }
    assert second["valueString"] == "Patient.name[1]"
    parts = {part["name"]: part for part in told["part"]}
    assert told["name"] == "parameters"
    assert list(parts) == [
        "evaluator", "parseDebugTree", "parseDebug", "expression", "resource", "context", "validate", "variables",
        "terminologyServerUrl",
    ]  # fmt: skip
    assert parts["evaluator"]["valueString"] == "Tested 1.0 (R4)"
    assert parts["terminologyServerUrl"]["valueString"] == "http://example.org/tx (not used)"
    assert parts["resource"] == asked["parameter"][1]
    tree = json.loads(parts["parseDebugTree"]["valueString"])
    assert (tree["ExpressionType"], tree["Name"], tree["Position"], tree["Length"]) == (
        "BinaryExpression",
        "|",
        66,
        1,
    )
    assert parts["parseDebug"]["valueString"].startswith(
        "BinaryExpression |\n  BinaryExpression | : string[]\n"
    )


def test_results_are_typed_and_know_their_place() -> None:
    assert results("active | birthDate | managingOrganization | id") == [
        {"extension": [at("Patient.active")], "name": "boolean", "valueBoolean": True},
        {
            "extension": [at("Patient.birthDate")],
            "name": "date",
            "valueDate": "1974-12-25",
            "_valueDate": PATIENT["_birthDate"],
        },
        {
            "extension": [at("Patient.managingOrganization")],
            "name": "Reference",
            "valueReference": {"reference": "#o1"},
        },
        {"extension": [at("Patient.id")], "name": "id", "valueId": "p1"},
    ]
    text = "1 | 2.50 | 'a' | true | @2020-01 | @2020-01-01T10:00:00Z | @T10:30:00 | @T10:30 | 4 'mg' | 2 days"
    assert results(text) == [
        {"name": "integer", "valueInteger": 1},
        {"name": "decimal", "valueDecimal": 2.5},
        {"name": "string", "valueString": "a"},
        {"name": "boolean", "valueBoolean": True},
        {"name": "date", "valueDate": "2020-01"},
        {"name": "dateTime", "valueDateTime": "2020-01-01T10:00:00Z"},
        {"name": "time", "valueTime": "10:30:00"},
        {"extension": [{"url": JSON_VALUE, "valueString": '"10:30"'}], "name": "time"},
        {"name": "Quantity", "valueQuantity": {"value": 4, "unit": "mg", "system": UCUM, "code": "mg"}},
        {"name": "Quantity", "valueQuantity": {"value": 2, "unit": "day", "system": UCUM, "code": "d"}},
    ]  # fmt: skip


def test_an_empty_text_and_a_value_that_is_missing_are_told() -> None:
    assert results("''") == [{"name": "empty-string"}]
    masked = results("name[1].given[1]")
    assert masked == [
        {
            "extension": [at("Patient.name[1].given[1]")],
            "name": "string",
            "_valueString": {"extension": [{"url": "urn:x", "valueCode": "masked"}]},
        }
    ]
    assert results("deceased.where($this)") == []


def test_resources_are_resources_and_what_no_value_holds_is_json() -> None:
    tree = {**PATIENT, "contact": [{"gender": "female"}], "text": {"status": "empty", "div": "<div>x</div>"}}
    assert results("contained", of=tree) == [
        {
            "extension": [at("Patient.contained[0]")],
            "name": "Organization",
            "resource": PATIENT["contained"][0],
        }
    ]
    assert results("contact | text.div | text | type()", of=tree) == [
        {
            "extension": [
                at("Patient.contact[0]"),
                {"url": JSON_VALUE, "valueString": '{"gender":"female"}'},
            ],
            "name": "Patient.contact",
        },
        {
            "extension": [at("Patient.text.div"), {"url": JSON_VALUE, "valueString": '"<div>x</div>"'}],
            "name": "xhtml",
        },
        {
            "extension": [
                at("Patient.text"),
                {"url": JSON_VALUE, "valueString": '{"status":"empty","div":"<div>x</div>"}'},
            ],
            "name": "Narrative",
        },
        {
            "extension": [
                {
                    "url": JSON_VALUE,
                    "valueString": '{"namespace":"FHIR","name":"Patient","baseType":"FHIR.DomainResource"}',
                }
            ],
            "name": "SimpleTypeInfo",
        },
    ]


def test_decimals_keep_their_digits() -> None:
    tree = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("72.50"), "unit": "kg"}}
    found = lab.answer(lab.read(question("value.value", of=tree), load()), load(), Env(), evaluator="x")
    assert b'"valueDecimal":72.50' in resource.dump(found)


@pytest.mark.parametrize(
    "sent",
    [
        {"valueString": json.dumps(PATIENT)},
        {"extension": [{"url": JSON_VALUE, "valueString": json.dumps(PATIENT)}]},
        {"extension": [{"url": XML_VALUE, "valueString": xml.to_xml(PATIENT, load()).decode()}]},
        {"valueString": xml.to_xml(PATIENT, load()).decode()},
    ],
    ids=["text", "json extension", "xml extension", "xml text"],
)
def test_a_resource_may_come_as_text(sent: Part) -> None:
    asked = {
        "resourceType": "Parameters",
        "parameter": [{"name": "expression", "valueString": "birthDate"}, {"name": "resource", **sent}],
    }
    told, result = answered(asked)
    assert result["part"][0]["valueDate"] == "1974-12-25"
    assert {"name": "resource", **sent} in told["part"]


def test_variables_have_the_types_they_come_with() -> None:
    given = [
        {"name": "day", "valueDate": "2020-01-31"},
        {"name": "`a name`", "valueString": "x"},
        {"name": "coding", "valueCoding": {"code": "c"}},
        {"name": "person", "resource": {"resourceType": "Person", "id": "z"}},
        {"name": "part", "extension": [{"url": JSON_VALUE, "valueString": '{"a": 1}'}]},
        {"name": "none"},
    ]
    found = results(
        "(%day + 1 month) | %`a name` | %coding.code | %person.id | %none | %none.empty()",
        {"name": "variables", "part": given},
    )
    assert found == [
        {"name": "date", "valueDate": "2020-02-29"},
        {"name": "string", "valueString": "x"},
        {"name": "code", "valueCode": "c"},
        {"name": "id", "valueId": "z"},
        {"name": "boolean", "valueBoolean": True},
    ]


def test_context_gives_one_result_for_each_item() -> None:
    _, *found = answered(
        question(
            "%context.use | %resource.id | $this.given.first() | %rootResource.active",
            {"name": "context", "valueString": "name"},
        )
    )
    assert [one["valueString"] for one in found] == ["Patient.name[0]", "Patient.name[1]"]
    assert [[part[next(key for key in part if key.startswith("value"))] for part in one["part"]] for one in found] == [
        ["official", "p1", "Peter", True],
        ["usual", "p1", "Jim", True],
    ]  # fmt: skip
    _, *computed = answered(question("$this + 1", {"name": "context", "valueString": "1 | 2"}))
    assert [(one["valueString"], one["part"][0]["valueInteger"]) for one in computed] == [
        ("1 | 2[0]", 2), ("1 | 2[1]", 3),
    ]  # fmt: skip
    assert len(answered(question("id", {"name": "context", "valueString": "contact"}))) == 1


def test_resolving_stays_inside_the_resource() -> None:
    asked: list[str] = []
    _, result = answered(question("managingOrganization.resolve().name"), resolve=asked.append)
    assert result["part"][0]["valueString"] == "Inside"
    assert not asked
    tree = {**PATIENT, "managingOrganization": {"reference": "Organization/o1"}}
    assert results("managingOrganization.resolve()", of=tree) == []


@pytest.mark.parametrize(
    ("asked", "place", "said"),
    [
        ({"resourceType": "Patient"}, "resourceType", "Parameters"),
        ({"resourceType": "Parameters"}, "expression", "missing"),
        (question(" "), "expression", "missing"),
        (question("id", of=None), "resource", "missing"),
        (question("id", of={"resourceType": "Nothing"}), "resource.resourceType", "no resource of R4"),
        (question("id", of="x"), "resource", "missing"),
        (question("id", {"name": "expression", "valueString": "x"}), "expression", "once"),
        (question("id", {"name": "wrong"}), "Parameters.parameter[2].name", "no such parameter"),
        (question("id", {"name": "context", "valueString": "name.("}), "line 1, column 6", "A name is expected"),
        (question("id", {"name": "context", "valueInteger": 1, "valueString": 4}), "context", "a string"),
        (question("id", {"name": "variables", "part": [{"valueString": "x"}]}), "variables.part.name", "a name"),
        (question("name..x"), "line 1, column 6", "A name is expected"),
        (question("name.foo()"), "line 1, column 6", "no function foo()"),
        (question("name.given + 1"), "line 1, column 12", "one item"),
        (question("1 + true", {"name": "context", "valueString": "name"}), "line 1, column 3", "no meaning"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_says_where(asked: Any, place: str, said: str) -> None:
    failure = refused(asked)
    assert failure.category is Category.INVALID
    assert failure.issues[0].place == place
    assert said in failure.issues[0].message


def test_a_path_that_can_find_nothing_is_doubted_where_asked() -> None:
    told, result = answered(question("name.gven", {"name": "validate", "valueBoolean": True}))
    assert "part" not in result
    doubt = next(part["resource"] for part in told["part"] if part["name"] == "debugOutcome")
    assert doubt["issue"][0]["severity"] == "warning"
    assert "given" in doubt["issue"][0]["diagnostics"]
    told, _ = answered(question("name.gven"))
    assert not [part for part in told["part"] if part["name"] in ("debugOutcome", "parseDebug")]


def test_the_type_that_is_expected_is_told() -> None:
    told, _ = answered(question("name.given"))
    assert {"name": "expectedReturnType", "valueString": "string[]"} in told["part"]
    told, _ = answered(question("children()"))
    assert not [part for part in told["part"] if part["name"] == "expectedReturnType"]


def test_the_answer_is_bounded() -> None:
    big = question("(1 | 2 | 3 | 4 | 5).select(%resource.name.select(%resource))")
    failure = refused(big, size=5_000)
    assert failure.category is Category.TOO_COSTLY
    assert "5000 bytes" in str(failure)
    traced = question("(1 | 2 | 3 | 4 | 5).select(%resource.name.select(%resource)).trace('x').count()")
    assert refused(traced, size=5_000).category is Category.TOO_COSTLY
    assert refused(
        question("descendants().select(%resource.descendants()).count()"), budget=100
    ).category is (Category.TOO_COSTLY)
    many = "descendants().select(%resource.descendants().combine(%resource.descendants()))"
    numbers = {"name": "context", "valueString": many}
    assert "more than 1000 items" in str(refused(question("id", numbers)))


@settings(max_examples=60, deadline=None)
@given(expressions())
def test_any_expression_is_answered_with_a_resource_or_refused(expression: str) -> None:
    asked = question(expression, {"name": "validate", "valueBoolean": True})
    try:
        found = lab.answer(lab.read(asked, load()), load(), Env(budget=20_000), evaluator="x", size=100_000)
    except Problem:
        return
    assert len(resource.dump(found)) < 400_000
    json.loads(resource.dump(found))
