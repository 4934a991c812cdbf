"""The failing heart: an echo, drugs, a hospital stay with fluid off, the slow way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo import hospital, moments
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem, Report
from charthouse.ops.demo.threads.words import recent, regimen, trend

_FAILURE = ("furosemide", "metoprolol", "entresto", "spironolactone", "empagliflozin", "lisinopril")
_CORONARY = ("aspirin", "clopidogrel", "metoprolol", "nitroglycerin")


@dataclass(slots=True)
class HeartFailure(Thread):
    """Heart failure with reduced ejection fraction since `since`, with a hospital stay `stay` years ago."""

    since: float = 3.2
    stay: float = 0.9
    ef: float = 32.0
    key: str = "heart"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Breathless, an echo, drugs; later a stay with fluid off; close follow-up after it."""
        found = life.visit(
            self.since, "Shortness of breath on exertion", labs=("bnp", "metabolic", "cbc"), draw="after"
        )
        found.acts.append(
            Report(
                "Echocardiogram",
                "42148-7",
                "US Heart",
                f"Left ventricle dilated with global hypokinesis, ejection fraction {self.ef:.0f} %. Mild "
                "mitral regurgitation.",
                "Moderately to severely reduced left ventricular function.",
                True,
                (("ef", self.ef),),
                days=5,
                where="heart",
            )
        )
        told = life.visit(self.since - 0.045, "Heart test results")
        self.problem = life.problem("I50.22", told.day, told)
        if high := life.has("I10"):
            high.codes.append((told.day, "I11.0"))
        for key in ("furosemide", "metoprolol-50", "lisinopril-10"):
            if not (key.startswith("lisinopril") and life.takes(told.day, "lisinopril", "losartan")):
                life.start(key, told, self.problem)
        life.refer(told, "heart", self.problem, ef=f"{self.ef:.0f}")
        self._tracks(life)
        if self.stay:
            self._stay(life, self.problem)
        life.goals.append(("No hospital stay for heart failure", "in-progress", self.problem))
        life.care += [
            "Weigh every morning, call for 1.5 kg in two days",
            "Salt under 2 g a day, fluids under 2 L a day",
        ]

    def _tracks(self, life: Life) -> None:
        points = [
            (self.since + 0.3, 300.0),
            (self.since, 2900.0),
            (self.since - 0.3, 1100.0),
            (self.stay + 0.12, 1300.0),
            (self.stay, 6200.0),
            (max(self.stay - 0.1, 0), 1500.0),
            (0, 980.0),
        ]
        life.track("ntprobnp", *points, noise=90)
        life.track("sbp", (self.since, 134), (self.stay, 126), (0, 112), noise=4)
        life.track("dbp", (self.since, 82), (0, 68), noise=3)
        life.track("hr", (self.since + 0.5, 73), (self.since, 88), (self.since - 0.2, 72), (0, 66), noise=4)
        life.track(
            "spo2", (self.since + 0.5, 97.5), (self.since, 94), (self.since - 0.2, 96), (0, 96), noise=0.7
        )
        life.rhythm(3.0, "Heart failure follow-up", self.since)
        life.check("basic", 3, self.since)
        life.check("bnp", 6, self.since)

    def _stay(self, life: Life, chronic: Problem) -> None:
        dry = life.tracks["weight"]
        dry.shift(
            life.today,
            [
                (self.stay + 0.14, 0.0),
                (self.stay + 0.005, 6.4),
                (self.stay - 0.014, 0.6),
                (self.stay - 0.08, 0.0),
            ],
        )
        day = moments.ago(life.today, self.stay)
        stay = hospital.stay(life, "heart", day, self.key)
        acute = life.problem("I50.23", stay.day, stay, listed=False, ended=stay.end.date())
        if old := life.takes(stay.day, "lisinopril", "losartan"):
            life.stop(old, stay, "Replaced by sacubitril-valsartan")
        for key in ("entresto", "spironolactone"):
            life.start(key, stay, chronic).start = stay.end.date()
        if not stay.elsewhere:
            stay.about = [acute, chronic]
            after = moments.weekday(stay.end.date() + timedelta(days=6), life.last_day)
            life.visit(after, "After hospital stay for heart failure", labs=("basic", "bnp"), draw="during")

    def speak(self, scene: Scene) -> Part | None:
        """Fluid, breath, weight."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        chance = life.chance
        if self.problem is None or visit.day < self.problem.onset:
            if visit.reason.startswith("Shortness of breath"):
                return Part(
                    "Shortness of breath",
                    "Short of breath on one flight of stairs for a month, ankles swell by evening.",
                    "Suspect heart failure.",
                    "NT-proBNP, chest film and echocardiogram.",
                    seen={
                        "lungs": "Fine crackles at both bases.",
                        "extremities": "Pitting edema to mid-shin.",
                        "heart": "Soft systolic murmur at the apex, S3.",
                    },
                )
            return None
        after = visit.reason.startswith("After hospital")
        heard = (
            "Home a week. Breathing much better, sleeps flat on two pillows, weighs daily."
            if after
            else chance.pick(
                (
                    "Walks two blocks without stopping, sleeps on two pillows.",
                    "No swelling, weighs every morning, weight steady.",
                    "Slightly more breathless on stairs, no orthopnea.",
                    "Breathing good, climbs one flight slowly.",
                )
            )
        )
        probnp = recent(chart, "ntprobnp", visit)
        moved = trend(chart, "ntprobnp", visit, 150)
        dry = "Volume status good" if not after else "Euvolemic at new dry weight"
        thought = f"{dry}, NYHA class {'III' if after else 'II'}." + (
            f" NT-proBNP {probnp:g}{', ' + moved if moved else ''}." if probnp else ""
        )
        edema = chance.pick(("No edema.", "Trace ankle edema."))
        return Part(
            self.problem.called(visit.day),
            heard,
            thought,
            regimen(life, visit, *_FAILURE),
            self.problem,
            {"lungs": "Clear, no crackles.", "extremities": edema, "neck": "No jugular venous distension."},
        )
