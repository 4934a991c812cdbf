"""What an expression may know that somebody asks by itself: the value sets, code systems and profiles at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.fhir.path import Env, Item
from charthouse.fhir.resource import Tree
from charthouse.terminology import deadline, ucum
from charthouse.terminology.terminology import Terminology
from charthouse.validation.profile.archive import Archive
from charthouse.validation.scene import Scene, listed, member_of
from charthouse.validation.sources import Sources
from charthouse.validation.validator import Validator

# what each opens; a profile binds elements to value sets
_BOOKS: Final = {
    "memberOf": ("ValueSet",),
    "subsumes": ("CodeSystem",),
    "conformsTo": ("StructureDefinition", "ValueSet"),
}


def _open(_type: str) -> None:
    """Whoever asks may read everything."""


class Inquiry:
    """Answers `memberOf`, `subsumes` and `conformsTo` of FHIRPath (R4 fhirpath.html) about one resource.

    What is not known by the name that was asked with (a value set, a profile, a code) is Problem(invalid) that
    names it; what cannot be told of a code, because a part of its value set is elsewhere, is None. Each question
    looks at `deadline` first. Profiles are compiled for this resource only, and so are never stale.
    """

    def __init__(
        self, resource: Any, terminology: Terminology, validator: Validator, permit: Callable[[str], None] = _open
    ) -> None:  # fmt: skip
        """`permit` is asked, with the type of resource, before a book is opened; it raises Problem(forbidden)."""
        self._resource = resource
        self._terminology = terminology
        self._validator = validator
        self._permit = permit
        self._archive = Archive(validator.definitions, terminology)
        choices = validator.definitions.type("Parameters.parameter").choice
        self._keys = {kind: key for key, (_, kind) in choices.items()}

    def env(self, env: Env) -> Env:
        """`env` with these answers."""
        return replace(env, member_of=self.member_of, subsumes=self.subsumes, conforms_to=self.conforms_to)

    def member_of(self, value: Any, type_name: str, valueset: str) -> bool | None:
        """Whether a code, Coding, CodeableConcept or Quantity is in a value set."""
        self._begin("memberOf")
        return member_of(self, value, type_name, valueset)

    def member(self, valueset: str, system: str | None, code: str) -> bool | None:
        """Whether one code is in a value set; see `sources.Codes`."""
        found = self._terminology.member(valueset, system, code)
        if found is None:
            with _named():
                self._terminology.expect(valueset)
        return found

    def subsumes(self, one: Any, other: Any) -> bool | None:
        """Whether a code of `one` is a code of `other` or stands above it; codes of two systems never do."""
        self._begin("subsumes")
        uppers, lowers = list(_codings(one)), list(_codings(other))
        if not uppers or not lowers:
            return None
        for system, upper in uppers:
            for _, lower in (pair for pair in lowers if pair[0] == system):
                deadline.check()
                with _named():
                    if self._terminology.subsumes(system, upper, lower) in ("equivalent", "subsumes"):
                        return True
        return False

    def conforms_to(self, value: Any, type_name: str, profile: str) -> bool | None:
        """Whether a resource or a data type is sound by the standard, and keeps the profile."""
        self._begin("conformsTo")
        kind = self._archive.type_of(profile)
        if kind is None:
            raise invalid(
                "not-found", "This profile is not known here.", value=profile,
                repair="Install the package that it is from, or check the spelling of its address.",
            )  # fmt: skip
        if kind not in self._archive.model.ancestors(type_name):
            return False
        if not self._is_sound(value, type_name):
            return False
        self._archive.profile(profile)  # one that does not hold together says so
        sources = Sources(self._terminology, ucum.shared(), self._archive.conforms)
        return self._archive.conforms(Item(value, type_name), profile, Scene(self._resource, sources))

    def _begin(self, function: str) -> None:
        for type in _BOOKS[function]:
            self._permit(type)
        deadline.check()

    def _is_sound(self, value: Any, type_name: str) -> bool:
        """Whether a value has nothing wrong with it but what profiles say; they rely on its shape."""
        if value.__class__ is dict and "resourceType" in value:
            tree = value
        elif type_name == "Extension":
            tree = _holding({"extension": [value], "valueBoolean": True})
        elif type_name in self._keys:
            tree = _holding({self._keys[type_name]: value})
        else:
            raise problem(
                Category.UNSUPPORTED, "not-supported", "conformsTo() is for resources and data types.",
                value=type_name, repair="Ask the resource that it stands in.",
            )  # fmt: skip
        return all(issue.severity not in ("fatal", "error") for issue in self._validator.check(tree))


def _holding(value: Tree) -> Tree:
    """A resource that holds a data type and nothing else."""
    return {"resourceType": "Parameters", "parameter": [{"name": "value", **value}]}


def _codings(value: Any) -> Iterator[tuple[str, str]]:
    """(system, code) of a Coding, or of each coding of a CodeableConcept; those without both are left out."""
    if value.__class__ is not dict:
        raise invalid(
            "value", "A code without its system stands above none.", value=str(value),
            repair="Compare Codings or CodeableConcepts.",
        )  # fmt: skip
    for coding in listed(value, "coding") if "code" not in value else [value]:
        system, code = (coding.get(name) if coding.__class__ is dict else None for name in ("system", "code"))
        if system.__class__ is str and code.__class__ is str:
            yield system, code


@contextmanager
def _named() -> Iterator[None]:
    """What is not known is a fault in the expression, whose place is told by who evaluates it."""
    try:
        yield
    except Problem as failure:
        if failure.category is not Category.NOT_FOUND:
            raise
        issues = tuple(replace(issue, place=None) for issue in failure.issues)
        raise Problem(Category.INVALID, issues) from None
