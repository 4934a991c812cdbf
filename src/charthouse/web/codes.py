"""Codes in words: what a coded value says to a reader, and the names of the systems it comes from."""

from __future__ import annotations

import re
from typing import Any, Final

SYSTEMS: Final = {
    "http://snomed.info/sct": "SNOMED CT",
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD-9-CM",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://hl7.org/fhir/sid/us-npi": "NPI",
    "http://hl7.org/fhir/sid/us-ssn": "Social security number",
    "http://hl7.org/fhir/sid/us-medicare": "Medicare number",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS",
    "http://unitsofmeasure.org": "UCUM",
    "urn:ietf:rfc:3986": "Web address",
    "urn:ietf:bcp:47": "Language tag",
    "urn:oid:2.16.840.1.113883.6.238": "Race and ethnicity codes",
    "urn:oid:2.16.840.1.113883.4.1": "Social security number",
}
# Codes whose own spelling is no word; by system where the letters are short.
WORDS: Final = {
    "AMB": "Outpatient",
    "IMP": "Inpatient",
    "ACUTE": "Inpatient, acute",
    "NONAC": "Inpatient, not acute",
    "EMER": "Emergency",
    "HH": "Home health",
    "VR": "Virtual",
    "OBSENC": "Observation",
    "SS": "Short stay",
    "PRENC": "Pre-admission",
    "FLD": "Field",
}
# Letters that are no words, by system, for records that give no display of their own.
LETTERS: Final = {
    ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M"): "Married",
    ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "S"): "Never married",
    ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "D"): "Divorced",
    ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "W"): "Widowed",
    ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "L"): "Legally separated",
    ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "P"): "Polygamous",
    ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "T"): "Domestic partner",
    ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "U"): "Unmarried",
}
INTERPRETATIONS: Final = {
    "H": "high",
    "HH": "critical high",
    "HU": "high",
    "L": "low",
    "LL": "critical low",
    "LU": "low",
    "A": "abnormal",
    "AA": "critical",
    "N": "normal",
    "POS": "positive",
    "NEG": "negative",
    "DET": "detected",
    "ND": "not detected",
    "R": "resistant",
    "S": "susceptible",
    "I": "intermediate",
    "U": "up",
    "D": "down",
    "B": "better",
    "W": "worse",
    "IND": "indeterminate",
    "E": "equivocal",
}
CRITICAL: Final = frozenset({"HH", "LL", "AA", "HX", "LX"})
ABNORMAL: Final = frozenset({"H", "L", "A", "HU", "LU", "POS", "DET", "R"})
LANGUAGES: Final = {
    "ar": "Arabic", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "ht": "Haitian Creole", "hu": "Hungarian", "hy": "Armenian", "ig": "Igbo",
    "it": "Italian", "ja": "Japanese", "km": "Khmer", "ko": "Korean", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "so": "Somali", "sv": "Swedish",
    "sw": "Swahili", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "yo": "Yoruba", "zh": "Chinese",
}  # fmt: skip
GENDERS: Final = {"male": "Male", "female": "Female", "other": "Other", "unknown": "Sex unknown"}
SPELLINGS: Final = {
    "final": "Final",
    "entered-in-error": "Entered in error",
    "in-progress": "In progress",
    "on-hold": "On hold",
    "not-done": "Not done",
    "current": "Current",
    "vital-signs": "Vital signs",
    "order": "Order",
    "instance-order": "Order",
}
# The semantic tag a terminology appends to a full name; readers do not need it.
_TAG: Final = re.compile(
    r" \((?:disorder|finding|procedure|situation|regime/therapy|physical object|substance|product|observable entity|"
    r"morphologic abnormality|body structure|event|person|qualifier value|environment|occupation|social concept)\)$"
)
INVISIBLE: Final = str.maketrans("", "", "\u200b\u200c\u200d\ufeff\u00ad")


def tidy(text: str) -> str:
    """`text` without invisible characters and a terminology's trailing tag."""
    return _TAG.sub("", text.translate(INVISIBLE).strip())


