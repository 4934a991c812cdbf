"""Claims for visits and what the payers answered, in HCPCS Level II codes of a community health center."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments, tables
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import (
    HCPCS,
    ICD10CM,
    IDENTIFIERS,
    TERMINOLOGY,
    coding,
    concept,
    hl7,
    money,
    ref,
    words,
)
from charthouse.ops.demo.encounters import routine_code
from charthouse.ops.demo.plan import KINDS, Shot, Visit

# visit kind -> (HCPCS, official words, charge in dollars); without a row: charged as words only
_VISITS: Final[dict[str, tuple[str, str, float]]] = {
    "new": ("G0466", "Federally qualified health center (FQHC) visit, new patient", 268.0),
    "follow-up": ("G0467", "Federally qualified health center (FQHC) visit, established patient", 202.0),
    "physical": (
        "G0468",
        (
            "Federally qualified health center (FQHC) visit, initial preventive physical examination "
            "(IPPE) or annual wellness visit (AWV)"
        ),
        271.0,
    ),
    "acute": ("G0467", "Federally qualified health center (FQHC) visit, established patient", 202.0),
    "video": ("G0467", "Federally qualified health center (FQHC) visit, established patient", 202.0),
    "prenatal": ("G0467", "Federally qualified health center (FQHC) visit, established patient", 202.0),
    "postpartum": ("G0467", "Federally qualified health center (FQHC) visit, established patient", 202.0),
    "well-child": ("T1015", "Clinic visit/encounter, all-inclusive", 189.0),
    "counseling": (
        "G0470",
        "Federally qualified health center (FQHC) visit, mental health, established patient",
        178.0,
    ),
    "nurse": ("T1002", "RN services, up to 15 minutes", 38.0),
    "anticoag": ("T1002", "RN services, up to 15 minutes", 38.0),
}
_SHOTS: Final = {
    "flu": ("G0008", "Administration of influenza virus vaccine", 32.0),
    "pcv": ("G0009", "Administration of pneumococcal vaccine", 32.0),
    "ppsv": ("G0009", "Administration of pneumococcal vaccine", 32.0),
    "hepb": ("G0010", "Administration of hepatitis B vaccine", 32.0),
}
_HOSPITAL: Final = {"emergency": 1860.0, "inpatient": 9400.0}
_COPAY: Final = {"bluewater": 40.0, "mariner": 25.0, "tidewater": 0.0, "medicare": 0.0}
_SHARE: Final = {"bluewater": 0.82, "mariner": 0.78, "tidewater": 0.61, "medicare": 0.8}
_PLACES: Final = {
    "AMB": ("50", "Federally Qualified Health Center"),
    "VR": ("10", "Telehealth Provided in Patient's Home"),
    "EMER": ("23", "Emergency Room - Hospital"),
    "IMP": ("21", "Inpatient Hospital"),
}


def charge(chart: Chart, visit: Visit, number: int) -> None:
    """The claim of a visit, and the payer's answer three weeks later if that is not in the future."""
    payer = chart.person.payer
    items = _items(visit)
    if payer is None or chart.coverage is None or not items:
        return
    created = visit.end + timedelta(days=2)
    if created.date() > chart.today:
        return
    claim = _claim(chart, visit, payer, items, number)
    answered = moments.at(moments.weekday((created + timedelta(days=19)).date()), 6, 0)
    if answered.date() <= chart.today:
        _benefit(chart, visit, payer, claim, items, number, moments.stamp(answered))


def _items(visit: Visit) -> list[tuple[Tree, float]]:
    """What is charged: (product or service, dollars)."""
    if visit.kind in _HOSPITAL:
        days = max((visit.end.date() - visit.day).days, 1)
        label = "Emergency department care" if visit.kind == "emergency" else "Inpatient care"
        return [(words(label), _HOSPITAL[visit.kind] * days)]
    if visit.kind not in _VISITS:
        return []
    code, name, dollars = _VISITS[visit.kind]
    found = [(concept(HCPCS, code, name), dollars)]
    for act in visit.acts:
        if isinstance(act, Shot) and not act.refused:
            row = next((row for start, row in _SHOTS.items() if act.key.startswith(start)), None)
            vaccine = tables.vaccines()[act.key]
            found.append(
                (concept(HCPCS, row[0], row[1]), row[2])
                if row
                else (words(f"Administration of {vaccine.text} vaccine"), 29.0)
            )
    return found


def _diagnosis(chart: Chart, visit: Visit) -> list[Tree]:
    codes = [code] if (code := routine_code(chart, visit)) else []
    codes += [problem.code(visit.day) for problem in visit.about if problem.reference]
    unique = list(dict.fromkeys(codes))[:4] or ["Z00.00" if visit.kind == "new" else "Z23"]
    return [
        {"sequence": rank, "diagnosisCodeableConcept": concept(ICD10CM, code, tables.conditions()[code][0])}
        for rank, code in enumerate(unique, 1)
    ]


def _place(visit: Visit) -> Tree:
    code, name = _PLACES[KINDS[visit.kind][2]]
    return concept(
        "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set", code, name
    )


