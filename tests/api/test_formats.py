"""Formats: what may be asked for and sent, and what is refused."""

from __future__ import annotations

import gzip
import zlib

import pytest

from tests.api.conftest import FHIR_JSON, FHIR_XML, Caller, outcome, patient

XML_PATIENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<Patient xmlns="http://hl7.org/fhir"><name><family value="Okafor"/></name><gender value="female"/></Patient>"""


def test_the_accept_header_decides_between_json_and_xml(caller: Caller) -> None:
    path = f"Patient/{caller.made(patient())['id']}"
    for accept, kind in (
        ("*/*", FHIR_JSON),
        ("application/json", FHIR_JSON),
        ("application/fhir+json; fhirVersion=4.0", FHIR_JSON),
        ("application/fhir+xml", FHIR_XML),
        ("application/xml", FHIR_XML),
        ("text/xml", FHIR_XML),
        ("application/fhir+xml;q=0.2, application/fhir+json;q=0.9", FHIR_JSON),
        ("text/html, application/fhir+xml;q=0.5, */*;q=0.1", FHIR_XML),
        ("text/html, */*;q=0.1", FHIR_JSON),
    ):
        answer = caller.get(path, headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind), accept


def test_format_goes_before_the_accept_header(caller: Caller) -> None:
    path = f"Patient/{caller.made(patient())['id']}"
    for name in ("xml", "application/fhir+xml", "application/fhir%2Bxml", "text/xml"):
        answer = caller.get(f"{path}?_format={name}", headers={"accept": FHIR_JSON})
        assert answer.headers["content-type"] == FHIR_XML
        assert answer.content.startswith(b"<?xml")
        assert b'<family value="Okafor"/>' in answer.content


@pytest.mark.parametrize("accept", ["text/turtle", "application/pdf", "application/fhir+json;q=0",
                                    "application/fhir+json; fhirVersion=3.0"])  # fmt: skip
def test_a_format_that_is_not_offered_is_refused_before_anything_is_done(caller: Caller, accept: str) -> None:
    before = caller.newest()
    headers = {"accept": accept, "content-type": FHIR_JSON}
    issue = outcome(caller.ask("POST", "Patient", json=patient(), headers=headers), 406)
    assert accept in issue["diagnostics"]
    assert caller.newest() == before


def test_an_unknown_format_parameter_is_named(caller: Caller) -> None:
    assert "yaml" in outcome(caller.get("Patient?_format=yaml"), 406)["diagnostics"]


def test_pretty_breaks_lines_and_keeps_numbers(caller: Caller) -> None:
    body = (
        '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.0e2}}'
    )
    made = caller.ask("POST", "Observation", content=body, headers={"content-type": FHIR_JSON}).json()
    pretty = caller.get(f"Observation/{made['id']}?_pretty=true")
    assert '\n    "value": 1.0e2\n' in pretty.text
    xml = caller.get(f"Observation/{made['id']}?_pretty=true&_format=xml")
    assert '\n    <value value="1.0e2"/>' in xml.text


def test_a_resource_can_be_sent_as_xml(caller: Caller) -> None:
    made = caller.ask("POST", "Patient", content=XML_PATIENT, headers={"content-type": FHIR_XML})
    assert made.status_code == 201
    assert caller.get(f"Patient/{made.json()['id']}").json()["name"] == [{"family": "Okafor"}]


def test_errors_come_in_the_format_asked_for(caller: Caller) -> None:
    answer = caller.get("Patient/never-given", headers={"accept": FHIR_XML})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == FHIR_XML
    assert b"<OperationOutcome" in answer.content


def test_an_error_that_quotes_what_xml_cannot_hold_is_still_an_outcome(caller: Caller) -> None:
    issue = outcome(caller.get("Patient/%01%02", headers={"accept": FHIR_XML}), 400)
    assert issue["expression"] == ["Patient.id"]


def test_bundles_come_as_xml_too(caller: Caller) -> None:
    path = f"Patient/{caller.made(patient())['id']}"
    for address in ("Patient?_count=2", f"{path}/_history"):
        answer = caller.get(address, headers={"accept": FHIR_XML})
        assert answer.status_code == 200
        assert b"<Bundle" in answer.content
        assert b"<Patient" in answer.content


@pytest.mark.parametrize("kind", ["text/plain", "application/pdf", "application/json; charset=latin-1",
                                  "application/fhir+json; fhirVersion=5.0"])  # fmt: skip
def test_a_content_type_that_is_not_read_is_named(caller: Caller, kind: str) -> None:
    before = caller.newest()
    answer = caller.ask("POST", "Patient", content=b"{}", headers={"content-type": kind})
    assert kind in outcome(answer, 415)["diagnostics"]
    assert caller.newest() == before


def test_a_body_without_a_content_type_is_refused(caller: Caller) -> None:
    answer = caller.ask("POST", "Patient", content=b'{"resourceType":"Patient"}')
    assert "Content-Type" in outcome(answer, 415)["diagnostics"]


def test_a_compressed_body_is_unpacked(caller: Caller) -> None:
    body = b'{"resourceType":"Patient","gender":"other"}'
    for name, packed in (
        ("gzip", gzip.compress(body)),
        ("deflate", zlib.compress(body)),
        ("gzip", gzip.compress(body[:20]) + gzip.compress(body[20:])),
        ("identity", body),
    ):
        headers = {"content-type": FHIR_JSON, "content-encoding": name}
        assert caller.ask("POST", "Patient", content=packed, headers=headers).status_code == 201


def test_a_damaged_or_unknown_compression_is_refused(caller: Caller) -> None:
    before = caller.newest()
    packed = gzip.compress(b'{"resourceType":"Patient"}')
    for name, content, status in (
        ("br", b"x", 415),
        ("gzip", b"not gzip", 400),
        ("gzip", packed[:-9], 400),
        ("gzip", packed + b"tail", 400),
    ):
        headers = {"content-type": FHIR_JSON, "content-encoding": name}
        outcome(caller.ask("POST", "Patient", content=content, headers=headers), status)
    assert caller.newest() == before


def test_a_body_over_the_limit_is_refused_naming_it(caller: Caller) -> None:
    before = caller.newest()
    large = b" " * 2_000_001
    headers = {"content-type": FHIR_JSON}
    announced = outcome(caller.ask("POST", "Patient", content=large, headers=headers), 413)
    assert "2000000" in announced["diagnostics"]

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(40):
            yield b" " * 100_000

    streamed = outcome(caller.ask("POST", "Patient", content=chunks(), headers=headers), 413)
    assert "2000000" in streamed["diagnostics"]
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    packed = caller.ask("POST", "Patient", content=bomb, headers={**headers, "content-encoding": "gzip"})
    assert "2000000" in outcome(packed, 413)["diagnostics"]
    assert caller.newest() == before
