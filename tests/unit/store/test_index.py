"""What is indexed of a resource, and what is not."""

from __future__ import annotations

import time
from decimal import Decimal
from math import inf, nextafter
from typing import Any

import pytest

from charthouse.fhir import path
from charthouse.fhir.dates import MAX, MIN
from charthouse.fhir.definitions import load
from charthouse.store.index import LONGEST, Extractor, Rows, fold, short
from charthouse.store.index.elements import is_single
from charthouse.store.index.values import CONVERTERS
from tests.conformance.material import synthea, us_core

EXTRACTOR = Extractor(load(), ("http://localhost/fhir",))
DAY = 86_400_000


def rows(type: str, **elements: Any) -> Rows:
    return EXTRACTOR.rows({"resourceType": type, "id": "x", **elements}, type)


def of(found: list[Any], code: str) -> list[Any]:
    """The rows of one parameter, without its name."""
    return [row[1:] for row in found if row[0] == code]


@pytest.mark.parametrize(("text", "folded"), [
    ("Müller", "muller"), ("  Ana   María\tLópez ", "ana maria lopez"), ("STRASSE", "strasse"), ("Straße", "strasse"),
    ("Søren Ægir Łukasz", "soren aegir lukasz"), ("ﬁn", "fin"), ("Zoe\u0308", "zoe"), ("İstanbul", "istanbul"),
    ("Ωμέγα", "ωμεγα"), ("", ""), (" \u0301", ""),
])  # fmt: skip
def test_text_is_folded_for_case_accents_and_spaces(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(fold(text)) == folded


def test_the_start_of_a_long_text_is_kept() -> None:
    found = rows("Patient", name=[{"family": "É" * 1000}]).strings
    assert of(found, "family") == [("e" * LONGEST, "É" * LONGEST)]


def test_a_name_too_long_for_an_index_is_kept_by_its_digest() -> None:
    long = "http://example.org/" + "x" * 3000
    assert short("abc") == "abc"
    assert len(short(long)) < 500
    assert short(long) != short(long + "y")
    found = rows("Patient", identifier=[{"system": long, "value": long}])
    assert of(found.tokens, "identifier") == [(short(long), short(long))]
    assert of(rows("ValueSet", url=long).uris, "url") == [(short(long),)]


def test_every_part_of_a_name_and_an_address_is_a_string() -> None:
    found = rows(
        "Patient", name=[{"family": "Oak", "given": ["Ann", None, "Bea"], "prefix": ["Dr"], "text": "Ann Oak"}],
        address=[{"line": ["1 High St"], "city": "Bath", "postalCode": "BA1", "use": "home"}],
    ).strings  # fmt: skip
    assert {text for text, _ in of(found, "name")} == {"oak", "ann", "bea", "dr", "ann oak"}
    assert {text for text, _ in of(found, "address")} == {"1 high st", "bath", "ba1"}
    assert {sound for sound, _ in of(found, "phonetic")} == {"AK", "AN", "P"}


def test_tokens_come_from_every_coded_shape() -> None:
    found = rows(
        "Patient", identifier=[{"system": "s", "value": "v"}, {"system": "only"}], gender="male", active=True,
        telecom=[{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b"}],
        communication=[{"language": {"coding": [{"system": "l", "code": "en"}, {"display": "no code"}]}}],
        meta={"tag": [{"system": "t", "code": "c"}], "security": [{"code": "R"}]}, deceasedBoolean=True,
    ).tokens  # fmt: skip
    assert of(found, "identifier") == [("s", "v")]
    assert of(found, "gender") == [(None, "male")]
    assert of(found, "active") == [(None, "true")]
    assert of(found, "phone") == [(None, "1")]
    assert of(found, "email") == [(None, "a@b")]
    assert of(found, "telecom") == [(None, "1"), (None, "a@b")]
    assert of(found, "language") == [("l", "en")]
    assert of(found, "_tag") == [("t", "c")]
    assert of(found, "_security") == [(None, "R")]
    assert of(found, "deceased") == [(None, "true")]


def test_a_row_is_given_once() -> None:
    coding = {"system": "s", "code": "c"}
    found = rows("Observation", code={"coding": [coding, coding | {"display": "other words"}]})
    assert of(found.tokens, "code") == [("s", "c")]


@pytest.mark.parametrize(("elements", "expected"), [
    ({"effectiveDateTime": "1970-01-02"}, [(DAY, 2 * DAY)]),
    ({"effectiveDateTime": "1970-01-01T00:00:01.5Z"}, [(1500, 1600)]),
    ({"effectiveInstant": "1970-01-01T01:00:00+01:00"}, [(0, 1)]),
    ({"effectivePeriod": {"start": "1970-01-02", "end": "1970-01-03"}}, [(DAY, 3 * DAY)]),
    ({"effectivePeriod": {"start": "1970-01-02"}}, [(DAY, MAX)]),
    ({"effectivePeriod": {"end": "1970-01-02"}}, [(MIN, 2 * DAY)]),
    ({"effectivePeriod": {"extension": []}}, []),
    ({"effectiveTiming": {"event": ["1970-01-03", "1970-01-02"]}}, [(DAY, 3 * DAY)]),
    ({"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "1970-01-02", "end": "1970-01-02"}}}}, [(DAY, 2 * DAY)]),
    ({"effectiveTiming": {"repeat": {"frequency": 1}}}, []),
    ({}, []),
])  # fmt: skip
def test_a_date_is_a_range_of_milliseconds(elements: dict[str, Any], expected: list[tuple[int, int]]) -> None:
    found = rows("Observation", **elements).dates
    if elements.get("effectiveDateTime", "").endswith("1.5Z"):
        assert of(found, "date")[0][0] == 1500
    else:
        assert of(found, "date") == expected


@pytest.mark.parametrize(("quantity", "expected"), [
    ({"value": Decimal("5.40"), "unit": "mg", "system": "u", "code": "mg"}, [("u", "mg", 5.4, 5.4)]),
    ({"value": 5, "unit": "milligram", "system": "u", "code": "mg"}, [("u", "mg", 5, 5), (None, "milligram", 5, 5)]),
    ({"value": 5}, [(None, "", 5, 5)]),
    ({"value": 5, "comparator": "<", "unit": "x"}, [(None, "x", -inf, nextafter(5, 0))]),
    ({"value": 5, "comparator": "<=", "unit": "x"}, [(None, "x", -inf, 5)]),
    ({"value": 5, "comparator": ">", "unit": "x"}, [(None, "x", nextafter(5, 6), inf)]),
    ({"value": 5, "comparator": ">=", "unit": "x"}, [(None, "x", 5, inf)]),
    ({"unit": "x"}, []),
])  # fmt: skip
def test_a_quantity_is_a_range_in_each_of_its_units(quantity: dict[str, Any], expected: list[Any]) -> None:
    assert of(rows("Observation", valueQuantity=quantity).quantities, "value-quantity") == expected


def test_sampled_data_is_found_by_its_bounds_and_money_by_its_currency() -> None:
    samples = {
        "origin": {"value": 10, "code": "uV", "system": "u"},
        "factor": Decimal("0.5"),
        "data": "4 E -2 L",
    }
    assert of(rows("Observation", valueSampledData=samples).quantities, "value-quantity") == [
        ("u", "uV", 9, 12)
    ]
    total = rows("Invoice", totalGross={"value": Decimal("12.50"), "currency": "EUR"}).quantities
    assert of(total, "totalgross") == [("urn:iso:std:iso:4217", "EUR", 12.5, 12.5)]


def test_references_are_ours_or_addresses() -> None:
    def subject(text: str | None) -> list[Any]:
        return of(
            rows("Observation", subject={"reference": text} if text else {"display": "x"}).references,
            "subject",
        )

    assert subject("Patient/1") == [("Patient", "1")]
    assert subject("http://localhost/fhir/Patient/1") == [("Patient", "1")]
    assert subject("Patient/1/_history/2") == [("Patient", "1"), (None, "Patient/1/_history/2")]
    assert subject("http://other.org/Patient/1") == [(None, "http://other.org/Patient/1")]
    assert subject("urn:uuid:1") == [(None, "urn:uuid:1")]
    assert subject("#contained") == []
    assert subject(None) == []
    measure = rows("MeasureReport", measure="http://example.org/m|1.0").references
    assert of(measure, "measure") == [(None, "http://example.org/m|1.0"), (None, "http://example.org/m")]


def test_no_value_is_indexed_twice_under_two_names() -> None:
    found = rows(
        "Observation", subject={"reference": "Patient/1"}, code={"coding": [{"code": "a"}]},
        component=[{"code": {"coding": [{"code": "b"}]}}],
    )  # fmt: skip
    assert {row[0] for row in found.references} == {"subject"}
    assert {row[0] for row in found.tokens} == {"code", "component-code"}
    sources = EXTRACTOR.sources("Observation")
    assert (sources["patient"].codes, sources["patient"].target) == (("subject",), "Patient")
    assert (sources["combo-code"].codes, sources["combo-code"].target) == (("code", "component-code"), None)
    assert EXTRACTOR.sources("Encounter")["practitioner"].codes == ("participant",)
    assert EXTRACTOR.sources("AuditEvent")["patient"].codes == ("agent", "entity")


def test_sources_always_lead_to_rows_of_their_own() -> None:
    for type in load().resource_types:
        sources = EXTRACTOR.sources(type)
        for source in sources.values():
            for code in source.codes:
                assert sources[code].codes == (code,)
                assert sources[code].target is None


def test_single_values_are_known_from_the_definitions() -> None:
    assert EXTRACTOR.sources("Observation")["date"].single
    assert EXTRACTOR.sources("Encounter")["date"].single
    assert EXTRACTOR.sources("Condition")["onset-date"].single
    assert not EXTRACTOR.sources("CarePlan")["activity-date"].single
    assert not EXTRACTOR.sources("MedicationRequest")["date"].single
    assert not is_single(load(), "Patient", "Patient.name.family")
    assert not is_single(load(), "Patient", "Patient.birthDate | Patient.deceased")
    assert not is_single(load(), "Patient", "Patient.birthDate.first()")


def test_what_is_said_to_be_single_never_has_two_rows() -> None:
    checked = 0
    for _, content in us_core():
        tree = load_tree(content)
        if not load().is_resource(tree["resourceType"]):
            continue
        found = EXTRACTOR.rows(tree, tree["resourceType"])
        for code, source in EXTRACTOR.sources(tree["resourceType"]).items():
            if source.single and source.codes == (code,):
                checked += 1
                assert len(of(found.dates, code)) <= 1
                assert len(of(found.numbers, code)) <= 1
    assert checked > 500


def load_tree(content: bytes) -> dict[str, Any]:
    from charthouse.fhir.resource import parse

    return parse(content)


@pytest.mark.parametrize(("type", "elements", "home"), [
    ("Patient", {}, ("Patient", "x")),
    ("Observation", {"performer": [{"reference": "Patient/2"}], "subject": {"reference": "Patient/1"}},
     ("Patient", "1")),
    ("Observation", {"performer": [{"reference": "Practitioner/2"}, {"reference": "Patient/2"}]}, ("Patient", "2")),
    ("Observation", {"subject": {"reference": "Group/1"}}, None),
    ("Observation", {"subject": {"reference": "http://other.org/Patient/1"}}, None),
    ("Coverage", {"subscriber": {"reference": "Patient/2"}, "beneficiary": {"reference": "Patient/1"}},
     ("Patient", "1")),
    ("Immunization", {"patient": {"reference": "Patient/1"}}, ("Patient", "1")),
    ("ResearchSubject", {"individual": {"reference": "Patient/1"}}, ("Patient", "1")),
    ("Appointment", {"participant": [{"actor": {"reference": "Patient/1"}}]}, ("Patient", "1")),
    ("Organization", {}, None),
])  # fmt: skip
def test_a_resource_is_at_home_with_the_first_patient_it_names(
    type: str, elements: dict[str, Any], home: tuple[str, str] | None
) -> None:
    assert rows(type, **elements).home == home
    assert EXTRACTOR.home({"resourceType": type, "id": "x", **elements}, type) == home


def test_every_parameter_of_every_type_compiles() -> None:
    for type in load().resource_types:
        assert EXTRACTOR.rows({"resourceType": type, "id": "x"}, type).home in (None, ("Patient", "x"))


def test_every_type_that_an_expression_can_give_is_converted_or_named_here() -> None:
    # an age or a remark about a date is no date (R4 search.html#date)
    without_a_date = {("date", "Age"), ("date", "Range"), ("date", "string")}
    found: set[tuple[str, str]] = set()
    for type in load().resource_types:
        for code, source in EXTRACTOR.sources(type).items():
            param = load().search_params(type)[code]
            if source.codes == (code,) and param.type in CONVERTERS:
                types = path.compile(param.expression or "", type, load()).types
                found |= {(param.type, its) for its in types if its not in CONVERTERS[param.type]}
    assert found == without_a_date


def test_a_record_of_real_charts_is_indexed_quickly() -> None:
    everything = [one["resource"] for _, bundle in synthea(1) for one in bundle["entry"]]
    trees = [tree for tree in everything if tree["resourceType"] == "Observation"][:400]
    EXTRACTOR.rows(trees[0], "Observation")
    best = min(_seconds(trees) for _ in range(5)) / len(trees)
    assert best < 0.000_300, f"{best * 1e6:.0f} us for an Observation"  # 35 us on a quiet machine


def _seconds(trees: list[dict[str, Any]]) -> float:
    start = time.perf_counter()
    for tree in trees:
        EXTRACTOR.rows(tree, "Observation")
    return time.perf_counter() - start


def test_a_binary_belongs_to_the_patient_of_its_security_context() -> None:
    tree = {
        "resourceType": "Binary",
        "contentType": "text/plain",
        "securityContext": {"reference": "Patient/p1"},
    }
    assert Extractor(load()).home(tree, "Binary") == ("Patient", "p1")
