"""Index values of each FHIR type under each kind of search parameter (R4 search.html, the tables per type).

A converter takes the rows, the parameter's code and one value, and adds what can be found by it.
What a type does not have in a table of the standard is not in the table here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from math import inf, nextafter
from typing import Any, Final

from charthouse.fhir import dates, references
from charthouse.store.index.phonetic import sounds
from charthouse.store.index.text import LONGEST, fold

CURRENCIES: Final = "urn:iso:std:iso:4217"


@dataclass(slots=True)
class Rows:
    """The index rows of one resource; the writer turns names into numbers.

    tokens (parameter, system or None, code); references (parameter, type, id) or (parameter, None,
    address); dates (parameter, first ms, first ms after); strings (parameter, folded, as written);
    numbers (parameter, low, high); quantities (parameter, system or None, unit, low, high); uris
    (parameter, text). `home` is the (type, id) of the patient whose record it is in; `generation` says by which of
    the clinic's own parameters it was indexed.
    """

    tokens: list[tuple[str, str | None, str]] = field(default_factory=list)
    references: list[tuple[str, str | None, str]] = field(default_factory=list)
    dates: list[tuple[str, int, int]] = field(default_factory=list)
    strings: list[tuple[str, str, str]] = field(default_factory=list)
    numbers: list[tuple[str, float, float]] = field(default_factory=list)
    quantities: list[tuple[str, str | None, str, float, float]] = field(default_factory=list)
    uris: list[tuple[str, str]] = field(default_factory=list)
    home: tuple[str, str] | None = None
    generation: int = 0


Converter = Callable[[Rows, str, Any], None]


# --- tokens: search.html#token


def _coding(rows: Rows, code: str, value: dict[str, Any]) -> None:
    text = value.get("code")
    if text:
        rows.tokens.append((code, value.get("system"), text))


def _concept(rows: Rows, code: str, value: dict[str, Any]) -> None:
    for coding in value.get("coding", ()):
        text = coding.get("code")
        if text:
            rows.tokens.append((code, coding.get("system"), text))


def _identifier(rows: Rows, code: str, value: dict[str, Any]) -> None:
    text = value.get("value")
    if text:
        rows.tokens.append((code, value.get("system"), text))


def _contact(rows: Rows, code: str, value: dict[str, Any]) -> None:
    text = value.get("value")
    if text:
        rows.tokens.append((code, None, text))


def _word(rows: Rows, code: str, value: str) -> None:
    rows.tokens.append((code, None, value))


def _caseless(rows: Rows, code: str, value: str) -> None:
    """A string: "then the search is not case sensitive"."""
    rows.tokens.append((code, None, value.casefold()))


def _truth(rows: Rows, code: str, value: bool) -> None:
    rows.tokens.append((code, None, "true" if value else "false"))


# --- strings: search.html#string


def _string(rows: Rows, code: str, value: str) -> None:
    folded = fold(value)
    if folded:
        rows.strings.append((code, folded, value[:LONGEST]))


def _parts(*names: str) -> Converter:
    """Every one of the named elements by itself, whether single or repeated."""

    def convert(rows: Rows, code: str, value: dict[str, Any]) -> None:
        for name in names:
            found = value.get(name)
            if type(found) is str:
                _string(rows, code, found)
            elif found:
                for item in found:
                    if item is not None:  # a gap that only carries an extension
                        _string(rows, code, item)

    return convert


def _sound(rows: Rows, code: str, value: str) -> None:
    rows.strings += [(code, sound, "") for sound in sounds(value[:LONGEST])]


def _name_sound(rows: Rows, code: str, value: dict[str, Any]) -> None:
    """The family name and the given names; the whole of it only where it is not taken apart."""
    family, given = value.get("family"), value.get("given")
    parts = [family, *(given or ())] if family or given else [value.get("text")]
    for part in parts:
        if part:
            _sound(rows, code, part)


# --- dates: search.html#date


def _date(rows: Rows, code: str, value: str) -> None:
    found = dates.period(value)
    if found:
        rows.dates.append((code, *found))


def _span(value: dict[str, Any]) -> tuple[int, int] | None:
    """A Period as one stretch of time, without an end where it has none."""
    first, last = value.get("start"), value.get("end")
    start = dates.period(first) if first else (dates.MIN, dates.MIN)
    end = dates.period(last) if last else (dates.MAX, dates.MAX)
    if start is None or end is None or not (first or last):
        return None
    return start[0], max(end[1], start[0] + 1)


def _instant(rows: Rows, code: str, value: str) -> None:
    """A point in time, whatever digits it is written with."""
    found = dates.period(value)
    if found:
        rows.dates.append((code, found[0], found[0] + 1))


def _period(rows: Rows, code: str, value: dict[str, Any]) -> None:
    found = _span(value)
    if found:
        rows.dates.append((code, *found))


def _timing(rows: Rows, code: str, value: dict[str, Any]) -> None:
    """Only the outer limits of a schedule count."""
    spans = [dates.period(event) for event in value.get("event", ()) if event]
    bounds = value.get("repeat", {}).get("boundsPeriod")
    if bounds:
        spans.append(_span(bounds))
    known = [span for span in spans if span]
    if known:
        rows.dates.append((code, min(low for low, _ in known), max(high for _, high in known)))


# --- numbers and quantities: search.html#number, search.html#quantity


def _number(rows: Rows, code: str, value: Decimal | int) -> None:
    found = float(value)
    rows.numbers.append((code, found, found))


def _limits(value: dict[str, Any]) -> tuple[float, float] | None:
    """What a Quantity says about the true value: `< 5` is everything below 5, `<= 5` has 5 too."""
    amount = value.get("value")
    if amount is None:
        return None
    found = float(amount)
    comparator = value.get("comparator")
    if comparator is None:
        return found, found
    if comparator[0] == "<":
        return -inf, found if comparator == "<=" else nextafter(found, -inf)
    return (found if comparator == ">=" else nextafter(found, inf)), inf


def _units(value: dict[str, Any]) -> list[tuple[str | None, str]]:
    """The coded unit, and the unit in words where that is another text; none at all is one too."""
    units: list[tuple[str | None, str]] = []
    code, words = value.get("code"), value.get("unit")
    if code:
        units.append((value.get("system"), code))
    if words and words != code:
        units.append((None, words))
    return units or [(None, "")]


def _measure(rows: Rows, code: str, value: dict[str, Any], limits: tuple[float, float] | None) -> None:
    if limits:
        for system, unit in _units(value):
            rows.quantities.append((code, system, unit, *limits))


def _quantity(rows: Rows, code: str, value: dict[str, Any]) -> None:
    _measure(rows, code, value, _limits(value))


def _money(rows: Rows, code: str, value: dict[str, Any]) -> None:
    amount, currency = value.get("value"), value.get("currency")
    if amount is not None:
        found = float(amount)
        rows.quantities.append((code, CURRENCIES if currency else None, currency or "", found, found))


def _ends(value: dict[str, Any]) -> tuple[float, float]:
    """A Range; an end that is not stated is open."""
    low = value.get("low", {}).get("value")
    high = value.get("high", {}).get("value")
    return (-inf if low is None else float(low)), (inf if high is None else float(high))


def _range(rows: Rows, code: str, value: dict[str, Any]) -> None:
    _measure(rows, code, value.get("low") or value.get("high") or {}, _ends(value))


def _number_range(rows: Rows, code: str, value: dict[str, Any]) -> None:
    rows.numbers.append((code, *_ends(value)))


def _samples(rows: Rows, code: str, value: dict[str, Any]) -> None:
    """The bounds of sampled data, as the parameter's own description asks for."""
    origin = value.get("origin", {})
    start, factor = origin.get("value"), value.get("factor", 1)
    points: list[float] = []
    for word in value.get("data", "").split():
        if word in ("E", "U", "L"):  # error, above and below the limits of detection
            continue
        try:
            points.append(float((start or 0) + factor * Decimal(word)))
        except InvalidOperation:
            return
    if points:
        _measure(rows, code, origin, (min(points), max(points)))


