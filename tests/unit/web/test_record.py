"""One record in words: nothing left out, no element named, changes told."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from charthouse.fhir.definitions import load
from charthouse.web.record import extensions
from charthouse.web.record.difference import Change, difference
from charthouse.web.record.narrative import text_of
from charthouse.web.record.outline import MOST, Node, outline, plain
from tests.unit.web.makers import CONTEXT, concept, quantity

DEFINITIONS = load()
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {
        "versionId": "3",
        "lastUpdated": "2026-11-12T08:00:00Z",
        "tag": [{"code": "demo", "display": "Demo"}],
    },
    "text": {
        "status": "generated",
        "div": "<div xmlns='x'><p>Amara</p><script>alert(1)</script><ul><li>one</li></ul></div>",
    },
    "extension": [
        {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F"},
        {
            "url": "http://example.org/geo",
            "extension": [{"url": "latitude", "valueDecimal": Decimal("42.10")}],
        },
    ],
    "identifier": [
        {"type": concept("Medical record number"), "value": "00421877", "period": {"start": "2001"}}
    ],
    "name": [
        {
            "use": "official",
            "family": "Okafor",
            "given": ["Amara"],
            "_given": [{"extension": [{"url": "http://x.org/own-prefix", "valueString": "van"}]}],
        }
    ],
    "telecom": [{"system": "phone", "value": "555-0100", "use": "mobile", "rank": 1}],
    "birthDate": "1980-03-14",
    "_gender": {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                "valueCode": "asked-declined",
            }
        ]
    },
    "multipleBirthBoolean": False,
    "contact": [{"relationship": [concept("Mother")], "name": {"text": "Ngozi"}}],
    "generalPractitioner": [{"reference": "Practitioner/d", "display": "L. Tran, MD"}],
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Harbor Clinic"}],
}


def lines(tree: dict[str, Any]) -> dict[str, str]:
    made = outline(tree, DEFINITIONS, CONTEXT)
    return dict([*plain(made.body), *plain(made.foot)])


def nodes(found: tuple[Node, ...]) -> Iterator[Node]:
    for node in found:
        yield node
        yield from nodes(node.nodes)


def scalars(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from scalars(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner, key)
    else:
        yield key, value


def test_a_patient_reads_in_words() -> None:
    told = lines(PATIENT)
    assert told["Date of birth"] == "14 Mar 1980"
    assert told["Sex at birth"] == "Female"
    assert told["Geo › Latitude"] == "42.10"
    assert told["Identifier"] == "00421877 (Medical record number)"
    assert told["Identifier › When"] == "since 2001"
    assert told["Contact details"] == "555-0100 (Phone, mobile)"
    assert told["Contact details › Rank"] == "1"
    assert told["Multiple birth"] == "No"
    assert told["Contact person › Relationship"] == "Mother"
    assert told["Usual clinician"] == "L. Tran, MD (Practitioner)"
    assert told["Sex"] == "not recorded"
    assert told["Sex › Why there is no value"] == "Asked declined"
    assert told["Name › Given › Prefix"] == "van"
    assert told["Organization › Name"] == "Harbor Clinic"


def test_a_narrative_is_only_its_words() -> None:
    said = lines(PATIENT)["Text"]
    assert said.startswith("Amara")
    assert "<" not in said
    assert "alert" not in said
    assert text_of("<p>a&lt;b</p><p onclick='x'>c</p>") == "a<b\nc"


def test_a_reference_leads_to_its_record() -> None:
    made = outline(PATIENT, DEFINITIONS, CONTEXT)
    assert [node.href for node in nodes(made.body) if node.href] == ["/record/Practitioner/d"]


def test_no_label_on_the_page_is_the_name_of_an_element() -> None:
    made = outline(PATIENT, DEFINITIONS, CONTEXT)
    for node in nodes((*made.body, *made.foot)):
        assert node.label[:1].isupper(), node.label
        assert not any(part[1:] != part[1:].lower() and not part.isupper() for part in node.label.split()), (
            node.label
        )


def test_a_quantity_keeps_every_digit_on_its_page() -> None:
    tree = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": concept("Pain"),
        "valueQuantity": quantity("0.7348545354955549", "mg/dL"),
    }
    assert lines(tree)["Value"] == "0.7348545354955549 mg/dL"


def test_a_required_code_is_said_with_the_words_of_the_standard() -> None:
    tree = {"resourceType": "ExplanationOfBenefit", "id": "e", "outcome": "complete"}
    assert lines(tree)["Outcome"] == "Processing Complete"


def test_a_file_has_an_address_and_says_what_it_is() -> None:
    data = base64.b64encode(b"x" * 3000).decode()
    attachment = {"contentType": "application/pdf", "data": data, "title": "Letter"}
    tree = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "content": [{"attachment": attachment}],
    }
    made = outline(tree, DEFINITIONS, CONTEXT)
    file = next(node for node in nodes(made.body) if node.kind == "file")
    assert (file.text, file.note, file.href) == ("Letter", "PDF · 3 KB", "/record/DocumentReference/d/file/0")
    assert made.files == (attachment,)


def test_a_million_elements_do_not_become_a_million_lines() -> None:
    tree = {
        "resourceType": "Patient",
        "id": "p",
        "address": [{"line": [str(number)]} for number in range(3 * MOST)],
    }
    made = outline(tree, DEFINITIONS, CONTEXT)
    assert made.cut
    assert sum(1 for _ in nodes(made.body)) <= MOST


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "Race"),
        ("http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "Mother's maiden name"),
        ("http://example.org/fhir/disability-adjusted-life-years", "Disability-adjusted life years"),
        ("http://example.org/someNewThing|1.0", "Some new thing"),
        ("", "Extension"),
    ],
)
def test_an_extension_is_called_by_the_end_of_its_address(url: str, label: str) -> None:
    assert extensions.label(url) == label


def test_a_change_is_told_once_and_in_words() -> None:
    old = [("Status", "Active"), ("Note", "Cough"), ("Name › Given", "Amara")]
    new = [("Status", "Resolved"), ("Ended", "1 May 2019"), ("Name › Given", "Amara")]
    assert difference(old, new) == [
        Change("changed", "Status", "Active", "Resolved"),
        Change("removed", "Note", old="Cough"),
        Change("added", "Ended", new="1 May 2019"),
    ]


def test_a_line_put_in_front_of_a_list_is_one_addition() -> None:
    old = [("Note", "one"), ("Note", "two")]
    assert difference(old, [("Note", "zero"), *old]) == [Change("added", "Note", new="zero")]


def test_a_line_that_only_moved_is_not_mentioned() -> None:
    assert difference([("A", "1"), ("B", "2"), ("C", "3")], [("C", "3"), ("A", "1"), ("B", "2")]) == []


def test_equal_versions_have_no_difference() -> None:
    told = list(lines(PATIENT).items())
    assert difference(told, told) == []


def test_every_value_of_a_rich_record_is_on_its_page() -> None:
    made = outline(PATIENT, DEFINITIONS, CONTEXT)
    page = " ".join(
        f"{node.text} {node.note} {node.label}" for node in nodes((*made.body, *made.foot))
    ).lower()
    structural = {
        "url",
        "reference",
        "div",
        "system",
        "use",
        "versionId",
        "lastUpdated",
        "status",
        "resourceType",
        "id",
    }
    for key, value in scalars(PATIENT):
        if key in structural or isinstance(value, bool) or key in ("birthDate", "valueCode"):
            continue
        assert str(value).lower() in page, (key, value)
