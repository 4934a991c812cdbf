"""What is hidden stays hidden where much is asked at once: elements, page links, lists, groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from charthouse.base.settings import Settings
from tests.door.oracle import Tree
from tests.door.rooms import Answer, Room, chart, directory, label, observation, patient
from tests.postgres import fresh_database

SEEING = {"allow": ["read", "vread", "search", "history", "history-type"], "on": ["*"]}
Headers = dict[str, str]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    url = fresh_database(request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
    found = Room(Settings(data=tmp_path_factory.mktemp("wide"), database_url=url, rate_session=0))
    vip, mine = chart("vip01"), chart("own01")
    vip[0] = label(vip[0], "VIP")
    note = label(
        {**next(tree for tree in mine if tree["id"] == "own01-documentreference"), "id": "psy01"}, "PSYTHPN"
    )
    visit: Tree = {"resourceType": "Encounter", "id": "visit", "status": "finished", "class": {"code": "AMB"},
                   "subject": {"reference": "Patient/oth01"},
                   "period": {"start": "2020-01-01", "end": "2020-01-02"}}  # fmt: skip
    found.store([
        *directory(), *mine, *vip, note, patient("oth01"), visit,
        observation("seen", "oth01", performer=[{"reference": "Practitioner/doc"}]),
        observation("told", "own01", performer=[{"reference": "Patient/oth01"}]),
        {"resourceType": "List", "id": "both", "status": "current", "mode": "working", "entry": [
            {"item": {"reference": "Observation/seen"}}, {"item": {"reference": "DocumentReference/psy01"}}]},
        label({"resourceType": "List", "id": "shut", "status": "current", "mode": "working", "entry": [
            {"item": {"reference": "Observation/seen"}}]}, "PSYTHPN"),
    ])  # fmt: skip
    for name, role in {"anna": "analyst", "nina": "nurse"}.items():
        found.person(name, role)
    yield found
    found.close()


def hiding(room: Room, *rules: Any) -> Headers:
    """Somebody who sees every row, but for the elements that `rules` hide."""
    room.put_policy({"policy": "analyst", "title": "Masked", "roles": ["analyst"], "rules": [SEEING, *rules]})
    return room.token("anna", "user/*.rs")


def names(answer: Answer, mode: str = "match") -> set[str]:
    assert answer.status == 200, answer.body
    return {f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
            for entry in answer.json().get("entry", ()) if entry["search"]["mode"] == mode}  # fmt: skip


def test_a_hidden_element_leads_into_no_compartment_and_brings_nothing_along(room: Room) -> None:
    who = hiding(
        room, {"hide": ["performer"], "on": ["Observation"]}, {"hide": ["period"], "on": ["Encounter"]}
    )

    def ask(path: str) -> Answer:
        return room.ask("GET", f"/fhir/{path}", who)

    assert "Observation/seen" in names(room.ask("GET", "/fhir/Practitioner/doc/*", room.everything))
    assert not {one for one in names(ask("Practitioner/doc/*?_count=99")) if one.startswith("Observation/")}
    assert ask("Practitioner/doc/Observation").status == 403
    assert names(room.ask("GET", "/fhir/Patient/oth01/Observation", room.everything)) == {
        "Observation/seen", "Observation/told",
    }  # fmt: skip
    for path in (
        "Patient/oth01/Observation?_total=accurate",
        "Patient/oth01/*?_type=Observation&_total=accurate",
    ):
        assert (names(ask(path)), ask(path).json()["total"]) == ({"Observation/seen"}, 1)
    for query in (
        "",
        "?start=2019-01-01&end=2019-12-31",
    ):  # the period would tell that the visit was not then
        whole = ask(f"Patient/oth01/$everything{query}")
        assert names(whole) == {"Patient/oth01", "Observation/seen", "Encounter/visit"}
        assert "Practitioner/doc" not in names(whole, "include")
        assert b"performer" not in whole.body
        assert b"2020-01-02" not in whole.body
    open_ = names(room.ask("GET", "/fhir/Patient/oth01/$everything", room.everything), "include")
    assert "Practitioner/doc" in open_


@pytest.mark.parametrize(
    ("element", "kind", "path"),
    [
        ("code", "Observation", "Observation/$lastn?patient=oth01&category=laboratory"),
        ("effective", "Observation", "Observation/$lastn?patient=oth01&category=laboratory"),
        ("category", "Observation", "Observation/$lastn?patient=oth01&category=laboratory"),
        ("entry", "List", "Observation/_history?_list=both"),
        ("status", "Observation", "?_type=Observation,DiagnosticReport&status=final"),
    ],
)
def test_what_rests_on_a_hidden_element_is_refused(room: Room, element: str, kind: str, path: str) -> None:
    address = f"/fhir{path}" if path[0] == "?" else f"/fhir/{path}"
    assert room.ask("GET", address, hiding(room)).status == 200
    assert room.ask("GET", address, hiding(room, {"hide": [element], "on": [kind]})).status == 403


@pytest.mark.parametrize(
    "path", ["Patient/own01/$everything?_count=4", "Patient/own01/*?_count=4", "?_count=9"]
)
def test_page_links_of_somebody_else_show_no_more(room: Room, path: str) -> None:
    nurse = room.token("nina", "user/*.cruds")
    address = f"/fhir{path}" if path[0] == "?" else f"/fhir/{path}"
    own = {name for page in room.walk(address, nurse) for name in names(page) | names(page, "include")}
    assert "DocumentReference/psy01" not in own
    seen = set()
    for page in room.walk(address, room.everything):
        seen |= names(page)
        for link in page.json()["link"]:
            if link["relation"] != "self":
                replayed = room.ask("GET", "/fhir" + link["url"].partition("/fhir")[2], nurse)
                assert names(replayed) <= own
                assert replayed.json().get("total", 0) <= len(own)
    assert "DocumentReference/psy01" in seen


def test_a_list_tells_of_nothing_that_is_hidden_and_a_hidden_list_of_nothing(room: Room) -> None:
    nurse = room.token("nina", "user/*.cruds")

    def ask(path: str, who: Headers = nurse) -> Any:
        answer = room.ask("GET", f"/fhir/{path}", who)
        assert answer.status == 200, answer.body
        tree = answer.json()
        return tree.get("total"), [entry["fullUrl"].rpartition("/")[2] for entry in tree.get("entry", ())]

    assert ask("DocumentReference/_history?_list=both", room.everything)[1] == ["psy01"]
    assert ask("DocumentReference/_history?_list=both") == (None, [])
    assert ask("Observation/_history?_list=both")[1] == ["seen"]
    assert ask("Observation/_history?_list=shut", room.everything)[1] == ["seen"]
    assert ask("Observation/_history?_list=shut") == ask("Observation/_history?_list=nobody") == (None, [])
    assert ask("Observation/seen/_history?_list=shut") == ask("Observation/seen/_history?_list=nobody")
    address = "/fhir/DocumentReference/psy01/_history?_list=both"
    absent = room.ask("GET", address.replace("psy01", "nobody"), nurse)
    hidden = room.ask("GET", address, nurse)
    assert (hidden.status, hidden.body) == (absent.status, absent.body)
    assert hidden.status == 404
