"""How the house's words for what happened are said in the codes of FHIR AuditEvent (R4, IHE BALP)."""

from __future__ import annotations

from typing import Any, Final

HL7: Final = "http://terminology.hl7.org/CodeSystem/"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
RESTFUL: Final = "http://hl7.org/fhir/restful-interaction"
BALP: Final = "https://profiles.ihe.net/ITI/BALP/"
OWN: Final = "urn:charthouse:audit"  # subtypes that no public code system has

Coding = dict[str, Any]


def coding(system: str, code: str, display: str = "") -> Coding:
    """A Coding."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


REST: Final[Coding] = coding(HL7 + "audit-event-type", "rest", "RESTful Operation")

# Interaction -> (type, subtype, action). Actions: C create, R read, U update, D delete, E execute
# (hl7.org/fhir/R4/valueset-audit-event-action.html).
_REST: Final = {
    "read": ("read", "R"), "vread": ("vread", "R"), "history": ("history-instance", "R"),
    "history-type": ("history-type", "R"), "history-system": ("history-system", "R"), "search": ("search-type", "E"),
    "create": ("create", "C"), "update": ("update", "U"), "patch": ("patch", "U"), "delete": ("delete", "D"),
    "transaction": ("transaction", "E"), "batch": ("batch", "E"),
}  # fmt: skip
_SIGNING: Final = coding(DICOM, "110114", "User Authentication")
_LOGIN: Final = coding(DICOM, "110122", "Login")
_DICOM: Final[dict[str, tuple[Coding, str, list[Coding]]]] = {
    "export": (coding(DICOM, "110106", "Export"), "R", []),
    "print": (coding(DICOM, "110106", "Export"), "R", []),
    "import": (coding(DICOM, "110107", "Import"), "C", []),
    "sign-in": (_SIGNING, "E", [_LOGIN]),
    "sign-in-failed": (_SIGNING, "E", [_LOGIN]),
    "sign-out": (_SIGNING, "E", [coding(DICOM, "110123", "Logout")]),
}
_EMERGENCY: Final = coding(DICOM, "110127", "Emergency Override Started")
_SECURITY: Final = coding(DICOM, "110113", "Security Alert")
_APPLICATION: Final = coding(DICOM, "110100", "Application Activity")

# Error category -> outcome (hl7.org/fhir/R4/valueset-audit-event-outcome.html): 4 = the caller's, 8 = ours.
OUTCOMES: Final = {
    "ok": "0", "invalid": "4", "forbidden": "4", "not_found": "4", "gone": "4", "conflict": "4", "unsupported": "4",
    "too_costly": "8", "busy": "8", "fault": "8",
}  # fmt: skip
REST_CODE: Final = "rest"


def kinds(word: str) -> tuple[Coding, list[Coding], str]:
    """(type, subtypes, action) of an interaction; what is of this house only has its own word as a subtype."""
    if word in _REST:
        code, action = _REST[word]
        return REST, [coding(RESTFUL, code, code)], action
    if word in _DICOM:
        kind, action, more = _DICOM[word]
        return kind, [*more, coding(OWN, word)], action
    if word.startswith(("glass", "break")):
        return _SECURITY, [_EMERGENCY, coding(OWN, word)], "E"
    return _APPLICATION, [coding(OWN, word)], "E"


def outcomes(code: str) -> frozenset[str]:
    """The house's outcomes that have this code."""
    return frozenset(word for word, given in OUTCOMES.items() if given == code)
