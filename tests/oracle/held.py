"""What a value says: the texts of a name, the numbers of a quantity and their unit, how far a place is."""

from __future__ import annotations

import math
import unicodedata
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from tests.oracle import units
from tests.oracle.ranges import Span
from tests.oracle.values import Tree, Value

_NAME_PARTS: Final = ("text", "family", "given", "prefix", "suffix")
_ADDRESS_PARTS: Final = ("text", "line", "city", "district", "state", "postalCode", "country")
_TRIFLE: Final = Fraction(1, 10**20)
_EARTH: Final = 6371.0088  # km


@lru_cache(None)
def fold(text: str) -> str:
    """Without case, accents, and more than one space; R4's "should" on punctuation is not taken (search.md)."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


def strings(value: Value) -> list[str]:
    """The texts of a value; a name or an address has several."""
    if not isinstance(value.data, dict):
        return [str(value.data)] if value.data else []
    names = {"HumanName": _NAME_PARTS, "Address": _ADDRESS_PARTS}[value.type]
    found: list[str] = []
    for name in names:
        held = value.data.get(name, ())
        found += [one for one in ([held] if isinstance(held, str) else held) if one]
    return found


def measures(value: Value) -> list[tuple[Span, Tree]]:
    """The stretch of numbers that a value covers, and the unit it is in."""
    data = value.data
    if isinstance(data, int | Decimal):
        return [(_point(data), {})]
    if value.type == "Range":
        low, high = data.get("low", {}), data.get("high", {})
        ends = (_number(low, -math.inf), _number(high, math.inf))
        return [(Span(*ends, is_closed=True), low or high)] if low or high else []
    if value.type == "SampledData":
        heights = [
            Fraction(Decimal(text)) for text in data.get("data", "").split() if text not in ("E", "U", "L")
        ]
        origin, factor = Fraction(data["origin"].get("value", 0)), Fraction(data.get("factor", 1))
        ends = [origin + one * factor for one in heights]
        return [(Span(min(ends), max(ends), is_closed=True), data["origin"])] if ends else []
    if not isinstance(data, dict) or "value" not in data:
        return []
    if value.type == "Money":
        data = {"value": data["value"], "system": "urn:iso:std:iso:4217", "code": data.get("currency")}
    return [(_compared_to(data.get("comparator"), data["value"]), data)]


def _point(number: Any) -> Span:
    return Span(Fraction(number), Fraction(number), is_closed=True)


def _compared_to(comparator: str | None, number: Any) -> Span:
    exact = Fraction(number)
    if comparator in ("<", "<="):
        return Span(-math.inf, exact, is_closed=comparator == "<=")
    if comparator in (">", ">="):  # a Span has its low end in it, so what is above only begins a trifle later
        return Span(exact + (comparator == ">") * _TRIFLE, math.inf, is_closed=True)
    return _point(number)


def _number(tree: Tree, otherwise: float) -> Any:
    return Fraction(tree["value"]) if "value" in tree else otherwise


def scale(system: str | None, code: str | None, unit: Tree) -> Fraction | None:
    """How many of the value's unit one of the asked unit is; None where they do not go together."""
    if not system:
        return Fraction(1) if not code or code in (unit.get("code"), unit.get("unit")) else None
    if unit.get("system") != system:
        return None
    if not code or code == unit.get("code"):
        return Fraction(1)
    return units.scale(code, unit.get("code", "")) if system == units.SYSTEM else None


def is_below(address: str, stem: str) -> bool:
    return address == stem or address.startswith(stem.rstrip("/") + "/")


def kilometres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Kilometres along the great circle."""
    one, other = math.radians(latitude), math.radians(other_latitude)
    turn = math.sin((other - one) / 2) ** 2
    turn += math.cos(one) * math.cos(other) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(turn))
