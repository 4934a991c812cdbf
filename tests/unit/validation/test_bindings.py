"""Codes against the value sets that the standard binds elements to."""

from __future__ import annotations

from typing import Any

import pytest

from charthouse.base.errors import invalid
from charthouse.validation.bindings import binding
from charthouse.validation.scene import Scene
from charthouse.validation.sources import Sources
from charthouse.validation.validator import Level, Validator
from tests.unit.validation.trees import DEFINITIONS, concept, errors, found, only

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
MIME = "http://hl7.org/fhir/ValueSet/mimetypes"


def condition(status: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "clinicalStatus": status}


class Books:
    """Value sets for tests: url -> the codes in it, with their systems; what is asked is noted."""

    def __init__(self, **sets: set[tuple[str | None, str]]) -> None:
        self.sets = {
            MIME if name == "mime" else f"http://example.org/{name}": codes for name, codes in sets.items()
        }
        self.asked: list[tuple[str, str | None, str]] = []

    def member(self, valueset: str, system: str | None, code: str) -> bool | None:
        self.asked.append((valueset, system, code))
        if valueset.endswith("broken"):
            raise invalid("processing", "The value set goes in circles.")
        known = self.sets.get(valueset)
        return None if known is None else (system, code) in known


# --- required -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [
        concept(CLINICAL, "active"),
        {"coding": [{"system": "http://example.org", "code": "a"}, {"system": CLINICAL, "code": "active"}]},
        {"extension": [{"url": ABSENT, "valueCode": "unknown"}]},
    ],
)
def test_one_coding_of_the_value_set_is_enough(status: Any) -> None:
    assert errors(condition(status)) == []


@pytest.mark.parametrize(
    ("status", "message", "value", "repair"),
    [
        (
            concept(CLINICAL, "actve"),
            "This code is not in the value set that FHIR binds this element to (required): http://hl7.org/fhir/ValueSet/c",
            f"{CLINICAL}#actve",
            f"Use one of: active, recurrence, relapse, inactive, remission, resolved (system {CLINICAL}).",
        ),
        (
            concept(None, "active"),
            "This code is not in",
            "active",
            f'The code "active" of this set has the system {CLINICAL}.',
        ),
        (
            {"coding": [{"system": "http://a.org", "code": "1"}, {"system": "http://b.org", "code": "2"}]},
            "None of these codes is in the value set that FHIR binds",
            "http://a.org#1, http://b.org#2",
            "Use one of",
        ),
        ({"text": "active"}, "Text alone does not say which code is meant", "active", "Use one of"),
        (
            {"coding": [{"display": "active"}]},
            "Text alone does not say which code is meant",
            None,
            "Use one of",
        ),
    ],
)
def test_what_is_not_of_a_required_set_is_refused_with_the_codes_that_would_do(
    status: Any, message: str, value: str | None, repair: str
) -> None:
    issue = next(issue for issue in found(condition(status)) if issue.code == "code-invalid")
    assert issue.place == "Condition.clinicalStatus"
    assert issue.severity == "error"
    assert issue.message.startswith(message)
    assert issue.value == value
    assert (issue.repair or "").startswith(repair)


def test_a_long_set_is_not_told_in_full() -> None:
    url = "http://hl7.org/fhir/ValueSet/resource-types"
    check = binding(url, "required", "Coding", "FHIR", DEFINITIONS)
    assert check is not None
    wrong = check({"system": "http://hl7.org/fhir/resource-types", "code": "Pacient"}, Scene(None))
    assert wrong is not None
    assert "codes of the set, such as" in (wrong[0].repair or "")


# --- sets that are not in the definitions ---------------------------------------------------------------


def picture(kind: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "photo": [{"contentType": kind}]}


def test_an_open_set_is_left_alone_at_a_write_and_told_of_when_all_is_asked() -> None:
    assert found(picture("image/fancy")) == []
    notes = [
        issue for issue in found(picture("image/fancy"), level=Level.FULL) if issue.severity == "information"
    ]
    assert [(note.place, note.message) for note in notes] == [
        (
            "Patient.photo[0].contentType",
            f"Codes were not checked: the value set {MIME}, or a code system in it, is not at hand.",
        )
    ]


