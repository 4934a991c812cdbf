"""How the person at the screen reads dates, times and numbers, so that every page writes them one way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Final

MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "de": ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"),
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "it": ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"),
    "nl": ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
    "pt": ("jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."),
    "sv": ("jan.", "feb.", "mars", "apr.", "maj", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec."),
}
# Decimal sign and digit grouping by language; en is the rule where a language is not listed.
SIGNS: Final[dict[str, tuple[str, str]]] = {
    "en": (".", ","),
    "de": (",", "."),
    "es": (",", "."),
    "fr": (",", "\u202f"),
    "it": (",", "."),
    "nl": (",", "."),
    "pt": (",", "."),
    "sv": (",", "\u00a0"),
}
_MOMENT: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_LANGUAGE: Final = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=([0-9.]+))?\s*")


@dataclass(frozen=True, slots=True)
class Moment:
    """A FHIR date, dateTime or instant as far as it was written down: `parts` of year, month, day; a time or none."""

    parts: tuple[int, ...]
    time: datetime | None = None


def language(accept: str) -> str:
    """The listed language the browser likes best (RFC 9110 section 12.5.4), `en` where none is."""
    best, weight = "en", 0.0
    for piece in accept.split(","):
        found = _LANGUAGE.fullmatch(piece)
        if found is None:
            continue
        try:
            quality = float(found[2]) if found[2] else 1.0
        except ValueError:
            continue
        tag = found[1].lower()
        if tag in MONTHS and quality > weight:
            best, weight = tag, quality
    return best


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: language, time zone, and the present moment (ms since 1970 UTC).

    Without a zone, times are read as they were written: the clock on the wall where it happened; those that were
    written in universal time by the clock of the clinic's machine.
    """

    now: int
    tongue: str = "en"
    zone: tzinfo | None = None
    _moments: dict[str, Moment | None] = field(default_factory=dict, compare=False, repr=False)

    @property
    def today(self) -> date:
        """The calendar day at the clinic."""
        return datetime.fromtimestamp(self.now / 1000, UTC).astimezone(self.zone).date()

    def moment(self, text: object) -> Moment | None:
        """`text` (FHIR date, dateTime or instant) as parts, times in the reader's zone; None if unreadable."""
        if not isinstance(text, str):
            return None
        if text not in self._moments:  # a page asks for the same few dates many times
            self._moments[text] = self._parse(text)
        return self._moments[text]

    def _parse(self, text: str) -> Moment | None:
        found = _MOMENT.fullmatch(text)
        if found is None:
            return None
        year, month, day, hour, minute, second, offset = found.groups()
        try:
            if hour is None:
                parts = tuple(int(part) for part in (year, month, day) if part is not None)
                date(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1)
                return Moment(parts)
            plain = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}"
            is_universal = offset in (None, "Z", "+00:00", "-00:00")
            time = datetime.fromisoformat(plain + ("+00:00" if is_universal else offset))
            if self.zone is not None or is_universal:
                time = time.astimezone(self.zone)
        except (ValueError, OverflowError):
            return None
        return Moment((time.year, time.month, time.day), time)

    def day(self, text: object) -> str:
        """The date without its time: `12 Nov 2026`, `Nov 2026`, `2026`; empty if there is none."""
        moment = self.moment(text)
        return self._date(moment.parts) if moment else ""

    def short_day(self, text: object) -> str:
        """Like `day`, the year left out when it is this year's."""
        moment = self.moment(text)
        if moment is None:
            return ""
        if len(moment.parts) == 3 and moment.parts[0] == self.today.year:
            return f"{moment.parts[2]} {self._months[moment.parts[1] - 1]}"
        return self._date(moment.parts)

    def month(self, text: object) -> str:
        """Month and year for a heading or a narrow column: `Nov 2026`."""
        moment = self.moment(text)
        return self._date(moment.parts[:2]) if moment else ""

    def clock(self, text: object) -> str:
        """The time of day, `08:42`, where one was written down."""
        moment = self.moment(text)
        return f"{moment.time:%H:%M}" if moment and moment.time else ""

    def full(self, text: object) -> str:
        """Date and, if written, time: `12 Nov 2026, 08:42`."""
        return ", ".join(part for part in (self.day(text), self.clock(text)) if part)

    def at(self, milliseconds: int) -> str:
        """A moment the record itself keeps (ms since 1970 UTC): `12 Nov 2026, 08:42`."""
        time = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(self.zone)
        return f"{self._date((time.year, time.month, time.day))}, {time:%H:%M}"

    def since(self, text: object) -> int | None:
        """Whole days from `text` to today; None without a full date."""
        moment = self.moment(text)
        if moment is None or len(moment.parts) < 3:
            return None
        return (self.today - date(*moment.parts)).days

    def number(self, value: Decimal | float, *, group: bool = True) -> str:
        """A number with the digits it was recorded with, in the reader's signs."""
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        sign, text = ("−", text[1:]) if text.startswith("-") else ("", text)
        whole, _, rest = text.partition(".")
        decimal, thousand = SIGNS[self.tongue]
        if group and len(whole) > 3 and whole.isdigit():
            whole = f"{int(whole):,}".replace(",", thousand)
        return sign + whole + (decimal + rest if rest else "")

    @property
    def _months(self) -> tuple[str, ...]:
        return MONTHS[self.tongue]

    def _date(self, parts: tuple[int, ...]) -> str:
        words = [str(parts[0])]
        if len(parts) > 1:
            words.insert(0, self._months[parts[1] - 1])
        if len(parts) > 2:
            words.insert(0, str(parts[2]))
        return " ".join(words)


def age(born: tuple[int, ...], on: date) -> str:
    """Age as a clinic says it: `46 y`, under two years in months, under two months in days; empty when it cannot be."""
    if len(born) == 1:
        years = on.year - born[0]
        return f"about {years} y" if years >= 0 else ""
    month, day = born[1], born[2] if len(born) > 2 else 1
    months = (on.year - born[0]) * 12 + on.month - month - (on.day < day)
    if months < 0:
        return ""
    if months >= 24:
        return f"{months // 12} y"
    if months >= 2 or len(born) < 3:
        return f"{months} mo"
    days = (on - date(*born)).days
    return f"{days} d" if days != 1 else "1 day"
