"""What validation is handed by others: conformance resources, code systems, units; each of them may be missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from charthouse.fhir.path import Item
from charthouse.fhir.path.quantity import Units
from charthouse.fhir.resource import Tree

if TYPE_CHECKING:
    from charthouse.validation.scene import Scene


class Structures(Protocol):
    """The StructureDefinitions at hand."""

    def structure(self, url: str) -> Tree | None:
        """The StructureDefinition of that canonical url, which may end in `|version`; None if unknown."""


class Codes(Protocol):
    """The code systems and value sets at hand."""

    def member(self, valueset: str, system: str | None, code: str) -> bool | None:
        """Whether the code is in the value set; None where that cannot be told here.

        `system` None is the code of an element that has no system of its own (type `code`).
        """


@dataclass(frozen=True, slots=True)
class Sources:
    """All of it. `conforms` says whether an item conforms to a profile, None where the profile is unknown.

    `is_frank`: what cannot be checked is told. `is_full`: extensions are held against their definitions
    wherever they stand, so that profiles need not do it.
    """

    codes: Codes | None = None
    units: Units | None = None
    conforms: Callable[[Item, str, Scene], bool | None] | None = None
    is_frank: bool = False
    is_full: bool = False


NO_SOURCES = Sources()
