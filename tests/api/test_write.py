"""create, update and delete, with and without conditions."""

from __future__ import annotations

from tests.api.conftest import BASE, Caller, number, outcome, patient


def test_a_create_answers_with_the_resource_and_where_it_is(caller: Caller) -> None:
    answer = caller.post("Patient", patient())
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"{BASE}/Patient/{made['id']}/_history/1"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["content-location"] == answer.headers["location"]
    assert "last-modified" in answer.headers
    assert caller.get(answer.headers["location"]).json() == made


def test_the_id_and_version_of_a_create_are_the_servers(caller: Caller) -> None:
    answer = caller.post("Patient", patient(id="mine", meta={"versionId": "77"}))
    assert answer.status_code == 201
    assert answer.json()["id"] != "mine"
    assert answer.json()["meta"]["versionId"] == "1"


def test_prefer_decides_what_comes_back(caller: Caller) -> None:
    minimal = caller.post("Patient", patient(), prefer="return=minimal")
    assert (minimal.status_code, minimal.content) == (201, b"")
    assert "location" in minimal.headers
    assert "content-type" not in minimal.headers
    told = caller.post("Patient", patient(), prefer="return=OperationOutcome")
    assert told.status_code == 201
    assert told.json()["resourceType"] == "OperationOutcome"
    assert told.json()["issue"][0]["severity"] == "information"
    whole = caller.post("Patient", patient(), prefer="handling=strict, return=representation")
    assert whole.json()["resourceType"] == "Patient"


def test_a_condition_in_the_address_of_a_create_is_refused_and_makes_nothing(caller: Caller) -> None:
    before = caller.newest()
    for path in ("Patient?identifier=1", "Patient?shoe=1&_format=json", "Binary?a"):
        issue = outcome(caller.post(path, patient()), 400)
        assert "If-None-Exist" in issue["diagnostics"]
        assert issue["expression"][0] in path
    request = {"method": "POST", "url": "Patient?identifier=1"}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": patient(), "request": request}],
    }
    assert "ifNoneExist" in outcome(caller.post("", bundle), 400)["diagnostics"]
    assert caller.newest() == before
    assert caller.post("Patient?_format=json&_pretty=true", patient()).status_code == 201


def test_a_conditional_create_makes_one_resource(caller: Caller) -> None:
    tree = patient()
    first = caller.post("Patient", tree, if_none_exist=f"identifier={number(tree)}")
    second = caller.post("Patient", tree, if_none_exist=f"identifier={number(tree)}")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert caller.get(f"Patient?identifier={number(tree)}").json()["total"] == 1


def test_a_conditional_create_that_matches_several_is_refused(caller: Caller) -> None:
    tree = patient()
    caller.made(tree)
    caller.made(tree)
    before = caller.newest()
    outcome(caller.post("Patient", tree, if_none_exist=f"identifier={number(tree)}"), 412)
    assert caller.newest() == before


def test_a_condition_that_selects_nothing_is_refused(caller: Caller) -> None:
    before = caller.newest()
    for condition in ("", "?", "_count=1", "_sort=name"):
        issue = outcome(caller.post("Patient", patient(), if_none_exist=condition), 400)
        assert issue["expression"] == ["If-None-Exist"]
    outcome(caller.put("Patient", patient()), 400)
    outcome(caller.put("Patient?_count=5", patient()), 400)
    outcome(caller.delete("Patient"), 400)
    outcome(caller.delete("Patient?_format=json"), 400)
    outcome(caller.patch("Patient", []), 400)
    assert caller.newest() == before


def test_an_update_makes_the_next_version(caller: Caller) -> None:
    made = caller.made(patient())
    answer = caller.put(f"Patient/{made['id']}", {**made, "gender": "other"})
    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"2"'
    assert caller.get(f"Patient/{made['id']}").json()["gender"] == "other"


def test_an_update_of_a_free_id_creates_it(caller: Caller) -> None:
    tree = patient(id="put-" + patient()["identifier"][0]["value"][:8])
    answer = caller.put(f"Patient/{tree['id']}", tree)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{BASE}/Patient/{tree['id']}/_history/1"
    assert caller.get(f"Patient/{tree['id']}").status_code == 200


def test_an_update_brings_back_what_was_deleted(caller: Caller) -> None:
    made = caller.made(patient())
    caller.delete(f"Patient/{made['id']}")
    answer = caller.put(f"Patient/{made['id']}", made)
    assert answer.status_code == 201
    assert answer.headers["etag"] == 'W/"3"'
    assert caller.get(f"Patient/{made['id']}").status_code == 200