def test_an_open_set_is_asked_of_whoever_knows_it() -> None:
    books = Books(mime={(None, "image/png")})
    validator = Validator(DEFINITIONS, codes=books)
    assert errors(picture("image/png"), validator) == []
    assert errors(picture("image/fancy"), validator) == [("Patient.photo[0].contentType", "code-invalid")]
    assert books.asked == [(MIME, None, "image/png"), (MIME, None, "image/fancy")]


def test_what_is_not_checked_is_told_once_for_each_set() -> None:
    tree = {"resourceType": "Patient", "photo": [{"contentType": "a/b"}, {"contentType": "a/c"}]}
    notes = [issue for issue in found(tree, level=Level.FULL) if issue.severity == "information"]
    assert len(notes) == 1


# --- one binding at a time --------------------------------------------------------------------------------

LETTERS = Books(letters={("http://a.org", "a"), (None, "a")})


def judged(kind: str, strength: str, value: Any, valueset: str = "http://example.org/letters") -> Any:
    check = binding(valueset, strength, kind, "Our Profile", DEFINITIONS)
    assert check is not None
    wrong = check(value, Scene(None, Sources(codes=LETTERS, is_frank=True)))
    return None if wrong is None else [(one.severity, one.code) for one in wrong]


CODING = {"system": "http://a.org", "code": "a"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Coding", CODING),
        ("CodeableConcept", {"coding": [CODING]}),
        ("Quantity", {"value": 1, "unit": "A", **CODING}),
        ("Duration", {"value": 1, "unit": "A", **CODING}),
        ("Quantity", {"value": 1}),
        ("code", "a"),
        ("string", "a"),
        ("uri", "a"),
    ],
)
def test_codes_of_the_set_pass_in_every_type(kind: str, value: Any) -> None:
    assert judged(kind, "required", value) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Coding", {"system": "http://a.org", "code": "b"}),
        ("Coding", {"code": "b"}),
        ("Coding", {"display": "A"}),
        ("CodeableConcept", {"coding": [{"code": "b"}]}),
        ("CodeableConcept", {"text": "A"}),
        ("Quantity", {"value": 1, "unit": "A"}),
        ("Quantity", {"value": 1, "code": "b", "system": "http://a.org"}),
        ("code", "b"),
        ("uri", "b"),
    ],
)
def test_others_are_an_error_if_required_and_a_warning_if_extensible(kind: str, value: Any) -> None:
    assert judged(kind, "required", value) == [("error", "code-invalid")]
    assert judged(kind, "extensible", value) == [("warning", "code-invalid")]


def test_a_set_that_nobody_knows_or_that_fails_is_information() -> None:
    for valueset in ("http://example.org/unknown", "http://example.org/broken"):
        for kind, value in (("Coding", CODING), ("code", "a"), ("CodeableConcept", {"coding": [CODING]})):
            assert judged(kind, "required", value, valueset) == [("information", "informational")]


@pytest.mark.parametrize(
    ("kind", "strength"), [("Coding", "preferred"), ("Coding", "example"), ("Patient", "required")]
)
def test_nothing_is_asked_where_nothing_is_bound(kind: str, strength: str) -> None:
    assert binding("http://example.org/letters", strength, kind, "x", DEFINITIONS) is None


def test_an_extensible_binding_of_the_standard_is_a_warning_when_all_is_asked() -> None:
    url = "http://hl7.org/fhir/ValueSet/marital-status"
    books = Books()
    books.sets[url] = {("http://a.org", "M")}
    validator = Validator(DEFINITIONS, codes=books)
    tree = {"resourceType": "Patient", "maritalStatus": {"text": "it is complicated"}}
    assert found(tree, validator) == []
    issue = next(issue for issue in found(tree, validator, level=Level.FULL) if issue.code == "code-invalid")
    assert (issue.severity, issue.place) == ("warning", "Patient.maritalStatus")
    assert (issue.repair or "").endswith("if one of them fits.")


def test_only_one_issue_for_one_wrong_code() -> None:
    assert only(condition(concept(CLINICAL, "x"))).code == "code-invalid"
