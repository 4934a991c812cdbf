"""The constraints that the standard itself writes in FHIRPath, as rules for every object they stand on.

A constraint is broken only where its expression is false. Empty is not false: R4 has constraints that are
empty where what they speak of is absent (ras-2), and a Period of uncertain length keeps per-1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from charthouse.base.errors import Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import Definitions, Element, Invariant, TypeDef
from charthouse.fhir.path import Expression, Item
from charthouse.fhir.path.model import Model, model_of
from charthouse.validation.finding import Finding
from charthouse.validation.formats import Found, Rule
from charthouse.validation.native import BY_KEY, GUARANTEED, Native
from charthouse.validation.presence import ANY, FALSE, Mask, Presence, heads
from charthouse.validation.scene import Scene

_SIMPLE_QUANTITY = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity"
# Declared by that profile on Quantity (R4 datatypes.html#SimpleQuantity), which elements name as their type.
_SQT_1 = Invariant("sqt-1", "error", "The comparator is not used on a SimpleQuantity", "comparator.empty()")


class Invariants:
    """Rules from the constraints of some severities (`error`, `warning`)."""

    def __init__(self, definitions: Definitions, severities: frozenset[str]) -> None:
        self._definitions = definitions
        self._model = model_of(definitions)
        self._severities = severities

    def of_type(self, type_def: TypeDef) -> tuple[Rule, ...]:
        """What the type and all it derives from demand of an object."""
        found = [one for name in self._ancestry(type_def.name) for one in self._declared(name)]
        return self._rules(found, type_def.name)

    def of_element(self, type_def: TypeDef, element: Element, value_type: str) -> tuple[Rule, ...]:
        """What is demanded of the values of this element only, such as org-3 of Organization.telecom."""
        found: list[Invariant] = []
        if value_type != f"{type_def.name}.{element.name}" and element.name != "extension":
            found += self._declared(f"{type_def.name}.{element.name}")
        if _SIMPLE_QUANTITY in element.profiles:
            found.append(_SQT_1)
        return self._rules(found, value_type)

    def _ancestry(self, name: str) -> list[str]:
        names: list[str] = []
        current: str | None = name
        while current is not None:
            names.insert(0, current)
            current = self._definitions.type(current).base
        return names

    def _declared(self, at: str) -> tuple[Invariant, ...]:
        note = self._definitions.notes(at.partition(".")[0]).get(at)
        return () if note is None else note.invariants

    def _rules(self, found: list[Invariant], type_name: str) -> tuple[Rule, ...]:
        wanted = [one for one in found if one.severity in self._severities and one.key not in GUARANTEED]
        return tuple(constraint(one, type_name, self._model) for one in _merged(wanted))


def _merged(found: list[Invariant]) -> Iterator[Invariant]:
    """One for each expression: txt-1 and txt-2 ask the same function."""
    by_expression: dict[str, list[Invariant]] = {}
    for one in found:
        same = by_expression.setdefault(one.expression, [])
        if all(one.key != other.key for other in same):
            same.append(one)
    for same in by_expression.values():
        first = same[0]
        key, human = " and ".join(one.key for one in same), "; ".join(one.human for one in same)
        yield Invariant(key, first.severity, human, first.expression)


def constraint(invariant: Invariant, type_name: str, model: Model) -> Rule:
    """The rule that the values of a type keep a constraint: the quickest way to see that it holds comes first."""
    node = path.parse(invariant.expression)
    is_primitive = model.is_primitive(type_name)
    native = BY_KEY.get(invariant.key.partition(" ")[0])
    mask: Mask = (lambda tree: ANY) if is_primitive else Presence(model, type_name).mask(node)
    ask = asking(invariant, model, {})
    names = [name for name in heads(node) if model.step(type_name, name) is not None]
    broken = [told(invariant, "FHIR", names)]

    def slowly(node: Any, scene: Scene) -> Found:
        answers = mask(node)
        if not answers & FALSE:
            return None
        answer = False if answers == FALSE else ask(scene.item(node, type_name), scene)
        return broken if answer is False else None if answer is None or answer is True else [answer]

    return _natively(native, slowly) if native is not None else _plainly(slowly)


def _natively(native: Native, slowly: Callable[[Any, Scene], Found]) -> Rule:
    def check(node: Any, _holder: Any, _depth: int, scene: Scene) -> Found:
        return None if native(node, scene) else slowly(node, scene)

    return check


def _plainly(slowly: Callable[[Any, Scene], Found]) -> Rule:
    return lambda node, _holder, _depth, scene: slowly(node, scene)


def asking(
    invariant: Invariant, model: Model, compiled: dict[tuple[str, str], Expression]
) -> Callable[[Item, Scene], bool | Finding | None]:
    """The expression itself; a Finding where it cannot be evaluated.

    It is compiled for a type when first met and kept in `compiled` by (expression, type).
    """
    text = invariant.expression

    def ask(item: Item, scene: Scene) -> bool | Finding | None:
        try:
            expression = compiled.get((text, item.type))
            if expression is None:
                expression = compiled[text, item.type] = path.compile(text, item.type, model.definitions)
            return expression.truth(item, scene.env)
        except Problem as problem:
            return unchecked(f"The rule {invariant.key} ({invariant.human.strip().rstrip('.')})", problem)

    return ask


def told(invariant: Invariant, author: str, names: list[str]) -> Finding:
    """The finding that a constraint is broken; `author` is who made it, `names` the elements it speaks of."""
    human = invariant.human.strip().rstrip(".")
    repair = f"Look at {_listed(names)}." if names else None
    message = f"{human} (rule {invariant.key} of {author})."
    return Finding("invariant", message, None, repair, severity=invariant.severity)


def unchecked(what: str, problem: Problem) -> Finding:
    """The finding that something could not be checked, and why."""
    reason = problem.issues[0].message if problem.issues else "no reason given"
    return Finding("informational", f"{what} was not checked: {reason}", severity="information")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
