"""From a resource to its index rows; the parameters of a type are compiled once, when first wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from charthouse.base.errors import Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import Definitions, Own, SearchParam
from charthouse.fhir.resource import Tree
from charthouse.store.index.elements import is_single
from charthouse.store.index.sources import Source, is_phonetic, own_name, own_sources, sources
from charthouse.store.index.text import LONGEST_NAME, short
from charthouse.store.index.values import CONVERTERS, SOUNDS, Converter, Rows, reference_converters

# In which order a resource's patient references are asked whose record it belongs to; the other
# parameters of the Patient compartment follow in the order of its definition.
_HOME_ORDER: Final = ("patient", "subject", "beneficiary", "individual")

# Rows with texts that are names (see `short`), the last of them and before it, from the second place on.
_NAMES: Final = (("tokens", 2), ("references", 2), ("quantities", 2), ("uris", 1))

# Under this name stands what a Binary or a stored Bundle is about; no search asks for it, policies do.
INSIDE: Final = "-inside"
# Under this name stand the types of the resources that a resource contains.
CONTAINED: Final = "-contained"

Typed = Callable[[Tree], list[tuple[Any, str]]]
Step = tuple[str, Typed, Mapping[str, Converter]]


class _Layout(NamedTuple):
    """How one resource type is indexed; `own` are the steps of the clinic's own parameters."""

    steps: tuple[Step, ...]
    homes: tuple[str, ...]
    own: tuple[Step, ...] = ()


class _Held(NamedTuple):
    """The clinic's own parameters, and what was made of them so far."""

    own: Own
    layouts: dict[str, _Layout]
    sources: dict[str, Mapping[str, Source]]


class Extractor:
    """Index rows of resources by the search parameters of the definitions, and by those that a clinic adds (`take`).

    `bases` are the addresses (without a slash at the end) under which this record is served: an
    absolute reference under one of them is a reference to our own resource.
    """

    def __init__(self, definitions: Definitions, bases: Collection[str] = ()) -> None:
        self._definitions = definitions = definitions.standard
        self._held = _Held(Own(), {}, {})
        self._references = reference_converters(definitions.is_resource, frozenset(bases))
        self._layouts: dict[str, _Layout] = {}
        self._sources: dict[str, Mapping[str, Source]] = {}

    @property
    def own(self) -> Own:
        """The clinic's own parameters, as last taken."""
        return self._held.own

    def take(self, own: Own) -> None:
        """Index by these parameters of the clinic from now on."""
        self._held = _Held(own, {}, {})

    def twin(self) -> Extractor:
        """Another one, whose own parameters are taken apart from these; the standard's are compiled once for both."""
        made = Extractor.__new__(Extractor)
        made.__dict__.update(self.__dict__)
        return made

    def rows(self, tree: Tree, type: str) -> Rows:
        """All index rows of `tree`, a resource of `type`, each only once."""
        held = self._held
        layout = held.layouts.get(type) or self._laid(held, type)
        rows = Rows(generation=held.own.generation)
        for code, typed, converters in layout.steps:
            for value, kind in typed(tree):
                convert = converters.get(kind)
                if convert is not None and value is not None:
                    convert(rows, code, value)
        if layout.own:
            _add_own(rows, layout.own, tree)
        if type in ("Binary", "Bundle"):
            self._inside(rows, tree, type)
        for inner in tree.get("contained") or ():
            its = inner.get("resourceType") if isinstance(inner, dict) else None
            if isinstance(its, str) and self._definitions.is_resource(its):
                rows.tokens.append((CONTAINED, None, its))
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
        held = self._held
        own = held.own.types.get(type)
        if own is None:
            return self._standard(type)
        found = held.sources.get(type)
        if found is None:
            standard, params = self._standard(type), self._definitions.search_params(type)
            more = own_sources(own, params, standard, partial(is_single, self._definitions, type))
            found = held.sources[type] = {**more, **standard}
        return found

    def stored(self, type: str) -> frozenset[str]:
        """The names under which rows of a type lie."""
        return frozenset(name for source in self.sources(type).values() for name in source.codes)

    def _standard(self, type: str) -> Mapping[str, Source]:
        found = self._sources.get(type)
        if found is None:
            found = self._sources[type] = sources(
                self._definitions.search_params(type), partial(is_single, self._definitions, type)
            )
        return found

    def _laid(self, held: _Held, type: str) -> _Layout:
        """How a type is indexed, with what the clinic adds."""
        layout = self._layouts.get(type) or self._compile(type)
        own = held.own.types.get(type)
        if own:
            params, known = self._definitions.search_params(type), self._standard(type)
            more = own_sources(own, params, known, partial(is_single, self._definitions, type))
            layout = layout._replace(
                own=tuple(
                    step for code, source in more.items() if (step := self._own_step(own[code], source, type))
                )
            )
        held.layouts[type] = layout
        return layout

    def _own_step(self, param: SearchParam, source: Source, type: str) -> Step | None:
        """How one of the clinic's parameters is indexed; None where others have its rows."""
        name = own_name(param)
        if source.codes != (name,):
            return None
        converters = self._references if param.type == "reference" else CONVERTERS[param.type]
        typed = path.compile(param.expression or "", type, self._definitions).typed
        return name, typed, converters

    def _compile(self, type: str) -> _Layout:
        params = self._definitions.search_params(type)
        steps: list[tuple[str, Typed, Mapping[str, Converter]]] = []
        for code, source in sorted(self._standard(type).items()):
            if source.codes != (code,):
                continue
            param = params[code]
            converters = self._references if param.type == "reference" else CONVERTERS[param.type]
            if is_phonetic(param):
                converters = SOUNDS
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
        known = self._standard(type)
        stored = [name for code in ranked if code in known for name in known[code].codes]
        return tuple(dict.fromkeys(stored))


def fits(param: SearchParam, kinds: Collection[str]) -> bool:
    """Whether a parameter takes values of at least one of these FHIR types; so it is where none is known."""
    if param.type == "reference":
        return not kinds or not {"Reference", "canonical", "uri"}.isdisjoint(kinds)
    return not kinds or param.type not in CONVERTERS or not CONVERTERS[param.type].keys().isdisjoint(kinds)


def _add_own(rows: Rows, steps: tuple[Step, ...], tree: Tree) -> None:
    """The rows of a clinic's own parameters. An expression that fails on a resource finds nothing in it: the
    resource is sound all the same, and has to be written."""
    for name, typed, converters in steps:
        try:
            for value, kind in typed(tree):
                convert = converters.get(kind)
                if convert is not None and value is not None:
                    convert(rows, name, value)
        except (Problem, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            continue


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
