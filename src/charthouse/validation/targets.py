"""Whether references lead to the types that an element allows (R4 references.html#Reference)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from charthouse.fhir.definitions import Definitions, Element, TypeDef
from charthouse.fhir.path.model import Model, model_of
from charthouse.fhir.path.resolving import target_type
from charthouse.validation.finding import Finding, shown
from charthouse.validation.formats import Found, Rule
from charthouse.validation.scene import Scene


class Targets:
    """The rules of the standard's own `Reference(Patient | Group)`."""

    def __init__(self, definitions: Definitions) -> None:
        self._model = model_of(definitions)

    def of_type(self, _type_def: TypeDef) -> tuple[Rule, ...]:
        """None: targets are named by elements."""
        return ()

    def of_element(self, type_def: TypeDef, element: Element, value_type: str) -> tuple[Rule, ...]:
        """The rule for an element of type Reference whose targets are limited."""
        if value_type != "Reference" or not element.targets or "Resource" in element.targets:
            return ()
        return (_targeted(f"{type_def.name}.{element.name}", frozenset(element.targets), self._model),)


def _targeted(where: str, allowed: frozenset[str], model: Model) -> Rule:
    def check(node: Any, _holder: Any, _depth: int, scene: Scene) -> Found:
        text = node.get("reference")
        if text.__class__ is str and text.partition("/")[0] in allowed:
            return None
        found = target(node, scene, model)
        if found is None or found in allowed:
            return None
        return [astray(where, found, allowed, node)]

    return check


def target(node: Any, scene: Scene, model: Model) -> str | None:
    """The type of the resource that a Reference leads to, as far as it says or can be found; else None."""
    text = node.get("reference")
    if text.__class__ is str and text.startswith("urn:") and scene.outer is not None:
        resource = scene.resolve(text)
        named = resource.get("resourceType") if resource.__class__ is dict else None
        if named.__class__ is str and model.definitions.is_resource(named):
            return str(named)
    return target_type(model, node, scene.root)


def astray(where: str, found: str, allowed: Collection[str], node: Any) -> Finding:
    """The finding that a reference leads to the wrong type."""
    kinds = " or ".join(sorted(allowed))
    article = "an" if found[0] in "AEIOU" else "a"
    message = f"{where} refers to {article} {found}, and may refer to {kinds} only."
    value = node.get("reference") if node.get("reference") is not None else node.get("type")
    return Finding("value", message, shown(value), f"Refer to {kinds}.", ".reference")
