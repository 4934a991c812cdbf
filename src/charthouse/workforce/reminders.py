"""What presses among one's own steps and credentials, for the home page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from charthouse.workforce.continuing import Held
from charthouse.workforce.planner import KINDS, SOON, Step

AHEAD: Final = 90  # days before the end of a period in which credits that are missing are spoken of


@dataclass(frozen=True, slots=True)
class Reminder:
    """One line. `days` until `day`: negative once it is past; `place` is where on the page of steps it stands."""

    day: date
    days: int
    title: str
    detail: str
    place: str

    @property
    def said(self) -> str:
        """How far away it is, in words."""
        if self.days < 0:
            return f"{-self.days} day{'' if self.days == -1 else 's'} overdue"
        return {0: "today", 1: "tomorrow"}.get(self.days, f"in {self.days} days")


def pressing(steps: Iterable[Step], held: Iterable[Held], today: date) -> list[Reminder]:
    """Steps overdue or due within `SOON` days, and periods of credentials that end soon; the oldest first.

    A period that ends within `AHEAD` days is named if credits are missing, within `SOON` days in any case.
    """
    found = [
        Reminder(one.due, (one.due - today).days, one.title, KINDS[one.kind], f"?edit={one.id}")
        for one in steps
        if one.due is not None and one.state in ("overdue", "soon")
    ]
    for one in held:
        days = (one.ends - today).days
        if days <= (AHEAD if one.missing else SOON):
            found.append(Reminder(one.ends, days, f"Renew {one.name}", _missing(one), "#held"))
    return sorted(found, key=lambda one: (one.day, one.title))


def _missing(held: Held) -> str:
    if not held.missing:
        return f"{held.earned:g} of {held.credits:g} credits: complete"
    return f"{held.earned:g} of {held.credits:g} credits: {held.missing:g} missing"
