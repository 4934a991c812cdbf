"""Profiles on profiles, profiles of types inside profiles, and where references lead."""

from __future__ import annotations

from typing import Any

import pytest

from charthouse.base.errors import Problem
from charthouse.validation.profile import archive
from charthouse.validation.profile.archive import Archive
from charthouse.validation.validator import Level, Validator
from tests.unit.validation.profiles import Shelf, element, profile, sliced
from tests.unit.validation.trees import DEFINITIONS, bundle, concept, errors, found, observation, patient


def rule(key: str, human: str, expression: str) -> dict[str, Any]:
    return {"key": key, "severity": "error", "human": human, "expression": expression}


BASE = profile(
    "base",
    "Observation",
    element("Observation.subject", min=1),
    sliced("Observation.component", ("pattern", "code")),
    element("Observation.component", "first", min=1),
    element("Observation.component.code", patternCodeableConcept=concept("http://a.org", "1")),
    element("Observation.note", constraint=[rule("b-1", "x", "time.exists()")]),
    title="Base Profile",
)
DERIVED = profile(
    "derived",
    "Observation",
    element("Observation.encounter", min=1),
    element("Observation.component", "first", max="1"),
    element("Observation.component.value[x]", min=1),
    element("Observation.component", "second", min=1),
    element("Observation.component.code", patternCodeableConcept=concept("http://a.org", "2")),
    element("Observation.note", constraint=[rule("d-1", "y", "author.exists()")]),
    base="http://example.org/base",
    title="Derived Profile",
)
DERIVED_URL = "http://example.org/derived"
BASE_URL = "http://example.org/base"


def validator(*structures: dict[str, Any]) -> Validator:
    return Validator(DEFINITIONS, Shelf(*structures))


def component(code: str, **more: Any) -> dict[str, Any]:
    return {"code": concept("http://a.org", code), **more}


def test_a_derived_profile_asks_all_that_its_base_asks_and_more() -> None:
    books = validator(BASE, DERIVED)
    assert errors(observation(), books, profiles=[DERIVED_URL]) == [
        ("Observation.subject", "required"),
        ("Observation.component", "required"),
        ("Observation.component", "required"),
        ("Observation.encounter", "required"),
    ]
    good = observation(
        subject={"reference": "Patient/1"},
        encounter={"reference": "Encounter/1"},
        component=[component("1", valueString="x"), component("2")],
    )
    assert errors(good, books, profiles=[DERIVED_URL]) == []
    good["component"] = [component("1"), component("1", valueString="x"), component("2")]
    assert errors(good, books, profiles=[DERIVED_URL]) == [
        ("Observation.component[0].value", "required"),
        ("Observation.component", "invalid"),
    ]
    assert errors(good, books, profiles=[BASE_URL]) == []
    good["note"] = [{"text": "x"}]
    messages = {one.message for one in found(good, books, profiles=[DERIVED_URL])}
    assert {"x (rule b-1 of Derived Profile).", "y (rule d-1 of Derived Profile)."} <= messages


def test_a_base_that_is_not_at_hand_is_told_and_the_rest_is_checked() -> None:
    issues = found(observation(), validator(DERIVED), profiles=[DERIVED_URL])
    assert [issue.severity for issue in issues] == ["error", "error", "information"]
    assert issues[-1].message == (
        f"Of {DERIVED_URL} only its own part was checked: its base {BASE_URL} is not known here."
    )


