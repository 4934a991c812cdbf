"""The structure rule raises no false alarm on public resources."""

from __future__ import annotations

from charthouse.fhir.definitions import load
from charthouse.fhir.resource import parse
from charthouse.validation.structure import check
from tests.conformance import material

DEFINITIONS = load()

# Inputs that lack elements R4 requires; what is found in them is true.
INCOMPLETE = {"explanationofbenefit-example.json"}


def test_no_synthea_resource_raises_an_issue() -> None:
    count = 0
    for name, bundle in material.synthea():
        assert check(bundle, DEFINITIONS) == [], name
        assert check(bundle, DEFINITIONS, entries=False) == [], name
        count += len(bundle["entry"])
    assert count > 31_000


def test_no_us_core_example_raises_an_issue() -> None:
    count = 0
    for name, body in material.us_core():
        assert check(parse(body), DEFINITIONS) == [], name
        count += 1
    assert count == 183


def test_the_fhirpath_inputs_raise_only_what_is_true() -> None:
    for name, body in material.fhirpath_inputs(".json"):
        issues = check(parse(body), DEFINITIONS)
        if name in INCOMPLETE:
            assert {issue.code for issue in issues} == {"required"}
        else:
            assert issues == [], name
