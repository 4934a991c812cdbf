"""Conditions, allergies, family history and smoking as resources."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments, tables
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import ICD10CM, LOINC, TERMINOLOGY, coding, concept, hl7, ref, words
from charthouse.ops.demo.plan import Allergy, Problem, Visit

_SMOKING: Final = {
    "never": ("LA18978-9", "Never smoker"),
    "former": ("LA15920-4", "Former smoker"),
    "daily": ("LA18976-3", "Current every day smoker"),
    "some": ("LA18977-1", "Current some day smoker"),
}
_ABSENT: Final = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
RESTRICTED: Final = (
    (TERMINOLOGY + "v3-Confidentiality", "R", "restricted"),
    (TERMINOLOGY + "v3-ActCode", "ETH", "substance abuse information sensitivity"),
)


def restricted_meta() -> Tree:
    """Security labels of substance use records that need the patient's consent to be shared."""
    return {"security": [coding(*row) for row in RESTRICTED]}


def condition(chart: Chart, problem: Problem, visit: Visit, today: date) -> str:
    """Write a condition at the visit where it was noted."""
    code = problem.code()
    ended = problem.ended if problem.ended and problem.ended <= today else None
    status = "active" if ended is None else "resolved"
    if code.endswith(".21") and code.startswith("F1"):
        status = "remission"
    listed = "problem-list-item" if problem.listed else "encounter-diagnosis"
    body: Tree = {
        "meta": restricted_meta() if problem.restricted else None,
        "clinicalStatus": hl7("condition-clinical", status, status.capitalize()),
        "verificationStatus": hl7("condition-ver-status", "confirmed", "Confirmed"),
        "category": [hl7("condition-category", listed, listed.replace("-", " ").capitalize())],
        "code": concept(ICD10CM, code, tables.conditions()[code][0], problem.called()),
        "subject": chart.subject(),
        "encounter": ref(visit.reference),
        "onsetDateTime": problem.onset.isoformat(),
        "abatementDateTime": ended.isoformat() if ended else None,
        "recordedDate": moments.stamp(visit.end if visit.kind == "inpatient" else visit.start),
        "recorder": chart.clinic.practitioner(visit.who),
        "asserter": chart.clinic.practitioner(visit.who),
        "note": [{"text": problem.note}] if problem.note else None,
    }
    problem.reference = chart.add("Condition", body)
    return problem.reference


def allergy(chart: Chart, fact: Allergy, first: Visit) -> str:
    """An allergy, or the recorded statement that none is known."""
    row: dict[str, Any] = tables.load("allergies")[fact.key] if fact.key != "none" else {}
    known = bool(row)
    body: Tree = {
        "clinicalStatus": hl7("allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": hl7("allergyintolerance-verification", "confirmed", "Confirmed"),
    }
    if known:
        body |= {"type": row["type"], "category": [row["category"]], "criticality": row["criticality"]}
        system, code, display = row["code"] if row["code"] else (None, None, None)
        body["code"] = concept(system, code, display, row["text"]) if system and code else words(row["text"])
    else:
        body["code"] = concept(_ABSENT, "no-known-allergies", "No known allergies", "No known allergies")
    body |= {
        "patient": chart.subject(),
        "encounter": ref(first.reference),
        "onsetDateTime": fact.since.isoformat() if fact.since else None,
        "recordedDate": moments.stamp(first.start),
        "recorder": chart.clinic.practitioner(first.who),
    }
    if fact.note:
        body["note"] = [{"text": fact.note}]
    if known and row["reaction"]:
        reaction: Tree = {
            "manifestation": [words(text) for text in row["reaction"]],
            "severity": row["severity"],
        }
        if fact.since:
            reaction["onset"] = fact.since.isoformat()
        body["reaction"] = [reaction]
    return chart.add("AllergyIntolerance", body)


def allergy_line(facts: list[Allergy], on: date) -> str:
    """Allergies as a note has them."""
    facts = [fact for fact in facts if fact.since is None or fact.since <= on]
    if not facts:
        return "Allergies: none recorded."
    if facts[0].key == "none":
        return "Allergies: no known allergies."
    rows = tables.load("allergies")
    return (
        "Allergies: "
        + ", ".join(
            f"{rows[fact.key]['text'].lower()} "
            f"({(rows[fact.key]['reaction'] or ['reaction unknown'])[0].lower()})"
            for fact in facts
        )
        + "."
    )


def family(chart: Chart, relation: str, code: str, icd: str | None, text: str, when: datetime) -> str:
    """One relative's condition; `relation` is the spoken word, `code` v3 RoleCode."""
    return chart.add(
        "FamilyMemberHistory",
        {
            "status": "completed",
            "patient": chart.subject(),
            "date": when.date().isoformat(),
            "relationship": hl7("v3-RoleCode", code, relation.lower(), relation),
            "condition": [
                {"code": concept(ICD10CM, icd, tables.conditions()[icd][0], text) if icd else words(text)}
            ],
        },
    )


def smoking(chart: Chart, status: str, visit: Visit) -> str:
    """Tobacco smoking status as asked at a visit (LOINC answer list)."""
    code, display = _SMOKING[status]
    return chart.add(
        "Observation",
        {
            "status": "final",
            "category": [hl7("observation-category", "social-history", "Social History")],
            "code": concept(LOINC, "72166-2", "Tobacco smoking status", "Smoking status"),
            "subject": chart.subject(),
            "encounter": ref(visit.reference),
            "effectiveDateTime": moments.stamp(visit.start),
            "performer": [chart.clinic.practitioner("mendez")],
            "valueCodeableConcept": concept(LOINC, code, display, display),
        },
    )
