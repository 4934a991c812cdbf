"""Which stored parameters answer a search parameter, so that no value is indexed twice under two names.

R4 defines many parameters as a part or a sum of others: `Observation.patient` is `subject` where it
names a Patient, `combo-code` is `code` and `component-code` together. Such parameters have no rows
of their own; a search for them looks at the rows of the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from charthouse.fhir import branches
from charthouse.fhir.definitions import SearchParam

_NARROWED: Final = re.compile(r"(.+)\.where\(\s*resolve\(\)\s+is\s+(\w+)\s*\)", re.DOTALL)
_ON_THE_ROW: Final = frozenset({"_id", "_lastUpdated"})  # columns of the resource itself
_NOT_INDEXED: Final = frozenset({"composite", "special"})  # made of other parameters, or computed
OWN: Final = "~"  # in the names under which the rows of a clinic's own parameters lie, and in no others


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of a parameter are: rows under `codes`, of these only references to `target`.

    `single` says that a resource has at most one.
    """

    codes: tuple[str, ...]
    target: str | None = None
    single: bool = False


def is_phonetic(param: SearchParam) -> bool:
    """Whether its values are not what stands in the resource, but how that sounds."""
    return param.code == "phonetic" and param.type == "string"


def is_indexed(param: SearchParam) -> bool:
    """Whether the parameter has values of its own that can be extracted."""
    return param.expression is not None and param.type not in _NOT_INDEXED and param.code not in _ON_THE_ROW


def sources(params: Mapping[str, SearchParam], is_single: Callable[[str], bool]) -> dict[str, Source]:
    """Parameter code -> where its values are, for the parameters of one resource type.

    `is_single` says whether an expression gives at most one value. Parameters without rows anywhere
    (composite, special, `_id`, `_lastUpdated`) are left out.
    """
    parts = {
        code: frozenset(_bare(branch) for branch in branches.split(param.expression or ""))
        for code, param in sorted(params.items())
        if is_indexed(param)
    }
    wider = {code: _wider(own) for code, own in parts.items()}
    found: dict[str, Source] = {}
    for code in sorted(parts, key=lambda name: (wider[name] is not None, len(parts[name]), name)):
        stored = {
            other: parts[other]
            for other, source in found.items()
            if source.codes == (other,)
            and params[other].type == params[code].type
            and not is_phonetic(params[other])
        }
        codes, target = (None if is_phonetic(params[code]) else _cover(parts[code], stored)), None
        opened = wider[code]
        if codes is None and opened is not None and (codes := _cover(opened[0], stored)):
            target = opened[1]
        found[code] = Source(codes or (code,), target, is_single(params[code].expression or ""))
    return found


def own_sources(
    own: Mapping[str, SearchParam],
    params: Mapping[str, SearchParam],
    standard: Mapping[str, Source],
    is_single: Callable[[str], bool],
) -> dict[str, Source]:
    """The same for the parameters that a clinic adds to a type's `params`, whose `standard` sources stay as they are.

    What is indexed already is not indexed again. Other rows lie under a name that only this way of indexing has:
    what a parameter of the same code had found before is never met.
    """
    stored = {
        code: frozenset(_bare(branch) for branch in branches.split(params[code].expression or ""))
        for code, source in standard.items()
        if source.codes == (code,) and not is_phonetic(params[code])
    }
    found: dict[str, Source] = {}
    for code, param in sorted(own.items()):
        if not is_indexed(param):
            continue
        text = param.expression or ""
        same = {name: parts for name, parts in stored.items() if params[name].type == param.type}
        codes = _cover(frozenset(_bare(branch) for branch in branches.split(text)), same)
        found[code] = Source(codes or (own_name(param),), None, is_single(text))
    return found


def own_name(param: SearchParam) -> str:
    """The name under which the rows of a clinic's own parameter lie."""
    how = sha256(f"{param.type} {param.expression}".encode()).hexdigest()
    return f"{param.code}{OWN}{how[:12]}"


def _wider(parts: frozenset[str]) -> tuple[frozenset[str], str] | None:
    """The branches without `where(resolve() is T)`, and T, when every branch has the same; else None."""
    wider: set[str] = set()
    targets: set[str] = set()
    for part in parts:
        match = _NARROWED.fullmatch(part)
        if match is None:
            return None
        wider.add(_bare(match[1]))
        targets.add(match[2])
    return (frozenset(wider), targets.pop()) if len(targets) == 1 else None


def _cover(wanted: frozenset[str], stored: Mapping[str, frozenset[str]]) -> tuple[str, ...] | None:
    """Stored parameters that together have exactly the branches `wanted`, or None."""
    chosen: list[str] = []
    left = set(wanted)
    for code in sorted(stored, key=lambda name: (-len(stored[name]), name)):
        if stored[code] <= wanted and left & stored[code]:
            chosen.append(code)
            left -= stored[code]
    return None if left else tuple(sorted(chosen))


def _bare(branch: str) -> str:
    """A branch without the brackets around the whole of it and without superfluous white space."""
    branch = " ".join(branch.split())
    while branch.startswith("(") and _closing(branch) == len(branch) - 1:
        branch = branch[1:-1].strip()
    return branch


def _closing(branch: str) -> int:
    """Where the bracket that opens `branch` is closed."""
    depth = 0
    for position, character in enumerate(branch):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position
    return -1
