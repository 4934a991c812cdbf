"""What US Core 6.1.0 says must be searchable: the searches of its test kit, and its own SearchParameters."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from tests.conformance.material import folder
from tests.conformance.uscore import package

Line = tuple[int, str]
WANTED = ("SHALL", "SHOULD")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A SearchParameter of the guide; the prefixes, chains and repetitions are those that it declares."""

    type: str
    code: str
    kind: str
    expression: str
    prefixes: tuple[str, ...]
    chains: tuple[str, ...]
    is_or: bool
    is_and: bool


@dataclass(frozen=True, slots=True)
class Search:
    """One search that a profile asks for: its parameters together, and what may come along."""

    group: str
    profile: str
    type: str
    names: tuple[str, ...]
    expectation: str
    includes: tuple[str, ...]
    revincludes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.expectation} {self.group}: {self.type}?{'&'.join(self.names)}"


def searches() -> list[Search]:
    """All that are SHALL or SHOULD, in the order of the file."""
    return [
        Search(
            group["name"],
            group["profile_url"],
            group["resource"],
            tuple(search["names"]),
            search["expectation"],
            tuple(group["include_params"]),
            tuple(group["revincludes"]),
        )
        for group in tree((folder("us-core") / "us_core_610_searches.yml").read_text())["groups"]
        for search in group["searches"]
        if search["expectation"] in WANTED
    ]


@functools.cache
def parameters() -> dict[tuple[str, str], Parameter]:
    """The SearchParameters of the package, by type and code (`_id` without the name of the file's id)."""
    found: dict[tuple[str, str], Parameter] = {}
    for one in package():
        if one["resourceType"] != "SearchParameter":
            continue
        for type in one["base"]:
            found[type, one["code"]] = Parameter(
                type,
                one["code"],
                one["type"],
                one["expression"],
                tuple(one.get("comparator", ())),
                tuple(one.get("chain", ())),
                one["multipleOr"],
                one["multipleAnd"],
            )
    return found


# --- as much of YAML as the file has: maps, lists, plain and single-quoted texts --------------------------------


def tree(text: str) -> Any:
    """The content of such a file. ValueError for any other YAML."""
    lines = [
        (len(line) - len(line.lstrip()), line.strip())
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    value, rest = _block(lines, 0)
    if rest != len(lines):
        raise ValueError(f"not understood: {lines[rest]}")
    return value


def _block(lines: list[Line], at: int) -> tuple[Any, int]:
    """The list, map or text that begins at a line; and the number of the line after it."""
    indent, text = lines[at]
    if text.startswith("- "):
        items = []
        while at < len(lines) and lines[at][0] == indent and lines[at][1].startswith("- "):
            lines[at] = indent + 2, lines[at][1][2:]
            item, at = _block(lines, at)
            items.append(item)
        return items, at
    if not _is_key(text):
        return _text(lines, at, indent - 1, text)
    found: dict[str, Any] = {}
    while at < len(lines) and lines[at][0] == indent and _is_key(lines[at][1]):
        key, _, value = lines[at][1].partition(":")
        if value.strip():
            found[key], at = _text(lines, at, indent, value.strip())
            continue
        at += 1
        is_inside = at < len(lines) and (
            lines[at][0] > indent or (lines[at][0] == indent and lines[at][1].startswith("- "))
        )
        found[key], at = _block(lines, at) if is_inside else (None, at)
    return found, at


def _is_key(text: str) -> bool:
    return text[0] not in "'\"[{" and (": " in text or text.endswith(":"))


def _text(lines: list[Line], at: int, indent: int, text: str) -> tuple[Any, int]:
    """A text, which goes on in lines that stand further in."""
    at += 1
    while at < len(lines) and lines[at][0] > indent and not lines[at][1].startswith("- "):
        text, at = f"{text} {lines[at][1]}", at + 1
    known: dict[str, Any] = {"[]": [], "{}": {}, "true": True, "false": False}
    if text in known:
        return known[text], at
    if text[0] == "'" and text[-1] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'"), at
    if text[0] in '"[{&*!|>%@`':
        raise ValueError(f"not understood: {text}")
    return text, at
