"""What a writer asks before anything is kept: is this refused, and in which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from charthouse.base.errors import Category, Issue, Problem, invalid
from charthouse.validation.validator import Level, Validator

_MOST: Final = 20


def refusal(tree: Any, type: str, validator: Validator, level: Level = Level.STRUCTURE) -> Problem | None:
    """The Problem(invalid) that keeps `tree` from being stored as a resource of `type`, or None.

    It holds errors only, what is wrong with the shape first: such a resource fails the standard's basic
    rules and is answered with 400. Where only constraints or profiles are broken all issues have the code
    `invariant`, which is answered with 422 (R4 http.html#create).
    """
    named = tree.get("resourceType") if tree.__class__ is dict else None
    if named != type:
        return invalid("structure", f"This is no {type}.", place="resourceType", value=named)
    basic = Level.STRUCTURE if level is Level.FULL else level
    found = validator.check(tree, level=basic, limit=_MOST)
    if any(issue.severity == "error" for issue in found):
        wrong = [issue for issue in found if issue.severity == "error"]
        return Problem(Category.INVALID, tuple(sorted(wrong, key=_is_rule)))
    if level is not Level.FULL:
        return None
    found = validator.check(tree, level=level, limit=_MOST)
    wrong = [replace(issue, code="invariant") for issue in found if issue.severity == "error"]
    return Problem(Category.INVALID, tuple(wrong)) if wrong else None


def _is_rule(issue: Issue) -> bool:
    return issue.code == "invariant"
