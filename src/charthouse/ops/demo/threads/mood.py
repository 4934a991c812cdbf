"""Depression and anxiety, measured: scores fall with treatment, not at once and not in a straight line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo import moments
from charthouse.ops.demo.chance import Chance
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Drug, Part, Problem, Score, Visit
from charthouse.ops.demo.threads.words import known, regimen


def phq9(total: int, chance: Chance) -> Score:
    """A PHQ-9 of `total` with answers that add up to it; the last item stays 0 or 1."""
    weights = (3, 3, 3, 3, 2, 2, 2, 1)
    items = [0] * 9
    if total >= 15 and chance.odds(0.4):
        items[8] = 1
    while sum(items) < total:
        index = chance.choices(range(8), weights)[0]
        if items[index] < 3:
            items[index] += 1
        elif all(item == 3 for item in items[:8]):
            break
    return Score("phq9", sum(items), tuple(items))


def _degree(total: float) -> str:
    return (
        "minimal"
        if total < 5
        else "mild"
        if total < 10
        else "moderate"
        if total < 15
        else "moderately severe"
        if total < 20
        else "severe"
    )


@dataclass(slots=True)
class Depression(Thread):
    """Major depression since `since`: first score `worst`, today's `now`; counseling sessions if `talks`."""

    since: float = 1.6
    worst: int = 17
    now: int = 4
    drug: str = "sertraline-50"
    raised: bool = True
    talks: int = 5
    recurrent: bool = False
    key: str = "depression"
    problem: Problem | None = field(default=None, init=False)
    sessions: dict[Visit, int] = field(default_factory=dict, init=False)

    def plan(self, life: Life) -> None:
        """Diagnosis, start, raise after six weeks, counseling, slow remission."""
        life.track(
            "phq9",
            (self.since, self.worst),
            (self.since - 0.12, self.worst * 0.74),
            (max(self.since - 0.4, 0.1), self.worst * 0.45),
            (self.since * 0.42, self.now),
            (0, self.now),
            noise=0.9,
        )
        found = life.visit(self.since, "Low mood", minutes=40)
        self.problem = life.problem("F33.1" if self.recurrent else "F32.1", found.day, found)
        drug: Drug = life.start(self.drug, found, self.problem)
        check = life.visit(self.since - 0.115, "Depression follow-up")
        if self.raised and self.drug == "sertraline-50":
            life.change(drug, "sertraline-100", check)
        if self.since > 0.55:
            life.visit(self.since - 0.32, "Depression follow-up", "video")
        if self.now < 5 and not self.recurrent and self.since > 0.9:
            late = life.visit(self.since * 0.35, "Depression follow-up")
            self.problem.codes.append((late.day, "F32.5" if self.since > 1.4 else "F32.4"))
        self._talks(life)
        life.rhythm(5.0, "Depression follow-up", self.since)
        life.goals.append(
            ("PHQ-9 below 5 for six months", "achieved" if self.now < 5 else "improving", self.problem)
        )
        life.care += [
            "Crisis plan: 988 lifeline, sister's number on the phone",
            "Counseling with the clinic's social worker",
        ]

    def _talks(self, life: Life) -> None:
        day = moments.ago(life.today, self.since) + timedelta(days=16)
        for number in range(self.talks):
            open_day = moments.weekday(day, life.last_day)
            if open_day >= life.last_day - timedelta(days=2) or open_day < life.joined:
                break
            visit = Visit(
                moments.at(open_day, 15, 0),
                "counseling",
                "Counseling session",
                "lombardi",
                50,
                thread=self.key,
            )
            self.sessions[visit] = number
            if self.problem:
                visit.about.append(self.problem)
            life.visits.append(visit)
            day += timedelta(days=14 if number < 3 else 28)

    def settle(self, life: Life) -> None:
        """A PHQ-9 at each visit about it."""
        for visit in life.seen():
            if (
                self.problem
                and visit.day >= self.problem.onset
                and visit.status == "finished"
                and (
                    visit.kind in ("physical", "video")
                    or "epression" in visit.reason
                    or "mood" in visit.reason
                )
            ):
                visit.acts.append(phq9(max(0, round(life.value("phq9", visit.day))), life.chance))

    def speak(self, scene: Scene) -> Part | None:
        """Mood, sleep, work, thoughts of death, the score."""
        life, visit = scene.life, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        if visit in self.sessions:
            return self._session(life, visit)
        if (
            visit.kind not in ("physical", "new", "video")
            and "epression" not in visit.reason
            and "mood" not in visit.reason
        ):
            return None
        total = round(life.tracks["phq9"].at(visit.day))
        shot = next((act for act in visit.acts if isinstance(act, Score) and act.key == "phq9"), None)
        total = shot.total if shot else total
        if visit.day == self.problem.onset:
            safety = (
                "Thoughts of being better off dead on some days, no plan, no means, wants help."
                if shot and shot.items[8:] == (1,)
                else "No thoughts of suicide."
            )
            return Part(
                "Major depression",
                "Down most days for two months since a hard winter at work, little pleasure, wakes at 4, "
                f"eats little, cannot concentrate. {safety}",
                f"PHQ-9 {total}, {_degree(total)}. Safe to go home.",
                f"{regimen(life, visit, 'sertraline', 'escitalopram')} Counseling started. Back in six "
                "weeks, call sooner; 988 given.",
                self.problem,
                {"mood": "Tearful at times, slow speech, thought clear, no psychosis."},
            )
        heard = (
            "Better, sleeps 7 hours, back to seeing friends."
            if total < 5
            else "Somewhat better, more good days than bad."
            if total < 10
            else "Still low most days, gets to work."
        )
        return Part(
            self.problem.called(visit.day),
            f"{heard} No thoughts of suicide.",
            f"PHQ-9 {total}, {_degree(total)}.",
            regimen(life, visit, "sertraline", "escitalopram", "trazodone"),
            self.problem,
            {"mood": "Brighter, full range of affect." if total < 10 else "Subdued, reactive."},
        )

    def _session(self, life: Life, visit: Visit) -> Part:
        topics = (
            "Intake: story, strengths, supports, aims agreed.",
            "Behavioral activation: planned two pleasant activities a week.",
            "Looked at the thought 'I let everybody down' and the evidence for and against it.",
            "Practiced saying no at work; slept better this week.",
            "Relapse signs and a written plan for them.",
        )
        return Part(
            "Counseling, depression",
            topics[min(self.sessions[visit], 4)],
            "Engaged, no safety concerns.",
            "Next session in two weeks." if self.sessions[visit] < 3 else "Monthly from now on.",
            self.problem,
            {
                "mood": life.chance.pick(
                    ("Cooperative, affect brighter than last time.", "Good eye contact, reflective.")
                )
            },
        )


