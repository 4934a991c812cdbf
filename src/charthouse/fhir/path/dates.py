"""Dates and times of any precision, with comparisons that may answer "cannot be known".

FHIRPath N1 4.1.5-4.1.8 (literals), 6.1 and 6.2 (equality and comparison), 6.6.7 (arithmetic).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Final

DATE: Final = "Date"
DATETIME: Final = "DateTime"
TIME: Final = "Time"

_DATE_PATTERN: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\Z")
_DATETIME_PATTERN: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T"
    r"(?:([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?\Z"
)
_TIME_PATTERN: Final = re.compile(r"T?([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?)?\Z")
_LIMITS: Final = ((1, 9999), (1, 12), (1, 31), (0, 23), (0, 59), (0, 60))

Field = int | Decimal


@dataclass(frozen=True, slots=True)
class Temporal:
    """A Date, DateTime or Time (`kind`) known down to its last field.

    `fields` run from year (Time: from hour) to second, seconds as Decimal with the fraction;
    `offset` is the time zone in minutes east of UTC, None if not given.
    """

    kind: str
    fields: tuple[Field, ...]
    offset: int | None = None

    def __str__(self) -> str:
        """The form that FHIR writes: no `@`, no `T` before a time alone."""
        texts = [_padded(value) for value in self.fields]
        if self.kind == TIME:
            return ":".join(texts)
        day = "-".join([f"{int(self.fields[0]):04d}", *texts[1:3]])
        zone = "" if self.offset is None else zone_text(self.offset)
        return f"{day}T{':'.join(texts[3:])}{zone}" if len(texts) > 3 else day

    @property
    def precision(self) -> int:
        """How many of year, month, day, hour, minute, second are known, counted from the year."""
        return len(self.fields) + (3 if self.kind == TIME else 0)


def _padded(value: Field) -> str:
    if isinstance(value, int):
        return f"{value:02d}"
    text = f"{value:f}"
    return text if text.find(".") == 2 or (len(text) == 2 and "." not in text) else "0" + text


def zone_text(offset: int) -> str:
    """`Z` or `+hh:mm`."""
    if offset == 0:
        return "Z"
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"


def parse_date(text: str) -> Temporal | None:
    """`2014`, `2014-01` or `2014-01-25`; None if it is no date."""
    match = _DATE_PATTERN.match(text)
    return _checked(DATE, match.groups(), None) if match else None


def parse_datetime(text: str) -> Temporal | None:
    """A date, or a date and a time with or without zone; None if it is neither."""
    match = _DATETIME_PATTERN.match(text)
    return _checked(DATETIME, match.groups()[:6], match[7]) if match else None


def parse_time(text: str) -> Temporal | None:
    """`14`, `14:30`, `14:30:14.559`, also with `T` before it; None if it is no time."""
    match = _TIME_PATTERN.match(text)
    return _checked(TIME, match.groups(), None) if match else None


def parse_literal(text: str) -> Temporal | None:
    """A literal without its `@`; `2014T` is a DateTime."""
    if text.startswith("T"):
        return parse_time(text)
    if "T" not in text:
        return parse_date(text)
    return parse_datetime(text.removesuffix("T"))


def from_moment(moment: datetime) -> Temporal:
    """`moment` (which knows its zone) to the millisecond."""
    offset = moment.utcoffset()
    second = Decimal(moment.second * 1000 + moment.microsecond // 1000).scaleb(-3)
    fields = (moment.year, moment.month, moment.day, moment.hour, moment.minute, second)
    return Temporal(DATETIME, fields, 0 if offset is None else int(offset.total_seconds() // 60))


def day_of(moment: Temporal) -> Temporal:
    """The Date part of a DateTime."""
    return Temporal(DATE, moment.fields[:3])


def _checked(kind: str, texts: tuple[str | None, ...], zone: str | None) -> Temporal | None:
    """The value if every field is one the calendar has."""
    limits = _LIMITS[3:] if kind == TIME else _LIMITS
    fields: list[Field] = []
    for text, (low, high) in zip(texts, limits, strict=False):
        if text is None:
            break
        value = Decimal(text) if high == 60 else int(text)
        if not low <= int(value) <= high:
            return None
        fields.append(value)
    if kind != TIME and len(fields) >= 3 and int(fields[2]) > month_length(int(fields[0]), int(fields[1])):
        return None
    offset = None
    if zone is not None:
        if zone == "Z":
            offset = 0
        else:
            offset = int(zone[1:3]) * 60 + int(zone[4:6])
            if offset > 14 * 60:
                return None
            offset = -offset if zone[0] == "-" else offset
    return Temporal(kind, tuple(fields), offset)


def month_length(year: int, month: int) -> int:
    """Days in that month."""
    return calendar.monthrange(year, month)[1]


def compare(left: Temporal, right: Temporal) -> int | None:
    """-1, 0 or 1, or None where the precisions or a missing zone leave it open.

    Dates and times alone do not compare: the caller has told kinds apart before.
    """
    one, other = left.fields, right.fields
    if left.kind != TIME and len(one) > 3 and len(other) > 3:
        if left.offset is not None and right.offset is not None:
            if left.offset != right.offset:
                one, other = _utc(left, left.offset), _utc(right, right.offset)
        elif left.offset is not None or right.offset is not None:
            return _compare_days(one, other)
    for a, b in zip(one, other, strict=False):
        if a != b:
            return -1 if a < b else 1
    return 0 if len(one) == len(other) else None


def _compare_days(one: tuple[Field, ...], other: tuple[Field, ...]) -> int | None:
    """Only one side has a zone: open unless they lie more than a day apart."""
    gap = _ordinal(one) - _ordinal(other)
    return None if -1 <= gap <= 1 else (-1 if gap < 0 else 1)


def _ordinal(fields: tuple[Field, ...]) -> int:
    return date(int(fields[0]), int(fields[1]), int(fields[2])).toordinal()


def _utc(value: Temporal, offset: int) -> tuple[Field, ...]:
    """The fields of `value` in UTC, to the precision it has."""
    year, month, day, hour = (int(part) for part in value.fields[:4])
    minute = int(value.fields[4]) if len(value.fields) > 4 else 0
    minutes = (_ordinal((year, month, day)) * 24 + hour) * 60 + minute - offset
    days, rest = divmod(minutes, 24 * 60)
    if days < 1:  # before year 1: nothing the calendar can write, but it still orders
        return (0, 0, 0, *divmod(rest, 60), *value.fields[5:])
    shifted = date.fromordinal(min(days, date.max.toordinal()))
    fields: tuple[Field, ...] = (
        shifted.year,
        shifted.month,
        shifted.day,
        *divmod(rest, 60),
        *value.fields[5:],
    )
    return fields[: len(value.fields)] if offset % 60 == 0 else fields


_MILLISECONDS: Final = {
    "week": 604_800_000, "day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1000, "millisecond": 1,
}  # fmt: skip
_MONTHS: Final = {"year": 12, "month": 1}
_MAX_DIGITS: Final = 18  # no date is that far from another, in any unit
# What one of a smaller unit is worth where the value stops at the bigger one (N1 6.6.7).
_FIELD_DAYS: Final = {1: 365, 2: 30}


def add(value: Temporal, amount: Decimal, unit: str) -> Temporal | None:
    """`value` moved by `amount` of the calendar `unit` (singular word); None where no such date exists.

    Fractions count for seconds and milliseconds only; a day that the month does not have becomes its last.
    """
    if amount and amount.adjusted() > _MAX_DIGITS:
        return None
    if unit not in ("second", "millisecond"):
        amount = amount.to_integral_value(ROUND_DOWN)
    try:
        if value.kind == TIME:
            return _add_time(value, amount, unit)
        if unit in _MONTHS:
            return _add_months(value, int(amount) * _MONTHS[unit])
        return _add_span(value, amount * _MILLISECONDS[unit])
    except (OverflowError, ValueError):
        return None


def _add_time(value: Temporal, amount: Decimal, unit: str) -> Temporal | None:
    """A time goes round the clock."""
    if unit not in ("hour", "minute", "second", "millisecond"):
        return None
    fields = (*value.fields, 0, Decimal(0))[:3]
    total = (int(fields[0]) * 60 + int(fields[1])) * 60_000 + fields[2] * 1000
    total = (Decimal(total) + amount * _MILLISECONDS[unit]) % 86_400_000
    if total < 0:
        total += 86_400_000
    return Temporal(TIME, _clock(total, value.fields[2:])[: len(value.fields)])


def _clock(milliseconds: Decimal, second: tuple[Field, ...]) -> tuple[Field, ...]:
    """Hour, minute, second of a day's milliseconds, with at least the decimals that `second` had."""
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = (rest / 1000).normalize()
    written = Decimal(second[0]) if second else Decimal(0)
    places = max(_places(written), _places(seconds))
    return (int(minutes) // 60, int(minutes) % 60, seconds.quantize(Decimal(1).scaleb(-places)))


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _add_months(value: Temporal, months: int) -> Temporal | None:
    year, month = int(value.fields[0]), int(value.fields[1]) if len(value.fields) > 1 else 1
    if len(value.fields) == 1:
        months = int(months / 12) * 12
    count = year * 12 + month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        return None
    fields: tuple[Field, ...] = (year, month, *value.fields[2:])[: len(value.fields)]
    if len(fields) > 2:
        fields = (year, month, min(int(fields[2]), month_length(year, month)), *fields[3:])
    return Temporal(value.kind, fields, value.offset)


def _add_span(value: Temporal, milliseconds: Decimal) -> Temporal | None:
    """Add an exact span, cut to whole units of the last field that is known."""
    known = len(value.fields)
    if known < 3:
        days = int(milliseconds / 86_400_000)
        count = int(days / _FIELD_DAYS[known])
        return _add_months(value, count * 12 if known == 1 else count)
    unit = {3: 86_400_000, 4: 3_600_000, 5: 60_000}.get(known)
    if unit is not None:
        milliseconds = (milliseconds / unit).to_integral_value(ROUND_DOWN) * unit
    fields = (*value.fields, 0, 0, Decimal(0))[:6] if known < 6 else value.fields
    start = (int(fields[3]) * 60 + int(fields[4])) * 60_000 + Decimal(fields[5]) * 1000
    days_moved, rest = divmod(start + milliseconds, 86_400_000)
    if rest < 0:
        days_moved, rest = days_moved - 1, rest + 86_400_000
    day = date.fromordinal(_ordinal(fields) + int(days_moved))
    moved: tuple[Field, ...] = (day.year, day.month, day.day, *_clock(rest, value.fields[5:6]))
    return Temporal(value.kind, moved[:known], value.offset)