# --- references and addresses: search.html#reference, search.html#uri


def _uri(rows: Rows, code: str, value: str) -> None:
    rows.uris.append((code, value))


def _canonical(rows: Rows, code: str, value: str) -> None:
    """With and without its version, so that it is found by either."""
    rows.uris.append((code, value))
    if "|" in value:
        rows.uris.append((code, value.partition("|")[0]))


def _same_host(base: str) -> str:
    """`base` with its scheme and host in lower case, as they mean the same in any (RFC 3986, 6.2.2.1)."""
    scheme, mark, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{mark}{host.lower()}{slash}{path}"


def reference_converters(
    is_resource: Callable[[str], bool], bases: frozenset[str]
) -> Mapping[str, Converter]:
    """Converters for reference parameters; an address under one of `bases` is ours.

    A reference to one version is found by that version and by the resource as a whole.
    """

    def link(rows: Rows, code: str, text: str) -> None:
        if text.startswith("#"):
            return
        found = references.parse(text)
        if found is None and "://" in text:
            found = references.parse(_same_host(text))
        if found is None or not is_resource(found.type):
            rows.references.append((code, None, text))
            return
        kind, id, version, base = found
        if base is None or base in bases or _same_host(base) in bases:
            rows.references.append((code, kind, id))
            if version:
                rows.references.append((code, None, f"{kind}/{id}/_history/{version}"))
            return
        rows.references.append((code, None, f"{base}/{kind}/{id}"))
        if version:
            rows.references.append((code, None, f"{base}/{kind}/{id}/_history/{version}"))

    def reference(rows: Rows, code: str, value: dict[str, Any]) -> None:
        text = value.get("reference")
        if text:
            link(rows, code, text)

    def canonical(rows: Rows, code: str, value: str) -> None:
        link(rows, code, value)
        if "|" in value:
            link(rows, code, value.partition("|")[0])

    return {"Reference": reference, "canonical": canonical, "uri": canonical}


