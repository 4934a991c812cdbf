"""Blood pressure and blood fats: high before treatment, lower after each step of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from charthouse.ops.demo import moments
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Drug, Part, Problem
from charthouse.ops.demo.threads.words import known, regimen, trend

_DRUGS = ("lisinopril", "losartan", "amlodipine", "hctz")


@dataclass(slots=True)
class Pressure(Thread):
    """Hypertension for `since` years, treated by `steps`: (years ago, drug or `old>new`).

    `now` is today's systolic pressure, `lately` its way there as (years ago, pressure). The code is I10
    until kidney or heart disease makes it I12.9 or I11.0.
    """

    since: float = 10.0
    steps: list[list[object]] = field(default_factory=list)
    now: float = 132.0
    untreated: float = 156.0
    lately: list[list[float]] = field(default_factory=list)
    key: str = "pressure"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Two high readings, a first drug, then a step each time it was not enough."""
        steps = [(float(str(row[0])), str(row[1])) for row in self.steps] or [
            (self.since - 0.1, "lisinopril-10")
        ]
        found = life.visit(self.since, "High blood pressure reading", labs=("basic",), draw="after")
        self.problem = life.problem("I10", found.day, found)
        running: dict[str, Drug] = {}
        points = [(self.since + 3, self.untreated - 8), (self.since, self.untreated)]
        level = self.untreated
        for number, (years, text) in enumerate(steps):
            visit = life.visit(years, "Blood pressure follow-up")
            old, _, new = text.rpartition(">")
            if old and old in running:
                running[new] = life.change(
                    running.pop(old),
                    new,
                    visit,
                    because="Cough" if old.startswith("lis") and new.startswith("los") else "Dose changed",
                )
            else:
                running[new] = life.start(new, visit, self.problem)
            target = self.now if number == len(steps) - 1 else level - (self.untreated - self.now) * 0.55
            points += [(years, level), (max(years - 0.16, 0.0), target)]
            level = target
        points += [(years, value) for years, value in self.lately]
        drift = life.chance.near(0, 2)
        life.track("sbp", *points, (0, self.now), noise=4.6)
        # with age the lower pressure falls away from the upper one
        drift += 49 - max(0, life.age(life.today) - 55) * 0.28
        life.track(
            "dbp",
            *((years, value * 0.235 + drift) for years, value in points),
            (0, self.now * 0.235 + drift),
            noise=3.0,
        )
        life.rhythm(5.5, "Blood pressure follow-up", self.since)
        life.check("basic", 12, self.since)
        life.goals.append(
            ("Blood pressure below 130/80", "achieved" if self.now < 130 else "in-progress", self.problem)
        )
        life.care.append("Home blood pressure twice a week, written down")

    def speak(self, scene: Scene) -> Part | None:
        """Home readings, pills taken, what to change."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        chance = life.chance
        upper, lower = known(chart, "sbp", visit), known(chart, "dbp", visit)
        if upper is None or lower is None:
            return None
        home = round(upper / 5) * 5
        heard = chance.pick(
            (
                f"Home pressures around {home - 5} to {home + 5} systolic.",
                "Takes the tablets every morning.",
                "Missed a few doses last month.",
                "No dizziness, no swelling.",
                f"Home log averages {home - 3}/{round(lower)}.",
                "Has not checked at home.",
            )
        )
        if life.has("G30"):
            heard = ""
        if self.problem.onset == visit.day:
            return Part(
                "High blood pressure",
                "No headache, no chest pain. High at the pharmacy twice.",
                f"{upper:g}/{lower:g} today, repeated.",
                "Less salt, home log for three weeks, basic panel, then decide.",
                self.problem,
            )
        state = (
            "at goal"
            if upper < 130 and lower < 80
            else "just above goal"
            if upper < 140 and lower < 90
            else "above goal"
        )
        plan = regimen(life, visit, *_DRUGS)
        if not any(drug.key.startswith(_DRUGS) for drug in [*visit.started, *visit.stopped]) and upper >= 145:
            plan += " " + chance.pick(
                (
                    "Home log for two weeks before changing anything.",
                    "Recheck by nurse in a month.",
                    "Repeat by hand before leaving was lower.",
                )
            )
        if any(drug.key.startswith(("lisinopril", "losartan", "hctz")) for drug in visit.started):
            plan += " Basic panel in two weeks."
        return Part(
            self.problem.called(visit.day), heard, f"{upper:g}/{lower:g}, {state}.", plan, self.problem
        )


@dataclass(slots=True)
class Lipids(Thread):
    """High blood fats for `since` years; a statin at `treated`, doubled at `doubled`."""

    since: float = 8.0
    treated: float = 7.7
    doubled: float = 0.0
    ldl: float = 152.0
    triglycerides: float = 170.0
    statin: str = "atorvastatin-20"
    code: str = "E78.2"
    key: str = "lipids"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """LDL falls by some 40 % with the first dose, by another 10 % with the second."""
        found = life.visit(self.since, "Annual physical", "physical", labs=("lipids", "metabolic"))
        self.problem = life.problem(self.code, found.day, found)
        points = [(self.since + 4, self.ldl * 0.96), (self.since, self.ldl)]
        fats = [(self.since, self.triglycerides)]
        if self.treated:
            visit = life.visit(self.treated, "Cholesterol follow-up")
            drug = life.start(self.statin, visit, self.problem)
            points += [(self.treated, self.ldl), (self.treated - 0.2, self.ldl * 0.61)]
            fats += [(self.treated, self.triglycerides), (self.treated - 0.2, self.triglycerides * 0.84)]
            if self.doubled:
                visit = life.visit(self.doubled, "Cholesterol follow-up", labs=("lipids",))
                life.change(
                    drug, "atorvastatin-40" if self.statin.endswith("20") else "atorvastatin-80", visit
                )
                points += [(self.doubled, self.ldl * 0.66), (self.doubled - 0.2, self.ldl * 0.54)]
        life.track("ldl", *points, noise=5)
        life.track("triglycerides", *fats, noise=11)
        life.track("hdl", (0, life.chance.near(42 if life.person.sex == "male" else 50, 4)), noise=2)
        life.check("lipids", 12, moments.years_before(life.today, life.joined))

    def speak(self, scene: Scene) -> Part | None:
        """LDL against its goal."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        ldl = known(chart, "ldl", visit)
        if ldl is None:
            return None
        goal = 70 if life.has("I25") else 100
        heard = ""
        if life.takes(visit.day, "atorvastatin"):
            heard = life.chance.pick(("No muscle aches.", "Tolerates the statin.", "", ""))
        moved = trend(chart, "ldl", visit, 12)
        thought = (
            f"LDL {ldl:g}, {'at' if ldl < goal else 'above'} goal (under "
            f"{goal}){', ' + moved if moved else ''}."
        )
        plan = regimen(life, visit, "atorvastatin") or "Diet first, repeat in three months."
        return Part(self.problem.called(visit.day), heard, thought, plan, self.problem)
