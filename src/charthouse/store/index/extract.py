"""From a resource to its index rows; the parameters of a type are compiled once, when first wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from charthouse.fhir import path
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.resource import Tree
from charthouse.store.index.elements import is_single
from charthouse.store.index.sources import Source, sources
from charthouse.store.index.text import LONGEST_NAME, short
from charthouse.store.index.values import CONVERTERS, Converter, Rows, reference_converters

# In which order a resource's patient references are asked whose record it belongs to; the other
# parameters of the Patient compartment follow in the order of its definition.
_HOME_ORDER: Final = ("patient", "subject", "beneficiary", "individual")

# Rows with texts that are names (see `short`), the last of them and before it, from the second place on.
_NAMES: Final = (("tokens", 2), ("references", 2), ("quantities", 2), ("uris", 1))

# Under this name stands what a Binary or a stored Bundle is about; no search asks for it, policies do.
INSIDE: Final = "-inside"

Typed = Callable[[Tree], list[tuple[Any, str]]]


class _Layout(NamedTuple):
    """How one resource type is indexed."""

    steps: tuple[tuple[str, Typed, Mapping[str, Converter]], ...]
    homes: tuple[str, ...]


class Extractor:
    """Index rows of resources by the search parameters of the definitions.

    `bases` are the addresses (without a slash at the end) under which this record is served: an
    absolute reference under one of them is a reference to our own resource.
    """

    def __init__(self, definitions: Definitions, bases: Collection[str] = ()) -> None:
        self._definitions = definitions
        self._references = reference_converters(definitions.is_resource, frozenset(bases))
        self._layouts: dict[str, _Layout] = {}
        self._sources: dict[str, Mapping[str, Source]] = {}

    def rows(self, tree: Tree, type: str) -> Rows:
        """All index rows of `tree`, a resource of `type`, each only once."""
        layout = self._layouts.get(type) or self._compile(type)
        rows = Rows()
        for code, typed, converters in layout.steps:
            for value, kind in typed(tree):
                convert = converters.get(kind)
                if convert is not None and value is not None:
                    convert(rows, code, value)
        if type in ("Binary", "Bundle"):
            self._inside(rows, tree, type)
        _tidy(rows)
        rows.home = _home(rows, layout.homes, tree, type)
        return rows

    def _inside(self, rows: Rows, tree: Tree, type: str) -> None:
        """What a Binary belongs to (R4 binary.html#security), and whose records a stored Bundle brings along."""
        if type == "Binary":
            named = tree.get("securityContext")
            if isinstance(named, dict) and isinstance(named.get("reference"), str):
                self._references["Reference"](rows, INSIDE, named)
            return
        for entry in tree.get("entry") or ():
            inside = entry.get("resource") if isinstance(entry, dict) else None
            kind = inside.get("resourceType") if isinstance(inside, dict) else None
            if (
                isinstance(inside, dict)
                and isinstance(kind, str)
                and kind != "Bundle"
                and self._definitions.is_resource(kind)
            ):
                found = self.rows(inside, kind)
                if found.home is not None:
                    rows.references.append((INSIDE, *found.home))

    def home(self, tree: Tree, type: str) -> tuple[str, str] | None:
        """The (type, id) of the patient whose record `tree` belongs to: itself, or the first it names."""
        return self.rows(tree, type).home

    def sources(self, type: str) -> Mapping[str, Source]:
        """Search parameter -> where its values are, for one resource type; KeyError if it is none."""
        found = self._sources.get(type)
        if found is None:
            found = self._sources[type] = sources(
                self._definitions.search_params(type), partial(is_single, self._definitions, type)
            )
        return found

    def _compile(self, type: str) -> _Layout:
        params = self._definitions.search_params(type)
        steps: list[tuple[str, Typed, Mapping[str, Converter]]] = []
        for code, source in sorted(self.sources(type).items()):
            if source.codes != (code,):
                continue
            param = params[code]
            converters = self._references if param.type == "reference" else CONVERTERS[param.type]
            steps.append(
                (code, path.compile(param.expression or "", type, self._definitions).typed, converters)
            )
        layout = self._layouts[type] = _Layout(tuple(steps), self._homes(type))
        return layout

    def _homes(self, type: str) -> tuple[str, ...]:
        """The stored reference parameters that may name the home patient, the most telling first."""
        # Some types outside the compartment are about a patient all the same (Device, GuidanceResponse).
        linking = self._definitions.compartment("Patient").get(type, _HOME_ORDER)
        ranked = [code for code in _HOME_ORDER if code in linking] + [
            code for code in linking if code not in _HOME_ORDER
        ]
        known = self.sources(type)
        stored = [name for code in ranked if code in known for name in known[code].codes]
        return tuple(dict.fromkeys(stored))


def _home(rows: Rows, codes: tuple[str, ...], tree: Tree, type: str) -> tuple[str, str] | None:
    if type == "Patient":
        return (type, tree["id"]) if "id" in tree else None
    for code in codes:
        for name, kind, id in rows.references:
            if name == code and kind == "Patient":
                return kind, id
    if type in ("Binary", "Bundle"):
        return next(
            ((kind, id) for name, kind, id in rows.references if name == INSIDE and kind == "Patient"), None
        )
    return None


def _tidy(rows: Rows) -> None:
    """Drop rows that stand twice, e.g. a code given in two languages, and shorten what no index can hold."""
    for name in ("tokens", "references", "dates", "strings", "numbers", "quantities", "uris"):
        found = getattr(rows, name)
        if len(found) > 1 and len(set(found)) != len(found):
            setattr(rows, name, list(dict.fromkeys(found)))
    for name, place in _NAMES:
        found = getattr(rows, name)
        for row in found:
            if len(row[place]) > LONGEST_NAME or len(row[1] or "") > LONGEST_NAME:
                setattr(rows, name, [_shortened(one) for one in found])
                break


def _shortened(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (row[0], *(short(value) if isinstance(value, str) else value for value in row[1:]))
