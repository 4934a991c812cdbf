"""Small resources of sound shape, and the one finding that a test expects in them."""

from __future__ import annotations

from typing import Any

from charthouse.base.errors import Issue
from charthouse.fhir.definitions import load
from charthouse.validation.validator import Validator

DEFINITIONS = load()
VALIDATOR = Validator(DEFINITIONS)

Tree = dict[str, Any]


def patient(**elements: Any) -> Tree:
    return {"resourceType": "Patient", **elements}


def observation(**elements: Any) -> Tree:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **elements}


def concept(system: str | None, code: str | None, **more: Any) -> Tree:
    coding = {"system": system, "code": code}
    return {"coding": [{key: value for key, value in coding.items() if value is not None}], **more}


def bundle(*resources: Tree, type: str = "collection") -> Tree:
    entries = [{"fullUrl": f"urn:uuid:{index}", "resource": one} for index, one in enumerate(resources)]
    return {"resourceType": "Bundle", "type": type, "entry": entries}


def found(tree: Any, validator: Validator = VALIDATOR, **options: Any) -> list[Issue]:
    return validator.check(tree, **options)


def only(tree: Any, validator: Validator = VALIDATOR, **options: Any) -> Issue:
    issues = found(tree, validator, **options)
    assert len(issues) == 1, issues
    return issues[0]


def errors(tree: Any, validator: Validator = VALIDATOR, **options: Any) -> list[tuple[str | None, str]]:
    """(place, code) of each error."""
    issues = found(tree, validator, **{"limit": 100, **options})
    return [(issue.place, issue.code) for issue in issues if issue.severity == "error"]