def _common(chart: Chart, visit: Visit, payer: str, items: list[tuple[Tree, float]]) -> dict[str, Any]:
    """Elements that Claim and ExplanationOfBenefit share."""
    start, end = moments.stamp(visit.start), moments.stamp(visit.end)
    return {
        "status": "active",
        "type": hl7(
            "claim-type",
            *(("institutional", "Institutional") if visit.away else ("professional", "Professional")),
        ),
        "use": "claim",
        "patient": chart.subject(),
        "billablePeriod": {"start": start, "end": end},
        "insurer": chart.clinic.organization(payer),
        "provider": chart.clinic.organization("mercy" if visit.away else "harbor"),
        "careTeam": [
            {
                "sequence": 1,
                "provider": chart.clinic.practitioner(visit.who),
                "role": hl7("claimcareteamrole", "primary", "Primary provider"),
            }
        ],
        "diagnosis": _diagnosis(chart, visit),
        "insurance": [{"sequence": 1, "focal": True, "coverage": ref(chart.coverage or "")}],
        "item": [
            {
                "sequence": rank,
                "careTeamSequence": [1],
                "diagnosisSequence": [1],
                "productOrService": service,
                "servicedPeriod": {"start": start, "end": end},
                "locationCodeableConcept": _place(visit),
                "quantity": {"value": Decimal(1)},
                "unitPrice": money(dollars),
                "net": money(dollars),
                "encounter": [ref(visit.reference)],
            }
            for rank, (service, dollars) in enumerate(items, 1)
        ],
    }


def _claim(chart: Chart, visit: Visit, payer: str, items: list[tuple[Tree, float]], number: int) -> str:
    common = _common(chart, visit, payer, items)
    insurance = [
        {
            "sequence": 1,
            "focal": True,
            "identifier": {"system": IDENTIFIERS + "claim", "value": f"{chart.person.mrn}-{number:04d}"},
            "coverage": ref(chart.coverage or ""),
        }
    ]
    order = ("status", "type", "use", "patient", "billablePeriod")
    return chart.add(
        "Claim",
        {name: common[name] for name in order}
        | {
            "created": moments.stamp(visit.end + timedelta(days=2)),
            "insurer": common["insurer"],
            "provider": common["provider"],
            "priority": hl7("processpriority", "normal", "Normal"),
            "payee": {"type": hl7("payeetype", "provider", "Provider")},
            "careTeam": common["careTeam"],
            "diagnosis": common["diagnosis"],
            "insurance": insurance,
            "item": common["item"],
            "total": money(sum(dollars for _, dollars in items)),
        },
    )


def _adjudication(category: str, display: str, dollars: float) -> Tree:
    return {
        "category": {"coding": [coding(TERMINOLOGY + "adjudication", category, display)]},
        "amount": money(dollars),
    }


def _benefit(
    chart: Chart,
    visit: Visit,
    payer: str,
    claim: str,
    items: list[tuple[Tree, float]],
    number: int,
    created: str,
) -> None:
    """The payer's answer; about one claim in thirty is denied for a missing detail."""
    denied = chart.chance.odds(0.03)
    common = _common(chart, visit, payer, items)
    paid_all = 0.0
    for rank, (item, (_, dollars)) in enumerate(zip(common["item"], items, strict=True)):
        copay = _COPAY[payer] if rank == 0 and not denied else 0.0
        eligible = 0.0 if denied else round(dollars * _SHARE[payer], 2)
        paid = max(round(eligible - copay, 2), 0.0)
        paid_all += paid
        item["adjudication"] = [
            _adjudication("submitted", "Submitted Amount", dollars),
            _adjudication("eligible", "Eligible Amount", eligible),
            _adjudication("copay", "CoPay", copay),
            _adjudication("benefit", "Benefit Amount", paid),
        ]
    order = ("status", "type", "use", "patient", "billablePeriod")
    chart.add(
        "ExplanationOfBenefit",
        {
            "identifier": [
                {"system": f"{IDENTIFIERS}remittance/{payer}", "value": f"{chart.person.mrn}-{number:04d}-R"}
            ],
        }
        | {name: common[name] for name in order}
        | {
            "created": created,
            "insurer": common["insurer"],
            "provider": common["provider"],
            "payee": {"type": hl7("payeetype", "provider", "Provider"), "party": common["provider"]},
            "claim": ref(claim),
            "outcome": "complete",
            "disposition": "Denied: the service date or diagnosis needs to be clarified."
            if denied
            else "Paid as submitted.",
            "careTeam": common["careTeam"],
            "diagnosis": common["diagnosis"],
            "insurance": [{"focal": True, "coverage": ref(chart.coverage or "")}],
            "item": common["item"],
            "total": [
                {
                    "category": hl7("adjudication", "submitted", "Submitted Amount"),
                    "amount": money(sum(d for _, d in items)),
                },
                {"category": hl7("adjudication", "benefit", "Benefit Amount"), "amount": money(paid_all)},
            ],
            "payment": {"date": created[:10], "amount": money(paid_all)},
        },
    )
