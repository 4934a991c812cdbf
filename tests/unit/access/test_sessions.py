"""Sessions: idle and absolute limits, revocation, and what is kept of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from charthouse.access.sessions import ABSOLUTE, IDLE, MINUTE, Sessions
from charthouse.access.throttle import FAILURES_PER_NAME
from charthouse.base.errors import Problem, http_status
from tests import cast
from tests.unit.access.house import House
from tests.unit.access.test_factors import with_key
from tests.unit.access.test_signin import PASSWORD, with_password


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


# -- the lock


def test_an_idle_session_is_locked_and_its_password_opens_it_within_the_absolute_limit(house: House) -> None:
    with_password(house)
    text = house.enter(cast.DOCTOR)
    token = house.sessions.verify(text).form_token
    house.clock.forward(IDLE)
    refused(house, text)
    held = house.sessions.held(text)
    assert held.locked == house.clock.ms
    for wrong in ("", "not this one at all"):
        with pytest.raises(Problem) as caught:
            asyncio.run(house.own.unlock(held, password=wrong))
        assert http_status(caught.value) == 403
    refused(house, text)
    asyncio.run(house.own.unlock(held, password=PASSWORD))
    assert house.sessions.verify(text).form_token == token  # the page below is still good
    house.clock.forward(ABSOLUTE)
    with pytest.raises(Problem, match="time limit"):
        house.sessions.held(text)
    with pytest.raises(Problem) as caught:
        asyncio.run(house.own.unlock(held, password=PASSWORD))
    assert http_status(caught.value) == 401


def test_a_session_that_is_locked_opens_nothing_until_it_is_unlocked(house: House) -> None:
    key = with_key(house)
    text, other = house.enter(cast.DOCTOR), house.enter(cast.DOCTOR)
    at = house.sessions.verify(text)
    asyncio.run(house.own.lock(at))
    assert "locked" in refused(house, text)
    assert isinstance(house.door.session({"cookie": f"charthouse={text}"}), Problem)
    assert house.sessions.verify(other).actor == replace(
        at.actor, session=house.sessions.verify(other).actor.session
    )
    states = {one.id: (one.in_force, one.locked) for one in house.sessions.of(at.actor.id)}
    assert states[at.id] == (False, True)
    question = house.own.ask(house.sessions.held(text))
    assert question is not None
    sent = key.answered(question)
    asyncio.run(house.own.unlock(house.sessions.held(text), passkey=sent))
    house.sessions.verify(text)
    asyncio.run(house.own.lock(house.sessions.verify(text)))
    with pytest.raises(Problem):
        asyncio.run(house.own.unlock(house.sessions.held(text), passkey=sent))
    refused(house, text)


def test_locking_in_one_process_is_seen_by_another(house: House) -> None:
    text = house.enter(cast.DOCTOR)
    other = Sessions(
        house.connection, house.generation, house.keys.get("form"), submit=house.now, clock=house.clock
    )
    at = other.verify(text)
    asyncio.run(house.own.lock(at))
    with pytest.raises(Problem, match="locked"):
        other.verify(text)


def test_guessing_at_the_lock_is_slowed_like_at_the_sign_in(house: House) -> None:
    with_password(house)
    text = house.enter(cast.DOCTOR)
    asyncio.run(house.own.lock(house.sessions.verify(text)))
    held = house.sessions.held(text)
    seen = []
    for _ in range(FAILURES_PER_NAME + 1):
        with pytest.raises(Problem) as caught:
            asyncio.run(house.own.unlock(held, password="wrong wrong wrong"))
        seen.append(http_status(caught.value))
    assert seen == [403] * FAILURES_PER_NAME + [429]
    with pytest.raises(Problem):
        asyncio.run(house.own.unlock(held, password=PASSWORD))


def test_an_ended_or_disabled_session_is_not_unlocked(house: House) -> None:
    with_password(house)
    text = house.enter(cast.DOCTOR)
    at = house.sessions.verify(text)
    asyncio.run(house.own.lock(at))
    held = house.sessions.held(text)
    house.now(lambda connection: house.sessions.end(connection, at.id))
    with pytest.raises(Problem) as caught:
        asyncio.run(house.own.unlock(held, password=PASSWORD))
    assert http_status(caught.value) == 401
    with pytest.raises(Problem):
        house.sessions.held(text)


def test_people_end_their_own_sessions_and_nobody_else_s(house: House) -> None:
    here, there, nurse = house.enter(cast.DOCTOR), house.enter(cast.DOCTOR), house.enter(cast.NURSE)
    at, other, foreign = (house.sessions.verify(text) for text in (here, there, nurse))
    asyncio.run(house.own.end_session(at, foreign.id))
    house.sessions.verify(nurse)
    asyncio.run(house.own.end_session(at, other.id))
    refused(house, there)
    there = house.enter(cast.DOCTOR)
    asyncio.run(house.own.end_others(house.sessions.verify(here)))
    refused(house, there)
    house.sessions.verify(here)
    house.sessions.verify(nurse)
