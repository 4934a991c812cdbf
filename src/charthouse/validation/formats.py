"""The values of R4's primitive types (R4 datatypes.html#primitive), as rules fast enough for every write.

A rule takes (value, object that holds it, depth, scene) and answers None, or what is wrong.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from charthouse.base.ids import LOGICAL_ID
from charthouse.fhir.xml.narrative import fault
from charthouse.validation.finding import Finding, kind, shown
from charthouse.validation.scene import Scene

Found = list[Finding] | None
Rule = Callable[[Any, Any, int, Scene], Found]

MAX_STRING: Final = 1024 * 1024  # R4 datatypes.html#string
MAX_EXPONENT: Final = 400  # beyond any measurement, and beyond what a double could hold

_DATE: Final = r"(?!0000)[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01])%s)?)?"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE: Final = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

# What neither a FHIR string nor XML 1.0 can hold, so that every record can be written both ways.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CODE: Final = re.compile(r"[^\s]+(?:\s[^\s]+)*")
_URI: Final = re.compile(r"\S+")

_PATTERNS: Final = {
    "id": LOGICAL_ID.pattern,
    "oid": r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+",
    "uuid": r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "time": _TIME,
}
_DATES: Final = {
    "date": _DATE % "",
    "dateTime": _DATE % f"(?:T{_TIME}{_ZONE})?",
    "instant": rf"(?!0000)[0-9]{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T{_TIME}{_ZONE}",
}
_RANGES: Final = {
    "integer": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**31 - 1),
    "positiveInt": (1, 2**31 - 1),
}
_REPAIRS: Final = {
    "boolean": "Write true or false without quotes.",
    "integer": "Write a whole number from -2147483648 to 2147483647 without quotes.",
    "unsignedInt": "Write a whole number from 0 to 2147483647 without quotes.",
    "positiveInt": "Write a whole number from 1 to 2147483647 without quotes.",
    "decimal": "Write a number such as 72.50 without quotes.",
    "date": "Write a date of the calendar as 2024-03-07, 2024-03 or 2024.",
    "dateTime": "Write 2024, 2024-03, 2024-03-07 or 2024-03-07T14:30:00Z; a time needs seconds and a zone.",
    "instant": "Write date, time to the second at least, and zone: 2024-03-07T14:30:00.000+01:00.",
    "time": "Write hours, minutes and seconds: 14:30:00.",
    "id": "Use 1 to 64 letters, digits, hyphens and full stops.",
    "oid": "Write urn:oid: and the numbers, such as urn:oid:1.2.3.",
    "uuid": "Write urn:uuid: and the UUID in lower case.",
    "code": "Use text without spaces at its ends or two in a row.",
    "uri": "Use a URI without spaces.",
    "url": "Use a URL without spaces.",
    "canonical": "Use a URI without spaces.",
    "base64Binary": "Encode the content as base64.",
    "xhtml": 'Send well-formed XHTML in one <div xmlns="http://www.w3.org/1999/xhtml">.',
}
_NUMBERS: Final = frozenset({"integer", "unsignedInt", "positiveInt", "decimal"})


def rule(name: str) -> Rule:
    """The rule for the values of primitive type `name`."""
    if name in _RANGES:
        return _whole(name, *_RANGES[name])
    if name in _DATES:
        return _dated(name, re.compile(_DATES[name]))
    if name in _PATTERNS:
        return _patterned(name, re.compile(_PATTERNS[name]))
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name in ("uri", "url", "canonical"):
        return _word(name, _URI)
    return _word(name, _CODE) if name == "code" else _string


def one_of(codes: frozenset[str]) -> Rule:
    """The rule for a code that must be one of `codes` (a required binding)."""

    def check(value: Any, holder: Any, depth: int, scene: Scene) -> Found:
        if type(value) is str and value in codes:
            return None
        found = _code(value, holder, depth, scene)
        if found is not None:
            return found
        known = ", ".join(sorted(codes)) if len(codes) <= 12 else None
        return [
            Finding(
                "code-invalid",
                "This code is not one of those the element allows.",
                shown(value),
                f"Use one of: {known}." if known else "Use a code of the value set the element is bound to.",
                near=() if known else codes,
            )
        ]

    return check


def _wrong(name: str, value: Any) -> list[Finding]:
    """Why `value` is none of type `name`."""
    repair = _REPAIRS.get(name)
    if value is None:
        return [Finding("structure", "null stands for nothing here.", "null", "Leave the element out.")]
    wanted = "a number" if name in _NUMBERS else "true or false" if name == "boolean" else "a string"
    if kind(value) != wanted:
        message = f"The value must be {wanted} ({name}), and is {kind(value)}."
        return [Finding("structure", message, shown(value), repair)]
    if value == "":
        return [Finding("value", "The value is empty.", "", "Leave the element out, or give it a value.")]
    if isinstance(value, str):
        if value.isspace():
            return [
                Finding("value", "The value is only white space.", shown(value), "Leave the element out.")
            ]
        bad = _FORBIDDEN.search(value)
        if bad is not None:
            spot = f"The character U+{ord(bad[0]):04X} at position {bad.start() + 1} is not allowed."
            return [Finding("value", spot, None, "Take control characters out of the text.")]
    return [Finding("value", f"The value is not of the form of type {name}.", shown(value), repair)]


def _boolean(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
    return None if value is True or value is False else _wrong("boolean", value)


def _decimal(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
    if type(value) is int:
        return None
    if isinstance(value, Decimal):
        if not -MAX_EXPONENT <= value.adjusted() <= MAX_EXPONENT or not value.is_finite():
            return [
                Finding("value", "The number is out of any range.", shown(value), "Leave the element out.")
            ]
        return None
    return _wrong("decimal", value)


def _string(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
    if type(value) is str and len(value) <= MAX_STRING:
        if value.isprintable() and value[:1] > " ":
            return None
        if value and not value.isspace() and _FORBIDDEN.search(value) is None:
            return None
    if type(value) is str and len(value) > MAX_STRING:
        message = f"The text has {len(value)} characters; a string may have {MAX_STRING}."
        return [Finding("value", message, shown(value), "Send long content as an attachment.")]
    return _wrong("string", value)


def _word(name: str, pattern: re.Pattern[str]) -> Rule:
    matches = pattern.fullmatch

    def check(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
        if type(value) is str:
            if value.isprintable() and " " not in value and value:
                return None
            if matches(value) and _FORBIDDEN.search(value) is None:
                return None
        return _wrong(name, value)

    return check


_code: Final = _word("code", _CODE)


def _patterned(name: str, pattern: re.Pattern[str]) -> Rule:
    matches = pattern.fullmatch

    def check(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
        return None if type(value) is str and matches(value) else _wrong(name, value)

    return check


def _dated(name: str, pattern: re.Pattern[str]) -> Rule:
    matches = pattern.fullmatch

    def check(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
        if type(value) is str and matches(value) and (value[8:10] < "29" or _is_in_calendar(value)):
            return None
        return _wrong(name, value)

    return check


def _is_in_calendar(value: str) -> bool:
    """Whether the month of `value` (`2024-02-29…`) has that day."""
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:10])
    if month == 2 and day == 29:
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= _DAYS[month - 1]


def _whole(name: str, low: int, high: int) -> Rule:
    def check(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
        return None if type(value) is int and low <= value <= high else _wrong(name, value)

    return check


def _base64(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
    if type(value) is not str or not value:
        return _wrong("base64Binary", value)
    try:
        binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        try:
            binascii.a2b_base64("".join(value.split()), strict_mode=True)
        except ValueError:
            return _wrong("base64Binary", value)
    return None if not value.isspace() else _wrong("base64Binary", value)


def _xhtml(value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
    if type(value) is not str or not value:
        return _wrong("xhtml", value)
    bad = _FORBIDDEN.search(value)
    if bad is not None:
        return _wrong("xhtml", value)
    why = fault(value)
    if why is None:
        return None
    return [Finding("value", f"The narrative cannot be kept: {why}", shown(value), _REPAIRS["xhtml"])]


_SPECIAL: Final[dict[str, Rule]] = {
    "boolean": _boolean,
    "decimal": _decimal,
    "base64Binary": _base64,
    "xhtml": _xhtml,
}
