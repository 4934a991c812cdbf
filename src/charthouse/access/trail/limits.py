"""What counts as unusual: limits with what the program comes with, and what the clinic made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from charthouse.base.errors import Problem, invalid

DAYS: Final = 28  # before a day, from which the usual is taken
ENOUGH: Final = 5  # days a person must have worked in them
USUAL_ODD: Final = 3  # days with odd hours among them that make these usual for a person
_CODES: Final = re.compile(r"[A-Za-z0-9._:-]{1,40}( [A-Za-z0-9._:-]{1,40}){0,19}")


@dataclass(frozen=True, slots=True)
class Limits:
    """Each limit with its usual value; 0 puts a reason to rest.

    `surname`, `address`, `own` are 0 or 1. `vip` are codes of security labels and flags. `relation_days` is how near a
    visit or appointment must be, `relation_own` whether the person must have part in it. More than
    `volume_factor` times the usual charts of a day count, from `volume_floor` charts on. From `odd_from` to `odd_until`
    (hours on the clock of `zone`, empty = of the server) is an odd hour. An answer with more than `list_beyond`
    patients is a list and opens no chart.
    """

    surname: int = 1
    address: int = 1
    own: int = 1
    vip: str = "VIP CEL"
    relation_days: int = 30
    relation_own: int = 0
    volume_factor: int = 3
    volume_floor: int = 30
    odd_from: int = 22
    odd_until: int = 5
    zone: str = ""
    list_beyond: int = 3

    @property
    def clock(self) -> tzinfo | None:
        """The time zone; None = that of the server."""
        return ZoneInfo(self.zone) if self.zone else None

    def local(self, at: int) -> datetime:
        """The moment `at` (ms) on the clinic's clock."""
        return datetime.fromtimestamp(at / 1000, self.clock).astimezone(self.clock)

    def day(self, at: int) -> int:
        """The day of `at` (ms) on the clinic's clock, counted from 1970-01-01."""
        return self.local(at).toordinal() - datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - an ordinal has no zone

    def is_odd(self, at: int) -> bool:
        """Whether `at` (ms) is at an odd hour."""
        hour = self.local(at).hour
        if self.odd_from == self.odd_until:
            return False
        if self.odd_from < self.odd_until:
            return self.odd_from <= hour < self.odd_until
        return hour >= self.odd_from or hour < self.odd_until


_HIGHEST: Final = {
    "surname": 1, "address": 1, "own": 1, "relation_days": 730, "relation_own": 1, "volume_factor": 100,
    "volume_floor": 100_000, "odd_from": 23, "odd_until": 23, "list_beyond": 1_000,
}  # fmt: skip
SWITCHES: Final = frozenset(name for name, most in _HIGHEST.items() if most == 1)
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "surname": ("Same surname as the patient", "look for it"),
    "address": ("Same address as the patient", "look for it"),
    "own": ("Own chart", "look for it"),
    "vip": ("Codes that mark a VIP", "security labels and flags, with blanks between"),
    "relation_days": (
        "Days around the access in which a visit, an appointment or a care team explains it",
        "0 = do not ask",
    ),
    "relation_own": (
        "Who opened the chart must have part in it",
        "otherwise any visit of the patient will do",
    ),
    "volume_factor": ("Charts in a day: how many times the usual", "0 = do not count"),
    "volume_floor": ("Charts in a day: never fewer than", "charts in a day"),
    "odd_from": ("Odd hours from", "hour, 0 to 23"),
    "odd_until": ("Odd hours until", "hour, 0 to 23; the same hour twice = no odd hours"),
    "zone": ("Clock of the clinic", "e.g. America/New_York; empty = the server's"),
    "list_beyond": ("An answer with more patients than this is a list", "patients"),
}


def limits(stored: Mapping[str, str]) -> Limits:
    """The limits of the clinic; a stored value that is no longer taken falls back to the usual one."""
    given: dict[str, object] = {}
    for name, value in stored.items():
        try:
            given[name] = checked(name, value)
        except Problem:
            continue
    return Limits(**given)  # type: ignore[arg-type]


def checked(name: str, value: str) -> str | int:
    """`value` as the limit `name` takes it; raises `Problem(invalid)`."""
    value = value.strip()
    if name not in {field.name for field in fields(Limits)}:
        raise invalid(
            "value", "There is no such limit.", place=name, repair=f"Use one of {', '.join(LABELS)}."
        )
    if name == "vip":
        if value and not _CODES.fullmatch(value):
            raise invalid(
                "value", "These are no codes.", place=name, value=value, repair="Write e.g. VIP CEL."
            )
        return value
    if name == "zone":
        try:
            return ZoneInfo(value).key if value else ""
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise invalid(
                "value",
                "There is no such time zone.",
                place=name,
                value=value,
                repair="Write e.g. Europe/Berlin.",
            ) from None
    if not (value.isascii() and value.isdigit() and len(value) < 8 and int(value) <= _HIGHEST[name]):
        raise invalid(
            "value",
            "This limit is a whole number.",
            place=name,
            value=value,
            repair=f"Give 0 to {_HIGHEST[name]}.",
        )
    return int(value)
