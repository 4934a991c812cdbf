"""COPD: spirometry, inhalers, flares, a pneumonia, and the smoking behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo import hospital, moments
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem, Report
from charthouse.ops.demo.threads.words import regimen

_INHALERS = ("albuterol", "fluticasone", "montelukast", "tiotropium")


@dataclass(slots=True)
class Copd(Thread):
    """COPD since `since` in a smoker of `packs` pack-years; quit `quit` years ago (0 = still smokes)."""

    since: float = 6.0
    packs: int = 42
    quit: float = 0.0
    flares: list[float] = field(default_factory=list)
    stay: float = 0.0
    fev1: float = 1.62
    screening: bool = True
    key: str = "copd"
    problem: Problem | None = field(default=None, init=False)
    smoke: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Spirometry, inhalers step by step, flares, the talk about smoking."""
        found = life.visit(self.since, "Cough with phlegm and breathlessness")
        fvc = self.fev1 / 0.54
        found.acts.append(
            Report(
                "Spirometry",
                None,
                "Spirometry",
                f"FEV1 {self.fev1 + 0.22:.2f} L, FVC {fvc + 0.1:.2f} L, ratio "
                f"{100 * (self.fev1 + 0.22) / (fvc + 0.1):.0f} %. "
                "No significant response to bronchodilator.",
                "Moderate fixed obstruction.",
                True,
                (
                    ("fev1", self.fev1 + 0.22),
                    ("fvc", fvc + 0.1),
                    ("ratio", 100 * (self.fev1 + 0.22) / (fvc + 0.1)),
                ),
                where="lungs",
            )
        )
        self.problem = life.problem("J44.9", found.day, found)
        life.start("albuterol", found, self.problem)
        life.start("tiotropium", found, self.problem)
        life.smoking = [(200.0, "daily")] + ([(self.quit, "former")] if self.quit else [])
        self.smoke = life.problem("F17.210", moments.ago(life.today, self.packs), None)
        if self.quit:
            stop = life.visit(self.quit, "Quit smoking visit")
            life.start("varenicline", stop, self.smoke, days=84)
            self.smoke.ended = stop.day
            life.problem("Z87.891", stop.day, stop)
        life.track("spo2", (self.since, 95), (0, 93), noise=0.8)
        life.rhythm(4.5, "COPD follow-up", self.since)
        for years in self.flares:
            self._flare(life, years)
        if self.stay:
            self._stay(life)
        life.social.append(f"{'Smoked' if self.quit else 'Smokes'} a pack a day, {self.packs} pack-years.")
        life.goals.append(
            ("Stay off cigarettes" if self.quit else "Set a date to quit smoking", "in-progress", self.smoke)
        )
        life.care.append("Inhaler technique at each visit, pulmonary rehabilitation offered")

    def _flare(self, life: Life, years: float) -> None:
        visit = life.visit(years, "More cough and green phlegm for four days", "acute", thread=self.key)
        visit.forced = {"temp": 37.3, "spo2": 90, "rr": 24, "hr": 98}
        visit.heard = [
            "More breathless than usual, albuterol every few hours. No chest pain, no leg swelling."
        ]
        visit.seen = {
            "lungs": "Diffuse wheeze, prolonged expiration, no crackles.",
            "heart": "Regular, distant heart sounds.",
        }
        flare = life.problem("J44.1", visit.day, visit, listed=False, ended=visit.day + timedelta(days=14))
        life.start("prednisone-burst", visit, flare, days=5)
        life.start(
            "doxycycline", visit, flare, how="1 tablet by mouth twice a day with food for 5 days", days=5
        )
        visit.thought = [
            (
                "COPD exacerbation",
                (
                    "SpO2 near baseline on room air. Prednisone 40 mg for 5 days and doxycycline, albuterol "
                    "every 4 hours, call daily until better; emergency department if worse."
                ),
            )
        ]

    def _stay(self, life: Life) -> None:
        day = moments.ago(life.today, self.stay)
        stay = hospital.stay(life, "pneumonia", day, self.key)
        pneumonia = life.problem("J18.9", stay.day, stay, listed=False, ended=stay.day + timedelta(days=21))
        stay.about = [pneumonia]
        life.start("azithromycin", stay, pneumonia, days=5)
        life.start("prednisone-burst", stay, pneumonia, days=5)
        after = moments.weekday(stay.end.date() + timedelta(days=9), life.last_day)
        life.visit(after, "After hospital stay for pneumonia")

    def settle(self, life: Life) -> None:
        """Yearly low-dose CT for those of 50 to 80 with 20 pack-years."""
        if not self.screening:
            return
        for visit in life.seen():
            if (
                visit.kind == "physical"
                and 50 <= life.age(visit.day) <= 80
                and (life.today - visit.day).days > 40
            ):
                visit.acts.append(
                    Report(
                        "Lung cancer screening CT, low dose",
                        None,
                        "CT chest, low dose screening",
                        "Moderate centrilobular emphysema. 4 mm solid nodule in the right middle lobe, "
                        "unchanged.",
                        "Lung-RADS 2. Continue yearly screening.",
                        days=life.chance.randrange(12, 26),
                    )
                )

    def speak(self, scene: Scene) -> Part | None:
        """Breath, cough, cigarettes."""
        life, visit = scene.life, scene.visit
        if self.problem is None or visit.day < self.problem.onset or visit.kind == "acute":
            return None
        chance = life.chance
        quit_ = bool(self.smoke and self.smoke.ended and visit.day >= self.smoke.ended)
        heard = chance.pick(
            (
                "Breathless on hills, morning cough with clear phlegm.",
                "Walks to the store with one stop.",
                "Uses albuterol once a day.",
                "No flare since the last visit.",
            )
        )
        heard += " " + (
            chance.pick(("Not smoking.", "Still off cigarettes."))
            if quit_
            else chance.pick(
                (
                    "Still smokes most of a pack.",
                    "Down to 10 cigarettes a day.",
                    "Smokes a pack a day, not ready to stop.",
                )
            )
        )
        thought = chance.pick(("Stable, GOLD group B.", "Stable.", "No change in effort tolerance."))
        advice = (
            ""
            if quit_
            else chance.pick(
                (
                    "Advised to quit, patches offered.",
                    "Quit line number given.",
                    "Talked for 5 minutes about quitting; will call when ready.",
                )
            )
        )
        if any(drug.key == "varenicline" for drug in visit.started):
            advice = "Quit date set for Monday, varenicline for 12 weeks."
        if self.smoke and not quit_ and self.smoke not in visit.about and visit.kind == "physical":
            visit.about.append(self.smoke)
        if visit.reason.startswith("After hospital"):
            return Part(
                "COPD, after pneumonia",
                "Antibiotic and prednisone finished, no fever, cough back to usual, still tired.",
                "Pneumonia resolved, SpO2 at baseline.",
                f"{regimen(life, visit, *_INHALERS)} Chest x-ray in six weeks, vaccines reviewed.",
                self.problem,
                {"lungs": "Decreased breath sounds, few crackles at the right base."},
            )
        return Part(
            "COPD",
            heard,
            thought,
            f"{regimen(life, visit, *_INHALERS)} {advice}".strip(),
            self.problem,
            {"lungs": "Decreased breath sounds, no wheeze."},
        )
