"""The appointment book of today and the next days."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from tests.unit.ops.demo.charts import Record, Tree, day, moment


def booked(everyone: list[Record], today: date) -> list[Tree]:
    return [
        tree
        for record in everyone
        for tree in record.all("Appointment")
        if today <= day(tree["start"]) <= today + timedelta(days=6) and tree["status"] != "cancelled"
    ]


def test_today_is_a_full_day_in_every_state(everyone: list[Record], today: date) -> None:
    states = Counter(tree["status"] for tree in booked(everyone, today) if day(tree["start"]) == today)
    assert sum(states.values()) >= 10
    assert states["booked"] >= 5
    assert states["arrived"] == 2
    assert states["fulfilled"] >= 1
    assert states["noshow"] >= 1


def test_nobody_is_booked_twice_at_one_time(everyone: list[Record], today: date) -> None:
    who = [(tree["participant"][1]["actor"]["reference"], tree["start"]) for tree in booked(everyone, today)]
    assert len(who) == len(set(who))


def test_a_taken_slot_is_busy_and_every_other_free(
    everyone: list[Record], stream: list[Tree], today: date
) -> None:
    taken = {tree["slot"][0]["reference"] for tree in booked(everyone, today) if "slot" in tree}
    slots = [entry["resource"] for entry in stream[0]["entry"] if entry["resource"]["resourceType"] == "Slot"]
    assert taken
    for tree in slots:
        assert (tree["status"] == "busy") == (f"Slot/{tree['id']}" in taken)


def test_a_slot_lasts_as_long_as_it_says_and_begins_when_its_appointment_does(
    everyone: list[Record], stream: list[Tree], today: date
) -> None:
    slots = {f"Slot/{entry['resource']['id']}": entry["resource"] for entry in stream[0]["entry"]}
    for tree in booked(everyone, today):
        if "slot" in tree:
            slot = slots[tree["slot"][0]["reference"]]
            assert slot["start"] == tree["start"]
            assert moment(slot["end"]) - moment(slot["start"]) == timedelta(minutes=30)


def test_who_is_in_the_room_has_an_open_encounter(cast: dict[str, Record]) -> None:
    states = {
        name: [tree["status"] for tree in cast[name].all("Encounter") if tree["status"] != "finished"]
        for name in ("Amara Okafor", "Per Olof Lindqvist", "Mei-Ling Zhao")
    }
    assert states == {"Amara Okafor": ["in-progress"], "Per Olof Lindqvist": ["arrived"], "Mei-Ling Zhao": []}


def test_appointments_are_made_before_they_begin(everyone: list[Record], today: date) -> None:
    for record in everyone:
        for tree in record.all("Appointment"):
            assert moment(tree["created"]) < moment(tree["start"])
            assert day(tree["created"]) <= today
            if day(tree["start"]) > today:
                assert tree["status"] in ("booked", "cancelled")
            if day(tree["start"]) < today:
                assert tree["status"] in ("fulfilled", "noshow", "cancelled")
