"""The values that a FHIRPath Patch brings, read from the parts of its Parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from charthouse.base.errors import Problem
from charthouse.fhir.patch.copying import clone
from charthouse.fhir.path.model import ABSTRACT, Key, Model, Step

Fail = Callable[..., Problem]
MAX_NESTING: Final = 30


@dataclass(frozen=True, slots=True)
class Content:
    """A value with the JSON key it belongs under; `extra` is the companion of a primitive."""

    key: Key
    is_many: bool
    value: Any
    extra: Any = None


def json_key(step: Step, kind: str | None) -> Key:
    """The key of an element; of a choice the one for the type `kind`. KeyError if it has none."""
    if len(step.keys) == 1:
        return step.keys[0]
    for key in step.keys:
        if key.type == kind:
            return key
    raise KeyError(kind)


def content_of(model: Model, part: Any, holder_type: str, name: str, fail: Fail, level: int = 0) -> Content:
    """The content of a `value` part for the element `name` (a choice by its stem) of `holder_type`.

    `part` has a `value[x]`, a `resource`, or parts of its own for an element whose type has no name.
    """
    step = model.step(holder_type, name)
    if step is None:
        raise fail(f"{holder_type} has no element of this name.", name)
    if level > MAX_NESTING:
        raise fail(f"The value is nested more than {MAX_NESTING} deep.")
    inner = part.get("part")
    if isinstance(inner, list) and inner:
        key = step.keys[0]
        if len(step.keys) > 1 or key.hidden is not None:
            raise fail("the value of this element cannot be given in parts.", name)
        return Content(key, step.is_many, _assembled(model, inner, key.type, fail, level))
    if "resource" in part:
        return _of_resource(model, part["resource"], step, fail)
    return _of_value(model, part, step, fail)


def _of_resource(model: Model, resource: Any, step: Step, fail: Fail) -> Content:
    key = step.keys[0]
    if key.type not in ABSTRACT or not isinstance(resource, dict):
        raise fail("this element holds no resource.", step.name)
    if model.runtime_type("Resource", resource) == "Resource":
        raise fail("the value is no resource that R4 knows.", resource.get("resourceType"))
    return Content(key, step.is_many, clone(resource))


def _of_value(model: Model, part: dict[str, Any], step: Step, fail: Fail) -> Content:
    """From `valueCode` and the like; the name of the property tells the type."""
    choices = model.definitions.type("Parameters.parameter").choice
    named = [key for key in part if key in choices or (key.startswith("_") and key[1:] in choices)]
    stems = {key.removeprefix("_") for key in named}
    if len(stems) != 1:
        raise fail(
            "the value must be given once, as value[x], resource or parts.",
            ", ".join(sorted(stems)) or None,
            code="structure",
        )
    stem = stems.pop()
    kind = choices[stem][1]
    try:
        key = json_key(step, kind)
    except KeyError:
        allowed = ", ".join(key.type for key in step.keys)
        raise fail(f"{step.name} cannot be a {kind}.", kind, repair=f"It can be {allowed}.") from None
    if not _fits(model, kind, key):
        raise fail(f"{step.name} is a {key.type}, not a {kind}.", kind)
    return Content(key, step.is_many, clone(part.get(stem)), clone(part.get(f"_{stem}")))


def _fits(model: Model, kind: str, key: Key) -> bool:
    """Primitives go for each other (a code may come as string); complex types must be kin (Age and Quantity)."""
    if model.is_primitive(kind) or key.hidden is not None:
        return model.is_primitive(kind) and key.hidden is not None
    return kind in model.ancestors(key.type) or key.type in model.ancestors(kind)


def _assembled(model: Model, parts: list[Any], kind: str, fail: Fail, level: int) -> dict[str, Any]:
    """An object of `kind` from parts that carry the names of its elements."""
    found: dict[str, Any] = {}
    for part in parts:
        name = part.get("name") if isinstance(part, dict) else None
        if not isinstance(name, str):
            raise fail("a part of the value has no name.", name, code="structure")
        put(found, content_of(model, part, kind, name, fail, level + 1), fail)
    return found


def put(holder: dict[str, Any], content: Content, fail: Fail) -> None:
    """Set a single element that is not there yet, or append to a list."""
    key = content.key
    if content.is_many:
        held = holder.get(key.name)
        place = len(held) if isinstance(held, list) else 0
        companions = holder.get(key.hidden) if key.hidden else None
        place = max(place, len(companions) if isinstance(companions, list) else 0)
        insert(holder, content, place)
        return
    if key.name in holder or (key.hidden is not None and key.hidden in holder):
        raise fail(f"{key.name} is there already, and can be there only once.", repair="Use replace.")
    if content.value is not None:
        holder[key.name] = content.value
    if content.extra is not None and key.hidden is not None:
        holder[key.hidden] = content.extra


def insert(holder: dict[str, Any], content: Content, index: int) -> None:
    """Put one more element into a list, its companion at the same place."""
    key = content.key
    values = holder.get(key.name)
    values = values if isinstance(values, list) else []
    companions = holder.get(key.hidden) if key.hidden is not None else None
    companions = companions if isinstance(companions, list) else []
    length = max(len(values), len(companions))
    if key.hidden is not None and (companions or content.extra is not None):
        companions = [*companions, *[None] * (length - len(companions))]
        companions.insert(index, content.extra)
        holder[key.hidden] = companions
        values = [*values, *[None] * (length - len(values))]
    values.insert(index, content.value)
    holder[key.name] = values
