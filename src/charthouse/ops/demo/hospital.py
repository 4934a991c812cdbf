"""Hospital stays as `data/stays.json` tells them."""

from __future__ import annotations

from datetime import date
from typing import Any

from charthouse.ops.demo import moments
from charthouse.ops.demo.coding import ICD10PCS
from charthouse.ops.demo.life import Life
from charthouse.ops.demo.plan import Procedure, Report, Visit
from charthouse.ops.demo.tables import load


def stay(life: Life, name: str, day: date, thread: str) -> Visit:
    """A stay beginning on `day`, put into the life; days, tests and values come from the table."""
    row: dict[str, Any] = load("stays")[name]
    visit = Visit(
        moments.at(day, *row["at"]),
        "inpatient",
        row["reason"],
        "mehta",
        minutes=row["minutes"],
        thread=thread,
        elsewhere=day < life.joined,
        panels=list(row["panels"]),
        forced=dict(row["values"]),
        heard=[row["heard"]],
        rounds=[(days, tuple(panels), dict(values)) for days, panels, values in row["rounds"]],
        story=row["story"],
    )
    if "film" in row:
        seen, impression = row["film"]
        film = Report("Chest x-ray, 2 views", "36643-5", "XR Chest 2 Views", seen, impression, True)
        visit.acts.append(film)
    if "procedure" in row:
        text, code, display, who = row["procedure"]
        visit.acts.append(Procedure(text, code, ICD10PCS, display, who=who))
    life.visits.append(visit)
    return visit
