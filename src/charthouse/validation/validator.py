"""The one place that says what is wrong with a resource, at the level of care that its source calls for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from charthouse.base.errors import Issue, Problem
from charthouse.fhir import named, parameters
from charthouse.fhir.definitions import Definitions, Element, TypeDef
from charthouse.fhir.path.quantity import Units
from charthouse.validation.bindings import Bindings
from charthouse.validation.claims import Claims, claimed, unknown
from charthouse.validation.finding import Finding, is_shapeless
from charthouse.validation.formats import Rule
from charthouse.validation.invariants import Invariants
from charthouse.validation.profile.archive import Archive
from charthouse.validation.profile.judging import open_
from charthouse.validation.scene import Scene
from charthouse.validation.sources import Codes, Sources, Structures
from charthouse.validation.structure import Asked, Extras, Shapes, issues
from charthouse.validation.targets import Targets

__all__ = ["Codes", "Level", "Structures", "Validator"]

_RANK: Final = {"error": 0, "warning": 1, "information": 2}
# What else must hold of those that the program itself works by.
_RULES: Final = {parameters.TYPE: parameters.wrong, named.TYPE: named.wrong}


class Level(StrEnum):
    """How much is asked of what a source sends.

    `off`: only what storing, search and XML rely on: known elements of the right JSON shape and format.
    `structure`: also all that must be there, required bindings, references' targets, and the standard's
    constraints; the default of every write. `full`: also profiles (those in `meta.profile` and those asked
    for), extensions, extensible bindings, and the standard's recommendations as warnings.
    """

    OFF = "off"
    STRUCTURE = "structure"
    FULL = "full"


class Validator:
    """Checks resources; keeps what it compiled. Safe to share between threads.

    `structures` are the profiles at hand, `codes` the value sets, `units` knows UCUM; without them what needs
    them is told as `information: not checked` at level full, and is left alone below.
    """

    def __init__(
        self,
        definitions: Definitions,
        structures: Structures | None = None,
        codes: Codes | None = None,
        units: Units | None = None,
    ) -> None:
        self.definitions = definitions
        self._archive = Archive(definitions, structures)
        self._claims = Claims(self._archive)
        self._default = Sources(codes, units)
        self._frank = Sources(codes, units, self._archive.conforms, is_frank=True)
        self._full = replace(self._frank, is_full=True)

    def check(
        self, tree: Any, *, level: Level = Level.STRUCTURE, profiles: Sequence[str] = (), limit: int = 20
    ) -> list[Issue]:
        """What is wrong with `tree`, errors first: at most `limit` issues of error, warning or information.

        `profiles` are canonical urls to check against beside those in `meta.profile`, at any level; one
        that is not known is an error. Places are FHIRPath with indexes. Nothing of `tree` is changed.
        """
        sources = self._full if level is Level.FULL else self._frank if profiles else self._default
        scene = Scene(tree, sources)
        found = self._shapes(level).resource(tree, None, 0, scene) or []
        if sources.is_frank and is_shapeless(found):
            if profiles or claimed(tree):
                found = [
                    *found,
                    open_("Profiles were not checked: the resource has not the shape they rely on."),
                ]
        else:
            for url in dict.fromkeys(profiles):
                found = found + self._asked(tree, url, scene, level)
        told = issues(tree, sorted(_distinct(found), key=lambda finding: _RANK[finding.severity])[:limit])
        kind = tree.get("resourceType") if tree.__class__ is dict else None
        rule = _RULES.get(kind) if isinstance(kind, str) else None
        if rule is not None and not is_shapeless(found):
            told = sorted([*told, *rule(tree, self.definitions)], key=lambda issue: _RANK[issue.severity])[
                :limit
            ]
        return told

    def forget(self) -> None:
        """Drop the compiled profiles: to be called when a StructureDefinition was written, loaded or deleted."""
        self._archive.forget()

    def _asked(self, tree: Any, url: str, scene: Scene, level: Level) -> list[Finding]:
        """What is wrong by a profile that the caller asked for."""
        try:
            if not self._claims.knows(url):
                return [unknown(url, "", "error")]
            self._archive.profile(url)
            if level is Level.FULL and url in claimed(tree):
                return []
            return self._claims.kept(tree, url, scene) or []
        except Problem as problem:
            return [
                Finding("not-found", issue.message, issue.value, issue.repair) for issue in problem.issues
            ]

    def _shapes(self, level: Level) -> Shapes:
        if level is Level.FULL:
            return self._full_shapes
        return self._default_shapes if level is Level.STRUCTURE else self._loose_shapes

    @cached_property
    def _loose_shapes(self) -> Shapes:
        return Shapes(self.definitions, Asked(codes=False, presence=False))

    @cached_property
    def _default_shapes(self) -> Shapes:
        extras = _All(
            Invariants(self.definitions, frozenset({"error"})),
            Bindings(self.definitions, frozenset({"required"})),
            Targets(self.definitions),
        )
        return Shapes(self.definitions, Asked(), extras)

    @cached_property
    def _full_shapes(self) -> Shapes:
        extras = _All(
            Invariants(self.definitions, frozenset({"error", "warning"})),
            Bindings(self.definitions, frozenset({"required", "extensible"})),
            Targets(self.definitions),
            self._claims,
        )
        return Shapes(self.definitions, Asked(), extras)


class _All:
    """Several extras as one."""

    def __init__(self, *parts: Extras) -> None:
        self._parts = parts

    def of_type(self, type_def: TypeDef) -> tuple[Rule, ...]:
        return tuple(rule for part in self._parts for rule in part.of_type(type_def))

    def of_element(self, type_def: TypeDef, element: Element, value_type: str) -> tuple[Rule, ...]:
        return tuple(rule for part in self._parts for rule in part.of_element(type_def, element, value_type))


def _distinct(found: list[Finding]) -> list[Finding]:
    """Without what two profiles say in the same words of the same place."""
    if len(found) < 2:
        return found
    return list({(one.place, one.message, one.value): one for one in found}.values())
