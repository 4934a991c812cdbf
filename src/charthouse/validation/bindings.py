"""Whether codes are from the value set that an element is bound to (R4 terminologies.html#strength).

A required binding wants the concept to be from the set. For a CodeableConcept that means: one of its codings
is, and text alone is not enough. An extensible binding lets other codes and text stand where the set has no
code for the concept, which only a person can judge: a warning. Preferred and example bindings ask nothing.
"""

from __future__ import annotations

from typing import Any, Final

from charthouse.base.errors import Problem
from charthouse.fhir.definitions import Definitions, Element, TypeDef
from charthouse.validation.finding import Finding, shown
from charthouse.validation.formats import Found, Rule
from charthouse.validation.invariants import unchecked
from charthouse.validation.scene import Scene, listed

SEVERITIES: Final = {"required": "error", "extensible": "warning"}
_CODED: Final = frozenset({"CodeableConcept", "Coding", "Quantity", "code", "string", "uri"})
_QUANTITIES: Final = frozenset({"Age", "Count", "Distance", "Duration", "Money"})
_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_FEW: Final = 12
_WANTED: Final = "and one is wanted of the value set that"


class Bindings:
    """The rules of the standard's own bindings, of some strengths."""

    def __init__(self, definitions: Definitions, strengths: frozenset[str]) -> None:
        self._definitions = definitions
        self._strengths = strengths

    def of_type(self, _type_def: TypeDef) -> tuple[Rule, ...]:
        """None: bindings stand on elements."""
        return ()

    def of_element(self, _type_def: TypeDef, element: Element, value_type: str) -> tuple[Rule, ...]:
        """The rule for the codes of an element; a code with a listed set is part of its shape already."""
        valueset, strength = element.binding, element.strength
        if valueset is None or strength not in self._strengths:
            return ()
        if value_type == "code" and strength == "required" and self._definitions.codes(valueset):
            return ()
        bound = binding(valueset, strength, value_type, "FHIR", self._definitions)
        return () if bound is None else (lambda value, _holder, _depth, scene: bound(value, scene),)


def binding(
    valueset: str, strength: str, value_type: str, author: str, definitions: Definitions
) -> Bound | None:
    """The check of values of a type against a value set; None where neither type nor strength ask for one.

    `author` is who bound it, for the message.
    """
    kind = "Quantity" if value_type in _QUANTITIES else value_type
    if kind not in _CODED or strength not in SEVERITIES:
        return None
    return Bound(valueset, strength, kind, author, definitions)


class Bound:
    """One binding of one type: looks codes up in the definitions, else asks the caller's `Codes`."""

    def __init__(
        self, valueset: str, strength: str, kind: str, author: str, definitions: Definitions
    ) -> None:
        self.valueset = valueset
        self.strength = strength
        self.kind = kind
        self.author = author
        self.listed = definitions.concepts(valueset)
        self._pairs = frozenset((one.system, one.code) for one in self.listed or ())
        self._codes = frozenset(one.code for one in self.listed or ())

    def __call__(self, value: Any, scene: Scene) -> Found:
        """What is wrong with the codes of a value; nothing if it is too little of a value to have any."""
        codings = self._codings(value)
        if not codings:
            return self._codeless(value)
        try:
            return self._judged(self._answer(codings, scene), codings, scene)
        except Problem as problem:
            return [unchecked(f"The value set {self.valueset}", problem)]

    def holds(self, value: Any, scene: Scene) -> bool | None:
        """Whether one code of the value is in the set; None where that cannot be told."""
        try:
            return self._answer(self._codings(value), scene)
        except Problem:
            return None

    def _codings(self, value: Any) -> list[Any]:
        if self.kind == "CodeableConcept":
            return [one for one in listed(value, "coding") if "code" in one]
        if self.kind in ("Coding", "Quantity"):
            return [value] if "code" in value else []
        return [{"code": value}]

    def _answer(self, codings: list[Any], scene: Scene) -> bool | None:
        answers = [self._member(one, scene) for one in codings]
        return True if True in answers else None if None in answers else False

    def _member(self, coding: Any, scene: Scene) -> bool | None:
        system, code = coding.get("system"), coding["code"]
        if self.listed is not None:
            has_system = self.kind in ("CodeableConcept", "Coding", "Quantity")
            return (system, code) in self._pairs if has_system else code in self._codes
        codes = scene.sources.codes
        return None if codes is None else codes.member(self.valueset, system, code)

    def _codeless(self, value: Any) -> Found:
        """Text without a code; a number without a unit, or nothing but the reason why, is not wrong."""
        if self.kind == "CodeableConcept":
            if "text" not in value and any(one.get("url") == _ABSENT for one in listed(value, "extension")):
                return None
            return self._wrong(f"Text alone does not say which code is meant, {_WANTED}", _shown_text(value))
        if "unit" in value or "display" in value:
            return self._wrong(f"There is no code, {_WANTED}", _shown_text(value))
        return None

    def _judged(self, answer: bool | None, codings: list[Any], scene: Scene) -> Found:
        if answer:
            return None
        if answer is None:
            if not scene.sources.is_frank or not scene.once("value set", self.valueset):
                return None
            message = f"Codes were not checked: the value set {self.valueset}, or a code system in it, is not at hand."
            return [Finding("informational", message, severity="information")]
        value = ", ".join(_written(one) for one in codings[:3])
        these = "This code is not" if len(codings) == 1 else "None of these codes is"
        return self._wrong(f"{these} in the value set that", value, codings)

    def _wrong(self, what: str, value: str | None, codings: list[Any] | None = None) -> Found:
        message = f"{what} {self.author} binds this element to ({self.strength}): {self.valueset}."
        repair = self._repair(codings)
        return [Finding("code-invalid", message, value, repair, severity=SEVERITIES[self.strength])]

    def _repair(self, codings: list[Any] | None) -> str:
        known = self.listed
        if known is None:
            extra = " if one of them fits" if self.strength == "extensible" else ""
            return f"Use a code of {self.valueset}{extra}."
        given = {one.get("code") for one in codings or ()}
        near = next((one for one in known if one.code in given), None)
        if near is not None:
            return f'The code "{near.code}" of this set has the system {near.system}.'
        if len(known) > _FEW:
            return (
                f"Use one of the {len(known)} codes of the set, such as {known[0].code} of {known[0].system}."
            )
        systems = {one.system for one in known}
        named = ", ".join(one.code if len(systems) == 1 else f"{one.system}#{one.code}" for one in known)
        return f"Use one of: {named}" + (f" (system {known[0].system})." if len(systems) == 1 else ".")


def _written(coding: Any) -> str:
    system = coding.get("system")
    return f"{coding['code']} (no system)" if system is None and len(coding) > 1 else _joined(system, coding)


def _joined(system: str | None, coding: Any) -> str:
    return str(coding["code"]) if system is None else f"{system}#{coding['code']}"


def _shown_text(value: Any) -> str | None:
    text = value.get("text") or value.get("display") or value.get("unit")
    return None if text is None else shown(text)
