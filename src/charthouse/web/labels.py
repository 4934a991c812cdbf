"""Words for record types and their parts, so that no screen shows the name of an element."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

# What a type of record is called: one, many. A type that is not listed is its name in words.
TYPES: Final[dict[str, tuple[str, str]]] = {
    "AllergyIntolerance": ("Allergy", "Allergies"),
    "Condition": ("Problem", "Problems"),
    "Encounter": ("Visit", "Visits"),
    "Observation": ("Observation", "Observations"),
    "MedicationRequest": ("Prescription", "Prescriptions"),
    "MedicationStatement": ("Medication use", "Medication uses"),
    "MedicationAdministration": ("Medication given", "Medications given"),
    "MedicationDispense": ("Medication dispensed", "Medications dispensed"),
    "DiagnosticReport": ("Report", "Reports"),
    "DocumentReference": ("Document", "Documents"),
    "ServiceRequest": ("Order", "Orders"),
    "ExplanationOfBenefit": ("Benefit statement", "Benefit statements"),
    "CarePlan": ("Care plan", "Care plans"),
    "FamilyMemberHistory": ("Family history", "Family history"),
    "RelatedPerson": ("Related person", "Related people"),
    "PractitionerRole": ("Practitioner role", "Practitioner roles"),
    "Procedure": ("Procedure", "Procedures"),
    "ImagingStudy": ("Imaging study", "Imaging studies"),
    "QuestionnaireResponse": ("Answered form", "Answered forms"),
    "Questionnaire": ("Form", "Forms"),
    "AuditEvent": ("Audit entry", "Audit entries"),
    "Binary": ("File", "Files"),
    "NutritionOrder": ("Diet order", "Diet orders"),
    "Media": ("Picture or recording", "Pictures and recordings"),
    "Composition": ("Composed document", "Composed documents"),
    # things of the house, as the audit names them
    "incidents": ("Privacy incident", "Privacy incidents"),
    "policies": ("Policy", "Policies"),
    "programmes": ("Programme", "Programmes"),
    "settings": ("Setting", "Settings"),
}
# Element names whose plain split is no good English, by (type, element) or element alone.
ELEMENTS: Final[dict[str, str]] = {
    "Patient.contact": "Contact person",
    "Patient.link": "Other record of this person",
    "Patient.generalPractitioner": "Usual clinician",
    "Patient.communication": "Language",
    "Patient.communication.language": "Spoken",
    "Encounter.class": "Setting",
    "Encounter.serviceProvider": "Place of care",
    "Encounter.participant": "Care team",
    "Encounter.participant.individual": "Who",
    "Encounter.hospitalization": "Hospital stay",
    "Encounter.diagnosis.use": "Role",
    "MedicationRequest.dispenseRequest": "Supply",
    "MedicationRequest.dosageInstruction": "Directions",
    "MedicationRequest.substitution": "Substitution",
    "MedicationStatement.dosage": "Directions",
    "Observation.code": "Test",
    "Condition.code": "Problem",
    "Procedure.code": "Procedure",
    "AllergyIntolerance.code": "Allergic to",
    "AllergyIntolerance.criticality": "Risk of harm",
    "DiagnosticReport.code": "Report",
    "DiagnosticReport.presentedForm": "Attached report",
    "DocumentReference.content": "File",
    "ServiceRequest.code": "Ordered",
    "abatement": "Ended",
    "accession": "Accession number",
    "asserter": "Reported by",
    "asNeeded": "As needed",
    "authoredOn": "Ordered on",
    "basedOn": "Ordered by",
    "birthDate": "Date of birth",
    "bodySite": "Body site",
    "clinicalStatus": "Status",
    "code": "Code",
    "component": "Measurement",
    "contained": "Attached inside",
    "context": "Visit",
    "dataAbsentReason": "Why there is no value",
    "deceased": "Deceased",
    "docStatus": "Document status",
    "dispenseRequest": "Supply",
    "doNotPerform": "Do not do",
    "dosageInstruction": "Directions",
    "doseAndRate": "Dose",
    "dosage": "Directions",
    "effective": "Measured",
    "encounter": "Visit",
    "expectedSupplyDuration": "Days of supply",
    "gender": "Sex",
    "identifier": "Identifier",
    "implicitRules": "Special rules",
    "individual": "Who",
    "instance": "Image",
    "issued": "Issued",
    "lifecycleStatus": "Status",
    "lotNumber": "Lot number",
    "managingOrganization": "Kept by",
    "maritalStatus": "Marital status",
    "medication": "Medication",
    "meta": "Saved",
    "multipleBirth": "Multiple birth",
    "numberOfRepeatsAllowed": "Refills allowed",
    "occurrence": "When",
    "onset": "Began",
    "partOf": "Part of",
    "performed": "When",
    "performer": "Done by",
    "period": "When",
    "primarySource": "Recorded first hand",
    "productOrService": "Service",
    "recordedDate": "Recorded on",
    "recorder": "Recorded by",
    "reasonCode": "Reason",
    "reasonReference": "Reason",
    "referenceRange": "Usual range",
    "requester": "Ordered by",
    "serviceProvider": "Place of care",
    "statusHistory": "Earlier statuses",
    "statusReason": "Why this status",
    "subject": "Patient",
    "telecom": "Contact details",
    "uid": "Unique number",
    "vaccineCode": "Vaccine",
    "value": "Value",
    "verificationStatus": "Certainty",
    "versionId": "Version",
}
_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def words(name: str) -> str:
    """A name in camel case as words: `maritalStatus` -> `Marital status`; abbreviations keep their capitals."""
    parts = _BREAK.split(name)
    text = " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)
    return text[:1].upper() + text[1:]


@cache
def one(resource_type: str) -> str:
    """What a record of this type is called: `Visit`."""
    return TYPES[resource_type][0] if resource_type in TYPES else words(resource_type)


@cache
def many(resource_type: str) -> str:
    """What several are called: `Visits`."""
    if resource_type in TYPES:
        return TYPES[resource_type][1]
    name = words(resource_type)
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name if name.endswith("s") else name + "s"


@cache
def element(path: str) -> str:
    """The label of an element by its dotted path, e.g. `Patient.contact.telecom`; choice elements by their stem."""
    if path in ELEMENTS:
        return ELEMENTS[path]
    name = path.rsplit(".", 1)[-1]
    return ELEMENTS.get(name) or words(name)
