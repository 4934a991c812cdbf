"""Binary as content and as a resource."""

from __future__ import annotations

import base64

from tests.api.conftest import FHIR_JSON, FHIR_XML, Caller, outcome

PDF = b"%PDF-1.7\n\x00\xff\xfe binary"


def put_in(caller: Caller, content: bytes, kind: str, **headers: str) -> str:
    """The id of a Binary made from `content`."""
    answer = caller.ask("POST", "Binary", content=content, headers={"content-type": kind, **headers})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].split("/")[-3]


def test_content_comes_back_as_it_was_sent(caller: Caller) -> None:
    id = put_in(caller, PDF, "application/pdf")
    for accept in ("*/*", "application/pdf", "text/html,application/xhtml+xml,*/*;q=0.8"):
        answer = caller.get(f"Binary/{id}", headers={"accept": accept})
        assert (answer.status_code, answer.content) == (200, PDF)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["etag"] == 'W/"1"'


def test_stored_content_is_harmless_to_a_browser(caller: Caller) -> None:
    id = put_in(caller, b"<script>alert(1)</script>", "text/html; charset=utf-8")
    answer = caller.get(f"Binary/{id}")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"] == "attachment"


def test_the_resource_around_it_comes_when_a_fhir_format_is_asked_for(caller: Caller) -> None:
    id = put_in(caller, PDF, "application/pdf")
    tree = caller.get(f"Binary/{id}", headers={"accept": FHIR_JSON}).json()
    assert (tree["resourceType"], tree["contentType"]) == ("Binary", "application/pdf")
    assert base64.b64decode(tree["data"]) == PDF
    assert caller.get(f"Binary/{id}?_format=json").json() == tree
    xml = caller.get(f"Binary/{id}", headers={"accept": FHIR_XML})
    assert b"<Binary" in xml.content


def test_a_binary_can_be_sent_as_a_resource(caller: Caller) -> None:
    tree = {
        "resourceType": "Binary",
        "contentType": "text/plain",
        "data": base64.b64encode(b"hello").decode(),
    }
    answer = caller.post("Binary", tree)
    assert answer.status_code == 201
    id = answer.headers["location"].split("/")[-3]
    assert caller.get(f"Binary/{id}").text == "hello"


def test_json_that_is_not_said_to_be_fhir_is_content(caller: Caller) -> None:
    id = put_in(caller, b'{"resourceType": "Patient"}', "application/json")
    answer = caller.get(f"Binary/{id}")
    assert answer.content == b'{"resourceType": "Patient"}'
    assert answer.headers["content-type"] == "application/json"


def test_content_is_replaced_by_a_put(caller: Caller) -> None:
    id = put_in(caller, b"one", "text/plain")
    headers = {"content-type": "text/plain", "if-match": 'W/"1"'}
    answer = caller.ask("PUT", f"Binary/{id}", content=b"two", headers=headers)
    assert answer.status_code == 200
    assert caller.get(f"Binary/{id}").text == "two"
    assert caller.get(f"Binary/{id}/_history/1").text == "one"
    assert caller.get(f"Binary/{id}/_history").json()["total"] == 2


def test_the_security_context_travels_as_a_header(caller: Caller) -> None:
    id = put_in(caller, b"x", "text/plain", **{"x-security-context": "Patient/somebody"})
    assert caller.get(f"Binary/{id}").headers["x-security-context"] == "Patient/somebody"
    tree = caller.get(f"Binary/{id}?_format=json").json()
    assert tree["securityContext"] == {"reference": "Patient/somebody"}


def test_no_content_and_no_type_are_refused(caller: Caller) -> None:
    before = caller.newest()
    empty = caller.ask("POST", "Binary", content=b"", headers={"content-type": "text/plain"})
    assert "no body" in outcome(empty, 400)["diagnostics"]
    assert "Content-Type" in outcome(caller.ask("POST", "Binary", content=b"x"), 415)["diagnostics"]
    assert caller.newest() == before
    outcome(caller.get("Binary/never-given", headers={"accept": "application/pdf"}), 404)
