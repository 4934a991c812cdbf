"""What the front desk writes: Patient, RelatedPerson and Coverage."""

from __future__ import annotations

from datetime import date
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.clinic import language
from charthouse.ops.demo.coding import (
    IDENTIFIERS,
    LOINC,
    TERMINOLOGY,
    US_CORE,
    coding,
    concept,
    demo_meta,
    extension,
    hl7,
)
from charthouse.ops.demo.person import Person

_OMB: Final = "urn:oid:2.16.840.1.113883.6.238"
_RACES: Final = {
    "white": ("2106-3", "White"),
    "black": ("2054-5", "Black or African American"),
    "asian": ("2028-9", "Asian"),
    "native": ("1002-5", "American Indian or Alaska Native"),
    "other": ("2131-1", "Other Race"),
    "pacific": ("2076-8", "Native Hawaiian or Other Pacific Islander"),
}
_PRONOUNS: Final = {
    "he": ("LA29518-0", "he/him/his/his/himself"),
    "she": ("LA29519-8", "she/her/her/hers/herself"),
    "they": ("LA29520-6", "they/them/their/theirs/themselves"),
}
_MARITAL: Final = {"M": "Married", "S": "Never Married", "D": "Divorced", "W": "Widowed"}
_RELATIONS: Final = {
    "Mother": "MTH",
    "Father": "FTH",
    "Spouse": "SPS",
    "Daughter": "DAUC",
    "Son": "SONC",
    "Sibling": "SIB",
    "Child": "CHILD",
    "Friend": "FRND",
    "Grandmother": "GRMTH",
}
_PLANS: Final = {
    "bluewater": ("PPO", "preferred provider organization policy", "Bluewater PPO"),
    "mariner": ("HMO", "health maintenance organization policy", "Mariner Mutual HMO"),
    "tidewater": ("SUBSIDIZ", "subsidized health program", "Tidewater Medicaid"),
    "medicare": ("RETIRE", "retiree health program", "Medicare Part B"),
}


def patient(person: Person, managing: Tree, doctor: Tree) -> Tree:
    """The Patient's elements, `id` and `resourceType` left to the chart."""
    tree: Tree = {"meta": demo_meta(), "extension": _extensions(person)}
    tree["identifier"] = [
        {
            "use": "usual",
            "type": hl7("v2-0203", "MR", "Medical record number", "MRN"),
            "system": IDENTIFIERS + "mrn",
            "value": person.mrn,
            "assigner": managing,
        }
    ]
    tree["active"] = person.died is None
    tree["name"] = names(person)
    tree["telecom"] = [{"system": "phone", "value": person.phone, "use": "mobile"}]
    if person.email:
        tree["telecom"].append({"system": "email", "value": person.email, "use": "home"})
    tree["gender"] = person.gender or person.sex
    tree["birthDate"] = person.born.isoformat()
    if person.died:
        tree["deceasedDateTime"] = person.died.isoformat()
    tree["address"] = [address(person)]
    if person.marital:
        tree["maritalStatus"] = hl7("v3-MaritalStatus", person.marital, _MARITAL[person.marital])
    if person.contact:
        tree["contact"] = [_contact(person, *person.contact)]
    tree["communication"] = [
        {"language": language(code)} | ({"preferred": True} if rank == 0 else {})
        for rank, code in enumerate(person.languages)
    ]
    tree["generalPractitioner"] = [doctor]
    tree["managingOrganization"] = managing
    return tree


def names(person: Person) -> list[Tree]:
    """Official name, then the preferred and a former one where there are any."""
    full = " ".join([*person.given, person.family])
    found: list[Tree] = [{"use": "official", "text": full, "family": person.family, "given": person.given}]
    if person.preferred:
        found.append({"use": "usual", "text": person.preferred, "given": [person.preferred]})
    if person.maiden:
        found.append({"use": "maiden", "family": person.maiden, "given": person.given[:1]})
    return found


