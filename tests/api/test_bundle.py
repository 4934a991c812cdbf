"""batch and transaction."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import BASE, FHIR_XML, Caller, number, outcome, patient


def entry(method: str, url: str, resource: Any = None, **request: str) -> dict[str, Any]:
    """One entry of a Bundle."""
    found: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        found["resource"] = resource
    return found


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    """A Bundle to send to the base address."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def observation(subject: str, **more: Any) -> dict[str, Any]:
    """An Observation about `subject`."""
    about = {"subject": {"reference": subject}}
    return {"resourceType": "Observation", "status": "final", "code": {"text": "pulse"}, **about, **more}


def statuses(answer: httpx.Response) -> list[str]:
    """The status codes of a response Bundle's entries."""
    assert answer.status_code == 200, answer.text
    return [item["response"]["status"][:3] for item in answer.json()["entry"]]


def test_a_transaction_writes_all_and_resolves_references(caller: Caller) -> None:
    urn, urn2 = f"urn:uuid:{uuid4()}", f"urn:uuid:{uuid4()}"
    answer = caller.post("", bundle(
        "transaction",
        {"fullUrl": urn2, **entry("POST", "Observation", observation(urn))},
        {"fullUrl": urn, **entry("POST", "Patient", patient())},
    ))  # fmt: skip
    assert statuses(answer) == ["201", "201"]
    tree = answer.json()
    assert tree["type"] == "transaction-response"
    first, second = (item["response"] for item in tree["entry"])
    assert first["location"].startswith("Observation/")
    assert first["etag"] == 'W/"1"'
    assert first["lastModified"].endswith("Z")
    assert "resource" not in tree["entry"][0]
    stored = caller.get(first["location"]).json()
    assert stored["subject"]["reference"] == second["location"].split("/_history")[0]


def test_entries_are_carried_out_by_method_and_answered_in_the_order_sent(caller: Caller) -> None:
    made, other = caller.made(patient()), caller.made(patient())
    tree = patient()
    answer = caller.post("", bundle(
        "transaction",
        entry("GET", f"Patient/{made['id']}"),
        entry("PUT", f"Patient/{made['id']}", {**made, "gender": "other"}),
        entry("GET", f"Patient?identifier={number(tree)}"),
        entry("POST", "Patient", tree),
        entry("DELETE", f"Patient/{other['id']}"),
    ))  # fmt: skip
    assert statuses(answer) == ["200", "200", "200", "201", "204"]
    entries = answer.json()["entry"]
    assert entries[0]["resource"]["gender"] == "other"
    assert entries[0]["response"]["etag"] == 'W/"2"'
    assert entries[2]["resource"]["type"] == "searchset"
    assert entries[2]["resource"]["total"] == 1


def test_a_transaction_that_fails_writes_nothing_and_names_the_entry(caller: Caller) -> None:
    before = caller.newest()
    for wrong, status, place in (
        (entry("POST", "Patient", patient(gender="purple")), 400, "Bundle.entry[1].resource"),
        (entry("POST", "Pateint", patient()), 400, "Bundle.entry[1].request.url"),
        (entry("POST", "Observation", patient()), 400, "Bundle.entry[1].resource"),
        (entry("POST", "Patient"), 400, "Bundle.entry[1].resource"),
        (entry("PUT", "Patient/a", patient(id="b")), 400, "Bundle.entry[1].resource.id"),
        (entry("PUT", "Patient/not_ok!", patient()), 400, "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient", patient()), 400, "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient?_count=1", patient()), 400, "Bundle.entry[1].request.url"),
        (entry("POST", "Patient", patient(), ifNoneExist=""), 400, "Bundle.entry[1].request.ifNoneExist"),
        (entry("DELETE", "Patient/x", ifMatch="one"), 400, "Bundle.entry[1].request.ifMatch"),
        (entry("PUT", "Patient/none", patient(id="none"), ifMatch='W/"1"'), 412, "Bundle.entry[1]"),
        (entry("BREW", "Patient"), 400, "Bundle.entry[1].request.method"),
        (entry("POST", "", patient()), 400, "Bundle.entry[1].request.url"),
        (entry("PATCH", "Patient/x", patient()), 400, "Bundle.entry[1].resource"),
        (entry("GET", "Patient/never-given"), 404, "Bundle.entry[1]"),
        (entry("GET", "Patient?shoesize=43"), 400, "Bundle.entry[1].request.url"),
        ({"resource": patient()}, 400, "Bundle.entry[1].request"),
        ({"request": {"method": ["PUT"], "url": "Patient/1"}}, 400, "Bundle.entry[1].request.method"),
        ({"request": {"method": "PUT", "url": {}}}, 400, "Bundle.entry[1].request.url"),
        (entry("POST", "Patient", patient(), ifNoneExist=["x"]), 400, "Bundle.entry[1].request.ifNoneExist"),  # type: ignore[arg-type]
        ({"fullUrl": 7, **entry("POST", "Patient", patient())}, 400, "Bundle.entry[1].fullUrl"),
        (None, 400, "Bundle.entry[1]"),
    ):
        answer = caller.post("", bundle("transaction", entry("POST", "Patient", patient()), wrong))  # type: ignore[arg-type]
        issue = outcome(answer, status)
        assert issue["expression"][0].startswith(place), (wrong, issue)
    assert caller.newest() == before


