"""Atrial fibrillation on warfarin: the INR every few weeks and the dose that follows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo import moments
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Drug, Part, Problem, Procedure, Visit
from charthouse.ops.demo.threads.words import regimen

_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekly(dose: float) -> str:
    """A weekly dose in 2.5 mg steps as tablets of 5 mg: which days half, whole or one and a half."""
    steps = round(dose / 2.5)
    base, extra = divmod(steps, 7)
    if not extra:
        return f"{base * 2.5:g} mg every day"
    order = (0, 4, 2, 6, 1, 5, 3)
    days = sorted(order[:extra])
    return (
        f"{(base + 1) * 2.5:g} mg on {', '.join(_WEEK[day] for day in days)}, {base * 2.5:g} mg on other days"
    )


@dataclass(slots=True)
class Warfarin(Thread):
    """Chronic atrial fibrillation since `since`, INR visits written for the last `months` months."""

    since: float = 6.0
    months: float = 13.0
    key: str = "warfarin"
    problem: Problem | None = field(default=None, init=False)
    drug: Drug | None = field(default=None, init=False)
    doses: dict[Visit, tuple[float, float, str]] = field(default_factory=dict, init=False)

    def plan(self, life: Life) -> None:
        """The INR answers the dose of the weeks before, with a little noise and now and then a reason."""
        found = life.visit(self.since, "Palpitations", labs=("thyroid", "metabolic", "cbc"), draw="after")
        found.acts.append(
            Procedure("Electrocardiogram, 12 leads", note="atrial fibrillation, rate 104, no ST change.")
        )
        self.problem = life.problem("I48.20", found.day, found)
        life.problem("Z79.01", found.day, found)
        life.start("metoprolol-50", found, self.problem)
        self.drug = life.start("warfarin", found, self.problem)
        life.track("hr", (self.since, 104), (self.since - 0.1, 78), (0, 74), noise=6)
        life.track("inr", (0, 2.4), noise=0.05)
        life.rhythm(5.5, "Atrial fibrillation follow-up", self.since)
        life.check("inr", 10, self.since)
        self._visits(life)
        life.goals.append(("INR between 2 and 3", "in-progress", self.problem))
        life.care.append("INR at the anticoagulation clinic, steady vitamin K in food")

    def _visits(self, life: Life) -> None:
        chance, dose = life.chance, 35.0
        day = max(moments.ago(life.today, self.months / 12), life.joined)
        sensitive, count = 2.45 / dose, 0
        while day < life.last_day - timedelta(days=4):
            visit = Visit(
                moments.at(moments.weekday(day, life.last_day), 10, chance.choice((0, 15, 30, 45))),
                "anticoag",
                "INR check",
                "haddad",
                15,
                thread=self.key,
                panels=["inr"],
                draw="during",
            )
            count += 1
            # food and other medicines shift the effect of a dose for good, now and then
            sensitive *= 0.7 if count == 3 else 1.22 if count == 9 else 1.0
            upset, why = (
                (1.2, "took an antibiotic from the dentist")
                if count == 7
                else chance.pick(
                    ((0.0, ""),) * 15
                    + (
                        (0.9, "ate almost nothing during a stomach flu"),
                        (0.7, "took an antibiotic from the dentist"),
                        (-0.7, "missed two doses while travelling"),
                    )
                )
            )
            inr = round(max(1.1, dose * sensitive + chance.near(0, 0.16) + upset), 1)
            new, weeks = dose, 4
            if inr < 1.8:
                new, weeks = dose + 2.5 if not why else dose, 1
            elif inr > 3.3:
                new, weeks = dose - 2.5 if not why else dose, 1
            elif inr < 2.0 or inr > 3.0:
                weeks = 2
            visit.forced["inr"] = inr
            self.doses[visit] = (dose, new, why)
            life.visits.append(visit)
            if new != dose and self.drug:
                self.drug = life.change(self.drug, "warfarin", visit)
                self.drug.how = f"{weekly(new)}, in the evening"
            dose = new
            day += timedelta(days=weeks * 7 + chance.randrange(-1, 3))

    def speak(self, scene: Scene) -> Part | None:
        """At INR visits the dose; elsewhere rate and bleeding."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        if visit in self.doses:
            return self._dosing(life, visit)
        if visit.day == self.problem.onset:
            return Part(
                "New atrial fibrillation",
                "Heart racing on and off for two weeks, no chest pain, no faint.",
                "CHA2DS2-VASc 4, no bleeding history.",
                "Start metoprolol succinate 50 mg and warfarin 5 mg, INR in 5 days.",
                self.problem,
                {"heart": "Irregularly irregular, no murmur."},
            )
        last = chart.last("inr", visit.end)
        thought = f"Rate controlled. Last INR {last[1]:.1f}." if last else "Rate controlled."
        heard = life.chance.pick(
            (
                "No palpitations, no bleeding.",
                "No bleeding or bruising, no falls.",
                "Bruises easily on the arms.",
            )
        )
        return Part(
            "Chronic atrial fibrillation",
            heard,
            thought,
            regimen(life, visit, "metoprolol", "warfarin"),
            self.problem,
            {"heart": "Irregularly irregular, no murmur."},
        )

    def _dosing(self, life: Life, visit: Visit) -> Part:
        old, new, why = self.doses[visit]
        inr = visit.forced["inr"]
        told = (
            f"{why[:1].upper()}{why[1:]}."
            if why
            else life.chance.pick(
                (
                    "No missed doses, no bleeding, no new medicines.",
                    "No changes in food or medicine.",
                    "Takes it at supper, uses a pill box.",
                )
            )
        )
        state = "in range" if 2.0 <= inr <= 3.0 else "below range" if inr < 2.0 else "above range"
        if new != old:
            plan = f"Change the week from {old:g} mg to {new:g} mg: {weekly(new)}."
        elif state != "in range":
            extra = (
                "One extra half tablet today, then the same"
                if inr < 1.8
                else "Skip tonight's dose, then the same"
                if inr > 3.3
                else "Same"
            )
            plan = f"{extra} weekly dose of {old:g} mg."
        else:
            plan = f"Continue {old:g} mg a week ({weekly(old)})."
        weeks = 1 if inr < 1.8 or inr > 3.3 else 2 if state != "in range" else 4
        return Part(
            "Anticoagulation, goal INR 2.0 to 3.0",
            told,
            f"INR {inr:.1f}, {state}.",
            f"{plan} Next INR in {weeks} {'week' if weeks == 1 else 'weeks'}.",
            self.problem,
        )
