"""Copies of trees that keep every decimal as it was written."""

from __future__ import annotations

from typing import Any

from charthouse.base.errors import invalid
from charthouse.fhir.resource import MAX_DEPTH


def clone(value: Any) -> Any:
    """A copy that shares no object or list with `value`; numbers and text are shared, so digits stay."""
    if isinstance(value, dict):
        return {key: clone(part) for key, part in value.items()}
    if isinstance(value, list):
        return [clone(part) for part in value]
    return value


def size(value: Any) -> int:
    """How many values there are in a tree, itself included."""
    count = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        count += 1
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return count


def check_depth(value: Any) -> None:
    """Problem(invalid) if the tree has become deeper than a resource may be."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            part
            for holder in level
            for part in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(part, dict | list)
        ]
        if not level:
            return
    raise invalid(
        "business-rule", f"The patch makes a resource that is nested more than {MAX_DEPTH} levels deep."
    )


def shown(value: Any) -> str:
    """A value as a message shows it: scalars themselves, else what kind of thing it is."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