@dataclass(slots=True)
class Anxiety(Thread):
    """Generalized anxiety since `since` with GAD-7 from `worst` to `now`."""

    since: float = 2.0
    worst: int = 14
    now: int = 5
    drug: str = "escitalopram"
    key: str = "anxiety"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Diagnosis, an SSRI, fewer worries."""
        life.track(
            "gad7",
            (self.since, self.worst),
            (max(self.since - 0.3, 0.05), self.worst * 0.6),
            (0, self.now),
            noise=0.8,
        )
        found = life.visit(self.since, "Worry and poor sleep")
        self.problem = life.problem("F41.1", found.day, found)
        if self.drug:
            life.start(self.drug, found, self.problem)
        if self.since > 0.3:
            life.visit(self.since - 0.14, "Anxiety follow-up", "video")
        life.rhythm(6.0, "Anxiety follow-up", self.since)

    def settle(self, life: Life) -> None:
        """A GAD-7 at each visit about it."""
        for visit in life.seen():
            if (
                self.problem
                and visit.day >= self.problem.onset
                and visit.whole
                and visit.status == "finished"
            ):
                visit.acts.append(Score("gad7", max(0, round(life.value("gad7", visit.day)))))

    def speak(self, scene: Scene) -> Part | None:
        """Worry, sleep, the score."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        total = next(
            (act.total for act in visit.acts if isinstance(act, Score) and act.key == "gad7"),
            known(chart, "gad7", visit),
        )
        if total is None:
            return None
        first = visit.day == self.problem.onset
        heard = (
            "Worries about everything for a year, tense shoulders, takes an hour to fall asleep. No "
            "panic, no drug use."
            if first
            else life.chance.pick(
                ("Worries less, sleeps better.", "Good weeks and bad weeks.", "Uses breathing exercises.")
            )
        )
        return Part(
            "Generalized anxiety",
            heard,
            f"GAD-7 {total:g}, {'moderate' if total >= 10 else 'mild' if total >= 5 else 'minimal'}.",
            regimen(life, visit, "escitalopram") or "Skills app and sleep routine.",
            self.problem,
        )
