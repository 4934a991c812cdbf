"""Quantities: a number with a calendar word or a UCUM code, compared as far as the units can be understood.

FHIRPath N1 4.1.9 (literals), 6.1.2 and 6.2 (comparison), 6.6 (arithmetic). Calendar durations and
the UCUM codes up to the week are understood here; every other pair of different codes is put to `Units`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

WORDS: Final = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
PLURALS: Final = {f"{word}s": word for word in WORDS}
# UCUM codes of definite duration that mean the same span as the calendar word (N1 4.1.9, 6.6.7).
UCUM_WORDS: Final = {
    "wk": "week",
    "d": "day",
    "h": "hour",
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
}
# What one of a word is worth; a year and a month so only beside shorter spans (N1 5.5.7, 6.1.1).
_SECONDS: Final = {
    "year": Decimal(365 * 86_400), "month": Decimal(30 * 86_400), "week": Decimal(604_800), "day": Decimal(86_400),
    "hour": Decimal(3_600), "minute": Decimal(60), "second": Decimal(1), "millisecond": Decimal("0.001"),
}  # fmt: skip
_MONTHS: Final = {"year": Decimal(12), "month": Decimal(1)}
MAX_UNIT: Final = 200  # characters of a unit that is made by multiplying; longer ones are none
_TEXT: Final = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*(?:'([^']+)'|([a-zA-Z]+))?\Z")


def written(value: Decimal) -> str:
    """A number without exponent, unless that would be absurdly long."""
    return f"{value:f}" if -60 < value.adjusted() < 60 else str(value)


class Units(Protocol):
    """What knows UCUM: handed in by the caller, since it needs the terminology's tables."""

    def canonical(self, code: str) -> tuple[Decimal, str] | None:
        """(factor, canonical base units) so that 1 `code` = factor of the base units; None if unknown.

        Also None for what has a zero or a scale of its own, such as `Cel`.
        """

    def convert(self, value: Decimal, code: str, other: str) -> Decimal | None:
        """`value` of `code` in `other`, degrees and logarithmic units included; None where there is no way."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """`unit` is a UCUM code, a calendar word in the singular if `is_calendar`, or None where nobody knows."""

    value: Decimal
    unit: str | None = "1"
    is_calendar: bool = False

    def __str__(self) -> str:
        if self.unit is None:
            return f"{written(self.value)}"
        if self.is_calendar:
            return f"{written(self.value)} {self.unit}{'' if self.value == 1 else 's'}"
        return f"{written(self.value)} '{self.unit}'"


def calendar_word(unit: str) -> str | None:
    """The singular of a calendar word, None if `unit` is none."""
    return unit if unit in WORDS else PLURALS.get(unit)


def of_unit(value: Decimal, unit: str) -> Quantity:
    """The quantity with a unit in quotes; `'month'` is no UCUM code and means the calendar's."""
    word = calendar_word(unit)
    return Quantity(value, unit) if word is None else Quantity(value, word, True)


def parse(text: str) -> Quantity | None:
    """`4.5`, `4.5 'mg'` or `4 days`; None if it is none of these (N1 5.5.6)."""
    match = _TEXT.match(text)
    if match is None:
        return None
    number, code, word = Decimal(match[1]), match[2], match[3]
    if code is not None:
        return of_unit(number, code)
    if word is None:
        return Quantity(number)
    singular = calendar_word(word)
    return None if singular is None else Quantity(number, singular, True)


def duration_word(quantity: Quantity) -> str | None:
    """The calendar word that date arithmetic takes this unit for; None if it may not be used ('mo', 'a')."""
    if quantity.unit is None:
        return None
    return quantity.unit if quantity.is_calendar else UCUM_WORDS.get(quantity.unit)


def factors(left: Quantity, right: Quantity, units: Units | None) -> tuple[Decimal, Decimal] | None:
    """What one of each unit is worth in a unit they share; None where they do not simply scale."""
    if left.unit is None or right.unit is None:
        return None
    if left.unit == right.unit and left.is_calendar == right.is_calendar:
        return Decimal(1), Decimal(1)
    one, other = duration_word(left), duration_word(right)
    if one is not None and other is not None:
        worth = _MONTHS if one in _MONTHS and other in _MONTHS else _SECONDS
        return worth[one], worth[other]
    if units is None or left.is_calendar or right.is_calendar:
        return None
    first, second = units.canonical(left.unit), units.canonical(right.unit)
    if first is None or second is None or first[1] != second[1]:
        return None
    return first[0], second[0]


