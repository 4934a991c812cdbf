"""Extensions against their definitions, simple and complex, known and unknown."""

from __future__ import annotations

from typing import Any

import pytest

from charthouse.validation.validator import Level, Validator
from tests.unit.validation.profiles import Shelf, element, extension, profile, sliced
from tests.unit.validation.trees import DEFINITIONS, errors, found, observation, patient

EYES = extension(
    "eyes",
    element("Extension.extension", max="0"),
    element("Extension.value[x]", min=1, type=["CodeableConcept"]),
    title="Colour of Eyes",
)
PET = extension(
    "pet",
    sliced("Extension.extension", ("value", "url"), min=1),
    element("Extension.extension", "kind", min=1, max="1", short="What animal it is"),
    element("Extension.extension.url", fixedUri="kind"),
    element("Extension.extension.value[x]", min=1, type=["code"]),
    element("Extension.extension", "name", min=0, max="1"),
    element("Extension.extension.url", fixedUri="name"),
    element("Extension.extension.value[x]", min=1, type=["string"]),
    element("Extension.value[x]", max="0"),
    title="Pet",
)
VALIDATOR = Validator(DEFINITIONS, Shelf(EYES, PET))


def judged(*extensions: dict[str, Any]) -> list[tuple[str | None, str]]:
    return errors(patient(extension=list(extensions)), VALIDATOR, level=Level.FULL)


def pet(**parts: Any) -> dict[str, Any]:
    held = [{"url": name, **value} for name, value in parts.items()]
    return {"url": "http://example.org/pet", "extension": held}


def test_a_simple_extension_has_the_type_that_its_definition_says() -> None:
    url = "http://example.org/eyes"
    assert judged({"url": url, "valueCodeableConcept": {"text": "green"}}) == []
    assert judged({"url": url, "valueString": "green"}) == [("Patient.extension[0].value", "invalid")]
    # a part where there may be none: the value is missed, and the part is one too many
    nested = {"url": url, "extension": [{"url": "x", "valueString": "green"}]}
    assert judged(nested) == [
        ("Patient.extension[0].extension", "invalid"),
        ("Patient.extension[0].value", "required"),
    ]


def test_the_parts_of_a_complex_extension_are_its_own() -> None:
    kind = {"valueCode": "cat"}
    assert judged(pet(kind=kind, name={"valueString": "Tom"})) == []
    assert judged(pet(name={"valueString": "Tom"})) == [("Patient.extension[0].extension", "required")]
    assert judged(pet(kind={"valueString": "cat"})) == [
        ("Patient.extension[0].extension[0].value", "invalid")
    ]
    assert judged(pet(kind=kind, colour={"valueString": "grey"})) == [
        ("Patient.extension[0].extension[1].url", "extension")
    ]


def test_a_part_that_is_not_defined_is_told_with_the_nearest_that_is() -> None:
    issues = found(
        patient(extension=[pet(kind={"valueCode": "cat"}, nam={"valueString": "Tom"})]),
        VALIDATOR,
        level=Level.FULL,
    )
    assert (issues[0].message, issues[0].value, issues[0].repair) == (
        "Pet has no part of this name; its parts are kind, name.",
        "nam",
        'Did you mean "name"?',
    )


@pytest.mark.parametrize(
    ("place", "tree"),
    [
        ("Patient.birthDate.extension[0].value", patient(birthDate="2000", _birthDate={"extension": [{}]})),
        ("Patient.name[0].extension[0].value", patient(name=[{"text": "x", "extension": [{}]}])),
        (
            "Patient.name[0].given[1].extension[0].value",
            patient(name=[{"given": ["a", "b"], "_given": [None, {"extension": [{}]}]}]),
        ),
        (
            "Observation.contained[0].extension[0].value",
            observation(contained=[patient(id="p", extension=[{}])], subject={"reference": "#p"}),
        ),
    ],
)  # fmt: skip
def test_an_extension_is_checked_wherever_it_stands(place: str, tree: Any) -> None:
    def fill(node: Any) -> None:
        for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            fill(value)
        if isinstance(node, dict) and "extension" in node:
            node["extension"] = [{"url": "http://example.org/eyes", "valueString": "green"}]

    fill(tree)
    assert errors(tree, VALIDATOR, level=Level.FULL) == [(place, "invalid")]


def test_an_unknown_extension_is_information_and_one_that_may_change_the_meaning_a_warning() -> None:
    one = {"url": "http://example.org/unknown", "valueString": "x"}
    tree = patient(extension=[one, one], modifierExtension=[one])
    issues = [issue for issue in found(tree, VALIDATOR, level=Level.FULL) if "dom-6" not in issue.message]
    assert [(issue.severity, issue.place, issue.value) for issue in issues] == [
        ("warning", "Patient.modifierExtension[0]", "http://example.org/unknown"),
        ("information", "Patient.extension[0]", "http://example.org/unknown"),
    ]


# --- in profiles --------------------------------------------------------------------------------------------


def with_eyes(**more: Any) -> dict[str, Any]:
    kind = [{"code": "Extension", "profile": ["http://example.org/eyes"]}]
    return profile(
        "made",
        "Patient",
        sliced("Patient.extension", ("value", "url"), rules=more.pop("rules", "open")),
        element("Patient.extension", "eyes", type=kind, **more),
        title="Our Profile",
    )


@pytest.mark.parametrize("level", [Level.STRUCTURE, Level.FULL])
def test_a_profile_names_an_extension_by_its_definition(level: Level) -> None:
    validator = Validator(DEFINITIONS, Shelf(EYES, with_eyes(min=1, max="1", short="Colour of eyes")))
    options = {"level": level, "profiles": ["http://example.org/made"]}
    good = {"url": "http://example.org/eyes", "valueCodeableConcept": {"text": "green"}}
    assert errors(patient(extension=[good]), validator, **options) == []
    assert errors(patient(), validator, **options) == [("Patient.extension", "required")]
    assert errors(patient(extension=[good, good]), validator, **options) == [("Patient.extension", "invalid")]
    bad = {"url": "http://example.org/eyes", "valueString": "green"}
    assert errors(patient(extension=[bad]), validator, **options) == [
        ("Patient.extension[0].value", "invalid")
    ]
    missing = next(one for one in found(patient(), validator, **options) if one.severity == "error")
    assert missing.repair == 'Add an item to extension: url "http://example.org/eyes".'


def test_a_closed_profile_allows_no_other_extension_even_where_their_definitions_are_not_at_hand() -> None:
    validator = Validator(DEFINITIONS, Shelf(with_eyes(rules="closed")))
    options = {"profiles": ["http://example.org/made"]}
    good = {"url": "http://example.org/eyes", "valueCodeableConcept": {"text": "green"}}
    assert errors(patient(extension=[good]), validator, **options) == []
    other = {"url": "http://example.org/other", "valueString": "x"}
    assert errors(patient(extension=[other]), validator, **options) == [("Patient.extension[0]", "invalid")]


def test_a_definition_that_is_not_one_of_an_extension_says_so() -> None:
    odd = profile("odd", "Patient", title="Odd")
    validator = Validator(DEFINITIONS, Shelf(odd))
    tree = patient(extension=[{"url": "http://example.org/odd", "valueString": "x"}])
    assert [one.message for one in found(tree, validator, level=Level.FULL) if one.severity == "error"] == [
        "Odd is for Patient, and this is Extension."
    ]