def test_profiles_whose_bases_form_a_circle_are_refused() -> None:
    one = profile("one", "Patient", base="http://example.org/two")
    two = profile("two", "Patient", base="http://example.org/one")
    books = Archive(DEFINITIONS, Shelf(one, two))
    with pytest.raises(Problem, match="circle"):
        books.profile("http://example.org/one")
    circle = validator(one, two)
    assert errors(patient(), circle, profiles=["http://example.org/one"]) == [("Patient", "not-found")]
    claim = patient(meta={"profile": ["http://example.org/one"]})
    notes = [one for one in found(claim, circle, level=Level.FULL) if one.severity == "information"]
    assert [note.message for note in notes] == [
        "The profile http://example.org/one was not checked: Its base definitions form a circle."
    ]


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "Frobnicate"},
        {"type": None},
        {
            "differential": {
                "element": [{"path": "Patient"}, {"path": "Patient.name", "type": "x", "min": "1", "max": []}]
            }
        },
        {
            "differential": {
                "element": [{"path": "Patient.name", "slicing": 3, "binding": 4, "constraint": 5}]
            }
        },
        {"differential": {"element": "x"}},
        {"differential": None},
    ],
)
def test_a_structure_that_does_not_hold_together_breaks_nothing(broken: dict[str, Any]) -> None:
    made = profile("made", "Patient") | broken
    tree = patient(meta={"profile": ["http://example.org/made"]}, name=[{"text": "x"}])
    for level in Level:
        found(tree, validator(made), level=level, profiles=["http://example.org/made"])


def test_versions_of_a_profile_are_kept_apart() -> None:
    first = profile("made", "Patient", element("Patient.active", min=1), version="1.0.0")
    second = profile("made", "Patient", element("Patient.gender", min=1), version="2.0.0")
    books = validator(first, second)
    for version, name in (("|1.0.0", "active"), ("|2.0.0", "gender"), ("", "gender")):
        assert errors(patient(), books, profiles=[f"http://example.org/made{version}"]) == [
            (f"Patient.{name}", "required")
        ]
    assert errors(patient(), books, profiles=["http://example.org/made|3"]) == [("Patient", "not-found")]


def test_no_more_profiles_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST", 3)
    shelf = Shelf(*(profile(f"p{index}", "Patient") for index in range(5)))
    books = Archive(DEFINITIONS, shelf)
    for index in range(5):
        assert books.profile(f"http://example.org/p{index}")
    shelf.wanted.clear()
    books.profile("http://example.org/p4")
    assert shelf.wanted == []
    books.profile("http://example.org/p0")
    assert "http://example.org/p0" in shelf.wanted


# --- profiles inside profiles ----------------------------------------------------------------------------


NAMED = profile(
    "named", "HumanName", element("HumanName.family", min=1), title="Full Name", kind="complex-type"
)
KNOWN = profile(
    "known", "HumanName", element("HumanName.given", min=1), title="First Name", kind="complex-type"
)


def typed(*urls: str) -> dict[str, Any]:
    return profile(
        "made",
        "Patient",
        element("Patient.name", type=[{"code": "HumanName", "profile": list(urls)}]),
        title="Our Profile",
    )


def test_a_value_keeps_the_profile_of_its_type() -> None:
    books = validator(NAMED, typed("http://example.org/named"))
    options = {"profiles": ["http://example.org/made"]}
    assert errors(patient(name=[{"family": "x"}]), books, **options) == []
    assert errors(patient(name=[{"text": "x"}]), books, **options) == [("Patient.name[0].family", "required")]


def test_one_of_several_profiles_is_enough() -> None:
    books = validator(NAMED, KNOWN, typed("http://example.org/named", "http://example.org/known"))
    options = {"profiles": ["http://example.org/made"]}
    assert errors(patient(name=[{"family": "x"}, {"given": ["x"]}]), books, **options) == []
    (issue,) = found(patient(name=[{"text": "x"}]), books, **options)
    assert issue.place == "Patient.name[0]"
    assert issue.message == (
        "This keeps none of the profiles that Our Profile allows here: Full Name or First Name. "
        'The nearest misses: Full Name wants "family".'
    )


def test_a_profile_of_a_type_that_is_not_at_hand_is_information() -> None:
    for urls in (["http://example.org/nobody"], ["http://example.org/nobody", "http://example.org/known"]):
        issues = found(
            patient(name=[{"text": "x"}]),
            validator(KNOWN, typed(*urls)),
            profiles=["http://example.org/made"],
        )
        assert [issue.severity for issue in issues] == ["information"]


