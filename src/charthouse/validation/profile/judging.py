"""The form that everything a profile asks is compiled to: a function of one item, and of the scene around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from charthouse.fhir.path import Expression, Item
from charthouse.fhir.path.model import Model
from charthouse.validation.finding import Finding, under
from charthouse.validation.formats import Found
from charthouse.validation.profile.outline import Outline
from charthouse.validation.scene import Scene

Judge = Callable[[Item, Scene], Found]


class Profiles(Protocol):
    """What one profile may ask about others; each answer is None where a profile is not known."""

    model: Model
    expressions: dict[tuple[str, str], Expression]  # compiled constraints, which profiles repeat

    def outline(self, url: str) -> Outline | None:
        """The elements of a profile."""

    def type_of(self, url: str) -> str | None:
        """The type that a profile, or a type's own url, is about."""

    def title_of(self, url: str) -> str:
        """What people call it; the url itself where it is not known."""

    def apply(self, url: str, item: Item, scene: Scene) -> Found:
        """What is wrong with the item by that profile; an `informational` finding where it is not known."""

    def conforms(self, item: Item, url: str, scene: Scene) -> bool | None:
        """Whether the item conforms; None where that cannot be told."""


def all_of(judges: list[Judge]) -> Judge | None:
    """One judge for several; None for none."""
    if len(judges) < 2:
        return judges[0] if judges else None

    def judge(item: Item, scene: Scene) -> Found:
        found: Found = None
        for one in judges:
            wrong = one(item, scene)
            if wrong is not None:
                found = wrong if found is None else found + wrong
        return found

    return judge


def step(item: Item) -> str:
    """The step of a FHIRPath from the element around an item to the item."""
    return f".{item.key}" if item.index < 0 else f".{item.key}[{item.index}]"


def placed(item: Item, found: Found) -> Found:
    """Findings about an item, told from the element around it."""
    return None if found is None else under(step(item), found)


def times(count: int) -> str:
    """A number of times in words."""
    return "once" if count == 1 else f"{count} times"


def has_error(found: Found) -> bool:
    """Whether anything found is an error."""
    return found is not None and any(finding.severity == "error" for finding in found)


def open_(message: str) -> Finding:
    """The finding that something could not be checked."""
    return Finding("informational", message, severity="information")
