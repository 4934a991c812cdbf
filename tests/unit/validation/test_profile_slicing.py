"""Slices: told apart by each kind of discriminator, counted, kept in order, closed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.validation.profiles import element, sliced
from tests.unit.validation.test_bindings import Books
from tests.unit.validation.test_profile_elements import judged, told
from tests.unit.validation.trees import bundle, concept, observation, patient

LOINC = "http://loinc.org"


def component(code: str, **more: Any) -> dict[str, Any]:
    return {"code": concept(LOINC, code), **more}


def pressure(kind: str = "pattern", path: str = "code", **how: Any) -> list[dict[str, Any]]:
    """Systolic exactly once, diastolic at most once."""
    name = "fixed" if kind == "value" else "pattern"
    return [
        sliced("Observation.component", (kind, path), **how),
        element("Observation.component", "systolic", min=1, max="1", short="Systolic blood pressure"),
        element("Observation.component.code", **{f"{name}CodeableConcept": concept(LOINC, "8480-6")}),
        element("Observation.component.value[x]", min=1),
        element("Observation.component", "diastolic", min=0, max="1"),
        element("Observation.component.code", **{f"{name}CodeableConcept": concept(LOINC, "8462-4")}),
    ]


@pytest.mark.parametrize("kind", ["pattern", "value"])
def test_slices_by_value_are_counted_and_their_items_are_asked_what_the_slice_asks(kind: str) -> None:
    elements = pressure(kind)
    good = component("8480-6", valueString="x")
    assert (
        judged(
            observation(component=[good, component("8462-4"), component("other")]), "Observation", *elements
        )
        == []
    )
    assert told(judged(observation(component=[component("8462-4")]), "Observation", *elements)) == [
        ("Observation.component", "required")
    ]
    assert told(
        judged(observation(component=[component("other"), component("8480-6")]), "Observation", *elements)
    ) == [("Observation.component[1].value", "required")]
    assert told(judged(observation(component=[good, good]), "Observation", *elements)) == [
        ("Observation.component", "invalid")
    ]


def test_a_missing_slice_is_told_with_what_to_add() -> None:
    (issue,) = judged(observation(component=[component("8462-4")]), "Observation", *pressure())
    assert issue.message == (
        'Our Profile wants component "systolic" (Systolic blood pressure), and there is none.'
    )
    assert issue.repair == "Add an item to component: code 8480-6 of http://loinc.org."


def test_an_item_that_is_in_no_slice_of_a_closed_slicing_is_told_which_there_are() -> None:
    tree = observation(component=[component("8480-6", valueString="x"), component("other")])
    (issue,) = judged(tree, "Observation", *pressure(rules="closed"))
    assert (issue.place, issue.code, issue.value) == (
        "Observation.component[1]",
        "invalid",
        "code other of http://loinc.org",
    )
    assert issue.message == (
        'Our Profile allows only these for component: "systolic" (Systolic blood pressure): code 8480-6 of '
        'http://loinc.org; "diastolic": code 8462-4 of http://loinc.org.'
    )


def test_others_may_stand_at_the_end_only_where_that_is_the_rule() -> None:
    good, other = component("8480-6", valueString="x"), component("other")
    elements = pressure(rules="openAtEnd")
    assert judged(observation(component=[good, other]), "Observation", *elements) == []
    assert told(judged(observation(component=[other, good]), "Observation", *elements)) == [
        ("Observation.component[0]", "invalid")
    ]


def test_the_order_of_slices() -> None:
    good, lower = component("8480-6", valueString="x"), component("8462-4")
    elements = pressure(slicing={"ordered": True})
    assert judged(observation(component=[good, lower]), "Observation", *elements) == []
    (issue,) = judged(observation(component=[lower, good]), "Observation", *elements)
    assert (issue.place, issue.message) == (
        "Observation.component[1]",
        "Our Profile wants component in this order: systolic, diastolic.",
    )


# --- discriminators -----------------------------------------------------------------------------------------


def named(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    """A slice of Patient.identifier that wants a value."""
    return [*elements, element("Patient.identifier.value", min=1)]


IDENTIFIERS = {
    "nested path": named(
        sliced("Patient.identifier", ("value", "type.coding.code")),
        element("Patient.identifier", "mr", min=1),
        element("Patient.identifier.type.coding.code", fixedCode="MR"),
    ),
    "two discriminators": named(
        sliced("Patient.identifier", ("value", "type.coding.code"), ("value", "type.coding.system")),
        element("Patient.identifier", "mr", min=1),
        element("Patient.identifier.type.coding.system", fixedUri="http://v2.org"),
        element("Patient.identifier.type.coding.code", fixedCode="MR"),
    ),
    "inside a pattern": named(
        sliced("Patient.identifier", ("value", "type.coding.code")),
        element("Patient.identifier", "mr", min=1, patternIdentifier={"type": concept("http://v2.org", "MR")}),
    ),
    "inside a pattern further up": named(
        sliced("Patient.identifier", ("pattern", "type")),
        element("Patient.identifier", "mr", min=1),
        element("Patient.identifier.type.coding", min=1, patternCoding={"code": "MR"}),
    ),
    "the value itself": named(
        sliced("Patient.identifier", ("pattern", "$this")),
        element("Patient.identifier", "mr", min=1, patternIdentifier={"type": concept("http://v2.org", "MR")}),
    ),
    "existence": named(
        sliced("Patient.identifier", ("exists", "type")),
        element("Patient.identifier", "mr", min=1),
        element("Patient.identifier.type", min=1),
    ),
    "a set of codes": named(
        sliced("Patient.identifier", ("value", "type")),
        element("Patient.identifier", "mr", min=1),
        element("Patient.identifier.type", binding={"strength": "required", "valueSet": "http://example.org/kinds"}),
    ),
    "an extension": named(
        sliced("Patient.identifier", ("value", "type.extension('http://example.org/kind').value")),
        element("Patient.identifier", "mr", min=1),
        sliced("Patient.identifier.type.extension", ("value", "url")),
        element("Patient.identifier.type.extension", "kind", min=1),
        element("Patient.identifier.type.extension.url", fixedUri="http://example.org/kind"),
        element("Patient.identifier.type.extension.value[x]", fixedCode="MR"),
    ),
}  # fmt: skip
KINDS = Books(kinds={("http://v2.org", "MR")})


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_each_way_of_telling_a_slice_finds_its_items(name: str) -> None:
    mr = concept("http://v2.org", "MR")
    if name == "an extension":
        mr["extension"] = [{"url": "http://example.org/kind", "valueCode": "MR"}]
    other = concept("http://v2.org", "DL")
    elements = IDENTIFIERS[name]

    def places(*identifiers: dict[str, Any]) -> list[tuple[str | None, str]]:
        return told(judged(patient(identifier=list(identifiers)), "Patient", *elements, codes=KINDS))

    third: dict[str, Any] = {"system": "x"} if name == "existence" else {"system": "x", "type": other}
    assert places(third, {"type": mr, "value": "1"}) == []
    assert places(third, {"type": mr, "system": "x"}) == [("Patient.identifier[1].value", "required")]
    assert places(third) == [("Patient.identifier", "required")]


def test_absence_tells_a_slice_too() -> None:
    elements = named(
        sliced("Patient.identifier", ("exists", "type")),
        element("Patient.identifier", "plain"),
        element("Patient.identifier.type", max="0"),
    )
    tree = patient(identifier=[{"system": "x"}, {"system": "x", "type": {"text": "x"}}])
    assert told(judged(tree, "Patient", *elements)) == [("Patient.identifier[0].value", "required")]


def test_slices_by_type_of_a_choice_in_long_and_in_short() -> None:
    long = [
        sliced("Observation.value[x]", ("type", "$this"), rules="closed"),
        element("Observation.value[x]", "valueQuantity", type=["Quantity"]),
        element("Observation.value[x].code", min=1),
    ]
    short = [
        sliced("Observation.value[x]", ("type", "$this"), rules="closed"),
        element("Observation.valueQuantity"),
        element("Observation.valueQuantity.code", min=1),
    ]
    shortest = [element("Observation.valueQuantity.code", min=1)]
    for elements in (long, short, shortest):
        assert told(judged(observation(valueQuantity={"value": 1}), "Observation", *elements)) == [
            ("Observation.value.code", "required")
        ]
    for elements in (long, short):
        assert told(judged(observation(valueString="x"), "Observation", *elements)) == [
            ("Observation.value", "invalid")
        ]
    assert told(judged(observation(valueString="x"), "Observation", *shortest)) == []


def test_slices_by_the_type_of_resources_and_of_what_references_lead_to() -> None:
    entries = [
        sliced("Bundle.entry", ("type", "resource")),
        element("Bundle.entry", "patient", min=1, max="1"),
        element("Bundle.entry.resource", type=["Patient"]),
    ]
    assert judged(bundle(patient(), observation()), "Bundle", *entries) == []
    assert told(judged(bundle(observation()), "Bundle", *entries)) == [("Bundle.entry", "required")]
    assert told(judged(bundle(patient(), patient()), "Bundle", *entries)) == [("Bundle.entry", "invalid")]
    target = "http://hl7.org/fhir/StructureDefinition/Practitioner"
    performers = [
        sliced("Observation.performer", ("type", "resolve()")),
        element(
            "Observation.performer", "person", min=1, type=[{"code": "Reference", "targetProfile": [target]}]
        ),
    ]
    assert judged(observation(performer=[{"reference": "Practitioner/1"}]), "Observation", *performers) == []
    assert told(judged(observation(performer=[{"reference": "Patient/1"}]), "Observation", *performers)) == [
        ("Observation.performer", "required")
    ]


def test_an_item_whose_slice_cannot_be_told_is_information_and_breaks_nothing() -> None:
    target = "http://hl7.org/fhir/StructureDefinition/Practitioner"
    performers = [
        sliced("Observation.performer", ("type", "resolve()"), rules="closed"),
        element(
            "Observation.performer", "person", min=1, type=[{"code": "Reference", "targetProfile": [target]}]
        ),
    ]
    (issue,) = judged(observation(performer=[{"display": "x"}]), "Observation", *performers)
    assert issue.severity == "information"
    assert issue.message == (
        "It could not be told which slice of Our Profile this performer belongs to, so that it was not checked."
    )
    for path in ("code.where(true)", "code.(", "frobnicate"):
        elements = pressure("value", path, rules="closed")
        issues = judged(observation(component=[component("x")]), "Observation", *elements)
        assert [one.severity for one in issues] == ["information"], path


def test_slices_of_slices() -> None:
    elements = [
        sliced("Observation.component", ("pattern", "code")),
        sliced("Observation.component", ("type", "value"), sliceName="pressure", min=1),
        element("Observation.component.code", patternCodeableConcept=concept(LOINC, "8480-6")),
        element("Observation.component", "pressure/number", min=1, max="1"),
        element("Observation.component.value[x]", type=["Quantity"]),
        element("Observation.component.value[x].unit", min=1),
    ]
    number = component("8480-6", valueQuantity={"value": 1, "unit": "x"})
    assert judged(observation(component=[number, component("8480-6")]), "Observation", *elements) == []
    assert told(judged(observation(component=[component("8480-6")]), "Observation", *elements)) == [
        ("Observation.component", "required")
    ]
    bare = component("8480-6", valueQuantity={"value": 1})
    assert told(judged(observation(component=[bare]), "Observation", *elements)) == [
        ("Observation.component[0].value.unit", "required")
    ]


def test_what_is_asked_of_all_items_and_of_a_slice_is_told_once() -> None:
    elements = [
        sliced("Patient.identifier", ("value", "system")),
        element("Patient.identifier.value", min=1),
        element("Patient.identifier", "a"),
        element("Patient.identifier.system", fixedUri="http://a.org"),
        element("Patient.identifier.value", min=1),
    ]
    assert told(judged(patient(identifier=[{"system": "http://a.org"}]), "Patient", *elements)) == [
        ("Patient.identifier[0].value", "required")
    ]


def test_the_codings_of_a_code_can_be_sliced() -> None:
    elements = [
        sliced("Observation.code.coding", ("pattern", "$this")),
        element("Observation.code.coding", "main", min=1, patternCoding={"system": LOINC, "code": "1"}),
    ]
    assert judged(observation(code=concept(LOINC, "1")), "Observation", *elements) == []
    assert told(judged(observation(code=concept(LOINC, "2")), "Observation", *elements)) == [
        ("Observation.code.coding", "required")
    ]
    assert told(judged(observation(), "Observation", *elements)) == [("Observation.code.coding", "required")]
