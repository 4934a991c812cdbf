"""Tricks with headers, paths, links, bodies and what is stored: nothing opens, nothing runs, nothing breaks."""

from __future__ import annotations

import base64
import gzip
import time
import zlib
from typing import Any

import pytest

from tests import cast
from tests.door.conftest import FORM, JSON, MARK, House

XHTML = "http://www.w3.org/1999/xhtml"
SCRIPT = "<script>alert(1)</script>"


# -- headers


def test_two_credentials_are_refused_whichever_is_right(house: House) -> None:
    right, path = house.everything["authorization"], f"/fhir/Patient/{house.ids['Patient']}"
    for pair in ((right, "Bearer wrong"), ("Bearer wrong", right), (right, right)):
        answer = house.ask("GET", path, [("authorization", one) for one in pair])
        assert answer.status_code == 401
        assert MARK not in answer.text


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
def test_a_method_cannot_be_overridden(house: House, name: str) -> None:
    before = house.state()
    path = f"/fhir/Patient/{house.ids['Patient']}"
    assert house.ask("GET", path, {**house.everything, name: "DELETE"}).status_code == 200
    assert house.ask("GET", f"{path}?_method=DELETE", house.everything).status_code in (200, 400)
    assert house.state() == before


@pytest.mark.parametrize("host", ["evil.example", "localhost@evil.example", "localhost:80@evil.example",
                                  "localhost.evil.example", "evil.example/localhost", "localhost:80.evil.example",
                                  "localhost evil.example", ""])  # fmt: skip
def test_a_forged_host_comes_back_in_no_link(house: House, host: str) -> None:
    headers = {
        **house.everything,
        "host": host,
        "x-forwarded-host": "evil.example",
        "forwarded": "host=evil.example",
    }
    for method, path, given in (
        ("GET", "Patient?_count=1", {}), ("GET", "_history?_count=1", {}), ("GET", "metadata", {}),
        ("POST", "Patient", {"json": {"resourceType": "Patient"}}),
    ):  # fmt: skip
        answer = house.ask(method, f"/fhir/{path}", {**headers, **(JSON if given else {})}, **given)
        told = answer.text + str(answer.headers.get("location"))
        assert "//evil.example" not in told
        assert "@evil.example" not in told
        assert "localhost.evil" not in told
    for path in ("/sign-in/", "/chart/x/", "/sign-in", "/metrics/", "/static/0/base.css/"):
        assert "evil.example" not in str(house.ask("GET", path, {"host": host}).headers.get("location"))


