"""Vaccines given, and offered but declined."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments, tables
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import CVX, concept, hl7, number, quantity, ref
from charthouse.ops.demo.plan import Shot, Visit

_ROUTE: Final = {
    "IM": ("IM", "Injection, intramuscular"),
    "SC": ("SQ", "Injection, subcutaneous"),
    "PO": ("PO", "Swallow, oral"),
}


def lot(key: str, day: date) -> str:
    """The lot in use at the clinic in a quarter: everybody vaccinated then got the same."""
    quarter = day.year * 4 + (day.month - 1) // 3
    row = tables.vaccines()[key]
    return f"{row.lot}{(quarter * 7919 + sum(map(ord, key)) * 31) % 9000 + 1000}"


def _expiry(day: date) -> date:
    return date(day.year + 1, (day.month - 1) // 3 * 3 + 1, 28)


def give(chart: Chart, visit: Visit, shot: Shot, moment: datetime) -> str:
    """Write one vaccine of a visit."""
    row = tables.vaccines()[shot.key]
    code = concept(CVX, row.code, row.name, row.text)
    body: Tree = {"status": "not-done" if shot.refused else "completed"}
    if shot.refused:
        body["statusReason"] = hl7("v3-ActReason", "PATOBJ", "patient objection", "Declined by patient")
    body |= {
        "vaccineCode": code,
        "patient": chart.subject(),
        "encounter": ref(visit.reference),
        "occurrenceDateTime": moments.stamp(moment),
        "primarySource": True,
    }
    if not shot.refused:
        infant = (moment.date() - chart.person.born).days < 400
        body |= {
            "location": chart.clinic.location("nurse" if visit.kind == "nurse" else "harbor"),
            "manufacturer": {"display": row.maker},
            "lotNumber": lot(shot.key, moment.date()),
            "expirationDate": _expiry(moment.date()).isoformat(),
        }
        if row.route != "PO":
            side = ("LT", "left thigh") if infant else ("LA", "left arm")
            body["site"] = hl7("v3-ActSite", *side)
        body["route"] = hl7("v3-RouteOfAdministration", *_ROUTE[row.route])
        body["doseQuantity"] = quantity(number(float(row.volume), 1), "mL", "mL")
        body["performer"] = [
            {
                "function": hl7("v2-0443", "AP", "Administering Provider"),
                "actor": chart.clinic.practitioner("okoye"),
            }
        ]
        body["protocolApplied"] = [
            {"targetDisease": [{"text": row.text}], "doseNumberPositiveInt": shot.dose}
        ]
    else:
        body["performer"] = [
            {
                "function": hl7("v2-0443", "OP", "Ordering Provider"),
                "actor": chart.clinic.practitioner(visit.who),
            }
        ]
    return chart.add("Immunization", body)


def told(chart: Chart, visit: Visit, key: str, dose: int, day: date) -> str:
    """A vaccine given elsewhere before, written down from the family's vaccination card."""
    row = tables.vaccines()[key]
    return chart.add(
        "Immunization",
        {
            "status": "completed",
            "vaccineCode": concept(CVX, row.code, row.name, row.text),
            "patient": chart.subject(),
            "encounter": ref(visit.reference),
            "occurrenceDateTime": day.isoformat(),
            "recorded": moments.stamp(visit.start),
            "primarySource": False,
            "reportOrigin": hl7("immunization-origin", "record", "Written Record"),
            "protocolApplied": [{"targetDisease": [{"text": row.text}], "doseNumberPositiveInt": dose}],
        },
    )


def shots(chart: Chart, visit: Visit) -> None:
    """Every vaccine of a visit, towards its end."""
    moment = visit.start + timedelta(minutes=max(visit.minutes - 6, 2))
    for act in visit.acts:
        if isinstance(act, Shot):
            give(chart, visit, act, moment)
