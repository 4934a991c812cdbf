"""Procedures, imaging and questionnaires as resources."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import LOINC, coded, concept, hl7, number, quantity, ref, words
from charthouse.ops.demo.labs import interpretation
from charthouse.ops.demo.plan import Procedure, Report, Score, Visit

_NOT_AT_ALL: Final = (
    ("LA6568-5", "Not at all"),
    ("LA6569-3", "Several days"),
    ("LA6570-1", "More than half the days"),
    ("LA6571-9", "Nearly every day"),
)
_PHQ9: Final = (
    ("44250-9", "Little interest or pleasure in doing things"),
    ("44255-8", "Feeling down, depressed, or hopeless"),
    ("44259-0", "Trouble falling or staying asleep, or sleeping too much"),
    ("44254-1", "Feeling tired or having little energy"),
    ("44251-7", "Poor appetite or overeating"),
    ("44258-2", "Feeling bad about yourself"),
    ("44252-5", "Trouble concentrating on things"),
    ("44253-3", "Moving or speaking slowly, or being fidgety or restless"),
    ("44260-8", "Thoughts that you would be better off dead, or of hurting yourself"),
)
# key -> (LOINC, name, text, from which total on it is marked abnormal)
_SCORES: Final = {
    "phq9": (
        "44261-6",
        "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]",
        "PHQ-9 score",
        10,
    ),
    "gad7": (
        "70274-6",
        "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]",
        "GAD-7 score",
        10,
    ),
    "epds": ("71354-5", "Edinburgh Postnatal Depression Scale [EPDS]", "Edinburgh postnatal score", 10),
    "moca": ("72172-0", "Total score [MoCA]", "MoCA score", None),
    "apgar1": ("9272-6", "1 minute Apgar Score", "Apgar, 1 minute", None),
    "apgar5": ("9274-2", "5 minute Apgar Score", "Apgar, 5 minutes", None),
}
# key -> (LOINC, name, text, digits, unit, UCUM) of numbers in a study
_NUMBERS: Final = {
    "ef": ("10230-1", "Left ventricular Ejection fraction", "Ejection fraction", 0, "%", "%"),
    "fev1": ("20150-9", "FEV1", "FEV1", 2, "L", "L"),
    "fvc": ("19868-9", "Forced vital capacity [Volume] Respiratory system by Spirometry", "FVC", 2, "L", "L"),
    "ratio": ("19926-5", "FEV1/FVC", "FEV1/FVC", 0, "%", "%"),
    "birthweight": ("8339-4", "Birth weight Measured", "Birth weight", 0, "g", "g"),
    "gestation": ("11884-4", "Gestational age Estimated", "Gestational age", 0, "wk", "wk"),
    "tscore": ("38265-5", "DXA [T-score] Bone density", "Lowest T-score", 1, "{T-score}", "{T-score}"),
}


def begins(visit: Visit, act: Procedure) -> datetime:
    """When something is done: soon after the visit begins, in hospital three hours later."""
    hours = 3 if visit.kind == "inpatient" else 0
    return visit.start + timedelta(days=act.days, hours=hours, minutes=min(10, visit.minutes // 2))


def procedure(chart: Chart, visit: Visit, act: Procedure) -> str:
    """Something done, with its time inside the visit."""
    start = begins(visit, act)
    return chart.add(
        "Procedure",
        {
            "status": "completed",
            "code": coded(act.system, act.code, act.display or act.text, act.text),
            "subject": chart.subject(),
            "encounter": ref(visit.reference),
            "performedPeriod": {
                "start": moments.stamp(start),
                "end": moments.stamp(start + timedelta(minutes=25)),
            }
            if visit.away
            else None,
            "performedDateTime": None if visit.away else moments.stamp(start),
            "performer": [{"actor": chart.clinic.practitioner(act.who or visit.who)}],
            "reasonReference": [ref(problem.reference) for problem in visit.about[:1] if problem.reference],
            "note": [{"text": act.note}] if act.note else None,
        },
    )


def past_procedure(chart: Chart, visit: Visit, text: str, year: str) -> str:
    """An operation the patient tells of, of which only the year is known."""
    return chart.add(
        "Procedure",
        {
            "status": "completed",
            "code": words(text),
            "subject": chart.subject(),
            "encounter": ref(visit.reference),
            "performedDateTime": year,
            "recorder": chart.clinic.practitioner(visit.who),
            "asserter": chart.subject(),
        },
    )


def report(chart: Chart, visit: Visit, act: Report) -> str:
    """An imaging or function study: order, numbers, report with its impression."""
    taken = visit.start + timedelta(days=act.days, minutes=35 if act.days or visit.away else 8)
    issued = taken + timedelta(hours=2 if visit.away else 5)
    code = coded(LOINC, act.code, act.display, act.text)
    by = chart.clinic.organization("mercy" if visit.away else act.where)
    inside = visit.start <= taken <= visit.end
    order = chart.add(
        "ServiceRequest",
        {
            "status": "completed",
            "intent": "order",
            "category": [words("Imaging")],
            "code": code,
            "subject": chart.subject(),
            "authoredOn": moments.stamp(visit.start + timedelta(minutes=5)),
            "requester": chart.clinic.practitioner(visit.who),
            "performer": [by],
        },
    )
    numbers = [measured(chart, visit, key, value, taken, inside) for key, value in act.values]
    return chart.add(
        "DiagnosticReport",
        {
            "basedOn": [ref(order)],
            "status": "final",
            "category": [hl7("v2-0074", "RAD", "Radiology")]
            if act.where == "imaging"
            else [hl7("v2-0074", "OTH", "Other")],
            "code": coded(LOINC, act.code, act.display, act.text),
            "subject": chart.subject(),
            "encounter": ref(visit.reference) if inside else None,
            "effectiveDateTime": moments.stamp(taken),
            "issued": moments.stamp(issued),
            "performer": [by],
            "resultsInterpreter": [chart.clinic.practitioner("ibarra")] if act.where == "imaging" else None,
            "result": [ref(reference) for reference in numbers],
            "conclusion": f"{act.findings} Impression: {act.impression}",
        },
    )


def measured(chart: Chart, visit: Visit, key: str, value: float, taken: datetime, inside: bool = True) -> str:
    """One number of a study or a birth."""
    code, name, text, digits, unit, ucum = _NUMBERS[key]
    exact = number(value, digits)
    chart.result(key, taken, value)
    return chart.add(
        "Observation",
        {
            "status": "final",
            "category": [hl7("observation-category", "procedure", "Procedure")],
            "code": concept(LOINC, code, name, text),
            "subject": chart.subject(),
            "encounter": ref(visit.reference) if inside else None,
            "effectiveDateTime": moments.stamp(taken),
            "performer": [chart.clinic.practitioner(visit.who)],
            "valueQuantity": quantity(exact if digits else int(exact), unit, ucum),
        },
    )


def score(chart: Chart, visit: Visit, act: Score) -> str:
    """A questionnaire's score; PHQ-9 with the answers it is the sum of."""
    code, name, text, limit = _SCORES[act.key]
    when = visit.start + timedelta(minutes=3)
    chart.result(act.key, when, act.total)
    components: list[Tree] = []
    if act.key == "phq9":
        components = [
            {
                "code": concept(LOINC, item, label, label),
                "valueCodeableConcept": concept(LOINC, *_NOT_AT_ALL[answer], text=_NOT_AT_ALL[answer][1]),
            }
            for (item, label), answer in zip(_PHQ9, act.items, strict=True)
        ]
    survey = "exam" if act.key.startswith("apgar") else "survey"
    return chart.add(
        "Observation",
        {
            "status": "final",
            "category": [hl7("observation-category", survey, survey.capitalize())],
            "code": concept(LOINC, code, name, text),
            "subject": chart.subject(),
            "encounter": ref(visit.reference),
            "effectiveDateTime": moments.stamp(when),
            "performer": [
                chart.subject()
                if survey == "survey" and act.key != "moca"
                else chart.clinic.practitioner(visit.who)
            ],
            "valueQuantity": quantity(act.total, "{score}", "{score}"),
            "interpretation": interpretation("A" if limit is not None and act.total >= limit else None),
            "component": components,
        },
    )