def spell(code: object) -> str:
    """A code in plain words where no display was sent: `entered-in-error` -> `Entered in error`."""
    if not isinstance(code, str) or not code:
        return ""
    if code in SPELLINGS:
        return SPELLINGS[code]
    if code in WORDS:
        return WORDS[code]
    if code.isupper() or any(character.isdigit() for character in code):
        return code
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code).replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:].lower()


def coding(value: Any) -> str:
    """What one Coding says."""
    if not isinstance(value, dict):
        return ""
    display = value.get("display")
    if isinstance(display, str) and display and display != value.get("code"):
        return tidy(display)
    letter = LETTERS.get((str(value.get("system")), str(value.get("code"))))
    if value.get("system") == "urn:ietf:bcp:47":
        letter = language(value.get("code"))
    return letter or spell(value.get("code")) or str(display or "")


def concept(value: Any) -> str:
    """What a CodeableConcept says: its text, else its first coding with a display, else a code spelled out."""
    if not isinstance(value, dict):
        return ""
    text = value.get("text")
    codings = [one for one in value.get("coding") or () if isinstance(one, dict)]
    if isinstance(text, str) and text.strip() and text not in [one.get("code") for one in codings]:
        return tidy(text)
    chosen = next((one for one in codings if one.get("userSelected")), None)
    chosen = chosen or next((one for one in codings if one.get("display")), None)
    return coding(chosen or (codings[0] if codings else None))


def first(values: Any) -> str:
    """What the first CodeableConcept of a list says."""
    return concept(values[0]) if isinstance(values, list) and values else ""


def code(value: Any) -> str:
    """The first code of a CodeableConcept, for logic; empty if there is none."""
    for one in (value or {}).get("coding") or () if isinstance(value, dict) else ():
        if isinstance(one, dict) and one.get("code"):
            return str(one["code"])
    return ""


def codes(value: Any) -> frozenset[str]:
    """All codes of a CodeableConcept."""
    if not isinstance(value, dict):
        return frozenset()
    return frozenset(
        str(one["code"]) for one in value.get("coding") or () if isinstance(one, dict) and one.get("code")
    )


def code_line(value: Any) -> str:
    """The code itself for those who work with codes: `I10`, `44054006 SNOMED CT`; ICD codes stand alone."""
    for one in (value or {}).get("coding") or () if isinstance(value, dict) else ():
        if isinstance(one, dict) and one.get("code"):
            name = system(one.get("system"))
            return str(one["code"]) if name.startswith("ICD-10-CM") or not name else f"{one['code']} {name}"
    return ""


def diagnosis_code(value: Any) -> str:
    """The ICD code of a CodeableConcept, which people in a clinic read; empty for other systems' numbers."""
    for one in (value or {}).get("coding") or () if isinstance(value, dict) else ():
        if isinstance(one, dict) and one.get("code") and system(one.get("system")).startswith("ICD-"):
            return str(one["code"])
    return ""


def system(uri: object) -> str:
    """The name of a code or identifier system; the last part of an unknown address."""
    if not isinstance(uri, str) or not uri:
        return ""
    if uri in SYSTEMS:
        return SYSTEMS[uri]
    if uri.startswith("urn:"):
        return uri
    return spell(uri.rstrip("/").rsplit("/", 1)[-1])


def language(code: object) -> str:
    """A language tag in words (BCP 47): `en-US` -> `English (US)`; unknown tags stay."""
    tag, _, region = str(code or "").partition("-")
    name = LANGUAGES.get(tag.lower(), "")
    if not name:
        return str(code or "")
    return f"{name} ({region})" if region else name


def interpretation(observation: Any) -> str:
    """The interpretation code of an Observation (first known one), empty if none."""
    for value in observation.get("interpretation") or ():
        for one in codes(value):
            if one in INTERPRETATIONS:
                return one
    return ""
