"""When whom must be told of a breach: the calendar of 45 CFR 164.404-412, as pure functions of dates and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import msgspec

from charthouse.access.incidents.words import REGIONS

LIMIT: Final = timedelta(days=60)
ORAL: Final = timedelta(days=30)
LARGE: Final = 500
SUBSTITUTES: Final = 10  # people without a good address from whom on notice is posted or broadcast
SOON: Final = timedelta(days=14)


class Delay(msgspec.Struct, frozen=True):
    """What a law enforcement official asked for (164.412): in writing until a day, or orally from a day on."""

    official: str
    stated: date
    until: date | None = None  # None = oral

    @property
    def ends(self) -> date:
        """The last day of the delay; an oral statement holds 30 days and no longer (164.412(b))."""
        return self.until if self.until is not None else self.stated + ORAL


class Rule(msgspec.Struct, frozen=True):
    """A duty that a state adds, as the clinic wrote it down: `days` from discovery, from `least` residents on."""

    region: str
    whom: str
    days: int
    authority: str
    least: int = 1
    active: bool = True


class Notice(msgspec.Struct, frozen=True):
    """That the notice of a duty was given on a day, and how; no day takes an entry by mistake back."""

    duty: str
    day: date | None
    how: str


@dataclass(frozen=True, slots=True)
class Duty:
    """One notice that is owed. `hold` is the day through which law enforcement asked to wait."""

    key: str
    whom: str
    due: date
    authority: str
    why: str
    given: date | None = None
    hold: date | None = None

    def mark(self, today: date) -> str:
        """`given`, `late` (given after it was due), `overdue`, `held`, `soon` or `open`."""
        if self.given is not None:
            return "late" if self.given > self.due else "given"
        if self.hold is not None and today <= self.hold:
            return "held"
        if today > self.due:
            return "overdue"
        return "soon" if self.due - today <= SOON else "open"


@dataclass(frozen=True, slots=True)
class Scale:
    """How many people, how many of them in each state (by postal code), how many no letter can reach."""

    people: int
    regions: Mapping[str, int]
    unreachable: int = 0


def start(discovered: date, diligent: date | None = None) -> date:
    """The day that counts as discovery: the first on which it was known, or would have been with reasonable
    diligence (164.404(a)(2))."""
    return discovered if diligent is None else min(discovered, diligent)


def individuals_due(begin: date) -> date:
    """The last day for individuals, and for media and HHS where these go along (164.404(b), 164.406(b),
    164.408(b)): 60 calendar days after discovery. Without unreasonable delay usually means earlier."""
    return begin + LIMIT


def log_due(begin: date) -> date:
    """The last day for the log to HHS: 60 days after the end of the calendar year of discovery (164.408(c))."""
    return date(begin.year, 12, 31) + LIMIT


def held(delays: Sequence[Delay]) -> date | None:
    """The last day of the delay in force: what was stated last counts, written over oral."""
    return delays[-1].ends if delays else None


def duties(
    begin: date,
    scale: Scale,
    *,
    associate: bool = False,
    delays: Sequence[Delay] = (),
    rules: Mapping[str, Rule] | None = None,
    notices: Sequence[Notice] = (),
) -> list[Duty]:
    """Every notice that a breach discovered on `begin` calls for, by due date.

    `associate` says that this clinic is itself the business associate: it tells the covered entity
    (164.410). A delay moves a due day that falls inside it to the day after it ends; duties of states (`rules`
    by name) are not moved, because their own law says whether they wait.
    """
    given = {notice.duty: notice.day for notice in notices}
    hold = held(delays)
    found: list[Duty] = []

    def owe(key: str, whom: str, due: date, authority: str, why: str, *, waits: bool = True) -> None:
        stop = hold if waits else None
        due = max(due, stop + timedelta(days=1)) if stop is not None else due
        found.append(Duty(key, whom, due, authority, why, given.get(key), stop))

    due = individuals_due(begin)
    if associate:
        owe(
            "entity",
            "The covered entity",
            due,
            "45 CFR 164.410",
            "A business associate tells the covered entity.",
        )
    else:
        owe("individuals", "Each person affected", due, "45 CFR 164.404",
            "Without unreasonable delay, 60 days after discovery at the latest.")  # fmt: skip
        if scale.people >= LARGE:
            owe("hhs", "HHS, at the same time", due, "45 CFR 164.408(b)", f"{LARGE} people or more.")
        else:
            owe("hhs", "HHS, with the year's log", log_due(begin), "45 CFR 164.408(c)",
                f"Fewer than {LARGE} people: within 60 days after the end of {begin.year}.")  # fmt: skip
        for region, count in sorted(scale.regions.items()):
            if region in REGIONS and count > LARGE:
                owe(f"media:{region}", f"Media in {REGIONS[region]}", due, "45 CFR 164.406",
                    f"More than {LARGE} residents of one state.")  # fmt: skip
        if scale.unreachable:
            owe("substitute", *_substitute(scale.unreachable, due))
    for name, rule in (rules or {}).items():
        if rule.active and scale.regions.get(rule.region, 0) >= rule.least:
            owe(f"rule:{name}", f"{rule.whom} ({REGIONS.get(rule.region, rule.region)})",
                begin + timedelta(days=rule.days), rule.authority, f"{rule.days} days, added by this clinic.",
                waits=False)  # fmt: skip
    return sorted(found, key=lambda duty: (duty.due, duty.key))


def _substitute(unreachable: int, due: date) -> tuple[str, date, str, str]:
    if unreachable < SUBSTITUTES:
        why = "Out-of-date contact: another letter, the telephone, or other means."
        return "Substitute notice, one by one", due, "45 CFR 164.404(d)(2)(i)", why
    why = (
        f"{SUBSTITUTES} people or more without good contact: 90 days on the home page of the web site, or in major "
        "print or broadcast media, with a toll-free number."
    )
    return "Substitute notice, web or media", due, "45 CFR 164.404(d)(2)(ii)", why
