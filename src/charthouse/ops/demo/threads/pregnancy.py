"""A pregnancy from the first visit to the birth and the weeks after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from charthouse.ops.demo import moments
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import ICD10PCS, LOINC, concept, hl7, quantity, ref, words
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Drug, Finding, Part, Problem, Procedure, Report, Score, Shot, Visit
from charthouse.ops.demo.threads.words import known

_WEEKS: Final = (8, 12, 16, 20, 24, 28, 31, 34, 36, 37, 38, 39)


@dataclass(slots=True)
class Pregnancy(Thread):
    """Pregnant `weeks` weeks today, or delivered `born` days ago at `term` weeks (then `weeks` is not used)."""

    weeks: int = 28
    born: int = 0
    term: int = 39
    gravida: int = 2
    para: int = 1
    diabetes: bool = False
    child: str = "girl"
    grams: int = 3350
    key: str = "pregnancy"
    problem: Problem | None = field(default=None, init=False)
    sugar: Problem | None = field(default=None, init=False)
    vitamin: Drug | None = field(default=None, init=False)
    lmp: date = field(default=date.min, init=False)

    def plan(self, life: Life) -> None:
        """Visits by the usual calendar, tests at their weeks, birth in hospital."""
        today = life.today
        birth = today - timedelta(days=self.born) if self.born else None
        self.lmp = birth - timedelta(days=self.term * 7) if birth else today - timedelta(days=self.weeks * 7)
        done = self.term if birth else self.weeks
        life.pause(self.lmp - timedelta(days=20), (birth or today) + timedelta(days=75))
        for week in _WEEKS:
            if week < done or (week == done and not birth):
                self._prenatal(life, week)
        self._weight(life, birth)
        if birth:
            self._birth(life, birth)
        if self.born < 300:
            life.care.append(
                "Prenatal vitamin daily; call for bleeding, headache or less movement"
                if not birth
                else "Breastfeeding support, postpartum mood check"
            )

    def _prenatal(self, life: Life, week: int) -> None:
        day = moments.weekday(
            self.lmp + timedelta(days=week * 7 + life.chance.randrange(0, 4)), life.last_day
        )
        reason = "First prenatal visit" if week == 8 else f"Prenatal visit, {week} weeks"
        visit = Visit(
            moments.at(day, life.chance.randrange(9, 15), life.chance.choice((0, 30))),
            "prenatal",
            reason,
            "vasquez",
            45 if week == 8 else 20,
            thread=self.key,
            elsewhere=day < life.joined,
        )
        if day >= life.today:
            return
        life.visits.append(visit)
        if self.problem is None:
            self.problem = life.problem("Z34.00" if self.gravida == 1 else "Z34.80", self.lmp, visit)
            self.vitamin = life.start("prenatal", visit, self.problem)
        else:
            visit.about.append(self.problem)
        if week == 8:
            visit.panels, visit.draw = ["cbc", "thyroid"], "after"
            visit.acts += [
                Finding(
                    "bloodtype", life.chance.pick(("O positive", "A positive", "B positive", "A positive"))
                ),
                Finding("hiv", "Negative"),
                Finding("hbsag", "Negative"),
                Finding("culture", "No growth"),
            ]
        elif week == 20:
            visit.acts.append(
                Report(
                    "Fetal anatomy ultrasound",
                    "11525-3",
                    "US Pelvis Fetus for pregnancy",
                    "Single living fetus, size equals dates. Four-chamber heart, spine, kidneys and face "
                    "normal. "
                    "Placenta posterior, clear of the os.",
                    "Normal anatomy at 20 weeks.",
                )
            )
        elif week == 24:
            visit.panels, visit.draw = ["glucose1h", "hgb"], "during"
            visit.forced = {"glucose1h": 158 if self.diabetes else 114, "hemoglobin": 11.9}
            if self.diabetes:
                visit.thought = [("Glucose screen high", "Three-hour test this week.")]
        elif week == 28:
            visit.acts.append(Shot("tdap"))
            if self.diabetes:
                self.sugar = life.problem("O24.410", day, visit)
        elif week == 36:
            visit.acts.append(Finding("gbs", "Negative"))
        if week >= 12:
            visit.forced["fhr"] = round(life.chance.near(146, 5))
        if week >= 20:
            visit.forced["fundus"] = week + life.chance.choice((-1, 0, 0, 1))

    def _weight(self, life: Life, birth: date | None) -> None:
        start = moments.years_before(life.today, self.lmp)
        life.tracks["weight"].shift(
            life.today,
            [(start, 0.0), (start - 0.25, 1.4), (start - self.term * 7 / 365.25, 12.6)]
            + (
                [
                    (moments.years_before(life.today, birth) - 0.02, 6.5),
                    (moments.years_before(life.today, birth) - 0.35, 2.0),
                ]
                if birth
                else []
            ),
        )
        for key, drop in (("sbp", 7.0), ("dbp", 5.0)):
            life.tracks[key].shift(life.today, [(start, 0.0), (start - 0.35, -drop), (start - 0.72, 0.0)])
        life.track(
            "hemoglobin",
            (start, 13.1),
            (start - 0.5, 11.8),
            (start - 0.76, 11.5),
            (start - 1.0, 12.8),
            noise=0.2,
        )

    def _birth(self, life: Life, birth: date) -> None:
        stay = Visit(
            moments.at(birth - timedelta(days=1), 22, 15),
            "inpatient",
            "Regular contractions at term",
            "vasquez",
            minutes=2 * 1440 + 720,
            thread=self.key,
            panels=["cbc"],
        )
        stay.forced = {"sbp": 124, "dbp": 76, "temp": 36.8, "spo2": 99, "hr": 88, "hemoglobin": 11.6}
        stay.rounds = [(2, ("hgb",), {"hemoglobin": 10.8, "temp": 36.7})]
        stay.acts.append(
            Procedure(
                "Vaginal delivery",
                "10E0XZZ",
                ICD10PCS,
                "Delivery of Products of Conception, External Approach",
                days=0,
            )
        )
        stay.heard = [
            (
                f"G{self.gravida}P{self.para} at {self.term} weeks, contractions every 4 minutes, membranes "
                "intact."
            )
        ]
        pounds = self.grams / 453.59237
        stay.story = (
            f"Spontaneous labor, epidural, birth of a living {self.child} of {self.grams:,} g "
            f"({int(pounds)} lb "
            f"{round(pounds % 1 * 16)} oz), Apgar 8 and 9. First-degree tear repaired, blood loss 300 mL. "
            "Breastfeeding established, afebrile, home with the baby on day 2."
        )
        life.visits.append(stay)
        delivery = life.problem("O80", birth, stay, listed=False, ended=stay.end.date())
        stay.about = [delivery]
        if self.problem:
            self.problem.ended = birth
        if self.vitamin and self.born > 200:
            self.vitamin.stop, self.vitamin.because = birth + timedelta(days=185), "Course completed"
        if self.sugar:
            self.sugar.ended = birth
            life.problem("Z86.32", birth, None)
        if self.born > 46:
            day = moments.weekday(birth + timedelta(days=42), life.last_day)
            visit = Visit(
                moments.at(day, 11, 0), "postpartum", "Postpartum check", "vasquez", 30, thread=self.key
            )
            visit.acts.append(Score("epds", life.chance.randrange(3, 8)))
            life.visits.append(visit)

    def speak(self, scene: Scene) -> Part | None:
        """Short, as prenatal notes are."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if visit.kind == "postpartum":
            score = known(chart, "epds", visit)
            return Part(
                "Postpartum, 6 weeks",
                "Bleeding stopped, breastfeeding well, baby sleeps 3-hour stretches, partner helps. "
                "Has not resumed sex, wishes a progestin IUD.",
                f"Recovering well, mood good (Edinburgh {score or 4:g}).",
                "IUD placement scheduled, continue vitamin while nursing.",
                None,
                {"abdomen": "Uterus involuted, not tender."},
            )
        if visit.kind != "prenatal":
            return None
        week = (visit.day - self.lmp).days // 7
        if week < 10:
            due = self.lmp + timedelta(days=280)
            return Part(
                f"Pregnancy, {week} weeks, G{self.gravida}P{self.para}",
                f"Last period {moments.spoken(self.lmp)}, sure of dates. Nausea in the morning, no bleeding.",
                f"Dating agrees with ultrasound, due {moments.spoken(due)}.",
                "Prenatal panel, vitamin, genetic screening discussed, no alcohol or smoking.",
                self.problem,
            )
        heard = life.chance.pick(
            (
                "No bleeding, no contractions.",
                "Some heartburn, no headache.",
                "Round ligament pain when turning in bed.",
                "Sleeps poorly, otherwise well.",
            )
        )
        if week >= 20:
            heard = f"Baby moves well. {heard}"
        plan = (
            "Glucose test today, Tdap next visit."
            if week == 24
            else "Birth plan, signs of labor reviewed."
            if week >= 34
            else "Kick counts explained, Tdap given."
            if 27 <= week <= 29
            else "Routine prenatal care."
        )
        if self.sugar and visit.day >= self.sugar.onset:
            plan = (
                f"Gestational diabetes, diet: fasting sugars 82 to 93, one hour after meals below 135. {plan}"
            )
        return Part(
            f"Pregnancy, {week} weeks, G{self.gravida}P{self.para}",
            heard,
            "Size equals dates, blood pressure normal."
            if week >= 20
            else "Heart tones heard, blood pressure normal.",
            plan,
            self.problem,
        )

    def after(self, life: Life, chart: Chart) -> None:
        """Dating, pregnancy history and the episode of care."""
        visit = next((visit for visit in life.seen() if visit.kind == "prenatal"), None)
        if visit is None:
            return
        due = self.lmp + timedelta(days=280)
        rows = (
            (
                "8665-2",
                "Last menstrual period start date",
                "Last period",
                {"valueDateTime": self.lmp.isoformat()},
            ),
            ("11778-8", "Delivery date Estimated", "Due date", {"valueDateTime": due.isoformat()}),
            (
                "11996-6",
                "[#] Pregnancies",
                "Pregnancies",
                {"valueQuantity": quantity(self.gravida, "pregnancies", "{#}")},
            ),
            ("11977-6", "[#] Parity", "Births", {"valueQuantity": quantity(self.para, "births", "{#}")}),
            (
                "82810-3",
                "Pregnancy status",
                "Pregnancy status",
                {"valueCodeableConcept": concept(LOINC, "LA15173-0", "Pregnant", "Pregnant")},
            ),
        )
        for code, name, text, value in rows:
            chart.add(
                "Observation",
                {
                    "status": "final",
                    "category": [hl7("observation-category", "social-history", "Social History")],
                    "code": concept(LOINC, code, name, text),
                    "subject": chart.subject(),
                    "encounter": ref(visit.reference),
                    "effectiveDateTime": moments.stamp(visit.start),
                    "performer": [chart.clinic.practitioner("vasquez")],
                }
                | value,
            )
        self._episode(life, chart, visit)

    def _episode(self, life: Life, chart: Chart, visit: Visit) -> None:
        ended = self.problem.ended if self.problem else None
        chart.add(
            "EpisodeOfCare",
            {
                "status": "finished" if ended else "active",
                "type": [words("Prenatal care")],
                "diagnosis": [
                    {
                        "condition": ref(self.problem.reference),
                        "role": hl7("diagnosis-role", "CC", "Chief complaint"),
                        "rank": 1,
                    }
                ]
                if self.problem and self.problem.reference
                else None,
                "patient": chart.subject(),
                "managingOrganization": chart.clinic.organization("harbor"),
                "period": {"start": visit.day.isoformat()}
                | (
                    {"end": (ended + timedelta(days=42)).isoformat()}
                    if ended and ended + timedelta(days=42) <= life.today
                    else {}
                ),
                "careManager": chart.clinic.practitioner("vasquez"),
            },
        )
