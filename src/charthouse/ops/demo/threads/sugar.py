"""Diabetes and what comes before it: the slow rise of A1c, the drugs that answer it, feet, eyes and kidneys."""

from __future__ import annotations

from dataclasses import dataclass, field

from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Drug, Part, Problem, Visit
from charthouse.ops.demo.threads.words import known, recent, regimen, trend

_DRUGS = ("metformin", "glipizide", "empagliflozin", "semaglutide", "glargine")


@dataclass(slots=True)
class Diabetes(Thread):
    """Type 2 diabetes, found `since` years ago.

    `second` is when a second drug (`with_`) was added, `neuropathy` and `kidney` when those were diagnosed
    (years ago, 0 = never); `now` is today's A1c, `worst` the one before the second drug, `points` fixes the
    last stretch of A1c as (years ago, value).
    """

    since: float = 8.0
    second: float = 0.0
    drug: str = "empagliflozin"
    neuropathy: float = 0.0
    kidney: float = 0.0
    now: float = 7.0
    worst: float = 8.3
    eyes: bool = True
    points: list[list[float]] = field(default_factory=list)
    key: str = "diabetes"
    problem: Problem | None = field(default=None, init=False)
    metformin: Drug | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Found on a screen or by symptoms, metformin, control, slow rise, a second drug."""
        since = self.since
        first = life.visit(since, "Fatigue and increased thirst", labs=("a1c", "metabolic"), draw="after")
        told = life.visit(since - 0.05, "Test results: diabetes")
        self.problem = life.problem("E11.9", first.day, told)
        self.metformin = life.start("metformin-500", told, self.problem)
        if since > 0.4:
            check = life.visit(since - 0.28, "Diabetes follow-up", labs=("a1c", "basic"))
            self.metformin = life.change(self.metformin, "metformin-1000", check)
        points = [
            (since + 2, 6.3),
            (since, life.chance.near(8.6, 0.4)),
            (since - 0.3, 7.3),
            (since - 0.8, 6.6),
        ]
        if self.second:
            points += [(self.second + 0.02, self.worst), (self.second - 0.45, max(6.6, self.worst - 1.1))]
            visit = life.visit(self.second, "Diabetes follow-up", labs=("a1c", "basic"))
            life.start(self.drug, visit, self.problem)
        lately = [(years, value) for years, value in self.points]
        points = [row for row in points if row[0] > max((years for years, _ in lately), default=0.0)]
        life.track("a1c", *points, *lately, (0, self.now), noise=0.04 if lately else 0.09)
        months = 3.6 if self.now >= 7.5 or self.second else 5.5
        life.rhythm(months, "Diabetes follow-up", since)
        life.check("a1c", months, since)
        life.check("basic", 11, since)
        life.check("acr", 12, since)
        life.check("lipids", 12, since)
        self._complications(life, self.problem)
        life.goals.append(
            (
                f"A1c below {7.5 if life.age(life.today) > 70 else 7.0} %",
                "achieved" if self.now < 7 else "worsening" if self.now > 7.7 else "in-progress",
                self.problem,
            )
        )
        life.care += [
            "Home glucose checks: fasting, most days",
            "Yearly eye exam, foot exam and urine albumin",
        ]
        life.social.append("Cooks at home, cutting down on sweet drinks.")

    def _complications(self, life: Life, problem: Problem) -> None:
        if self.neuropathy:
            visit = life.visit(self.neuropathy, "Burning feet", labs=("a1c",))
            problem.codes.append((visit.day, "E11.40"))
            if not visit.elsewhere:
                visit.about.append(problem)
            life.start("gabapentin", visit, problem)
        if self.kidney:
            visit = life.visit(self.kidney, "Diabetes follow-up", labs=("a1c", "basic", "acr"))
            problem.codes.append((visit.day, "E11.22"))

    def settle(self, life: Life) -> None:
        """An eye exam by the optometrist every other year or so."""
        visits = [visit for visit in life.seen() if visit.whole and visit.status == "finished"]
        turn = 0
        for visit in visits:
            if self.eyes and visit.kind == "physical" and (life.today - visit.day).days > 80:
                if turn % 2 == 0 and self.problem and self.problem.active(visit.day):
                    visit.about.append(self.problem)
                    life.refer(visit, "eye", self.problem)
                turn += 1

    def speak(self, scene: Scene) -> Part | None:
        """How the sugars are."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        chance = life.chance
        a1c = known(chart, "a1c", visit)
        if self.problem.onset == visit.day:
            return Part(
                "Fatigue and thirst",
                "Thirsty and up at night to urinate for about two months.",
                "Likely hyperglycemia.",
                "A1c and metabolic panel today, back in two weeks.",
            )
        fasting = (28.7 * (a1c or 7) - 46.7) * 0.86
        low, high = round((fasting - 14) / 5) * 5, round((fasting + 22) / 5) * 5
        heard = chance.pick(
            (
                f"Fasting sugars mostly {low} to {high}.",
                f"Home readings {low} to {high} before breakfast, no lows.",
                f"Checks a few mornings a week, {low} to {high}.",
                f"Meter shows fasting values of {low} to {high}, no hypoglycemia.",
            )
        )
        seen: dict[str, str] = {}
        sore = self.problem.code(visit.day) == "E11.40"
        if sore:
            heard += " " + chance.pick(
                (
                    "Burning in both feet at night, about the same.",
                    "Feet tingle in the evening.",
                    "Numbness of the toes, no wounds.",
                )
            )
        if visit.kind in ("physical", "new") or (sore and chance.odds(0.5)):
            seen["feet"] = (
                "Feet: skin intact, pulses 2+, monofilament reduced at both great toes."
                if sore
                else "Feet: skin intact, pulses 2+, monofilament felt at all sites."
            )
        return Part(
            self.problem.called(visit.day),
            heard,
            self._thought(life, chart, visit, a1c),
            self._advice(life, visit, a1c),
            self.problem,
            seen,
        )

    def _thought(self, life: Life, chart: Chart, visit: Visit, a1c: float | None) -> str:
        if a1c is None:
            return "No recent A1c."
        goal = 7.5 if life.age(visit.day) > 70 else 7.0
        state = "at goal" if a1c < goal else "near goal" if a1c < goal + 0.5 else "above goal"
        moved = trend(chart, "a1c", visit, 0.25)
        fresh = "" if recent(chart, "a1c", visit) is not None else "last "
        text = f"{fresh}A1c {a1c:.1f} %, {state}{', ' + moved if moved else ''}."
        return text[:1].upper() + text[1:]

    def _advice(self, life: Life, visit: Visit, a1c: float | None) -> str:
        text = regimen(life, visit, *_DRUGS)
        if any(drug.key in ("empagliflozin", "semaglutide") for drug in visit.started):
            text += " " + (
                "Hold it on sick days, watch for genital yeast infection."
                if visit.started[0].key == "empagliflozin"
                else "Warned of nausea, eat slowly and small portions."
            )
        elif (
            a1c is not None and a1c >= 7.6 and not any(drug.key.startswith(_DRUGS) for drug in visit.started)
        ):
            text += " " + life.chance.pick(
                (
                    "Talked about adding a second drug; prefers three more months of diet and walking.",
                    "Missed evening doses; pill box and phone reminder, second drug next time if not better.",
                    "Offered a second drug, will think about it until the next visit.",
                )
            )
        if any(drug.key == "metformin-500" for drug in visit.started):
            text += " Diabetes education class, glucose meter and strips prescribed."
        if any(drug.key == "gabapentin" for drug in life.running(visit.day)):
            text += " " + regimen(life, visit, "gabapentin")
        return text


@dataclass(slots=True)
class Prediabetes(Thread):
    """A1c between 5.7 and 6.4 for `since` years."""

    since: float = 3.0
    now: float = 6.0
    key: str = "prediabetes"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Found on routine tests, watched yearly."""
        visit = life.visit(self.since, "Annual physical", "physical", labs=("a1c", "metabolic"))
        self.problem = life.problem("R73.03", visit.day, visit)
        life.track("a1c", (self.since + 3, 5.6), (self.since, 5.9), (0, self.now), noise=0.07)
        life.check("a1c", 12, self.since)

    def speak(self, scene: Scene) -> Part | None:
        """The yearly talk about it."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset or visit.kind == "new":
            return None
        a1c = known(chart, "a1c", visit)
        if a1c is None:
            return None
        heard = life.chance.pick(
            ("Cut back on soda.", "Walking more since the last visit.", "Diet unchanged.", "")
        )
        return Part(
            "Prediabetes",
            heard,
            f"A1c {a1c:.1f} %.",
            "Diet and activity, repeat A1c in a year.",
            self.problem,
        )
