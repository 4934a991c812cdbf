"""Each look into the record leaves the row it should, before the answer leaves; without the row there is no answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from charthouse.access.actor import SYSTEM
from charthouse.access.audit import Event
from charthouse.base.errors import Problem
from tests import cast
from tests.door.conftest import FORM, JSON, MARK, House


def left(house: House, work: Callable[[], Any]) -> list[Event]:
    """The rows that `work` left, oldest first."""
    before = {entry.id for entry in house.events()}
    work()
    return [entry.event for entry in reversed(house.events()) if entry.id not in before]


def keys(house: House, *types: str) -> list[int]:
    connection = house.clinic.record.connection()
    found = []
    for name in types:
        stored = house.clinic.record.reader.head(connection, name, house.ids[name])
        assert stored is not None
        found.append(stored.key)
    return found


READS = [
    ("GET", "/fhir/Patient/{Patient}", "read", ["Patient"]),
    ("HEAD", "/fhir/Patient/{Patient}", "read", ["Patient"]),
    ("GET", "/fhir/Patient/{Patient}/_history/1", "vread", ["Patient"]),
    ("GET", "/fhir/Patient/{Patient}/_history", "history", ["Patient"]),
    ("GET", "/fhir/Observation?subject=Patient/{Patient}&_include=Observation:subject", "search",
     ["Observation", "Patient"]),
    ("GET", "/fhir/Observation?_id=never", "search", []),
    ("GET", "/fhir/Binary/{Binary}", "read", ["Binary"]),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "interaction", "types"), READS)
def test_a_look_through_the_api_leaves_one_row_with_what_was_seen(
    house: House, method: str, path: str, interaction: str, types: list[str]
) -> None:
    rows = left(house, lambda: house.ask(method, path.format(**house.ids), house.everything))
    (patient,) = keys(house, "Patient")
    assert [(row.interaction, row.outcome, row.client) for row in rows] == [(interaction, "ok", "everything")]
    assert sorted(key for key, _ in rows[0].resources) == sorted(keys(house, *types))
    # Whose a Binary is stands in its securityContext, which gives it no home in the record yet.
    assert set(rows[0].patients) == ({patient} if types else set())
    assert rows[0].session.startswith("token:")


def test_a_search_by_post_is_in_the_audit_with_what_was_asked(house: House) -> None:
    headers = {**house.everything, **FORM}
    rows = left(house, lambda: house.ask("POST", "/fhir/Patient/_search", headers, content=f"family={MARK}"))
    assert [(row.interaction, row.query, len(row.resources)) for row in rows] == [
        ("search", f"family={MARK}", 1)
    ]


def test_what_was_not_there_is_in_the_audit_too(house: House) -> None:
    for path in ("Patient/never", "Patient/never/_history/1", "Patient/never/_history"):
        rows = left(house, partial(house.ask, "GET", f"/fhir/{path}", house.everything))
        assert [row.outcome for row in rows] == ["not_found"], path
        assert rows[0].query.startswith("never")


def test_each_entry_of_a_batch_leaves_its_own_row(house: House) -> None:
    urls = [f"Patient/{house.ids['Patient']}", f"Observation?_id={house.ids['Observation']}"]
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": url}} for url in urls],
    }
    rows = left(house, lambda: house.ask("POST", "/fhir", {**house.everything, **JSON}, json=bundle))
    assert sorted(row.interaction for row in rows) == ["read", "search"]
    assert {key for row in rows for key, _ in row.resources} == set(keys(house, "Patient", "Observation"))


@pytest.mark.parametrize("path", ["/chart/{Patient}", "/chart/{Patient}/timeline", "/chart/{Patient}/documents",
                                  "/record/Observation/{Observation}", "/record/Patient/{Patient}?tab=versions",
                                  "/record/Patient/{Patient}?tab=source", "/chart/{Patient}/photo",
                                  "/record/DocumentReference/{DocumentReference}/file/0"])  # fmt: skip
def test_a_page_leaves_rows_that_name_the_patient_and_the_session(house: House, path: str) -> None:
    held = house.session(cast.DOCTOR)
    rows = left(house, lambda: house.ask("GET", path.format(**house.ids), held))
    (patient,) = keys(house, "Patient")
    assert rows
    assert {(row.actor, row.client) for row in rows} == {(house.people[cast.DOCTOR.name], "web")}
    assert all(row.session.startswith("session:") for row in rows)
    assert patient in {one for row in rows for one in row.patients}


def test_a_write_is_in_the_log_of_the_record_in_its_own_transaction(house: House) -> None:
    connection = house.clinic.record.connection()
    before = connection.one("SELECT max(id) FROM txn") or (0,)
    house.make({"resourceType": "Patient", "active": True})
    rows = connection.run("SELECT client, interaction, purpose FROM txn WHERE id > ?", (before[0],))
    assert rows == [("everything", "create", "TREAT")]
    seen = left(house, lambda: house.ask(
        "POST", "/fhir/Patient", {**house.everything, **JSON, "if-none-exist": f"identifier={MARK}"},
        json={"resourceType": "Patient"}))  # fmt: skip
    # looked for and found by the condition, then shown; nothing was written
    assert [row.interaction for row in seen] == ["search", "create"]
    assert [[key for key, _ in row.resources] for row in seen] == 2 * [keys(house, "Patient")]


def test_an_export_lists_each_resource_and_patient(house: House) -> None:
    def export() -> None:
        for _, bodies in house.clinic.outlet(SYSTEM).resources(["Observation"], [house.ids["Patient"]]):
            assert all(MARK.encode() in body for body in bodies)

    rows = left(house, export)
    assert [row.interaction for row in rows] == ["export"]
    assert [key for key, _ in rows[0].resources] == keys(house, "Observation")
    assert list(rows[0].patients) == keys(house, "Patient")


def test_a_sign_in_and_a_refused_one_leave_one_row_each(house: House) -> None:
    clinic = house.clinic
    person = clinic.people.find(cast.DOCTOR.name)
    assert person is not None
    link = clinic.write(lambda connection: clinic.links.issue(connection, person))
    answers: list[Any] = []
    rows = left(house, lambda: answers.extend(house.ask("GET", link) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [303, 401]
    assert [(row.interaction, row.actor) for row in rows] == [("sign-in", person.id), ("sign-in-failed", -1)]
    assert all(row.address for row in rows)
    assert link.rpartition("/")[2] not in str(rows)  # the secret itself is nowhere
    held = {"cookie": answers[0].headers["set-cookie"].partition(";")[0]}
    out = {**held, "x-csrf-token": house.form_token(held), "content-length": "0"}
    rows = left(house, lambda: house.ask("POST", "/sign-out", out))
    assert [(row.interaction, row.actor) for row in rows] == [("sign-out", person.id)]
    assert house.ask("GET", "/", held).status_code == 303


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[House]:
    """A clinic whose audit cannot be written any more."""
    house = House(tmp_path)
    writer = house.clinic.audit._writer
    ready, put = threading.Event(), []

    def swap(connection: Any, group: Any) -> None:
        put.append(connection)
        ready.set()

    writer.submit(swap).result(timeout=10)
    real = put[0]
    real_many = type(real).many

    def many(self: Any, sql: str, rows: Any) -> None:
        if self is real:
            raise apsw.FullError("database or disk is full")
        real_many(self, sql, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(real), "many", many)
        yield house
    house.close()


def test_without_the_audit_nothing_is_shown(broken: House) -> None:
    ids, held = broken.ids, broken.session(cast.DOCTOR)
    batch = {"resourceType": "Bundle", "type": "batch",
             "entry": [{"request": {"method": "GET", "url": f"Patient/{ids['Patient']}"}}]}  # fmt: skip
    for path in (f"Patient/{ids['Patient']}", f"Patient/{ids['Patient']}/_history/1", f"Patient?family={MARK}",
                 f"Patient/{ids['Patient']}/_history", "_history", f"Binary/{ids['Binary']}",
                 "Patient/never"):  # fmt: skip
        answer = broken.ask("GET", f"/fhir/{path}", broken.everything)
        assert answer.status_code in (500, 503), path
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert MARK not in answer.text + str(answer.headers)
        assert "etag" not in answer.headers
    answer = broken.ask("POST", "/fhir", {**broken.everything, **JSON}, json=batch)
    assert MARK not in answer.text
    matched = broken.ask("POST", "/fhir/Patient", {**broken.everything, **JSON, "if-none-exist": f"identifier={MARK}"},
                         json={"resourceType": "Patient"})  # fmt: skip
    assert matched.status_code in (500, 503)
    assert MARK not in matched.text
    for path in (f"/chart/{ids['Patient']}", f"/record/Observation/{ids['Observation']}",
                 f"/chart/{ids['Patient']}/photo", f"/chart/{ids['Patient']}/timeline", "/"):  # fmt: skip
        answer = broken.ask("GET", path, held)
        assert MARK not in answer.text, path
        assert path == "/" or answer.status_code in (500, 503)
    given = broken.clinic.outlet(SYSTEM).resources(["Patient"])
    _, bodies = next(iter(given))
    with pytest.raises(Problem, match="audit"):
        next(bodies)


def test_without_the_audit_nobody_signs_in_and_no_session_stays_open(broken: House) -> None:
    clinic = broken.clinic
    person = clinic.people.find(cast.DOCTOR.name)
    assert person is not None
    link = clinic.write(lambda connection: clinic.links.issue(connection, person))
    answer = broken.ask("GET", link)
    assert answer.status_code in (500, 503)
    assert "set-cookie" not in answer.headers
    assert not [one for one in clinic.sessions.of(person.id) if one.in_force]
    assert broken.ask("GET", "/sign-in/link/wrong").status_code in (500, 503)


# -- the trail as AuditEvents


def own(answer: httpx.Response) -> list[str]:
    """The ids of the house's own events in a searchset."""
    entries = answer.json().get("entry", ())
    return [
        one["resource"]["id"] for one in entries
        if one["resource"].get("meta", {}).get("source", "").startswith("urn:charthouse:trail")
    ]  # fmt: skip