def aligned(left: Quantity, right: Quantity, units: Units | None) -> tuple[Decimal, Decimal] | None:
    """Both values in one unit, to be compared; None where the units cannot be brought together."""
    worth = factors(left, right, units)
    if worth is not None:
        return left.value * worth[0], right.value * worth[1]
    converted = in_unit(right, left, units)
    return None if converted is None else (left.value, converted)


def in_unit(quantity: Quantity, wanted: Quantity, units: Units | None) -> Decimal | None:
    """The value of `quantity` in the unit of `wanted`; None where it cannot be brought there."""
    worth = factors(quantity, wanted, units)
    if worth is not None:
        return quantity.value if worth[0] == worth[1] else quantity.value * worth[0] / worth[1]
    if units is None or quantity.is_calendar or wanted.is_calendar or None in (quantity.unit, wanted.unit):
        return None
    return units.convert(quantity.value, quantity.unit or "1", wanted.unit or "1")


def is_known_apart(left: Quantity, right: Quantity, units: Units | None) -> bool:
    """Whether the units are understood and measure different things (length, mass)."""
    if units is None or left.unit is None or right.unit is None or left.is_calendar or right.is_calendar:
        return False
    first, second = units.canonical(left.unit), units.canonical(right.unit)
    return first is not None and second is not None and first[1] != second[1]


def equal(left: Quantity, right: Quantity, units: Units | None) -> bool | None:
    """`left = right`; None where the units are not comparable."""
    pair = aligned(left, right, units)
    if pair is None:
        return False if is_known_apart(left, right, units) else None
    return pair[0] == pair[1]


def total(left: Quantity, right: Quantity, units: Units | None) -> Quantity | None:
    """The sum, in the more granular of both units (N1 6.6.3); None where the units do not add up."""
    worth = factors(left, right, units)
    if worth is None:
        return None
    unit = left if worth[0] <= worth[1] else right
    least = min(worth)
    if worth[0] == worth[1]:
        return Quantity(left.value + right.value, unit.unit, unit.is_calendar)
    value = (left.value * worth[0] + right.value * worth[1]) / least
    return Quantity(value, unit.unit, unit.is_calendar)


def multiply(left: Quantity, right: Quantity) -> Quantity | None:
    """The product, its unit written in UCUM; None where a unit has no UCUM form."""
    if left.unit == "1" or right.unit == "1":
        kept = right if left.unit == "1" else left
        return Quantity(left.value * right.value, kept.unit, kept.is_calendar)
    unit = _joined(left, right, 1)
    return None if unit is None else Quantity(left.value * right.value, unit)


def divide(left: Quantity, right: Quantity) -> Quantity | None:
    """The quotient; None for a zero divisor or a unit without UCUM form."""
    if right.value == 0 or left.unit is None or right.unit is None:
        return None
    value = left.value / right.value
    if left.unit == right.unit and left.is_calendar == right.is_calendar:
        return Quantity(value)
    if right.unit == "1":
        return Quantity(value, left.unit, left.is_calendar)
    unit = _joined(left, right, -1)
    return None if unit is None else Quantity(value, unit)


_PART: Final = re.compile(r"([./]?)((?:[A-Za-z_%']|\[[^\[\]]*\])+)(-?[0-9]{1,2})?")


def _powers(unit: str) -> dict[str, int] | None:
    """The exponents in a unit that is a plain product (`mg/dL`); None if it is more than that."""
    found: dict[str, int] = {}
    at = 0
    while at < len(unit):
        match = _PART.match(unit, at)
        if match is None or match[1] == ("" if at else "."):
            return None
        power = int(match[3] or 1) * (-1 if match[1] == "/" else 1)
        found[match[2]] = found.get(match[2], 0) + power
        at = match.end()
    return found


def _joined(left: Quantity, right: Quantity, sign: int) -> str | None:
    """The unit of a product (`sign` 1) or quotient (-1): `cm` and `cm2` make `cm3`."""
    if left.unit is None or right.unit is None or left.is_calendar or right.is_calendar:
        return None
    powers, others = _powers(left.unit) if left.unit != "1" else {}, _powers(right.unit)
    if powers is None or others is None:
        unit = f"({left.unit}){'.' if sign > 0 else '/'}({right.unit})"
    else:
        for symbol, power in others.items():
            powers[symbol] = powers.get(symbol, 0) + sign * power
        above = [f"{symbol}{power if power > 1 else ''}" for symbol, power in powers.items() if power > 0]
        below = [f"/{symbol}{-power if power < -1 else ''}" for symbol, power in powers.items() if power < 0]
        unit = ".".join(above) + "".join(below) or "1"
    return unit if len(unit) <= MAX_UNIT else None
