"""Narrowing keeps exactly the branches of a search parameter's expression that speak of a type."""

from __future__ import annotations

import pytest

from charthouse.fhir.branches import narrow, split


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("Patient.name", ["Patient.name"]),
        ("A.x | B.y", ["A.x", "B.y"]),
        ("(A.x | A.y).z | B.w", ["(A.x | A.y).z", "B.w"]),
        ("A.where(b = 'c|d') | E", ["A.where(b = 'c|d')", "E"]),
        (r"A.where(b = 'it\'s|x') | E", [r"A.where(b = 'it\'s|x')", "E"]),
        ("A.`odd|name` | B", ["A.`odd|name`", "B"]),
    ],
)
def test_only_a_top_level_bar_outside_quotes_splits(expression: str, parts: list[str]) -> None:
    assert split(expression) == parts


@pytest.mark.parametrize(
    ("expression", "resource_type", "narrowed"),
    [
        ("Patient.name | Person.name", "Person", "Person.name"),
        (
            "(Range.low as Quantity) | (Range.high as Quantity)",
            "Range",
            "(Range.low as Quantity) | (Range.high as Quantity)",
        ),
        ("(ConceptMap.source as uri)", "ConceptMap", "(ConceptMap.source as uri)"),
        ("(A.x | B.y)", "B", "B.y"),
        ("(A.x | B.y).z", "B", "(B.y).z"),
        ("(A.x | (B.y | C.w)).z", "C", "(C.w).z"),
        ("(A.x | B.y).z", "C", None),
        ("(A.x).w | (B.y)", "B", "(B.y)"),
        ("Resource.id", "Patient", "Resource.id"),
        ("DomainResource.text", "Patient", "DomainResource.text"),
        ("name | alias", "InsurancePlan", "InsurancePlan.name | InsurancePlan.alias"),
        ("PatientLink.x", "Patient", None),
        ("Patient", "Patient", "Patient"),
    ],
)
def test_a_branch_is_kept_by_its_first_name(
    expression: str, resource_type: str, narrowed: str | None
) -> None:
    assert narrow(expression, resource_type) == narrowed


def test_a_type_without_a_branch_has_no_expression() -> None:
    assert narrow("Patient.name | Person.name", "Group") is None
