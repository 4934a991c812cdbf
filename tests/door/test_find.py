"""The search at the front desk shows nobody who is hidden from who asks, and tells nothing by what is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from charthouse.access.reporting import Reporting
from charthouse.base.settings import Settings
from tests import cast
from tests.door.rooms import Answer, Room, directory, label, patient

BORN, PHONE, NUMBER = "1931-07-08", "(617) 555-0134", "00-421-877"
WAYS = (
    "quigley", "bart quigley", "quigly bartholemew", "qiugley", "kwigley", BORN, "7/8/31", PHONE, "555-0134", "0134",
    NUMBER, "421877", "quigley 1931", "quigley nobody", "quig",
)  # fmt: skip


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A closed chart, an open one of somebody of the same name, and who asks for them."""
    opened = Room(Settings(data=tmp_path_factory.mktemp("find"), rate_session=0))
    named = {
        "name": [{"family": "Quigley", "given": ["Bartholomew"]}], "birthDate": BORN,
        "telecom": [{"system": "phone", "value": PHONE}], "identifier": [{"value": NUMBER}],
    }  # fmt: skip
    other = {
        "name": [{"family": "Zimmermann", "given": ["Theodore"]}], "birthDate": "1945-05-08",
        "telecom": [{"system": "phone", "value": "(617) 555-0199"}], "identifier": [{"value": "00500777"}],
    }  # fmt: skip
    opened.store([*directory(), label(patient("vip01", **named), "VIP"), patient("open01", **other)])
    for name in ("nurse", "registrar", "analyst"):
        opened.person(name, name)
    yield opened
    opened.close()


def find(room: Room, who: dict[str, str], text: str, path: str = "/find", field: str = "q") -> Answer:
    form = {"content-type": "application/x-www-form-urlencoded"}
    fields = {field: text, "what": "charts", "form_token": who["x-csrf-token"]}
    return room.ask("POST", path, {**who, **form}, urlencode(fields).encode())


def charts(answer: Answer) -> list[str]:
    assert answer.status == 200
    return re.findall(r'href="/chart/([^"]+)"', answer.body.decode())


def test_a_hidden_chart_is_found_by_nothing_and_looks_as_if_it_were_not_there(room: Room) -> None:
    administrator = room.session(cast.ADMINISTRATOR.name)
    shown = {typed: charts(find(room, administrator, typed)) for typed in WAYS}
    assert all("vip01" in found for found in shown.values()), shown
    for name in ("nurse", "registrar"):
        who = room.session(name)
        hidden = {typed: find(room, who, typed).body for typed in WAYS}
        room.store([], "Patient/vip01")
        try:
            absent = {typed: find(room, who, typed).body for typed in WAYS}
        finally:
            room.store([label(patient("vip01", name=[{"family": "Quigley", "given": ["Bartholomew"]}], birthDate=BORN,
                                      telecom=[{"system": "phone", "value": PHONE}],
                                      identifier=[{"value": NUMBER}]), "VIP")])  # fmt: skip
        assert hidden == absent, name
        assert all(b"/chart/" not in body for body in hidden.values()), name


def test_who_may_see_no_patients_at_all_finds_nobody(room: Room) -> None:
    assert charts(find(room, room.session(cast.STRANGER.name), "quigley")) == []


@pytest.mark.parametrize(("element", "asked"), [
    ("name", "zimmermann"), ("birthDate", "1945-05-08"), ("telecom", "555-0199"), ("identifier", "500777"),
])  # fmt: skip
def test_a_hidden_element_finds_nobody_and_is_not_on_the_row(room: Room, element: str, asked: str) -> None:
    room.put_policy({"policy": "masks", "title": "Masks", "roles": ["analyst"],
                     "rules": [{"allow": ["read", "search"], "on": ["Patient"]},
                               {"hide": [element], "on": ["Patient"]}]})  # fmt: skip
    who = room.session("analyst")
    assert charts(find(room, who, asked)) == []
    others = {"name": "zimmermann", "birthDate": "1945-05-08", "telecom": "555-0199", "identifier": "500777"}
    for field, typed in others.items():
        if field == element:
            continue
        answer = find(room, who, typed)
        assert charts(answer) == ["open01"], field
        told = {"name": "Zimmermann", "birthDate": "1945", "telecom": "0199", "identifier": "00500777"}[
            element
        ]
        assert told not in re.sub(r'data-asked="[^"]*"', "", answer.body.decode()), (element, field)


def test_who_was_shown_stands_in_the_audit_with_what_was_typed(room: Room) -> None:
    who = room.session(cast.ADMINISTRATOR.name)
    assert charts(find(room, who, "bart quigley 1931")) == ["vip01"]
    key = room.clinic.record.reader.named(room.clinic.record.connection(), "Patient", ["vip01"])[0].key
    connection = room.clinic.open_audit()
    try:
        entry = next(iter(Reporting(connection).latest(count=1).entries))
    finally:
        connection.close()
    told = entry.event
    assert (told.interaction, told.type, told.query) == ("search", "Patient", "find=bart quigley 1931")
    assert key in told.patients


def test_every_place_where_a_patient_is_picked_finds_alike(room: Room) -> None:
    who = room.session(cast.ADMINISTRATOR.name)
    for path, field, more in (
        ("/find", "q", {}), ("/audit/find", "q", {}), ("/people/records", "q-patient", {"kind": "patient"}),
    ):  # fmt: skip
        fields = {field: "bart quigly 7/8/31", "form_token": who["x-csrf-token"], **more}
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = room.ask("POST", path, {**who, **form}, urlencode(fields).encode())
        assert answer.status == 200
        assert b"vip01" in answer.body, path