def test_only_who_may_ask_the_audit_is_told_the_trail(house: House) -> None:
    assert own(house.ask("GET", "/fhir/AuditEvent", house.session(cast.ADMINISTRATOR)))
    for member in (cast.DOCTOR, cast.NURSE, cast.BILLER, cast.PATIENT, cast.STRANGER):
        answer = house.ask("GET", "/fhir/AuditEvent", house.session(member))
        assert answer.status_code == 403 or own(answer) == [], member.name
    assert own(house.ask("GET", "/fhir/AuditEvent", house.everything)) == []  # a program without the right


def test_an_event_of_the_trail_answers_as_an_absent_one_to_everybody_else(house: House) -> None:
    held = house.session(cast.ADMINISTRATOR)
    (newest, *_) = own(house.ask("GET", "/fhir/AuditEvent?_count=1", held))
    assert house.ask("GET", f"/fhir/AuditEvent/{newest}", held).status_code == 200
    for headers in (house.everything, house.session(cast.DOCTOR), house.session(cast.STRANGER)):
        there = house.ask("GET", f"/fhir/AuditEvent/{newest}", headers)
        absent = house.ask("GET", "/fhir/AuditEvent/r-999999999", headers)
        assert there.status_code in (403, 404)
        assert (there.status_code, there.text) == (absent.status_code, absent.text)


