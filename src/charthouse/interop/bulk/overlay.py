"""Possible overlays: one chart's id claimed by another person's data, the worst identity error. Pure."""

from __future__ import annotations

import unicodedata
from typing import Any

from charthouse.fhir.resource import Tree


def contradictions(stored: Tree, arriving: Tree) -> list[str]:
    """In what the two Patient resources cannot be the same person; empty when they may be.

    A birth date contradicts when both are known and differ in what both state; names when they
    share neither a family name nor a first given name; identifiers when a system that both use
    has no value in common.
    """
    found = []
    ours, theirs = stored.get("birthDate"), arriving.get("birthDate")
    if isinstance(ours, str) and isinstance(theirs, str):
        common = min(len(ours), len(theirs))
        if ours[:common] != theirs[:common]:
            found.append("birth date")
    if _strangers(_names(stored), _names(arriving)):
        found.append("name")
    if _apart(_identifiers(stored), _identifiers(arriving)):
        found.append("identifier")
    return found


def _strangers(ours: set[str], theirs: set[str]) -> bool:
    return bool(ours and theirs and not ours & theirs)


def _names(patient: Tree) -> set[str]:
    """Folded family and first given names, marked by kind."""
    found = set()
    for name in _list(patient.get("name")):
        if isinstance(name.get("family"), str):
            found.add("family " + _fold(name["family"]))
        given = name.get("given")
        if isinstance(given, list) and given and isinstance(given[0], str):
            found.add("given " + _fold(given[0]))
    return found


def _identifiers(patient: Tree) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for identifier in _list(patient.get("identifier")):
        system, value = identifier.get("system"), identifier.get("value")
        if isinstance(system, str) and isinstance(value, str):
            found.setdefault(system, set()).add(value)
    return found


def _apart(ours: dict[str, set[str]], theirs: dict[str, set[str]]) -> bool:
    return any(not ours[system] & theirs[system] for system in ours.keys() & theirs.keys())


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())
