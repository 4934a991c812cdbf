"""The structure rule: what is sound passes, and what is not is named where it stands."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Issue
from charthouse.fhir.definitions import load
from charthouse.fhir.resource import dump, parse
from charthouse.fhir.xml import from_xml, to_xml
from charthouse.validation.structure import check
from tests.unit.validation.grown import Grower, Grown

DEFINITIONS = load()


def found(tree: Any, **options: Any) -> list[Issue]:
    return check(tree, DEFINITIONS, **options)


def only(tree: Any, **options: Any) -> Issue:
    issues = found(tree, **options)
    assert len(issues) == 1, issues
    assert issues[0].severity == "error"
    return issues[0]


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


# --- what is sound --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DEFINITIONS.resource_types)
def test_a_resource_of_every_type_grown_from_the_definitions_is_sound_and_survives_json_and_xml(
    name: str,
) -> None:
    for seed in range(2):
        tree = Grower(DEFINITIONS, seed).grow(name).tree
        assert found(tree) == []
        body = dump(tree)
        assert parse(body) == tree
        assert from_xml(to_xml(tree, DEFINITIONS), DEFINITIONS) == tree
        assert found(from_xml(to_xml(tree, DEFINITIONS, pretty=True), DEFINITIONS)) == []


def test_checking_leaves_the_tree_as_it_was() -> None:
    tree = Grower(DEFINITIONS, 7).grow("Observation").tree
    before = copy.deepcopy(tree)
    found(tree)
    assert tree == before


# --- what is not: one break at a random place --------------------------------------------------------


def grown(name: str, seed: int) -> Grown:
    return Grower(DEFINITIONS, seed).grow(name)


def broken(draw: st.DrawFn) -> tuple[dict[str, Any], str, set[str]]:
    """A sound resource broken at one spot, the place of that spot, and the issue codes that may come."""
    resource = grown(draw(st.sampled_from(DEFINITIONS.resource_types)), draw(st.integers(0, 5)))
    assume(resource.spots)
    spot = draw(st.sampled_from(resource.spots))
    holder, value = spot.holder, spot.holder[spot.name]
    ways = ["null", "wrong type", "empty", "unknown"]
    ways += ["missing"] if spot.required and len(holder) > 3 else []
    ways += ["unwrapped"] if spot.many and len(value) == 1 else ["wrapped"] if not spot.many else []
    way = draw(st.sampled_from(ways))
    item = f"{spot.place}[0]" if spot.many else spot.place
    if way == "missing":
        holder.pop(spot.name)
        holder.pop("_" + spot.name, None)
        return resource.tree, spot.place, {"required", "structure"}
    if way == "unknown":
        holder["frobnicate"] = 1
        return resource.tree, spot.place.rpartition(".")[0] + ".frobnicate", {"structure"}
    if way == "unwrapped":
        holder[spot.name] = value[0]
        return resource.tree, spot.place, {"structure"}
    if way == "wrapped":
        holder[spot.name] = [value]
        return resource.tree, spot.place, {"structure"}
    if way == "null":
        holder[spot.name] = [None] if spot.many else None
        if not spot.many or "_" + spot.name not in holder:
            return resource.tree, item, {"structure"}
        holder[spot.name], item = None, spot.place
        return resource.tree, item, {"structure"}
    if way == "empty":
        bad: Any = [] if spot.many else {} if not spot.primitive else ""
        holder[spot.name] = bad
        return resource.tree, spot.place, {"structure", "value"}
    bad = {"no": "such"} if spot.primitive else "text"
    holder[spot.name] = [bad] if spot.many else bad
    holder.pop("_" + spot.name, None)
    return resource.tree, item, {"structure"}


@settings(max_examples=300, deadline=None)
@given(st.composite(broken)())
def test_a_sound_resource_broken_at_one_place_fails_at_that_place(
    case: tuple[dict[str, Any], str, set[str]],
) -> None:
    tree, place, codes = case
    issues = found(tree)
    assert place in [issue.place for issue in issues]
    for issue in issues:
        assert issue.place is not None
        assert issue.place.startswith(place)
        assert issue.code in codes
        assert issue.message


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.sampled_from(DEFINITIONS.resource_types), st.integers(0, 5), st.data())
def test_nothing_that_json_can_hold_makes_the_rule_fail(name: str, seed: int, data: st.DataObject) -> None:
    resource = grown(name, seed)
    for spot in resource.spots[:50]:
        if data.draw(st.integers(0, 9)) == 0:
            spot.holder[data.draw(st.sampled_from([spot.name, "_" + spot.name]))] = data.draw(ANY_JSON)
    for tree in (resource.tree, data.draw(ANY_JSON)):
        for issue in found(tree):
            assert issue.severity == "error"
            assert issue.sentence()


# --- elements ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "place", "near"),
    [
        (patient(birthdate="1974"), "Patient.birthdate", "birthDate"),
        (patient(nmae=[{}]), "Patient.nmae", "name"),
        (patient(name=[{"given": ["A"]}, {"familly": "B"}]), "Patient.name[1].familly", "family"),
        (patient(contact=[{"nam": {}}]), "Patient.contact[0].nam", "name"),
        (patient(deceasedBool=True), "Patient.deceasedBool", "deceasedBoolean"),
    ],
)
def test_an_unknown_element_is_named_with_the_nearest_known_one(tree: Any, place: str, near: str) -> None:
    issue = only(tree)
    assert (issue.code, issue.place, issue.value) == ("structure", place, place.rpartition(".")[2])
    assert issue.repair == f'Did you mean "{near}"?'


def test_an_element_like_no_other_gets_no_far_fetched_suggestion() -> None:
    assert only(patient(zzzzqqq=1)).repair == "Leave it out; additional content goes into an extension."
    assert only(patient(fhir_comments=["a"])).code == "structure"


def test_a_choice_without_its_type_is_told_how_to_write_it() -> None:
    issue = only(patient(deceased=True))
    assert issue.place == "Patient.deceased"
    assert "deceasedBoolean" in (issue.repair or "")
    assert "deceasedDateTime" in (issue.repair or "")


def test_more_than_one_of_a_choice_is_refused_in_any_order() -> None:
    for pair in (("deceasedBoolean", "deceasedDateTime"), ("deceasedDateTime", "deceasedBoolean")):
        values = {"deceasedBoolean": True, "deceasedDateTime": "2024"}
        issues = found(patient(**{name: values[name] for name in pair}))
        assert {issue.place for issue in issues} == {"Patient.deceased"}
        assert "deceasedBoolean and deceasedDateTime" in issues[0].message
    assert found(patient(deceasedBoolean=True, _deceasedDateTime={"id": "a", "extension": [{"url": "u"}]}))
    assert not found(patient(deceasedBoolean=True, _deceasedBoolean={"id": "a"}))


def test_every_missing_element_is_told() -> None:
    issues = found({"resourceType": "Observation", "component": [{"valueBoolean": True}]})
    assert sorted(issue.place or "" for issue in issues) == [
        "Observation.code",
        "Observation.component[0].code",
        "Observation.status",
    ]
    assert all(issue.code == "required" and issue.repair for issue in issues)


def test_a_required_choice_is_missing_until_one_of_its_types_is_there() -> None:
    request = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/1"},
    }
    issue = only(request)
    assert issue.place == "MedicationRequest.medication"
    assert "medicationCodeableConcept" in issue.message
    assert not found({**request, "medicationReference": {"reference": "Medication/1"}})


def test_a_required_value_may_be_replaced_by_an_extension_that_says_why_it_is_absent() -> None:
    why = {
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
        ]
    }
    assert not found({"resourceType": "Observation", "_status": why, "code": {"text": "a"}})


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        (patient(name={"family": "A"}), "Patient.name"),
        (patient(name=[[{"family": "A"}]]), "Patient.name[0]"),
        (patient(name=[{"given": "A"}]), "Patient.name[0].given"),
        (patient(birthDate=["1974"]), "Patient.birthDate"),
        (patient(maritalStatus=[{"text": "A"}]), "Patient.maritalStatus"),
        (patient(active="true"), "Patient.active"),
        (patient(active=1), "Patient.active"),
        (patient(birthDate=1974), "Patient.birthDate"),
        (patient(multipleBirthInteger=True), "Patient.multipleBirth"),
        (patient(multipleBirthInteger="2"), "Patient.multipleBirth"),
        (patient(name=["A"]), "Patient.name[0]"),
        (patient(name=[None]), "Patient.name[0]"),
        (patient(gender={"coding": []}), "Patient.gender"),
        (patient(id=17), "Patient.id"),
        (patient(meta="x"), "Patient.meta"),
    ],
)
def test_a_wrong_json_type_is_refused_where_it_stands(tree: Any, place: str) -> None:
    issue = only(tree)
    assert (issue.code, issue.place) == ("structure", place)
    assert issue.repair


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        (patient(name=[]), "Patient.name"),
        (patient(name=[{}]), "Patient.name[0]"),
        (patient(name=[{"id": "only"}]), "Patient.name[0]"),
        (patient(name=[{"given": []}]), "Patient.name[0].given"),
        (patient(name=[{"given": [""]}]), "Patient.name[0].given[0]"),
        (patient(name=[{"family": ""}]), "Patient.name[0].family"),
        (patient(name=[{"family": " \t"}]), "Patient.name[0].family"),
        (patient(generalPractitioner=[{"reference": ""}]), "Patient.generalPractitioner[0].reference"),
        (patient(maritalStatus={}), "Patient.maritalStatus"),
        (patient(birthDate=None), "Patient.birthDate"),
        (patient(_birthDate={}), "Patient.birthDate"),
    ],
)
def test_what_is_empty_is_refused(tree: Any, place: str) -> None:
    issue = only(tree)
    assert issue.place == place
    assert issue.repair
    assert "eave" in issue.repair
