"""Sessions: idle and absolute limits, revocation, and what is kept of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from charthouse.access.sessions import ABSOLUTE, IDLE, MINUTE, Sessions
from charthouse.base.errors import Problem, http_status
from tests import cast
from tests.unit.access.house import House


def refused(house: House, text: str) -> str:
    with pytest.raises(Problem) as caught:
        house.sessions.verify(text)
    assert http_status(caught.value) == 401
    return caught.value.issues[0].message


def test_a_session_brings_the_person_with_roles(house: House) -> None:
    live = house.sessions.verify(house.enter(cast.DOCTOR))
    assert (live.actor.name, live.actor.roles) == (cast.DOCTOR.name, cast.DOCTOR.roles)
    assert live.actor.id == house.keys_of[cast.DOCTOR.name]
    assert live.actor.session == f"session:{live.id}"


def test_a_session_ends_after_the_idle_limit(house: House) -> None:
    text = house.enter(cast.DOCTOR)
    house.sessions.verify(text)
    house.clock.forward(IDLE - 1)
    house.sessions.verify(text)
    house.clock.forward(IDLE)
    assert "without activity" in refused(house, text)


def test_a_session_never_used_ends_after_the_idle_limit(house: House) -> None:
    text = house.enter(cast.DOCTOR)
    house.clock.forward(IDLE)
    assert "without activity" in refused(house, text)


def test_a_session_in_use_ends_at_the_absolute_limit(house: House) -> None:
    text = house.enter(cast.DOCTOR)
    for _ in range(ABSOLUTE // (IDLE // 2) - 1):
        house.clock.forward(IDLE // 2)
        house.sessions.verify(text)
    house.clock.forward(IDLE // 2)
    assert "time limit" in refused(house, text)


def test_use_seen_by_another_process_keeps_a_session_alive(house: House) -> None:
    text = house.enter(cast.DOCTOR)
    house.sessions.verify(text)
    other = Sessions(
        house.connection, house.generation, house.keys.get("form"), submit=house.now, clock=house.clock
    )
    house.clock.forward(IDLE - 1)
    other.verify(text)
    house.clock.forward(IDLE - 1)
    assert house.sessions.verify(text).actor.name == cast.DOCTOR.name


def test_the_last_use_is_written_about_once_a_minute(house: House) -> None:
    text = house.enter(cast.DOCTOR)
    for _ in range(120):
        house.clock.forward(1000)
        house.sessions.verify(text)
    assert house.saved == 2
    listed = house.sessions.of(house.keys_of[cast.DOCTOR.name])[0]
    assert house.clock.ms - listed.used <= MINUTE


def test_an_ended_session_is_refused_at_once_and_listed_as_ended(house: House) -> None:
    text, other = house.enter(cast.DOCTOR), house.enter(cast.DOCTOR)
    live = house.sessions.verify(text)
    assert house.now(lambda connection: house.sessions.end(connection, live.id))
    house.generation.stale()
    assert "signed out" in refused(house, text)
    assert house.sessions.verify(other).actor.name == cast.DOCTOR.name
    assert [session.in_force for session in house.sessions.of(live.actor.id)] == [True, False]


def test_all_sessions_of_a_person_can_be_ended_and_nobody_else_s(house: House) -> None:
    mine = [house.enter(cast.DOCTOR) for _ in range(3)]
    other = house.enter(cast.NURSE)
    assert house.now(lambda c: house.sessions.end_all(c, house.keys_of[cast.DOCTOR.name])) == 3
    house.generation.stale()
    for text in mine:
        refused(house, text)
    house.sessions.verify(other)


def test_a_disabled_person_is_out_at_once(house: House) -> None:
    text = house.enter(cast.DOCTOR)
    house.sessions.verify(text)
    house.now(lambda connection: house.people.disable(connection, house.keys_of[cast.DOCTOR.name]))
    house.generation.stale()
    assert "signed out" in refused(house, text)


@pytest.mark.parametrize("text", ["", "x", "\ud800", "A" * 43])
def test_a_session_that_was_never_made_is_refused(house: House, text: str) -> None:
    assert "not signed in" in refused(house, text)


def test_form_tokens_differ_between_sessions_and_stay_within_one(house: House) -> None:
    first, second = house.enter(cast.DOCTOR), house.enter(cast.DOCTOR)
    token = house.sessions.verify(first).form_token
    assert token == house.sessions.verify(first).form_token
    assert token != house.sessions.verify(second).form_token
    assert len(token) == 43
    assert first not in token


def test_the_cookie_s_secret_is_nowhere_in_the_record(small_house: House, tmp_path: Path) -> None:
    text = small_house.enter(cast.DOCTOR)
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("record.db*"))
    assert cast.DOCTOR.name.encode() in kept
    assert text.encode() not in kept
