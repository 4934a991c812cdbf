"""Growing up: birth, well-child visits by the usual calendar, vaccines by the routine schedule, development."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from charthouse.ops.demo import immunizations, moments, registration, studies
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem, Score, Shot, Visit
from charthouse.ops.demo.tables import load

# months of age of well-child visits; yearly from three years on
_VISITS: Final = (0.13, 0.5, 2, 4, 6, 9, 12, 15, 18, 24, 30, *range(36, 217, 12))


@dataclass(slots=True)
class Childhood(Thread):
    """A child followed since birth (or since joining). `late` delays each vaccine by so many months, and
    `refuses` names vaccines the family does not want. `mother` is (name, birth years before the child)."""

    late: float = 0.0
    refuses: list[str] = field(default_factory=list)
    grams: int = 3350
    term: int = 39
    mother: list[object] = field(default_factory=list)
    jaundice: bool = False
    birth_here: bool = True
    key: str = "childhood"
    birth: Visit | None = field(default=None, init=False)
    card: list[tuple[date, str, int]] = field(default_factory=list, init=False)

    def plan(self, life: Life) -> None:
        """Birth and every well-child visit up to today."""
        born = life.person.born
        male = life.person.sex == "male"
        median = 3400 if male else 3300
        life.z = (
            life.z[0],
            max(-1.6, min(1.6, (self.grams - median) / (median * 0.115))) if self.birth_here else life.z[1],
        )
        life.track("hemoglobin", (0, 12.4), noise=0.35)
        if self.birth_here and born >= life.joined:
            self._birth(life)
        for age in _VISITS:
            day = born + timedelta(
                days=round(
                    age * 30.4369 + (life.chance.randrange(0, 9) if age > 1 else life.chance.randrange(0, 2))
                )
            )
            day = moments.weekday(day)
            if day < life.joined or day >= life.today:
                continue
            name = (
                "Newborn check"
                if age < 1
                else f"Well-child check, {int(age)} months"
                if age < 36
                else (f"Well-child check, {int(age // 12)} years")
            )
            visit = Visit(
                moments.at(day, life.chance.randrange(9, 16), life.chance.choice((0, 30))),
                "well-child",
                name,
                life.person.doctor,
                30,
                thread=self.key,
            )
            if age in (12, 24):
                visit.panels, visit.draw = ["hgb", "lead"], "during"
            if self.jaundice and age == 0.13:
                visit.panels, visit.draw = ["bilirubin"], "during"
                visit.forced = {"bilirubin": 12.8}
                visit.seen = {"skin": "Jaundice to the chest."}
                yellow = life.problem(
                    "P59.9",
                    day - timedelta(days=1),
                    visit,
                    listed=False,
                    ended=min(day + timedelta(days=9), life.today),
                )
                visit.about = [yellow]
            life.visits.append(visit)

    def _birth(self, life: Life) -> None:
        start = moments.at(life.person.born, life.chance.randrange(1, 22), 12)
        end = moments.at(life.person.born + timedelta(days=2), 11)
        if end.date() > life.today:
            end = moments.at(life.today, 7)
        stay = Visit(
            start,
            "inpatient",
            "Birth",
            "goldberg",
            minutes=int((end - start).total_seconds() // 60),
            thread="birth",
        )
        stay.forced = {"weight": self.grams / 1000, "temp": 36.8, "spo2": 98, "hr": 142, "rr": 44}
        stay.acts.append(Shot("hepb", 1))
        stay.story = (
            f"Born at {self.term} weeks by vaginal birth, {self.grams:,} g, vigorous, Apgar 8 and 9. "
            "Vitamin K, eye ointment and "
            "hepatitis B vaccine given. Breastfed, passed urine and meconium. Hearing passed in both "
            "ears, heart screen passed, "
            "newborn blood screen sent."
        )
        if "hepb" in self.refuses:
            stay.acts.clear()
            stay.story = stay.story.replace(
                "Vitamin K, eye ointment and hepatitis B vaccine", "Vitamin K and eye ointment"
            )
        problem = life.problem("Z38.00", life.person.born, stay, listed=False, ended=end.date())
        stay.about = [problem]
        self.birth = stay
        life.visits.append(stay)

    def settle(self, life: Life) -> None:
        """Vaccines fall at the first well-child visit at which they are due and allowed."""
        visits = [
            visit
            for visit in life.seen()
            if visit.kind in ("well-child", "physical", "new", "follow-up") and visit.status == "finished"
        ]
        born = life.person.born
        last: dict[str, date] = {}
        given: dict[str, int] = {"hepb": 1} if "hepb" not in self.refuses else {}
        if given:
            last["hepb"] = born
            if not self.birth:
                self.card.append((born, "hepb", 1))
        before = [born + timedelta(days=round(age * 30.4369) + 3) for age in _VISITS if age > 1]
        days: list[tuple[date, Visit | None]] = [(day, None) for day in before if day < life.joined]
        for day, visit in days + [(visit.day, visit) for visit in visits]:
            age = moments.months(born, day) - self.late
            for key, dose, due, oldest, gap in load("schedule"):
                if given.get(key, 0) != dose - 1 or not due <= age <= oldest or key in self.refuses:
                    continue
                if key in last and (day - last[key]).days < gap * 30.4:
                    continue
                given[key], last[key] = dose, day
                product = "pcv13" if key == "pcv20" and day < date(2023, 7, 1) else key
                if visit is None:
                    self.card.append((day, product, dose))
                else:
                    visit.acts.append(Shot(product, dose))
        self._flu(life, visits)

    def _flu(self, life: Life, visits: list[Visit]) -> None:
        seasons: set[int] = set()
        for visit in visits:
            age = moments.months(life.person.born, visit.day)
            if (
                visit.day.month >= 9
                and age >= 6
                and visit.day.year not in seasons
                and "flu" not in self.refuses
            ):
                seasons.add(visit.day.year)
                if life.chance.odds(0.7):
                    visit.acts.append(Shot("flu3" if visit.day.year >= 2024 else "flu4"))

    def speak(self, scene: Scene) -> Part | None:
        """Feeding, sleep, school, development, growth, advice by age."""
        life, visit = scene.life, scene.visit
        if visit.kind != "well-child":
            return None
        age = moments.months(life.person.born, visit.day)
        row = next(row for row in load("milestones") if age < row["until"])
        chance = life.chance
        seen = {"general": chance.pick(row["look"])}
        if age < 3:
            seen |= {"head": "Anterior fontanelle soft and flat, red reflex present.", "hips": "Hips stable."}
        line = "the" if abs(life.z[1]) < 0.3 else "a line above the" if life.z[1] > 0 else "a line below the"
        growth = f"Growing along {line} median."
        yellow = (
            "Bilirubin 12.8 at day 4, below treatment, feeds well. Recheck in two days by nurse. "
            if (visit.panels == ["bilirubin"])
            else ""
        )
        return Part(
            "Well child" if age >= 1 else "Newborn",
            chance.pick(row["heard"]),
            f"{yellow}{growth} {chance.pick(row['grown'])}",
            chance.pick(row["advice"]),
            None,
            seen,
        )

    def after(self, life: Life, chart: Chart) -> None:
        """Birth facts, the vaccination card brought along, and the mother."""
        first = life.seen()[0] if life.seen() else None
        for day, key, dose in self.card:
            if first:
                immunizations.told(chart, first, key, dose, day)
        if self.birth and self.birth.reference:
            moment = self.birth.start + timedelta(minutes=20)
            studies.measured(chart, self.birth, "birthweight", self.grams, moment)
            studies.measured(chart, self.birth, "gestation", self.term, moment)
            studies.score(chart, self.birth, Score("apgar1", 8))
            studies.score(chart, self.birth, Score("apgar5", 9))
        if self.mother:
            born = life.person.born
            years = int(str(self.mother[1]))
            registration.related(
                chart,
                str(self.mother[0]),
                "Mother",
                "female",
                date(born.year - years, 1 + (born.month + 4) % 12, 11),
            )


@dataclass(slots=True)
class Attention(Thread):
    """ADHD since `since`, medicine from the start, a higher dose at `raised`."""

    since: float = 2.5
    raised: float = 1.4
    key: str = "attention"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Diagnosed with teacher and parent scales, dose raised once."""
        found = life.visit(self.since, "School concerns", minutes=40)
        self.problem = life.problem("F90.2", found.day, found)
        drug = life.start("methylphenidate-18", found, self.problem)
        if self.raised:
            life.change(drug, "methylphenidate-27", life.visit(self.raised, "ADHD follow-up"))
        life.rhythm(4.0, "ADHD follow-up", self.since)

    def speak(self, scene: Scene) -> Part | None:
        """School, appetite, sleep."""
        life, visit = scene.life, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        if visit.day == self.problem.onset:
            return Part(
                "ADHD, combined type",
                "Teacher notes unfinished work, talks out of turn, loses things since first grade; same "
                "at home.",
                "Vanderbilt scales from home and school meet criteria.",
                "Start methylphenidate ER 18 mg on school days, behavior plan with "
                "school, recheck in a month.",
                self.problem,
            )
        heard = life.chance.pick(
            (
                "Teacher says homework is done now.",
                "Focus lasts until about 2 pm.",
                "Eats little at lunch, catches up at dinner.",
                "Reads for pleasure again.",
            )
        )
        if any(drug.key == "methylphenidate-27" for drug in visit.started):
            return Part(
                "ADHD",
                "Helps in the morning, wears off before lunch.",
                "Partial response, no side effects.",
                "Change to 27 mg.",
                self.problem,
            )
        return Part(
            "ADHD",
            f"{heard} Falls asleep within half an hour.",
            "Good response, pulse and pressure normal for age.",
            "Continue, weight check each visit.",
            self.problem,
        )