_NAME: Final = _parts("family", "given", "prefix", "suffix", "text")
_ADDRESS: Final = _parts("line", "city", "district", "state", "country", "postalCode", "text")
_QUANTITIES: Final = ("Quantity", "SimpleQuantity", "MoneyQuantity", "Age", "Distance", "Duration", "Count")
_NUMBERS: Final = ("integer", "decimal", "positiveInt", "unsignedInt")
_WORDS: Final = ("code", "string", "id", "uri", "url", "oid", "uuid", "canonical", "markdown")
_TEXTS: Final = ("string", "markdown", "code", "id", "uri", "url", "canonical")

# Of parameters that ask how a name sounds.
SOUNDS: Final[Mapping[str, Converter]] = {"HumanName": _name_sound, "string": _sound}

CONVERTERS: Final[Mapping[str, Mapping[str, Converter]]] = {
    "token": {
        "Coding": _coding, "CodeableConcept": _concept, "Identifier": _identifier, "ContactPoint": _contact,
        "boolean": _truth, **dict.fromkeys(_WORDS, _word), "string": _caseless,
    },
    "string": {"HumanName": _NAME, "Address": _ADDRESS, **dict.fromkeys(_TEXTS, _string)},
    "date": {"date": _date, "dateTime": _date, "instant": _instant, "Period": _period, "Timing": _timing},
    "number": {"Range": _number_range, **dict.fromkeys(_NUMBERS, _number)},
    "quantity": {
        "Money": _money, "Range": _range, "SampledData": _samples, **dict.fromkeys(_QUANTITIES, _quantity),
    },
    "uri": {"canonical": _canonical, **dict.fromkeys(("uri", "url", "oid", "uuid"), _uri)},
}  # fmt: skip
