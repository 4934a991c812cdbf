"""The calendar of a life: routine visits between the ones that events call for, and the tests due at each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from charthouse.ops.demo import moments
from charthouse.ops.demo.life import Life, Rhythm
from charthouse.ops.demo.plan import Visit

# Of the time before that many years ago only the main facts were carried over from the old system.
_CARRIED_OVER: Final = 3.2


def fill(life: Life, newborn: bool = False) -> None:
    """Add the first visit, the routine ones and their tests, and put everything in order of time."""
    if not newborn and not any(not visit.elsewhere and visit.day <= life.joined for visit in life.visits):
        life.visits.append(_first(life))
    _routine(life)
    life.visits.sort(key=lambda visit: visit.start)
    _one_physical_a_year(life)
    _part(life)
    _tests(life)


def _first(life: Life) -> Visit:
    near = [
        visit
        for visit in life.visits
        if not visit.elsewhere
        and visit.kind in ("follow-up", "physical")
        and (visit.day - life.joined).days <= 10
        and visit.status == "finished"
    ]
    if near:
        near[0].kind, near[0].minutes = "new", 40
        life.visits.remove(near[0])
        return near[0]
    day = moments.weekday(life.joined, life.last_day)
    life.joined = min(day, life.joined)
    return Visit(
        moments.at(day, life.chance.randrange(9, 15)),
        "new",
        "Establishing care",
        life.person.doctor,
        40,
        draw="after",
    )


def _rhythm(life: Life, day: date) -> Rhythm | None:
    years = moments.years_before(life.today, day)
    running = [row for row in life.rhythms if row.until <= years <= row.since + 0.05]
    return min(running, key=lambda row: row.months, default=None)


def _routine(life: Life) -> None:
    """Walk from the first visit to the end, adding a visit where the next one would be due."""
    anchors = sorted(visit.day for visit in life.visits if visit.whole and not visit.elsewhere)
    if not anchors:
        return
    cursor = anchors[0]
    physical = cursor
    while (rhythm := _rhythm(life, cursor)) is not None:
        months = max(rhythm.months, _sparser(moments.years_before(life.today, cursor)))
        due = cursor + timedelta(days=round(months * 30.44 + life.chance.between(-9, 9)))
        due = next((end + timedelta(days=40) for start, end in life.pauses if start <= due <= end), due)
        known = next((day for day in anchors if cursor < day <= due + timedelta(days=35)), None)
        if known is not None:
            cursor = known
            continue
        if due > life.last_day - timedelta(days=4):
            break
        due = moments.weekday(due, life.last_day)
        yearly = (due - physical).days > 320 and life.age(due) >= 18
        physical = due if yearly else physical
        life.visit(
            due,
            "Annual physical" if yearly else rhythm.reason,
            "physical" if yearly else "follow-up",
            who=None if yearly else rhythm.who,
        )
        cursor = due


def _one_physical_a_year(life: Life) -> None:
    """A physical that events placed too soon after the last one is an ordinary visit."""
    last: date | None = None
    for visit in life.visits:
        if visit.elsewhere or visit.kind not in ("physical", "new"):
            continue
        if last is not None and visit.kind == "physical" and (visit.day - last).days < 290:
            visit.kind, visit.minutes = "follow-up", 20
            if visit.reason.startswith("Annual physical"):
                rest = visit.reason.partition("; ")[2]
                running = _rhythm(life, visit.day)
                name = rest or (running.reason if running else "Follow-up")
                visit.reason = (
                    "Follow-up of tests" if name == "Annual physical" else name[:1].upper() + name[1:]
                )
            continue
        last = visit.day


def _sparser(years: float) -> float:
    """The least months between routine visits so many years ago: old visits were carried over by the year only."""
    return 11.0 if years > _CARRIED_OVER else 5.6 if years > 1.2 else 0.0


def _part(life: Life) -> None:
    """Move a visit that would overlap the one before it to later that day."""
    last: Visit | None = None
    for visit in life.visits:
        if visit.elsewhere:
            continue
        if last and visit.start < last.end and last.kind != "inpatient" and visit.status == "finished":
            visit.start = last.end + timedelta(minutes=20)
        last = visit
    life.visits.sort(key=lambda visit: visit.start)


def _tests(life: Life) -> None:
    """Give each visit the panels that are due by then."""
    drawn: dict[str, date] = {}
    carried = {"a1c", "lipids", "thyroid"} | ({"basic"} if life.has("N18") else set())
    for visit in life.visits:
        if visit.elsewhere:
            continue
        if visit.whole and visit.kind != "well-child" and visit.status in ("finished", "in-progress"):
            years = moments.years_before(life.today, visit.day)
            for panel, (months, since) in life.checks.items():
                before = drawn.get(panel)
                if years > _CARRIED_OVER and panel not in carried:
                    continue
                months = max(months, _sparser(years))
                due = before is None or (visit.day - before).days >= months * 30.44 * 0.82
                if due and years <= since + 0.02 and not _covered(panel, visit):
                    visit.panels.append(panel)
        if "metabolic" in visit.panels and "basic" in visit.panels:
            visit.panels.remove("basic")
        for panel in visit.panels:
            drawn[panel] = visit.day
            if panel == "metabolic":
                drawn["basic"] = visit.day


def _covered(panel: str, visit: Visit) -> bool:
    return panel in visit.panels or (panel == "basic" and "metabolic" in visit.panels)
