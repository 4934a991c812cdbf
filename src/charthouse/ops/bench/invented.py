"""Made-up resources in bulk, the same for the same seed: made for measuring, not for reading."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any, Final

Tree = dict[str, Any]

GENERATOR: Final = 3  # changes whenever other resources come out; kept records are named by it
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
START: Final = datetime(2006, 1, 2, 8, tzinfo=UTC)

# code, words, unit, about, spread. The first are in nearly every chart, the last in few.
MEASURES: Final = (
    ("8480-6", "Systolic blood pressure", "mm[Hg]", 124, 14), ("8462-4", "Diastolic blood pressure", "mm[Hg]", 78, 9),
    ("8867-4", "Heart rate", "/min", 74, 9), ("9279-1", "Respiratory rate", "/min", 15, 2),
    ("8310-5", "Body temperature", "Cel", 37, 1), ("29463-7", "Body weight", "kg", 78, 12),
    ("8302-2", "Body height", "cm", 169, 9), ("39156-5", "Body mass index", "kg/m2", 27, 4),
    ("59408-5", "Oxygen saturation by pulse oximetry", "%", 97, 1), ("2339-0", "Glucose in blood", "mg/dL", 104, 19),
    ("718-7", "Hemoglobin in blood", "g/dL", 14, 1), ("4544-3", "Hematocrit of blood", "%", 42, 3),
    ("6690-2", "Leukocytes in blood", "10*3/uL", 7, 2), ("789-8", "Erythrocytes in blood", "10*6/uL", 5, 1),
    ("777-3", "Platelets in blood", "10*3/uL", 250, 50), ("787-2", "Erythrocyte mean volume", "fL", 90, 4),
    ("2951-2", "Sodium in serum", "mmol/L", 140, 3), ("2823-3", "Potassium in serum", "mmol/L", 4, 1),
    ("2075-0", "Chloride in serum", "mmol/L", 103, 3), ("2028-9", "Carbon dioxide in serum", "mmol/L", 25, 2),
    ("3094-0", "Urea nitrogen in serum", "mg/dL", 15, 4), ("2160-0", "Creatinine in serum", "mg/dL", 1, 1),
    ("17861-6", "Calcium in serum", "mg/dL", 9, 1), ("4548-4", "Hemoglobin A1c", "%", 6, 1),
    ("2093-3", "Cholesterol in serum", "mg/dL", 190, 30), ("2085-9", "Cholesterol in HDL", "mg/dL", 52, 12),
    ("18262-6", "Cholesterol in LDL", "mg/dL", 112, 26), ("2571-8", "Triglyceride in serum", "mg/dL", 140, 50),
    ("1742-6", "Alanine aminotransferase", "U/L", 26, 9), ("1920-8", "Aspartate aminotransferase", "U/L", 24, 8),
    ("6768-6", "Alkaline phosphatase", "U/L", 72, 18), ("1975-2", "Bilirubin total", "mg/dL", 1, 1),
    ("2885-2", "Protein in serum", "g/dL", 7, 1), ("1751-7", "Albumin in serum", "g/dL", 4, 1),
    ("3016-3", "Thyrotropin", "mU/L", 2, 1), ("33914-3", "Glomerular filtration rate", "mL/min", 86, 14),
    ("14959-1", "Albumin/creatinine in urine", "mg/g", 18, 9), ("6301-6", "INR in platelet poor plasma", "{INR}", 1, 1),
    ("2276-4", "Ferritin in serum", "ng/mL", 90, 40), ("1989-3", "Vitamin D in serum", "ng/mL", 31, 9),
)  # fmt: skip
_WEIGHTS: Final = tuple(accumulate(1 / (place + 2) for place in range(len(MEASURES))))
_PROBLEMS: Final = (
    ("38341003", "Hypertensive disorder"), ("44054006", "Diabetes mellitus type 2"), ("55822004", "Hyperlipidemia"),
    ("195967001", "Asthma"), ("396275006", "Osteoarthritis"), ("35489007", "Depressive disorder"),
    ("235595009", "Gastroesophageal reflux disease"), ("40930008", "Hypothyroidism"), ("162864005", "Obesity"),
    ("444814009", "Viral sinusitis"), ("10509002", "Acute bronchitis"), ("195662009", "Acute viral pharyngitis"),
)  # fmt: skip
_FAMILIES: Final = (
    "Abbott",
    "Barros",
    "Chen",
    "Diaz",
    "Eriksen",
    "Fofana",
    "Garcia",
    "Huang",
    "Ivanova",
    "Jones",
)
_GIVEN: Final = ("Ana", "Ben", "Carla", "David", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jamal")


def patient_id(number: int) -> str:
    """The id of the patient of that number."""
    return f"bench-patient-{number}"


def chance(seed: int) -> Random:
    """Choices that repeat for a seed."""
    return Random(seed)  # noqa: S311 - load, not secrets


def patient(number: int) -> Tree:
    """A Patient."""
    random = chance(number)
    born = START - timedelta(days=random.randrange(1_000, 30_000))
    return {
        "resourceType": "Patient",
        "id": patient_id(number),
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.19.5", "value": f"{number:08d}"}],
        "active": True,
        "name": [
            {
                "use": "official",
                "family": f"{random.choice(_FAMILIES)}{number}",
                "given": [random.choice(_GIVEN)],
            }
        ],
        "telecom": [{"system": "phone", "value": f"555-{number % 10_000:04d}", "use": "home"}],
        "gender": random.choice(("female", "male")),
        "birthDate": born.date().isoformat(),
        "address": [
            {"line": [f"{number} Quay Street"], "city": "Harbor", "state": "MA", "postalCode": "02110"}
        ],
    }


def encounter(random: Random, whom: str, id: str | None, at: datetime) -> Tree:
    """A visit of half an hour."""
    tree: Tree = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": HL7 + "v3-ActCode", "code": random.choice(("AMB", "AMB", "AMB", "EMER", "VR"))},
        "type": [concept("http://snomed.info/sct", "185349003", "Encounter for check up")],
        "subject": {"reference": whom},
        "period": {"start": instant(at), "end": instant(at + timedelta(minutes=30))},
    }
    return tree if id is None else tree | {"id": id}


def condition(random: Random, whom: str, visit: str, id: str | None, at: datetime) -> Tree:
    """A problem, solved or not."""
    code, words = random.choice(_PROBLEMS)
    tree: Tree = {
        "resourceType": "Condition",
        "clinicalStatus": concept(HL7 + "condition-clinical", random.choice(("active", "resolved"))),
        "verificationStatus": concept(HL7 + "condition-ver-status", "confirmed"),
        "category": [concept(HL7 + "condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
        "code": concept("http://snomed.info/sct", code, words) | {"text": words},
        "subject": {"reference": whom},
        "encounter": {"reference": visit},
        "onsetDateTime": instant(at),
        "recordedDate": instant(at),
    }
    return tree if id is None else tree | {"id": id}


def observation(random: Random, whom: str, visit: str | None, id: str | None, at: datetime) -> Tree:
    """A measurement; the common ones come often."""
    place = random.choices(range(len(MEASURES)), cum_weights=_WEIGHTS)[0]
    code, words, unit, about, spread = MEASURES[place]
    category = "vital-signs" if place < 9 else "laboratory"
    value = Decimal(int(max(1.0, random.gauss(about, spread)) * 100)) / 100
    tree: Tree = {
        "resourceType": "Observation",
        "status": "final",
        "category": [concept(HL7 + "observation-category", category, category)],
        "code": concept(LOINC, code, words) | {"text": words},
        "subject": {"reference": whom},
        "effectiveDateTime": instant(at),
        "issued": instant(at + timedelta(minutes=random.randrange(1, 90))),
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }
    if visit is not None:
        tree["encounter"] = {"reference": visit}
    return tree if id is None else tree | {"id": id}


def long_observation(random: Random, whom: str, at: datetime) -> Tree:
    """An Observation of about 1.5 KB: with its range, meaning, method, device, performer and a narrative."""
    tree = observation(random, whom, None, None, at)
    measured = tree["valueQuantity"]
    words, value, unit = tree["code"]["text"], measured["value"], measured["unit"]
    low, high = value - 3, value + 4
    limit = {"unit": unit, "system": UCUM, "code": unit}
    told = f"{words}: {value} {unit}, measured on {tree['effectiveDateTime']}; between {low} and {high} as expected."
    return tree | {
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{told}</p></div>',
        },
        "identifier": [
            {"system": "urn:oid:2.16.840.1.113883.19.5.7", "value": f"{random.randrange(10**12):012d}"}
        ],
        "performer": [{"display": f"Station {random.randrange(40)}, Harbor Clinic"}],
        "interpretation": [concept(HL7 + "v3-ObservationInterpretation", "N", "Normal")],
        "note": [
            {
                "text": f"Taken at rest after {random.randrange(2, 12)} minutes; cuff and device as in the plan."
            }
        ],
        "method": concept("http://snomed.info/sct", "272394005", "Technique"),
        "device": {"display": f"Monitor {random.randrange(900)}"},
        "referenceRange": [
            {"low": limit | {"value": low}, "high": limit | {"value": high}, "text": f"{low} - {high}"}
        ],
    }


EXTRAS: Final = ("MedicationRequest", "Immunization", "Procedure", "DiagnosticReport")


def extra(type: str, random: Random, whom: str, visit: str, id: str, at: datetime) -> Tree:
    """A prescription, an immunization, a procedure or a report, as `type` says."""
    tree: Tree = {"resourceType": type, "id": id, "status": "completed"}
    when = instant(at)
    match type:
        case "MedicationRequest":
            code = concept(
                "http://www.nlm.nih.gov/research/umls/rxnorm", str(random.randrange(90)), "Tablet 10 mg"
            )
            return tree | {
                "status": random.choice(("active", "completed", "stopped")), "intent": "order", "authoredOn": when,
                "medicationCodeableConcept": code, "subject": {"reference": whom}, "encounter": {"reference": visit},
                "dosageInstruction": [{"text": "One tablet daily"}],
            }  # fmt: skip
        case "Immunization":
            code = concept("http://hl7.org/fhir/sid/cvx", str(random.randrange(1, 150)), "Vaccine")
            return tree | {"vaccineCode": code, "patient": {"reference": whom}, "occurrenceDateTime": when}
        case "Procedure":
            code = concept("http://snomed.info/sct", str(random.randrange(10**6, 10**7)), "Procedure")
            return tree | {"code": code, "subject": {"reference": whom}, "performedDateTime": when}
        case _:
            code = concept(LOINC, "58410-2", "Complete blood count")
            return tree | {
                "status": "final",
                "code": code,
                "subject": {"reference": whom},
                "effectiveDateTime": when,
            }


def chart(number: int, visits: int, problems: int, measures: int, extras: int = 0) -> Iterator[Tree]:
    """A patient with all that belongs to them, over twenty years."""
    random = chance(1_000_000 + number)
    whom = f"Patient/{patient_id(number)}"
    yield patient(number)
    days = sorted(random.randrange(7_300) for _ in range(visits))
    moments = [START + timedelta(days=day, minutes=random.randrange(480)) for day in days]
    names = [f"Encounter/bench-{number}-{place}" for place in range(visits)]
    for name, at in zip(names, moments, strict=True):
        yield encounter(random, whom, name.partition("/")[2], at)
    for place in range(problems):
        visit = random.randrange(visits)
        yield condition(random, whom, names[visit], f"bench-{number}-c{place}", moments[visit])
    for place in range(measures):
        visit = random.randrange(visits)
        yield observation(random, whom, names[visit], f"bench-{number}-o{place}", moments[visit])
    for place in range(extras):
        for type in EXTRAS:
            visit = random.randrange(visits)
            yield extra(type, random, whom, names[visit], f"bench-{number}-x{place}", moments[visit])


def transaction(seed: int, patients: int, entries: int) -> Tree:
    """A transaction Bundle: a visit of a patient who is there, problems and measurements of that visit."""
    random = chance(2_000_000 + seed)
    whom = f"Patient/{patient_id(random.randrange(patients))}"
    at = START + timedelta(minutes=random.randrange(10_000_000))
    name = f"urn:uuid:{random.getrandbits(32):08x}-0000-4000-8000-{seed:012x}"
    trees = [encounter(random, whom, None, at)]
    trees += [condition(random, whom, name, None, at) for _ in range(2)]
    trees += [observation(random, whom, name, None, at) for _ in range(entries - len(trees))]
    made: list[Tree] = [
        {"resource": tree, "request": {"method": "POST", "url": tree["resourceType"]}} for tree in trees
    ]
    made[0]["fullUrl"] = name
    return {"resourceType": "Bundle", "type": "transaction", "entry": made}


def concept(system: str, code: str, display: str = "") -> Tree:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    return {"coding": [coding | {"display": display} if display else coding]}


def instant(at: datetime) -> str:
    """A moment as the standard writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
