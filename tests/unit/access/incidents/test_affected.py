"""Who was affected: counted, corrected, found where they live."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from charthouse.access.incidents.affected import Question
from charthouse.access.incidents.facts import Facts
from charthouse.access.incidents.residence import recipient
from charthouse.base.errors import Problem
from charthouse.fhir.bundle import Entry
from tests import cast
from tests.unit.access.incidents.desk import DAY, NOW, TODAY, Desk

# -- people


def test_people_are_counted_from_events_accounts_and_lists_each_once(desk: Desk) -> None:
    keys = desk.patients({"id": "ann"}, {"id": "bo"}, {"id": "cy"})
    desk.look(desk.nurse, keys["ann"], keys["bo"])
    desk.look(desk.nurse, keys["bo"], at=NOW - 10 * DAY)
    desk.look(desk.officer, keys["cy"])
    by_account = desk.find(Question(accounts=[desk.nurse.id], since=NOW - DAY, until=NOW + DAY))
    assert by_account.patients == {keys["ann"], keys["bo"]}
    both = desk.find(Question(events=[1, 2, 999], patients=["cy", "nobody"]))
    assert both.patients == {keys["ann"], keys["bo"], keys["cy"]}
    assert both.missing == ("audit event 999", "patient nobody")
    assert desk.find(Question(accounts=[desk.nurse.id], since=NOW + DAY)).patients == frozenset()


def test_what_an_account_wrote_counts_as_well(desk: Desk) -> None:
    keys = desk.patients({"id": "ann"}, {"id": "bo"})
    note = {
        "resourceType": "Basic",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/ann"},
    }
    entry = Entry("POST", "Basic", None, tree=note)
    doctor = cast.DOCTOR.at_the_screen(desk.keys[cast.DOCTOR.name])
    asyncio.run(desk.clinic.gate.commit(doctor, [entry], interaction="create"))
    assert desk.find(Question(accounts=[doctor.id])).patients == {keys["ann"]}


def test_the_list_is_corrected_by_hand_with_a_reason_and_counts_by_state(desk: Desk) -> None:
    name = desk.open()
    number = desk.incidents.get(name).id
    keys = desk.patients({"id": "ann"}, {"id": "bo"}, {"id": "cy"})
    add = lambda conn, who: desk.affected.add(conn, desk.officer, number, who, source="audit", reason="Count")  # noqa: E731
    assert len(desk.write(lambda conn: add(conn, keys.values()))) == 3
    assert desk.write(lambda conn: add(conn, keys.values())) == []
    desk.write(
        lambda conn: desk.affected.locate(conn, desk.officer, number, {keys["ann"]: "TX", keys["bo"]: "TX"})
    )
    with pytest.raises(Problem, match="removed"):
        desk.write(lambda conn: desk.affected.remove(conn, desk.officer, number, [keys["bo"]], " "))
    desk.write(lambda conn: desk.affected.remove(conn, desk.officer, number, [keys["bo"]], "Own chart"))
    assert desk.incidents.get(name).regions == {"TX": 1, "": 1}
    assert [one.patient for one in desk.affected.people(number)] == [keys["ann"], keys["cy"]]
    first = desk.affected.people(number)[0].number
    desk.write(lambda conn: add(conn, [keys["bo"]]))
    assert desk.incidents.get(name).people == 3
    assert desk.affected.person(number, first).patient == keys["ann"]


def test_an_estimate_counts_where_it_is_higher_than_the_list(small: Desk) -> None:
    name = small.open()
    seen = small.incidents.get(name).last("facts")
    assert seen
    facts = Facts("Lost box", TODAY, estimate=700)
    small.write(lambda conn: small.incidents.change(conn, small.officer, name, facts, seen=seen.id))
    assert small.incidents.get(name).people == 700
    assert {one.whom for one in small.incidents.get(name).duties({})} >= {"HHS, at the same time"}


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ({"line": ["1 A St"], "city": "Austin", "state": "TX", "postalCode": "78701"}, "TX"),
        ({"line": ["1 A St"], "city": "San Juan", "state": "puerto rico", "country": "USA"}, "PR"),
        ({"line": ["1 A St"], "city": "Bern", "state": "BE", "country": "CH"}, ""),
        ({"line": ["1 A St"], "city": "Austin", "state": "TX", "use": "old"}, ""),
        ({"line": ["1 A St"], "city": "Austin", "state": "TX", "use": "billing"}, ""),
        ({"line": ["1 A St"], "city": "Austin", "state": "TX", "period": {"end": "2020"}}, ""),
        ({"state": "Texas"}, "TX"),
    ],
)
def test_a_state_is_read_from_the_address_in_use(address: dict[str, Any], region: str) -> None:
    assert recipient({"id": "x", "address": [address]}, TODAY).region == region


def test_a_recipient_is_named_addressed_and_looked_at() -> None:
    tree = {
        "id": "x",
        "name": [
            {"use": "nickname", "given": ["Mo"]},
            {"use": "official", "given": ["Mona", "B."], "family": "Iz"},
        ],
        "birthDate": "2008-06-16",
        "communication": [{"language": {"coding": [{"code": "es"}]}}],
        "address": [{"line": ["1 A St", "Apt 2"], "city": "Austin", "state": "TX", "postalCode": "78701"}],
    }
    one = recipient(tree, TODAY)
    assert (one.addressee, one.lines) == ("Mona B. Iz", ("1 A St", "Apt 2", "Austin, TX 78701"))
    assert [caution.partition(":")[0] for caution in one.cautions] == ["Under 18", "Preferred language"]
    assert not recipient(tree | {"birthDate": "2008-06-15"}, TODAY).cautions[0].startswith("Under")
    dead = recipient(tree | {"deceasedBoolean": True}, TODAY)
    assert dead.addressee == "next of kin or personal representative of Mona B. Iz"
    assert recipient({"id": "x", "address": [{"city": "Austin"}]}, TODAY).lines == ()
