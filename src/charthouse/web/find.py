"""What somebody types to find a patient, as searches: names, a date of birth, a record number, a phone number."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

Asked = tuple[tuple[str, str], ...]

SHORTEST: Final = 2
LONGEST: Final = 100
MOST: Final = 20
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_FIRST: Final = re.compile(r"\b(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?\b")
_YEAR_LAST: Final = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})\b")
_NAMED: Final = re.compile(
    r"\b(?:(\d{1,2})\s+)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?:(\d{1,2}),?\s+)?(\d{4})\b"
)
_SPLIT: Final = re.compile(r"[,\s]+")


def searches(text: str, *, day_first: bool = False) -> list[Asked]:
    """Alternative searches for Patient, best first, empty for text that is too short to mean anybody.

    `okafor am 1980-03-14` is one search by name, name and date; a word with digits may be part of a name or a
    number, so it gives two. In `3/4/1980` the month stands first unless `day_first`.
    """
    text = " ".join(text[:LONGEST].lower().split())
    if len(text.replace(" ", "")) < SHORTEST:
        return []
    rest, born = _born(text, day_first)
    words = [word for word in _SPLIT.split(rest) if word]
    fixed: Asked = (("birthdate", born),) if born else ()
    if not words:
        return [fixed] if fixed else []
    digits = "".join(character for character in rest if character.isdigit())
    whole = rest.replace(" ", "")
    is_number = bool(digits) and not any(character.isalpha() for character in rest)
    found: list[Asked] = []
    if digits and (len(words) == 1 or is_number):
        exact = [_escape(form) for form in dict.fromkeys((rest, whole, rest.upper(), whole.upper()))]
        found.append((("identifier", ",".join(exact)), *fixed))
    if not is_number:
        found.append((*(("name", _escape(word)) for word in words), *fixed))
    return found


def _born(text: str, day_first: bool) -> tuple[str, str]:
    """The text without a date in it, and that date as FHIR writes it (empty where there is none)."""
    found = _YEAR_FIRST.search(text)
    if found:
        return _cut(text, found, int(found[1]), int(found[2]), int(found[3]) if found[3] else None)
    found = _YEAR_LAST.search(text)
    if found:
        first, second = int(found[1]), int(found[2])
        swap = (day_first and second <= 12) or first > 12
        return _cut(text, found, int(found[3]), second if swap else first, first if swap else second)
    found = _NAMED.search(text)
    if found:
        day = found[1] or found[3]
        return _cut(text, found, int(found[4]), _MONTHS.index(found[2]) + 1, int(day) if day else None)
    return text, ""


def _cut(text: str, found: re.Match[str], year: int, month: int, day: int | None) -> tuple[str, str]:
    try:
        date(year, month, day or 1)
    except ValueError:
        return text, ""
    born = f"{year:04d}-{month:02d}" + (f"-{day:02d}" if day else "")
    return f"{text[: found.start()]} {text[found.end() :]}".strip(), born


def _escape(word: str) -> str:
    """`word` as one value of a parameter (R4 search.html#escaping)."""
    for sign in ("\\", "$", ",", "|"):
        word = word.replace(sign, "\\" + sign)
    return word