def test_no_other_site_is_let_in(house: House) -> None:
    headers = {**house.everything, "origin": "https://evil.example", "access-control-request-method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = house.ask(method, f"/fhir/Patient/{house.ids['Patient']}", headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    for path in ("/", "/sign-in", f"/chart/{house.ids['Patient']}"):
        answer = house.ask("GET", path, house.session(cast.DOCTOR))
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "no-store" in answer.headers["cache-control"]


# -- paths


@pytest.mark.parametrize("path", [
    "/fhir//Patient/{id}", "//fhir/Patient/{id}", "/fhir/./Patient/{id}", "/fhir/%2e%2e/metrics", "/fhir/../metrics",
    "/fhir/metadata/../Patient/{id}", "/fhir/metadata/%2e%2e/Patient/{id}", "/fhir/metadata//Patient/{id}",
    "/static/../fhir/Patient/{id}", "/static/%2e%2e/fhir/Patient/{id}", "/static/0/..%2f..%2ffhir/Patient/{id}",
    "/sign-in/link/../../fhir/Patient/{id}", "/sign-in/link/%2e%2e/%2e%2e/chart/{id}", "/FHIR/Patient/{id}",
    "/fhir/Patient%2F{id}", "/fhir/Patient/{id}%00", "/fhir/Patient/%00", "/fhir/Patient/{id};a=b",
    "/fhir\\Patient\\{id}",
    "/healthz/../chart/{id}", "/chart/{id}%2Fphoto", "/favicon.ico/../chart/{id}", "/fhir/patient/{id}",
    "/fhir/Patient/" + "a" * 5000, "/chart/" + "a" * 5000, "/record/" + "A" * 5000 + "/x", "/fhir/Patient/%ff%fe",
    "/chart/%00", "/record/Patient/%00", "/static/0/%00", "/static/0/" + "a" * 5000, "/sign-in/link/%00",
    "/record/Patient/{id}/file/" + "9" * 5000, "/record/Patient/{id}/file/-1", "/record/Patient/{id}/file/%C2%B2",
])  # fmt: skip
def test_a_crooked_path_opens_and_breaks_nothing(house: House, path: str) -> None:
    path = path.format(id=house.ids["Patient"])
    answer = house.ask("GET", path)
    assert answer.status_code in (303, 400, 401, 403, 404), (path, answer.status_code)
    assert MARK not in answer.text + str(answer.headers)
    signed = house.ask("GET", path, house.session(cast.DOCTOR))
    assert signed.status_code < 500, (path, signed.status_code)
    assert "Traceback" not in signed.text


@pytest.mark.parametrize("query", ["tab=versions&new=%C2%B2", "tab=versions&new=" + "9" * 5000, "tab=versions&old=-1",
                                   "tab=%00", "tab=versions&new=1&old=99"])  # fmt: skip
def test_odd_numbers_in_a_page_address_break_nothing(house: House, query: str) -> None:
    answer = house.ask("GET", f"/record/Patient/{house.ids['Patient']}?{query}", house.session(cast.DOCTOR))
    assert answer.status_code == 200


@pytest.mark.parametrize("table", ["\u00b2", "9" * 5000, "-1", "99", ""])
def test_odd_numbers_in_a_form_break_nothing(house: House, table: str) -> None:
    held = house.session(cast.DOCTOR)
    form = {**held, "x-csrf-token": house.form_token(held)}
    path = f"/chart/{house.ids['Patient']}/documents/more"
    assert house.ask("POST", path, form, data={"table": table, "cursor": "x"}).status_code == 404


# -- coming in


def test_looking_at_a_link_uses_nothing_up_and_it_works_once(house: House) -> None:
    clinic = house.clinic
    person = clinic.people.find(cast.DOCTOR.name)
    assert person is not None
    link = clinic.write(lambda connection: clinic.links.issue(connection, person))
    for method in ("HEAD", "OPTIONS", "POST", "PUT"):
        answer = house.ask(method, link)
        assert answer.status_code in (401, 404, 405), method
        assert "set-cookie" not in answer.headers
    planted = {"cookie": f"{clinic.cookie.name}=planted-by-somebody-else"}
    answer = house.ask("GET", link, planted)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "planted" not in cookie
    assert {"httponly", "samesite=lax", "path=/"} <= {
        part.strip().lower() for part in cookie.partition(",")[0].split(";")
    }
    assert house.ask("GET", "/", planted).status_code == 303
    assert house.ask("GET", link).status_code == 401


def test_after_many_wrong_links_an_address_must_wait(tmp_path: Any) -> None:
    house = House(tmp_path)
    try:
        found = [house.ask("GET", f"/sign-in/link/guess{number}").status_code for number in range(60)]
        assert set(found) == {401, 429}
        assert found[-1] == 429
    finally:
        house.close()


def test_no_parameter_leads_elsewhere(house: House) -> None:
    held = house.session(cast.DOCTOR)
    for name in ("next", "return", "redirect", "url", "continue"):
        for path in ("/sign-in", "/", "/nowhere"):
            for headers in ({}, held):
                answer = house.ask("GET", f"{path}?{name}=https://evil.example/", headers)
                assert "evil.example" not in str(answer.headers.get("location"))
    form = {**held, **FORM, "x-csrf-token": house.form_token(held)}
    for value in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = house.ask("POST", "/charts/close", form, content=f"chart=x&at={value}")
        assert answer.headers["location"] == "/"


# -- what is stored


def test_nothing_stored_runs_on_a_page(house: House) -> None:
    evil = '"><img src=x onerror=alert(1)>' + SCRIPT + "{{7*7}}"
    patient = house.make({
        "resourceType": "Patient", "name": [{"family": evil, "given": [evil]}], "birthDate": "1980-01-01",
        "telecom": [{"system": "url", "value": "javascript:alert(1)"}], "address": [{"text": evil}],
        "identifier": [{"system": "javascript:alert(1)", "value": evil, "type": {"text": evil}}],
        "extension": [{"url": "javascript:alert(1)", "valueUrl": "javascript:alert(1)"},
                      {"url": "http://example.org/x", "valueMarkdown": f"[x](javascript:alert(1)) {evil}"}],
        "generalPractitioner": [{"reference": "javascript:alert(1)", "display": evil}],
    })  # fmt: skip
    subject = {"reference": f"Patient/{patient}", "display": evil}
    note = house.make({
        "resourceType": "DocumentReference", "status": "current", "subject": subject, "description": evil,
        "type": {"text": evil}, "date": "2026-01-01T00:00:00Z",
        "content": [{"attachment": {"contentType": "text/html", "url": "javascript:alert(1)", "title": evil}},
                    {"attachment": {"contentType": "text/html", "data": "PHNjcmlwdD4=", "title": evil}}],
    })  # fmt: skip
    for made in ("Condition", "AllergyIntolerance"):
        whose = {"subject": subject} if made == "Condition" else {"patient": subject}
        active = {
            "system": f"http://terminology.hl7.org/CodeSystem/{made.lower()}-clinical",
            "code": "active",
        }
        house.make({"resourceType": made, "clinicalStatus": {"coding": [active]}, "code": {"text": evil},
                    "note": [{"text": evil}], **whose})  # fmt: skip
    house.make({"resourceType": "Observation", "status": "final", "subject": subject, "code": {"text": evil},
                "valueQuantity": {"value": 1, "unit": evil}, "effectiveDateTime": "2026-01-01"})  # fmt: skip
    held = house.session(cast.DOCTOR)
    for path in (f"/chart/{patient}", f"/chart/{patient}/timeline", f"/chart/{patient}/problems",
                 f"/chart/{patient}/documents",
                 f"/chart/{patient}/results", f"/chart/{patient}/allergies", f"/record/Patient/{patient}",
                 f"/record/Patient/{patient}?tab=source", f"/record/DocumentReference/{note}", "/"):  # fmt: skip
        answer = house.ask("GET", path, held)
        assert answer.status_code == 200, path
        text = answer.text
        assert SCRIPT not in text, path
        assert "<img src=x" not in text, path
        assert 'href="javascript' not in text.lower(), path
        assert "{{7*7}}" in text or path == "/", path  # shown as it is, not calculated
        assert "style=" not in text, path


@pytest.mark.parametrize(("kind", "content"), [
    ("text/html", b"<script>alert(1)</script>"),
    ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>"),
    ("application/xhtml+xml", b"<html/>"), ("text/xml", b"<x/>"), ("application/javascript", b"alert(1)"),
    ("text/html; charset=utf-8", b"<b>"), ("TEXT/HTML", b"<b>"), ("application/pdf", b"<script>"),
    ("image/png", b"<html>"),
    ("text/plain", b"<script>alert(1)</script>"), ("x-nonsense/y", b"x"),
])  # fmt: skip
def test_a_stored_file_is_no_page_of_ours(house: House, kind: str, content: bytes) -> None:
    data = base64.b64encode(content).decode()
    binary = house.make({"resourceType": "Binary", "contentType": kind, "data": data})
    subject = {"reference": f"Patient/{house.ids['Patient']}"}
    document = house.make({
        "resourceType": "DocumentReference", "status": "current", "subject": subject,
        "content": [{"attachment": {"contentType": kind, "data": data}},
                    {"attachment": {"contentType": "text/plain", "url": f"Binary/{binary}"}}],
    })  # fmt: skip
    held = house.session(cast.DOCTOR)
    for path in (f"/fhir/Binary/{binary}", f"/record/DocumentReference/{document}/file/0",
                 f"/record/DocumentReference/{document}/file/1"):  # fmt: skip
        answer = house.ask("GET", path, {**held, "accept": "text/html,*/*"})
        assert answer.status_code == 200, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        saved = answer.headers["content-disposition"].startswith("attachment")
        media = answer.headers["content-type"].partition(";")[0].lower()
        assert saved or media in ("application/pdf", "image/png", "text/plain"), (path, media)
        assert saved or "sandbox" in policy or media == "application/pdf"


@pytest.mark.parametrize("kind", ["nonsense", "text/plain\u2028text/html", 'text/html"><script>'])
def test_a_media_type_that_is_none_is_not_stored(house: House, kind: str) -> None:
    answer = house.ask(
        "POST", "/fhir/Binary", {**house.everything, **JSON},
        json={"resourceType": "Binary", "contentType": kind, "data": "eA=="},
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["Binary.contentType"]


@pytest.mark.parametrize("inner", [
    '<a href="java&#9;script:alert(1)">x</a>', '<a href="java&#10;script:alert(1)">x</a>',
    '<a href="&#1;javascript:alert(1)">x</a>', '<a href="data:text/html,&lt;script&gt;alert(1)&lt;/script&gt;">x</a>',
    "<script>alert(1)</script>", '<img src="x" onerror="alert(1)"/>', '<SCRIPT>alert(1)</SCRIPT>',
    '<p xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></p>',
])  # fmt: skip
def test_a_narrative_that_would_run_is_refused_or_served_where_nothing_runs(house: House, inner: str) -> None:
    """Browsers show `application/fhir+xml` as a document, in which XHTML elements are alive."""
    tree = {
        "resourceType": "Patient",
        "text": {"status": "generated", "div": f'<div xmlns="{XHTML}">{inner}</div>'},
    }
    made = house.ask("POST", "/fhir/Patient", {**house.everything, **JSON}, json=tree)
    if made.status_code == 201:
        held = house.session(cast.DOCTOR)
        for wish in ("_format=xml", "_format=json", "_format=xml&_summary=text"):
            answer = house.ask("GET", f"/fhir/Patient/{made.json()['id']}?{wish}", held)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("sandbox;"), wish
            assert "default-src 'none'" in policy
            assert "allow-" not in policy
    else:
        assert made.status_code in (400, 422)


def test_every_answer_of_the_api_is_inert_in_a_browser(house: House) -> None:
    for method, path, headers in (
        ("GET", "/fhir/metadata", {}), ("GET", "/fhir/Patient", {}), ("GET", "/fhir/Nope", house.everything),
        ("GET", "/fhir/Patient", house.everything), ("POST", "/fhir", house.everything),
        ("DELETE", "/fhir/Patient/never", house.everything),
    ):  # fmt: skip
        answer = house.ask(method, path, headers)
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]


# -- searches


@pytest.mark.parametrize("query", [
    "_sort=_id;DROP TABLE resource", "_sort=(select 1)", "_sort=-name,1", "_sort=_id--", "_id=x' OR '1'='1",
    "family=x' OR 1=1--", "family=%25", "family=_", "family:exact=' UNION SELECT 1--", "identifier=' OR ''='",
    "birthdate=gt1980' OR 1=1", "_count=1;DROP", "_count=-1", "_count=99999999999999999999", "_lastUpdated=x' OR 1",
    "_include=Patient:x' OR 1", "x' OR 1=1--=1", "_total=accurate'--", "gender=x|' OR 1=1", "_cursor=' OR 1=1",
])  # fmt: skip
def test_a_search_value_is_never_a_statement(house: House, query: str) -> None:
    before, everybody = (
        house.state(),
        house.ask("GET", "/fhir/Patient?_summary=count", house.everything).json()["total"],
    )
    answer = house.ask("GET", f"/fhir/Patient?{query}", house.everything)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200 and not query.startswith("_count"):
        assert answer.json()["total"] == 0, answer.text[:300]
    for word in ("SELECT", "sqlite", "apsw", "Traceback", "no such column", "syntax error"):
        assert word not in answer.text or word in query
    assert house.state() == before
    assert house.ask("GET", "/fhir/Patient?_summary=count", house.everything).json()["total"] == everybody


def test_a_cursor_cannot_be_altered(house: House) -> None:
    for path in ("Patient?_count=1", "_history?_count=1"):
        page = house.ask("GET", f"/fhir/{path}", house.everything).json()
        link = next(one["url"] for one in page["link"] if one["relation"] == "next")
        word = link.partition("_cursor=")[2].partition("&")[0]
        for place in (0, 10, len(word) // 2, len(word) - 2):
            letter = "A" if word[place] != "A" else "B"
            bad = word[:place] + letter + word[place + 1 :]
            answer = house.ask("GET", link.replace(word, bad), house.everything)
            assert answer.status_code == 400, place
        assert MARK not in link


@pytest.mark.parametrize(("count", "form"), [(50_000, "code={}"), (20_000, "_id={}"), (20_000, "value-string={}"),
                                             (20_000, "subject=Patient/{}"), (5_000, "date=20{:02d}")])  # fmt: skip
def test_a_search_for_very_many_values_is_answered_or_refused_soon(
    house: House, count: int, form: str
) -> None:
    name, _, shape = form.partition("=")
    values = ",".join(
        shape.format(number % 100 if "02d" in shape else f"v{number}") for number in range(count)
    )
    began = time.monotonic()
    answer = house.ask(
        "POST", "/fhir/Observation/_search", {**house.everything, **FORM}, content=f"{name}={values}"
    )
    assert answer.status_code in (200, 400, 413, 503), answer.text[:300]
    assert time.monotonic() - began < 15


# -- bodies


def test_a_bomb_of_one_or_of_many_gzip_parts_is_cut_off_at_once(house: House) -> None:
    before = house.state()
    headers = {**house.everything, **JSON, "content-encoding": "gzip"}
    empty = gzip.compress(b"", mtime=0)
    part = gzip.compress(b" " * 100, mtime=0)
    layers = gzip.compress(b"0" * 100_000_000, compresslevel=9, mtime=0)
    for body, statuses in ((layers, (413,)), (empty * 90_000, (400,)), (part * 60_000, (400, 413)),
                           (empty[:-3], (400,)), (b"\x1f\x8b" + b"\0" * 1000, (400,))):  # fmt: skip
        began = time.monotonic()
        answer = house.ask("POST", "/fhir/Patient", headers, content=body)
        assert answer.status_code in statuses, answer.text
        assert time.monotonic() - began < 2
    assert house.state() == before
    for body in (
        gzip.compress(b'{"resourceType":') + gzip.compress(b'"Patient"}'),
        zlib.compress(b'{"resourceType":"Patient"}'),
    ):
        assert house.ask("POST", "/fhir/Patient", headers, content=body).status_code == 201


def test_very_many_keys_or_twins_of_one_are_refused_soon(house: House) -> None:
    before = house.state()
    keys = b",".join(b'"k%d":1' % number for number in range(150_000))
    twins = b'"active":true,' * 100_000 + b'"active":true'
    for body in (keys, twins):
        began = time.monotonic()
        answer = house.ask(
            "POST",
            "/fhir/Patient",
            {**house.everything, **JSON},
            content=b'{"resourceType":"Patient",%b}' % body,
        )
        assert answer.status_code == 400
        assert len(answer.content) < 20_000
        assert time.monotonic() - began < 5
    assert house.state() == before


def test_ten_thousand_entries_in_a_circle_are_one_transaction(tmp_path: Any) -> None:
    house, count = House(tmp_path), 5_000  # the test's own limit on bodies is 2 MB
    try:
        entries = [
            {"fullUrl": f"urn:uuid:{number}",
             "resource": {"resourceType": "Basic", "code": {"text": "x"},
                          "subject": {"reference": f"urn:uuid:{(number + 1) % count}"}},
             "request": {"method": "POST", "url": "Basic"}}
            for number in range(count)
        ]  # fmt: skip
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        began = time.monotonic()
        answer = house.ask("POST", "/fhir", {**house.everything, **JSON}, json=bundle)
        assert answer.status_code == 200, answer.text[:300]
        assert time.monotonic() - began < 30
        found = house.ask("GET", "/fhir/Basic?_count=1", house.everything).json()
        assert found["total"] == count
        assert found["entry"][0]["resource"]["subject"]["reference"].startswith("Basic/")
    finally:
        house.close()


@pytest.mark.parametrize("path", [
    "Patient.name.where(family.matches('(a+)+$'))", "Patient.name.where(family.matches('(a|aa)+$'))",
    "Patient.name.where('" + "a" * 40 + "!'.matches('^(([a-z])+.)+[A-Z]([a-z])+$'))",
    "Patient.name[0].family.replaceMatches('(.*)*b', 'x')",
    "Patient.name.where(" + "".join(["'x'"] + [".replace('x','xx')"] * 40) + " = '')",
    "Patient" + ".repeat($this)" * 3, "(" * 3000 + "Patient" + ")" * 3000,
    "Patient.name" + ".select($this|$this)" * 2000, "Patient.descendants()" + ".descendants()" * 200,
])  # fmt: skip
def test_a_costly_expression_in_a_patch_is_refused_or_done_soon(house: House, path: str) -> None:
    id = house.make({"resourceType": "Patient", "name": [{"family": "a" * 30 + "!"}]})
    part = [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": path}]
    tree = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}
    began = time.monotonic()
    answer = house.ask("PATCH", f"/fhir/Patient/{id}", {**house.everything, **JSON}, json=tree)
    assert answer.status_code in (200, 400, 422, 503), answer.text[:300]
    assert time.monotonic() - began < 5
