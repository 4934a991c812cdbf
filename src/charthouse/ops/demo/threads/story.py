"""What stands beside the visits: messages, open referrals and orders, tasks, flags, missed appointments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo import diary, moments, orders
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import hl7, words
from charthouse.ops.demo.life import Life, Thread
from charthouse.ops.demo.plan import Referral, Visit


@dataclass(slots=True)
class Message(Thread):
    """A message of the patient `days` ago."""

    days: float = 10.0
    topic: str = "Question"
    text: str = ""
    reply: str | None = None
    key: str = "message"

    def after(self, life: Life, chart: Chart) -> None:
        """The message, and the answer or the task to answer."""
        sent = moments.at(life.today - timedelta(days=round(self.days)), 19, 12)
        if self.days < 1:
            sent = moments.at(life.today, 6, 50)
        orders.message(chart, sent, self.text, life.person.doctor, self.reply, self.topic)


@dataclass(slots=True)
class OpenReferral(Thread):
    """A referral sent by telephone `days` ago, not answered yet unless `answer`."""

    days: int = 33
    who: str = "whitlow"
    service: str = "Diabetic eye exam"
    question: str = ""
    answer: str = ""
    answered: int = 20
    urgent: bool = False
    key: str = "referral"

    def settle(self, life: Life) -> None:
        """The telephone visit at which it is sent."""
        visit = life.visit(
            moments.weekday(life.today - timedelta(days=self.days)), self.service, "phone", thread=self.key
        )
        visit.thought = [(self.service, "Referral sent today, number of the office given.")]
        visit.heard = ["Asked for the referral that was talked about at the last visit."]
        main = next(
            (
                problem
                for problem in life.problems
                if problem.listed and problem.ended is None and not problem.restricted
            ),
            None,
        )
        if main:
            visit.about.append(main)
        visit.acts.append(
            Referral(self.who, self.service, self.question, self.answer, self.answered, self.urgent, main)
        )
        life.visits.sort(key=lambda other: other.start)


@dataclass(slots=True)
class OpenOrder(Thread):
    """An order that nobody has carried out yet, placed at the last visit before `days` ago."""

    days: int = 60
    text: str = "Screening mammogram"
    category: str = "Imaging"
    key: str = "order"

    def after(self, life: Life, chart: Chart) -> None:
        """The order itself."""
        limit = life.today - timedelta(days=self.days)
        visits = [visit for visit in life.finished() if visit.day <= limit]
        if visits:
            orders.pending(
                chart, visits[-1], words(self.text), self.category, visits[-1].end - timedelta(minutes=3)
            )


@dataclass(slots=True)
class Duty(Thread):
    """A task of the clinic about this patient."""

    text: str = "Call about result"
    owner: str = ""
    days: int = 1
    urgent: bool = False
    key: str = "task"

    def after(self, life: Life, chart: Chart) -> None:
        """The task, due tomorrow."""
        when = moments.at(life.today - timedelta(days=self.days), 16, 5)
        orders.task(
            chart,
            self.text,
            when,
            self.owner or life.person.doctor,
            None,
            "requested",
            when + timedelta(days=2),
            urgent=self.urgent,
        )


@dataclass(slots=True)
class Noshow(Thread):
    """Appointments missed so many days ago."""

    days: list[int] = field(default_factory=list)
    key: str = "noshow"

    def after(self, life: Life, chart: Chart) -> None:
        """Missed appointments."""
        for days in self.days:
            day = moments.weekday(life.today - timedelta(days=days))
            diary.appointment(
                chart,
                Visit(moments.at(day, 11, 0), "follow-up", "Follow-up", life.person.doctor, 20),
                "noshow",
            )


@dataclass(slots=True)
class Flag(Thread):
    """A flag on the chart, e.g. a restriction, a risk of falling."""

    text: str = "Fall risk"
    category: str = "safety"
    key: str = "flag"

    def after(self, life: Life, chart: Chart) -> None:
        """The Flag."""
        names = {"safety": "Safety", "admin": "Administrative", "clinical": "Clinical"}
        first = life.seen()[0]
        chart.add(
            "Flag",
            {
                "status": "inactive" if life.person.died else "active",
                "category": [hl7("flag-category", self.category, names[self.category])],
                "code": words(self.text),
                "subject": chart.subject(),
                "period": {"start": first.day.isoformat()}
                | ({"end": life.person.died.isoformat()} if life.person.died else {}),
                "author": chart.clinic.practitioner(life.person.doctor),
            },
        )
