"""Documents of a chart: visit notes, summaries and letters as DocumentReference with their text inside."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from hashlib import sha1
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments, prose
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import LOINC, concept, ref
from charthouse.ops.demo.plan import Referral, Visit
from charthouse.ops.demo.problems import restricted_meta

# key -> (LOINC, name, what the chart calls it)
TYPES: Final = {
    "progress": ("11506-3", "Progress note", "Progress note"),
    "history": ("34117-2", "History and physical note", "History and physical"),
    "discharge": ("18842-5", "Discharge summary", "Discharge summary"),
    "emergency": ("34111-5", "Emergency department Note", "Emergency department note"),
    "phone": ("34748-4", "Telephone encounter Note", "Telephone note"),
    "nurse": ("34746-8", "Nurse Note", "Nurse note"),
    "referral": ("57133-1", "Referral note", "Referral letter"),
    "consult": ("11488-4", "Consult note", "Consultation letter"),
    "procedure": ("28570-0", "Procedure note", "Procedure note"),
    "counseling": ("11506-3", "Progress note", "Counseling note"),
}


def attachment(text: str, title: str, when: datetime) -> Tree:
    """A text as an Attachment with its size and hash (R4 datatypes, Attachment)."""
    data = text.encode()
    return {
        "contentType": "text/plain; charset=utf-8",
        "language": "en",
        "data": b64encode(data).decode(),
        "size": len(data),
        "hash": b64encode(sha1(data, usedforsecurity=False).digest()).decode(),
        "title": title,
        "creation": moments.stamp(when),
    }


def write(
    chart: Chart,
    kind: str,
    title: str,
    text: str,
    when: datetime,
    author: Tree,
    *,
    visit: Visit | None = None,
    status: str = "final",
    restricted: bool = False,
    related: list[str] | None = None,
    outside: Tree | None = None,
    period: Tree | None = None,
) -> str:
    """One document; `related` are references to what it belongs to, `outside` the organization it came from."""
    context: Tree = {}
    if visit is not None and visit.reference:
        context["encounter"] = [ref(visit.reference)]
    if period:
        context["period"] = period
    if related:
        context["related"] = [ref(reference) for reference in related]
    return chart.add(
        "DocumentReference",
        {
            "meta": restricted_meta() if restricted else None,
            "status": "current",
            "docStatus": status,
            "type": concept(LOINC, *TYPES[kind]),
            "category": [
                concept(
                    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
                    "clinical-note",
                    "Clinical Note",
                )
            ],
            "subject": chart.subject(),
            "date": moments.stamp(when),
            "author": [author],
            "authenticator": author if status in ("final", "amended") and not outside else None,
            "custodian": outside or chart.clinic.organization("harbor"),
            "description": title,
            "content": [{"attachment": attachment(text, title, when)}],
            "context": context,
        },
    )


def letter(chart: Chart, visit: Visit, act: Referral, order: str, when: datetime) -> str:
    """The letter that goes out with a referral."""
    text = prose.referral_letter(chart, visit, act)
    return write(
        chart,
        "referral",
        f"Referral: {act.service}",
        text,
        when,
        chart.clinic.practitioner(visit.who),
        visit=visit,
        related=[order],
    )


def answer(chart: Chart, visit: Visit, act: Referral, order: str, when: datetime) -> str:
    """The colleague's letter back."""
    clinic = chart.clinic
    text = prose.answer_letter(chart, visit, act, when)
    return write(
        chart,
        "consult",
        f"{clinic.staff[act.who]['specialty']}: consultation letter",
        text,
        when,
        clinic.practitioner(act.who),
        related=[order],
        outside=clinic.organization(clinic.staff[act.who]["org"]),
    )
