"""Holes that stood open once, in policies, consents, emergency access and files; each is shut, and stays so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from charthouse.access.reporting import Reporting
from charthouse.base.settings import Settings
from charthouse.search.run import Search
from tests.door.oracle import Tree
from tests.door.rooms import ACT, Answer, Room, chart, directory, label, observation, patient

JSON_PATCH = {"content-type": "application/json-patch+json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PERIOD = {"start": "2024-05-06T07:00:00Z", "end": "2024-05-06T08:00:00Z"}
Headers = dict[str, str]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    found = Room(Settings(data=tmp_path_factory.mktemp("holes"), body_limit=2_000_000))
    vip = chart("vip01")
    vip[0] = label(vip[0], "VIP")
    found.store([*directory(), *chart("oth01"), *chart("own01"), *vip])
    roles = {"nina": "nurse", "lea1": "learner", "bill": "biller", "adam": "administrator", "cora": "coder",
             "anna": "analyst", "ron": "privacy-officer"}  # fmt: skip
    for name, role in roles.items():
        found.person(name, role)
    found.link("nina", practitioner="nur")
    found.link("lea1", practitioner="lea")
    yield found
    found.close()


@pytest.fixture
def nurse(room: Room) -> Headers:
    return room.token("nina", "user/*.cruds")


def send(room: Room, who: str, path: str, **fields: str) -> Answer:
    """A form of somebody who just signed in."""
    live = room.session(who)
    body = urlencode({**fields, "form_token": live["x-csrf-token"]}).encode()
    return room.ask("POST", path, {"cookie": live["cookie"], **FORM}, body)


def events(room: Room) -> int:
    connection = room.clinic.open_audit()
    try:
        return len(Reporting(connection).latest(count=100_000).entries)
    finally:
        connection.close()


def traced(room: Room, ask: Callable[[], Answer]) -> tuple[Answer, bool]:
    """An answer, and whether the audit or the log of the record grew by it."""
    before = events(room), room.state()
    answer = ask()
    return answer, (events(room), room.state()) != before


def new_chart(room: Room, id: str, *codes: str) -> None:
    """A patient of that id with labels, and one observation."""
    room.store([label(patient(id), *codes) if codes else patient(id), observation(f"{id}-o", id)])


def actors(*references: str) -> list[Tree]:
    return [{"actor": {"reference": one}, "status": "accepted"} for one in references]


# -- into a chart that is shut


@pytest.mark.parametrize(("who", "me"), [("nina", "nur"), ("lea1", "lea")])
def test_an_appointment_with_an_open_patient_beside_opens_no_shut_chart(
    room: Room, who: str, me: str
) -> None:
    new_chart(room, f"shut-{me}", "VIP")
    room.store([{"resourceType": "Encounter", "id": f"visit-{me}", "status": "finished", "subject": {
        "reference": "Patient/own01"}, "class": {"system": ACT, "code": "AMB"}, "participant": [
        {"individual": {"reference": f"Practitioner/{me}"}}]}])  # fmt: skip
    caller = room.token(who, "user/*.cruds")
    assert room.ask("GET", f"/fhir/Patient/shut-{me}", caller).status == 404
    answer = room.ask("POST", "/fhir/Appointment", caller, {
        "resourceType": "Appointment", "status": "booked", **PERIOD,
        "participant": actors("Patient/own01", f"Patient/shut-{me}", f"Practitioner/{me}"),
    })  # fmt: skip
    assert room.ask("GET", f"/fhir/Patient/shut-{me}", caller).status == 404
    assert room.ask("GET", f"/fhir/Observation/shut-{me}-o", caller).status == 404
    assert answer.status in (403, 404)


@pytest.mark.parametrize("way", ["care team", "label"])
def test_what_is_written_in_an_emergency_keeps_no_chart_open(room: Room, nurse: Headers, way: str) -> None:
    id = f"glass-{way.replace(' ', '-')}"
    new_chart(room, id, "VIP")
    opened = send(
        room, "nina", "/emergency/open", patient=id, reason="emergency", note="needed at once, please"
    )
    assert opened.status == 303
    live = room.session("nina")
    if way == "label":
        room.ask("PUT", f"/fhir/Patient/{id}", live, patient(id))
    else:
        room.ask("POST", "/fhir/CareTeam", live, {
            "resourceType": "CareTeam", "status": "active", "subject": {"reference": f"Patient/{id}"},
            "participant": [{"member": {"reference": "Practitioner/nur"}}],
        })  # fmt: skip
    send(room, "nina", "/emergency/close", patient=id)
    assert room.ask("GET", f"/fhir/Patient/{id}", nurse).status == 404


def test_a_care_team_that_was_an_error_opens_nothing(room: Room, nurse: Headers) -> None:
    me, whose = {"member": {"reference": "Practitioner/nur"}}, {"reference": "Patient/vip01"}
    team = {"resourceType": "CareTeam", "id": "slip", "status": "entered-in-error", "subject": whose}
    room.store([{**team, "participant": [me]}])
    answer = room.ask("GET", "/fhir/Patient/vip01", nurse)
    room.store([], "CareTeam/slip")
    assert answer.status == 404


CONTEXTS = {
    "a document": "DocumentReference/psy",
    "a version of it": "DocumentReference/psy/_history/1",
    "its whole address": "http://localhost:8080/fhir/DocumentReference/psy",
    "a patient by the whole address": "http://localhost:8080/fhir/Patient/vip01",
    "a document of a shut chart": "DocumentReference/vip01-documentreference",
}


@pytest.mark.parametrize("spelling", CONTEXTS)
def test_a_file_follows_what_it_is_a_part_of_on_every_way(room: Room, nurse: Headers, spelling: str) -> None:
    id = "file-" + spelling.replace(" ", "-")
    room.store([
        label({"resourceType": "DocumentReference", "id": "psy", "status": "current", "subject": {
            "reference": "Patient/oth01"}, "content": [{"attachment": {"url": f"Binary/{id}"}}]}, "PSYTHPN"),
        {"resourceType": "Binary", "id": id, "contentType": "text/plain", "data": "c2VjcmV0",
         "securityContext": {"reference": CONTEXTS[spelling]}},
    ])  # fmt: skip
    found = {path: room.ask("GET", f"/fhir/Binary{path}", nurse) for path in (
        f"/{id}", f"/{id}/_history/1", f"/{id}/_history", f"?_id={id}", "/_history?_count=200")}  # fmt: skip
    assert [
        path for path, answer in found.items() if b"c2VjcmV0" in answer.body or b"secret" in answer.body
    ] == []


def test_read_and_version_read_of_a_file_agree(room: Room) -> None:
    room.store([{"resourceType": "Binary", "id": "agree", "contentType": "text/plain", "data": "c2VjcmV0",
                 "securityContext": {"reference": "DocumentReference/oth01-documentreference"}}])  # fmt: skip
    program = room.program("system/Binary.rs", client="files", purpose="HSYSADMIN")
    read, version = (room.ask("GET", f"/fhir/Binary/agree{more}", program) for more in ("", "/_history/1"))
    assert read.status == version.status == 404  # its scope opens no document


DOCUMENT = {"resourceType": "Composition", "id": "c", "status": "final", "type": {"text": "t"}, "date": "2024-01-01",
            "title": "secret", "subject": {"reference": "Patient/vip01"},
            "author": [{"reference": "Practitioner/doc"}]}  # fmt: skip
BUNDLES: Mapping[str, tuple[str, list[Tree]]] = {
    "document": ("document", [DOCUMENT]),
    "collection": ("collection", [observation("inner", "vip01")]),
    "second-patient": ("collection", [patient("oth01"), patient("vip01")]),
}


@pytest.mark.parametrize("name", BUNDLES)
def test_a_stored_bundle_about_a_shut_chart_is_shut(room: Room, nurse: Headers, name: str) -> None:
    kind, trees = BUNDLES[name]
    more = {"timestamp": "2024-01-01T00:00:00Z", "identifier": {"system": "a", "value": name}}
    entries = [
        {"fullUrl": f"urn:uuid:{number:08}-0000-4000-8000-000000000000", "resource": tree}
        for number, tree in enumerate(trees)
    ]
    bundle = {"resourceType": "Bundle", "id": name, "type": kind, "entry": entries}
    stored = room.ask(
        "PUT", f"/fhir/Bundle/{name}", room.everything, bundle | (more if kind == "document" else {})
    )
    assert stored.status == 201, stored.body
    assert room.ask("GET", f"/fhir/Bundle/{name}", nurse).status == 404


def test_a_record_is_in_its_chart_in_whatever_case_the_address_is(room: Room, nurse: Headers) -> None:
    subject = {"reference": "HTTP://LOCALHOST:8080/fhir/Patient/vip01"}
    room.store([{**observation("case", "x"), "subject": subject}])
    assert room.ask("GET", "/fhir/Observation/case", nurse).status == 404


@pytest.mark.parametrize("why", ["code", "label"])
def test_an_old_version_that_a_consent_denies_is_shut(room: Room, nurse: Headers, why: str) -> None:
    id = f"consent-{why}"
    new_chart(room, id)
    loinc = {"system": "http://loinc.org", "code": "5221-7"}
    hiv = {**label(observation(f"{id}-o", id), "HIV"), "code": {"coding": [loinc]}}
    limit = (
        {"code": [{"coding": [loinc]}]}
        if why == "code"
        else {"securityLabel": [{"system": ACT, "code": "HIV"}]}
    )
    room.store([hiv])
    room.store([observation(f"{id}-o", id), {**hiv, "id": f"{id}-p"}])
    room.store([{
        "resourceType": "Consent", "id": id, "status": "active", "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"code": "59284-0"}]}], "patient": {"reference": f"Patient/{id}"},
        "policyRule": {"coding": [{"code": "OPTIN"}]},
        "provision": {"type": "permit", "provision": [{"type": "deny", **limit}]},
    }])  # fmt: skip
    assert room.ask("GET", f"/fhir/Observation/{id}-p", nurse).status == 404
    assert room.ask("GET", f"/fhir/Observation/{id}-o", nurse).status == 200
    assert room.ask("GET", f"/fhir/Observation/{id}-o/_history/2", nurse).status == 404


def test_a_tab_tells_no_name_once_the_chart_is_shut(room: Room) -> None:
    new_chart(room, "tab01")
    live = {"cookie": room.session("nina")["cookie"]}
    kept = [
        text.split(";")[0]
        for name, text in room.ask("GET", "/chart/tab01", live).headers
        if name == "set-cookie"
    ]
    live["cookie"] = "; ".join([live["cookie"], *kept])
    assert b"Familytab01" in room.ask("GET", "/", live).body
    room.store([label(patient("tab01"), "VIP")])
    assert b"Familytab01" not in room.ask("GET", "/", live).body


# -- elements that are hidden, scopes that do not read


@pytest.fixture
def masked(room: Room) -> Headers:
    room.put_policy(
        {
            "policy": "analyst",
            "title": "Masked",
            "roles": ["analyst"],
            "rules": [
                {"allow": ["read", "search", "create"], "on": ["*"]},
                {"hide": ["birthDate"], "on": ["Patient"]},
            ],
        }
    )
    return room.token("anna", "user/*.cruds")


@pytest.mark.parametrize("way", ["create", "batch"])
def test_a_match_of_a_conditional_create_is_masked(room: Room, masked: Headers, way: str) -> None:
    made: Tree = {"resourceType": "Patient"}
    if way == "create":
        answer = room.ask("POST", "/fhir/Patient", {**masked, "if-none-exist": "family=Familyoth01"}, made)
    else:
        answer = room.ask("POST", "/fhir", {**masked, "prefer": "return=representation"}, {
            "resourceType": "Bundle", "type": "batch", "entry": [{"resource": made, "request": {
                "method": "POST", "url": "Patient", "ifNoneExist": "family=Familyoth01"}}]})  # fmt: skip
    assert answer.status == 200
    assert b"1980-02-29" not in answer.body


@pytest.mark.parametrize("patch", [[], [{"op": "test", "path": "/birthDate", "value": "1900-01-01"}]])
def test_a_scope_that_may_only_write_reads_nothing_by_a_patch(room: Room, patch: list[Tree]) -> None:
    writer = {**room.program("system/Patient.u", client="writer"), **JSON_PATCH}
    assert room.ask("GET", "/fhir/Patient/oth01", writer).status == 403
    assert b"1980-02-29" not in room.ask("PATCH", "/fhir/Patient/oth01", writer, patch).body


# -- answers that tell and leave no trace


def probe(reference: str) -> Tree:
    """A transaction that finds `reference` and is refused whatever that finds."""
    whole: Tree = {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                   "subject": {"reference": reference}}  # fmt: skip
    return {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": tree, "request": {"method": "POST", "url": "Observation"}}
        for tree in (whole, {"resourceType": "Observation", "status": "none"})]}  # fmt: skip


PROBES: Mapping[str, tuple[str, str, Headers, Any]] = {
    "a test in a patch": ("PATCH", "/fhir/Patient/oth01", JSON_PATCH, [
        {"op": "test", "path": "/gender", "value": "male"}]),
    "a conditional reference that finds": ("POST", "/fhir", {}, probe("Patient?identifier=mrn-oth01&gender=female")),
    "a conditional reference that finds none": ("POST", "/fhir", {}, probe("Patient?identifier=mrn-oth01&gender=male")),
    "a conditional update of another version": (
        "PUT", "/fhir/Condition?subject=Patient/oth01&code=38341003", {"if-match": 'W/"77"'},
        {"resourceType": "Condition", "subject": {"reference": "Patient/oth01"}}),
    "an update of another version": (
        "PUT", "/fhir/Patient/oth01", {"if-match": 'W/"77"'}, patient("oth01")),
    "an update of what is hidden": ("PUT", "/fhir/Patient/vip01", {}, patient("vip01")),
    "a right that is not there": ("POST", "/fhir/MedicationRequest", {}, {"resourceType": "MedicationRequest"}),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBES)
def test_what_tells_something_of_the_record_or_is_refused_leaves_a_trace(
    room: Room, nurse: Headers, name: str
) -> None:
    method, path, headers, body = PROBES[name]
    answer, left = traced(room, lambda: room.ask(method, path, {**nurse, **headers}, body))
    assert answer.status >= 400
    assert left, answer.body


@pytest.mark.parametrize("who", ["bill", "nina"])
def test_giving_back_what_one_never_had_tells_nothing(room: Room, who: str) -> None:
    hidden, absent = (send(room, who, "/emergency/close", patient=id) for id in ("vip01", "abs01"))
    assert hidden.without("vip01") == absent.without("abs01")


def test_an_emergency_that_is_refused_tells_nothing_or_leaves_a_trace(room: Room) -> None:
    def refused(id: str) -> Answer:
        return send(room, "nina", "/emergency/open", patient=id, reason="none", note="")

    hidden, left = traced(room, lambda: refused("vip01"))
    assert left or hidden.status == refused("abs01").status


@pytest.mark.parametrize("born", ["gt1900-01-01", "ne1999", "1980"])
def test_in_an_emergency_nobody_leafs_through_the_patients(room: Room, born: str) -> None:
    room.store([label(patient("leaf01", name=[{"family": "Quillfeather"}]), "VIP")])
    answer = send(room, "nina", "/emergency", family="Q", born=born)
    assert b"Quillfeather" not in answer.body


# -- hidden is as absent


def test_a_conditional_update_under_a_hidden_id_is_as_one_under_an_absent_id(
    room: Room, nurse: Headers
) -> None:
    def made(id: str) -> tuple[Any, ...]:
        url = f"/fhir/Patient?identifier=http://example.org/none|{id}"
        return room.ask("PUT", url, nurse, {"resourceType": "Patient", "id": id}).without(id)

    assert made("vip01")[0] == made("abs02")[0]


@pytest.mark.parametrize("target", ["Patient", "Condition"])
def test_a_reference_beside_the_subject_tells_nothing_of_what_is_hidden(
    room: Room, nurse: Headers, target: str
) -> None:
    found = []
    for id in ("vip01" if target == "Patient" else "vip01-condition", "abs03"):
        answer = room.ask("POST", "/fhir/Observation", nurse, {
            "resourceType": "Observation", "status": "final", "code": {"text": "x"},
            "subject": {"reference": "Patient/oth01"}, "focus": [{"reference": f"{target}/{id}"}]})  # fmt: skip
        place = (answer.header("location") or "").partition("/fhir/")[2].partition("/_history")[0]
        found.append((answer.status, room.ask("GET", f"/fhir/{place}", nurse).status if place else 0))
    assert found[0] == found[1]


@pytest.mark.parametrize("way", ["made", "moved"])
def test_a_patient_of_another_facility_is_not_written(room: Room, way: str) -> None:
    rules = [{"allow": ["*"], "on": ["*"], "where": {"facility": True}}]
    room.put_policy({"policy": "coder", "title": "Local", "roles": ["coder"], "rules": rules})
    if way == "made":
        room.work_at("cora", "here")
    room.store([patient("local")])
    coder = room.token("cora", "user/*.cruds")
    if way == "moved":
        answer = room.ask("PUT", "/fhir/Patient/local", coder, patient("local", "there"))
    else:
        there = {"resourceType": "Patient", "managingOrganization": {"reference": "Organization/there"}}
        answer = room.ask("POST", "/fhir/Patient", coder, there)
    assert answer.status in (403, 404)


def test_a_patch_of_what_the_scopes_do_not_read_answers_nothing(room: Room) -> None:
    for status, answer in (("final", 200), ("preliminary", 404)):
        held = room.token("adam", "user/Observation.u", f"user/Observation.r?status={status}") | JSON_PATCH
        assert room.ask("PATCH", "/fhir/Observation/own01-observation", held, []).status == answer


# -- the notice of 42 CFR 2.32


NOTICED = ("Observation/sud/_history", "Observation/_history", "batch", "patch", "/chart/sud01/timeline")


@pytest.mark.parametrize("way", NOTICED)
def test_the_notice_goes_with_what_is_disclosed_on_every_way(room: Room, nurse: Headers, way: str) -> None:
    new_chart(room, "sud01")
    room.store([label(observation("sud", "sud01"), "ETH"), {
        "resourceType": "Consent", "id": "sud", "status": "active", "policyRule": {"coding": [{"code": "OPTIN"}]},
        "scope": {"coding": [{"code": "patient-privacy"}]}, "category": [{"coding": [{"code": "59284-0"}]}],
        "patient": {"reference": "Patient/sud01"}}])  # fmt: skip
    if way == "batch":
        entry = [{"request": {"method": "GET", "url": "Observation/sud"}}]
        answer = room.ask("POST", "/fhir", nurse, {"resourceType": "Bundle", "type": "batch", "entry": entry})
    elif way == "patch":
        answer = room.ask("PATCH", "/fhir/Observation/sud", {**nurse, **JSON_PATCH}, [])
    elif way[0] == "/":
        answer = room.ask("GET", way, {"cookie": room.session("nina")["cookie"]})
    else:
        answer = room.ask("GET", f"/fhir/{way}", nurse)
    assert b"sud" in answer.body
    assert b"42 CFR" in answer.body or "42 CFR" in (answer.header("warning") or "")


# -- the house itself


FORMS: Mapping[str, tuple[str, str, dict[str, str]]] = {
    "minutes": ("nina", "/emergency/open", {"patient": "oth01", "reason": "emergency", "note": "long enough, yes",
                                            "minutes": "²"}),
    "access": ("ron", "/emergency/review", {"id": "²", "finding": "justified"}),
    "facility": ("adam", "/people/facilities", {"key": "²"}),
    "session": ("nina", "/account/sessions/%C2%B2/end", {}),
    "person": ("adam", "/people/%C2%B2/roles", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_digit_that_is_no_number_breaks_nothing(room: Room, name: str) -> None:
    who, path, fields = FORMS[name]
    assert send(room, who, path, **fields).status < 500


def test_conditional_interactions_have_a_bound_in_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction of 23 conditional creates over 16 000 patients stopped the event loop for four seconds."""
    bounds: list[bool] = []
    find = Search.find

    def watched(self: Search, connection: Any, *words: Any, **more: Any) -> list[str]:
        bounds.append(connection.until is not None)
        return find(self, connection, *words, **more)

    monkeypatch.setattr(Search, "find", watched)
    sent = observation("bound", "own01")
    headers = {**room.everything, "if-none-exist": "identifier=bound"}
    assert room.ask("POST", "/fhir/Observation", headers, sent).status == 201
    assert bounds == [True, True]  # when it is decided, and again before the commit


def test_no_client_writes_an_event_that_passes_for_one_of_the_house(room: Room) -> None:
    forged: Tree = {
        "resourceType": "AuditEvent", "id": "r-1", "meta": {"source": "urn:charthouse:trail:reads"},
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "recorded": "2024-05-06T07:08:09Z", "source": {"observer": {"display": "x"}},
        "agent": [{"requestor": True, "who": {"reference": "Practitioner/doc"}}],
    }  # fmt: skip
    assert room.ask("PUT", "/fhir/AuditEvent/r-1", room.everything, forged).status >= 400
    del forged["id"]
    answer = room.ask("POST", "/fhir/AuditEvent", room.everything, forged)
    assert answer.status >= 400 or json.loads(answer.body)["meta"].get("source") != forged["meta"]["source"]
