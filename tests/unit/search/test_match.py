"""What each kind of value finds, and what it must not find (R4 search.html#ptypes)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Problem
from tests.unit.search.shelf import BASE, Shelf

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"


def observation(id: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": id, "status": "final", "code": {"text": id}, **more}


def coded(system: str | None, code: str) -> dict[str, Any]:
    coding = {"code": code} if system is None else {"system": system, "code": code}
    return {"coding": [coding]}


@pytest.fixture(scope="module", autouse=True)
def filled(shelf: Shelf) -> None:
    """The resources that the tests of this module look for."""
    shelf.put(
        observation("t-loinc", code=coded(LOINC, "8480-6")),
        observation("t-other", code=coded("http://example.org/codes", "8480-6")),
        observation("t-bare", code=coded(None, "8480-6")),
        observation("t-comma", code=coded(LOINC, "a,b|c$d")),
        observation("t-part", component=[{"code": coded(LOINC, "8480-6"), "valueQuantity": {"value": 5}}]),
        observation("d-day", effectiveDateTime="2024-03-14"),
        observation("d-moment", effectiveDateTime="2024-03-14T10:30:00+02:00"),
        observation("d-year", effectiveDateTime="2024"),
        observation("d-span", effectivePeriod={"start": "2024-03-10", "end": "2024-03-20"}),
        observation("d-open", effectivePeriod={"start": "2024-03-10"}),
        observation("d-late", effectiveDateTime="2025-01-01"),
        observation("d-plan", effectiveTiming={"event": ["2023-01-05", "2023-02-07"]}),
        observation("q-mg", valueQuantity={"value": 5.4, "unit": "milligram", "system": UCUM, "code": "mg"}),
        observation("q-near", valueQuantity={"value": 5.44, "system": UCUM, "code": "mg"}),
        observation("q-far", valueQuantity={"value": 5.46, "system": UCUM, "code": "mg"}),
        observation("q-word", valueQuantity={"value": 5.4, "unit": "mg"}),
        observation("q-none", valueQuantity={"value": 5.4}),
        observation("q-below", valueQuantity={"value": 3, "comparator": "<", "unit": "score"}),
        observation("q-to", valueQuantity={"value": 3, "comparator": "<=", "unit": "score"}),
        observation("q-samples", valueSampledData={
            "origin": {"value": 100, "code": "uV", "system": UCUM}, "period": 10, "factor": 2, "dimensions": 1,
            "data": "1 -3 E 10",
        }),
        {"resourceType": "Patient", "id": "p-anna", "name": [{"family": "Müller-Søndergård", "given": ["Anna", "Zoë"]}],
         "gender": "female", "birthDate": "1980-05", "telecom": [{"system": "phone", "value": "555-0100"}],
         "identifier": [{"system": "urn:mrn", "value": "A-1"}], "deceasedBoolean": False},
        {"resourceType": "Patient", "id": "p-mike", "name": [{"text": "Mike  O'Hara"}], "gender": "male",
         "address": [{"line": ["12 High Street"], "city": "Anápolis"}], "deceasedDateTime": "2020-01-02"},
        {"resourceType": "Observation", "id": "r-anna", "status": "final", "code": {"text": "x"},
         "subject": {"reference": "Patient/p-anna"}, "performer": [{"reference": "http://other.org/fhir/Practitioner/7"}]},
        {"resourceType": "Observation", "id": "r-own", "status": "final", "code": {"text": "x"},
         "subject": {"reference": f"{BASE}/Patient/p-anna"}},
        {"resourceType": "Observation", "id": "r-version", "status": "final", "code": {"text": "x"},
         "subject": {"reference": "Patient/p-anna/_history/2"}},
        {"resourceType": "Observation", "id": "r-group", "status": "final", "code": {"text": "x"},
         "subject": {"reference": "Group/p-anna"}},
        {"resourceType": "Observation", "id": "r-urn", "status": "final", "code": {"text": "x"},
         "subject": {"reference": "urn:uuid:11111111-2222-3333-4444-555555555555"}},
        {"resourceType": "RiskAssessment", "id": "n-100", "status": "final", "subject": {"reference": "Patient/p-anna"},
         "prediction": [{"probabilityDecimal": 0.5}]},
        {"resourceType": "RiskAssessment", "id": "n-range", "status": "final",
         "subject": {"reference": "Patient/p-anna"},
         "prediction": [{"probabilityRange": {"low": {"value": 0.2}, "high": {"value": 0.7}}}]},
        {"resourceType": "ValueSet", "id": "u-one", "status": "active", "url": "http://example.org/vs/one"},
        {"resourceType": "ValueSet", "id": "u-two", "status": "active", "url": "http://example.org/vs/two",
         "meta": {"profile": ["http://example.org/profile|2.0"], "tag": [{"system": "urn:t", "code": "draft"}]}},
    )  # fmt: skip


@pytest.mark.parametrize(("asked", "expected"), [
    ("code=8480-6", "t-loinc t-other t-bare"),
    (f"code={LOINC}|8480-6", "t-loinc"),
    ("code=|8480-6", "t-bare"),
    ("code=http://example.org/codes|", "t-other"),
    (f"code={LOINC}|8480-6,http://example.org/codes|8480-6", "t-loinc t-other"),
    (f"code={LOINC}|a\\,b\\|c\\$d", "t-comma"),
    ("code=8480-6&code=8480-7", ""),
    ("code=never-seen", ""),
    ("combo-code=8480-6", "t-loinc t-other t-bare t-part"),
    ("component-code=8480-6", "t-part"),
])  # fmt: skip
def test_a_token_finds_its_code_in_the_system_asked_for(shelf: Shelf, asked: str, expected: str) -> None:
    assert shelf.found(f"Observation?{asked}&_count=100") == set(expected.split())


def test_the_case_of_a_string_does_not_matter_to_a_token(shelf: Shelf) -> None:
    shelf.put({"resourceType": "Medication", "id": "m-lot", "batch": {"lotNumber": "Lot-7A"}})
    assert (
        shelf.found("Medication?lot-number=lot-7a")
        == shelf.found("Medication?lot-number=LOT-7A")
        == {"m-lot"}
    )


def test_a_mime_type_stands_above_itself_with_parameters(shelf: Shelf) -> None:
    for id, mime in (
        ("d-xml", "text/xml"),
        ("d-utf", "text/xml; charset=UTF-8"),
        ("d-pdf", "application/pdf"),
    ):
        attachment = {"attachment": {"contentType": mime}}
        shelf.put(
            {"resourceType": "DocumentReference", "id": id, "status": "current", "content": [attachment]}
        )
    assert shelf.found("DocumentReference?contenttype=text/xml") == {"d-xml"}
    assert shelf.found("DocumentReference?contenttype:below=text/xml") == {"d-xml", "d-utf"}


def test_not_finds_all_that_have_none_of_the_values(shelf: Shelf) -> None:
    everything = shelf.found("Observation?_count=1000")
    named = shelf.found("Observation?code=8480-6,never-seen")
    assert named
    assert shelf.found("Observation?code:not=8480-6,never-seen&_count=1000") == everything - named
    assert shelf.found("Observation?code:not=never-seen&_count=1000") == everything


def test_a_code_element_has_the_system_of_its_binding(shelf: Shelf) -> None:
    system = "http://hl7.org/fhir/administrative-gender"
    assert shelf.found(f"Patient?gender={system}|female") == {"p-anna"}
    assert shelf.found("Patient?gender=female") == {"p-anna"}
    assert shelf.found("Patient?gender=|female") == {"p-anna"}
    assert shelf.found(f"Patient?gender={system}|") == {"p-anna", "p-mike"}
    assert shelf.found("Patient?gender=http://example.org/gender|female") == set()


def test_identifier_phone_and_boolean_are_tokens(shelf: Shelf) -> None:
    assert shelf.found("Patient?identifier=urn:mrn|A-1") == {"p-anna"}
    assert shelf.found("Patient?phone=555-0100") == {"p-anna"}
    assert shelf.found("Patient?deceased=true") == {"p-mike"}
    assert shelf.found("Patient?deceased=false") == {"p-anna"}


@pytest.mark.parametrize(("asked", "expected"), [
    ("name=muller", "p-anna"), ("name=MÜLLER-SØN", "p-anna"), ("name=zoe", "p-anna"), ("name=ike", ""),
    ("name=mike o'hara", "p-mike"), ("family=Müller", "p-anna"), ("address=anapolis", "p-mike"),
    ("address=12   high", "p-mike"), ("name=anna,mike", "p-anna p-mike"),
    ("name:exact=Anna", "p-anna"), ("name:exact=anna", ""), ("name:exact=Ann", ""),
    ("name=anna&name=zoe", "p-anna"), ("name=anna&name=mike", ""),
])  # fmt: skip
def test_a_string_finds_the_start_without_case_accents_and_spaces(
    shelf: Shelf, asked: str, expected: str
) -> None:
    assert shelf.found(f"Patient?{asked}") == set(expected.split())


@pytest.mark.parametrize(("asked", "expected"), [
    ("2024-03-14", "d-day d-moment"),
    ("eq2024-03", "d-day d-moment d-span"),
    ("2024-03-14T08:30Z", "d-moment"),
    ("2024-03-14T10:30:00%2B02:00", "d-moment"),
    ("2024-03-14T10:30:00+02:00", "d-moment"),  # a plus that became a space
    ("2024-03-14T10:30:00Z", ""),
    ("2024", "d-day d-moment d-year d-span"),
    ("ne2024", "d-open d-late d-plan"),
    ("gt2024-03-14", "d-year d-span d-open d-late"),
    ("lt2024-03-14", "d-year d-span d-open d-plan"),
    ("ge2024-03-14", "d-day d-moment d-year d-span d-open d-late"),
    ("le2024-03-14", "d-day d-moment d-year d-span d-open d-plan"),
    ("sa2024-03-14", "d-late"),
    ("sa2024-03-09", "d-day d-moment d-span d-open d-late"),
    ("eb2024-03-14", "d-plan"),
    ("eb2024-03-21", "d-day d-moment d-span d-plan"),
    ("gt2030", "d-open"),
    ("2024-03-14,2025", "d-day d-moment d-late"),
    ("ge2023-01-05&date=le2023-12-31", "d-plan"),
    ("ge2024-03-14&date=lt2024-03-15", "d-day d-moment d-year d-span d-open"),
    ("ge2024-03-11&date=eb2024-03-19", "d-day d-moment"),
])  # fmt: skip
def test_a_date_compares_ranges_of_time(shelf: Shelf, asked: str, expected: str) -> None:
    assert shelf.found(f"Observation?date={asked}&_count=100") == set(expected.split())


def test_approximately_widens_by_a_tenth_of_the_distance_from_now(shelf: Shelf) -> None:
    assert "d-plan" in shelf.found("Observation?date=ap2023-03-01&_count=100")
    assert "d-late" not in shelf.found("Observation?date=ap2010&_count=100")


@pytest.mark.parametrize(("asked", "expected"), [
    (f"5.4|{UCUM}|mg", "q-mg q-near"),
    (f"5.40|{UCUM}|mg", "q-mg"),
    ("5.4||mg", "q-mg q-near q-word"),
    ("5.4||milligram", "q-mg"),
    ("5.4", "q-mg q-near q-word q-none"),
    (f"gt5.4|{UCUM}|mg", "q-near q-far"),
    (f"ge5.4|{UCUM}|mg", "q-mg q-near q-far"),
    (f"lt5.44|{UCUM}|mg", "q-mg"),
    (f"ne5.4|{UCUM}|mg", "q-far"),
    (f"ap5|{UCUM}|mg", "q-mg q-near q-far"),
    ("lt2||score", "q-below q-to"), ("gt5||score", ""), ("eb4||score", "q-below q-to"), ("3||score", ""),
    ("ge3||score", "q-to"), ("gt3||score", ""),
    (f"gt115|{UCUM}|uV", "q-samples"), (f"lt95|{UCUM}|uV", "q-samples"), (f"gt120|{UCUM}|uV", ""),
    ("5.4|http://example.org|mg", ""),
])  # fmt: skip
def test_a_quantity_compares_in_its_unit(shelf: Shelf, asked: str, expected: str) -> None:
    assert shelf.found(f"Observation?value-quantity={asked}&_count=100") == set(expected.split())


@pytest.mark.parametrize(("asked", "expected"), [
    ("0.5", "n-100"), ("5e-1", "n-100"), ("0.50", "n-100"), ("0.4", ""), ("gt0.5", "n-range"),
    ("ge0.5", "n-100 n-range"),
    ("lt0.5", "n-range"), ("le0.5", "n-100 n-range"), ("sa0.1", "n-100 n-range"), ("eb0.6", "n-100"), ("1e0", ""),
    ("1.0", ""),
    ("ne0.5", "n-range"),
])  # fmt: skip
def test_a_number_compares_with_the_precision_it_is_written_in(
    shelf: Shelf, asked: str, expected: str
) -> None:
    assert shelf.found(f"RiskAssessment?probability={asked}") == set(expected.split())


@pytest.mark.parametrize(("asked", "expected"), [
    ("subject=Patient/p-anna", "r-anna r-own r-version"),
    ("subject=p-anna", "r-anna r-own r-version r-group"),
    (f"subject={BASE}/Patient/p-anna", "r-anna r-own r-version"),
    ("subject=http://other.org/fhir/Patient/p-anna", ""),
    ("patient=p-anna", "r-anna r-own r-version"),
    ("patient=Patient/p-anna", "r-anna r-own r-version"),
    ("subject:Group=p-anna", "r-group"),
    ("subject:Patient=p-anna", "r-anna r-own r-version"),
    ("subject=Patient/p-anna/_history/2", "r-version"),
    ("subject=Patient/p-anna/_history/3", ""),
    ("subject=urn:uuid:11111111-2222-3333-4444-555555555555", "r-urn"),
    ("patient=urn:uuid:11111111-2222-3333-4444-555555555555", ""),
    ("performer=http://other.org/fhir/Practitioner/7", "r-anna"),
    ("performer=Practitioner/7", ""),
    ("subject=Patient/never", ""),
])  # fmt: skip
def test_a_reference_finds_who_refers(shelf: Shelf, asked: str, expected: str) -> None:
    assert shelf.found(f"Observation?{asked}") == set(expected.split())


def test_addresses_tags_and_profiles_are_compared_to_the_letter(shelf: Shelf) -> None:
    assert shelf.found("ValueSet?url=http://example.org/vs/one") == {"u-one"}
    assert shelf.found("ValueSet?url=http://example.org/vs") == set()
    assert shelf.found("ValueSet?_profile=http://example.org/profile") == {"u-two"}
    assert shelf.found("ValueSet?_profile=http://example.org/profile|2.0") == {"u-two"}
    assert shelf.found("ValueSet?_profile=http://example.org/profile|1.0") == set()
    assert shelf.found("ValueSet?_tag=urn:t|draft") == {"u-two"}


def test_ids_and_moments_of_change_are_found(shelf: Shelf) -> None:
    assert shelf.found("Patient?_id=p-anna,p-none") == {"p-anna"}
    assert shelf.found("Patient?_id=p-anna&gender=male") == set()
    shelf.put({"resourceType": "Basic", "id": "b-1", "code": {"text": "x"}}, at=1_700_000_000_000)
    shelf.put({"resourceType": "Basic", "id": "b-2", "code": {"text": "x"}}, at=1_700_000_000_001)
    moment = "2023-11-14T22:13:20.000Z"
    assert shelf.found(f"Basic?_lastUpdated={moment}") == {"b-1"}
    assert shelf.found("Basic?_lastUpdated=2023-11-14") == {"b-1", "b-2"}
    assert shelf.found(f"Basic?_lastUpdated=gt{moment}") == {"b-2"}
    assert shelf.found(f"Basic?_lastUpdated=le{moment}") == {"b-1"}
    assert shelf.found(f"Basic?_lastUpdated=ne{moment}") == {"b-2"}
    assert shelf.found("Basic?_lastUpdated=lt2023") == set()


def test_what_is_deleted_or_only_referred_to_is_never_found(shelf: Shelf) -> None:
    shelf.put(
        {
            "resourceType": "Device",
            "id": "gone",
            "status": "active",
            "patient": {"reference": "Patient/ghost"},
        }
    )
    assert shelf.found("Device?status=active") == {"gone"}
    shelf.drop("Device", "gone")
    assert shelf.found("Device?status=active") == set()
    assert shelf.found("Device?_id=gone") == set()
    assert shelf.found("Device") == set()
    assert shelf.found("Patient?_id=ghost") == set()
    assert "ghost" not in shelf.found("Patient?_count=100")


def test_a_changed_resource_is_found_by_its_new_values_only(shelf: Shelf) -> None:
    shelf.put(
        {
            "resourceType": "Group",
            "id": "g",
            "type": "person",
            "actual": True,
            "identifier": [{"value": "old"}],
        }
    )
    shelf.put(
        {
            "resourceType": "Group",
            "id": "g",
            "type": "person",
            "actual": True,
            "identifier": [{"value": "new"}],
        }
    )
    assert shelf.found("Group?identifier=old") == set()
    assert shelf.found("Group?identifier=new") == {"g"}


def test_the_widest_search_that_is_allowed_is_answered(shelf: Shelf) -> None:
    codes = ",".join(f"none-{number}" for number in range(1999))
    days = ",".join(f"ge{1900 + number}-01-01" for number in range(100))
    wide = "&".join([f"code=8480-6,{codes}", *[f"date={days}"] * 20, *["code:not=x,y"] * 20])
    assert shelf.found(f"Observation?{wide}&_sort=date,-date,code,-code,status,-status,_id,-_id") == set()
    assert shelf.found(f"Observation?code=8480-6,{codes}") == {"t-loinc", "t-other", "t-bare"}
    assert "d-day" in shelf.found(f"Observation?date={days}&_count=100")


NAMES = st.sampled_from([
    "code", "code:not", "date", "subject", "subject:Group", "value-quantity", "value-string", "value-string:exact",
    "_id", "_lastUpdated", "_tag", "_profile", "_sort", "_include", "_revinclude", "_count", "_total", "patient",
])  # fmt: skip
VALUES = (
    st.text(max_size=30)
    | st.from_regex(r"\A(eq|ne|gt|lt|ge|le|sa|eb|ap)?-?[0-9]{1,5}([-.e|][0-9|]{0,9})?\Z")
    | st.sampled_from(
        ["-date,code", "Observation:subject", "_id", "value-quantity,-subject", "1e999", "gt9999-12-31"]
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4))
def test_any_search_is_answered_or_refused_with_words(shelf: Shelf, params: list[tuple[str, str]]) -> None:
    try:
        page = shelf.search.search(shelf.connection, "Observation", params, lenient=True)
    except Problem as failure:
        pytest.fail(f"a lenient search was refused: {failure}")
    assert len(page.params) + len(page.notes) >= 1
    assert all(issue.message for issue in page.notes)
