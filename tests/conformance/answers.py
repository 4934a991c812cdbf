"""What a search must find, worked out from the parsed resources by another FHIRPath engine and R4's own rules.

Nothing of `charthouse.search` is in here. Values come from the SearchParameter's expression; how they are compared
is R4 search.html, sections 3.1.1.4.10 (dates), .11 (strings), .12 (tokens) and .15 (references).
"""

from __future__ import annotations

import functools
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from tests.conformance.declared import Parameter

Tree = dict[str, Any]
Span = tuple[float, float]
BASE = "http://localhost/fhir/"
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
TEXTS = {
    "family", "given", "prefix", "suffix", "text", "line", "city", "district", "state", "country", "postalCode",
}  # fmt: skip
ENDLESS = float("inf")
_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$"
)


class Answers:
    """Resources by type, and what a search on them finds."""

    def __init__(self, resources: Iterable[Tree], parameters: Mapping[tuple[str, str], Parameter]) -> None:
        self.parameters = parameters
        self.resources: dict[str, dict[str, Tree]] = {}
        for one in resources:
            self.resources.setdefault(one["resourceType"], {})[one["id"]] = one
        self._values: dict[tuple[str, str, str], list[Any]] = {}

    def of(self, type: str) -> Sequence[Tree]:
        """The resources of a type."""
        return list(self.resources.get(type, {}).values())

    def values(self, parameter: Parameter, resource: Tree) -> list[Any]:
        """What a resource has for a parameter: tokens (system, code), spans of time, folded texts, references."""
        key = parameter.type, parameter.code, resource["id"]
        if key not in self._values:
            found = self.elements(parameter, resource)
            self._values[key] = [value for one in found for value in READ[parameter.kind](one)]
        return self._values[key]

    def elements(self, parameter: Parameter, resource: Tree) -> list[Any]:
        """The elements that a parameter is about."""
        found: list[Any] = _compiled(parameter.expression)(resource)
        if "is Patient" in parameter.expression:
            return [one for one in found if str(one.get("reference", "")).startswith("Patient/")]
        return found

    def finds(self, type: str, params: Iterable[tuple[str, str]]) -> set[str]:
        """The ids of what meets all the conditions; `ap` in the narrowest reading."""
        found = self.resources.get(type, {})
        tests = [self._test(type, name, text) for name, text in params]
        return {id for id, resource in found.items() if all(test(resource) for test in tests)}

    def _test(self, type: str, name: str, text: str) -> Callable[[Tree], bool]:
        first, _, rest = name.partition(".")
        parameter = self.parameters[type, first]
        if rest:
            targets = {
                f"{target}/{id}"
                for target in self.resources
                if (target, rest) in self.parameters
                for id in self.finds(target, [(rest, text)])
            }
            return lambda resource: not targets.isdisjoint(self.values(parameter, resource))
        wanted = [MEETS[parameter.kind](one) for one in text.split(",")]
        return lambda resource: any(
            meets(value) for value in self.values(parameter, resource) for meets in wanted
        )

    def referred(self, type: str, code: str, expression: str, ids: Iterable[str]) -> set[str]:
        """Type/id of all that those resources name in an element and that is there."""
        parameter = Parameter(type, code, "reference", expression, (), (), True, True)
        named = {one for id in ids for one in self.values(parameter, self.resources[type][id])}
        return {one for one in named if self.has(one)}

    def has(self, reference: str) -> bool:
        """Whether a resource is there."""
        type, _, id = reference.partition("/")
        return id in self.resources.get(type, {})


@functools.cache
def _compiled(expression: str) -> Callable[[Tree], list[Any]]:
    found: Callable[[Tree], list[Any]] = fhirpathpy.compile(
        expression.replace(".where(resolve() is Patient)", ""), models["r4"]
    )
    return found


# --- values of resources ----------------------------------------------------------------------------------------


def _tokens(element: Any) -> Iterator[tuple[str, str]]:
    """(system, code) of codes, codings, concepts and identifiers."""
    if isinstance(element, str):
        yield "", element
    for one in element.get("coding", [element]) if isinstance(element, dict) else ():
        code = one.get("value", one.get("code"))
        if code is not None:
            yield one.get("system", ""), code


