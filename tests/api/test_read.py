"""read and vread."""

from __future__ import annotations

import httpx

from tests.api.conftest import Caller, outcome, patient


def test_a_read_gives_the_resource_with_its_version_and_date(caller: Caller) -> None:
    made = caller.made(patient())
    answer = caller.get(f"Patient/{made['id']}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"].endswith(" GMT")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.json() == made
    assert answer.json()["meta"]["versionId"] == "1"


def test_decimals_come_back_with_the_digits_they_were_sent_with(caller: Caller) -> None:
    body = (
        '{"resourceType":"Observation","status":"final","code":{"text":"weight"},'
        '"valueQuantity":{"value":72.50,"unit":"kg"}}'
    )
    headers = {"content-type": "application/fhir+json"}
    made = caller.ask("POST", "Observation", content=body, headers=headers)
    assert made.status_code == 201
    assert '"value":72.50,' in caller.get(f"Observation/{made.json()['id']}").text


def test_an_id_that_was_never_given_is_not_found(caller: Caller) -> None:
    issue = outcome(caller.get("Patient/never-given"), 404)
    assert issue["code"] == "not-found"


def test_absent_ids_answer_with_the_same_bytes(caller: Caller) -> None:
    first, second = caller.get("Patient/absent-1"), caller.get("Patient/absent-2")
    assert first.content == second.content
    assert _comparable(first) == _comparable(second)


def _comparable(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}


def test_a_deleted_resource_is_gone(caller: Caller) -> None:
    made = caller.made(patient())
    caller.delete(f"Patient/{made['id']}")
    issue = outcome(caller.get(f"Patient/{made['id']}"), 410)
    assert issue["code"] == "deleted"


def test_an_id_that_fhir_does_not_allow_is_named(caller: Caller) -> None:
    issue = outcome(caller.get("Patient/not_allowed!"), 400)
    assert "not_allowed!" in issue["diagnostics"]
    assert issue["expression"] == ["Patient.id"]


def test_a_type_that_r4_does_not_have_is_named_with_the_nearest_one(caller: Caller) -> None:
    issue = outcome(caller.get("Pateint/1"), 404)
    assert "Pateint" in issue["diagnostics"]
    assert '"Patient"' in issue["diagnostics"]


def test_an_unknown_address_and_an_unknown_operation_are_named(caller: Caller) -> None:
    assert "$everything" in outcome(caller.get("Group/1/$everything"), 404)["diagnostics"]
    assert "$export" in outcome(caller.get("$export"), 404)["diagnostics"]
    assert "Patient/1/2/3/4" in outcome(caller.get("Patient/1/2/3/4"), 404)["diagnostics"]
    assert "Group/1/Observation" in outcome(caller.get("Group/1/Observation"), 404)["diagnostics"]


def test_a_held_version_is_not_sent_again(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    for tag in ('W/"1"', '"1"', "*", 'W/"7", W/"1"'):
        answer = caller.get(path, headers={"if-none-match": tag})
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == 'W/"1"'
    assert caller.get(path, headers={"if-none-match": 'W/"2"'}).status_code == 200


def test_a_resource_unchanged_since_a_date_is_not_sent_again(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    date = caller.get(path).headers["last-modified"]
    assert caller.get(path, headers={"if-modified-since": date}).status_code == 304
    early = {"if-modified-since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    assert caller.get(path, headers=early).status_code == 200
    assert caller.get(path, headers={"if-modified-since": "yesterday"}).status_code == 200


def test_if_none_match_goes_before_the_date(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    date = caller.get(path).headers["last-modified"]
    both = {"if-none-match": 'W/"99"', "if-modified-since": date}
    assert caller.get(path, headers=both).status_code == 200


def test_head_is_a_read_without_its_body(caller: Caller) -> None:
    made = caller.made(patient())
    whole, head = caller.get(f"Patient/{made['id']}"), caller.ask("HEAD", f"Patient/{made['id']}")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))
    assert caller.ask("HEAD", "Patient/never-given").status_code == 404


def test_each_version_can_be_read(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    caller.put(path, {**made, "gender": "other"})
    caller.delete(path)
    first, second = caller.get(f"{path}/_history/1"), caller.get(f"{path}/_history/2")
    assert (first.json()["gender"], second.json()["gender"]) == ("female", "other")
    assert (first.headers["etag"], second.headers["etag"]) == ('W/"1"', 'W/"2"')
    outcome(caller.get(f"{path}/_history/3"), 410)
    outcome(caller.get(f"{path}/_history/4"), 404)
    outcome(caller.get(f"{path}/_history/none"), 404)
    assert caller.get(f"{path}/_history/2", headers={"if-none-match": 'W/"2"'}).status_code == 304


def test_the_request_id_is_given_back_or_made(caller: Caller) -> None:
    given = caller.get("Patient/never-given", headers={"x-request-id": "run-7.a"})
    assert given.headers["x-request-id"] == "run-7.a"
    first, second = caller.get("Patient/never-given"), caller.get("Patient/never-given")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    unsound = caller.get("Patient/never-given", headers={"x-request-id": "Jane Doe 1970"})
    assert unsound.headers["x-request-id"] != "Jane Doe 1970"
