"""Open and closed loops: referrals, orders not yet done, tasks, messages."""

from __future__ import annotations

from datetime import datetime, timedelta

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import documents, moments
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import ref, words
from charthouse.ops.demo.plan import Referral, Visit


def referral(chart: Chart, visit: Visit, act: Referral) -> str:
    """A referral with its letter, the task that watches over it, and the answer if one came."""
    clinic = chart.clinic
    sent = visit.start + timedelta(minutes=max(visit.minutes - 2, 1))
    back = _answer_time(chart, visit, act)
    closed = back is not None
    reasons = [ref(act.why.reference, act.why.called(visit.day))] if act.why and act.why.reference else []
    order = chart.add(
        "ServiceRequest",
        {
            "status": "completed" if closed else "active",
            "intent": "order",
            "category": [words("Referral")],
            "priority": "urgent" if act.urgent else "routine",
            "code": words(act.service),
            "subject": chart.subject(),
            "encounter": ref(visit.reference),
            "authoredOn": moments.stamp(sent),
            "requester": clinic.practitioner(visit.who),
            "performerType": words(clinic.staff[act.who]["specialty"]),
            "performer": [clinic.practitioner(act.who)],
            "reasonReference": reasons,
            "note": [{"text": act.question}],
        },
    )
    letter = documents.letter(chart, visit, act, order, sent)
    answer = documents.answer(chart, visit, act, order, back) if back else None
    task(
        chart,
        f"{act.service}: get the report back",
        sent,
        visit.who,
        order,
        "completed" if closed else "in-progress",
        sent + timedelta(days=30),
        back,
    )
    chart.trees[order]["supportingInfo"] = [ref(letter)] + ([ref(answer)] if answer else [])
    return order


def _answer_time(chart: Chart, visit: Visit, act: Referral) -> datetime | None:
    """When the letter came back; nothing while it is still to come."""
    day = moments.weekday((visit.start + timedelta(days=act.answered)).date())
    return moments.at(day, 11, 15) if act.answer and day < chart.today else None


def task(
    chart: Chart,
    text: str,
    when: datetime,
    owner: str,
    focus: str | None,
    status: str,
    due: datetime | None = None,
    done: datetime | None = None,
    urgent: bool = False,
) -> str:
    """Something somebody at the clinic has to do."""
    return chart.add(
        "Task",
        {
            "status": status,
            "intent": "order",
            "priority": "urgent" if urgent else "routine",
            "code": words(text),
            "description": text,
            "focus": ref(focus) if focus else None,
            "for": chart.subject(),
            "authoredOn": moments.stamp(when),
            "lastModified": moments.stamp(done or when),
            "requester": chart.clinic.practitioner("fisher"),
            "owner": chart.clinic.practitioner(owner),
            "restriction": {"period": {"end": moments.stamp(due)}} if due else None,
        },
    )


def pending(chart: Chart, visit: Visit, code: Tree, category: str, when: datetime) -> str:
    """An order that waits to be carried out."""
    return chart.add(
        "ServiceRequest",
        {
            "status": "active",
            "intent": "order",
            "category": [words(category)],
            "code": code,
            "subject": chart.subject(),
            "encounter": ref(visit.reference) if visit.reference else None,
            "authoredOn": moments.stamp(when),
            "requester": chart.clinic.practitioner(visit.who),
        },
    )


def message(chart: Chart, sent: datetime, text: str, doctor: str, reply: str | None, topic: str) -> None:
    """What a patient wrote, and the clinic's answer if there is one."""
    first = chart.add(
        "Communication",
        {
            "status": "completed",
            "category": [words("Patient message")],
            "subject": chart.subject(),
            "topic": words(topic),
            "sent": moments.stamp(sent),
            "received": moments.stamp(sent + timedelta(seconds=5)),
            "recipient": [chart.clinic.practitioner(doctor)],
            "sender": chart.subject(),
            "payload": [{"contentString": text}],
        },
    )
    if reply:
        when = moments.at(moments.weekday((sent + timedelta(days=1)).date(), chart.today), 12, 40)
        if when <= sent:
            when = sent + timedelta(minutes=50)
        chart.add(
            "Communication",
            {
                "inResponseTo": [ref(first)],
                "status": "completed",
                "category": [words("Patient message")],
                "subject": chart.subject(),
                "topic": words(topic),
                "sent": moments.stamp(when),
                "received": moments.stamp(when + timedelta(seconds=5)),
                "recipient": [chart.subject()],
                "sender": chart.clinic.practitioner(doctor),
                "payload": [{"contentString": reply}],
            },
        )
    else:
        task(chart, f"Answer message: {topic}", sent, doctor, first, "requested", sent + timedelta(days=2))
