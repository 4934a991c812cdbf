"""Dates of birth as people type them: every spelling of a day, years of two digits, day and month either way round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple

OLDEST: Final = 115  # years: who would be older is not meant by a year of two digits
FIRST_YEAR: Final = 1870

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("jan ene janv", "feb fev", "mar", "apr abr avr", "may mai", "jun", "jul", "aug ago aou", "sep set", "oct okt",
         "nov", "dec dic dez"), 1,
    )
    for name in names.split()
}  # fmt: skip
_NAME: Final = "|".join(_MONTHS)
_YEAR: Final = r"(?P<year>\d{4}|'?\d{2})"
_SEPARATED: Final = re.compile(
    r"(?<![\d-])(?P<first>\d{1,2})(?P<sign>[-/.])(?P<second>\d{1,2})(?P=sign)" + _YEAR + r"(?![-/.]?\d)"
)
_YEAR_FIRST: Final = re.compile(
    r"(?<![\d-])(?P<year>\d{4})(?P<sign>[-/.])(?P<first>\d{1,2})(?:(?P=sign)(?P<second>\d{1,2}))?(?![-/.]?\d)"
)
_MONTH: Final = re.compile(r"(?<![\d/.-])(?P<first>\d{1,2})/" + _YEAR + r"(?![-/.]?\d)")
_NAMED: Final = re.compile(
    rf"(?<!\w)(?:(?P<before>\d{{1,2}})(?:st|nd|rd|th)?[\s.-]*(?:of |de )?)?(?P<month>{_NAME})[a-z]*\.?"
    rf"(?:[\s-]+(?P<after>\d{{1,2}})(?:st|nd|rd|th)?(?=[\s,-]))?(?:[\s,-]+(?:de )?){_YEAR}(?!\d)"
)


class Birth(NamedTuple):
    """A year, month or day (`1962`, `1962-03`, `1962-03-14`) that may be meant; `other` counts behind the usual one."""

    text: str
    other: bool = False


class Found(NamedTuple):
    """Where a date stands in a text, what it may mean, and whether its words may be a name as well ("may 1962")."""

    start: int
    end: int
    births: tuple[Birth, ...]
    is_loose: bool = False


def find(text: str, today: date, *, day_first: bool) -> Found | None:
    """The first date in folded `text` that has signs or a month's name in it."""
    for pattern in (_NAMED, _YEAR_FIRST, _SEPARATED, _MONTH):
        for match in pattern.finditer(text):
            births = _read(match, today, day_first)
            if births:
                is_loose = pattern is _NAMED and not match["before"]
                return Found(match.start(), match.end(), births, is_loose)
    return None


def _read(match: re.Match[str], today: date, day_first: bool) -> tuple[Birth, ...]:
    parts = match.groupdict()
    years = _years(parts["year"].lstrip("'"), today)
    if "month" in parts:
        month = _MONTHS[parts["month"]]
        day = parts["before"] or parts["after"]
        if not day and len(parts["year"]) != 4:
            return ()
        return tuple(_made((year, month, int(day) if day else None) for year in years))
    if match.re is _MONTH:
        return tuple(_made((year, int(parts["first"]), None) for year in years))
    first, second = int(parts["first"]), int(parts["second"] or 0)
    if match.re is _YEAR_FIRST:
        if not parts["second"]:
            return tuple(_made((year, first, None) for year in years)) if parts["sign"] == "-" else ()
        return tuple(_made((year, first, second) for year in years))
    return _either(first, second, years, day_first=day_first or parts["sign"] == ".")


def run_together(digits: str, today: date, *, day_first: bool) -> tuple[Birth, ...]:
    """What digits without any sign may mean: a year, or a day as 03141962, 19620314 or 031462."""
    if not (digits.isascii() and digits.isdigit()):
        return ()  # signs among them
    if len(digits) == 4:
        return (Birth(digits),) if FIRST_YEAR <= int(digits) <= today.year else ()
    if len(digits) not in (6, 8):
        return ()
    first, second, rest = int(digits[:2]), int(digits[2:4]), digits[4:]
    found = list(_either(first, second, _years(rest, today), day_first=day_first))
    if len(digits) == 8 and not found:
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
        found += _made((one, month, day) for one in _years(str(year), today))
    return tuple(found)


def _either(first: int, second: int, years: list[int], *, day_first: bool) -> tuple[Birth, ...]:
    """Day and month in the usual order, then the other way round; the later of two years before the earlier."""
    month, day = (second, first) if day_first else (first, second)
    usual = list(_made((year, month, day) for year in years))
    turned = list(_made((year, day, month) for year in years)) if month != day else []
    if not usual:
        return tuple(turned)
    return (*usual, *(Birth(one.text, other=True) for one in turned))


def _years(text: str, today: date) -> list[int]:
    """The years that may be meant: nobody was born in the future, and few before the last hundred years."""
    year = int(text)
    if len(text) == 4:
        return [year] if FIRST_YEAR <= year <= today.year else []
    century = today.year // 100 * 100
    candidates = [century + year, century - 100 + year]
    return [one for one in candidates if one <= today.year and today.year - one <= OLDEST]


def _made(dates: Iterable[tuple[int, int, int | None]]) -> Iterator[Birth]:
    """The dates that exist; of several the first one is the usual one."""
    is_first = True
    for year, month, day in dates:
        try:
            date(year, month, day or 1)
        except ValueError:
            continue
        yield Birth(f"{year:04d}-{month:02d}" + (f"-{day:02d}" if day else ""), other=not is_first)
        is_first = False