def test_several_wrong_entries_are_told_at_once(caller: Caller) -> None:
    wrong = entry("POST", "Pateint", patient())
    issues = caller.post("", bundle("transaction", wrong, entry("POST", "Patient", patient()), wrong)).json()[
        "issue"
    ]
    assert [issue["expression"] for issue in issues] == [
        ["Bundle.entry[0].request.url"], ["Bundle.entry[2].request.url"]
    ]  # fmt: skip


def test_a_transaction_touches_a_resource_once(caller: Caller) -> None:
    tree = patient(id="twice-" + uuid4().hex[:8])
    before = caller.newest()
    one, two = (entry("PUT", f"Patient/{tree['id']}", tree) for _ in range(2))
    issue = outcome(caller.post("", bundle("transaction", one, two)), 400)
    assert tree["id"] in issue["diagnostics"]
    urn = f"urn:uuid:{uuid4()}"
    posts = ({"fullUrl": urn, **entry("POST", "Patient", patient())} for _ in range(2))
    assert urn in outcome(caller.post("", bundle("transaction", *posts)), 400)["diagnostics"]
    assert caller.newest() == before


def test_a_reference_to_no_entry_is_refused(caller: Caller) -> None:
    urn = f"urn:uuid:{uuid4()}"
    before = caller.newest()
    issue = outcome(
        caller.post("", bundle("transaction", entry("POST", "Observation", observation(urn)))), 400
    )
    assert urn in issue["diagnostics"]
    assert issue["expression"][0].startswith("Bundle.entry[0].resource")
    assert caller.newest() == before


def test_conditional_references_and_creates_work_in_transactions(caller: Caller) -> None:
    tree = patient()
    urn = f"urn:uuid:{uuid4()}"
    sent = bundle(
        "transaction",
        {"fullUrl": urn, **entry("POST", "Patient", tree, ifNoneExist=f"identifier={number(tree)}")},
        entry("POST", "Observation", observation(urn)),
    )
    first, second = caller.post("", sent), caller.post("", sent)
    assert (statuses(first), statuses(second)) == (["201", "201"], ["200", "201"])
    assert (
        first.json()["entry"][0]["response"]["location"] == second.json()["entry"][0]["response"]["location"]
    )
    found = caller.post("", bundle(
        "transaction", entry("POST", "Observation", observation(f"Patient?identifier={number(tree)}"))
    ))  # fmt: skip
    stored = caller.get(found.json()["entry"][0]["response"]["location"]).json()
    assert stored["subject"]["reference"] == second.json()["entry"][0]["response"]["location"].split("/_")[0]


def test_conditional_updates_patches_and_deletes_work_in_transactions(caller: Caller) -> None:
    one, two, three = caller.made(patient()), caller.made(patient()), caller.made(patient())
    change = {
        "resourceType": "Parameters",
        "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "Patient.gender"},
            {"name": "value", "valueCode": "other"},
        ]}],
    }  # fmt: skip
    answer = caller.post("", bundle(
        "transaction",
        entry("PUT", f"Patient?identifier={number(one)}", {**one, "gender": "unknown"}),
        entry("PATCH", f"Patient?identifier={number(two)}", change),
        entry("DELETE", f"Patient?identifier={number(three)}"),
    ))  # fmt: skip
    assert statuses(answer) == ["200", "200", "204"]
    assert caller.get(f"Patient/{one['id']}").json()["gender"] == "unknown"
    assert caller.get(f"Patient/{two['id']}").json()["gender"] == "other"
    assert caller.get(f"Patient/{three['id']}").status_code == 410


def test_a_json_patch_travels_in_a_binary(caller: Caller) -> None:
    made = caller.made(patient())
    holder = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": "W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9nZW5kZXIiLCJ2YWx1ZSI6Im90aGVyIn1d",
    }
    assert statuses(
        caller.post("", bundle("transaction", entry("PATCH", f"Patient/{made['id']}", holder)))
    ) == ["200"]
    assert caller.get(f"Patient/{made['id']}").json()["gender"] == "other"
    damaged = {**holder, "data": "%%%"}
    outcome(caller.post("", bundle("transaction", entry("PATCH", f"Patient/{made['id']}", damaged))), 400)


