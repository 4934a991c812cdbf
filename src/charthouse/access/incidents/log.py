"""The log of breaches of a calendar year, in the fields of the regulator's form (45 CFR 164.408(c))."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from charthouse.access.incidents import words
from charthouse.access.incidents.assessment import is_owed
from charthouse.access.incidents.clocks import LARGE, Rule
from charthouse.access.incidents.incident import Incident

# The questions of the form "Notice to the Secretary of HHS: breach of unsecured protected health information".
COLUMNS: Final = (
    "Incident", "Breach affecting", "Business associate", "Date of breach, start", "Date of breach, end",
    "Date of discovery, start", "Date of discovery, end", "Approximate number of individuals affected",
    "Type of breach", "Location of breached information", "Type of protected health information involved",
    "Brief description of the breach", "Safeguards in place prior to breach",
    "Date individual notices provided", "Substitute notice", "Media notice", "Actions taken in response to breach",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Line:
    """One breach: its number, its name for links, and the cells in the order of `COLUMNS`."""

    id: int
    name: str
    cells: tuple[str, ...]


def lines(incidents: Iterable[Incident], year: int, rules: Mapping[str, Rule]) -> list[Line]:
    """The breaches discovered in `year`, those still presumed to be one included, by day of discovery."""
    found = [one for one in incidents if one.begin.year == year and is_owed(one.standing)]
    found.sort(key=lambda one: (one.begin, one.id))
    return [Line(one.id, one.name, _cells(one, rules)) for one in found]


def years(incidents: Iterable[Incident], present: int) -> list[int]:
    """The years there is something to log for, and the present one; newest first."""
    return sorted({present, *(one.begin.year for one in incidents if is_owed(one.standing))}, reverse=True)


def table(found: Iterable[Line]) -> str:
    """The same as CSV (RFC 4180), safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in found:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in line.cells])
    return out.getvalue()


def _cells(one: Incident, rules: Mapping[str, Rule]) -> tuple[str, ...]:
    facts = one.facts
    given = {duty.key: duty.given.isoformat() for duty in one.duties(rules) if duty.given is not None}
    media = [f"{key.partition(':')[2]} {day}" for key, day in given.items() if key.startswith("media:")]
    began, ended = facts.began or facts.ended, facts.ended or facts.began
    return (
        str(one.id),
        f"{LARGE} or more individuals" if one.people >= LARGE else f"Fewer than {LARGE} individuals",
        facts.associate or ("This clinic" if facts.role == "associate" else "No"),
        began.isoformat() if began else "",
        ended.isoformat() if ended else "",
        one.begin.isoformat(),
        facts.discovered.isoformat(),
        str(one.people),
        words.PORTAL_TYPES[facts.kind],
        "; ".join(words.LOCATIONS[word] for word in facts.locations),
        "; ".join(words.INFORMATION[word] for word in facts.information),
        facts.happened or facts.title,
        "; ".join(words.SAFEGUARDS[word] for word in facts.safeguards) or "None",
        given.get("individuals", ""),
        given.get("substitute", "No"),
        "; ".join(media) or "No",
        "; ".join(words.ACTIONS[word] for word in facts.actions),
    )
