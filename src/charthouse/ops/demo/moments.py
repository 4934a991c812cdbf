"""Dates and times at the clinic: local time on the east coast of the United States."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final

YEAR: Final = 365.2425
_FIXED_HOLIDAYS: Final = frozenset({(1, 1), (7, 4), (12, 24), (12, 25)})
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@cache
def _summer(year: int) -> tuple[date, date]:
    """First and last day but one of daylight saving time (second Sunday of March, first of November)."""
    march, november = date(year, 3, 8), date(year, 11, 1)
    return march + timedelta(days=(6 - march.weekday()) % 7), november + timedelta(
        days=(6 - november.weekday()) % 7
    )


@cache
def _offset(day: date) -> str:
    start, end = _summer(day.year)
    return "-04:00" if start <= day < end else "-05:00"


def stamp(moment: datetime) -> str:
    """A FHIR dateTime of a local time, to the second, with its offset."""
    return moment.isoformat(timespec="seconds") + _offset(moment.date())


def ago(today: date, years: float) -> date:
    """The day `years` before today (fractions count; negative lies ahead)."""
    return today - timedelta(days=round(years * YEAR))


def years_before(today: date, day: date) -> float:
    """How many years `day` lies before `today`."""
    return (today - day).days / YEAR


def age(born: date, on: date) -> int:
    """Completed years of age."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def months(born: date, on: date) -> float:
    """Age in months of 30.44 days."""
    return (on - born).days / 30.436875


def _closed(day: date) -> bool:
    """Weekends, fixed holidays, Memorial Day, Labor Day and Thanksgiving."""
    monday = day.weekday() == 0 and ((day.month == 5 and day.day > 24) or (day.month == 9 and day.day < 8))
    thanksgiving = day.month == 11 and day.weekday() == 3 and 22 <= day.day <= 28
    return day.weekday() > 4 or (day.month, day.day) in _FIXED_HOLIDAYS or thanksgiving or monday


def weekday(day: date, latest: date | None = None) -> date:
    """`day` itself or the next day the clinic is open; before it where that would pass `latest`."""
    step = 1
    while _closed(day):
        if latest is not None and day >= latest:
            step = -1
        day += timedelta(days=step)
    return day


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A local time on `day`."""
    return datetime.combine(day, time(hour, minute))


def spoken(day: date) -> str:
    """A day as prose has it: 3 March 2024."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def month_year(day: date) -> str:
    """A month as prose has it: March 2024."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def how_old(born: date, on: date) -> str:
    """An age as a clinician says it: 9-day-old, 4-month-old, 46-year-old."""
    days = (on - born).days
    if days < 28:
        return f"{days}-day-old"
    if days < 730:
        return f"{int(months(born, on))}-month-old"
    return f"{age(born, on)}-year-old"
