"""Substance use treatment. Its notes carry restricted labels: nobody reads them without consent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from charthouse.ops.demo import moments
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Finding, Part, Problem, Visit


@dataclass(slots=True)
class OpioidRecovery(Thread):
    """Opioid use disorder on buprenorphine since `since`; hepatitis C treated at `cured` (years ago)."""

    since: float = 2.1
    cured: float = 1.4
    relapse: float = 1.7
    key: str = "opioids"
    problem: Problem | None = field(default=None, init=False)
    liver: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Start, weekly, then monthly visits with urine tests."""
        day = moments.weekday(moments.ago(life.today, self.since))
        first = self._visit(life, day, "Wants help with opioid use", 45)
        self.problem = life.problem("F11.20", day - timedelta(days=2200), first)
        self.problem.restricted = True
        for key in ("bup-nal", "naloxone"):
            life.start(key, first, self.problem).restricted = True
        gap, when = 7, day
        while True:
            when = moments.weekday(when + timedelta(days=gap))
            if when >= life.last_day - timedelta(days=3):
                break
            visit = self._visit(life, when, "Buprenorphine follow-up", 20)
            visit.about = [self.problem]
            slip = abs(moments.years_before(life.today, when) - self.relapse) < 0.02
            visit.acts += [
                Finding("bupe", "Positive"),
                Finding("opiates", "Negative"),
                Finding("fentanyl", "Positive" if slip else "Negative", slip),
            ]
            gap = (
                7
                if moments.years_before(life.today, when) > self.since - 0.1
                else 14
                if (moments.years_before(life.today, when) > self.since - 0.3)
                else 42
            )
        if self.since > 1.2:
            self.problem.codes.append((moments.ago(life.today, self.since - 1.1), "F11.21"))
        if self.cured:
            self._hepatitis(life)
        life.rhythm(7.0, "Follow-up", self.since)
        life.care.append("Naloxone at home, friends know where it is")

    def _visit(self, life: Life, day: date, reason: str, minutes: int) -> Visit:
        visit = Visit(
            moments.at(day, 16, life.chance.choice((0, 20))),
            "counseling",
            reason,
            "kim",
            minutes,
            thread=self.key,
            restricted=True,
        )
        life.visits.append(visit)
        return visit

    def _hepatitis(self, life: Life) -> None:
        life.track(
            "hcvrna", (self.cured + 2, 1_850_000), (self.cured, 1_850_000), (self.cured - 0.06, 0), (0, 0)
        )
        life.track("alt", (self.cured, 78), (self.cured - 0.1, 27), (0, 23), noise=3)
        life.track("ast", (self.cured, 61), (self.cured - 0.1, 24), (0, 22), noise=3)
        found = life.visit(self.cured + 0.1, "Follow-up", labs=("metabolic", "hcvrna", "cbc"))
        found.acts.append(Finding("hcv", "Positive", True))
        self.liver = life.problem("B18.2", found.day, found)
        start = life.visit(self.cured, "Hepatitis C treatment start")
        life.start("hcv-treatment", start, self.liver, days=84)
        end = life.visit(
            self.cured - 0.48, "Hepatitis C, 12 weeks after treatment", labs=("hcvrna", "metabolic")
        )
        self.liver.ended = end.day

    def speak(self, scene: Scene) -> Part | None:
        """Cravings, use, work, urine; in unrestricted notes only the liver."""
        life, visit = scene.life, scene.visit
        if visit.thread == self.key and self.problem:
            if visit.minutes == 45:
                return Part(
                    "Opioid use disorder, severe",
                    "Fentanyl by nose daily for six years, last use yesterday, two overdoses, lost job and "
                    "apartment, stays with mother. Wants to be there for his son.",
                    "Mild withdrawal, COWS 11.",
                    "Buprenorphine-naloxone started in the office, 8-2 mg then 16-4 mg daily. Naloxone "
                    "given, HIV and hepatitis tests.",
                    self.problem,
                    {"general": "Yawning, pupils large."},
                )
            slip = any(
                isinstance(act, Finding) and act.key == "fentanyl" and act.abnormal for act in visit.acts
            )
            heard = (
                "Used once at a funeral, told us before the test, back on the tablets the next day."
                if slip
                else life.chance.pick(
                    (
                        "No use, no cravings, works full time.",
                        "Cravings on paydays, calls a sponsor.",
                        "Sleeps well, sees family on weekends.",
                        "No use. Meetings twice a week.",
                        "Dreamed of using, woke relieved.",
                        "Constipated, otherwise no side effects.",
                        "Asked about a lower dose, decided to stay for now.",
                        "Hard month, a friend died; reached out instead of using.",
                        "Paid off a court fee, looks for an apartment.",
                    )
                )
            )
            return Part(
                "Opioid use disorder",
                heard,
                "Lapse, spoken about without blame." if slip else "Doing well, urine as expected.",
                "Continue buprenorphine-naloxone 16-4 mg daily.",
                self.problem,
            )
        if (
            self.liver
            and visit.whole
            and self.liver.onset <= visit.day
            and not (self.liver.ended and visit.day > self.liver.ended)
        ):
            cured = visit.day == self.liver.ended
            return Part(
                "Chronic hepatitis C",
                "Took every tablet." if cured else "",
                "RNA not detected 12 weeks after treatment: cured." if cured else "Genotype 1a, no fibrosis.",
                "No further testing unless new risk." if cured else "Sofosbuvir-velpatasvir for 12 weeks.",
                None if cured else self.liver,
            )
        return None


@dataclass(slots=True)
class AlcoholRecovery(Thread):
    """Alcohol use disorder treated in a program from `since` for a year, in remission now."""

    since: float = 6.3
    key: str = "alcohol"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Program visits, naltrexone for a year."""
        first, *later = [self._session(life, self.since - gap) for gap in (0.0, 0.1, 0.3, 0.6, 1.0)]
        self.problem = life.problem("F10.20", first.day, first)
        self.problem.restricted = True
        drug = life.start("naltrexone", first, self.problem)
        drug.restricted = True
        for visit in later:
            visit.about = [self.problem]
        self.problem.codes.append((later[-1].day, "F10.21"))
        life.stop(drug, later[-1], "One year of treatment completed")

    def _session(self, life: Life, years: float) -> Visit:
        day = moments.weekday(moments.ago(life.today, years))
        visit = Visit(
            moments.at(day, 16, 0),
            "counseling",
            "Program intake" if years == self.since else "Program visit",
            "lombardi",
            50,
            thread=self.key,
            restricted=True,
            elsewhere=day < life.joined,
        )
        life.visits.append(visit)
        return visit

    def speak(self, scene: Scene) -> Part | None:
        """Only in the program's own notes."""
        life, visit = scene.life, scene.visit
        if visit.thread != self.key or self.problem is None:
            return None
        first = visit.reason == "Program intake"
        return Part(
            "Alcohol use disorder",
            "A bottle of wine each evening since the divorce, wants to stop before her daughter starts "
            "college."
            if first
            else life.chance.pick(
                (
                    "No drinking since the last visit.",
                    "One glass at a wedding, none since.",
                    "Goes to a women's group on Thursdays.",
                )
            ),
            "No withdrawal, ready for change." if first else "Doing well.",
            "Naltrexone daily, weekly group."
            if first
            else "Continue program."
            if visit.day != self.problem.codes[-1][0]
            else "Program completed, in remission.",
            self.problem,
        )
