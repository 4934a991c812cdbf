"""Iron deficiency from heavy periods: pale, tired, and better with iron."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem
from charthouse.ops.demo.threads.words import known, regimen, trend


@dataclass(slots=True)
class IronDeficiency(Thread):
    """Found `since` years ago with a hemoglobin of `low`."""

    since: float = 1.1
    low: float = 9.3
    key: str = "iron"
    problem: Problem | None = field(default=None, init=False)
    bleeding: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Hemoglobin and cell volume rise over four months, ferritin after them."""
        since = self.since
        life.track(
            "hemoglobin",
            (since + 1.5, 12.4),
            (since, self.low),
            (since - 0.12, self.low + 1.6),
            (since - 0.35, 12.4),
            (0, 12.7),
            noise=0.12,
        )
        life.track("mcv", (since + 1.5, 86), (since, 72.5), (since - 0.4, 84), (0, 87), noise=0.5)
        life.track("ferritin", (since + 1, 18), (since, 5), (since - 0.4, 22), (0, 41), noise=1.2)
        found = life.visit(
            since, "Tired and short of breath on stairs", labs=("cbc", "ferritin", "thyroid"), draw="after"
        )
        told = life.visit(since - 0.02, "Blood count results")
        self.problem = life.problem("D50.0", found.day, told)
        self.bleeding = life.problem("N92.0", found.day - timedelta(days=700), told)
        life.start("ferrous", told, self.problem)
        life.start("tranexamic", told, self.bleeding)
        life.visit(since - 0.14, "Anemia follow-up", labs=("cbc",))
        if since > 0.5:
            life.visit(since - 0.38, "Anemia follow-up", labs=("cbc", "ferritin"))
        life.rhythm(6, "Anemia follow-up", since)
        life.check("cbc", 6, since)
        life.check("ferritin", 11, since)

    def speak(self, scene: Scene) -> Part | None:
        """Tiredness, periods, iron."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        if visit.day == self.problem.onset:
            return Part(
                "Fatigue",
                "Tired for four months, chews ice. Periods 7 days, pads soaked every 2 hours on the "
                "first three.",
                "Pale, likely iron deficiency.",
                "Blood count, ferritin, TSH today.",
                None,
                {"general": "Pale conjunctivae."},
            )
        blood, iron = known(chart, "hemoglobin", visit), known(chart, "ferritin", visit)
        if blood is None:
            return None
        moved = trend(chart, "hemoglobin", visit, 0.4)
        heard = life.chance.pick(
            (
                "More energy, no more ice.",
                "Takes iron every other day, dark stools only.",
                "Periods 5 days, lighter.",
            )
        )
        if visit.reason == "Blood count results":
            heard = "Still tired."
        return Part(
            "Iron deficiency anemia",
            heard,
            f"Hemoglobin {blood:.1f}{', ' + moved if moved else ''}"
            + (f", ferritin {iron:g}." if iron is not None else "."),
            regimen(life, visit, "ferrous", "tranexamic"),
            self.problem,
        )
