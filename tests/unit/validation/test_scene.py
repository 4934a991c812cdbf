"""What a resource can see around it: what it is contained in, and the entries of the Bundle it stands in."""

from __future__ import annotations

from typing import Any

import pytest

from charthouse.validation.scene import Scene

PATIENT = {"resourceType": "Patient", "id": "p"}
HELD = {"resourceType": "Organization", "id": "o"}
VISIT = {"resourceType": "Encounter", "id": "e", "contained": [HELD]}


def bundle(**first: Any) -> dict[str, Any]:
    entries = [
        {"resource": PATIENT, **first},
        {"fullUrl": "urn:uuid:2", "resource": VISIT},
        {"request": {}},
        "x",
    ]
    return {"resourceType": "Bundle", "entry": entries}


@pytest.mark.parametrize(
    ("address", "references"),
    [
        (
            {"fullUrl": "http://example.org/fhir/Patient/p"},
            ["http://example.org/fhir/Patient/p", "Patient/p"],
        ),
        ({"fullUrl": "urn:uuid:1"}, ["urn:uuid:1"]),
        ({}, ["Patient/p"]),
        ({"fullUrl": "http://example.org/fhir/Patient/p"}, ["Patient/p/_history/3"]),
    ],
)
def test_an_entry_is_found_by_the_names_that_references_can_have_for_it(
    address: Any, references: list[str]
) -> None:
    scene = Scene(bundle(**address)).enter(VISIT)
    for reference in references:
        assert scene.resolve(reference) is PATIENT
    for other in ("Patient/q", "urn:uuid:3", "", "http://example.org/other/Patient/p"):
        assert scene.resolve(other) is None


def test_what_is_contained_is_found_by_its_fragment_and_the_resource_around_by_the_bare_one() -> None:
    scene = Scene(bundle()).enter(VISIT)
    inner = scene.hold(HELD)
    assert scene.resolve("#o") is HELD
    assert inner.resolve("#o") is HELD
    assert inner.resolve("#") is VISIT
    assert inner.resolve("#nobody") is None
    assert inner.resolve("Patient/p") is PATIENT
    assert (inner.resource, inner.root) == (HELD, VISIT)
    assert inner.ids == {"o"}


def test_a_part_of_a_contained_resource_knows_where_it_stands() -> None:
    inner = Scene(VISIT).hold(HELD)
    assert inner.item({"text": "x"}, "CodeableConcept").parent is not None
    assert inner.item(HELD, "Organization").place() == "Encounter.contained[0]"
    assert Scene(VISIT).item(VISIT, "Encounter").parent is None


def test_nothing_is_found_where_nothing_stands_around() -> None:
    assert Scene(PATIENT).resolve("Patient/p") is None
    assert Scene(None).resolve("#a") is None
    assert Scene({"contained": "x"}).ids == frozenset()


def test_what_is_to_be_told_once_is_told_once_in_the_whole_check() -> None:
    scene = Scene(bundle())
    assert scene.once("set", "a")
    assert not scene.enter(PATIENT).once("set", "a")
    assert scene.once("set", "b")
