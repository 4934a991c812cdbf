"""FHIR dates as the spans of time they mean (R4 datatypes.html#date, search.html#date)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_FORM = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN, MAX = -62_135_596_800_000, 253_402_300_800_000  # the years 1 and 9999 in milliseconds


@lru_cache(maxsize=8192)
def period(text: str) -> tuple[int, int] | None:
    """(first millisecond, first millisecond after) of a date, dateTime or instant.

    A date without a time zone is read in UTC. None when `text` is no FHIR date.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        start = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            tzinfo=UTC,
        )
        low = _milliseconds(start) + (1000 if second == "60" else 0)
    except ValueError:
        return None
    if hour is None:
        return low, _next(start, month, day)
    low -= _offset(zone)
    if fraction is not None:
        step = 10 ** max(0, 3 - len(fraction))
        low += int(fraction[:3].ljust(3, "0"))
        return low, low + step
    return low, low + (60_000 if second is None else 1000)


def _next(start: datetime, month: str | None, day: str | None) -> int:
    """The end of the year, month or day that begins at `start`."""
    if month is None:
        return MAX if start.year == 9999 else _milliseconds(start.replace(year=start.year + 1))
    if day is None:
        following = (start.year + 1, 1) if start.month == 12 else (start.year, start.month + 1)
        return (
            MAX
            if following[0] > 9999
            else _milliseconds(start.replace(year=following[0], month=following[1]))
        )
    return _milliseconds(start) + 86_400_000


def _milliseconds(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(milliseconds=1)


def _offset(zone: str | None) -> int:
    """Milliseconds east of UTC."""
    if zone is None or zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return (-minutes if zone[0] == "-" else minutes) * 60_000