def address(person: Person) -> Tree:
    """The home address."""
    return {
        "use": "home",
        "line": [person.line],
        "city": person.city,
        "state": "MA",
        "postalCode": person.zip,
        "country": "US",
    }


def _extensions(person: Person) -> list[Tree]:
    code, name = _RACES[person.race]
    ethnic = ("2135-2", "Hispanic or Latino") if person.hispanic else ("2186-5", "Not Hispanic or Latino")
    found = [
        _parts("us-core-race", coding(_OMB, code, name), name),
        _parts("us-core-ethnicity", coding(_OMB, *ethnic), ethnic[1]),
        extension(US_CORE + "us-core-birthsex", "Code", "F" if person.sex == "female" else "M"),
    ]
    if person.preferred or person.pronouns == "they":
        found.append(
            {
                "url": "http://hl7.org/fhir/StructureDefinition/individual-pronouns",
                "extension": [
                    extension("value", "CodeableConcept", concept(LOINC, *_PRONOUNS[person.pronouns]))
                ],
            }
        )
    if person.interpreter:
        found.append(
            extension("http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "Boolean", True)
        )
    return found


def _parts(profile: str, category: Tree, text: str) -> Tree:
    return {
        "url": US_CORE + profile,
        "extension": [
            extension("ombCategory", "Coding", category),
            extension("text", "String", text),
        ],
    }


def _contact(person: Person, name: str, relation: str) -> Tree:
    return {
        "relationship": [hl7("v2-0131", "C", "Emergency Contact", f"Emergency contact, {relation.lower()}")],
        "name": {"text": name},
        "telecom": [
            {"system": "phone", "value": f"508-555-01{(person.number * 37 + 11) % 100:02d}", "use": "mobile"}
        ],
    }


def related(chart: Chart, name: str, relation: str, gender: str, born: date | None = None) -> str:
    """A RelatedPerson of the patient, e.g. the mother of a child."""
    given, _, family = name.rpartition(" ")
    body: Tree = {
        "active": True,
        "patient": chart.subject(),
        "relationship": [
            concept(TERMINOLOGY + "v3-RoleCode", _RELATIONS[relation], relation.lower(), relation)
        ],
        "name": [{"use": "official", "text": name, "family": family, "given": [given]}],
        "telecom": [{"system": "phone", "value": chart.person.phone, "use": "mobile"}],
        "gender": gender,
        "address": [address(chart.person)],
    }
    if born:
        body["birthDate"] = born.isoformat()
    return chart.add("RelatedPerson", body)


def coverage(chart: Chart, since: date) -> str | None:
    """The patient's insurance from a day on, if any."""
    payer = chart.person.payer
    if payer is None:
        return None
    code, display, plan = _PLANS[payer]
    member = f"{payer[:2].upper()}{(chart.person.number * 7919 + 100_003) % 99_999_989:08d}"
    child = (since - chart.person.born).days < 19 * 365
    return chart.add(
        "Coverage",
        {
            "identifier": [
                {
                    "type": hl7("v2-0203", "MB", "Member Number"),
                    "system": f"{IDENTIFIERS}member/{payer}",
                    "value": member,
                }
            ],
            "status": "active" if chart.person.died is None else "cancelled",
            "type": hl7("v3-ActCode", code, display, plan),
            "subscriberId": member,
            "beneficiary": chart.subject(),
            "relationship": hl7(
                "subscriber-relationship", "child" if child else "self", "Child" if child else "Self"
            ),
            "period": {"start": since.isoformat()}
            | ({"end": chart.person.died.isoformat()} if chart.person.died else {}),
            "payor": [chart.clinic.organization(payer)],
            "class": [
                {
                    "type": hl7("coverage-class", "plan", "Plan"),
                    "value": plan.lower().replace(" ", "-"),
                    "name": plan,
                }
            ],
        },
    )
