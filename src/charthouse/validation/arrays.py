"""Repeating elements, and the ids and extensions of primitive values beside them (R4 json.html#primitive)."""

from __future__ import annotations

from typing import Any

from charthouse.fhir.resource import MAX_DEPTH
from charthouse.validation.finding import Finding, enough, kind, shown, too_deep, under
from charthouse.validation.formats import Found, Rule
from charthouse.validation.scene import Scene


def array(rule: Rule) -> Rule:
    """The rule for an array of objects, each by `rule`."""

    def check(value: Any, _holder: Any, depth: int, scene: Scene) -> Found:
        if type(value) is not list or not value:
            return _no_array(value)
        found: Found = None
        depth += 1
        for index, item in enumerate(value):
            wrong = rule(item, None, depth, scene)
            if wrong is not None:
                found = (found or []) + under(f"[{index}]", wrong)
                if enough(found):
                    return found
        return found

    return check


def value_array(name: str, rule: Rule) -> Rule:
    """The rule for an array of primitive values, each by `rule`; null where only `_name` has something."""
    beside = "_" + name

    def check(value: Any, holder: Any, depth: int, scene: Scene) -> Found:
        if type(value) is not list or not value:
            return _no_array(value)
        if depth >= MAX_DEPTH:
            return too_deep()
        found: Found = None
        for index, item in enumerate(value):
            if item is None and _has(holder.get(beside), index):
                continue
            wrong = rule(item, None, depth, scene)
            if wrong is not None:
                found = (found or []) + under(f"[{index}]", wrong)
                if enough(found):
                    return found
        return found

    return check


def beside_one(name: str, rule: Rule) -> Rule:
    """The rule for `_name` beside a single value: an object with an id or extensions."""

    def check(value: Any, holder: Any, depth: int, scene: Scene) -> Found:
        if type(value) is list:
            message = f"_{name} must be an object, as {name} is given once."
            return [Finding("structure", message, "an array", "Write the object without the brackets [ ].")]
        wrong = rule(value, None, depth, scene)
        if wrong is None and name not in holder and "extension" not in value:
            message = f"{name} has neither a value nor an extension."
            return [Finding("structure", message, None, "Give it a value, or leave it out.")]
        return wrong

    return check


def beside_array(name: str, rule: Rule) -> Rule:
    """The rule for `_name` beside an array: no longer than it, null where there is nothing to say."""

    def check(value: Any, holder: Any, depth: int, scene: Scene) -> Found:
        if type(value) is not list or not value:
            return _no_array(value)
        values = holder.get(name)
        if type(values) is list and len(value) > len(values):
            message = f"_{name} has {len(value)} entries, and {name} has {len(values)}."
            return [Finding("structure", message, None, f"Fill {name} with null to the same length.")]
        found: Found = None
        for index, item in enumerate(value):
            has_value = _has(values, index)
            if item is None:
                if has_value:
                    continue
                wrong: Found = [
                    Finding("structure", "null stands for nothing here.", "null", "Leave it out.")
                ]
            else:
                wrong = rule(item, None, depth + 1, scene)
                if wrong is None and not has_value and "extension" not in item:
                    message = f"{name} has neither a value nor an extension here."
                    wrong = [Finding("structure", message, None, "Give it a value, or leave it out.")]
            if wrong is not None:
                found = (found or []) + under(f"[{index}]", wrong)
                if enough(found):
                    return found
        if found is None and all(item is None for item in value):
            return [Finding("structure", f"_{name} holds only null.", None, f"Leave _{name} out.")]
        return found

    return check


def _has(values: Any, index: int) -> bool:
    return type(values) is list and index < len(values) and values[index] is not None


def _no_array(value: Any) -> list[Finding]:
    if type(value) is list:
        return [Finding("structure", "The array is empty.", None, "Leave the element out.")]
    message = f"This element may repeat and must be an array, and is {kind(value)}."
    repair = "Leave the element out." if value is None else "Put the value in brackets: [ … ]."
    return [Finding("structure", message, shown(value), repair)]
