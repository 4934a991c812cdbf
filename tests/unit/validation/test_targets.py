"""References lead to the types that the standard allows, as far as they say where they lead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.validation.trees import bundle, errors, observation, only, patient


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/1"},
        {"reference": "Patient/1/_history/2"},
        {"reference": "http://example.org/fhir/Group/1"},
        {"reference": "urn:uuid:aaa"},
        {"reference": "urn:uuid:aaa", "type": "Patient"},
        {"identifier": {"value": "1"}},
        {"display": "somebody"},
        {"type": "Device"},
        {"reference": "Patient?identifier=1"},
        {"reference": "http://example.org/who/knows"},
    ],
)
def test_a_reference_to_an_allowed_type_or_to_nobody_knows_what_passes(subject: Any) -> None:
    assert errors(observation(subject=subject)) == []


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Practitioner/1"},
        {"reference": "https://example.org/fhir/Practitioner/1"},
        {"reference": "Practitioner?identifier=1"},
        {"type": "Practitioner", "identifier": {"value": "1"}},
    ],
)
def test_a_reference_to_another_type_is_refused_with_the_types_that_would_do(subject: Any) -> None:
    issue = only(observation(subject=subject))
    assert (issue.place, issue.code) == ("Observation.subject.reference", "value")
    assert issue.message == (
        "Observation.subject refers to a Practitioner, and may refer to Device or Group or Location or Patient only."
    )
    assert issue.value == (subject.get("reference") or "Practitioner")


def test_what_is_contained_and_what_stands_in_the_same_bundle_is_looked_at() -> None:
    held = {"resourceType": "Practitioner", "id": "p"}
    tree = observation(contained=[held], subject={"reference": "#p"})
    assert errors(tree) == [("Observation.subject.reference", "value")]
    tree = observation(subject={"reference": "urn:uuid:0"})
    assert errors(bundle(patient(), tree)) == []
    practitioner = {"resourceType": "Practitioner"}
    assert errors(bundle(practitioner, tree)) == [("Bundle.entry[1].resource.subject.reference", "value")]


def test_an_element_that_allows_any_type_asks_nothing() -> None:
    assert errors(observation(focus=[{"reference": "Claim/1"}])) == []
