"""How each type of record reads as one line of the chart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.web import codes, quantities
from charthouse.web.chart.dosing import directions, refills
from charthouse.web.chart.entry import STRUCK, Context, Entry, Mark, base, end, start, status
from charthouse.web.chart.others import anything, claim, coverage, relative
from charthouse.web.chart.values import observed

Reading = Callable[[Tree, Context], Entry]


def condition(tree: Tree, context: Context) -> Entry:
    """A problem or diagnosis (R4 Condition)."""
    clinical, certainty = codes.code(tree.get("clinicalStatus")), codes.code(tree.get("verificationStatus"))
    began = start(tree, "onset") or (tree.get("onsetString") or "")
    ended = start(tree, "abatement")
    struck = certainty in STRUCK
    shown = (
        certainty if certainty in ("entered-in-error", "refuted", "unconfirmed", "provisional") else clinical
    )
    since = context.reader.day(began) or codes.tidy(str(began))
    reader = context.reader
    if ended and since:
        span = f"{reader.month(began)} to {reader.month(ended)}"
    else:
        span = f"since {reader.month(began) or since}" if since else ""
    severity = codes.concept(tree.get("severity"))
    return base(
        tree,
        title=codes.concept(tree.get("code")) or "Problem without a name",
        detail=" · ".join(part for part in (codes.diagnosis_code(tree.get("code")), severity) if part),
        span=span,
        when=str(began) or str(tree.get("recordedDate") or ""),
        until=ended,
        entered=str(tree.get("recordedDate") or ""),
        who=context.name(tree.get("recorder")) or context.name(tree.get("asserter")),
        code=codes.code_line(tree.get("code")),
        status=status(shown),
        struck=struck,
    )


def allergy(tree: Tree, context: Context) -> Entry:
    """An allergy or intolerance with its worst reaction first (R4 AllergyIntolerance)."""
    reactions: list[str] = []
    for reaction in tree.get("reaction") or ():
        found = [codes.concept(one) for one in reaction.get("manifestation") or ()]
        severity = str(reaction.get("severity") or "")
        reactions += [f"{name}{f' ({severity})' if severity else ''}" for name in found if name]
    certainty = codes.code(tree.get("verificationStatus"))
    clinical = codes.code(tree.get("clinicalStatus"))
    critical = tree.get("criticality")
    kind = "Intolerance" if tree.get("type") == "intolerance" else "Allergy"
    return base(
        tree,
        kind=kind,
        title=codes.concept(tree.get("code")) or "Substance not named",
        detail=", ".join(reactions) or "reaction not recorded",
        when=start(tree, "onset") or str(tree.get("recordedDate") or ""),
        entered=str(tree.get("recordedDate") or ""),
        who=context.name(tree.get("recorder")) or context.name(tree.get("asserter")),
        code=codes.code_line(tree.get("code")),
        status=status(certainty if certainty in (*STRUCK, "refuted", "unconfirmed") else clinical),
        mark=Mark("red", "high risk") if critical == "high" else None,
        struck=certainty in STRUCK,
        group=", ".join(codes.spell(one) for one in tree.get("category") or ()),
    )


def medication_name(tree: Tree, context: Context) -> str:
    """What is taken: the coded medication, the name behind its reference, or a contained Medication's code."""
    named = codes.concept(tree.get("medicationCodeableConcept"))
    reference = tree.get("medicationReference")
    if not named and isinstance(reference, dict):
        named = context.name(reference)
        target = str(reference.get("reference") or "")
        for inner in tree.get("contained") or ():
            if target == f"#{inner.get('id')}":
                named = codes.concept(inner.get("code")) or named
    return named or "Medication not named"


def medication(tree: Tree, context: Context) -> Entry:
    """A prescription or a medication somebody takes (R4 MedicationRequest, MedicationStatement)."""
    left = refills(tree)
    dosage = tree.get("dosageInstruction") or tree.get("dosage") or ()
    when = (
        str(tree.get("authoredOn") or "") or start(tree, "effective") or str(tree.get("dateAsserted") or "")
    )
    return base(
        tree,
        title=medication_name(tree, context),
        detail=directions(dosage, context.reader) or "no directions recorded",
        when=when,
        until=end(tree, "effective"),
        entered=str(tree.get("authoredOn") or tree.get("dateAsserted") or ""),
        who=context.name(tree.get("requester")) or context.name(tree.get("informationSource")),
        code=codes.code_line(tree.get("medicationCodeableConcept")),
        mark=Mark("amber", left) if left == "no refills" else None,
        group=left,
    )