def test_asking_the_trail_by_search_by_form_and_in_a_batch_gives_the_same_and_is_told(house: House) -> None:
    held = house.session(cast.ADMINISTRATOR)
    token = {"x-csrf-token": house.form_token(held)}
    query = f"patient={house.ids['Patient']}&date=lt2100&action=C"
    found = own(house.ask("GET", f"/fhir/AuditEvent?{query}", held))
    assert found
    form = house.ask("POST", "/fhir/AuditEvent/_search", {**held, **token, **FORM}, content=query)
    assert own(form) == found
    batch = {"resourceType": "Bundle", "type": "batch",
             "entry": [{"request": {"method": "GET", "url": f"AuditEvent?{query}"}}]}  # fmt: skip
    answer = house.ask("POST", "/fhir", {**held, **token, **JSON}, json=batch).json()
    inner = answer["entry"][0]["resource"]
    assert [one["resource"]["id"] for one in inner["entry"]] == found
    told = [one.event for one in house.events() if one.event.type == "audit"]
    assert len(told) >= 3
    assert all(one.actor == house.people[cast.ADMINISTRATOR.name] for one in told)


def test_a_walk_through_the_trail_over_http_meets_each_event_once(house: House) -> None:
    held = house.session(cast.ADMINISTRATOR)
    for _ in range(5):
        house.ask("GET", f"/fhir/Patient/{house.ids['Patient']}", held)
    until = "date=lt2100"
    walked: list[str] = []
    path = f"/fhir/AuditEvent?{until}&_count=3"
    for _ in range(200):
        answer = house.ask("GET", path, held)
        assert answer.status_code == 200, answer.text
        walked += own(answer)
        on = [link["url"] for link in answer.json()["link"] if link["relation"] == "next"]
        if not on:
            break
        assert house.ids["Patient"] not in on[0]
        path = on[0][on[0].index("/fhir") :]
    assert len(walked) == len(set(walked)) > 10
    assert {one[0] for one in walked} == {"r", "w"}


@pytest.mark.parametrize(
    "query",
    ["_summary=count", "_count=0", "date=x", "_sort=foo", "_include=*", "patient.name=x", "_has:x:y:z=1", "_cursor=x",
     "entity=;DROP", "_count=99999999999", "agent=%00", "patient=%27%22", "date=ge9999-99-99", "type=|", "outcome=,,"],
)  # fmt: skip
def test_what_cannot_be_asked_of_the_trail_never_breaks_it(house: House, query: str) -> None:
    answer = house.ask("GET", f"/fhir/AuditEvent?{query}", house.session(cast.ADMINISTRATOR))
    assert answer.status_code in (200, 400, 501)
    assert answer.json()["resourceType"] in ("Bundle", "OperationOutcome")


def test_xml_and_a_summary_of_the_trail_are_told_too(house: House) -> None:
    held = house.session(cast.ADMINISTRATOR)
    answer = house.ask("GET", "/fhir/AuditEvent?_count=2&_format=xml", held)
    assert answer.status_code == 200
    assert "<AuditEvent" in answer.text
    brief = house.ask("GET", "/fhir/AuditEvent?_count=2&_summary=true", held)
    assert brief.status_code == 200
