"""history of a resource, a type and everything."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.api.conftest import BASE, Caller, outcome, patient


def link(tree: dict[str, Any], relation: str) -> str | None:
    """The address of a Bundle's link."""
    found = [entry["url"] for entry in tree.get("link", []) if entry["relation"] == relation]
    return found[0] if found else None


def walk(caller: Caller, path: str) -> list[dict[str, Any]]:
    """Every entry, page after page."""
    entries: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        page = caller.get(following).json()
        entries += page.get("entry", [])
        following = link(page, "next")
    return entries


def test_a_history_tells_what_was_done_newest_first(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    caller.put(path, {**made, "gender": "other"})
    caller.delete(path)
    page = caller.get(f"{path}/_history").json()
    assert (page["resourceType"], page["type"], page["total"]) == ("Bundle", "history", 3)
    assert [entry["request"]["method"] for entry in page["entry"]] == ["DELETE", "PUT", "POST"]
    assert [entry["request"]["url"] for entry in page["entry"]] == [path, path, "Patient"]
    assert [entry["response"]["status"] for entry in page["entry"]] == [
        "204 No Content",
        "200 OK",
        "201 Created",
    ]
    assert [entry["response"]["etag"] for entry in page["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert {entry["fullUrl"] for entry in page["entry"]} == {f"{BASE}/{path}"}
    assert "resource" not in page["entry"][0]
    assert page["entry"][2]["resource"] == made
    assert page["entry"][2]["response"]["lastModified"] == made["meta"]["lastUpdated"]
    assert link(page, "self") == f"{BASE}/{path}/_history"


def test_a_history_comes_in_pages_without_loss_or_repeat(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    for index in range(6):
        caller.put(path, {**made, "name": [{"family": f"Version{index + 2}"}]})
    first = caller.get(f"{path}/_history?_count=3").json()
    assert len(first["entry"]) == 3
    names = [name for name, _ in parse_qsl(urlsplit(link(first, "next") or "").query)]
    assert names == ["_cursor", "_count"]
    assert len(caller.get(link(first, "next") or "").json()["entry"]) == 3
    entries = walk(caller, f"{path}/_history?_count=3")
    assert [entry["response"]["etag"] for entry in entries] == [f'W/"{number}"' for number in range(7, 0, -1)]


def test_the_history_of_a_type_and_of_everything_hold_the_same_versions(caller: Caller) -> None:
    made = caller.made(patient())
    of_type, of_all = caller.get("Patient/_history").json(), caller.get("_history").json()
    assert of_type["entry"][0]["resource"]["id"] == made["id"]
    assert of_all["entry"][0]["resource"]["id"] == made["id"]
    assert all(entry["request"]["url"].startswith("Patient") for entry in of_type["entry"])


def test_since_leaves_out_what_came_before(caller: Caller) -> None:
    made = caller.made(patient())
    since = made["meta"]["lastUpdated"]
    page = caller.get("Patient/_history", params={"_since": since}).json()
    assert any(entry["resource"]["id"] == made["id"] for entry in page["entry"])
    assert caller.get("Patient/_history?_since=2999-01-01").json().get("entry") is None


def test_at_gives_the_version_that_was_current_then(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    time.sleep(0.005)  # the two versions must not share a millisecond
    caller.put(path, {**made, "gender": "other"})
    page = caller.get(f"{path}/_history", params={"_at": made["meta"]["lastUpdated"]}).json()
    assert [entry["response"]["etag"] for entry in page["entry"]] == ['W/"1"']
    assert caller.get(f"{path}/_history?_at=1999").json().get("entry") is None


def test_the_history_of_an_id_that_was_never_given_is_not_found(caller: Caller) -> None:
    outcome(caller.get("Patient/never-given/_history"), 404)


def test_parameters_of_a_history_are_checked(caller: Caller) -> None:
    for query, place in (
        ("_count=many", "_count"),
        ("_count=-1", "_count"),
        ("_since=yesterday", "_since"),
        ("_at=2020-13", "_at"),
        ("_count=1&_count=2", "_count"),
        ("name=Okafor", "name"),
    ):
        issue = outcome(caller.get(f"Patient/_history?{query}"), 400)
        assert issue["expression"] == [place]
        assert query.split("=")[1].split("&")[0] in issue["diagnostics"] or place in issue["diagnostics"]


def test_a_cursor_that_is_not_ours_is_refused(caller: Caller) -> None:
    assert outcome(caller.get("Patient/_history?_cursor=AAAA"), 400)["expression"] == ["_cursor"]
    assert outcome(caller.get("Patient?_cursor=AAAA"), 400)["expression"] == ["_cursor"]
