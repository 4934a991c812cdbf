"""The record of a made-up clinic that is searched: charts with everything a day asks for, the same for the same number.

Four hundred resources for each patient, so that records of any size differ in nothing but how many patients there
are. One in fifty patients brings a practitioner, one a form of the clinic, the others a person to call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from charthouse.ops.bench import invented
from charthouse.ops.bench.house import Size
from charthouse.ops.bench.invented import HL7, LOINC, START, Tree, concept, instant

DAYS: Final = 7_300  # that the charts go back
TODAY: Final = (START + timedelta(days=DAYS - 1)).date()
PANEL: Final = 50  # patients of one practitioner
AHEAD: Final = 180  # days before and after today that have appointments
CHANGED: Final = 20  # measurements that are corrected when everything is there
OWN: Final = "urn:oid:2.16.840.1.113883.19.5"  # the clinic's numbers for patients
SNOMED: Final = "http://snomed.info/sct"
ICD: Final = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
FORMS: Final = "https://harbor.example.org/forms/"

ENCOUNTERS: Final = 30
CONDITIONS: Final = 14
OBSERVATIONS: Final = 299
PRESCRIPTIONS: Final = 12
VACCINATIONS: Final = 8
PROCEDURES: Final = 4
REPORTS: Final = 9
ALLERGIES: Final = 2
DOCUMENTS: Final = 8
APPOINTMENTS: Final = 12
EACH: Final = (
    2 + ENCOUNTERS + CONDITIONS + OBSERVATIONS + PRESCRIPTIONS + VACCINATIONS + PROCEDURES + REPORTS + ALLERGIES
    + DOCUMENTS + APPOINTMENTS
)  # fmt: skip

DRUGS: Final = (
    ("197361", "Amlodipine 5 MG Oral Tablet"), ("314076", "Lisinopril 10 MG Oral Tablet"),
    ("860975", "Metformin 500 MG Oral Tablet"), ("617312", "Atorvastatin 20 MG Oral Tablet"),
    ("966222", "Levothyroxine 50 UG Oral Tablet"), ("198051", "Omeprazole 20 MG Oral Capsule"),
    ("745679", "Albuterol 0.09 MG Inhaler"), ("312938", "Sertraline 50 MG Oral Tablet"),
)  # fmt: skip
SUBSTANCES: Final = (
    ("764146007", "Penicillin"), ("387207008", "Ibuprofen"), ("387406002", "Sulfonamide"), ("256349002", "Peanut"),
    ("256277009", "Grass pollen"), ("111088007", "Latex"), ("227037002", "Fish"), ("387458008", "Aspirin"),
)  # fmt: skip
PAPERS: Final = (
    ("11488-4", "Consult note"), ("18842-5", "Discharge summary"), ("34133-9", "Summary of episode note"),
    ("57133-1", "Referral note"),
)  # fmt: skip
STATES: Final = ("booked", "booked", "booked", "fulfilled", "cancelled", "noshow")


@dataclass(frozen=True, slots=True)
class Practice(Size):
    """A clinic of so many patients."""

    visits: int = ENCOUNTERS
    problems: int = CONDITIONS
    measures: int = OBSERVATIONS

    @property
    def resources(self) -> int:
        """All together."""
        return self.patients * EACH

    def chart(self, number: int) -> Iterator[Tree]:
        """Everything that came with the patient of that number."""
        return chart(number)

    def ids(self) -> Iterator[str]:
        """Type and id of each, as in an address."""
        for number in range(self.patients):
            yield from (f"{tree['resourceType']}/{tree['id']}" for tree in chart(number))


def practitioner(number: int) -> str:
    """The id of the practitioner whom the patient of that number sees."""
    return f"bench-practitioner-{number // PANEL}"


def chart(number: int) -> Iterator[Tree]:
    """A patient with all that belongs to them over twenty years, and what came to the clinic with them."""
    random = invented.chance(3_000_000 + number)
    whom = f"Patient/{invented.patient_id(number)}"
    who = f"Practitioner/{practitioner(number)}"
    yield _beside(number, whom)
    yield patient(number)
    days = sorted(random.randrange(DAYS) for _ in range(ENCOUNTERS))
    moments = [START + timedelta(days=day, minutes=random.randrange(480)) for day in days]
    names = [f"Encounter/bench-{number}-{place}" for place in range(ENCOUNTERS)]
    for name, at in zip(names, moments, strict=True):
        yield _visit(random, whom, who, name.partition("/")[2], at)
    for place in range(CONDITIONS):
        visit = random.randrange(ENCOUNTERS)
        yield _problem(random, whom, names[visit], f"bench-{number}-c{place}", moments[visit])
    for place in range(OBSERVATIONS):
        visit = random.randrange(ENCOUNTERS)
        yield invented.observation(random, whom, names[visit], f"bench-{number}-o{place}", moments[visit])
    for maker, count, mark in _MAKERS:
        for place in range(count):
            visit = random.randrange(ENCOUNTERS)
            tree = maker(random, whom, who, moments[visit])
            yield {"resourceType": tree.pop("resourceType"), "id": f"bench-{number}-{mark}{place}", **tree}


def corrected(trees: Iterator[Tree]) -> list[Tree]:
    """What is corrected after everything is there: the first measurements, each with another status."""
    found = [tree for tree in trees if tree["resourceType"] == "Observation"][:CHANGED]
    return [tree | {"status": "amended"} for tree in found]


def patient(number: int) -> Tree:
    """A Patient; one in twenty has no telephone."""
    tree = invented.patient(number) | {
        "generalPractitioner": [{"reference": f"Practitioner/{practitioner(number)}"}]
    }
    if number % 20 == 7:
        del tree["telecom"]
    return tree


def _beside(number: int, whom: str) -> Tree:
    """What comes with a patient: a practitioner, a form, or a person to call."""
    if number % PANEL == 0:
        family = f"Keller{number // PANEL}"
        return {
            "resourceType": "Practitioner", "id": practitioner(number), "active": True,
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": f"{10**9 + number}"}],
            "name": [{"family": family, "given": ["Robin"]}],
        }  # fmt: skip
    if number % PANEL == 1:
        return {
            "resourceType": "Questionnaire", "id": f"bench-form-{number // PANEL}", "url": f"{FORMS}{number // PANEL}",
            "status": "active", "title": f"Intake form {number // PANEL}",
            "item": [{"linkId": "1", "text": "What brings you in?", "type": "string"}],
        }  # fmt: skip
    return {
        "resourceType": "RelatedPerson", "id": f"bench-relative-{number}", "active": True,
        "patient": {"reference": whom}, "name": [{"family": f"Relative{number}", "given": ["Sam"]}],
    }  # fmt: skip


def _visit(random: Random, whom: str, who: str, id: str, at: datetime) -> Tree:
    tree = invented.encounter(random, whom, id, at)
    return tree | {"participant": [{"individual": {"reference": who}}]}


def _problem(random: Random, whom: str, visit: str, id: str, at: datetime) -> Tree:
    """A problem; one in twenty was coded by a biller first."""
    tree = invented.condition(random, whom, visit, id, at)
    if random.randrange(20) == 0:
        tree["code"]["coding"].append(
            {"system": ICD, "code": random.choice(("I10", "E11.9", "E78.5", "J45.909"))}
        )
    return tree


def _prescription(random: Random, whom: str, who: str, at: datetime) -> Tree:
    return {
        "resourceType": "MedicationRequest", "status": random.choice(("active", "completed", "stopped")),
        "intent": "order", "medicationCodeableConcept": concept(RXNORM, *random.choice(DRUGS)),
        "subject": {"reference": whom}, "authoredOn": instant(at), "requester": {"reference": who},
        "dosageInstruction": [{"text": "One daily"}],
    }  # fmt: skip


def _vaccination(random: Random, whom: str, who: str, at: datetime) -> Tree:
    return {
        "resourceType": "Immunization", "status": "completed",
        "vaccineCode": concept(CVX, str(random.choice((3, 8, 10, 20, 88, 113, 140, 213))), "Vaccine"),
        "patient": {"reference": whom}, "occurrenceDateTime": instant(at),
        "performer": [{"actor": {"reference": who}}],
    }  # fmt: skip


def _procedure(random: Random, whom: str, who: str, at: datetime) -> Tree:
    return {
        "resourceType": "Procedure", "status": "completed",
        "code": concept(SNOMED, str(random.randrange(10**6, 10**7)), "Procedure"), "subject": {"reference": whom},
        "performedDateTime": instant(at), "performer": [{"actor": {"reference": who}}],
    }  # fmt: skip


def _report(random: Random, whom: str, who: str, at: datetime) -> Tree:
    number = whom.rpartition("-")[2]
    results = [f"Observation/bench-{number}-o{random.randrange(OBSERVATIONS)}" for _ in range(3)]
    code = concept(LOINC, "58410-2", "Complete blood count")
    return {
        "resourceType": "DiagnosticReport", "status": "final", "code": code, "subject": {"reference": whom},
        "effectiveDateTime": instant(at), "performer": [{"reference": who}],
        "result": [{"reference": name} for name in dict.fromkeys(results)],
    }  # fmt: skip


def _allergy(random: Random, whom: str, who: str, at: datetime) -> Tree:
    return {
        "resourceType": "AllergyIntolerance", "clinicalStatus": concept(HL7 + "allergyintolerance-clinical", "active"),
        "verificationStatus": concept(HL7 + "allergyintolerance-verification", "confirmed"),
        "code": concept(SNOMED, *random.choice(SUBSTANCES)), "patient": {"reference": whom},
        "recordedDate": instant(at), "recorder": {"reference": who},
    }  # fmt: skip


def _document(random: Random, whom: str, who: str, at: datetime) -> Tree:
    return {
        "resourceType": "DocumentReference", "status": "current", "type": concept(LOINC, *random.choice(PAPERS)),
        "subject": {"reference": whom}, "date": instant(at), "author": [{"reference": who}],
        "content": [{"attachment": {"contentType": "application/pdf", "title": "Scan"}}],
    }  # fmt: skip


def _appointment(random: Random, whom: str, who: str, at: datetime) -> Tree:
    """An appointment of some minutes within half a year of today, whenever the patient was seen."""
    begins = START + timedelta(
        days=DAYS - 1 + random.randrange(-AHEAD, AHEAD), minutes=15 * random.randrange(32)
    )
    return {
        "resourceType": "Appointment", "status": random.choice(STATES), "start": instant(begins),
        "end": instant(begins + timedelta(minutes=15)), "created": instant(min(at, begins)),
        "participant": [
            {"actor": {"reference": whom}, "status": "accepted"}, {"actor": {"reference": who}, "status": "accepted"},
        ],
    }  # fmt: skip


_MAKERS: Final = (
    (_prescription, PRESCRIPTIONS, "m"), (_vaccination, VACCINATIONS, "i"), (_procedure, PROCEDURES, "p"),
    (_report, REPORTS, "r"), (_allergy, ALLERGIES, "a"), (_document, DOCUMENTS, "d"), (_appointment, APPOINTMENTS, "s"),
)  # fmt: skip
