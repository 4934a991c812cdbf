"""The pure rules of the API: query strings, formats, preferences, addresses, batches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.api import checks, entries, negotiate, prefer, query, respond, routes, unknown
from charthouse.api.origin import Origin
from charthouse.base.errors import Problem
from charthouse.fhir.bundle import Entry


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_parameters_survive_being_written_and_read(pairs: list[tuple[str, str]]) -> None:
    sound = [(name, value) for name, value in pairs if not _has_surrogate(name + value)]
    assert query.parse(query.write(sound).encode()) == sound


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def test_a_query_keeps_order_repeats_and_blank_values() -> None:
    assert query.parse(b"a=1&b=&a=2&&c") == [("a", "1"), ("b", ""), ("a", "2"), ("c", "")]
    assert query.parse("n=Müller".encode()) == [("n", "Müller")]
    assert query.parse(b"n=a%2Bb+c") == [("n", "a+b c")]


@pytest.mark.parametrize("text", [b"=x", b"a=1&=x", b"=", b"a=%20&=", b"&=\xff"])
def test_a_value_without_a_name_is_not_passed_over(text: bytes) -> None:
    with pytest.raises(Problem, match="without the name"):
        query.parse(text)


@pytest.mark.parametrize(("header", "best"), [
    ("application/fhir+json", negotiate.JSON),
    ("APPLICATION/FHIR+XML", negotiate.XML),
    ("application/*", negotiate.JSON),
    ("application/fhir+xml;q=0", None),
    ("application/fhir+xml;q=high", None),
    ("text/html", None),
    ("application/fhir+json;q=0.1, application/xml;q=0.2", negotiate.XML),
    ("application/fhir+json; fhirVersion=3.0, application/fhir+xml; fhirVersion=4.0.1", negotiate.XML),
])  # fmt: skip
def test_the_accept_header_is_read_by_weight(header: str, best: str | None) -> None:
    assert negotiate.accepted(header) == best


def test_preferences_are_read_from_one_header_in_any_order() -> None:
    assert prefer.parse(b"return=minimal") == ("minimal", False)
    assert prefer.parse(b'respond-async; handling="lenient" , return=OperationOutcome') == (
        "OperationOutcome",
        True,
    )
    assert prefer.parse(b"return=everything") == (None, False)


def test_a_host_header_is_believed_only_where_the_settings_say_so() -> None:
    local = Origin(None)
    assert local.base({b"host": b"127.0.0.1:9000"}, "http") == "http://127.0.0.1:9000/fhir"
    assert local.base({b"host": b"[::1]:9000"}, "http") == "http://[::1]:9000/fhir"
    assert local.base({b"host": b"localhost"}, "https") == "https://localhost/fhir"
    for forged in (b"evil.example", b"localhost.evil.example", b"localhost:80@evil", b'localhost"', b""):
        assert local.base({b"host": forged}, "http") == "http://localhost:8080/fhir"
    fixed = Origin("https://ehr.example.org/")
    assert fixed.base({b"host": b"localhost"}, "http") == "https://ehr.example.org/fhir"
    assert Origin("https://ehr.example.org/fhir").base({}, "http") == "https://ehr.example.org/fhir"


def test_addresses_have_the_shapes_of_the_table() -> None:
    for path, template in (
        ("", ""),
        ("metadata", "metadata"),
        ("_history", "_history"),
        ("Patient", "{type}"),
        ("Patient/_search", "{type}/_search"),
        ("Patient/1", "{type}/{id}"),
        ("Patient/1/_history", "{type}/{id}/_history"),
        ("Patient/1/_history/2", "{type}/{id}/_history/{version}"),
        ("$export", None),
        ("Patient/$match", None),
        ("Patient/1/$everything", "Patient/{id}/$everything"),
        ("Observation/1/$everything", None),
        ("Patient/1/Observation", "{type}/{id}/{kind}"),
        ("Patient/1/_history/2/3", None),
        ("Patient//1", None),
    ):
        assert routes.template(path.split("/")) == template, path


def test_the_nearest_type_is_suggested_whatever_the_case() -> None:
    assert (
        '"Observation"'
        in unknown.resource_type("observations", ("Observation", "Patient")).issues[0].sentence()
    )
    assert "Did you mean" not in unknown.resource_type("zzz", ("Observation",)).issues[0].sentence()


def test_http_dates_are_written_and_read() -> None:
    assert respond.http_date(1_795_447_560_999) == b"Mon, 23 Nov 2026 15:26:00 GMT"
    assert respond.seconds("Mon, 23 Nov 2026 15:26:00 GMT") == 1_795_447_560
    assert respond.seconds("Monday, 23-Nov-26 15:26:00 GMT") == 1_795_447_560
    assert respond.seconds("23 November") is None


@pytest.mark.parametrize("tag", ['W/"3"', '"3"', ' W/"3" '])
def test_an_if_match_names_a_version(tag: str) -> None:
    assert checks.matched(tag) == "3"


@pytest.mark.parametrize("tag", ["3", 'W/3"', 'W/"³"', '"-1"', "", '"', 'w/"3"'])
def test_anything_else_names_none(tag: str) -> None:
    with pytest.raises(Problem):
        checks.matched(tag)


def test_waves_keep_order_for_one_resource_and_for_kinds_of_method() -> None:
    asked = [
        Entry("DELETE", "Patient", "a"), Entry("POST", "Patient"), Entry("POST", "Patient"),
        Entry("PUT", "Patient", "a"), Entry("PUT", "Patient", "b"), Entry("PUT", "Patient", "a"), Entry("GET", ""),
    ]  # fmt: skip
    found = [[(entry.method, entry.id) for entry in wave] for wave in entries.waves(asked, 2)]
    assert found == [
        [("DELETE", "a")],
        [("POST", None), ("POST", None)],
        [("PUT", "a"), ("PUT", "b")],
        [("PUT", "a")],
        [("GET", None)],
    ]
