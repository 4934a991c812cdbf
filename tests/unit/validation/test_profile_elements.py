"""What a profile can ask of one element: how many, of which type, with which value, code and length."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from charthouse.base.errors import Issue
from charthouse.fhir.resource import parse
from charthouse.validation.profile.fixed import fits, is_same
from charthouse.validation.validator import Validator
from tests.unit.validation.profiles import Shelf, element, profile
from tests.unit.validation.test_bindings import Books
from tests.unit.validation.trees import DEFINITIONS, bundle, concept, observation, patient

MADE = "http://example.org/made"


def judged(tree: Any, type: str, *elements: dict[str, Any], codes: Any = None, **more: Any) -> list[Issue]:
    """What a profile of these elements says of the tree, by differential and by snapshot alike."""
    answers = []
    for snapshot in (False, True):
        made = profile("made", type, *elements, snapshot=snapshot, title="Our Profile", **more)
        validator = Validator(DEFINITIONS, Shelf(made), codes)
        answers.append(validator.check(tree, profiles=[MADE], limit=50))
    assert answers[0] == answers[1]
    return answers[0]


def told(issues: list[Issue]) -> list[tuple[str | None, str]]:
    return [(issue.place, issue.code) for issue in issues if issue.severity == "error"]


# --- how many -------------------------------------------------------------------------------------------


def test_an_element_that_a_profile_requires_is_missed_with_its_title_and_what_to_add() -> None:
    wanted = element("Patient.name", min=1, short="Name  of the\npatient")
    (issue,) = judged(patient(), "Patient", wanted)
    assert issue == Issue(
        "required",
        'Our Profile wants "name".',
        "Patient.name",
        None,
        "Add name (HumanName): Name of the patient.",
    )
    assert judged(patient(name=[{"text": "x"}]), "Patient", wanted) == []
    two = element("Patient.name", min=2)
    assert (
        "at least 2 times, and there are 1"
        in judged(patient(name=[{"text": "x"}]), "Patient", two)[0].message
    )


def test_an_element_inside_another_is_asked_of_each_of_them() -> None:
    wanted = element("Patient.name.family", min=1)
    assert told(judged(patient(name=[{"family": "a"}, {"text": "b"}]), "Patient", wanted)) == [
        ("Patient.name[1].family", "required")
    ]
    assert judged(patient(), "Patient", wanted) == []


@pytest.mark.parametrize(
    ("most", "count", "message"),
    [("1", 2, "allows name once only, and it is given 2 times"), ("0", 1, "allows no name here."),
     ("2", 3, "allows name 2 times only, and it is given 3 times")],
)  # fmt: skip
def test_no_more_than_a_profile_allows(most: str, count: int, message: str) -> None:
    (issue,) = judged(patient(name=[{"text": "x"}] * count), "Patient", element("Patient.name", max=most))
    assert (issue.place, issue.code) == ("Patient.name", "invalid")
    assert message in issue.message


def test_a_primitive_that_has_only_an_extension_counts() -> None:
    absent = {"extension": [{"url": "http://example.org/a", "valueCode": "unknown"}]}
    assert judged(patient(_birthDate=absent), "Patient", element("Patient.birthDate", min=1)) == []
    wanted = element("Patient.birthDate.extension", min=1)
    assert judged(patient(_birthDate=absent), "Patient", wanted) == []
    assert told(judged(patient(birthDate="2000"), "Patient", wanted)) == [
        ("Patient.birthDate.extension", "required")
    ]


def test_what_the_type_asks_already_is_not_asked_twice() -> None:
    tree = observation()
    del tree["status"]
    assert told(judged(tree, "Observation", element("Observation.status", min=1, max="1"))) == [
        ("Observation.status", "required")
    ]


# --- types ----------------------------------------------------------------------------------------------


def test_a_choice_that_a_profile_narrows() -> None:
    wanted = element("Observation.value[x]", type=["Quantity", "CodeableConcept"])
    assert judged(observation(valueQuantity={"value": 1}), "Observation", wanted) == []
    (issue,) = judged(observation(valueString="x"), "Observation", wanted)
    assert (issue.place, issue.code) == ("Observation.value", "invalid")
    assert (
        issue.message == "Our Profile wants value as Quantity or CodeableConcept, and it is given as string."
    )
    assert issue.repair == "Give it as valueQuantity or valueCodeableConcept."


def test_a_wrong_type_is_all_that_is_told_of_a_value() -> None:
    elements = (
        element("Observation.value[x]", type=["Quantity"]),
        element("Observation.value[x].code", min=1),
    )
    assert told(judged(observation(valueString="x"), "Observation", *elements)) == [
        ("Observation.value", "invalid")
    ]
    assert told(judged(observation(valueQuantity={"value": 1}), "Observation", *elements)) == [
        ("Observation.value.code", "required")
    ]


def test_the_resources_that_may_be_contained_or_stand_in_a_bundle() -> None:
    wanted = element("Bundle.entry.resource", type=["Patient", "Observation"])
    assert judged(bundle(patient(), observation()), "Bundle", wanted) == []
    assert told(
        judged(bundle(patient(), {"resourceType": "Basic", "code": {"text": "x"}}), "Bundle", wanted)
    ) == [("Bundle.entry[1].resource", "invalid")]


def test_a_profile_for_another_type_is_refused() -> None:
    (issue,) = judged(observation(), "Patient")
    assert issue.message == "Our Profile is for Patient, and this is Observation."


# --- values ---------------------------------------------------------------------------------------------


def test_a_fixed_value_is_the_whole_value() -> None:
    wanted = element(
        "Observation.code", fixedCodeableConcept={"coding": [{"system": "http://a.org", "code": "1"}]}
    )
    assert judged(observation(code=concept("http://a.org", "1")), "Observation", wanted) == []
    (issue,) = judged(observation(code=concept("http://a.org", "1", text="x")), "Observation", wanted)
    assert (issue.place, issue.code, issue.value) == ("Observation.code", "value", "http://a.org#1")
    assert issue.message == "Our Profile wants exactly this value here: code 1 of http://a.org."


def test_a_pattern_is_a_part_of_the_value() -> None:
    wanted = element(
        "Observation.code", patternCodeableConcept={"coding": [{"system": "http://a.org", "code": "1"}]}
    )
    good = {"coding": [{"code": "z"}, {"system": "http://a.org", "code": "1", "display": "One"}], "text": "x"}
    assert judged(observation(code=good), "Observation", wanted) == []
    (issue,) = judged(observation(code=concept("http://a.org", "2")), "Observation", wanted)
    assert issue.message == "Our Profile wants this here: code 1 of http://a.org."
    assert issue.value == "http://a.org#2"
    assert issue.repair == "Add code 1 of http://a.org."


def test_a_fixed_primitive_in_an_array_is_asked_of_each() -> None:
    wanted = element("Patient.name.given", fixedString="Ada")
    assert told(judged(patient(name=[{"given": ["Ada", "Eve"]}]), "Patient", wanted)) == [
        ("Patient.name[0].given[1]", "value")
    ]


@pytest.mark.parametrize(
    ("value", "wanted", "same", "part"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, False, True),
        ({"a": 1}, {"a": 1}, True, True),
        ({"a": [1, 2]}, {"a": [2]}, False, True),
        ({"a": [1, 2]}, {"a": [2, 1]}, False, True),
        ({"a": [{"b": 1, "c": 2}]}, {"a": [{"c": 2}]}, False, True),
        (True, 1, False, False),
        (1, True, False, False),
        ("a", "a", True, True),
        (Decimal("1.0"), Decimal("1.00"), False, True),
        (Decimal("1.0"), Decimal("1.0"), True, True),
        (None, "a", False, False),
        ([1], {"a": 1}, False, False),
    ],
)
def test_what_is_the_same_and_what_is_a_part(value: Any, wanted: Any, same: bool, part: bool) -> None:
    assert is_same(value, wanted) is same
    assert fits(value, wanted) is part


@pytest.mark.parametrize(
    ("limit", "good", "bad", "message"),
    [
        (
            {"minValueDecimal": Decimal("0.5")},
            "0.5",
            "0.4",
            "is less than Our Profile allows; it may be 0.5 at least.",
        ),
        (
            {"maxValueDecimal": Decimal("10")},
            "10.0",
            "10.1",
            "is greater than Our Profile allows; it may be 10 at most.",
        ),
    ],
)
def test_the_bounds_of_a_number(limit: dict[str, Any], good: str, bad: str, message: str) -> None:
    elements = (
        element("Observation.value[x]", type=["Quantity"]),
        element("Observation.value[x].value", **limit),
    )

    def answer(number: str) -> list[tuple[str | None, str]]:
        tree = observation(valueQuantity={"value": Decimal(number)})
        return [(issue.place, issue.message) for issue in judged(tree, "Observation", *elements)]

    assert answer(good) == []
    assert answer(bad) == [("Observation.value.value", f"The value {message}")]


def test_the_bounds_of_a_date_and_of_a_quantity() -> None:
    assert told(
        judged(
            patient(birthDate="1899-12-31"),
            "Patient",
            element("Patient.birthDate", minValueDate="1900-01-01"),
        )
    ) == [("Patient.birthDate", "value")]
    limit = {"value": 100, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}
    wanted = element("Observation.value[x]", type=["Quantity"], maxValueQuantity=limit)
    assert told(judged(observation(valueQuantity={**limit, "value": 101}), "Observation", wanted)) == [
        ("Observation.value", "value")
    ]
    assert judged(observation(valueQuantity={**limit, "value": 99}), "Observation", wanted) == []


def test_a_bound_that_cannot_be_compared_is_information() -> None:
    wanted = element("Patient.birthDate", minValueQuantity={"value": 1})
    (issue,) = judged(patient(birthDate="2000"), "Patient", wanted)
    assert issue.severity == "information"


def test_the_length_of_a_text() -> None:
    wanted = element("Patient.name.family", maxLength=3)
    (issue,) = judged(patient(name=[{"family": "abcd"}]), "Patient", wanted)
    assert issue.message == "The text has 4 characters; Our Profile allows 3."


# --- codes ----------------------------------------------------------------------------------------------


LETTERS = "http://example.org/letters"
BOOKS = Books(letters={("http://a.org", "a")}, few={("http://a.org", "a"), ("http://a.org", "b")})


def bound(strength: str, **more: Any) -> dict[str, Any]:
    return element("Observation.code", binding={"strength": strength, "valueSet": LETTERS, **more})


@pytest.mark.parametrize(
    ("strength", "severities"),
    [("required", ["error"]), ("extensible", ["warning"]), ("preferred", []), ("example", [])],
)
def test_the_strength_of_a_binding_is_the_severity(strength: str, severities: list[str]) -> None:
    tree = observation(code=concept("http://a.org", "z"))
    issues = judged(tree, "Observation", bound(strength), codes=BOOKS)
    assert [issue.severity for issue in issues] == severities
    for issue in issues:
        assert issue.place == "Observation.code"
        assert f"that Our Profile binds this element to ({strength}): {LETTERS}." in issue.message


def test_the_greatest_set_of_a_binding_is_required() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
    wanted = bound("extensible", extension=[{"url": url, "valueCanonical": "http://example.org/few"}])
    severities = {
        code: [
            issue.severity
            for issue in judged(
                observation(code=concept("http://a.org", code)), "Observation", wanted, codes=BOOKS
            )
        ]
        for code in "abz"
    }
    assert severities == {"a": [], "b": ["warning"], "z": ["error", "warning"]}


def test_a_binding_on_a_choice_is_asked_of_the_types_that_have_codes() -> None:
    wanted = element("Observation.value[x]", binding={"strength": "required", "valueSet": LETTERS})
    for tree in (observation(valueString="a"), observation(valueInteger=1)):
        assert len(judged(tree, "Observation", wanted, codes=BOOKS)) == (1 if "valueString" in tree else 0)
    coded = observation(valueCodeableConcept=concept("http://a.org", "z"))
    assert told(judged(coded, "Observation", wanted, codes=BOOKS)) == [("Observation.value", "code-invalid")]


# --- rules ----------------------------------------------------------------------------------------------


def rule(expression: str, severity: str = "error", **more: Any) -> dict[str, Any]:
    return {
        "key": "our-1",
        "severity": severity,
        "human": "There is a family name.",
        "expression": expression,
        **more,
    }


def test_a_rule_of_a_profile_is_told_with_its_text_its_key_and_the_profile() -> None:
    wanted = element("Patient.name", constraint=[rule("family.exists()")])
    (issue,) = judged(patient(name=[{"family": "x"}, {"text": "x"}]), "Patient", wanted)
    assert (issue.place, issue.code, issue.severity) == ("Patient.name[1]", "invariant", "error")
    assert issue.message == "There is a family name (rule our-1 of Our Profile)."
    assert issue.repair == "Look at family."
    warning = element("Patient.name", constraint=[rule("family.exists()", "warning")])
    assert [one.severity for one in judged(patient(name=[{"text": "x"}]), "Patient", warning)] == ["warning"]


def test_a_rule_on_a_choice_is_asked_of_whatever_type_stands_there() -> None:
    wanted = element(
        "Observation.effective[x]", constraint=[rule("($this as dateTime).toString().length() >= 8")]
    )
    assert told(judged(observation(effectiveDateTime="2024"), "Observation", wanted)) == [
        ("Observation.effective", "invariant")
    ]
    assert judged(observation(effectiveDateTime="2024-01-01"), "Observation", wanted) == []
    assert judged(observation(effectivePeriod={"start": "2024"}), "Observation", wanted) == []


def test_a_rule_that_names_the_standard_as_its_source_is_the_standards() -> None:
    source = "http://hl7.org/fhir/StructureDefinition/HumanName"
    assert (
        judged(
            patient(name=[{"text": "x"}]),
            "Patient",
            element("Patient.name", constraint=[rule("false", source=source)]),
        )
        == []
    )


def test_rules_that_cannot_be_asked_are_information() -> None:
    for one in (rule("no such thing"), {"key": "our-1", "severity": "error", "human": "x"}):
        (issue,) = judged(patient(name=[{"text": "x"}]), "Patient", element("Patient.name", constraint=[one]))
        assert issue.severity == "information"
        assert "was not checked" in issue.message


def test_rules_may_ask_for_codes_and_for_profiles() -> None:
    expressions = {
        f"code.memberOf('{LETTERS}')": [True, False],
        "subject.resolve().conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')": [True, True],
        "conformsTo('http://example.org/nobody')": [True, True],
    }
    for expression, answers in expressions.items():
        wanted = element("Observation", constraint=[rule(expression)])
        made = profile("made", "Observation")
        made["differential"]["element"] = [wanted]
        validator = Validator(DEFINITIONS, Shelf(made), BOOKS)
        trees = [observation(code=concept("http://a.org", code)) for code in "az"]
        found = [not told(validator.check(tree, profiles=[MADE])) for tree in trees]
        assert found == answers, expression


# --- content elsewhere ------------------------------------------------------------------------------------


def test_content_that_refers_to_another_element_is_asked_the_same() -> None:
    elements = (
        element("Questionnaire.item", id="Questionnaire.item"),
        element("Questionnaire.item.text", id="Questionnaire.item.text", min=1),
        element(
            "Questionnaire.item.item", id="Questionnaire.item.item", contentReference="#Questionnaire.item"
        ),
    )
    tree = parse(
        b'{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","text":"a","type":"group",'
        b'"item":[{"linkId":"2","type":"string"}]}]}'
    )
    assert told(judged(tree, "Questionnaire", *elements)) == [
        ("Questionnaire.item[0].item[0].text", "required")
    ]


def test_elements_that_the_type_does_not_have_ask_nothing() -> None:
    odd = [
        element("Patient.frobnicate", min=1),
        element("Patient.name.frobnicate.x", min=1),
        {"min": 1},
        "text",
    ]
    assert judged(patient(), "Patient", *odd) == []  # type: ignore[arg-type]
