"""What is said of objects that do not have the shape of their type."""

from __future__ import annotations

from typing import Any

from charthouse.fhir.definitions import TypeDef
from charthouse.validation.finding import Finding, kind, shown


def unknown(type_def: TypeDef, name: str) -> Finding:
    """The finding about a property that the type does not have."""
    of = type_def.name
    element = type_def.elements.get(name.removeprefix("_"))
    near: list[str] = []
    if name == "resourceType":
        message = "resourceType belongs to a resource; this is an element of one."
        repair = "Leave it out."
    elif element is not None and element.is_choice:
        names = [each for each, (stem, _) in type_def.choice.items() if stem == element.name]
        message = f'The name "{name}" needs the type of the value behind it.'
        repair = f"Write {', '.join(names[:6])}{' or another' if len(names) > 6 else ''}."
    else:
        near = [each for each, found in type_def.elements.items() if not found.is_choice and found.max != 0]
        near += type_def.choice
        message = f'{of} has no element "{name[:80]}".'
        repair = "Leave it out; additional content goes into an extension."
    return Finding("structure", message, name[:80], repair, near=near)


def missing(type_def: TypeDef, name: str) -> Finding:
    """The finding that an element is not there which must be; a choice under its stem."""
    element = type_def.elements[name]
    written = " or ".join([each for each, (stem, _) in type_def.choice.items() if stem == name] or [name])
    of = "an array of " if element.max != 1 else ""
    kinds = " or ".join(each.rpartition(".")[2] for each in element.types[:4])
    return Finding(
        "required", f'{type_def.name} must have "{written}".', None, f"Add it: {of}{kinds}.", "." + name
    )


def untyped(name: Any, known: tuple[str, ...]) -> Finding:
    """The finding that a resource does not say which one it is; `known` are the types there are."""
    if name is None:
        return Finding(
            "required", "There is no resourceType.", None, "Say which resource this is.", ".resourceType"
        )
    if type(name) is not str:
        message = f"resourceType must be a string, and is {kind(name)}."
        return Finding("structure", message, shown(name), "Say which resource this is.", ".resourceType")
    message = "This is not a resource type of FHIR R4."
    return Finding("structure", message, shown(name), "Use a type of FHIR R4.", ".resourceType", known)


def no_object(node: Any) -> list[Finding]:
    """The finding that something else stands where an object must."""
    repair = "Leave it out." if node is None else "Write an object: { … }."
    if type(node) is list:
        repair = "This element is given once: write the object without the brackets [ ]."
    return [
        Finding("structure", f"An object must stand here, and there is {kind(node)}.", shown(node), repair)
    ]
