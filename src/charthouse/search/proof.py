"""Whether one resource meets a condition that no index can decide: the parameter's expressions, asked of its tree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final, cast

from charthouse.fhir import path
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.resource import Tree
from charthouse.search import contained
from charthouse.search.criteria import ENDS
from charthouse.search.meets import Stating, meets_one
from charthouse.search.query import Criterion, Inside, Kind, Near, Pair, Text, Token, Typed
from charthouse.store.index import Extractor, Source, fold
from charthouse.store.index.values import CONVERTERS, Converter, Rows, reference_converters

EARTH: Final = 6_371_008.8  # metres from the middle of the earth to its surface (IUGG mean radius)
ROOT: Final = "%resource."
WHOLE: Final = 1 << 20  # characters of a text that are compared
# The parts of a type that are texts of their own (R4 search.html#string).
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "HumanName": ("family", "given", "prefix", "suffix", "text"),
    "Address": ("line", "city", "district", "state", "country", "postalCode", "text"),
}

Judge = Callable[[Tree], bool]
Typing = Callable[[Any], list[tuple[Any, str]]]


class Proofs:
    """Judges of single resources, by the definitions. `bases` are the addresses under which the record is served."""

    def __init__(
        self, definitions: Definitions, bases: Collection[str] = (), extractor: Extractor | None = None
    ) -> None:
        self._definitions = definitions
        self._extractor = extractor or Extractor(definitions, bases)
        self._references = reference_converters(definitions.is_resource, frozenset(bases))
        self._typed = lru_cache(maxsize=1024)(self._compiled)

    def is_of_whole(self, type: str, code: str) -> bool:
        """Whether the components of a composite are elements of the resource itself."""
        return self._definitions.search_params(type)[code].expression == type

    def judge(self, type: str, one: Criterion, at: int, stating: Stating) -> Judge:
        """What tells whether a resource of `type` meets a condition; `at` (ms) is now."""
        if one.kind is Kind.COMPOSITE:
            return self._composite(type, one, at, stating)
        if one.kind is Kind.INSIDE:
            asked = cast(Inside, one.values[0])
            return lambda tree: any(contained.matching(tree, asked, self._extractor, at, stating))
        typed = self._typed(self._definitions.search_params(type)[one.code].expression or "", type)
        test = _TESTS[one.mode]
        return lambda tree: any(test(value, its, one) for value, its in typed(tree) if value is not None)

    def other(self, type: str, one: Criterion, stating: Stating) -> Judge:
        """What tells whether a resource of `type` has a value that is none of those asked for."""
        typed = self._typed(self._definitions.search_params(type)[one.code].expression or "", type)
        plain = one._replace(source=Source((one.code,)), mode="")
        target = one.source.target

        def judge(tree: Tree) -> bool:
            for value, its in typed(tree):
                rows = self._rows(plain, value, its)
                if target is not None:
                    rows.references = [row for row in rows.references if row[1] == target]
                is_there = rows.tokens or rows.references or rows.uris
                if is_there and not meets_one(rows, "", plain, 0, stating):
                    return True
            return False

        return judge

    def _composite(self, type: str, one: Criterion, at: int, stating: Stating) -> Judge:
        param = self._definitions.search_params(type)[one.code]
        elements = self._typed(param.expression or "", type)
        expressions = [expression for _, expression in param.components]
        pairs = cast(tuple[Pair, ...], one.values)

        def judge(tree: Tree) -> bool:
            for element, its in elements(tree):
                for pair in pairs:
                    if all(
                        self._part(tree, type, element, its, expression, part, at, stating)
                        for expression, part in zip(expressions, pair.parts, strict=True)
                    ):
                        return True
            return False

        return judge

    def _part(
        self,
        tree: Tree,
        type: str,
        element: Any,
        its: str,
        expression: str,
        part: Criterion,
        at: int,
        stating: Stating,
    ) -> bool:
        """Whether a component of one element meets its part of the value."""
        if expression.startswith(ROOT):
            found = self._typed(expression.removeprefix(ROOT), type)(tree)
        else:
            found = self._typed(expression, its)(element)
        rows = Rows()
        for value, kind in found:
            self._rows(part, value, kind, rows)
        return meets_one(rows, "", part._replace(source=Source((part.code,))), at, stating)

    def _rows(self, one: Criterion, value: Any, its: str, rows: Rows | None = None) -> Rows:
        """The index rows of one value under the criterion's own name, added to `rows` where those are given."""
        rows = Rows() if rows is None else rows
        converters: Mapping[str, Converter] = (
            self._references if one.kind is Kind.REFERENCE else CONVERTERS[one.kind]
        )
        convert = converters.get(its)
        if convert is not None and value is not None:
            convert(rows, one.code, value)
        return rows

    def _compiled(self, expression: str, type: str) -> Typing:
        return path.compile(expression, type, self._definitions).typed


