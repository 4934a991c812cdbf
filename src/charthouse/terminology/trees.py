"""Looks into resources that nobody may have checked: what has the wrong shape is a Problem, never a crash."""

from __future__ import annotations

from typing import Any

from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree


def items(tree: Tree, name: str) -> list[Tree]:
    """The objects of a repeating element; Problem(invalid) where it is something else."""
    found = tree.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise _misshaped(name, "a list of objects", found)
    return found


def text(tree: Tree, name: str) -> str | None:
    """A string element, None where it is absent or empty; Problem(invalid) where it is something else."""
    found = tree.get(name)
    if found is None or isinstance(found, str):
        return found or None
    raise _misshaped(name, "a string", found)


def texts(tree: Tree, name: str) -> list[str]:
    """The strings of a repeating element; Problem(invalid) where it is something else."""
    found = tree.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _misshaped(name, "a list of strings", found)
    return found


def child(tree: Tree, name: str) -> Tree:
    """A single object, empty where it is absent; Problem(invalid) where it is something else."""
    found = tree.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _misshaped(name, "an object", found)
    return found


def is_storable(text: str) -> bool:
    """Whether a database takes the text: no half characters, no zero; what is none of these is in no table."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _misshaped(name: str, wanted: str, found: Any) -> Exception:
    return invalid(
        "structure", f"`{name}` has to be {wanted}.", place=name, value=str(found)[:80],
        repair="Send the resource as R4 shapes it.",
    )  # fmt: skip
