"""Levels, limits and the order of what is told; and that nothing sent can break the validator."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from charthouse.fhir.resource import MAX_DEPTH
from charthouse.validation.entry import refusal
from charthouse.validation.validator import Level, Validator
from tests.unit.validation.grown import Grower
from tests.unit.validation.profiles import Shelf, element, profile
from tests.unit.validation.trees import DEFINITIONS, VALIDATOR, concept, errors, found, observation, patient

TALL = profile("tall", "Patient", element("Patient.birthDate", min=1), title="Tall Patient")


def shelved(*structures: dict[str, Any]) -> Validator:
    return Validator(DEFINITIONS, Shelf(*structures))


# --- levels -------------------------------------------------------------------------------------------


def test_off_asks_only_what_storing_needs() -> None:
    tree = {"resourceType": "Observation", "valueQuantity": {"value": 1, "code": "kg"}, "status": "nonsense"}
    assert errors(tree, level=Level.OFF) == []
    for wrong in ({"frobnicate": 1}, {"status": ["final"]}, {"issued": "yesterday"}, {"value": "x"}):
        assert errors({**tree, **wrong}, level=Level.OFF)


def test_structure_is_the_default_and_full_adds_profiles() -> None:
    validator = shelved(TALL)
    tree = patient(meta={"profile": ["http://example.org/tall"]})
    assert found(tree, validator) == []
    assert errors(tree, validator, level=Level.FULL) == [("Patient.birthDate", "required")]
    assert errors({**tree, "birthDate": "2000"}, validator, level=Level.FULL) == []
    assert [str(level) for level in Level] == ["off", "structure", "full"]


def test_profiles_that_are_asked_for_are_checked_at_any_level() -> None:
    validator = shelved(TALL)
    for level in Level:
        assert errors(patient(), validator, level=level, profiles=["http://example.org/tall"]) == [
            ("Patient.birthDate", "required")
        ]


def test_a_profile_that_is_claimed_and_asked_for_is_told_of_once() -> None:
    tree = patient(meta={"profile": ["http://example.org/tall"]})
    issues = found(tree, shelved(TALL), level=Level.FULL, profiles=["http://example.org/tall"])
    assert sum(issue.severity == "error" for issue in issues) == 1


def test_an_unknown_profile_is_information_if_claimed_and_an_error_if_asked_for() -> None:
    tree = patient(meta={"profile": ["http://example.org/who"]}, text=NARRATIVE)
    issue = next(issue for issue in found(tree, level=Level.FULL))
    assert (issue.severity, issue.place, issue.value) == (
        "information",
        "Patient.meta.profile[0]",
        "http://example.org/who",
    )
    assert errors(patient(), profiles=["http://example.org/who"]) == [("Patient", "not-found")]


def test_profiles_are_not_checked_on_what_has_no_shape_and_that_is_told() -> None:
    tree = patient(meta={"profile": ["http://example.org/tall"]}, name="x")
    issues = found(tree, shelved(TALL), level=Level.FULL)
    assert [(issue.severity, issue.code) for issue in issues] == [
        ("error", "structure"),
        ("information", "informational"),
    ]


def test_resources_in_a_bundle_and_contained_ones_keep_their_own_claims() -> None:
    claim = {"meta": {"profile": ["http://example.org/tall"]}}
    held = patient(id="p", **claim)
    tree = observation(contained=[held], subject={"reference": "#p"})
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": tree}, {"resource": patient(**claim)}],
    }
    assert errors(bundle, shelved(TALL), level=Level.FULL) == [
        ("Bundle.entry[0].resource.contained[0].birthDate", "required"),
        ("Bundle.entry[1].resource.birthDate", "required"),
    ]


def test_what_was_compiled_is_dropped_when_structures_change() -> None:
    shelf = Shelf(TALL)
    validator = Validator(DEFINITIONS, shelf)
    assert errors(patient(), validator, profiles=["http://example.org/tall"])
    shelf.put(profile("tall", "Patient", element("Patient.active", min=1)))
    validator.forget()
    assert errors(patient(), validator, profiles=["http://example.org/tall"]) == [
        ("Patient.active", "required")
    ]


NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}


def test_errors_are_told_first_and_no_more_than_asked() -> None:
    tree = patient(
        extension=[{"url": f"http://example.org/{index}", "valueString": "x"} for index in range(30)],
        contact=[{"gender": "male"}] * 5,
    )
    issues = found(tree, level=Level.FULL, limit=10)
    assert len(issues) == 10
    assert [issue.severity for issue in issues] == ["error"] * 5 + ["warning"] + ["information"] * 4


def test_a_flood_of_information_hides_no_error() -> None:
    tree = patient(
        extension=[{"url": f"http://example.org/{index}", "valueString": "x"} for index in range(500)],
        contact=[{"gender": "male"}],
    )
    assert errors(tree, level=Level.FULL) == [("Patient.contact[0]", "invariant")]


# --- entry --------------------------------------------------------------------------------------------


def test_nothing_keeps_a_sound_resource_out() -> None:
    for level in Level:
        assert refusal(patient(), "Patient", VALIDATOR, level) is None


@pytest.mark.parametrize(
    ("tree", "level", "status", "codes"),
    [
        (observation(), Level.OFF, 400, ["structure"]),
        ("text", Level.OFF, 400, ["structure"]),
        (patient(name="x"), Level.STRUCTURE, 400, ["structure"]),
        (patient(contact=[{"gender": "male"}]), Level.STRUCTURE, 422, ["invariant"]),
        (patient(contact=[{"gender": "male"}], birthDate="x"), Level.STRUCTURE, 400, ["value", "invariant"]),
        (patient(meta={"profile": ["http://example.org/tall"]}), Level.FULL, 422, ["invariant"]),
    ],
)
def test_shape_is_answered_with_400_and_rules_with_422(
    tree: Any, level: Level, status: int, codes: list[str]
) -> None:
    from charthouse.base.errors import http_status

    problem = refusal(tree, "Patient", shelved(TALL), level)
    assert problem is not None
    assert http_status(problem) == status
    assert [issue.code for issue in problem.issues] == codes
    assert all(issue.severity == "error" for issue in problem.issues)


# --- nothing breaks it -----------------------------------------------------------------------------------

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "contained", "reference", "id", "meta", "extension", "url", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(json, st.sampled_from(list(Level)))
def test_any_json_gets_an_answer(tree: Any, level: Level) -> None:
    assert found(tree, level=level)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(DEFINITIONS.resource_types), st.integers(0, 50), st.data())
def test_a_resource_of_any_type_with_anything_at_any_place_gets_an_answer_and_stays_as_it_is(
    name: str, seed: int, data: st.DataObject
) -> None:
    grown = Grower(DEFINITIONS, seed).grow(name)
    if grown.spots:
        spot = data.draw(st.sampled_from(grown.spots))
        spot.holder[spot.name] = data.draw(json)
    before = copy.deepcopy(grown.tree)
    for level in Level:
        found(grown.tree, level=level)
    assert grown.tree == before


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DEFINITIONS.resource_types), st.integers(0, 200), st.data())
def test_a_resource_that_loses_what_it_must_have_fails_there(
    name: str, seed: int, data: st.DataObject
) -> None:
    grown = Grower(DEFINITIONS, seed).grow(name)
    required = [spot for spot in grown.spots if spot.required and len(spot.holder) > 3]
    assume(required)
    spot = data.draw(st.sampled_from(required))
    assert (spot.place, "required") not in errors(grown.tree)
    del spot.holder[spot.name]
    spot.holder.pop("_" + spot.name, None)
    assert (spot.place, "required") in errors(grown.tree, limit=1000)


def test_the_deepest_resource_that_can_be_stored_is_checked_in_full() -> None:
    item: dict[str, Any] = {"linkId": "0", "type": "string"}
    for index in range(1, MAX_DEPTH // 2 - 2):
        item = {"linkId": str(index), "type": "group", "item": [item]}
    tree = {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [item],
        "meta": {"profile": ["http://example.org/q"]},
    }
    rule = {"key": "q-1", "severity": "error", "human": "no short text", "expression": "text.empty()"}
    structure = profile("q", "Questionnaire", element("Questionnaire.item", constraint=[rule]), element(
        "Questionnaire.item.item", contentReference="#Questionnaire.item"
    ))  # fmt: skip
    assert errors(tree, shelved(structure), level=Level.FULL) == []
    item["text"] = "x"
    assert errors(tree, shelved(structure), level=Level.FULL) == [("Questionnaire.item[0]", "invariant")]


def test_an_extension_nested_as_deep_as_can_be_is_refused_or_checked_and_never_too_much() -> None:
    extension: dict[str, Any] = {"url": "http://example.org/a", "valueString": "x"}
    for _ in range(MAX_DEPTH // 2 - 2):
        extension = {"url": "http://example.org/a", "extension": [extension]}
    assert errors(patient(extension=[extension]), level=Level.FULL) == []


def test_the_validator_is_safe_to_share_between_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    validator = shelved(TALL)
    trees = [
        patient(meta={"profile": ["http://example.org/tall"]}),
        observation(code=concept("http://a.org", "1")),
    ] * 50
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda tree: len(errors(tree, validator, level=Level.FULL)), trees))
    assert counts == [1, 0] * 50
