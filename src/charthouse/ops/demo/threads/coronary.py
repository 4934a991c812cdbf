"""The blocked artery: a heart attack, a stent, and prevention after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo import hospital, moments
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem
from charthouse.ops.demo.threads.words import regimen

_FAILURE = ("furosemide", "metoprolol", "entresto", "spironolactone", "empagliflozin", "lisinopril")
_CORONARY = ("aspirin", "clopidogrel", "metoprolol", "nitroglycerin")


@dataclass(slots=True)
class Coronary(Thread):
    """A heart attack `since` years ago with a stent, then prevention."""

    since: float = 2.2
    key: str = "coronary"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """The stay, the drugs, a year of double antiplatelet therapy."""
        day = moments.ago(life.today, self.since)
        stay = hospital.stay(life, "coronary", day, self.key)
        attack = life.problem("I21.4", stay.day, stay, listed=False, ended=stay.day + timedelta(days=28))
        self.problem = life.problem("I25.10", stay.day, stay)
        life.problem("Z95.5", stay.day, stay)
        if not stay.elsewhere:
            stay.about = [attack, self.problem]
        for key in ("aspirin", "clopidogrel", "metoprolol-50", "nitroglycerin"):
            life.start(key, stay, self.problem)
        if (old := life.takes(stay.day, "atorvastatin")) and old.key != "atorvastatin-80":
            life.change(old, "atorvastatin-80", stay)
        after = moments.weekday(stay.end.date() + timedelta(days=8), life.last_day)
        visit = life.visit(after, "After hospital stay for heart attack")
        life.refer(visit, "rehabilitation", self.problem)
        if self.since > 1.1:
            year = life.visit(self.since - 1.02, "Heart follow-up", labs=("lipids",))
            if drug := life.takes(year.day, "clopidogrel"):
                life.stop(drug, year, "Twelve months after the stent completed")
        life.track("hr", (self.since + 1, 76), (self.since, 78), (self.since - 0.1, 64), (0, 62), noise=3.5)
        life.rhythm(5.5, "Heart follow-up", self.since)
        life.goals.append(("LDL below 70 mg/dL", "achieved", self.problem))
        life.care.append("Aspirin and statin every day, nitroglycerin in the pocket")

    def speak(self, scene: Scene) -> Part | None:
        """Chest pain, effort, tablets."""
        life, visit = scene.life, scene.visit
        if self.problem is None or visit.day <= self.problem.onset:
            return None
        heard = life.chance.pick(
            (
                "No chest pain.",
                "Walks two miles without chest pain.",
                "No angina, has not used nitroglycerin.",
                "One twinge while shoveling, gone in a minute, none since.",
            )
        )
        return Part(
            "Coronary artery disease, stent",
            heard,
            "Stable, no angina.",
            regimen(life, visit, *_CORONARY),
            self.problem,
        )
