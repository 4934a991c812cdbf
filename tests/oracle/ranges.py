"""Values as stretches of a line, and the prefixes that compare two of them (R4 search.html, 3.1.1.4.5 to 3.1.1.4.7).

Moments are counted in microseconds, numbers are fractions, so that nothing is rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

PREFIXES: Final = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
DAY: Final = 86_400_000_000
_MOMENT: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` to before `high`; to `high` itself where it is closed. No end is an infinite one."""

    low: Any
    high: Any
    is_closed: bool = False

    def holds(self, other: Span) -> bool:
        """Whether all of `other` lies in it."""
        if other.is_closed and not self.is_closed:
            return bool(self.low <= other.low and other.high < self.high)
        return bool(self.low <= other.low and other.high <= self.high)

    def meets(self, other: Span) -> bool:
        """Whether they have a point in common."""
        starts = self.low <= other.high if other.is_closed else self.low < other.high
        ends = other.low <= self.high if self.is_closed else other.low < self.high
        return bool(starts and ends)


def split(value: str) -> tuple[str, str]:
    """The prefix, `eq` where there is none, and the rest."""
    return (value[:2], value[2:]) if value[:2] in PREFIXES else ("eq", value)


def moment(text: str) -> Span:
    """The time that a date, dateTime or instant covers by how precisely it is written; without a zone UTC."""
    match = _MOMENT.fullmatch(text)
    assert match is not None, text
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if day is None:
        last = (int(year), int(month) + 1) if month and int(month) < 12 else (int(year) + 1, 1)
        return Span(_days(int(year), int(month or 1), 1) * DAY, _days(*last, 1) * DAY)
    low = _days(int(year), int(month), int(day)) * DAY
    if hour is None:
        return Span(low, low + DAY)
    low += ((int(hour) * 60 + int(minute)) * 60 + int(second or 0)) * 1_000_000
    width = 1_000_000 if second else 60_000_000
    if fraction:
        width = max(1, 10 ** (6 - len(fraction)))
        low += int(fraction[:6].ljust(6, "0"))
    if zone and zone != "Z":
        low -= (1 if zone[0] == "+" else -1) * (int(zone[1:3]) * 60 + int(zone[4:])) * 60_000_000
    return Span(low, low + width)


def _days(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() if year < 10_000 else date.max.toordinal() + 1


def period(start: str | None, end: str | None) -> Span | None:
    """A Period; where it has no start or no end it goes to the end of the years that FHIR can write."""
    if not start and not end:
        return None
    return Span(moment(start or "0001").low, moment(end or "9999").high)


def timing(tree: dict[str, Any]) -> Span | None:
    """The outer limits of a Timing."""
    spans = [moment(text) for text in tree.get("event", ())]
    bounds = tree.get("repeat", {}).get("boundsPeriod", {})
    outer = period(bounds.get("start"), bounds.get("end"))
    spans += [outer] if outer else []
    return Span(min(one.low for one in spans), max(one.high for one in spans)) if spans else None


def date_spans(type: str, data: Any) -> list[Span]:
    """What a value of a date parameter covers; nothing where it says nothing."""
    if type == "Period":
        found = period(data.get("start"), data.get("end"))
    elif type == "Timing":
        found = timing(data)
    elif type == "instant":  # "an effective width of 0"
        found = moment(data)
        found = Span(found.low, found.low, is_closed=True)
    elif type in ("date", "dateTime"):
        found = moment(data)
    else:
        return []
    return [found] if found else []


def date_meets(value: str, target: Span, now: int) -> bool:
    """Whether a date value with its prefix finds `target`; `now` is the moment of the search."""
    prefix, text = split(value)
    asked = moment(text)
    if prefix == "ap":
        slack = abs(now - asked.low) // 10
        return Span(asked.low - slack, asked.high + slack).meets(target)
    above = target.high >= asked.high if target.is_closed else target.high > asked.high
    return _compared(prefix, asked.holds(target), bool(above), bool(target.low < asked.low),
                     target.low >= asked.high, target.high < asked.low if target.is_closed
                     else target.high <= asked.low)  # fmt: skip


def _compared(prefix: str, is_equal: bool, above: bool, below: bool, after: bool, before: bool) -> bool:
    return {
        "eq": is_equal,
        "ne": not is_equal,
        "gt": above,
        "lt": below,
        "ge": above or is_equal,
        "le": below or is_equal,
        "sa": after,
        "eb": before,
    }[prefix]


def half(text: str) -> Fraction:
    """Half a unit of the last digit that is written; R4's table has the one digit of `1e2` mean 95 to 105."""
    _, digits, exponent = Decimal(text).as_tuple()
    is_one_digit = "e" in text.lower() and "." not in text and len(digits) == 1
    return Fraction(10) ** (int(exponent) - is_one_digit) / 2


def number_meets(value: str, target: Span, scale: Fraction = Fraction(1)) -> bool:
    """Whether a number with its prefix finds `target`, which is measured in units of 1/`scale`."""
    prefix, text = split(value)
    exact = Fraction(Decimal(text)) * scale
    margin = half(text) * scale
    asked = Span(exact - margin, exact + margin)
    if prefix == "ap":
        slack = abs(exact) / 10
        return Span(exact - slack, exact + slack, is_closed=True).meets(target)
    if prefix == "ge":
        return bool(target.high >= exact if target.is_closed else target.high > exact)
    if prefix == "le":
        return bool(target.low <= exact)
    before = target.high < exact if target.is_closed else target.high <= exact
    return _compared(prefix, asked.holds(target), bool(target.high > exact), bool(target.low < exact),
                     bool(target.low > exact), bool(before))  # fmt: skip
