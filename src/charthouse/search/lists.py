"""Functional lists: what is current of a patient, by what the resources say of themselves (R4 lifecycle.html#current,
search.html#list). The standard gives the names and leaves it to a server what is on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from charthouse.base.errors import Problem, invalid
from charthouse.search.known import unsupported

Conditions = tuple[tuple[str, str], ...]

_HELD: Final = ("verification-status:not", "refuted,entered-in-error")
_ALLERGIES: Final = (("clinical-status", "active"), _HELD)
# List -> resource type -> what a resource of it meets.
LISTS: Final[Mapping[str, Mapping[str, Conditions]]] = {
    "$current-problems": {"Condition": (("clinical-status", "active,recurrence,relapse"), _HELD)},
    "$current-medications": {
        "MedicationRequest": (("status", "active,on-hold"), ("intent:not", "proposal,plan,option")),
        "MedicationStatement": (("status", "active,on-hold"),),
    },
    "$current-allergies": {"AllergyIntolerance": _ALLERGIES},
    "$current-drug-allergies": {"AllergyIntolerance": (*_ALLERGIES, ("category", "medication"))},
}


def functional(type: str, name: str) -> Conditions:
    """What resources of `type` on the list `name` meet. Raises `Problem` for a list or a type that is not there."""
    held = LISTS.get(name)
    if held is None:
        raise unsupported(f'The list "{name}" is not kept here.', "_list", f"There are {', '.join(LISTS)}.")
    if type not in held:
        raise _apart(type, name, held)
    return held[type]


def _apart(type: str, name: str, held: Mapping[str, Conditions]) -> Problem:
    return invalid(
        "value", f"No {type} is on the list {name}.", place="_list", value=name,
        repair=f"Search {' or '.join(held)}.",
    )  # fmt: skip
