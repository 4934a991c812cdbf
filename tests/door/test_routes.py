"""Every address that the program knows, asked with every credential that must not open it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from charthouse.access.routes import SAFE
from tests import cast
from tests.door.conftest import JSON, MARK, House, Way, ways

OPEN = {
    ("/fhir/metadata", "GET"), ("/fhir/metadata", "HEAD"), ("/healthz", "GET"), ("/healthz", "HEAD"),
    ("/readyz", "GET"), ("/readyz", "HEAD"), ("/sign-in", "GET"), ("/sign-in", "HEAD"),
    ("/sign-in/link/{secret}", "GET"), ("/static/{hash}/{name:path}", "GET"), ("/static/{hash}/{name:path}", "HEAD"),
}  # fmt: skip
# Programs prove themselves inside these (RFC 6749, 7009, 7591, 7662); what they tell is about the server.
MACHINES = ("/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/register")
TOLD = ("/fhir/.well-known/smart-configuration", "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration", "/oauth/jwks", "/oauth/style")  # fmt: skip
OPEN |= {(path, "POST") for path in MACHINES} | {
    (path, method) for path in TOLD for method in ("GET", "HEAD")
}
# Ways to show who one is: each needs a secret, and says nothing without it.
SHOWING = {
    ("/sign-in", "POST"), ("/sign-in/passkey", "POST"), ("/sign-in/passkey/ask", "POST"), ("/sign-in/second", "POST"),
    ("/sign-in/second", "GET"), ("/sign-in/second", "HEAD"), ("/invite/{secret}", "GET"), ("/invite/{secret}", "HEAD"),
    ("/invite/{secret}", "POST"), ("/sign-in/with/out", "GET"), ("/sign-in/with/out", "HEAD"),
    ("/sign-in/with/{name}/back", "HEAD"),
}  # fmt: skip
OPEN |= SHOWING
# To another sign-in server and back; without one of that name they are absent.
ELSEWHERE = ("/sign-in/with/{name}", "/sign-in/with/{name}/back")
OPEN |= {(path, method) for path in ELSEWHERE for method in ("GET", "HEAD")} | {
    ("/sign-in/with/{name}/gone", "POST")
}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


def body_for(way: Way, house: House) -> dict[str, Any]:
    """A body that the route would take, so that nothing but the door can refuse it."""
    if way.method == "PATCH":
        operations = [{"op": "add", "path": "/language", "value": "en"}]
        return {"json": operations, "extra": {"content-type": "application/json-patch+json"}}
    if way.method in ("POST", "PUT") and way.path.endswith("_search"):
        return {
            "content": f"_id={house.ids['Patient']}",
            "extra": {"content-type": "application/x-www-form-urlencoded"},
        }
    if way.path in ("/fhir/", "/fhir"):
        entry = {"resource": OBSERVATION, "request": {"method": "POST", "url": "Observation"}}
        return {"json": {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}, "extra": JSON}
    if way.path.startswith("/fhir") and way.method in ("POST", "PUT"):
        tree: dict[str, Any] = {"resourceType": "Patient", "name": [{"family": "Changed"}]}
        if way.method == "PUT" and way.path.count("/") > 2:
            tree["id"] = house.ids["Patient"]
        return {"json": tree, "extra": JSON}
    if way.method == "POST":
        return {
            "content": f"q={MARK}&chart=x&table=0&cursor=x",
            "extra": {"content-type": "application/x-www-form-urlencoded"},
        }
    return {"extra": {}}


def sent(house: House, way: Way, headers: Mapping[str, str]) -> httpx.Response:
    given = body_for(way, house)
    return house.ask(way.method, way.path, {**given.pop("extra"), **headers}, **given)


def is_shut(answer: httpx.Response, way: Way) -> bool:
    """401 or 403; for a page that somebody not signed in asks for, the way to the sign-in."""
    if answer.status_code in (401, 403):
        return True
    to_sign_in = answer.status_code == 303 and answer.headers["location"] == "/sign-in"
    return to_sign_in and way.method in SAFE and not way.path.startswith("/fhir")


def refuse_all(house: House, headers: Mapping[str, str], *, only: Callable[[Way], bool] = lambda way: True,
               never: Callable[[httpx.Response], bool] = lambda answer: False) -> int:  # fmt: skip
    """Ask everything that is shut; returns how many ways were tried."""
    before, tried = house.state(), 0
    for way in ways(house):
        if way.is_open or not only(way):
            continue
        answer = sent(house, way, headers)
        tried += 1
        assert is_shut(answer, way) or never(answer), (way, answer.status_code, answer.text[:300])
        told = answer.text + str(answer.headers)
        assert MARK not in told, way
        assert "etag" not in answer.headers, way
        assert "last-modified" not in answer.headers, way
        if way.method != "HEAD" and answer.status_code != 303 and MARK in str(answer.request.url):
            raise AssertionError("a test address holds the mark")
    assert house.state() == before
    return tried


def test_the_command_prints_the_table_and_exactly_these_are_open(house: House) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from charthouse.cli import main; main()", "routes", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = json.loads(done.stdout)
    assert {(row["path"], method) for row in rows if row["open"] for method in row["methods"]} == OPEN
    table = {(row["path"], method) for row in rows for method in row["methods"]}
    assert table == {(way.template, way.method) for way in ways(house)}
    assert len(table) > 50


def test_open_addresses_answer_without_a_credential_and_tell_nothing_of_the_record(house: House) -> None:
    for way in ways(house):
        if way.is_open:
            answer = house.ask(way.method, way.path)
            # the clinic of this test was never named by `init`, so it is not ready
            expected = (401,) if "link" in way.path else (200, 503) if way.path == "/readyz" else (200, 404)
            expected = (400, 400) if way.path in MACHINES else expected
            expected = (200, 303, 401) if (way.template, way.method) in SHOWING else expected
            assert answer.status_code in expected, way
            assert MARK not in answer.text
            assert "set-cookie" not in answer.headers


def test_nobody_comes_in_without_a_credential(house: House) -> None:
    assert refuse_all(house, {}) > 40


@pytest.mark.parametrize(
    "header", ["Bearer cht_wrong", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", "cht_x", ""]
)
def test_a_wrong_token_opens_nothing(house: House, header: str) -> None:
    assert refuse_all(house, {"authorization": header}) > 40


def test_a_wrong_session_opens_nothing(house: House) -> None:
    assert refuse_all(house, {"cookie": "charthouse=wrong"}) > 40
    assert refuse_all(house, {"cookie": "charthouse="}) > 40


def test_an_expired_token_opens_nothing(house: House) -> None:
    expired = house.token("system/*.cruds", "expired", lifetime=1)
    assert refuse_all(house, expired) > 40


def test_a_revoked_token_opens_nothing_from_the_next_request_on(house: House) -> None:
    held, clinic = house.token("system/*.cruds", "revoked"), house.clinic
    assert house.ask("GET", f"/fhir/Patient/{house.ids['Patient']}", held).status_code == 200
    client = clinic.people.find("revoked", "client")
    assert client is not None
    clinic.write(lambda connection: clinic.tokens.revoke_all(connection, client.id))
    clinic.generation.stale()
    assert refuse_all(house, held) > 40


def test_an_ended_session_and_a_disabled_person_open_nothing(house: House) -> None:
    clinic, key = house.clinic, house.people[cast.NURSE.name]
    held = house.session(cast.NURSE)
    clinic.write(lambda connection: clinic.sessions.end_all(connection, key))
    clinic.generation.stale()
    assert refuse_all(house, held) > 40
    held = house.session(cast.NURSE)
    clinic.write(lambda connection: clinic.people.disable(connection, key))
    clinic.generation.stale()
    assert refuse_all(house, held) > 40


def test_a_session_changes_nothing_without_its_form_token(house: House) -> None:
    held = house.session(cast.ADMINISTRATOR)
    other = house.form_token(house.session(cast.DOCTOR))
    for headers in (held, {**held, "x-csrf-token": "wrong"}, {**held, "x-csrf-token": other}):
        assert refuse_all(house, headers, only=lambda way: way.method not in SAFE) > 8
    right = {**held, "x-csrf-token": house.form_token(held), "sec-fetch-site": "cross-site"}
    assert refuse_all(house, right, only=lambda way: way.method not in SAFE) > 8


@pytest.mark.parametrize("member", cast.SHUT_OUT, ids=lambda member: member.name)
def test_who_has_no_role_sees_nothing_of_the_record(house: House, member: cast.Member) -> None:
    held = house.session(member)
    held["x-csrf-token"] = house.form_token(held)
    # their own frame, empty, their own sign-in, and the apps that they let in
    own = ("/", "/find", "/charts/close", "/sign-out", "/x", "/apps", "/apps/withdraw", "/oauth/authorize")

    def is_own(way: Way) -> bool:
        return way.path in (*own, "/lock", "/unlock", "/unlock/ask", "/active") or way.path.startswith(
            (
                "/account",
                "/my-access",
                "/salary",
                "/careers",
                "/guide",
                "/planner",
            )  # what the work pays is no part of the record
        )

    def is_empty(answer: httpx.Response) -> bool:
        return answer.status_code == 404 and b"/record/" in answer.request.url.raw_path

    assert refuse_all(house, held, only=lambda way: not is_own(way), never=is_empty) > 35
    for path in ("/", "/x"):
        assert MARK not in house.ask("GET", path, held).text
    found = house.ask(
        "POST", "/find", {**held, "content-type": "application/x-www-form-urlencoded"}, content=f"q={MARK}"
    )
    assert found.text.replace(f"“{MARK}”", "").count(MARK) <= 1  # what was typed, at most
    assert house.ids["Patient"] not in found.text


def test_a_token_for_one_type_opens_nothing_else(house: House) -> None:
    narrow = house.token("system/Observation.rs", "narrow")
    assert house.ask("GET", f"/fhir/Observation/{house.ids['Observation']}", narrow).status_code == 200
    own = ("/fhir/", "/fhir/_search")  # what is open to it is found there, and nothing else
    assert refuse_all(house, narrow, only=lambda way: way.path not in own and "$lastn" not in way.path) > 40
    for query in ("", "?_count=500", "?_type=Observation", "?_include=*", "?_revinclude=*"):
        found = house.ask("GET", f"/fhir{query}", narrow)
        types = {entry["resource"]["resourceType"] for entry in found.json()["entry"]}
        assert (found.status_code, types) == (200, {"Observation"})
    assert house.ask("GET", "/fhir?_type=Observation,Patient", narrow).status_code == 403
    for method, path in (("PUT", f"Observation/{house.ids['Observation']}"), ("POST", "Observation"),
                         ("DELETE", f"Observation/{house.ids['Observation']}")):  # fmt: skip
        answer = house.ask(method, f"/fhir/{path}", {**narrow, **JSON}, json=OBSERVATION)
        assert answer.status_code in (400, 403), answer.text
        assert MARK not in answer.text


@pytest.mark.parametrize("type_name", ["Patient", "Binary", "DocumentReference"])
def test_a_token_for_one_type_reads_no_other_in_a_batch_or_transaction(house: House, type_name: str) -> None:
    narrow, id = house.token("system/Observation.rs", "narrow"), house.ids[type_name]
    urls = [f"{type_name}/{id}", f"{type_name}/{id}/_history/1", f"{type_name}/{id}/_history", f"{type_name}?_id={id}",
            f"{type_name}/_history", "_history", f"{type_name}%2F{id}", f"/{type_name}/{id}", f"./{type_name}/{id}",
            f"Observation/../{type_name}/{id}", f"http://localhost/fhir/{type_name}/{id}"]  # fmt: skip
    before = house.state()
    for kind in ("batch", "transaction"):
        for url in urls:
            entry = {"request": {"method": "GET", "url": url}}
            tree = {"resourceType": "Bundle", "type": kind, "entry": [entry]}
            answer = house.ask("POST", "/fhir", {**narrow, **JSON}, json=tree)
            assert MARK not in answer.text, url
            if kind == "batch":
                assert answer.json()["entry"][0]["response"]["status"][:3] in ("403", "404", "400"), (
                    url,
                    answer.text,
                )
            else:
                assert answer.status_code in (403, 404, 400), url
    assert house.state() == before


def test_a_token_for_one_type_writes_no_other_in_a_batch_or_transaction(house: House) -> None:
    narrow, id = house.token("system/Observation.cruds", "writer"), house.ids["Patient"]
    patient = {"resourceType": "Patient", "id": id}
    patch = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "W10="}
    wanted: list[tuple[dict[str, str], dict[str, Any] | None]] = [
        ({"method": "POST", "url": "Patient"}, {"resourceType": "Patient"}),
        (
            {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={MARK}"},
            {"resourceType": "Patient"},
        ),
        ({"method": "PUT", "url": f"Patient/{id}"}, patient),
        ({"method": "PUT", "url": f"Patient?identifier={MARK}"}, {"resourceType": "Patient"}),
        ({"method": "PATCH", "url": f"Patient/{id}"}, patch),
        ({"method": "PATCH", "url": f"Patient?identifier={MARK}"}, patch),
        ({"method": "DELETE", "url": f"Patient/{id}"}, None),
        ({"method": "DELETE", "url": f"Patient?identifier={MARK}"}, None),
    ]
    before = house.state()
    for kind in ("batch", "transaction"):
        for request, tree in wanted:
            entry = {"request": request} | ({"resource": tree} if tree else {})
            bundle = {"resourceType": "Bundle", "type": kind, "entry": [entry]}
            answer = house.ask(
                "POST", "/fhir", {**narrow, **JSON, "prefer": "return=representation"}, json=bundle
            )
            status = (
                answer.json()["entry"][0]["response"]["status"][:3] if kind == "batch" else answer.status_code
            )
            assert int(status) == 403, (kind, request, answer.text)
            assert MARK not in answer.text.replace(f"identifier={MARK}", "")
    for count in (2, 40):  # the second is decided in a thread of its own
        good: dict[str, Any] = {"resource": OBSERVATION, "request": {"method": "POST", "url": "Observation"}}
        bad: dict[str, Any] = {
            "resource": {"resourceType": "Patient"},
            "request": {"method": "POST", "url": "Patient"},
        }
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [*[good] * count, bad]}
        assert house.ask("POST", "/fhir", {**narrow, **JSON}, json=bundle).status_code == 403
    assert house.state() == before


@pytest.mark.parametrize("count", [1, 40])
def test_a_conditional_reference_is_a_search_and_needs_that_right(house: House, count: int) -> None:
    narrow = house.token("system/Observation.cruds", "writer")
    answers = []
    before = house.state()
    for value in (MARK, "nobody"):
        tree = {**OBSERVATION, "subject": {"reference": f"Patient?identifier={value}"}}
        entry = {"resource": tree, "request": {"method": "POST", "url": "Observation"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry] * count}
        answers.append(house.ask("POST", "/fhir", {**narrow, **JSON}, json=bundle))
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content  # whether it is there is not told
    assert house.ids["Patient"] not in answers[0].text
    assert house.state() == before


@pytest.mark.parametrize("criteria", ["", "_count=1", "identifier=", "_include=Patient:general-practitioner"])
def test_a_conditional_reference_that_selects_nothing_is_refused(house: House, criteria: str) -> None:
    tree = {**OBSERVATION, "subject": {"reference": f"Patient?{criteria}"}}
    entry = {"resource": tree, "request": {"method": "POST", "url": "Observation"}}
    before = house.state()
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert house.ask("POST", "/fhir", {**house.everything, **JSON}, json=bundle).status_code == 400
    assert house.state() == before


@pytest.mark.parametrize("query", ["_include=Observation:subject", "_include=Observation:patient", "_include=*",
                                   "_include:iterate=Observation:subject&_include=Observation:subject"])  # fmt: skip
def test_includes_bring_no_type_that_is_shut(house: House, query: str) -> None:
    narrow = house.token("system/Observation.rs", "narrow")
    id = house.ids["Observation"]
    answer = house.ask("GET", f"/fhir/Observation?_id={id}&{query}", narrow)
    assert {entry["resource"]["resourceType"] for entry in answer.json().get("entry", [])} <= {"Observation"}
    assert answer.status_code in (200, 400)
    reverse = house.token("system/Patient.rs", "reverse")
    answer = house.ask(
        "GET", f"/fhir/Patient?_id={house.ids['Patient']}&_revinclude=Observation:subject", reverse
    )
    assert answer.status_code == 200
    assert [entry["resource"]["resourceType"] for entry in answer.json()["entry"]] == ["Patient"]


def test_a_cursor_opens_nothing_to_who_may_not_search(house: House) -> None:
    for _ in range(2):
        house.make({"resourceType": "Patient", "name": [{"family": "Other"}]})
    page = house.ask("GET", "/fhir/Patient?_count=1&_revinclude=Observation:subject", house.everything).json()
    link = next(link["url"] for link in page["link"] if link["relation"] == "next")
    narrow = house.token("system/Observation.rs", "narrow")
    assert house.ask("GET", link, narrow).status_code == 403
    assert house.ask("GET", link.replace("/Patient?", "/Observation?"), narrow).status_code == 400
    first = next(link["url"] for link in page["link"] if link["relation"] == "first")
    shown = house.ask("GET", first, house.token("system/Patient.rs", "reverse")).json()
    assert {entry["resource"]["resourceType"] for entry in shown["entry"]} == {"Patient"}


def test_the_right_to_search_alone_shows_nothing(house: House) -> None:
    only = house.token("system/Patient.s", "searcher")
    answer = house.ask("GET", f"/fhir/Patient?_id={house.ids['Patient']}", only)
    assert answer.json().get("entry", []) == []
    assert answer.json()["total"] == 0
    assert house.ask("GET", f"/fhir/Patient/{house.ids['Patient']}", only).status_code == 403


def test_an_update_that_creates_needs_the_right_to_create(house: House) -> None:
    update = {**house.token("system/Observation.u", "updater"), **JSON}
    before = house.state()
    fresh = {**OBSERVATION, "id": "put-to-create"}
    assert house.ask("PUT", "/fhir/Observation/put-to-create", update, json=fresh).status_code == 403
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": fresh, "request": {"method": "PUT", "url": "Observation/put-to-create"}}]}  # fmt: skip
    assert house.ask("POST", "/fhir", update, json=bundle).status_code == 403
    assert house.state() == before
    id = house.make(OBSERVATION)
    assert (
        house.ask("PUT", f"/fhir/Observation/{id}", update, json={**OBSERVATION, "id": id}).status_code == 200
    )
    assert house.ask("DELETE", f"/fhir/Observation/{id}", house.everything).status_code == 204
    again = house.ask("PUT", f"/fhir/Observation/{id}", update, json={**OBSERVATION, "id": id})
    assert again.status_code == 403  # bringing back what was deleted is a creation as well


def test_the_metrics_are_for_who_may_search_everything(house: House) -> None:
    assert house.ask("GET", "/metrics", house.token("system/*.rs", "watcher")).status_code == 200
    for held in (house.token("system/Observation.rs", "narrow"), house.session(cast.STRANGER)):
        answer = house.ask("GET", "/metrics", held)
        assert answer.status_code == 403
        assert "charthouse_resources" not in answer.text


def test_who_loses_a_role_sees_no_name_of_a_chart_that_was_open(house: House) -> None:
    held, key = house.session(cast.ADMINISTRATOR), house.people[cast.ADMINISTRATOR.name]
    opened = house.ask("GET", f"/chart/{house.ids['Patient']}", held)
    assert MARK in opened.text
    charts = opened.headers["set-cookie"].partition(";")[0]
    both = {"cookie": f"{held['cookie']}; {charts}"}
    assert MARK in house.ask("GET", "/", both).text
    people, clinic = house.clinic.people, house.clinic
    clinic.write(lambda connection: people.set_roles(connection, key, ()))
    clinic.generation.stale()
    assert MARK not in house.ask("GET", "/", both).text
