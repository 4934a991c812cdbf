"""Who the chart is about, and what must be read before anything else."""

from __future__ import annotations

from typing import Any

from charthouse.web.chart.identity import alerts, allergies, identity
from tests.unit.web.makers import CONTEXT, concept

AMARA: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"type": concept("", "SS"), "system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-11-2222"},
        {"type": concept("", "MR"), "value": "00421877"},
    ],
    "name": [
        {"use": "official", "family": "Okafor", "given": ["Amara"]},
        {"use": "nickname", "given": ["Mara"]},
    ],
    "gender": "female",
    "birthDate": "1980-03-14",
}


def allergy(name: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "AllergyIntolerance",
        "id": name.lower(),
        "clinicalStatus": concept("", "active"),
        "code": concept(name),
    } | more


def test_the_strip_tells_name_age_birth_sex_and_record_number() -> None:
    card = identity(AMARA, CONTEXT)
    assert (card.name.legal, card.name.preferred, card.age, card.born, card.sex) == (
        "Amara Okafor", "Mara", "46 y", "14 Mar 1980", "Female",
    )  # fmt: skip
    assert (card.number_label, card.number, card.tab) == ("MRN", "00421877", "46 F")


def test_a_social_security_number_is_never_shown_as_the_record_number() -> None:
    card = identity({**AMARA, "identifier": AMARA["identifier"][:1]}, CONTEXT)
    assert card.number == ""


def test_a_long_record_number_keeps_both_ends() -> None:
    number = "d630c6ca-046c-470a-8f3a-4dbc3850e7ae"
    card = identity({**AMARA, "identifier": [{"type": concept("", "MR"), "value": number}]}, CONTEXT)
    assert card.short_number == "d630c6…50e7ae"
    assert card.number == number


def test_death_is_said_plainly_and_stops_the_age() -> None:
    card = identity({**AMARA, "deceasedDateTime": "2020-01-02"}, CONTEXT)
    assert (card.died, card.age) == ("Died 2 Jan 2020, aged 39 y", "39 y")
    assert identity({**AMARA, "deceasedBoolean": True}, CONTEXT).died == "Deceased, date not recorded"
    assert identity({**AMARA, "deceasedBoolean": False}, CONTEXT).died == ""


def test_a_patient_about_whom_nothing_is_known_still_has_a_card() -> None:
    card = identity({"resourceType": "Patient", "id": "x"}, CONTEXT)
    assert (card.name.legal, card.age, card.born, card.sex, card.number) == (
        "Name not recorded",
        "",
        "",
        "",
        "",
    )


def test_no_allergy_recorded_is_not_the_same_as_no_known_allergy() -> None:
    assert allergies([], CONTEXT).kind == "not-recorded"
    assert (
        allergies([allergy("No known allergy", code=concept("", "716186003"))], CONTEXT).kind == "none-known"
    )
    assert allergies([allergy("No known drug allergies")], CONTEXT).kind == "none-known"


def test_the_most_dangerous_allergy_stands_first_with_its_reaction() -> None:
    penicillin = allergy(
        "Penicillin",
        criticality="high",
        reaction=[{"manifestation": [concept("Anaphylaxis")], "severity": "severe"}],
    )
    line = allergies([allergy("Latex"), penicillin], CONTEXT)
    assert [entry.title for entry in line.entries] == ["Penicillin", "Latex"]
    assert line.entries[0].detail == "Anaphylaxis (severe)"
    assert line.entries[0].mark is not None
    assert line.entries[0].mark.word == "high risk"


def test_refuted_resolved_and_mistaken_allergies_are_not_listed() -> None:
    trees = [
        allergy("Peanut", verificationStatus=concept("", "refuted")),
        allergy("Egg", verificationStatus=concept("", "entered-in-error")),
        allergy("Milk", clinicalStatus=concept("", "resolved")),
    ]
    assert allergies(trees, CONTEXT).kind == "not-recorded"


def test_a_listed_allergy_wins_over_a_statement_that_there_is_none() -> None:
    assert allergies([allergy("No known allergies"), allergy("Latex")], CONTEXT).kind == "listed"


def test_only_active_flags_warn() -> None:
    flags = [{"status": "active", "code": concept("Falls")}, {"status": "inactive", "code": concept("Old")}]
    assert alerts(flags) == ("Falls",)
