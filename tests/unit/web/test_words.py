"""Names, codes, units and labels in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from charthouse.fhir.definitions import load
from charthouse.web import codes, labels, names, quantities
from tests.unit.web.makers import READER, concept, quantity

AMARA = {"use": "official", "family": "Okafor", "given": ["Amara", "Ngozi"], "prefix": ["Ms."]}


def test_the_official_name_is_the_legal_one_and_the_nickname_what_they_are_called() -> None:
    found = names.person(
        [
            {"use": "nickname", "given": ["Mara"]},
            AMARA,
            {"use": "maiden", "family": "Eze", "given": ["Amara"]},
        ]
    )
    assert (found.legal, found.sorted, found.preferred) == (
        "Amara Ngozi Okafor",
        "Okafor, Amara Ngozi",
        "Mara",
    )
    assert found.others == (("Maiden name", "Amara Eze"),)
    assert found.initials == "AO"


def test_a_usual_name_with_another_family_name_is_said_in_full() -> None:
    assert (
        names.person([AMARA, {"use": "usual", "family": "Bell", "given": ["Mara"]}]).preferred == "Mara Bell"
    )


def test_digits_in_invented_names_stay() -> None:
    assert (
        names.person([{"use": "official", "family": "Okuneva707", "given": ["Abe604"]}]).legal
        == "Abe604 Okuneva707"
    )


def test_a_name_that_ended_gives_way_to_one_in_use() -> None:
    old = {"use": "official", "family": "Eze", "given": ["Amara"], "period": {"end": "2010-01-01"}}
    found = names.person([old, {"family": "Okafor", "given": ["Amara"]}])
    assert found.legal == "Amara Okafor"
    assert found.others == (("Former name", "Amara Eze"),)


@pytest.mark.parametrize(
    ("given", "legal"),
    [
        ([{"text": "Prince"}], "Prince"),
        ([{"family": "Okafor"}], "Okafor"),
        ([{"given": ["Amara"]}], "Amara"),
        ([], "Name not recorded"),
        (None, "Name not recorded"),
        ([{"use": "official"}], "Name not recorded"),
    ],
)
def test_part_of_a_name_is_enough_and_none_is_said_plainly(given: Any, legal: str) -> None:
    assert names.person(given).legal == legal


def test_a_name_in_a_language_that_puts_the_family_first_is_read_that_way() -> None:
    extension = [{"url": "http://hl7.org/fhir/StructureDefinition/language", "valueCode": "ja"}]
    assert names.in_full({"family": "Suzuki", "given": ["Hanako"], "extension": extension}) == "Suzuki Hanako"


def test_a_concept_says_its_text_before_its_display_before_its_code() -> None:
    assert (
        codes.concept(concept("Sugar disease", "44054006", display="Diabetes mellitus type 2 (disorder)"))
        == "Sugar disease"
    )
    assert (
        codes.concept(concept("", "44054006", display="Diabetes mellitus type 2 (disorder)"))
        == "Diabetes mellitus type 2"
    )
    assert codes.concept(concept("", "entered-in-error")) == "Entered in error"
    assert codes.concept({}) == ""


def test_letters_that_are_no_words_are_spelled_out() -> None:
    married = concept("M", "M", "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M")
    assert codes.concept(married) == "Married"
    assert (
        codes.coding({"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"})
        == "Outpatient"
    )


def test_invisible_characters_of_a_laboratory_name_are_dropped() -> None:
    assert codes.concept({"text": "Protein [Mass/\u200bvolume]"}) == "Protein [Mass/volume]"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("kg/m2", "kg/m²"),
        ("Cel", "°C"),
        ("mm[Hg]", "mmHg"),
        ("{score}", ""),
        ("10*3/uL", "×10³/µL"),
        ("mL/min/{1.73_m2}", "mL/min/1.73 m²"),
        ("mg/dL", "mg/dL"),
    ],
)
def test_units_are_printed_as_clinicians_write_them(code: str, said: str) -> None:
    assert quantities.unit(code) == said


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("78.4394831", "78.4"),
        ("152.31", "152.31"),
        ("72.50", "72.50"),
        ("0.7348545354955549", "0.735"),
        ("1.025", "1.025"),
        ("1234.56789", "1235"),
        ("0.00012345", "0.000123"),
        ("98", "98"),
    ],
)
def test_only_a_machines_digits_are_shortened(sent: str, shown: str) -> None:
    assert str(quantities.brief(Decimal(sent))) == shown


def test_quantities_ranges_and_money_are_said_with_their_signs() -> None:
    assert quantities.quantity(quantity("72.50", "kg"), READER) == "72.50 kg"
    assert quantities.quantity(quantity("98", "%"), READER) == "98%"
    assert quantities.quantity({**quantity("5", "mg/L"), "comparator": "<"}, READER) == "< 5 mg/L"
    assert (
        quantities.span({"low": quantity("3.5", "x"), "high": quantity("5.1", "x")}, READER) == "3.5 to 5.1"
    )
    assert quantities.span({"high": quantity("7.0", "%")}, READER) == "under 7.0"
    assert quantities.span({"low": quantity("60", "x")}, READER) == "over 60"
    assert quantities.money({"value": Decimal("-1234.5"), "currency": "USD"}, READER) == "−$1,234.50"
    assert quantities.money({"value": 40, "currency": "CHF"}, READER) == "40.00 CHF"


def test_no_label_of_any_element_of_any_type_is_the_name_of_the_element() -> None:
    definitions = load()
    for kind in definitions.resource_types:
        for name in definitions.type(kind).elements:
            label = labels.element(f"{kind}.{name}")
            assert label, name
            assert label[0].isupper(), (kind, name, label)
            assert label != name


def test_records_are_called_by_the_words_of_the_trade() -> None:
    assert (labels.one("Encounter"), labels.many("Encounter")) == ("Visit", "Visits")
    assert (labels.one("Observation"), labels.many("ChargeItem"), labels.many("Library")) == (
        "Observation",
        "Charge items",
        "Libraries",
    )
