"""Values that a profile names: `fixed[x]` is the whole value, `pattern[x]` a part of it (R4 elementdefinition.html)."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from charthouse.base.errors import shorten
from charthouse.validation.finding import Finding, shown
from charthouse.validation.scene import listed


def is_same(value: Any, wanted: Any) -> bool:
    """Whether a value is the fixed one, in every part; decimals by their number and their digits."""
    if isinstance(wanted, dict):
        if not isinstance(value, dict) or value.keys() != wanted.keys():
            return False
        return all(is_same(value[key], part) for key, part in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(value, list) or len(value) != len(wanted):
            return False
        return all(is_same(one, other) for one, other in zip(value, wanted, strict=True))
    return _is_same_scalar(value, wanted) and _digits(value) == _digits(wanted)


def fits(value: Any, pattern: Any) -> bool:
    """Whether a value has all that the pattern has: of an array an item for each of the pattern's items."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and fits(value[key], part) for key, part in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(fits(one, part) for one in value) for part in pattern)
    return _is_same_scalar(value, pattern)


def fixed(wanted: Any, author: str) -> Callable[[Any], list[Finding] | None]:
    """The check that a value is exactly `wanted`."""
    words = described(wanted)

    def check(value: Any) -> list[Finding] | None:
        if is_same(value, wanted):
            return None
        message = f"{author} wants exactly this value here: {words}."
        return [Finding("value", message, summary(value), f"Write {words}, and nothing else in it.")]

    return check


def patterned(wanted: Any, author: str) -> Callable[[Any], list[Finding] | None]:
    """The check that a value has all that `wanted` has."""
    words = described(wanted)

    def check(value: Any) -> list[Finding] | None:
        if fits(value, wanted):
            return None
        message = f"{author} wants this here: {words}."
        repair = f"Add {words}." if isinstance(wanted, dict) else f"Write {words}."
        return [Finding("value", message, summary(value), repair)]

    return check


def described(value: Any, *, named: bool = False) -> str:
    """A value of a profile in words: codes by system and name. `named` if the name of its element stands before it."""
    if not isinstance(value, dict):
        return shorten(
            str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)
        )
    codings = [one for one in listed(value, "coding") if isinstance(one, dict)]
    if not codings and isinstance(value.get("code"), str) and "value" not in value:
        codings = [value]
    if codings and not value.keys() - {"coding", "text"} - codings[0].keys():
        return ("" if named else "code ") + " and ".join(_coding(one) for one in codings)
    return shorten(", ".join(f"{key} {described(part, named=True)}" for key, part in value.items()), 200)


def summary(value: Any) -> str:
    """A value as it was sent, short; the codes of a CodeableConcept are what tells it apart."""
    if not isinstance(value, dict):
        return shown(value)
    codings = [one for one in listed(value, "coding") if isinstance(one, dict)] or [value]
    codes = [
        f"{one.get('system', 'no system')}#{one['code']}"
        for one in codings
        if isinstance(one.get("code"), str)
    ]
    if codes:
        return shorten(", ".join(codes), 200)
    return shown(value["text"]) if isinstance(value.get("text"), str) else described(value)


def _coding(value: dict[str, Any]) -> str:
    named = f' ("{value["display"]}")' if isinstance(value.get("display"), str) else ""
    system = f" of {value['system']}" if "system" in value else ""
    return f"{value.get('code', 'any')}{named}{system}"


def _is_same_scalar(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return bool(value == wanted)


def _digits(value: Any) -> int:
    """The digits after the point, which are part of a FHIR decimal."""
    if not isinstance(value, Decimal):
        return 0
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
