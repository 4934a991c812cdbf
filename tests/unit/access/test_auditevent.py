"""The trail as FHIR AuditEvent: every event once, in order, valid, and only for who may."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charthouse.access.actor import SYSTEM, Actor
from charthouse.access.trail.codes import kinds
from charthouse.access.trail.cursor import Cursor, close, open_
from charthouse.access.trail.line import Question
from charthouse.base.errors import Category, Problem
from charthouse.store.body import Stored
from charthouse.validation.validator import Level
from tests import cast
from tests.unit.access.trails import DAY, START, Scene, patient, scene

BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
BASE = "http://localhost:8080/fhir"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    url = (lambda: request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
    with scene(tmp_path, url) as opened:
        yield opened


@pytest.fixture
def officer(here: Scene) -> Actor:
    return here.actor(cast.ADMINISTRATOR)


def search(here: Scene, actor: Actor, query: str = "", **given: Any) -> Any:
    params = [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]
    return here.run(here.clinic.events().search(actor, params, base=BASE, **given))


def ids(hits: Any) -> list[str]:
    return [one.id if isinstance(one, Stored) else one["id"] for one in hits.entries]


def everything(here: Scene, actor: Actor, query: str = "") -> list[Any]:
    """All pages."""
    hits = search(here, actor, query)
    found = list(hits.entries)
    while hits.next:
        hits = search(here, actor, "", cursor=hits.next)
        found += hits.entries
    return found


def stored(id: str, at: str, agent: str = "someone") -> dict[str, Any]:
    return {
        "resourceType": "AuditEvent", "id": id, "recorded": at, "type": {"system": "urn:x", "code": "app"},
        "agent": [{"requestor": True, "name": agent}], "source": {"observer": {"display": "a device"}},
    }  # fmt: skip


def test_a_read_is_told_as_balp_says(here: Scene, officer: Actor) -> None:
    here.put(patient("p1"))
    doctor = here.actor(cast.DOCTOR)
    here.run(here.clinic.gate.read(doctor, "Patient", "p1"))
    (event,) = search(here, officer, f"agent:identifier={cast.DOCTOR.name}").entries
    assert event["meta"]["profile"] == [BALP + "PatientRead"]
    assert (event["action"], event["outcome"], event["type"]["code"]) == ("R", "0", "rest")
    assert [one["code"] for one in event["subtype"]] == ["read"]
    client, server, person = event["agent"]
    assert client["type"]["coding"][0]["code"] == "110152"
    assert server["type"]["coding"][0]["code"] == "110153"
    assert person["who"]["identifier"]["value"] == cast.DOCTOR.name
    assert person["name"] == cast.DOCTOR.display
    assert [role["coding"][0]["code"] for role in person["role"]] == ["clinician"]
    assert person["purposeOfUse"][0]["coding"][0]["code"] == "TREAT"
    assert [one["what"]["reference"] for one in event["entity"]] == ["Patient/p1", "Patient/p1/_history/1"]


def test_a_search_holds_its_query_in_base64(here: Scene, officer: Actor) -> None:
    here.put(patient("p1"))
    here.run(here.clinic.gate.search(here.actor(cast.NURSE), "Patient", [("family", "Kim")]))
    (event,) = search(here, officer, f"agent:identifier={cast.NURSE.name}").entries
    assert event["meta"]["profile"] == [BALP + "PatientQuery"]
    (query,) = [one["query"] for one in event["entity"] if "query" in one]
    assert base64.b64decode(query).decode() == "Patient?family=Kim"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("subtype=create", 2), ("action=C", 2), ("action=C,R", 3), ("type=rest", 3),
        ("subtype=http://hl7.org/fhir/restful-interaction|read", 1), ("subtype=urn:x|read", 0), ("outcome=0", 3),
        ("outcome=4", 0), ("patient=p1", 2), ("patient=Patient/p2", 1), ("patient=p1&patient=p2", 0),
        ("patient=nobody", 0), ("entity=Patient/p1", 2), ("date=ge2020", 3), ("date=lt2020", 0),
        ("date=ge2020&date=lt2021", 0), ("address=192.", 0), ("action=C&action=R", 0), ("agent=Practitioner/none", 0),
        ("_count=2&_sort=-date", 2),
    ],
)  # fmt: skip
def test_each_parameter_narrows(here: Scene, officer: Actor, query: str, found: int) -> None:
    here.put(patient("p1"))
    here.put(patient("p2"))
    here.run(here.clinic.gate.read(officer, "Patient", "p1"))
    assert len(search(here, officer, query).entries) == found


def test_the_agent_is_found_by_practitioner_and_patient(here: Scene, officer: Actor) -> None:
    here.link(cast.DOCTOR, practitioner="ada")
    here.tell(cast.DOCTOR, START, [])
    assert len(search(here, officer, "agent=Practitioner/ada").entries) == 1
    assert (
        search(here, officer, "agent=Practitioner/ada").entries[0]["agent"][2]["who"]["reference"]
        == "Practitioner/ada"
    )
    assert search(here, officer, "agent=Patient/ada").entries == []


@pytest.mark.parametrize(
    "query", ["site=x", "date=tomorrow", "_count=many", "_sort=date", "entity=p1", "date=xx2020"]
)
def test_what_cannot_be_asked_is_refused_with_its_place(here: Scene, officer: Actor, query: str) -> None:
    with pytest.raises(Problem) as caught:
        search(here, officer, query)
    assert caught.value.category is Category.INVALID
    assert caught.value.issues[0].place == query.partition("=")[0]
    if query == "site=x":
        assert search(here, officer, query, lenient=True).notes[0].place == "site"


def test_every_kind_of_event_is_valid(here: Scene, officer: Actor) -> None:
    key = here.put(patient("p1"))[0]
    here.put(patient("p1", "Lee"), patient("p2"))
    words = ["read", "vread", "search", "history", "history-type", "export", "print", "sign-in", "sign-in-failed",
             "sign-out", "break-glass", "policy-change", "import", "password-chosen", "anything"]  # fmt: skip
    for number, word in enumerate(words):
        for outcome in ("ok", "forbidden", "fault", "odd"):
            here.tell(
                cast.DOCTOR,
                START + number,
                [key],
                interaction=word,
                outcome=outcome,
                resources=[(key, 1)],
                query="a=ä",
            )
    here.tell(cast.DOCTOR, START, [], interaction="read", type="", query="")
    found = everything(here, officer)
    assert len(found) == 2 + 4 * len(words) + 1
    here.clinic.books.renew()
    for tree in found:
        wrong = [
            (one.place, one.message)
            for one in here.clinic.validator.check(tree, level=Level.FULL)
            if one.severity in ("error", "fatal")
        ]
        assert not wrong, (tree["id"], wrong)


def test_pages_join_without_gap_or_repetition_while_events_and_resources_arrive(
    here: Scene, officer: Actor
) -> None:
    chance = random.Random(3)
    for number in range(30):
        here.tell(cast.DOCTOR, START + number * 1000, [])
    here.put(
        *(stored(f"s{number}", f"2026-{1 + number:02d}-01T00:00:00Z") for number in range(7)), actor=SYSTEM
    )
    expected = ids(search(here, officer, "date=lt2026-12-01&_count=1000"))
    assert len([one for one in expected if one.startswith("s")]) == 7
    for size in (1, 2, 3, 5, 8):
        hits = search(here, officer, f"date=lt2026-12-01&_count={size}")
        walked = ids(hits)
        while hits.next:
            assert len(hits.entries) == size
            here.tell(cast.NURSE, START + chance.randrange(10**7) + 10**10, [])
            hits = search(here, officer, "", cursor=hits.next)
            walked += ids(hits)
        assert [one for one in walked if one in expected] == expected
        assert len(walked) == len(set(walked))


def test_stored_and_own_events_stand_in_the_order_of_time(here: Scene, officer: Actor) -> None:
    here.tell(cast.DOCTOR, START, [])
    here.tell(cast.DOCTOR, START + 2 * DAY, [])
    between = "2026-09-21T12:00:00Z"
    here.put(stored("mine", between), actor=SYSTEM)
    found = [one for one in ids(search(here, officer)) if not one.startswith("w")]
    at = {one: place for place, one in enumerate(found)}
    moments = [
        one.tree["recorded"] if isinstance(one, Stored) else one["recorded"]
        for one in search(here, officer).entries
    ]
    assert moments == sorted(moments, reverse=True)
    assert "mine" in at


def test_who_may_not_ask_the_audit_is_refused(here: Scene) -> None:
    for member in (cast.DOCTOR, cast.PATIENT, cast.STRANGER):
        actor = here.actor(member)
        assert not here.clinic.events().may(actor, "search")
        with pytest.raises(Problem) as caught:
            search(here, actor)
        assert caught.value.category is Category.FORBIDDEN


@pytest.mark.parametrize(
    ("scopes", "may"),
    [
        ({"user/*.cruds"}, True), ({"user/AuditEvent.rs"}, True), ({"user/AuditEvent.r"}, False),
        ({"user/Patient.rs"}, False), ({"patient/AuditEvent.rs"}, False), ({"user/AuditEvent.rs?type=rest"}, False),
        (set(), False),
    ],
)  # fmt: skip
def test_a_scope_for_audit_events_is_needed_beside_the_right(
    here: Scene, scopes: set[str], *, may: bool
) -> None:
    officer = here.actor(cast.ADMINISTRATOR)
    narrow = Actor(officer.id, officer.name, officer.roles, "app", frozenset(scopes))
    assert here.clinic.events().may(narrow, "search") is may


def test_asking_is_itself_in_the_trail_of_the_chart(here: Scene, officer: Actor) -> None:
    here.put(patient("p1"))
    search(here, officer, "patient=p1")
    (event,) = search(here, officer, "patient=p1&subtype=search-type").entries
    assert event["agent"][2]["who"]["identifier"]["value"] == cast.ADMINISTRATOR.name
    assert "profile" not in event["meta"]


def test_one_event_is_read_by_its_id_and_what_is_none_is_not_found(here: Scene, officer: Actor) -> None:
    here.put(patient("p1"))
    here.tell(cast.DOCTOR, START, [])
    events = here.clinic.events()
    assert here.run(events.read(officer, "r-1"))["id"] == "r-1"
    assert here.run(events.read(officer, "w-1"))["action"] == "C"
    for id in ("r-999", "w-999", "r-999999999999999999", "nothing"):
        with pytest.raises(Problem) as caught:
            here.run(events.read(officer, id))
        assert caught.value.category is Category.NOT_FOUND
    assert not events.is_ours("r-0")
    assert not events.is_ours("r-01")


def test_a_cursor_belongs_to_who_got_it_and_bears_no_change(here: Scene, officer: Actor) -> None:
    keys = here.clinic.keys
    word = close(keys, Cursor(1, Question(patient=7, interactions=frozenset({"read"})), {"r": (5, 6)}))
    assert open_(keys, word, 1).question == Question(patient=7, interactions=frozenset({"read"}))
    for wrong, actor in ((word, 2), (word[:-2], 1), ("A" + word[1:], 1), ("", 1), ("ä", 1), ("%00", 1)):
        with pytest.raises(Problem):
            open_(keys, wrong, actor)


def test_a_delete_and_a_patch_are_told_as_such(here: Scene, officer: Actor) -> None:
    from charthouse.fhir.bundle import Entry

    here.put(patient("p1"))
    here.run(here.clinic.gate.commit(officer, [Entry("DELETE", "Patient", "p1")], interaction="delete"))
    newest = search(here, officer, "action=D").entries[0]
    assert newest["subtype"][0]["code"] == "delete"
    assert newest["entity"][0]["what"]["reference"] == "Patient/p1"


def test_words_of_the_house_have_codes() -> None:
    assert kinds("break-glass")[0]["code"] == "110113"
    assert kinds("sign-in")[1][0]["code"] == "110122"
    assert kinds("never-heard-of")[1][0]["code"] == "never-heard-of"
