"""From a planned life to a chart: goes through the visits in order of time and writes what happened."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from charthouse.ops.demo import (
    billing,
    care,
    diary,
    documents,
    encounters,
    immunizations,
    labs,
    medications,
    moments,
    notes,
    orders,
    problems,
    prose,
    registration,
    studies,
    vitals,
)
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.clinic import Clinic
from charthouse.ops.demo.diary import Booking
from charthouse.ops.demo.life import Life
from charthouse.ops.demo.plan import Finding, Part, Procedure, Referral, Report, Score, Visit

BILLED_YEARS: Final = 2.0
_THIN_YEARS: Final = 4.5
# tests that are not answered while the patient waits
_DAYS_TO_ANSWER: Final = {
    "culture": 2,
    "pap": 6,
    "hcv": 1,
    "hiv": 1,
    "hbsag": 1,
    "gbs": 2,
    "fit": 4,
    "bloodtype": 1,
    "opiates": 1,
    "bupe": 1,
    "fentanyl": 1,
}
_DOCUMENTS: Final = {
    "new": "history",
    "emergency": "emergency",
    "phone": "phone",
    "nurse": "nurse",
    "anticoag": "progress",
    "counseling": "counseling",
}


def write(life: Life, clinic: Clinic, bookings: list[Booking]) -> Chart:
    """The whole chart of a life."""
    chart = Chart(clinic, life.person, life.today, life.chance)
    harbor, doctor = clinic.organization("harbor"), clinic.practitioner(life.person.doctor)
    chart.add("Patient", registration.patient(life.person, harbor, doctor))
    chart.coverage = registration.coverage(chart, _insured_since(life))
    visits = [visit for visit in life.visits if not visit.elsewhere]
    if life.person.died:
        for drug in life.running(life.person.died):
            drug.stop, drug.because = life.person.died, "Deceased"
    before: Visit | None = None
    for visit in visits:
        _visit(life, chart, visit, before)
        before = visit
    care.write(life, chart, [visit for visit in visits if visit.whole])
    _appointments(life, chart, visits, bookings)
    for number, visit in enumerate(visits):
        if moments.years_before(life.today, visit.day) < BILLED_YEARS and visit.status == "finished":
            billing.charge(chart, visit, number + 1)
    for thread in life.threads:
        thread.after(life, chart)
    return chart


def _insured_since(life: Life) -> date:
    start = max(life.joined, life.person.born)
    if life.person.payer == "medicare":
        return max(start, date(life.person.born.year + 65, life.person.born.month, 1))
    return start


def _visit(life: Life, chart: Chart, visit: Visit, before: Visit | None) -> None:
    if visit.status == "arrived":
        encounters.encounter(chart, visit)
        return
    encounters.encounter(chart, visit)
    if before is None:
        _background(life, chart, visit)
    for fact in life.allergies:
        fresh = before is None or (fact.since is not None and fact.since > before.day)
        if fresh and (fact.since is None or fact.since <= visit.day):
            problems.allergy(chart, fact, visit)
    for problem in life.problems:
        late = visit.whole and problem.onset <= visit.day and not _noted_later(life, problem, visit)
        if not problem.reference and (late or problem in visit.noted):
            problems.condition(chart, problem, visit, life.today)
    _measure(life, chart, visit)
    _draw(life, chart, visit, before)
    said = notes.parts(life, chart, visit)
    for part in said:
        if part.problem and part.problem.active(visit.day) and part.problem not in visit.about:
            visit.about.append(part.problem)
    for drug in visit.started:
        if not drug.reference:
            medications.prescription(chart, drug, visit, life.today)
    _acts(chart, visit)
    encounters.diagnoses(chart, visit)
    _note(life, chart, visit, said)


def _background(life: Life, chart: Chart, first: Visit) -> None:
    """What the first visit writes down about the time before it."""
    for problem in life.problems:
        if problem.onset <= first.day and not _noted_later(life, problem, first):
            problems.condition(chart, problem, first, life.today)
    for relation, code, icd, text in life.family:
        problems.family(chart, relation, code, icd, text, first.start)
    for text, year in life.operations:
        studies.past_procedure(chart, first, text, year)
    for drug in life.drugs:
        if drug.start < first.day and drug.running(first.day) and drug not in first.started:
            if drug.home:
                medications.statement(chart, drug, first)
            else:
                medications.prescription(chart, drug, first, life.today)


def _noted_later(life: Life, problem: object, first: Visit) -> bool:
    return any(problem in visit.noted for visit in life.visits if visit is not first and not visit.elsewhere)


def _measure(life: Life, chart: Chart, visit: Visit) -> None:
    helper = encounters.assistant(visit)
    moment = visit.start + timedelta(minutes=min(6, visit.minutes // 3))
    signs = vitals.wanted(life, visit)
    if moments.years_before(life.today, visit.day) > _THIN_YEARS and visit.kind in (
        "follow-up",
        "physical",
        "new",
    ):
        signs = [sign for sign in signs if sign not in ("rr", "temp", "spo2")]
    signs += [sign for sign in ("fundus", "fhr") if sign in visit.forced]
    vitals.take(life, chart, visit, moment, signs, helper)
    if visit.kind in ("new", "physical") and life.age(visit.day) >= 13:
        problems.smoking(chart, life.smoking_on(visit.day), visit)


def _draw(life: Life, chart: Chart, visit: Visit, before: Visit | None) -> None:
    """Blood before, during or after the visit; in hospital on each of the days planned."""
    if visit.panels:
        draw = "during" if visit.away else visit.draw if before is not None else "after"
        if draw == "before" and before is not None:
            early = 3 if visit.day == life.today else life.chance.randrange(3, 8)
            day = moments.weekday(visit.day - timedelta(days=early), visit.day)
            day = max(day, before.day)
            taken = moments.at(day, 7, life.chance.randrange(10, 55))
            issued = moments.at(day, 15, life.chance.randrange(0, 59))
            if taken >= visit.start or taken <= before.start:
                taken, issued = visit.start + timedelta(minutes=8), visit.start + timedelta(minutes=15)
            labs.draw(
                life,
                chart,
                visit,
                visit.panels,
                taken,
                issued,
                before.start + timedelta(minutes=12) if before.start < taken else taken,
            )
        elif draw == "during":
            taken = visit.start + timedelta(minutes=min(20, visit.minutes // 2))
            labs.draw(
                life,
                chart,
                visit,
                visit.panels,
                taken,
                taken + timedelta(minutes=40 if visit.away else 6),
                taken,
            )
        elif visit.day < life.today:
            taken = visit.end + timedelta(minutes=10)
            labs.draw(life, chart, visit, visit.panels, taken, taken + timedelta(hours=15), visit.start)
    for days, panels, values in visit.rounds:
        moment = moments.at(visit.day + timedelta(days=days), 6, 5)
        visit.forced = values
        vitals.take(life, chart, visit, moment, ["bp", "hr", "temp", "spo2", "weight"], "novak")
        if panels:
            labs.draw(life, chart, visit, list(panels), moment, moment + timedelta(hours=2), moment)


def _acts(chart: Chart, visit: Visit) -> None:
    taken = visit.start + timedelta(minutes=min(9, visit.minutes // 2))
    for act in visit.acts:
        if isinstance(act, Finding):
            days = _DAYS_TO_ANSWER.get(act.key, 0)
            labs.finding(chart, visit, act, taken, taken + timedelta(days=days, minutes=6))
        elif isinstance(act, Score):
            studies.score(chart, visit, act)
        elif isinstance(act, Report):
            studies.report(chart, visit, act)
        elif isinstance(act, Procedure):
            studies.procedure(chart, visit, act)
        elif isinstance(act, Referral):
            orders.referral(chart, visit, act)
    immunizations.shots(chart, visit)


def _note(life: Life, chart: Chart, visit: Visit, said: list[Part]) -> None:
    author = chart.clinic.practitioner(visit.who)
    if visit.kind == "inpatient":
        name = visit.about[0].called(visit.day) if visit.about else visit.reason
        text = prose.discharge_summary(life, chart, visit, name)
        visit.note = documents.write(
            chart,
            "discharge",
            f"Discharge summary: {name}",
            text,
            visit.end,
            author,
            visit=visit,
            outside=chart.clinic.organization("mercy"),
            period={"start": moments.stamp(visit.start), "end": moments.stamp(visit.end)},
        )
        return
    draft = visit.unsigned or visit.status != "finished"
    signed = (
        visit.end + timedelta(minutes=25)
        if visit.status == "finished"
        else visit.start + timedelta(minutes=16)
    )
    visit.note = documents.write(
        chart,
        _DOCUMENTS.get(visit.kind, "progress"),
        visit.reason,
        notes.compose(life, chart, visit, said),
        signed,
        author,
        visit=visit,
        status="preliminary" if draft else "final",
        restricted=visit.restricted,
        outside=chart.clinic.organization("mercy") if visit.away else None,
    )


def _appointments(life: Life, chart: Chart, visits: list[Visit], bookings: list[Booking]) -> None:
    """Past appointments of the last fourteen months, now and then a missed one, and what is booked."""
    for visit in visits:
        recent = moments.years_before(life.today, visit.day) < 1.2 and visit.day < life.today
        if recent and not visit.away and visit.kind != "phone":
            diary.appointment(chart, visit, "fulfilled")
            if visit.whole and chart.chance.odds(0.07):
                _missed(life, chart, visit)
    for booking in bookings:
        same = next((visit for visit in visits if visit.start == booking.start), None)
        visit = same or Visit(booking.start, booking.kind, booking.reason, booking.who, 30)
        because = ("pat", "Patient") if booking.status == "cancelled" else None
        diary.appointment(chart, visit, booking.status, slot=booking.slot, because=because)
    if not bookings and visits:
        _later(life, chart, visits)


def _missed(life: Life, chart: Chart, visit: Visit) -> None:
    day = moments.weekday(visit.day - timedelta(days=14))
    if day > life.joined:
        missed = Visit(
            datetime.combine(day, visit.start.time()), visit.kind, visit.reason, visit.who, visit.minutes
        )
        diary.appointment(chart, missed, "noshow")


def _later(life: Life, chart: Chart, visits: list[Visit]) -> None:
    """The next routine visit of somebody who has no booking in the days ahead."""
    whole = [visit for visit in visits if visit.whole and visit.status == "finished"]
    if not whole or (life.today - whole[-1].day).days > 500:
        return
    reason = life.rhythms[-1].reason if life.rhythms else "Well-child check"
    kind = "follow-up" if life.rhythms else "well-child"
    if life.person.died:
        day = moments.weekday(life.person.died + timedelta(days=20))
        visit = Visit(moments.at(day, 10, 20), kind, reason, life.person.doctor, 20)
        diary.appointment(chart, visit, "cancelled", because=("pat-dec", "Patient: Deceased"))
        return
    months = min((rhythm.months for rhythm in life.rhythms if rhythm.until <= 0), default=12)
    day = moments.weekday(
        max(whole[-1].day + timedelta(days=round(months * 30.4)), life.today + timedelta(days=9))
    )
    visit = Visit(
        moments.at(day, life.chance.randrange(9, 15), life.chance.choice((0, 20, 40))),
        kind,
        reason,
        life.person.doctor,
        20,
    )
    diary.appointment(chart, visit, "booked")