def test_an_id_that_is_not_that_of_the_address_is_refused_naming_both(caller: Caller) -> None:
    issue = outcome(caller.put("Patient/one", patient(id="two")), 400)
    assert '"one"' in issue["diagnostics"]
    assert "two" in issue["diagnostics"]
    assert issue["expression"] == ["Patient.id"]
    assert '"one"' in outcome(caller.put("Patient/one", patient()), 400)["diagnostics"]


def test_an_update_of_another_version_is_refused(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    assert caller.put(path, {**made, "gender": "male"}, if_match='W/"1"').status_code == 200
    before = caller.newest()
    issue = outcome(caller.put(path, {**made, "gender": "other"}, if_match='W/"1"'), 412)
    assert issue["code"] == "conflict"
    outcome(caller.delete(path, if_match='W/"1"'), 412)
    outcome(caller.patch(path, [], if_match='W/"1"'), 412)
    assert caller.newest() == before
    assert caller.put(path, {**made, "gender": "other"}, if_match='"2"').status_code == 200


def test_an_if_match_that_names_no_version_is_refused(caller: Caller) -> None:
    made = caller.made(patient())
    for tag in ("1", 'W/"one"', "W/1", 'W/"1", W/"2"', '""'):
        issue = outcome(caller.put(f"Patient/{made['id']}", made, if_match=tag), 400)
        assert issue["expression"] == ["If-Match"]
        assert tag in issue["diagnostics"]


def test_if_match_on_what_is_not_there_is_refused(caller: Caller) -> None:
    outcome(caller.put("Patient/not-there", patient(id="not-there"), if_match='W/"1"'), 412)


def test_if_none_match_star_only_creates(caller: Caller) -> None:
    tree = patient(id="only-" + patient()["identifier"][0]["value"][:8])
    assert caller.put(f"Patient/{tree['id']}", tree, if_none_match="*").status_code == 201
    outcome(caller.put(f"Patient/{tree['id']}", tree, if_none_match="*"), 412)


def test_a_conditional_update_creates_updates_or_refuses(caller: Caller) -> None:
    tree = patient()
    path = f"Patient?identifier={number(tree)}"
    first = caller.put(path, tree)
    assert first.status_code == 201
    second = caller.put(path, {**tree, "gender": "other"})
    assert second.status_code == 200
    assert second.json()["id"] == first.json()["id"]
    assert second.headers["etag"] == 'W/"2"'
    caller.made(tree)
    outcome(caller.put(path, tree), 412)


def test_a_delete_is_told_the_same_again_and_again(caller: Caller) -> None:
    made = caller.made(patient())
    path = f"Patient/{made['id']}"
    first, second = caller.delete(path), caller.delete(path)
    assert (first.status_code, first.content) == (204, b"")
    assert (second.status_code, second.content) == (204, b"")
    assert caller.delete("Patient/never-there").status_code == 204
    assert caller.get(f"{path}/_history").json()["total"] == 2


def test_a_delete_tells_what_it_did_when_asked(caller: Caller) -> None:
    made = caller.made(patient())
    answer = caller.delete(f"Patient/{made['id']}", prefer="return=OperationOutcome")
    assert answer.status_code == 200
    assert answer.json()["issue"][0]["severity"] == "information"


def test_a_conditional_delete_deletes_one_or_nothing(caller: Caller) -> None:
    tree = patient()
    path = f"Patient?identifier={number(tree)}"
    assert caller.delete(path).status_code == 204
    made = caller.made(tree)
    assert caller.delete(path).status_code == 204
    assert caller.get(f"Patient/{made['id']}").status_code == 410
    caller.made(tree)
    caller.made(tree)
    before = caller.newest()
    outcome(caller.delete(path), 412)
    assert caller.newest() == before


def test_the_wrong_method_is_answered_with_those_that_are_right(caller: Caller) -> None:
    for method, path, right in (
        ("DELETE", "", "POST"),
        ("PUT", "metadata", "GET, HEAD"),
        ("POST", "Patient/1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("POST", "Patient/_history", "GET, HEAD"),
        ("GET", "Patient/_search", "POST"),
        ("DELETE", "Patient/1/_history/1", "GET, HEAD"),
        ("OPTIONS", "Patient/1", "DELETE, GET, HEAD, PATCH, PUT"),
    ):
        answer = caller.ask(method, path)
        assert method in outcome(answer, 405)["diagnostics"]
        assert right in answer.headers["allow"]
        assert "access-control-allow-origin" not in answer.headers
