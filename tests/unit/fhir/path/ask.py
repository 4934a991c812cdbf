"""Short ways to ask an expression, for these tests."""

from __future__ import annotations

from typing import Any

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Env

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "name": [
        {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
        {
            "use": "usual",
            "given": ["Jim", None],
            "_given": [None, {"extension": [{"url": "urn:x", "valueCode": "masked"}]}],
        },
    ],
    "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b.c"}],
    "birthDate": "1974-12-25",
    "_birthDate": {"extension": [{"url": "urn:time", "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
    "deceasedBoolean": False,
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "Inside"}],
    "managingOrganization": {"reference": "#o1"},
}


def typed(
    expression: str, tree: Any = PATIENT, env: Env | None = None, *, strict: bool = False
) -> list[tuple[Any, str]]:
    """(value, type) pairs."""
    return path.compile(expression, tree["resourceType"], load(), strict=strict).typed(tree, env)


def values(
    expression: str, tree: Any = PATIENT, env: Env | None = None, *, strict: bool = False
) -> list[Any]:
    """The values only."""
    return [value for value, _ in typed(expression, tree, env, strict=strict)]


def refusal(expression: str, tree: Any = PATIENT, env: Env | None = None, *, strict: bool = False) -> Problem:
    """The Problem that compiling or asking must raise."""
    with pytest.raises(Problem) as caught:
        typed(expression, tree, env, strict=strict)
    assert caught.value.category in (Category.INVALID, Category.TOO_COSTLY, Category.UNSUPPORTED)
    return caught.value
