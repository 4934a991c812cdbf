"""Chronic kidney disease: filtration falls over years, creatinine, potassium and hemoglobin go with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem, Visit
from charthouse.ops.demo.threads.words import known, regimen


def stage(rate: float) -> str:
    """ICD-10-CM code of a filtration rate, stages 3a to 4."""
    return "N18.31" if rate >= 45 else "N18.32" if rate >= 30 else "N18.4"


@dataclass(slots=True)
class Kidney(Thread):
    """Filtration from `start` at `since` years ago to `now`; anemia when it passes 35, if `anemia`."""

    since: float = 7.0
    start: float = 58.0
    now: float = 27.0
    anemia: bool = True
    albumin: float = 240.0
    key: str = "kidney"
    problem: Problem | None = field(default=None, init=False)
    pale: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Found on routine tests, staged as it falls, nephrology at 30."""
        life.track(
            "egfr", (self.since + 4, self.start + 16), (self.since, self.start), (0, self.now), noise=0.7
        )
        visit = life.visit(self.since, "Abnormal kidney tests", labs=("basic", "acr"))
        self.problem = life.problem(stage(self.start), visit.day, visit)
        if high := life.has("I10"):
            high.codes.append((visit.day, "I12.9"))
        life.track("bun", (self.since, 22), (0, 22 + (60 - self.now) * 0.55), noise=2)
        life.track("potassium", (self.since, 4.4), (0, 4.4 + max(0.0, 50 - self.now) * 0.018), noise=0.16)
        life.track("co2", (self.since, 25), (0, 25 - max(0.0, 45 - self.now) * 0.2), noise=0.8)
        life.track("acr", (self.since, self.albumin * 0.4), (0, self.albumin), noise=self.albumin * 0.06)
        life.track("pth", (self.since, 48), (0, 48 + max(0.0, 55 - self.now) * 2.2), noise=5)
        life.track("phosphate", (self.since, 3.6), (0, 3.6 + max(0.0, 40 - self.now) * 0.05), noise=0.15)
        drop = (self.start - self.now) / self.since
        for limit, code in ((45, "N18.32"), (30, "N18.4")):
            years = (limit - 1.5 - self.now) / drop if drop else 0
            if self.start > limit > self.now and years > 0.15:
                step = life.visit(years, "Kidney disease follow-up", labs=("metabolic", "cbc", "bone"))
                self.problem.codes.append((step.day, code))
                step.about.append(self.problem)
                self._protect(life, step, limit)
                if code == "N18.4":
                    life.refer(step, "kidney" if life.has("E11") else "kidney-plain", self.problem)
        if self.anemia:
            self._anemia(life, drop)
        life.rhythm(3.5, "Kidney disease follow-up", self.since)
        life.check("basic", 4, self.since)
        life.check("cbc", 6, self.since)
        life.check("acr", 12, self.since)
        life.check("bone", 12, max(self.since - 2, 1.0))
        life.goals.append(("Slow the loss of kidney function; no NSAIDs", "worsening", self.problem))
        life.care.append("No ibuprofen or naproxen; ask before any new medicine")

    def _protect(self, life: Life, step: Visit, limit: int) -> None:
        """Half the metformin below 45 and none below 30; an SGLT2 inhibitor for the kidneys."""
        metformin = life.takes(step.day, "metformin")
        if metformin and limit == 45 and metformin.key == "metformin-1000":
            life.change(metformin, "metformin-500", step, "eGFR below 45")
        elif metformin and limit == 30:
            life.stop(metformin, step, "eGFR below 30")
        if limit == 45 and not life.takes(step.day, "empagliflozin"):
            life.start("empagliflozin", step, self.problem)

    def _anemia(self, life: Life, drop: float) -> None:
        years = max((35 - self.now) / drop if drop else 0.5, 0.3)
        normal = 14.2 if life.person.sex == "male" else 12.9
        life.track(
            "hemoglobin",
            (self.since, normal),
            (years + 1, normal - 0.6),
            (years, normal - 1.9),
            (0, normal - 2.9),
            noise=0.2,
        )
        visit = life.visit(years, "Kidney disease follow-up", labs=("cbc", "ferritin", "basic"))
        self.pale = life.problem("D63.1", visit.day, visit)

    def speak(self, scene: Scene) -> Part | None:
        """Filtration and what to keep away from."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        rate, potassium, blood = (known(chart, key, visit) for key in ("egfr", "potassium", "hemoglobin"))
        if rate is None:
            return None
        old = [value for when, value in chart.results["egfr"] if 300 < (visit.start - when).days < 700]
        moved = f", {old[-1]:g} a year ago" if old and abs(old[-1] - rate) > 2 else ", stable"
        thought = f"eGFR {rate:g}{moved}."
        if potassium and potassium > 5.1:
            thought += f" Potassium {potassium:.1f}, low-potassium diet reviewed."
        if self.pale and visit.day >= self.pale.onset and blood:
            thought += f" Hemoglobin {blood:.1f}, anemia of kidney disease, iron stores adequate."
            if self.pale not in visit.about:
                visit.about.append(self.pale)
        heard = life.chance.pick(
            (
                "No swelling, no itching, urine unchanged.",
                "Tires more easily.",
                "Appetite fair.",
                "Avoiding ibuprofen as advised.",
                "Drinks enough, weighs daily.",
            )
        )
        changes = regimen(life, visit, "empagliflozin", keep=False) if not life.has("E11") else ""
        plan = changes or life.chance.pick(
            (
                "No NSAIDs. Repeat panel before the next visit.",
                "Renally dosed medications reviewed.",
                "Diet sheet given again.",
                "Continue; labs before next visit.",
            )
        )
        return Part(self.problem.called(visit.day), heard, thought, plan, self.problem)
