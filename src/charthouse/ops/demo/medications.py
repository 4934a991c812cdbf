"""Prescriptions, and what patients say they take."""

from __future__ import annotations

from datetime import date, timedelta

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments, tables
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import RXNORM, TERMINOLOGY, coded, concept, hl7, number, ref, words
from charthouse.ops.demo.plan import Drug, Visit
from charthouse.ops.demo.problems import restricted_meta

_UNIT = {"d": "d", "wk": "wk"}


def sig(drug: Drug) -> str:
    """The instruction on the label: 1 tablet by mouth twice a day with meals."""
    row = tables.medicines()[drug.key]
    if drug.how:
        return drug.how
    dose = f"{row.dose:g}"
    return f"{dose} {row.unit} {row.route} {row.how}"


def brief(drug: Drug) -> str:
    """The drug as a note names it."""
    return tables.medicines()[drug.key].brief


def prescription(chart: Chart, drug: Drug, visit: Visit, today: date) -> str:
    """Write the order for a drug at a visit; its status is as of today."""
    row = tables.medicines()[drug.key]
    ended = drug.stop if drug.stop and drug.stop <= today else None
    completed = ended is not None and drug.because == "Course completed"
    dosage: Tree = {"text": sig(drug), "timing": _timing(drug, row, ended)}
    if row.per == "prn":
        dosage["asNeededBoolean"] = True
    dosage["route"] = words(row.route)
    dosage["doseAndRate"] = [
        {
            "type": concept(TERMINOLOGY + "dose-rate-type", "ordered", "Ordered"),
            "doseQuantity": {"value": number(row.dose, 0), "unit": row.unit},
        }
    ]
    supply = (drug.stop - drug.start).days if completed and drug.stop else (30 if row.per == "prn" else 90)
    body: Tree = {
        "meta": restricted_meta() if drug.restricted else None,
        "status": "active" if ended is None else ("completed" if completed else "stopped"),
        "statusReason": words(drug.because) if ended and not completed else None,
        "intent": "order",
        "category": [hl7("medicationrequest-category", "community", "Community")],
        "reportedBoolean": True if drug.start < visit.day else None,
        "medicationCodeableConcept": coded(RXNORM, row.code, row.name, row.text),
        "subject": chart.subject(),
        "encounter": ref(visit.reference),
        "authoredOn": moments.stamp(visit.start + timedelta(minutes=max(visit.minutes - 4, 1))),
        "requester": chart.clinic.practitioner(visit.who),
        "reasonReference": [ref(drug.why.reference, drug.why.called())]
        if drug.why and drug.why.reference
        else None,
        "dosageInstruction": [dosage],
        "dispenseRequest": {
            "numberOfRepeatsAllowed": 0 if completed else 3,
            "expectedSupplyDuration": {
                "value": number(max(supply, 1), 0),
                "unit": "days",
                "system": "http://unitsofmeasure.org",
                "code": "d",
            },
        },
    }
    drug.reference = chart.add("MedicationRequest", body)
    return drug.reference


def _timing(drug: Drug, row: tables.Medicine, ended: date | None) -> Tree:
    bounds: Tree = {"start": drug.start.isoformat()}
    if ended:
        bounds["end"] = ended.isoformat()
    repeat: Tree = {"boundsPeriod": bounds}
    if row.per in _UNIT:
        repeat |= {"frequency": row.times, "period": number(1, 0), "periodUnit": _UNIT[row.per]}
    return {"repeat": repeat}


def statement(chart: Chart, drug: Drug, visit: Visit) -> str:
    """A drug the patient takes without a prescription of ours."""
    row = tables.medicines()[drug.key]
    ended = drug.stop if drug.stop and drug.stop <= chart.today else None
    drug.reference = chart.add(
        "MedicationStatement",
        {
            "status": "active" if ended is None else "completed",
            "category": concept(
                TERMINOLOGY + "medication-statement-category", "patientspecified", "Patient Specified"
            ),
            "medicationCodeableConcept": coded(RXNORM, row.code, row.name, row.text),
            "subject": chart.subject(),
            "context": ref(visit.reference),
            "effectivePeriod": {"start": drug.start.isoformat()}
            | ({"end": ended.isoformat()} if ended else {}),
            "dateAsserted": moments.stamp(visit.start),
            "informationSource": chart.subject(),
            "dosage": [{"text": sig(drug)}],
        },
    )
    return drug.reference
