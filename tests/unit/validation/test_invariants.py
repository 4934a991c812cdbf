"""The standard's own constraints, broken one at a time, are found where they stand."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from charthouse.fhir.definitions import Definitions, Invariant, load
from charthouse.fhir.path.model import model_of
from charthouse.validation.invariants import asking, constraint
from charthouse.validation.scene import Scene
from charthouse.validation.validator import Level
from tests.unit.validation.trees import bundle, concept, errors, found, observation, only, patient

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def condition(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, **elements}


BROKEN = [
    ("obs-6", "Observation", observation(valueString="x", dataAbsentReason={"text": "x"})),
    (
        "obs-7",
        "Observation",
        observation(
            valueString="x", code=concept("http://a.org", "1"), component=[{"code": concept("http://a.org", "1")}]
        ),
    ),
    ("obs-3", "Observation.referenceRange[0]", observation(referenceRange=[{"appliesTo": [{"text": "x"}]}])),
    (
        "obs-3",
        "Observation.component[0].referenceRange[0]",
        observation(component=[{"code": {"text": "y"}, "referenceRange": [{"appliesTo": [{"text": "x"}]}]}]),
    ),
    ("qty-3", "Observation.value", observation(valueQuantity={"value": 1, "code": "kg"})),
    ("per-1", "Observation.effective", observation(effectivePeriod={"start": "2024-02-01", "end": "2024-01-01"})),
    (
        "per-1",
        "Observation.effective",
        observation(effectivePeriod={"start": "2024-02-01T10:00:00Z", "end": "2024-02-01T10:00:00+02:00"}),
    ),
    ("ref-1", "Observation.subject", observation(subject={"reference": "#p"})),
    ("rat-1", "Observation.value", observation(valueRatio={"numerator": {"value": 1}})),
    ("rng-2", "Observation.value", observation(valueRange={"low": {"value": 2}, "high": {"value": 1}})),
    (
        "sqt-1",
        "Observation.referenceRange[0].low",
        observation(referenceRange=[{"low": {"value": 1, "comparator": "<"}}]),
    ),
    ("ext-1", "Patient.extension[0]", patient(extension=[{"url": "http://a.org"}])),
    (
        "ext-1",
        "Patient.birthDate.extension[0]",
        patient(birthDate="2000", _birthDate={"extension": [{"url": "http://a.org"}]}),
    ),
    ("pat-1", "Patient.contact[1]", patient(contact=[{"name": {"text": "x"}}, {"gender": "male"}])),
    ("cpt-2", "Patient.telecom[0]", patient(telecom=[{"value": "1"}])),
    ("att-1", "Patient.photo[0]", patient(photo=[{"data": "QQ=="}])),
    ("dom-3", "Patient", patient(contained=[{"resourceType": "Patient", "id": "p"}])),
    (
        "dom-4",
        "Patient",
        patient(
            contained=[{"resourceType": "Organization", "id": "o", "name": "x", "meta": {"versionId": "1"}}],
            managingOrganization={"reference": "#o"},
        ),
    ),
    (
        "dom-5",
        "Patient",
        patient(
            contained=[{"resourceType": "Organization", "id": "o", "name": "x", "meta": {"security": [{"code": "R"}]}}],
            managingOrganization={"reference": "#o"},
        ),
    ),
    ("org-1", "Organization", {"resourceType": "Organization", "active": True}),
    (
        "org-3",
        "Organization.telecom[1]",
        {
            "resourceType": "Organization",
            "name": "x",
            "telecom": [
                {"system": "phone", "value": "1", "use": "work"},
                {"system": "phone", "value": "1", "use": "home"},
            ],
        },
    ),
    (
        "con-5",
        "Condition",
        condition(
            clinicalStatus=concept(CLINICAL, "active"), verificationStatus=concept(VERIFICATION, "entered-in-error")
        ),
    ),
    ("con-4", "Condition", condition(clinicalStatus=concept(CLINICAL, "active"), abatementString="x")),
    (
        "txt-1",
        "Patient.text.div",
        patient(text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><blink>x</blink></div>'}),
    ),
    (
        "bdl-7",
        "Bundle",
        {**bundle(patient()), "entry": bundle(patient())["entry"] * 2},
    ),
    ("bdl-3", "Bundle", bundle(patient(), type="batch")),
    ("bdl-11", "Bundle", {
        **bundle(patient(), type="document"), "identifier": {"system": "http://a.org", "value": "1"},
        "timestamp": "2024-01-01T00:00:00Z",
    }),
    ("inv-1", "Task", {
        "resourceType": "Task", "status": "draft", "intent": "order",
        "authoredOn": "2024-02-02", "lastModified": "2024-02-01",
    }),
    (
        "que-2",
        "Questionnaire",
        {
            "resourceType": "Questionnaire",
            "status": "draft",
            "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "1", "type": "string"}]}],
        },
    ),
    (
        "que-3",
        "Questionnaire.item[0].item[0]",
        {
            "resourceType": "Questionnaire",
            "status": "draft",
            "item": [
                {
                    "linkId": "1",
                    "type": "group",
                    "item": [{"linkId": "2", "type": "display", "text": "x", "code": [{"code": "x"}]}],
                }
            ],
        },
    ),
    (
        "tim-1",
        "ServiceRequest.occurrence.repeat",
        {
            "resourceType": "ServiceRequest",
            "status": "draft",
            "intent": "order",
            "subject": {"reference": "Patient/1"},
            "occurrenceTiming": {"repeat": {"duration": 3}},
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "place", "tree"), BROKEN, ids=[f"{key} at {place}" for key, place, _ in BROKEN]
)
def test_a_broken_constraint_is_told_at_its_place_with_its_key_and_what_it_speaks_of(
    key: str, place: str, tree: dict[str, Any]
) -> None:
    before = copy.deepcopy(tree)
    issue = only(tree)
    assert (issue.place, issue.code, issue.severity) == (place, "invariant", "error")
    assert key in issue.message
    assert tree == before


def test_the_message_says_which_elements_to_look_at() -> None:
    issue = only(observation(valueString="x", dataAbsentReason={"text": "x"}))
    assert issue.message == (
        "dataAbsentReason SHALL only be present if Observation.value[x] is not present (rule obs-6 of FHIR)."
    )
    assert issue.repair == "Look at dataAbsentReason and value."


def test_a_constraint_inside_a_bundle_and_inside_contained_sees_its_own_resource() -> None:
    code = concept("http://a.org", "1")
    inner = observation(valueString="x", code=code, component=[{"code": code}])
    assert errors(bundle(patient(), inner)) == [("Bundle.entry[1].resource", "invariant")]
    outer = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": code,
        "contained": [{**observation(valueString="x", component=[{"code": code}]), "id": "o"}],
        "result": [{"reference": "#o"}],
    }
    assert errors(outer) == []
    outer["contained"] = [{**inner, "id": "o"}]
    assert errors(outer) == [("DiagnosticReport.contained[0]", "invariant")]


def test_a_contained_resource_may_refer_to_its_siblings_and_to_the_resource_it_is_in() -> None:
    organization = {"resourceType": "Organization", "id": "o", "name": "x"}
    held = {"resourceType": "Patient", "id": "p", "managingOrganization": {"reference": "#o"}}
    tree = observation(contained=[held, organization], subject={"reference": "#p"})
    assert errors(tree) == []
    held["managingOrganization"]["reference"] = "#nobody"  # type: ignore[index]
    assert errors(tree) == [
        ("Observation.contained[0].managingOrganization", "invariant"),
        ("Observation", "invariant"),
    ]


def test_what_is_contained_may_be_referred_to_by_a_uri_too() -> None:
    held = {"resourceType": "ValueSet", "id": "v", "status": "draft"}
    item = {"linkId": "1", "type": "choice", "answerValueSet": "#v"}
    tree = {"resourceType": "Questionnaire", "status": "draft", "contained": [held], "item": [item]}
    assert errors(tree) == []
    item["answerValueSet"] = "#w"
    assert errors(tree) == [("Questionnaire", "invariant")]


def test_the_entries_of_a_bundle_resolve_each_other() -> None:
    team = {
        "resourceType": "CareTeam",
        "participant": [
            {"member": {"reference": "urn:uuid:0"}, "onBehalfOf": {"reference": "Organization/1"}}
        ],
    }
    practitioner = {"resourceType": "Practitioner"}
    assert errors(bundle(practitioner, team)) == []
    assert errors(bundle(patient(), team)) == [("Bundle.entry[1].resource.participant[0]", "invariant")]
    team["participant"][0]["member"]["reference"] = "urn:uuid:9"  # type: ignore[index]
    assert errors(bundle(team)) == [], "a reference that cannot be followed breaks nothing"


def test_a_period_of_uncertain_order_keeps_the_rule() -> None:
    for start, end in (("2024", "2024-03"), ("2024-03-01", "2024-03-01T10:00:00Z")):
        assert errors(observation(effectivePeriod={"start": start, "end": end})) == []


def test_a_recommendation_is_a_warning_and_only_told_when_all_is_asked() -> None:
    tree = {"resourceType": "NutritionOrder", "status": "draft", "intent": "order", "dateTime": "2024"} | {
        "patient": {"reference": "Patient/1"}
    }
    assert found(tree) == []
    issues = found(tree, level=Level.FULL)
    assert {issue.severity for issue in issues} == {"warning"}
    assert [key in issue.message for key, issue in zip(("dom-6", "nor-1"), issues, strict=True)] == [
        True,
        True,
    ]


def test_shape_comes_first_but_a_bad_value_hides_no_constraint() -> None:
    tree = observation(valueString="x", dataAbsentReason={"text": "x"})
    assert errors({**tree, "issued": "yesterday"}) == [
        ("Observation.issued", "value"),
        ("Observation", "invariant"),
    ]
    assert errors({**tree, "issued": ["2024-01-01T00:00:00Z"]}) == [("Observation.issued", "structure")]
    del tree["status"]
    assert errors(tree) == [("Observation.status", "required"), ("Observation", "invariant")]


def test_a_constraint_that_cannot_be_evaluated_is_told_and_breaks_nothing() -> None:
    definitions: Definitions = load()
    model = model_of(definitions)
    for expression in ("code.coding.single().exists()", "%nobody.exists()", "no such language", "value.foo("):
        rule = Invariant("x-1", "error", "Something holds.", expression)
        tree = observation(code={"coding": [{"code": "a"}, {"code": "b"}]})
        answer = asking(rule, model, {})(Scene(tree).item(tree, "Observation"), Scene(tree))
        assert not isinstance(answer, bool)
        assert answer is not None
        assert answer.severity == "information"
        assert "x-1 (Something holds) was not checked" in answer.message
    told = constraint(Invariant("x-1", "error", "y", "code.coding.single().exists()"), "Observation", model)
    wrong = told(tree, None, 0, Scene(tree))
    assert wrong is not None
    assert wrong[0].code == "informational"


def test_every_constraint_of_the_standard_is_asked_somewhere() -> None:
    """All error constraints that stand on a type or an element are compiled into a rule."""
    definitions = load()
    for name in definitions.type_names:
        for at, note in definitions.notes(name).items():
            for one in note.invariants:
                holder, _, element = at.rpartition(".")
                is_type = model_of(definitions).definition(at) is not None
                assert is_type or element in definitions.type(holder).elements, (at, one.key)