def encounter(tree: Tree, context: Context) -> Entry:
    """A visit (R4 Encounter)."""
    setting = codes.coding(tree.get("class"))
    reasons = [codes.concept(one) for one in tree.get("reasonCode") or ()]
    reasons += [context.name(one) for one in tree.get("reasonReference") or ()]
    people = [context.name(one.get("individual")) for one in tree.get("participant") or ()]
    place = context.name(tree.get("serviceProvider"))
    places = [context.name(one.get("location")) for one in tree.get("location") or ()]
    title = (
        codes.first(tree.get("type"))
        or codes.concept(tree.get("serviceType"))
        or f"{setting or 'Clinic'} visit"
    )
    details = (", ".join(part for part in reasons if part), place or next(filter(None, places), ""))
    return base(
        tree,
        title=title,
        detail=" · ".join(part for part in details if part),
        when=start(tree, "period"),
        until=end(tree, "period"),
        who=next((person for person in people if person), ""),
        group=setting,
    )


def immunization(tree: Tree, context: Context) -> Entry:
    """A vaccine given, or the reason it was not (R4 Immunization)."""
    lot = tree.get("lotNumber")
    series = [
        one.get("doseNumberPositiveInt") or one.get("doseNumberString")
        for one in tree.get("protocolApplied") or ()
    ]
    dose = quantities.quantity(tree.get("doseQuantity"), context.reader)
    parts = [f"dose {series[0]}" if series and series[0] else "", dose, f"lot {lot}" if lot else ""]
    if tree.get("status") == "not-done":
        parts.insert(0, codes.concept(tree.get("statusReason")))
    performers = [context.name(one.get("actor")) for one in tree.get("performer") or ()]
    return base(
        tree,
        title=codes.concept(tree.get("vaccineCode")) or "Vaccine not named",
        detail=" · ".join(part for part in parts if part),
        when=start(tree, "occurrence") or str(tree.get("occurrenceString") or ""),
        entered=str(tree.get("recorded") or ""),
        who=next((person for person in performers if person), ""),
        code=codes.code_line(tree.get("vaccineCode")),
    )


def procedure(tree: Tree, context: Context) -> Entry:
    """Something done (R4 Procedure)."""
    reasons = [codes.concept(one) for one in tree.get("reasonCode") or ()]
    reasons += [context.name(one) for one in tree.get("reasonReference") or ()]
    sites = [codes.concept(one) for one in tree.get("bodySite") or ()]
    people = [context.name(one.get("actor")) for one in tree.get("performer") or ()]
    parts = [
        ", ".join(filter(None, sites)),
        "for " + ", ".join(filter(None, reasons)) if any(reasons) else "",
    ]
    return base(
        tree,
        title=codes.concept(tree.get("code")) or "Procedure without a name",
        detail=" · ".join(part for part in parts if part),
        when=start(tree, "performed") or str(tree.get("performedString") or ""),
        until=end(tree, "performed"),
        who=next((person for person in people if person), "") or context.name(tree.get("recorder")),
        code=codes.code_line(tree.get("code")),
    )


def report(tree: Tree, context: Context) -> Entry:
    """A report of results (R4 DiagnosticReport)."""
    results = tree.get("result") or ()
    conclusion = tree.get("conclusion")
    count = f"{len(results)} result{'' if len(results) == 1 else 's'}" if results else ""
    performers = [context.name(one) for one in tree.get("performer") or ()]
    return base(
        tree,
        title=codes.concept(tree.get("code")) or "Report",
        detail=" · ".join(part for part in (codes.first(tree.get("category")), count, conclusion) if part),
        when=start(tree, "effective") or str(tree.get("issued") or ""),
        entered=str(tree.get("issued") or ""),
        who=next((person for person in performers if person), ""),
        code=codes.code_line(tree.get("code")),
    )


