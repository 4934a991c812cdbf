"""What the definitions say of the elements behind a search parameter: whether they repeat, what codes they take."""

from __future__ import annotations

import re
from typing import Final

from charthouse.fhir import branches
from charthouse.fhir.definitions import Definitions, Element

_PATH: Final = re.compile(
    r"\(?\s*(?P<path>[A-Z]\w*(?:\.\w+)+)(?:\s+as\s+\w+|\.(?:as|ofType)\(\s*\w+\s*\))?\s*\)?"
)  # fmt: skip


def paths(expression: str) -> set[str] | None:
    """The distinct element paths that `expression` unites, without their types; None if it does more than that."""
    found: set[str] = set()
    for branch in branches.split(expression):
        match = _PATH.fullmatch(branch)
        if match is None:
            return None
        found.add(match["path"])
    return found


def along(definitions: Definitions, type: str, path: str) -> list[Element] | None:
    """The elements from the top of `type` to the end of `path`; None where it leaves the definitions."""
    root, *names = path.split(".")
    if root not in (type, "Resource", "DomainResource"):
        return None
    owner = definitions.type(type)
    found: list[Element] = []
    for place, name in enumerate(names, 1):
        element = owner.elements.get(name)
        if element is None:
            return None
        found.append(element)
        if place < len(names):
            if len(element.types) != 1:
                return None
            owner = definitions.type(element.types[0])
    return found


def is_single(definitions: Definitions, type: str, expression: str) -> bool:
    """Whether `expression` gives at most one value in any resource of `type`.

    True only for one plain path through elements that do not repeat, or the types of one choice.
    """
    found = paths(expression)
    if found is None or len(found) != 1:
        return False
    elements = along(definitions, type, found.pop())
    return elements is not None and all(element.max == 1 for element in elements)
