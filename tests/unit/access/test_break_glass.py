"""Breaking the glass: for a reason, for a while, for one record, and never unseen."""

from __future__ import annotations

import pytest

from charthouse.access.actor import Actor
from charthouse.access.break_glass import LONGEST, MINUTE, Broken, Glass
from charthouse.base.errors import Problem
from tests import cast
from tests.unit.access.house import House

KIM = 4711  # key of a patient
NOTE = "Found unconscious, no relatives"


@pytest.fixture
def glass(house: House) -> Glass:
    return Glass(house.connection, house.generation, clock=house.clock)


def doctor_of(house: House) -> Actor:
    return cast.DOCTOR.at_the_screen(house.keys_of[cast.DOCTOR.name])


def broken(house: House, glass: Glass, who: Actor, *, minutes: int = 60, patient: int = KIM) -> Broken:
    found = house.now(lambda connection: glass.break_(connection, who, patient, "emergency", NOTE, minutes))
    house.generation.stale()
    return found


def test_it_opens_one_record_to_one_person_until_the_time_is_over(house: House, glass: Glass) -> None:
    doctor = doctor_of(house)
    nurse = cast.NURSE.at_the_screen(house.keys_of[cast.NURSE.name])
    assert glass.lifted(doctor).glass == frozenset()
    broken(house, glass, doctor, minutes=30)
    assert glass.lifted(doctor).glass == {KIM}
    assert glass.lifted(nurse).glass == frozenset()
    house.clock.forward(30 * MINUTE - 1)
    assert glass.lifted(doctor).glass == {KIM}
    house.clock.forward(1)
    assert glass.lifted(doctor).glass == frozenset()


def test_a_program_with_a_token_never_gets_through_the_glass(house: House, glass: Glass) -> None:
    doctor = doctor_of(house)
    broken(house, glass, doctor)
    token = Actor(doctor.id, doctor.name, doctor.roles, "app", doctor.scopes, session="token:1")
    assert glass.lifted(token).glass == frozenset()


def test_two_records_close_each_at_its_own_time(house: House, glass: Glass) -> None:
    doctor = doctor_of(house)
    broken(house, glass, doctor, minutes=10)
    broken(house, glass, doctor, minutes=20, patient=KIM + 1)
    assert glass.lifted(doctor).glass == {KIM, KIM + 1}
    house.clock.forward(15 * MINUTE)
    assert glass.lifted(doctor).glass == {KIM + 1}


def test_it_can_be_given_back_early(house: House, glass: Glass) -> None:
    doctor = doctor_of(house)
    broken(house, glass, doctor)
    assert house.now(lambda connection: glass.give_back(connection, doctor, KIM)) == 1
    house.generation.stale()
    assert glass.lifted(doctor).glass == frozenset()
    assert glass.waiting()[0].until == house.clock.ms


@pytest.mark.parametrize(
    ("reason", "note", "minutes", "place"),
    [
        ("curiosity", NOTE, 60, "reason"),
        ("emergency", "  urgent ", 60, "note"),
        ("emergency", "x" * 2001, 60, "note"),
        ("emergency", NOTE, 0, "minutes"),
        ("emergency", NOTE, LONGEST + 1, "minutes"),
    ],
)
def test_without_a_reason_it_stays_whole(
    house: House, glass: Glass, reason: str, note: str, minutes: int, place: str
) -> None:
    doctor = doctor_of(house)
    with pytest.raises(Problem) as caught:
        house.now(lambda connection: glass.break_(connection, doctor, KIM, reason, note, minutes))
    assert caught.value.issues[0].place == place
    assert glass.lifted(doctor).glass == frozenset()
    assert not glass.waiting()


def test_each_access_waits_for_a_review_that_is_written_once(house: House, glass: Glass) -> None:
    found = broken(house, glass, doctor_of(house))
    officer = cast.ADMINISTRATOR.at_the_screen(house.keys_of[cast.ADMINISTRATOR.name])
    assert [one.id for one in glass.waiting()] == [found.id]

    def review(finding: str, remark: str) -> Broken:
        return house.now(lambda connection: glass.review(connection, officer, found.id, finding, remark))

    with pytest.raises(Problem) as caught:
        review("incident", "short")
    assert caught.value.issues[0].place == "remark"
    assert review("justified", "").finding == "justified"
    assert not glass.waiting()
    assert glass.reviewed()[0].reviewer == officer.id
    with pytest.raises(Problem, match="already"):
        review("incident", "A second look at the same case")


def test_nobody_reviews_their_own_access(house: House, glass: Glass) -> None:
    doctor = doctor_of(house)
    found = broken(house, glass, doctor)
    with pytest.raises(Problem, match="own"):
        house.now(lambda connection: glass.review(connection, doctor, found.id, "justified", ""))
