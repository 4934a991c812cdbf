"""References between resources: what a reference names, and where a tree holds them (R4 references.html)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_LITERAL = re.compile(
    r"(?:(?P<base>https?://.+)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?(?:\#(?P<fragment>.+))?"
)


class Ref(NamedTuple):
    """A literal reference: `Type/id`, perhaps of one version, perhaps on another server (`base`)."""

    type: str
    id: str
    version: str | None = None
    base: str | None = None


def parse(text: str) -> Ref | None:
    """The parts of a literal reference, or None for `#contained`, `urn:` and anything else."""
    match = _LITERAL.fullmatch(text)
    if match is None:
        return None
    return Ref(match["type"], match["id"], match["version"], match["base"])


def walk(tree: Any) -> list[dict[str, Any]]:
    """Every object in `tree` that holds a `reference` string (a Reference)."""
    found: list[dict[str, Any]] = []
    stack: list[Any] = [tree]
    while stack:
        value = stack.pop()
        if value.__class__ is dict:
            if value.get("reference").__class__ is str:
                found.append(value)
            value = value.values()
        for item in value:
            kind = item.__class__
            if kind is dict or kind is list:
                stack.append(item)
    return found