def test_resources_in_a_bundle_keep_the_profiles_of_their_slices() -> None:
    tall = profile("tall", "Patient", element("Patient.birthDate", min=1), title="Tall Patient")
    made = profile(
        "made",
        "Bundle",
        sliced("Bundle.entry", ("profile", "resource")),
        element("Bundle.entry", "tall", min=1),
        element("Bundle.entry.resource", type=[{"code": "Patient", "profile": ["http://example.org/tall"]}]),
        element("Bundle.entry.fullUrl", min=1),
    )
    books = validator(tall, made)
    options = {"profiles": ["http://example.org/made"]}
    assert errors(bundle(patient(), patient(birthDate="2000")), books, **options) == []
    assert errors(bundle(patient()), books, **options) == [("Bundle.entry", "required")]


# --- where references lead ---------------------------------------------------------------------------------

TALL = profile("tall", "Patient", element("Patient.birthDate", min=1), title="Tall Patient")


def aimed(*urls: str) -> dict[str, Any]:
    kind = [{"code": "Reference", "targetProfile": list(urls)}]
    return profile("made", "Observation", element("Observation.subject", type=kind), title="Our Profile")


CORE = "http://hl7.org/fhir/StructureDefinition/"
OPTIONS = {"profiles": ["http://example.org/made"]}


def test_a_reference_leads_to_the_types_that_a_profile_leaves() -> None:
    books = validator(TALL, aimed("http://example.org/tall", f"{CORE}Group"))
    for reference in ("Patient/1", "Group/1", "urn:uuid:x"):
        assert errors(observation(subject={"reference": reference}), books, **OPTIONS) == []
    (issue,) = found(observation(subject={"reference": "Device/1"}), books, **OPTIONS)
    assert issue.place == "Observation.subject.reference"
    assert (
        issue.message == "By Our Profile, subject refers to a Device, and may refer to Group or Patient only."
    )


def test_a_profile_of_a_target_that_is_not_at_hand_is_information() -> None:
    books = validator(aimed("http://example.org/tall"))
    assert [
        one.severity for one in found(observation(subject={"reference": "Device/1"}), books, **OPTIONS)
    ] == ["information"]


def test_a_target_in_sight_keeps_the_profile() -> None:
    books = validator(TALL, aimed("http://example.org/tall"))
    for birth, places in (({"birthDate": "2000"}, []), ({}, ["subject.reference"])):
        held = observation(contained=[patient(id="p", **birth)], subject={"reference": "#p"})
        assert [place for place, _ in errors(held, books, **OPTIONS)] == [
            f"Observation.{one}" for one in places
        ]
        tree = observation(subject={"reference": "urn:uuid:0"}, meta={"profile": ["http://example.org/made"]})
        assert [place for place, _ in errors(bundle(patient(**birth), tree), books, level=Level.FULL)] == [
            f"Bundle.entry[1].resource.{one}" for one in places
        ]
    outside = observation(subject={"reference": "Patient/1"})
    assert errors(outside, books, **OPTIONS) == []


def test_resources_that_refer_to_each_other_are_checked_once() -> None:
    kind = [{"code": "Reference", "targetProfile": ["http://example.org/linked"]}]
    linked = profile(
        "linked", "Patient", element("Patient.link.other", type=kind), element("Patient.active", min=1)
    )
    trees = [
        patient(link=[{"other": {"reference": f"urn:uuid:{1 - index}"}, "type": "seealso"}], active=True,
                meta={"profile": ["http://example.org/linked"]})
        for index in range(2)
    ]  # fmt: skip
    books = validator(linked)
    assert errors(bundle(*trees), books, level=Level.FULL) == []
    del trees[1]["active"]
    assert ("Bundle.entry[1].resource.active", "required") in errors(bundle(*trees), books, level=Level.FULL)
