"""The part of a resource that `_summary` and `_elements` ask for, marked as such (R4 search.html#summary)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from charthouse.api.negotiate import View
from charthouse.fhir.definitions import Definitions, Element, TypeDef
from charthouse.fhir.resource import Tree

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_ALWAYS: Final = ("resourceType", "id", "meta")

Keep = Mapping[str, "Keep | None"]  # JSON name -> what to keep inside it, None = all of it


class Subset:
    """Cuts resources down; compiled once per type from the definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._summary = cache(self._summary_of)
        self._mandatory = cache(self._mandatory_of)

    def of(self, tree: Tree, view: View) -> Tree:
        """`tree` as `view` wants it, tagged SUBSETTED; the input is left as it is."""
        if view.summary == "true":
            found = _prune(tree, self._summary(tree["resourceType"]))
        elif view.summary == "data":
            found = {name: value for name, value in tree.items() if name not in ("text", "_text")}
        elif view.summary == "text":
            found = _pick(tree, self._mandatory(tree["resourceType"]) | {"text", "_text"})
        else:
            found = _pick(
                tree, self._mandatory(tree["resourceType"]) | self._named(tree["resourceType"], view.elements)
            )
        return _tagged(found)

    def _named(self, type_name: str, elements: tuple[str, ...]) -> frozenset[str]:
        """JSON names for `_elements=name,Observation.value`; names of other types are passed over."""
        wanted = set()
        for text in elements:
            first, _, second = text.partition(".")
            if not second or first == type_name:
                wanted.add(second.partition(".")[0] or first)
        return frozenset(
            both
            for name, element in _json_names(self._definitions.type(type_name))
            if element.name in wanted or name in wanted
            for both in (name, "_" + name)
        )

    def _mandatory_of(self, type_name: str) -> frozenset[str]:
        """What goes out whatever was asked: elements that must be there, and those that change the meaning."""
        return frozenset(_ALWAYS) | {
            both
            for name, element in _json_names(self._definitions.type(type_name))
            if element.min > 0 or element.is_modifier
            for both in (name, "_" + name)
        }

    def _summary_of(self, type_name: str) -> Keep:
        keep: dict[str, Keep | None] = dict.fromkeys(_ALWAYS)
        for name, element in _json_names(self._definitions.type(type_name)):
            if element.is_summary:
                inner = element.types[0] if element.types else ""
                keep[name] = self._summary(inner) if "." in inner and inner != type_name else None
                keep["_" + name] = None
        return keep


def _json_names(type_def: TypeDef) -> Iterator[tuple[str, Element]]:
    """Each JSON property of a type with its element; a choice once per type it may have."""
    for name, element in type_def.elements.items():
        if not element.is_choice:
            yield name, element
    for name, (stem, _) in type_def.choice.items():
        yield name, type_def.elements[stem]


def _pick(tree: Tree, names: frozenset[str]) -> Tree:
    return {name: value for name, value in tree.items() if name in names}


def _prune(value: Any, keep: Keep) -> Any:
    if isinstance(value, list):
        return [_prune(item, keep) for item in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, item in value.items():
        if name in keep:
            inner = keep[name]
            pruned = item if inner is None else _prune(item, inner)
            if pruned != {}:
                found[name] = pruned
    return found


def _tagged(tree: Tree) -> Tree:
    meta = dict(tree.get("meta") or {})
    tags = meta.get("tag") or []
    if SUBSETTED not in tags:
        meta["tag"] = [*tags, SUBSETTED]
    return {**tree, "meta": meta}
