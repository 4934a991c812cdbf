"""Asthma: control, inhalers, flares."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem, Procedure
from charthouse.ops.demo.threads.words import regimen

_INHALERS = ("albuterol", "fluticasone", "montelukast", "tiotropium")


@dataclass(slots=True)
class Asthma(Thread):
    """Asthma since `since`, a controller from `controller`, flares with steroids at `flares` (years ago)."""

    since: float = 4.0
    controller: float = 2.5
    flares: list[float] = field(default_factory=list)
    key: str = "asthma"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Intermittent at first, then persistent."""
        found = life.visit(self.since, "Cough and wheeze at night")
        self.problem = life.problem("J45.20", found.day, found)
        life.start("albuterol", found, self.problem)
        if self.controller:
            step = life.visit(self.controller, "Asthma follow-up")
            self.problem.codes.append((step.day, "J45.30"))
            life.start("fluticasone", step, self.problem)
            life.rhythm(5.5, "Asthma follow-up", self.controller)
        for years in self.flares:
            self._flare(life, years)
        life.care.append("Written asthma action plan (green, yellow, red)")
        life.goals.append(("No missed school or work because of asthma", "improving", self.problem))

    def _flare(self, life: Life, years: float) -> None:
        child = life.age(life.when(years)) < 18
        visit = life.visit(years, "Wheeze and cough for two days", "acute", thread=self.key)
        visit.forced = {"temp": 37.4, "spo2": 94, "rr": 30 if child else 24, "hr": 118 if child else 102}
        visit.heard = [
            (
                "Started with a cold. Albuterol every 4 hours since last night, "
                f"{'woke twice' if child else 'slept badly'}. "
                "No fever at home."
            )
        ]
        visit.seen = {
            "general": "Mild distress, speaks in full sentences.",
            "lungs": "Expiratory wheeze throughout, mild retractions."
            if child
            else "Diffuse expiratory wheeze.",
        }
        visit.acts.append(
            Procedure(
                "Albuterol nebulizer treatment", note="wheeze much less after two treatments, SpO2 97 %."
            )
        )
        flare = life.problem("J45.31", visit.day, visit, listed=False, ended=visit.day + timedelta(days=10))
        life.start("prednisolone" if child else "prednisone-burst", visit, flare, days=5)
        visit.thought = [
            (
                "Asthma exacerbation",
                (
                    f"Moderate, good response. {'Prednisolone' if child else 'Prednisone 40 mg'} for 5 days, "
                    "albuterol every 4 hours while awake, recheck if not better tomorrow. Spacer technique "
                    "reviewed."
                ),
            )
        ]

    def speak(self, scene: Scene) -> Part | None:
        """Nights, days, use of albuterol."""
        life, visit = scene.life, scene.visit
        if self.problem is None or visit.day < self.problem.onset or visit.kind == "acute":
            return None
        chance = life.chance
        if visit.day == self.problem.onset:
            return Part(
                "Asthma",
                "Coughs at night twice a month, wheezes when running and with colds. Eczema as a baby."
                if life.age(visit.day) < 18
                else "Cough at night and wheeze with colds for two winters.",
                "Mild intermittent asthma.",
                "Albuterol with spacer as needed, action plan given.",
                self.problem,
            )
        heard = chance.pick(
            (
                "Albuterol less than twice a week, no night cough.",
                "Uses albuterol before sports only.",
                "Night cough about once a month.",
                "Albuterol most days during the last cold, otherwise rarely.",
            )
        )
        if any(drug.key == "fluticasone" for drug in visit.started):
            return Part(
                "Asthma",
                "Albuterol four times a week and night cough weekly this season.",
                "Not controlled, now persistent.",
                f"{regimen(life, visit, *_INHALERS)} Rinse mouth, spacer shown again.",
                self.problem,
            )
        return Part(
            self.problem.called(visit.day),
            heard,
            chance.pick(("Well controlled.", "Control fair.", "Well controlled, ACT 22.")),
            f"{regimen(life, visit, *_INHALERS)} Action plan reviewed.",
            self.problem,
            {"lungs": "Clear, no wheeze."},
        )
