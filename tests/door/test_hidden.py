"""What is not there, and what one may not see, answer the same bytes; nobody learns an id by asking."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.door.conftest import JSON, House

PATCH = {"content-type": "application/json-patch+json"}
TEST = [{"op": "replace", "path": "/status", "value": "final"}]
VARIES = ("x-request-id", "date")


def plain(answer: httpx.Response, *ids: str) -> tuple[Any, ...]:
    """Status, headers but those of the single request, and body, with the id that was asked for taken out."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in VARIES)
    text = answer.text
    for id in ids:
        text = text.replace(id, "ID")
    return answer.status_code, tuple(item for item in headers if item[0] != "content-length"), text


INTERACTIONS = [
    ("GET", "{type}/{id}", {}, None),
    ("HEAD", "{type}/{id}", {}, None),
    ("GET", "{type}/{id}", {"if-none-match": 'W/"1"'}, None),
    ("GET", "{type}/{id}", {"if-modified-since": "Mon, 23 Nov 2099 15:26:00 GMT"}, None),
    ("GET", "{type}/{id}?_summary=true", {}, None),
    ("GET", "{type}/{id}/_history/1", {}, None),
    ("GET", "{type}/{id}/_history/99", {}, None),
    ("GET", "{type}/{id}/_history", {}, None),
    ("PATCH", "{type}/{id}", PATCH, TEST),
    ("PATCH", "{type}/{id}", {**PATCH, "if-match": 'W/"1"'}, TEST),
    ("PUT", "{type}/{id}", {**JSON, "if-match": 'W/"1"'}, "resource"),
    ("DELETE", "{type}/{id}", {"if-match": 'W/"1"'}, None),
    ("DELETE", "{type}/{id}", {}, None),
    ("GET", "{type}?_id={id}", {}, None),
]


@pytest.mark.parametrize(("method", "path", "headers", "body"), INTERACTIONS)
def test_two_ids_that_are_not_there_answer_the_same(
    house: House, method: str, path: str, headers: dict[str, str], body: Any
) -> None:
    """One that was never named, and one that only a reference names (which has a row of its own)."""
    named = "only-referred-to-0001"
    house.make({"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                "hasMember": [{"reference": f"Observation/{named}"}]})  # fmt: skip
    answers = []
    for id in ("never-ever-named-0001", named):
        tree = {"resourceType": "Observation", "id": id, "status": "final", "code": {"text": "x"}}
        given = {} if body is None else {"json": tree if body == "resource" else body}
        asked = path.format(type="Observation", id=id)
        answers.append(house.ask(method, f"/fhir/{asked}", {**house.everything, **headers}, **given))
    if "?_id" in path:
        assert [answer.json()["total"] for answer in answers] == [0, 0]
        return
    assert plain(answers[0], "never-ever-named-0001") == plain(answers[1], named)
    assert answers[0].status_code in ((404,) if method in ("GET", "HEAD") else (404, 412, 204))


@pytest.mark.parametrize("path", ["Patient/{id}", "Patient/{id}/_history/1", "Patient/{id}/_history",
                                  "Patient/{id}?_format=xml", "Patient?_id={id}", "Binary/{id}"])  # fmt: skip
def test_who_may_not_see_a_type_cannot_tell_what_is_there(house: House, path: str) -> None:
    narrow = house.token("system/Observation.rs", "narrow")
    type_name = path.partition("/")[0].partition("?")[0]
    there, not_there = house.ids[type_name], "never-ever-named-0001"
    found = [house.ask("GET", f"/fhir/{path.format(id=id)}", narrow) for id in (there, not_there)]
    assert plain(found[0]) == plain(found[1])
    assert found[0].status_code == 403


def test_who_is_not_signed_in_cannot_tell_what_is_there(house: House) -> None:
    for path in ("/fhir/Patient/{id}", "/chart/{id}", "/record/Patient/{id}", "/chart/{id}/photo",
                 "/fhir/Nonsense/{id}", "/record/Patient/{id}/file/0"):  # fmt: skip
        found = [
            house.ask("GET", path.format(id=id)) for id in (house.ids["Patient"], "never-ever-named-0001")
        ]
        assert plain(found[0]) == plain(found[1]), path


def test_a_deleted_resource_is_told_to_none_but_who_may_read(house: House) -> None:
    id = house.make({"resourceType": "Patient", "active": True})
    assert house.ask("DELETE", f"/fhir/Patient/{id}", house.everything).status_code == 204
    assert house.ask("GET", f"/fhir/Patient/{id}", house.everything).status_code == 410
    narrow = house.token("system/Observation.rs", "narrow")
    gone, never = (house.ask("GET", f"/fhir/Patient/{one}", narrow) for one in (id, "never-ever-named-0001"))
    assert plain(gone) == plain(never)