def document(tree: Tree, context: Context) -> Entry:
    """A document (R4 DocumentReference)."""
    titles = [(one.get("attachment") or {}).get("title") for one in tree.get("content") or ()]
    name = codes.concept(tree.get("type")) or str(tree.get("description") or "")
    title = next((str(one) for one in titles if one), "")
    authors = [context.name(one) for one in tree.get("author") or ()]
    state = tree.get("docStatus") or tree.get("status")
    when = start(tree.get("context") or {}, "period") or str(tree.get("date") or "")
    return base(
        tree,
        title=name or title or "Document",
        detail=" · ".join(
            part for part in (title if title != name else "", codes.first(tree.get("category"))) if part
        ),
        when=when,
        entered=str(tree.get("date") or ""),
        who=next((person for person in authors if person), ""),
        status=status(state),
    )


def order(tree: Tree, context: Context) -> Entry:
    """An order or referral (R4 ServiceRequest)."""
    performers = [context.name(one) for one in tree.get("performer") or ()]
    urgent = tree.get("priority") in ("stat", "asap", "urgent")
    reasons = [codes.concept(one) for one in tree.get("reasonCode") or ()]
    parts = [
        "for " + ", ".join(filter(None, reasons)) if any(reasons) else "",
        next(filter(None, performers), ""),
    ]
    return base(
        tree,
        title=codes.concept(tree.get("code")) or "Order without a name",
        detail=" · ".join(part for part in parts if part),
        when=str(tree.get("authoredOn") or "") or start(tree, "occurrence"),
        entered=str(tree.get("authoredOn") or ""),
        who=context.name(tree.get("requester")),
        code=codes.code_line(tree.get("code")),
        mark=Mark("amber", str(tree["priority"])) if urgent else None,
    )


def plan(tree: Tree, context: Context) -> Entry:
    """A care plan with what it asks for (R4 CarePlan)."""
    activities = [codes.concept((one.get("detail") or {}).get("code")) for one in tree.get("activity") or ()]
    title = str(tree.get("title") or "") or codes.first(
        [one for one in tree.get("category") or () if codes.concept(one)][-1:]
    )
    return base(
        tree,
        title=title or "Care plan",
        detail=", ".join(one for one in activities if one) or str(tree.get("description") or ""),
        when=start(tree, "period") or str(tree.get("created") or ""),
        until=end(tree, "period"),
        entered=str(tree.get("created") or ""),
        who=context.name(tree.get("author")),
    )


def goal(tree: Tree, context: Context) -> Entry:
    """A goal (R4 Goal)."""
    achievement = codes.concept(tree.get("achievementStatus"))
    due = next((one.get("dueDate") for one in tree.get("target") or () if one.get("dueDate")), "")
    parts = [achievement, f"due {context.reader.day(due)}" if due else ""]
    return base(
        tree,
        title=codes.concept(tree.get("description")) or "Goal",
        detail=" · ".join(part for part in parts if part),
        when=str(tree.get("startDate") or tree.get("statusDate") or ""),
        status=status(tree.get("lifecycleStatus")),
        struck=tree.get("lifecycleStatus") in STRUCK,
        who=context.name(tree.get("expressedBy")),
    )


def imaging(tree: Tree, context: Context) -> Entry:
    """An imaging study (R4 ImagingStudy)."""
    series = tree.get("series") or ()
    sites = {codes.coding(one.get("bodySite")) for one in series} - {""}
    modes = {codes.coding(one.get("modality")) for one in series} - {""}
    images = tree.get("numberOfInstances")
    parts = [", ".join(sorted(sites)), f"{images} image{'' if images == 1 else 's'}" if images else ""]
    return base(
        tree,
        title=str(tree.get("description") or "") or ", ".join(sorted(modes)) or "Imaging study",
        detail=" · ".join(part for part in parts if part),
        when=str(tree.get("started") or ""),
        who=context.name(tree.get("referrer")),
    )


READINGS: Final[dict[str, Reading]] = {
    "AllergyIntolerance": allergy,
    "CarePlan": plan,
    "Claim": claim,
    "Condition": condition,
    "Coverage": coverage,
    "DiagnosticReport": report,
    "DocumentReference": document,
    "Encounter": encounter,
    "ExplanationOfBenefit": claim,
    "FamilyMemberHistory": relative,
    "Goal": goal,
    "ImagingStudy": imaging,
    "Immunization": immunization,
    "MedicationRequest": medication,
    "MedicationStatement": medication,
    "Observation": observed,
    "Procedure": procedure,
    "ServiceRequest": order,
}


def read(tree: Tree, context: Context) -> Entry:
    """`tree` as one line of the chart."""
    return READINGS.get(str(tree.get("resourceType", "")), anything)(tree, context)