def _references(element: Any) -> Iterator[str]:
    text = element if isinstance(element, str) else element.get("reference", "")
    yield text.removeprefix(BASE)


def _spans(element: Any) -> Iterator[Span]:
    if isinstance(element, str):
        yield span(element)
    elif "start" in element or "end" in element:
        start = span(element["start"])[0] if "start" in element else -ENDLESS
        yield start, span(element["end"])[1] if "end" in element else ENDLESS


def _texts(element: Any) -> Iterator[str]:
    if isinstance(element, str):
        yield folded(element)
        return
    for name, value in element.items():
        if name in TEXTS:
            yield from (folded(one) for one in (value if isinstance(value, list) else [value]) if one)


READ: Mapping[str, Callable[[Any], Iterable[Any]]] = {
    "token": _tokens, "reference": _references, "date": _spans, "string": _texts,
}  # fmt: skip


def folded(text: str) -> str:
    """Without case, accents and doubled spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())


def span(text: str) -> Span:
    """The seconds in which a date can lie, the second one excluded; without a zone it is UTC."""
    found = _MOMENT.match(text)
    assert found is not None, text
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    start = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), tzinfo=UTC)
    start += timedelta(seconds=int(second or 0))
    if month is None:
        return start.timestamp(), start.replace(year=start.year + 1).timestamp()
    if day is None:
        following = (start + timedelta(days=32)).replace(day=1)
        return start.timestamp(), following.timestamp()
    if hour is None:
        return start.timestamp(), (start + timedelta(days=1)).timestamp()
    begin = start.timestamp() - (0.0 if zone in (None, "Z") else _offset(zone))
    if second is None:
        return begin, begin + 60
    if fraction is None:
        return begin, begin + 1
    begin += float(f"0.{fraction}")
    return begin, begin + 10.0 ** -len(fraction)


def _offset(zone: str) -> float:
    seconds = int(zone[1:3]) * 3600 + int(zone[4:]) * 60
    return float(seconds if zone[0] == "+" else -seconds)


# --- conditions -------------------------------------------------------------------------------------------------


def _meets_token(text: str) -> Callable[[tuple[str, str]], bool]:
    system, bar, code = text.rpartition("|")
    if not bar:
        return lambda value: value[1] == code
    return lambda value: value[0] == system and code in ("", value[1])


def _meets_reference(text: str) -> Callable[[str], bool]:
    wanted = text.removeprefix(BASE)
    if "://" in wanted:  # a canonical: any version where none is named
        return lambda value: value == wanted or value.partition("|")[0] == wanted
    if "/" in wanted:
        return lambda value: value == wanted
    return lambda value: value.partition("/")[2] == wanted


def _meets_string(text: str) -> Callable[[str], bool]:
    start = folded(text)
    return lambda value: value.startswith(start)


def _meets_date(text: str) -> Callable[[Span], bool]:
    prefix, rest = (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)
    low, high = span(rest)
    return lambda value: compared(prefix, value, (low, high))


def compared(prefix: str, value: Span, asked: Span) -> bool:
    """Whether a span of time in a resource meets a prefix with the span that was asked for."""
    low, high = asked
    within = low <= value[0] and value[1] <= high
    found = {
        "eq": within,
        "ne": not within,
        "gt": value[1] > high,
        "lt": value[0] < low,
        "ge": within or value[1] > high,
        "le": within or value[0] < low,
        "sa": value[0] >= high,
        "eb": value[1] <= low,
        "ap": value[0] < high and value[1] > low,
    }
    return found[prefix]


def widened(text: str) -> Span:
    """The widest span for `ap`: a tenth of the time between then and now on either side, and a day for good measure."""
    low, high = span(text)
    gap = abs(time.time() - low) / 10 + 86_400
    return low - gap, high + gap


MEETS: Mapping[str, Callable[[str], Callable[[Any], bool]]] = {
    "token": _meets_token, "reference": _meets_reference, "date": _meets_date, "string": _meets_string,
}  # fmt: skip
