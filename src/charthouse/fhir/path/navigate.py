"""Steps from a value to the elements in it, wherever FHIR's JSON has put them."""

from __future__ import annotations

from typing import Any

from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import ABSTRACT, SYSTEM, Key, Model, Step


def children_named(model: Model, item: Item, name: str) -> Items:
    """The elements `name` of one item (a choice by its stem); none if its type has no such element."""
    step = model.step(item.type, name)
    found: Items = []
    if step is not None:
        expand(model, item, step, found)
    return found


def expand(model: Model, item: Item, step: Step, found: Items) -> None:
    """Append to `found` what `step` finds in `item`."""
    tree = item.value
    if tree.__class__ is not dict:
        _expand_primitive(model, item, step, found)
        return
    for key in step.keys_in(tree):
        value = tree.get(key.name)
        if key.hidden is None:
            if value is None:
                continue
            if value.__class__ is list:
                for index, member in enumerate(value):
                    if member is not None:
                        kind = model.runtime_type(key.type, member) if key.type in ABSTRACT else key.type
                        found.append(Item(member, kind, None, item, step.name, index))
            else:
                kind = model.runtime_type(key.type, value) if key.type in ABSTRACT else key.type
                found.append(Item(value, kind, None, item, step.name))
        else:
            extra = tree.get(key.hidden)
            if value is not None or extra is not None:
                append_primitives(value, extra, key, item, step.name, found)


def append_primitives(value: Any, extra: Any, key: Key, parent: Item, name: str, found: Items) -> None:
    """Append a primitive, or each of a list, with the companion at its place (R4 json.html#primitive)."""
    if value.__class__ is not list and extra.__class__ is not list:
        found.append(Item(value, key.type, extra, parent, name))
        return
    values = value if value.__class__ is list else [value]
    extras = extra if extra.__class__ is list else [extra]
    for index in range(max(len(values), len(extras))):
        one = values[index] if index < len(values) else None
        other = extras[index] if index < len(extras) else None
        if one is not None or other is not None:
            found.append(Item(one, key.type, other, parent, name, index))


def _expand_primitive(model: Model, item: Item, step: Step, found: Items) -> None:
    """`id` and `extension` are in the companion; `value` is the value itself as a System type."""
    key = step.keys[0]
    if key.type.startswith(SYSTEM):
        if item.value is not None:
            found.append(Item(item.value, key.type, None, item, step.name))
    elif item.extra.__class__ is dict:
        expand(model, Item(item.extra, item.type, None, item.parent, item.key, item.index), step, found)


def children(state: State, item: Item) -> Items:
    """All elements directly in `item`, in the order of the type's definition."""
    found: Items = []
    model = state.model
    tree = item.value if item.value.__class__ is dict else item.extra
    if tree.__class__ is dict:
        places, steps = model.inside(item.type)
        for place in sorted({places[name] for name in tree if name in places}):
            expand(model, item, steps[place], found)
    state.spend(1 + len(found))
    return found


def descendants(state: State, item: Item) -> Items:
    """All elements below `item` at any depth, each before what is in it."""
    found: Items = []
    waiting = children(state, item)[::-1]
    while waiting:
        child = waiting.pop()
        found.append(child)
        waiting.extend(children(state, child)[::-1])
    return found
