"""Expands the value sets of required bindings where their codes are listed in the definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from charthouse.fhir.definitions import Concept

LIMIT: Final = 1000

Json = dict[str, Any]


class _Open(Exception):
    """The value set cannot be listed from what is at hand."""


class Terms:
    """Code systems and value sets by canonical url."""

    def __init__(self, resources: Iterable[Json]) -> None:
        """Take in CodeSystems and ValueSets; everything else is passed over."""
        self._systems: dict[str, Json] = {}
        self._sets: dict[str, Json] = {}
        for item in resources:
            if item["resourceType"] == "CodeSystem":
                self._systems.setdefault(item["url"], item)
            elif item["resourceType"] == "ValueSet":
                self._sets.setdefault(item["url"], item)

    def expand(self, url: str) -> tuple[Concept, ...] | None:
        """Every concept of the value set, or None where it is open-ended, unknown or longer than LIMIT."""
        try:
            found = self._expand(url, ())
        except _Open:
            return None
        return tuple(found.values()) if 0 < len(found) <= LIMIT else None

    def _expand(self, url: str, seen: tuple[str, ...]) -> dict[tuple[str, str], Concept]:
        url = url.partition("|")[0]
        if url in seen or url not in self._sets or "compose" not in self._sets[url]:
            raise _Open
        compose = self._sets[url]["compose"]
        found: dict[tuple[str, str], Concept] = {}
        for part in compose["include"]:
            found.update(self._part(part, (*seen, url)))
        for part in compose.get("exclude", ()):
            for key in self._part(part, (*seen, url)):
                found.pop(key, None)
        return found

    def _part(self, part: Json, seen: tuple[str, ...]) -> dict[tuple[str, str], Concept]:
        pools = [self._expand(url, seen) for url in part.get("valueSet", ())]
        if "system" in part:
            pools.append(self._system(part))
        if not pools:
            raise _Open
        first, *others = pools
        return {key: concept for key, concept in first.items() if all(key in other for other in others)}

    def _system(self, part: Json) -> dict[tuple[str, str], Concept]:
        url: str = part["system"]
        system = self._systems.get(url, {})
        known = {item["code"]: item for item, _ in _walk(system.get("concept", ()), ())}
        if "concept" in part:
            rows = [
                Concept(url, item["code"], item.get("display") or known.get(item["code"], {}).get("display"))
                for item in part["concept"]
            ]
        elif system.get("content") != "complete":
            raise _Open
        else:
            rules = part.get("filter", ())
            rows = [
                Concept(url, item["code"], item.get("display"))
                for item, ancestors in _walk(system["concept"], ())
                if _is_selectable(item) and all(_holds(rule, item, ancestors) for rule in rules)
            ]
        return {(row.system, row.code): row for row in rows}


def _walk(concepts: Iterable[Json], ancestors: tuple[str, ...]) -> Iterable[tuple[Json, tuple[str, ...]]]:
    """Each concept of a hierarchy with the codes above it; v3 code systems name parents in a property."""
    for item in concepts:
        yield item, ancestors
        yield from _walk(item.get("concept", ()), (*ancestors, item["code"]))


def _is_selectable(item: Json) -> bool:
    return not any(p["code"] == "notSelectable" and p.get("valueBoolean") for p in item.get("property", ()))


def _holds(rule: Json, item: Json, ancestors: tuple[str, ...]) -> bool:
    """Whether a filter of `compose` keeps the concept; a filter not known here leaves the set open."""
    if rule["property"] == "concept" and rule["op"] == "is-a":
        return rule["value"] == item["code"] or rule["value"] in ancestors
    if rule["property"] == "concept" and rule["op"] == "descendent-of":
        return rule["value"] in ancestors
    raise _Open