def _is_typed(value: Any, _its: str, one: Criterion) -> bool:
    """An identifier with the type and the value asked for."""
    codings = list(_codings(value.get("type") or {}))
    return any(
        value.get("value") == asked.value
        and any(code == asked.code and asked.system in (None, system) for system, code, _ in codings)
        for asked in cast(tuple[Typed, ...], one.values)
    )


def _is_identified(value: Any, _its: str, one: Criterion) -> bool:
    """A reference by the identifier asked for."""
    identifier = value.get("identifier") if isinstance(value, dict) else None
    if not identifier or "value" not in identifier:
        return False
    system, text = identifier.get("system"), identifier["value"]
    return any(
        asked.code in (None, text) and (asked.system is None or (asked.system or None) == system)
        for asked in cast(tuple[Token, ...], one.values)
    )


def _is_named(value: Any, its: str, one: Criterion) -> bool:
    """A code or a reference whose words begin with the text asked for."""
    words = [fold(text, WHOLE) for text in _words(value, its) if isinstance(text, str)]
    return any(
        text.startswith(asked.folded) for text in words for asked in cast(tuple[Text, ...], one.values)
    )


def _is_inside(value: Any, its: str, one: Criterion) -> bool:
    """A text that holds the one asked for."""
    texts = [fold(text, WHOLE) for text in _texts(value, its)]
    return any(asked.folded in text for text in texts for asked in cast(tuple[Text, ...], one.values))


def _is_ending(value: Any, its: str, one: Criterion) -> bool:
    """A text that ends with the one asked for."""
    texts = [fold(text, WHOLE) for text in _texts(value, its)]
    return any(text.endswith(asked.folded) for text in texts for asked in cast(tuple[Text, ...], one.values))


def _is_near(value: Any, _its: str, one: Criterion) -> bool:
    """A position within the distance, on a sphere (by haversines)."""
    if not isinstance(value, dict) or "latitude" not in value or "longitude" not in value:
        return False
    return any(
        _metres(float(value["latitude"]), float(value["longitude"]), asked) <= asked.metres
        for asked in cast(tuple[Near, ...], one.values)
    )


def _metres(latitude: float, longitude: float, asked: Near) -> float:
    one, other = radians(latitude), radians(asked.latitude)
    half = (
        sin((other - one) / 2) ** 2
        + cos(one) * cos(other) * sin(radians(asked.longitude - longitude) / 2) ** 2
    )
    return 2 * EARTH * asin(min(1.0, sqrt(half)))


def _words(value: Any, its: str) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    if its == "Identifier":
        yield (value.get("type") or {}).get("text")
        return
    if its == "CodeableConcept":
        yield value.get("text")
        yield from (words for _, _, words in _codings(value))
        return
    yield value.get("display")


def _codings(concept: Mapping[str, Any]) -> Iterator[tuple[str | None, str | None, str | None]]:
    for coding in concept.get("coding") or ():
        if coding:
            yield coding.get("system"), coding.get("code"), coding.get("display")


def _texts(value: Any, its: str) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        return
    for name in _PARTS.get(its, ()):
        found = value.get(name)
        if isinstance(found, str):
            yield found
        else:
            yield from (text for text in found or () if text is not None)


_TESTS: Final[Mapping[str, Callable[[Any, str, Criterion], bool]]] = {
    "of-type": _is_typed, "identifier": _is_identified, "text": _is_named, "contains": _is_inside,
    ENDS: _is_ending, "near": _is_near,
}  # fmt: skip
