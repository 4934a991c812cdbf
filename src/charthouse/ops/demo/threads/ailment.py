"""Everyday troubles told by tables: long ones that stay on the list, short ones that heal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from charthouse.ops.demo import moments
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Finding, Part, Problem, Report
from charthouse.ops.demo.tables import load
from charthouse.ops.demo.threads.words import recent, regimen


@dataclass(slots=True)
class Ailment(Thread):
    """A long-running trouble of `data/ailments.json` since `since` years."""

    name: str = "reflux"
    since: float = 3.0
    key: str = "ailment"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Found at a visit, treated, followed with everything else."""
        row = load("ailments")[self.name]
        self.key = f"ailment-{self.name}"
        found = life.visit(self.since, row["reason"])
        self.problem = life.problem(row["code"], found.day, found)
        for drug in row["drugs"]:
            if drug.startswith("allopurinol"):
                drug = "allopurinol-300" if life.chance.odds(0.4) else drug
            life.start(drug, found, self.problem)
        if "report" in row:
            text, code, name, findings, impression, score = row["report"]
            found.acts.append(Report(text, code, name, findings, impression, True, (("tscore", score),)))
        if "track" in row:
            name, before, after = row["track"]
            life.track(
                name, (self.since, before), (max(self.since - 0.4, 0.0), after), noise=abs(after) * 0.05
            )
            life.check(row["panel"], row["interval"], self.since)
        if row["months"]:
            life.rhythm(row["months"], f"{load('conditions')[row['code']][1]} follow-up", self.since)

    def speak(self, scene: Scene) -> Part | None:
        """At its first visit in full, later at physicals or now and then."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        row: dict[str, Any] = load("ailments")[self.name]
        if self.problem is None or visit.day < self.problem.onset:
            return None
        name = self.problem.called(visit.day)
        if visit.day == self.problem.onset:
            return Part(
                name,
                row["first"],
                row["began"],
                regimen(life, visit, *row["drugs"]) if row["drugs"] else "Advice given.",
                self.problem,
                dict(row.get("seen", {})),
            )
        if visit.kind not in ("physical", "new", "well-child") and not life.chance.odds(0.4):
            return None
        thought = life.chance.pick(row["thought"])
        if "track" in row and (value := recent(chart, row["track"][0], visit)) is not None:
            thought = f"Level {value:g}." if self.name == "vitamin" else f"Uric acid {value:g}."
        return Part(
            name,
            life.chance.pick(row["heard"]),
            thought,
            regimen(life, visit, *row["drugs"]) if row["drugs"] else "",
            self.problem,
        )


@dataclass(slots=True)
class Acute(Thread):
    """A short illness of `data/acute.json`, about `at` years ago in a season it happens in."""

    name: str = "cold"
    at: float = 1.0
    key: str = "acute"

    def plan(self, life: Life) -> None:
        """One same-day visit, a course of treatment, healed."""
        row = load("acute")[self.name]
        day = _in_season(moments.ago(life.today, self.at), row["months"])
        day = moments.weekday(day)
        if not _fits(life, day, row):
            return
        who = life.person.doctor if life.person.doctor != "adeyemi" or life.chance.odds(0.5) else "kim"
        visit = life.visit(
            day, life.chance.pick(row["reason"]), "acute", who=who, thread=f"acute-{self.name}"
        )
        visit.forced["temp"] = round(life.chance.between(*row["temp"]), 1)
        visit.heard, visit.seen = [life.chance.pick(row["heard"])], dict(row["seen"])
        healed = day + timedelta(days=row["days"])
        problem = life.problem(
            row["code"], day - timedelta(days=2), visit, listed=False, ended=min(healed, life.last_day)
        )
        for test in row["tests"]:
            visit.acts.append(Finding(test[0], test[1], len(test) > 2))
        for drug in _drugs(life, day, row):
            life.start(drug, visit, problem, days=row["course"])
        thought = life.chance.pick(row["thought"])
        if "high-dose amoxicillin" in thought.lower() and life.takes(day, "azithromycin"):
            thought = thought.replace(
                "High-dose amoxicillin for 10 days", "Azithromycin for 5 days (penicillin allergy)"
            )
        visit.thought = [(problem.called(), thought)]


def _in_season(day: date, months: list[int]) -> date:
    """The first of the days before `day` that falls in one of `months`."""
    while day.month not in months:
        day = day.replace(day=1) - timedelta(days=9)
    return day


def _fits(life: Life, day: date, row: dict[str, Any]) -> bool:
    youngest, oldest = row["ages"]
    years = moments.months(life.person.born, day) / 12
    if (
        not youngest <= years <= oldest
        or day < life.joined + timedelta(days=20)
        or day >= life.last_day - timedelta(days=8)
    ):
        return False
    if row.get("sex", life.person.sex) != life.person.sex or day.year < row.get("since", 0):
        return False
    busy = any(start <= day <= end for start, end in life.pauses)
    close = any(abs((visit.day - day).days) < 12 for visit in life.visits)
    return not busy and not close


def _drugs(life: Life, day: date, row: dict[str, Any]) -> list[str]:
    """What is given: by age, and away from what the patient cannot take."""
    allergic = any(fact.key.startswith(("penicillin", "amoxicillin")) for fact in life.allergies)
    if allergic and "drugs_allergic" in row:
        chosen: list[str] = row["drugs_allergic"]
    elif life.age(day) < 12 and "drugs_child" in row:
        chosen = row["drugs_child"]
    elif "drugs_kidney" in row and (life.has("N18", "I50", "I48") or life.takes(day, "warfarin")):
        chosen = row["drugs_kidney"]
    else:
        chosen = row["drugs"]
    return chosen


@dataclass(slots=True)
class Background(Thread):
    """The small illnesses of an ordinary life: about `rate` same-day visits a year."""

    rate: float = 0.35
    key: str = "background"

    def plan(self, life: Life) -> None:
        """Draw some that fit age, sex and season."""
        span = moments.years_before(life.today, life.joined)
        count = min(int(span * self.rate + life.chance.random()), 5)
        rows = load("acute")
        for _ in range(count):
            at = life.chance.between(0.05, max(span - 0.1, 0.06))
            years = life.age(life.today) - at
            fitting = [
                name
                for name, row in rows.items()
                if row["ages"][0] <= years <= row["ages"][1]
                and row.get("sex", life.person.sex) == life.person.sex
            ]
            if fitting:
                Acute(life.chance.pick(fitting), at).plan(life)
