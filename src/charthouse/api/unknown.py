"""What is told about an address, an operation or a type that is not there, with the nearest that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from charthouse.base.errors import Category, Problem, problem

_SEE = "See the capability statement at metadata."


def address(steps: Sequence[str]) -> Problem:
    """404 for an address of no shape we know, naming what was asked for."""
    asked = "/".join(steps)
    operation = next((step for step in steps if step.startswith("$")), None)
    if operation is not None:
        return problem(
            Category.NOT_FOUND,
            "not-supported",
            "This operation is not offered.",
            place="url",
            value=operation,
            repair=_SEE,
        )
    if len(steps) == 3 and steps[1] and steps[2][:1].isupper():
        return problem(
            Category.NOT_FOUND,
            "not-supported",
            f"There is no compartment of a {steps[0]}.",
            place="url",
            value=asked,
            repair=f"Search {steps[2]} by the parameter that refers to the {steps[0]}.",
        )
    return problem(
        Category.NOT_FOUND,
        "not-supported",
        "There is no such address.",
        place="url",
        value=asked,
        repair=_SEE,
    )


def resource_type(name: str, types: Iterable[str], category: Category = Category.NOT_FOUND) -> Problem:
    """A resource type that R4 does not have, with the nearest one it has."""
    if name == "Parameters":
        return problem(
            category,
            "not-supported",
            "Parameters are the body of a request or an answer, and are not kept.",
            place="url",
            value=name,
            repair=_SEE,
        )
    lower = {known.lower(): known for known in types}
    near = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return problem(
        category,
        "not-supported",
        "FHIR R4 has no such resource type.",
        place="url",
        value=name,
        repair=f'Did you mean "{lower[near[0]]}"?' if near else _SEE,
    )
