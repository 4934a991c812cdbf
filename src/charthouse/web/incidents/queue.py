"""What the lists of incidents show: clocks in words, the queue by what presses most, the timeline in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from charthouse.access.incidents import words
from charthouse.access.incidents.assessment import Assessment
from charthouse.access.incidents.clocks import Delay, Duty, Notice, Rule
from charthouse.access.incidents.facts import Facts
from charthouse.access.incidents.incident import Count, Entry, Incident, Note, Start, State

COLOURS: Final[Mapping[str, str]] = {
    "overdue": "red", "soon": "amber", "held": "violet", "open": "grey", "given": "green", "late": "amber",
}  # fmt: skip
STANDING_COLOURS: Final[Mapping[str, str]] = {
    "presumed": "amber", "breach": "red", "low": "green", "excepted": "green", "secured": "green",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """A duty with its mark in words; `colour` is that of a pill."""

    duty: Duty
    mark: str
    said: str
    colour: str


@dataclass(frozen=True, slots=True)
class Row:
    """An incident in the queue with the clock that runs out first, and how many run beside it."""

    incident: Incident
    clock: Clock | None
    more: int


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the timeline."""

    entry: Entry
    what: str
    detail: str


def clock(duty: Duty, today: date) -> Clock:
    """How a clock reads today."""
    mark = duty.mark(today)
    days = (duty.due - today).days
    said = {
        "overdue": f"{_days(-days)} overdue",
        "soon": "Due today" if days == 0 else f"Due in {_days(days)}",
        "open": f"Due in {_days(days)}",
        "held": "On hold",
        "given": "Given",
        "late": "Given late",
    }[mark]
    return Clock(duty, mark, said, COLOURS[mark])


def rows(incidents: Iterable[Incident], rules: Mapping[str, Rule], today: date) -> list[Row]:
    """Incidents with the most pressing first: by the first clock that runs, then the newest."""
    found = []
    for one in incidents:
        owed = [duty for duty in one.duties(rules) if duty.given is None] if not one.is_closed else []
        found.append(Row(one, clock(owed[0], today) if owed else None, max(0, len(owed) - 1)))
    return sorted(found, key=lambda row: (row.clock.duty.due if row.clock else date.max, -row.incident.id))


def timeline(incident: Incident, rules: Mapping[str, Rule], day: Callable[[date], str]) -> list[Happening]:
    """Everything that was written down, newest first. `day` writes a date for the reader."""
    names = {duty.key: duty.whom for duty in incident.duties(rules)}
    before: Facts | None = None
    found: list[Happening] = []
    for entry in incident.entries:
        match entry.body:
            case Start(events, accounts):
                counts = ((len(events), "audit event"), (len(accounts), "account"))
                detail = " and ".join(_many(count, name) for count, name in counts if count)
                found.append(Happening(entry, "Opened", ". ".join(filter(None, (incident.source, detail)))))
            case Facts() as facts:
                found.append(
                    Happening(entry, "Facts changed" if before else "Facts", _changed(before, facts))
                )
                before = facts
            case Assessment(_, conclusion, why):
                found.append(Happening(entry, f"Assessed: {words.STANDINGS[conclusion].lower()}", why))
            case Note(text):
                found.append(Happening(entry, "Note", text))
            case Delay() as delay:
                how = "in writing" if delay.until else "orally"
                found.append(
                    Happening(entry, "Law enforcement asked to wait",
                              f"{delay.official}, {how} on {day(delay.stated)}, through {day(delay.ends)}")
                )  # fmt: skip
            case Notice(duty, given, how):
                whom = names.get(duty, duty)
                found.append(
                    Happening(entry, f"Notice given: {whom}", ", ".join(filter(None, (day(given), how))))
                    if given else Happening(entry, f"Notice taken back: {whom}", how)
                )  # fmt: skip
            case State(is_closed, why):
                found.append(Happening(entry, "Closed" if is_closed else "Opened again", why))
            case Count(question, count, added, missing):
                lost = f" Not found: {', '.join(missing)}." if missing else ""
                found.append(
                    Happening(entry, "People counted", f"{question}: {count} found, {added} new.{lost}")
                )
            case _:
                found.append(Happening(entry, "Letter worded", ""))
    return found[::-1]


def _changed(before: Facts | None, after: Facts) -> str:
    if before is None:
        return after.title
    names = [name for name in after.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    return ", ".join(_LABELS[name] for name in names).capitalize() or "Nothing"


_LABELS: Final[Mapping[str, str]] = {
    "title": "title", "discovered": "day of discovery", "kind": "kind", "diligent": "day of reasonable diligence",
    "began": "first day", "ended": "last day", "happened": "what happened", "locations": "places",
    "information": "types of information", "is_secured": "whether it was secured",
    "secured_why": "how it was secured", "exception": "exception", "exception_why": "why the exception applies",
    "role": "our role", "associate": "business associate", "estimate": "estimated number",
    "is_part2": "42 CFR Part 2", "safeguards": "safeguards", "actions": "actions",
}  # fmt: skip


def _days(count: int) -> str:
    return _many(count, "day")


def _many(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
