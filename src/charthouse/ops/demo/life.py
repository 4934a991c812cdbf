"""A life in the making: threads (diabetes, pregnancy, childhood …) weave visits, problems and drugs into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from charthouse.ops.demo import moments
from charthouse.ops.demo.chance import Chance
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.person import Person
from charthouse.ops.demo.plan import KINDS, Allergy, Drug, Part, Problem, Referral, Visit
from charthouse.ops.demo.tables import load
from charthouse.ops.demo.tracks import Track

_JOINING: Final = frozenset({"follow-up", "physical", "new"})


@dataclass(slots=True)
class Rhythm:
    """How often somebody comes for a reason, from so many years ago until so many years ago."""

    months: float
    reason: str
    since: float
    until: float
    who: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """A visit being written down: what the threads look at when they speak."""

    life: Life
    chart: Chart
    visit: Visit


class Thread:
    """One strand of a life; subclasses plan events and speak in the notes of visits."""

    key = "thread"

    def plan(self, life: Life) -> None:
        """Put visits, problems, drugs and tracks into the life."""

    def speak(self, scene: Scene) -> Part | None:
        """What this strand adds to the note of a visit, or nothing."""

    def settle(self, life: Life) -> None:
        """Add to visits once all of them are known: vaccines, screening, scores."""

    def after(self, life: Life, chart: Chart) -> None:
        """Write what stands beside the visits: messages, corrections, tasks."""


class Life:
    """The plan of one patient, from the day the clinic first knew of them to today."""

    def __init__(self, person: Person, today: date, chance: Chance, joined: float) -> None:
        """`joined` is how many years ago the first visit was."""
        self.person = person
        self.today = today
        self.chance = chance
        self.last_day = person.died - timedelta(days=1) if person.died else today
        self.visits: list[Visit] = []
        self.problems: list[Problem] = []
        self.drugs: list[Drug] = []
        self.allergies: list[Allergy] = []
        self.tracks: dict[str, Track] = {}
        self.threads: list[Thread] = []
        self.rhythms: list[Rhythm] = []
        self.checks: dict[str, tuple[float, float]] = {}
        self.pauses: list[tuple[date, date]] = []
        self.family: list[tuple[str, str, str | None, str]] = []
        self.social: list[str] = []
        self.goals: list[tuple[str, str, Problem | None]] = []
        self.care: list[str] = []
        self.operations: list[tuple[str, str]] = []
        self.smoking: list[tuple[float, str]] = [(200.0, "never")]
        self.z = (chance.near(0.0, 0.7), chance.near(0.1, 0.7))
        self.bases: dict[str, float] = {}
        self.joined = max(moments.ago(today, joined), person.born)

    def when(self, years: float) -> date:
        """The open day that lies about `years` ago, never later than the last day of the record."""
        day = moments.ago(self.today, years)
        return moments.weekday(max(day, self.person.born), self.last_day if day <= self.last_day else None)

    def visit(
        self,
        years: float | date,
        reason: str,
        kind: str = "follow-up",
        *,
        who: str | None = None,
        labs: Sequence[str] = (),
        draw: str = "before",
        thread: str = "",
        hour: tuple[int, int] | None = None,
        minutes: int | None = None,
    ) -> Visit:
        """A visit about `years` ago (or on a day); one close by of a like kind is joined rather than doubled.

        Before the clinic knew the patient it is only remembered (`elsewhere`). `draw` says when blood for
        `labs` is taken: before, during or after the visit.
        """
        day = self.when(years) if isinstance(years, (int, float)) else years
        if kind in _JOINING and (near := self._near(day)):
            near.panels += [panel for panel in labs if panel not in near.panels]
            if reason not in near.reason:
                near.reason = f"{near.reason}; {reason[0].lower()}{reason[1:]}"
            return near
        hour = hour or (self.chance.randrange(8, 16), self.chance.choice((0, 20, 40)))
        visit = Visit(
            moments.at(day, *hour),
            kind,
            reason,
            who or self.person.doctor,
            minutes or KINDS[kind][1],
            elsewhere=day < self.joined,
            thread=thread,
            panels=list(labs),
            draw=draw,
        )
        self.visits.append(visit)
        return visit

    def _near(self, day: date) -> Visit | None:
        for visit in self.visits:
            if visit.kind in _JOINING and abs((visit.day - day).days) <= 9 and visit.status == "finished":
                return visit
        return None

    def problem(
        self,
        code: str,
        onset: date,
        visit: Visit | None = None,
        *,
        listed: bool = True,
        ended: date | None = None,
        text: str | None = None,
    ) -> Problem:
        """A condition from a day on, written down at `visit` (else at the first one)."""
        found = Problem(onset, [(onset, code)], listed, ended, text)
        self.problems.append(found)
        if visit is not None and not visit.elsewhere:
            visit.noted.append(found)
            visit.about.append(found)
        return found

    def has(self, *codes: str) -> Problem | None:
        """The first planned problem whose newest code starts with one of `codes`."""
        for problem in self.problems:
            if problem.ended is None and problem.code().startswith(codes):
                return problem
        return None

    def start(
        self,
        key: str,
        visit: Visit,
        why: Problem | None = None,
        *,
        how: str | None = None,
        days: int | None = None,
    ) -> Drug:
        """Begin a drug at a visit; a short course ends by itself after `days`."""
        drug = Drug(key, visit.day, why, how=how)
        if days is not None:
            drug.stop, drug.because = visit.day + timedelta(days=days), "Course completed"
        self.drugs.append(drug)
        if not visit.elsewhere:
            visit.started.append(drug)
        return drug

    def stop(self, drug: Drug, visit: Visit, because: str) -> None:
        """End a drug at a visit."""
        drug.stop, drug.because = visit.day, because
        if not visit.elsewhere:
            visit.stopped.append(drug)

    def change(self, drug: Drug, key: str, visit: Visit, because: str = "Dose changed") -> Drug:
        """Replace a drug by another, or by another dose of it."""
        self.stop(drug, visit, because)
        return self.start(key, visit, drug.why)

    def track(self, key: str, *points: tuple[float, float], noise: float = 0.0) -> None:
        """How a measurement goes: (years ago, value) points."""
        self.tracks[key] = Track(self.today, points, noise)

    def rhythm(
        self, months: float, reason: str, since: float, until: float = 0.0, who: str | None = None
    ) -> None:
        """Come back every so many months."""
        self.rhythms.append(Rhythm(months, reason, since, until, who))

    def check(self, panel: str, months: float, since: float) -> None:
        """Have a panel drawn about every so many months; the shortest interval asked for holds."""
        old = self.checks.get(panel)
        self.checks[panel] = (months, since) if old is None else (min(months, old[0]), max(since, old[1]))

    def refer(self, visit: Visit, letter: str, why: Problem | None = None, **facts: str) -> None:
        """Refer to a colleague as `data/letters.json` words it; the letter back comes after its days.

        `facts` fill the blanks of the question.
        """
        row = load("letters")[letter]
        answer = self.chance.pick(row["answer"])
        question = row["question"].format(**facts)
        visit.acts.append(Referral(row["who"], row["service"], question, answer, row["days"], why=why))

    def pause(self, start: date, end: date) -> None:
        """No routine visits in between (pregnancy, hospital)."""
        self.pauses.append((start, end))

    def running(self, on: date) -> list[Drug]:
        """The drugs taken on a day, those of a visit that day included."""
        return [drug for drug in self.drugs if drug.running(on)]

    def takes(self, on: date, *keys: str) -> Drug | None:
        """The drug taken on a day whose key starts with one of `keys`."""
        return next((drug for drug in self.drugs if drug.running(on) and drug.key.startswith(keys)), None)

    def value(self, key: str, on: date) -> float:
        """A reading of a track on a day, with its noise."""
        track = self.tracks[key]
        return self.chance.near(track.at(on), track.noise)

    def smoking_on(self, day: date) -> str:
        """Smoking status on a day; changes are (years ago, status), oldest first."""
        years = moments.years_before(self.today, day)
        return [status for since, status in self.smoking if years <= since][-1]

    def seen(self) -> list[Visit]:
        """The visits of this chart, in order, those of today that have begun included."""
        return [visit for visit in self.visits if not visit.elsewhere and visit.status != "arrived"]

    def finished(self) -> list[Visit]:
        """The finished visits at the clinic, in order."""
        return [visit for visit in self.seen() if visit.status == "finished" and not visit.away]

    def age(self, on: date | datetime) -> int:
        """Completed years of age on a day."""
        return moments.age(self.person.born, on.date() if isinstance(on, datetime) else on)
