"""Encounters: one per visit, with who, where, why and what was found."""

from __future__ import annotations

from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments, tables
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.clinic import role_type
from charthouse.ops.demo.coding import ICD10CM, TERMINOLOGY, coding, concept, hl7, ref, words
from charthouse.ops.demo.plan import KINDS, Visit

_CLASSES: Final = {"AMB": "ambulatory", "VR": "virtual", "EMER": "emergency", "IMP": "inpatient encounter"}
_PLACES: Final = {
    "nurse": "nurse",
    "anticoag": "nurse",
    "counseling": "talk",
    "phone": "virtual",
    "video": "virtual",
    "emergency": "emergency",
    "inpatient": "ward",
}
# reason of visits that are not about a disease
ROUTINE: Final = {"physical": "Z00.00", "postpartum": "Z39.2"}


def assistant(visit: Visit) -> str:
    """Who takes the vital signs."""
    if visit.away:
        return "novak"
    if visit.kind in ("anticoag", "nurse", "phone", "video", "counseling", "prenatal", "postpartum"):
        return visit.who
    return "laurent" if visit.who == "goldberg" else "mendez"


def place(chart: Chart, visit: Visit) -> Tree:
    """The room of a visit."""
    key = _PLACES.get(visit.kind) or chart.clinic.staff[visit.who]["room"]
    if visit.kind == "inpatient" and visit.thread in ("pregnancy", "birth"):
        key = "births"
    return chart.clinic.location(key)


def routine_code(chart: Chart, visit: Visit) -> str | None:
    """The ICD-10-CM code of a visit that is routine."""
    if visit.kind == "well-child":
        days = (visit.day - chart.person.born).days
        return "Z00.110" if days < 8 else "Z00.111" if days < 29 else "Z00.129"
    return ROUTINE.get(visit.kind)


def encounter(chart: Chart, visit: Visit) -> str:
    """Write the Encounter of a visit; its diagnoses are added once they have ids."""
    name, _, kind, _ = KINDS[visit.kind]
    finished = visit.status == "finished"
    start = moments.stamp(visit.start)
    period = {"start": start} | ({"end": moments.stamp(visit.end)} if finished else {})
    helper = assistant(visit)
    people = [
        ("ATND" if visit.away else "PPRF", "attender" if visit.away else "primary performer", visit.who)
    ]
    if helper != visit.who and visit.kind not in ("phone", "video", "counseling"):
        people.append(("SPRF", "secondary performer", helper))
    code = routine_code(chart, visit)
    reason = (
        concept(ICD10CM, code, tables.conditions()[code][0], visit.reason) if code else words(visit.reason)
    )
    visit.reference = chart.add(
        "Encounter",
        {
            "status": visit.status if visit.status in ("in-progress", "arrived") else "finished",
            "class": coding(TERMINOLOGY + "v3-ActCode", kind, _CLASSES[kind]),
            "type": [words(name)],
            "subject": chart.subject(),
            "participant": [
                {
                    "type": [role_type(part, display)],
                    "period": dict(period),
                    "individual": chart.clinic.practitioner(who),
                }
                for part, display, who in people
            ],
            "period": period,
            "reasonCode": [reason],
            "hospitalization": _stay(visit) if visit.kind == "inpatient" else None,
            "location": [{"location": place(chart, visit), "status": "completed" if finished else "active"}],
            "serviceProvider": chart.clinic.organization("mercy" if visit.away else "harbor"),
        },
    )
    return visit.reference


def _stay(visit: Visit) -> Tree:
    source = (
        ("outp", "From outpatient department")
        if visit.thread == "pregnancy"
        else ("born", "Born in hospital")
        if visit.thread == "birth"
        else ("emd", "From accident/emergency department")
    )
    return {
        "admitSource": hl7("admit-source", *source),
        "dischargeDisposition": hl7("discharge-disposition", "home", "Home"),
    }


def diagnoses(chart: Chart, visit: Visit) -> None:
    """Point the encounter to the conditions that it was about."""
    rows = []
    for rank, problem in enumerate((problem for problem in visit.about if problem.reference), 1):
        use = ("DD", "Discharge diagnosis") if visit.away else ("billing", "Billing")
        rows.append(
            {
                "condition": ref(problem.reference, problem.called(visit.day)),
                "use": hl7("diagnosis-role", *use),
                "rank": rank,
            }
        )
    if rows:
        tree = chart.trees[visit.reference]
        ordered = dict(tree)
        tree.clear()
        for name, value in ordered.items():
            tree[name] = value
            if name == "reasonCode":
                tree["diagnosis"] = rows
