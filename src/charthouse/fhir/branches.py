"""Which parts of a search parameter's FHIRPath expression speak about one resource type."""

from __future__ import annotations

import re
from typing import Final

_OPEN: Final = "([{"
_CLOSE: Final = ")]}"
_FIRST_NAME: Final = re.compile(r"[\s(]*`?([A-Za-z_]\w*)")
_EVERY_TYPE: Final = frozenset({"Resource", "DomainResource"})


def split(expression: str) -> list[str]:
    """The operands of the top-level unions, in order: `A.x | (B.y | C.z).w` gives two."""
    parts: list[str] = []
    depth = start = 0
    quote = ""
    escaped = False
    for position, character in enumerate(expression):
        if quote:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "'`\"":
            quote = character
        elif character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif character == "|" and depth == 0:
            parts.append(expression[start:position].strip())
            start = position + 1
    parts.append(expression[start:].strip())
    return parts


def narrow(expression: str, resource_type: str) -> str | None:
    """The branches of `expression` for `resource_type`, joined by ` | `; None where there is none.

    A branch counts by the first name in it (R4 searchparameter.html, `expression`): that type
    itself, `Resource` or `DomainResource`. A union in brackets at its head is narrowed in turn,
    and a branch that begins with an element's name is taken as a path from the type.
    """
    kept = (_narrow_branch(branch, resource_type) for branch in split(expression))
    return " | ".join(branch for branch in kept if branch) or None


def _narrow_branch(branch: str, resource_type: str) -> str | None:
    """`branch` as far as it speaks of the type."""
    head, rest = _bracketed_head(branch)
    if len(split(head)) > 1:
        inner = narrow(head, resource_type)
        return f"({inner}){rest}" if inner and rest else inner
    found = _FIRST_NAME.match(branch)
    if found is None:
        return None
    name = found[1]
    if name[0].islower():
        return f"{branch[: found.start(1)]}{resource_type}.{branch[found.start(1) :]}"
    return branch if name == resource_type or name in _EVERY_TYPE else None


def _bracketed_head(branch: str) -> tuple[str, str]:
    """What the first pair of brackets holds and what follows it: `(a | b).c` gives `a | b` and `.c`."""
    if not branch.startswith("("):
        return "", branch
    depth = 0
    for position, character in enumerate(branch):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return branch[1:position], branch[position + 1 :]
    return "", branch
