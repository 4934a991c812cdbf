"""Codes that may be shipped, people who cannot be real, notes that a person could have written."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha1
from typing import Any

from tests.unit.ops.demo.charts import Record, Tree, day

ALLOWED = {
    "http://loinc.org",
    "http://unitsofmeasure.org",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://hl7.org/fhir/sid/cvx",
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://www.cms.gov/Medicare/Coding/ICD10",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set",
    "urn:oid:2.16.840.1.113883.6.238",
    "urn:ietf:bcp:47",
    "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
    "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
}


def systems(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if isinstance(tree.get("system"), str):
            yield tree["system"]
        for value in tree.values():
            yield from systems(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from systems(value)


def telecoms(tree: Any) -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        if tree.get("system") in ("phone", "email", "fax"):
            yield tree["system"], tree["value"]
        for value in tree.values():
            yield from telecoms(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from telecoms(value)


def test_only_code_systems_that_may_be_shipped_are_used(stream: list[Tree]) -> None:
    for bundle in stream:
        for system in systems(bundle):
            own = system.startswith(("https://charthouse.example/", "http://terminology.hl7.org/CodeSystem/"))
            assert own or system in ALLOWED or system in ("phone", "email"), system


def test_phones_and_mails_reach_nobody(stream: list[Tree]) -> None:
    for bundle in stream:
        for system, value in telecoms(bundle):
            if system == "email":
                assert re.search(r"@(example\.com|[a-z]+\.example\.org)$", value), value
            else:
                assert re.fullmatch(r"\d{3}-555-01\d\d", value), value


def test_nobody_has_a_social_security_number(stream: list[Tree]) -> None:
    for bundle in stream:
        assert not any("ssn" in system for system in systems(bundle))


def test_each_medical_record_number_belongs_to_one_patient(everyone: list[Record]) -> None:
    numbers = [record.patient["identifier"][0]["value"] for record in everyone]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\d{8}", number) for number in numbers)
    assert numbers[0] == "00421877"


def test_attachments_say_their_true_size_and_hash(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("DocumentReference"):
            attachment = tree["content"][0]["attachment"]
            data = b64decode(attachment["data"])
            assert attachment["size"] == len(data)
            assert b64decode(attachment["hash"]) == sha1(data, usedforsecurity=False).digest()


def test_notes_are_whole_sentences_without_leftovers(everyone: list[Record]) -> None:
    for record in everyone:
        for tree, text in record.notes():
            assert len(text) > 120
            for leftover in ("{", "}", "None", " nan", "  .", "..", " ,", "[]", "Change to  "):
                assert leftover not in text.replace("...", ""), (record.name, tree["description"], leftover)
            assert not re.search(r"\b(a|an) \d+-(year|month|day)-old [A-Z]", text)


def test_notes_are_addressed_to_the_right_patient_and_signed_by_their_author(everyone: list[Record]) -> None:
    for record in everyone:
        number = record.patient["identifier"][0]["value"]
        for tree, text in record.notes():
            family = record.patient["name"][0]["family"]
            assert family in text
            kind = tree["type"]["text"]
            if kind not in ("Referral letter", "Consultation letter"):
                assert number in text
            if kind not in ("Referral letter", "Consultation letter") and tree["docStatus"] == "final":
                assert f"Signed by {tree['author'][0]['display']}" in text
            if tree["docStatus"] == "preliminary":
                assert "[Draft, not signed]" in text


def test_a_note_reports_the_pressure_that_was_measured(everyone: list[Record]) -> None:
    told = 0
    for record in everyone:
        pressures = {
            (
                tree["encounter"]["reference"],
                "/".join(str(part["valueQuantity"]["value"]) for part in tree["component"]),
            )
            for tree in record.all("Observation")
            if "component" in tree and tree["code"]["text"] == "Blood pressure"
        }
        for tree, text in record.notes():
            found = re.search(r"BP (\d+/\d+)", text)
            if found and tree["docStatus"] != "amended":
                told += 1
                assert (tree["context"]["encounter"][0]["reference"], found[1]) in pressures
    assert told > 300


def test_restricted_notes_and_problems_carry_their_labels_and_stay_out_of_other_notes(
    cast: dict[str, Record],
) -> None:
    for name in ("Tyler Brandt", "Amara Okafor"):
        record = cast[name]
        labelled = [tree for tree in record.trees if "security" in tree.get("meta", {})]
        assert {tree["resourceType"] for tree in labelled} >= {
            "Condition",
            "DocumentReference",
            "MedicationRequest",
        }
        for tree, text in record.notes():
            if "security" not in tree.get("meta", {}):
                assert not re.search(r"buprenorphine|naltrexone|opioid|42 CFR", text, re.IGNORECASE)
            else:
                assert "42 CFR Part 2" in text


def test_an_allergy_is_not_told_before_it_was_known(everyone: list[Record]) -> None:
    for record in everyone:
        for allergy in record.all("AllergyIntolerance"):
            if "onsetDateTime" not in allergy:
                continue
            word = allergy["code"]["text"].lower()
            for tree, text in record.notes():
                line = next((line for line in text.splitlines() if line.startswith("Allergies:")), "")
                if tree["date"][:10] < allergy["onsetDateTime"]:
                    assert word not in line


def test_names_and_notes_keep_their_accents(everyone: list[Record]) -> None:
    names = " ".join(record.name for record in everyone)
    assert all(letter in names for letter in "íëãễ") or "ễ" in names
    assert any(len(name.encode()) > len(name) for name in (record.name for record in everyone))


def test_ages_in_notes_are_right(everyone: list[Record]) -> None:
    checked = 0
    for record in everyone:
        for tree, text in record.notes():
            found = re.search(r"(\d+)-year-old", text)
            if found and "period" not in tree.get("context", {}):
                checked += 1
                when = day(tree["date"])
                age = (
                    when.year
                    - record.born.year
                    - ((when.month, when.day) < (record.born.month, record.born.day))
                )
                assert abs(int(found[1]) - age) <= (1 if tree["docStatus"] == "amended" else 0)
    assert checked > 500
