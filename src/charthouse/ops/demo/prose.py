"""Letters and summaries: referral out, consultation back, discharge summary, emergency note."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from charthouse.ops.demo import medications, moments, tables
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.life import Life
from charthouse.ops.demo.plan import Procedure, Referral, Visit
from charthouse.ops.demo.problems import allergy_line
from charthouse.ops.demo.studies import begins

_HOSPITAL_TOLD: Final = (
    "hemoglobin",
    "wbc",
    "creatinine",
    "potassium",
    "sodium",
    "ntprobnp",
    "troponin",
    "glucose",
)


def referral_letter(chart: Chart, visit: Visit, act: Referral) -> str:
    """The letter of a referral."""
    clinic, person = chart.clinic, chart.person
    to = clinic.staff[act.who]
    about = "; ".join(problem.called(visit.day) for problem in visit.about) or visit.reason
    return (
        f"Harbor Clinic, 12 Quay Street, Port Ellery, MA 02597\n{moments.spoken(visit.day)}\n\n"
        f"To: {clinic.called(act.who)}, {clinic.organizations[to['org']]['name']}\n"
        f"Re: {' '.join(person.given)} {person.family}, born {person.born.isoformat()}, MRN {person.mrn}\n\n"
        f"Dear {clinic.doctor(act.who)},\n\n"
        f"Thank you for seeing this {moments.how_old(person.born, visit.day)} {person.noun(visit.day)} "
        f"for {act.service[0].lower()}{act.service[1:]}. {act.question}\n\n"
        f"Problems: {about}.\n"
        + (f"Interpreter needed: {person.tongue}.\n" if person.interpreter else "")
        + ("This referral is urgent.\n" if act.urgent else "")
        + f"\nPlease send your findings to our fax at 508-555-0101.\n\nSincerely,\n{clinic.called(visit.who)}\n"
    )


def answer_letter(chart: Chart, visit: Visit, act: Referral, when: datetime) -> str:
    """The colleague's letter after seeing the patient."""
    clinic, person = chart.clinic, chart.person
    from_ = clinic.staff[act.who]
    org = clinic.organizations[from_["org"]]
    return (
        f"{org['name']}, {org['line']}, {org['city']}, MA {org['zip']}\n{moments.spoken(when.date())}\n\n"
        f"To: {clinic.called(visit.who)}, Harbor Clinic\n"
        f"Re: {' '.join(person.given)} {person.family}, born {person.born.isoformat()}\n\n"
        f"Dear {clinic.doctor(visit.who)},\n\n"
        f"I saw your patient for {act.service[0].lower()}{act.service[1:]}. {act.answer}\n\n"
        f"Thank you for the referral.\n\n{clinic.called(act.who)}\n"
    )


def discharge_summary(life: Life, chart: Chart, visit: Visit, diagnosis: str) -> str:
    """The summary of a hospital stay; `visit.story` is its course."""
    person = life.person
    days = (visit.end.date() - visit.day).days
    home = [
        medications.brief(drug) + (" (new)" if drug in visit.started else "")
        for drug in life.running(visit.end.date())
        if not drug.restricted
    ]
    stopped = [f"{medications.brief(drug)} ({drug.because.lower()})" for drug in visit.stopped]
    done = [
        f"{act.text} on {moments.spoken(begins(visit, act).date())}."
        for act in visit.acts
        if isinstance(act, Procedure)
    ]
    sections = [
        "MERCY POINT HOSPITAL - DISCHARGE SUMMARY",
        f"{' '.join(person.given)} {person.family}   MRN {person.mrn}   born {person.born.isoformat()}",
        (
            f"Admitted {moments.spoken(visit.day)}, discharged {moments.spoken(visit.end.date())} "
            f"({days} {'day' if days == 1 else 'days'}). "
            f"Attending {chart.clinic.called(visit.who)}."
        ),
        f"\nPRINCIPAL DIAGNOSIS\n{diagnosis}",
        f"\nREASON FOR ADMISSION\n{visit.reason}. {' '.join(visit.heard)}".rstrip(),
        f"\nHOSPITAL COURSE\n{visit.story}",
        f"\nPROCEDURES\n{' '.join(done)}" if done else "",
        f"\nPERTINENT RESULTS\n{found}" if (found := _pertinent(chart, visit)) else "",
        f"\nMEDICATIONS AT DISCHARGE\n{'; '.join(home) or 'none'}.",
        f"Stopped: {'; '.join(stopped)}." if stopped else "",
        f"\n{allergy_line(life.allergies, visit.day)}",
        f"\nFOLLOW-UP\n{_follow_up(life, chart, visit)}",
        (
            f"\nSigned by {chart.clinic.called(visit.who)}, {moments.spoken(visit.end.date())} "
            f"{visit.end:%H:%M}\n"
        ),
    ]
    return "\n".join(section for section in sections if section)


def _pertinent(chart: Chart, visit: Visit) -> str:
    told = []
    for key in _HOSPITAL_TOLD:
        rows = [row for row in chart.results.get(key, ()) if visit.start <= row[0] <= visit.end]
        if rows:
            test = tables.tests()[key]
            last = f", {rows[-1][1]:.{test.digits}f} at discharge" if len(rows) > 1 else ""
            told.append(f"{test.text} {rows[0][1]:.{test.digits}f} {test.unit}{last}")
    return "; ".join(told) + "." if told else ""


def _follow_up(life: Life, chart: Chart, visit: Visit) -> str:
    later = sorted(
        (other.start, other)
        for other in life.visits
        if other.day > visit.end.date() and not other.away and not other.elsewhere
    )
    if not later:
        return "With the primary care clinician within 7 to 14 days."
    start, other = later[0]
    return f"{chart.clinic.called(other.who)}, Harbor Clinic, {moments.spoken(start.date())}."


def death_note(life: Life, chart: Chart, day: date, text: str) -> str:
    """The note that closes a record."""
    person = life.person
    return (
        f"HARBOR CLINIC - NOTE OF DEATH\n{' '.join(person.given)} {person.family}   MRN {person.mrn}   "
        f"born {person.born.isoformat()}\n{moments.spoken(day)}, "
        f"{chart.clinic.called(person.doctor)}\n\n{text}\n\n"
        f"Signed by {chart.clinic.called(person.doctor)}\n"
    )