def test_a_batch_carries_out_each_entry_for_itself(caller: Caller) -> None:
    made = caller.made(patient())
    before = caller.total("Patient")
    answer = caller.post("", bundle(
        "batch",
        entry("POST", "Patient", patient()),
        entry("POST", "Patient", patient(gender="purple")),
        entry("GET", f"Patient/{made['id']}"),
        entry("GET", "Patient/never-given"),
        entry("PUT", f"Patient/{made['id']}", made, ifMatch='W/"9"'),
        entry("DELETE", "Pateint/1"),
        {"resource": patient()},
        entry("GET", f"Patient/{made['id']}", ifNoneMatch='W/"1"'),
        entry("GET", "metadata?_elements=fhirVersion"),
        entry("HEAD", f"Patient/{made['id']}"),
        entry("GET", f"{BASE}/Patient/{made['id']}/_history/1"),
        entry("GET", "Patient?shoesize=1"),
    ))  # fmt: skip
    assert statuses(answer) == [
        "201",
        "400",
        "200",
        "404",
        "412",
        "400",
        "400",
        "304",
        "200",
        "200",
        "200",
        "400",
    ]
    tree = answer.json()
    assert tree["type"] == "batch-response"
    assert tree["entry"][2]["resource"] == made
    assert "purple" in json.dumps(tree["entry"][1]["response"]["outcome"])
    assert tree["entry"][1]["response"]["outcome"]["issue"][0]["expression"][0].startswith(
        "Bundle.entry[1].resource"
    )
    assert tree["entry"][6]["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[6].request"]
    assert tree["entry"][8]["resource"]["fhirVersion"] == "4.0.1"
    assert "resource" not in tree["entry"][9]
    assert caller.total("Patient") == before + 1


def test_entries_of_a_batch_about_one_resource_keep_their_order(caller: Caller) -> None:
    tree = patient(id="order-" + uuid4().hex[:8])
    puts = [
        entry("PUT", f"Patient/{tree['id']}", {**tree, "name": [{"family": f"N{index}"}]})
        for index in range(9)
    ]
    assert statuses(caller.post("", bundle("batch", *puts))) == ["201", *["200"] * 8]
    assert caller.get(f"Patient/{tree['id']}").json()["name"] == [{"family": "N8"}]


def test_the_answer_can_hold_the_resources_or_outcomes(caller: Caller) -> None:
    sent = bundle("transaction", entry("POST", "Patient", patient()))
    whole = caller.post("", sent, prefer="return=representation").json()["entry"][0]
    assert whole["resource"]["resourceType"] == "Patient"
    assert whole["fullUrl"] == f"{BASE}/Patient/{whole['resource']['id']}"
    told = caller.post("", sent, prefer="return=OperationOutcome").json()["entry"][0]
    assert told["response"]["outcome"]["resourceType"] == "OperationOutcome"


def test_a_transaction_answers_in_xml_when_asked(caller: Caller) -> None:
    answer = caller.post("", bundle("transaction", entry("POST", "Patient", patient())), accept=FHIR_XML)
    assert answer.status_code == 200
    assert b'<type value="transaction-response"/>' in answer.content


def test_only_a_batch_or_transaction_can_be_sent_to_the_base(caller: Caller) -> None:
    assert "collection" in outcome(caller.post("", bundle("collection")), 400)["diagnostics"]
    assert "Patient" in outcome(caller.post("", patient()), 400)["diagnostics"]
    assert outcome(caller.post("", {"resourceType": "Bundle"}), 400)["expression"] == ["Bundle.type"]
    wrong = {"resourceType": "Bundle", "type": "batch", "entry": {}}
    assert outcome(caller.post("", wrong), 400)["expression"] == ["Bundle.entry"]


def test_an_empty_bundle_is_answered_with_an_empty_one(caller: Caller) -> None:
    for kind in ("batch", "transaction"):
        answer = caller.post("", {"resourceType": "Bundle", "type": kind})
        assert answer.status_code == 200
        assert "entry" not in answer.json()


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_ten_thousand_entries_fit_in_one_bundle(caller: Caller, kind: str) -> None:
    tag = uuid4().hex
    entries = [
        entry("POST", "Basic", {"resourceType": "Basic", "code": {"text": f"{tag} {index}"}})
        for index in range(10_000)
    ]
    before = caller.total("Basic")
    answer = caller.post("", bundle(kind, *entries))
    assert statuses(answer) == ["201"] * 10_000
    assert caller.total("Basic") == before + 10_000


def test_more_entries_than_the_limit_are_refused_naming_it(caller: Caller) -> None:
    entries = [entry("GET", "metadata")] * 10_001
    assert "10000" in outcome(caller.post("", bundle("batch", *entries)), 413)["diagnostics"]
