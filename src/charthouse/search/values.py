"""The text of a search value, read by the rules of its parameter's type (R4 search.html#ptypes)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from math import inf, nextafter
from typing import Final

from charthouse.base.errors import Problem, invalid
from charthouse.base.ids import is_logical_id
from charthouse.fhir import dates, references
from charthouse.search.query import (
    Among,
    Amount,
    Kind,
    Link,
    Measure,
    Near,
    Sound,
    Span,
    Text,
    Token,
    Typed,
    Value,
)
from charthouse.store.index import LONGEST, fold
from charthouse.store.index.phonetic import as_one
from charthouse.terminology import ucum

OVERLAPS: Final = "po"  # a prefix that only a filter has: the ranges have a moment in common
PREFIXES: Final = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
USUAL: Final = 10.0  # units of distance where none is given
LONGEST_UNIT: Final = 60
_PREFIXED: Final = re.compile(r"([a-z]{2})(?=[\d.+-])")
_LETTERS_FIRST: Final = re.compile(r"([A-Za-z]+)[\d.+-]")
KEPT: Final = re.compile(r"ValueSet/([A-Za-z0-9.-]{1,64})")
_MIME: Final = re.compile(r"[\w.+-]+/[\w.+-]+")
_NUMBER: Final = re.compile(r"[+-]?\d{1,40}(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?")
_ESCAPE: Final = re.compile(r"\\([\\,|$])")
_EXACT: Final = Context(prec=120)
_ANY_DIGIT: Final = frozenset("0123456789")


def alternatives(text: str) -> list[str]:
    """The values between commas, escapes still in place (R4 search.html#escaping)."""
    return split(text, ",")


def split(text: str, separator: str) -> list[str]:
    """`text` at each `separator` that has no backslash before it."""
    if separator not in text:
        return [text]
    if "\\" not in text:
        return text.split(separator)
    parts: list[str] = [""]
    characters = iter(text)
    for character in characters:
        if character == "\\":
            parts[-1] += character + next(characters, "")
        elif character == separator:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def plain(text: str) -> str:
    """`text` with `\\,` `\\|` `\\$` `\\\\` as the characters they stand for."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def token(name: str, text: str) -> Token:
    """`code`, `system|code`, `|code` or `system|`."""
    parts = split(text, "|")
    if len(parts) == 1:
        return Token(None, plain(text))
    if len(parts) > 2 or parts == ["", ""]:
        raise invalid(
            "value",
            f'"{name}" takes a code, system|code, |code or system|.',
            place=name,
            value=text,
            repair="Write a | inside a code as \\|.",
        )
    system, code = plain(parts[0]), plain(parts[1])
    return Token(system, code or None)


def _inside(name: str, text: str) -> Among:
    """The canonical url of a value set, perhaps with `|version`; or `ValueSet/id`, for one of the record."""
    url = plain(text)
    if ":" not in url and not KEPT.fullmatch(url):
        raise invalid(
            "value", f'"{name}" takes the url of a value set, or ValueSet/id.', place=name, value=text,
            repair="Write it in full, e.g. http://hl7.org/fhir/ValueSet/observation-vitalsignresult.",
        )  # fmt: skip
    return Among(name, name.rpartition(":")[2], url, None)


def _along(name: str, text: str) -> Among:
    """`system|code`: a place in a hierarchy; below a MIME type, which has no system, are those with parameters."""
    system, code = token(name, text)
    if code and not system and name.endswith(":below") and _MIME.fullmatch(code):
        return Among(name, "below", "", code)
    if not system or not code:
        raise invalid(
            "value", f'"{name}" takes system|code.', place=name, value=text,
            repair="Say of which code system the code is.",
        )  # fmt: skip
    return Among(name, name.rpartition(":")[2], system, code)


# Modifiers of a token that ask the code systems (R4 search.html#modifiers).
AMONG: Final[Mapping[str, Callable[[str, str], Value]]] = {
    "in": _inside, "not-in": _inside, "below": _along, "above": _along,
}  # fmt: skip


def string(name: str, text: str) -> Text:
    """The start of a text, without regard to case, accents and white space."""
    asked = plain(text)
    return Text(_folded(name, asked), None)


def exact(name: str, text: str) -> Text:
    """A whole text, to the letter."""
    asked = plain(text)
    return Text(_folded(name, asked), asked)


def sound(name: str, text: str) -> Sound:
    """A name, by how it sounds as a whole."""
    codes = as_one(_folded(name, text))
    if not codes:
        raise invalid(
            "value", f'"{name}" takes a name.', place=name, value=text, repair="Write e.g. Kathryn."
        )
    return Sound(tuple(sorted(codes)))


def typed(name: str, text: str) -> Typed:
    """`system|code|value`: an identifier by the type it has (R4 search.html#token, `:of-type`)."""
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise invalid(
            "value", f'"{name}" takes system|code|value.', place=name, value=text,
            repair="Write e.g. http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053.",
        )  # fmt: skip
    return Typed(parts[0] or None, parts[1], parts[2])


def near(name: str, text: str) -> Near:
    """`latitude|longitude[|distance[|unit]]`, by default within 10 km (R4 location.html#positional-searching)."""
    parts = [plain(part) for part in split(text, "|")]
    numbers = [_NUMBER.fullmatch(part) and float(part) for part in parts[:3]]
    unit = parts[3] if len(parts) == 4 and parts[3] else "km"
    metre = ucum.shared().convert(Decimal(1), unit, "m") if len(unit) < LONGEST_UNIT else None
    is_place = len(numbers) >= 2 and None not in numbers
    latitude, longitude, distance = ((*numbers, USUAL)[:3]) if is_place else (None, None, None)
    if (
        latitude is None or longitude is None or distance is None or metre is None or len(parts) > 4
        or abs(latitude) > 90 or abs(longitude) > 180 or distance < 0
    ):  # fmt: skip
        raise invalid(
            "value", f'"{name}" takes latitude|longitude|distance|unit.', place=name, value=text,
            repair="Write e.g. 42.256500|-83.694810|11.20|km; the unit is one of UCUM.",
        )  # fmt: skip
    return Near(latitude, longitude, distance * float(metre))


def truth(name: str, text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise invalid("value", f'"{name}" takes true or false.', place=name, value=text)
    return text == "true"


def address(name: str, text: str) -> str:
    """The address at or below (above) which another is looked for, without a slash at the end."""
    asked = plain(text)
    if "://" not in asked or len(asked) > 400:
        raise invalid(
            "value", f'"{name}" takes an address with a path.', place=name, value=text,
            repair="Write e.g. http://example.org/fhir/; names such as urn:oid:… have nothing above or below them.",
        )  # fmt: skip
    return asked.rstrip("/")


def _folded(name: str, text: str) -> str:
    """The text as it is compared; refused when nothing is left of it, for everything begins with nothing."""
    if len(text) >= LONGEST:
        raise invalid(
            "value",
            f'"{name}" compares at most {LONGEST - 1} characters.',
            place=name,
            value=text,
            repair="Shorten the text.",
        )
    folded = fold(text)
    if not folded:
        raise invalid("value", f'"{name}" has no letter to compare.', place=name, value=text)
    return folded


def uri(_name: str, text: str) -> str:
    """An address, compared to the letter."""
    return plain(text)


def date(name: str, text: str, *, is_filter: bool = False) -> Span:
    """A prefix and a date of any precision; without a time zone it is read in UTC."""
    prefix, rest = _prefixed(name, text, is_filter=is_filter)
    found = dates.period(rest.replace(" ", "+"))  # a plus sign that a form turned into a space
    if found is None:
        raise invalid(
            "value",
            f'"{name}" takes a date.',
            place=name,
            value=text,
            repair="Write e.g. 2024, 2024-05, ge2024-05-17 or 2024-05-17T10:30:00Z.",
        )
    return Span(prefix, *found)


def number(name: str, text: str) -> Amount:
    """A prefix and a number; its precision is what is written (R4 search.html#number)."""
    prefix, rest = _prefixed(name, text)
    found = _amount(prefix, rest)
    if found is None:
        raise invalid(
            "value",
            f'"{name}" takes a number.',
            place=name,
            value=text,
            repair="Write e.g. 5.40, ge100 or 1e2.",
        )
    return found


def quantity(name: str, text: str) -> Measure:
    """`number`, `number|system|code` or `number||code` (R4 search.html#quantity)."""
    parts = split(text, "|")
    prefix, rest = _prefixed(name, parts[0])
    found = _amount(prefix, rest)
    if found is None or len(parts) not in (1, 3) or (len(parts) == 3 and not parts[2]):
        raise invalid(
            "value",
            f'"{name}" takes a number, number|system|code or number||code.',
            place=name,
            value=text,
            repair="Write e.g. 5.4|http://unitsofmeasure.org|mg or 5.4||mg.",
        )
    if len(parts) == 1:
        return Measure(found, None, None)
    return Measure(found, plain(parts[1]) or None, plain(parts[2]))


def _prefixed(name: str, text: str, *, is_filter: bool = False) -> tuple[str, str]:
    """The prefix (`eq` when there is none) and the rest."""
    if text[:1] in _ANY_DIGIT:
        return "eq", text
    match = _PREFIXED.match(text)
    if match is not None and (match[1] in PREFIXES or (is_filter and match[1] == OVERLAPS)):
        return match[1], text[2:]
    letters = _LETTERS_FIRST.match(text)
    if letters is not None:
        raise invalid(
            "value",
            f'"{letters[1]}" is not a prefix that "{name}" can have.',
            place=name,
            value=text,
            repair=f"Use one of {', '.join(PREFIXES)}.",
        )
    return "eq", text


@lru_cache(maxsize=1024)
def _amount(prefix: str, text: str) -> Amount | None:
    """The number with the range that its last written digit leaves open, half a unit each way.

    `1.00e2` has three digits, as 100 has. One digit with an exponent is read as one more: the standard's own
    example has `1e2` mean 95 to 105.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    value = Decimal(text)
    is_one_digit = match[2] is not None and match[1] is None and len(value.as_tuple().digits) == 1
    step = int(match[2] or 0) - len(match[1] or "") - is_one_digit
    half = abs(value) / 10 if prefix == "ap" else Decimal(5).scaleb(step - 1, _EXACT)
    exact, high = float(value), float(_EXACT.add(value, half))
    # more digits than a float holds must not make the range empty
    return Amount(prefix, exact, float(_EXACT.subtract(value, half)), max(high, nextafter(exact, inf)))


def reference_reader(
    types: tuple[str, ...], is_resource: Callable[[str], bool], bases: frozenset[str]
) -> Callable[[str, str], Link]:
    """A reader of references that may name one of `types`; an address under one of `bases` is ours."""

    def read(name: str, text: str) -> Link:
        asked = plain(text)
        if is_logical_id(asked):
            return Link(types, asked, None)
        found = references.parse(asked)
        if found is not None and is_resource(found.type):
            if types and found.type not in types:
                raise _wrong_type(name, text, found.type, types)
            here = found.base is None or found.base in bases
            literal = f"{found.type}/{found.id}"
            if found.version:
                literal += f"/_history/{found.version}"
            elif here:
                return Link((found.type,), found.id, None)
            return Link((), None, literal if here else f"{found.base}/{literal}")
        if ":" in asked:
            return Link((), None, asked)
        raise invalid(
            "value",
            f'"{name}" takes a reference.',
            place=name,
            value=text,
            repair="Write Type/id, an id, or a whole address.",
        )

    return read


def _wrong_type(name: str, text: str, type: str, types: tuple[str, ...]) -> Problem:
    return invalid(
        "value",
        f'"{name}" does not refer to {type}.',
        place=name,
        value=text,
        repair=f"It refers to {', '.join(types[:6])}{' and others' if len(types) > 6 else ''}.",
    )


READERS: Final[Mapping[Kind, Callable[[str, str], Value]]] = {
    Kind.TOKEN: token, Kind.STRING: string, Kind.DATE: date, Kind.NUMBER: number, Kind.QUANTITY: quantity,
    Kind.URI: uri, Kind.ID: uri, Kind.UPDATED: date,
}  # fmt: skip
