"""The sections of a chart in one table: what each is called, asks for, and which key opens it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Query:
    """One search of a patient's chart. `dated` is the date parameter pages are cut by; empty = read as a whole.

    `narrow` are the parameters behind the filter chips, by chip slug.
    """

    type: str
    params: Params = ()
    sort: str = ""
    dated: str = ""
    heading: str = ""
    narrow: tuple[tuple[str, Params], ...] = ()

    def filtered(self, chip: str) -> Params:
        """The parameters with those of a chip; an unknown chip adds none."""
        return (*self.params, *dict(self.narrow).get(chip, ()))


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the chart. `key` follows `g`; `chips` are (slug, word) filters, the first is the default."""

    slug: str
    label: str
    key: str
    queries: tuple[Query, ...] = ()
    chips: tuple[tuple[str, str], ...] = ()
    empty: str = "Nothing is recorded here."
    counted: bool = True

    def path(self, patient: str) -> str:
        """The page's address in a chart; the summary is the chart itself."""
        return f"/chart/{patient}" if self.slug == "summary" else f"/chart/{patient}/{self.slug}"


ACTIVE: Final = (("clinical-status", "active,recurrence,relapse"),)
RESOLVED: Final = (("clinical-status", "inactive,remission,resolved"),)

SECTIONS: Final = (
    Section("summary", "Summary", "s", counted=False),
    Section("timeline", "Timeline", "t", counted=False),
    Section(
        "visits",
        "Visits",
        "e",
        (Query("Encounter", sort="-date", dated="date"),),
        empty="No visits are recorded.",
    ),
    Section(
        "problems",
        "Problems",
        "p",
        (Query("Condition", sort="-onset-date", narrow=(("active", ACTIVE), ("resolved", RESOLVED))),),
        (("active", "Active"), ("resolved", "Resolved"), ("all", "All")),
        "No problems are recorded.",
    ),
    Section(
        "medications",
        "Medications",
        "m",
        (
            Query(
                "MedicationRequest",
                sort="-authoredon",
                dated="authoredon",
                heading="Prescriptions",
                narrow=(
                    ("active", (("status", "active,on-hold,draft"),)),
                    ("past", (("status", "completed,stopped,cancelled"),)),
                ),
            ),
            Query(
                "MedicationStatement",
                sort="-effective",
                dated="effective",
                heading="Reported by the patient or others",
                narrow=(
                    ("active", (("status", "active,on-hold,intended"),)),
                    ("past", (("status", "completed,stopped"),)),
                ),
            ),
        ),
        (("active", "Active"), ("past", "Past"), ("all", "All")),
        "No medications are recorded.",
    ),
    Section(
        "allergies",
        "Allergies",
        "a",
        (Query("AllergyIntolerance", sort="-date"),),
        empty="Nobody has recorded allergies, nor that there are none. Ask.",
    ),
    Section(
        "results",
        "Results",
        "r",
        (Query("Observation", (("category", "laboratory"),), "-date", "date"),),
        empty="No results are recorded.",
    ),
    Section(
        "vitals",
        "Vitals",
        "v",
        (Query("Observation", (("category", "vital-signs"),), "-date", "date"),),
        empty="No vital signs are recorded.",
    ),
    Section(
        "immunizations",
        "Immunizations",
        "i",
        (Query("Immunization", sort="-date", dated="date"),),
        empty="No immunizations are recorded.",
    ),
    Section(
        "procedures",
        "Procedures",
        "c",
        (Query("Procedure", sort="-date", dated="date"),),
        empty="No procedures are recorded.",
    ),
    Section(
        "documents",
        "Documents and reports",
        "d",
        (
            Query("DocumentReference", sort="-date", dated="date", heading="Documents"),
            Query("DiagnosticReport", sort="-date", dated="date", heading="Reports"),
            Query("ImagingStudy", sort="-started", dated="started", heading="Imaging"),
        ),
        empty="No documents are recorded.",
    ),
    Section(
        "plans",
        "Care plans and goals",
        "k",
        (
            Query("CarePlan", sort="-date", heading="Care plans"),
            Query("Goal", sort="-start-date", heading="Goals"),
        ),
        empty="No care plans are recorded.",
    ),
    Section(
        "orders",
        "Orders and referrals",
        "o",
        (Query("ServiceRequest", sort="-authored", dated="authored"),),
        empty="No orders are recorded.",
    ),
    Section(
        "history",
        "Social and family history",
        "f",
        (
            Query(
                "Observation",
                (("category", "social-history,survey,exam"),),
                "-date",
                "date",
                "Social history, surveys and exams",
            ),
            Query("FamilyMemberHistory", sort="-date", heading="Family"),
        ),
        empty="No history is recorded.",
    ),
    Section(
        "billing",
        "Insurance and bills",
        "b",
        (
            Query("Coverage", heading="Insurance"),
            Query("Claim", sort="-created", dated="created", heading="Bills"),
            Query("ExplanationOfBenefit", sort="-created", dated="created", heading="What payers decided"),
        ),
        empty="No insurance or bills are recorded.",
    ),
)
BY_SLUG: Final = {section.slug: section for section in SECTIONS}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter of the timeline and the searches behind it."""

    slug: str
    word: str
    queries: tuple[Query, ...]


CHIPS: Final = (
    Chip("visits", "Visits", BY_SLUG["visits"].queries),
    Chip(
        "results",
        "Results",
        (
            Query("DiagnosticReport", sort="-date", dated="date"),
            Query("Observation", (("category", "laboratory"),), "-date", "date"),
        ),
    ),
    Chip("vitals", "Vitals", BY_SLUG["vitals"].queries),
    Chip("problems", "Problems", BY_SLUG["problems"].queries),
    Chip("medications", "Medications", BY_SLUG["medications"].queries),
    Chip(
        "procedures",
        "Procedures",
        (*BY_SLUG["procedures"].queries, Query("ImagingStudy", sort="-started", dated="started")),
    ),
    Chip("immunizations", "Immunizations", BY_SLUG["immunizations"].queries),
    Chip("documents", "Documents", (Query("DocumentReference", sort="-date", dated="date"),)),
    Chip("allergies", "Allergies", BY_SLUG["allergies"].queries),
    Chip("plans", "Care plans", BY_SLUG["plans"].queries),
    Chip("orders", "Orders", BY_SLUG["orders"].queries),
)


def section_of(tree: Mapping[str, Any]) -> Section | None:
    """The section of a chart that lists a record: by its type and, where types are shared, its category."""
    kind = tree.get("resourceType")
    said = {
        one.get("code")
        for value in tree.get("category") or ()
        if isinstance(value, dict)
        for one in value.get("coding") or ()
    }
    for section in SECTIONS:
        for query in section.queries:
            wanted = dict(query.params).get("category")
            if query.type == kind and (wanted is None or said & set(wanted.split(","))):
                return section
    return None
