"""Second factors: codes of an app, passkeys, recovery codes, who needs one, and the step between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.access.factors import halfway, recovery
from charthouse.access.own import FRESH
from charthouse.access.sessions import Live
from charthouse.access.signin import ENROL, HOME, SECOND, Entered
from charthouse.access.throttle import FAILURES_PER_STEP, WINDOW
from charthouse.base.errors import Category, Problem, http_status
from tests import cast
from tests.unit.access.house import House
from tests.unit.access.softkey import PRESENT, SoftKey
from tests.unit.access.test_signin import PASSWORD, audited, link, with_password

STEP = 30_000


def live(house: House, member: cast.Member = cast.DOCTOR) -> Live:
    return house.sessions.verify(house.enter(member))


def with_app(house: House, member: cast.Member = cast.DOCTOR) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    """An app of that member in use, and the recovery codes; the code that confirmed it is used up."""
    at = live(house, member)
    asyncio.run(house.own.start_app(at))
    begun = house.own.begun_app(at)
    assert begun is not None
    app = pyotp.TOTP(begun[0])
    return app, asyncio.run(house.own.confirm_app(at, now(house, app)))


def with_key(house: House, member: cast.Member = cast.DOCTOR, **given: str) -> SoftKey:
    at, key = live(house, member), SoftKey(**given)
    asyncio.run(house.own.add_passkey(at, key.made(asyncio.run(house.own.offer_passkey(at))), "Key"))
    return key


def now(house: House, app: pyotp.TOTP, steps: int = 0) -> str:
    return app.at(house.clock.ms // 1000 + 30 * steps)


def first(house: House, member: cast.Member = cast.DOCTOR) -> str:
    """The cookie of a half-open sign-in."""
    entered = asyncio.run(house.sign_in.by_password(member.name, PASSWORD))
    assert entered.place == SECOND
    return entered.cookie.partition("=")[2].partition(";")[0]


def session_of(house: House, entered: Entered) -> Live:
    return house.sessions.held(entered.cookie.partition("=")[2].partition(";")[0])


def refused(run: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        run()
    return http_status(caught.value), caught.value.issues[0].message


# -- the app


def test_an_app_gives_codes_that_open_the_second_step_once(house: House) -> None:
    with_password(house)
    app, codes = with_app(house)
    assert len(codes) == 10
    house.clock.forward(STEP)
    code = now(house, app)
    entered = asyncio.run(house.sign_in.second(first(house), code=f" {code[:3]} {code[3:]} "))
    assert entered.place == HOME
    assert "Max-Age=0" in entered.cookies[1]
    at = session_of(house, entered)
    assert (at.mfa, at.factor_at, at.must_enrol) == (True, house.clock.ms, False)
    assert refused(lambda: asyncio.run(house.sign_in.second(first(house), code=code)))[0] == 403
    assert ("sign-in", "password + code") in [(row[0], row[3]) for row in audited(house)]


def test_a_code_is_good_one_step_early_and_one_step_late_and_no_more(house: House) -> None:
    with_password(house)
    app, _ = with_app(house)
    house.clock.forward(10 * STEP)
    for steps, right in ((-2, False), (2, False), (-1, True), (1, True)):
        house.clock.forward(20 * STEP)
        code, held = now(house, app, steps), first(house)
        if right:
            asyncio.run(house.sign_in.second(held, code=code))
        else:
            assert (
                refused(lambda held=held, code=code: asyncio.run(house.sign_in.second(held, code=code)))[0]
                == 403
            )


def test_after_a_code_an_earlier_one_opens_nothing(house: House) -> None:
    with_password(house)
    app, _ = with_app(house)
    house.clock.forward(20 * STEP)
    asyncio.run(house.sign_in.second(first(house), code=now(house, app)))
    assert (
        refused(lambda: asyncio.run(house.sign_in.second(first(house), code=now(house, app, -1))))[0] == 403
    )


def test_the_secret_of_an_app_is_nowhere_in_the_record_and_belongs_to_its_account(small_house: House) -> None:
    house = small_house
    with_app(house)
    at = live(house)
    asyncio.run(house.own.start_app(at))
    begun = house.own.begun_app(at)
    assert begun is not None
    assert "otpauth://totp/Charthouse:dr.okafor?" in begun[1]
    path = house.place.path
    assert path is not None
    kept = b"".join(file.read_bytes() for file in path.parent.glob("record.db*"))
    assert begun[0].encode() not in kept
    other = house.keys_of[cast.NURSE.name]
    house.now(
        lambda connection: connection.run("UPDATE totp SET account = ? WHERE confirmed IS NULL", (other,))
    )
    assert refused(lambda: house.factors.totp.begun(other))[0] == 500


def test_an_app_counts_only_once_its_first_code_was_typed(house: House) -> None:
    with_password(house)
    at = live(house)
    asyncio.run(house.own.start_app(at))
    assert refused(lambda: asyncio.run(house.own.confirm_app(at, "000000")))[0] == 400
    assert asyncio.run(house.sign_in.by_password(cast.DOCTOR.name, PASSWORD)).place == HOME


def test_a_new_phone_replaces_the_old_one(house: House) -> None:
    with_password(house)
    old, _ = with_app(house)
    house.clock.forward(4 * STEP)
    new, codes = with_app(house)
    assert codes == ()
    house.clock.forward(4 * STEP)
    assert refused(lambda: asyncio.run(house.sign_in.second(first(house), code=now(house, old))))[0] == 403
    asyncio.run(house.sign_in.second(first(house), code=now(house, new)))


# -- recovery codes


def test_a_recovery_code_works_once_however_it_is_typed(house: House) -> None:
    with_password(house)
    _, codes = with_app(house)
    asyncio.run(house.sign_in.second(first(house), code=codes[0].lower().replace("-", " ")))
    assert refused(lambda: asyncio.run(house.sign_in.second(first(house), code=codes[0])))[0] == 403
    assert house.factors.of(house.keys_of[cast.DOCTOR.name]).codes_left == recovery.COUNT - 1


def test_new_recovery_codes_make_the_old_ones_useless_and_are_kept_as_hashes(house: House) -> None:
    with_password(house)
    at = live(house)
    _, old = with_app(house)
    new = asyncio.run(house.own.renew_codes(at))
    assert not set(new) & set(old)
    assert all(len(code.replace("-", "")) == 16 for code in new)
    rows = house.connection.run("SELECT hash FROM recovery_code")
    assert all(code.replace("-", "").encode() not in bytes(row[0]) for code in new for row in rows)
    assert refused(lambda: asyncio.run(house.sign_in.second(first(house), code=old[3])))[0] == 403
    asyncio.run(house.sign_in.second(first(house), code=new[3]))


def test_a_recovery_code_of_somebody_else_opens_nothing(house: House) -> None:
    with_password(house)
    with_app(house)
    _, others = with_app(house, cast.NURSE)
    assert refused(lambda: asyncio.run(house.sign_in.second(first(house), code=others[0])))[0] == 403


def test_recovery_codes_need_a_factor_they_stand_in_for(house: House) -> None:
    assert refused(lambda: asyncio.run(house.own.renew_codes(live(house))))[0] == 422


# -- passkeys


def test_a_passkey_alone_signs_in_as_both_factors(house: House) -> None:
    key = with_key(house)
    entered = asyncio.run(house.sign_in.by_passkey(key.answered(house.sign_in.ask_passkey())))
    at = session_of(house, entered)
    assert (at.actor.name, at.mfa) == (cast.DOCTOR.name, True)
    assert ("sign-in", "passkey") in [(row[0], row[3]) for row in audited(house)]


def test_a_passkey_is_the_second_step_after_a_password_or_a_link(house: House) -> None:
    with_password(house)
    key = with_key(house)
    held = first(house)
    by_app, question = house.sign_in.ask_second(held)
    assert question is not None
    assert (by_app, len(question["allowCredentials"])) == (False, 1)
    asyncio.run(house.sign_in.second(held, passkey=key.answered(question)))
    assert asyncio.run(house.sign_in.by_link(link(house))).place == SECOND


def test_an_answer_is_taken_once_and_only_for_what_was_asked(house: House) -> None:
    with_password(house)
    key = with_key(house)
    sent = key.answered(house.sign_in.ask_passkey())
    asyncio.run(house.sign_in.by_passkey(sent))
    answers = {refused(lambda: asyncio.run(house.sign_in.by_passkey(sent)))}
    held = first(house)
    _, question = house.sign_in.ask_second(held)
    assert question is not None
    for_second = key.answered(question)
    answers.add(refused(lambda: asyncio.run(house.sign_in.by_passkey(for_second))))
    old = key.answered(house.sign_in.ask_passkey())
    house.clock.forward(5 * 60_000)
    answers.add(refused(lambda: asyncio.run(house.sign_in.by_passkey(old))))
    assert answers == {(401, "The passkey was not accepted.")}


def test_crooked_answers_get_one_and_the_same_refusal(house: House) -> None:
    key, stranger = with_key(house), SoftKey()
    stranger.handle = b"x" * 32

    def ask() -> dict[str, Any]:
        return house.sign_in.ask_passkey()

    unverified, elsewhere = SoftKey(), SoftKey()
    for twin in (unverified, elsewhere):
        twin.secret, twin.id, twin.handle, twin.counter = key.secret, key.id, key.handle, 10
    unverified.flags, elsewhere.origin = PRESENT, "http://evil.example"
    foreign = key.answered(ask(), userHandle=stranger.answered(ask()) and "AAAA")
    key.counter = -1
    sent = [
        stranger.answered(ask()), unverified.answered(ask()), elsewhere.answered(ask()), foreign,
        key.answered(ask(), signature="AAAA"), "", "null", "[]", "{}", '{"response": {}}', "[" * 5_000, "x" * 20_000,
    ]  # fmt: skip
    answers = {refused(lambda one=one: asyncio.run(house.sign_in.by_passkey(one))) for one in sent}
    assert answers == {(401, "The passkey was not accepted.")}


def test_a_counter_that_went_back_shows_a_copy_and_is_refused(house: House) -> None:
    key = with_key(house)
    for _ in range(3):
        asyncio.run(house.sign_in.by_passkey(key.answered(house.sign_in.ask_passkey())))
    key.counter = 1
    assert (
        refused(lambda: asyncio.run(house.sign_in.by_passkey(key.answered(house.sign_in.ask_passkey()))))[0]
        == 401
    )


def test_a_disabled_person_s_passkey_gets_the_answer_of_an_unknown_one(house: House) -> None:
    key = with_key(house)
    house.now(lambda connection: house.people.disable(connection, house.keys_of[cast.DOCTOR.name]))
    told = refused(lambda: asyncio.run(house.sign_in.by_passkey(key.answered(house.sign_in.ask_passkey()))))
    assert told == (401, "The passkey was not accepted.")


def test_a_key_is_made_for_the_offer_of_one_session_and_kept_once(house: House) -> None:
    mine, theirs, key = live(house), live(house, cast.NURSE), SoftKey()
    sent = key.made(asyncio.run(house.own.offer_passkey(mine)))
    assert refused(lambda: asyncio.run(house.own.add_passkey(theirs, sent, "")))[0] == 400
    asyncio.run(house.own.add_passkey(mine, sent, "  My\nkey "))
    assert refused(lambda: asyncio.run(house.own.add_passkey(mine, sent, "")))[0] == 409
    assert [one.label for one in house.factors.passkeys.of(mine.actor.id)] == ["My key"]
    unverified = SoftKey()
    unverified.flags = PRESENT
    weak = unverified.made(asyncio.run(house.own.offer_passkey(mine)))
    assert refused(lambda: asyncio.run(house.own.add_passkey(mine, weak, "")))[0] == 400


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_answer_of_a_stranger_breaks_the_door(small_house: House, data: st.DataObject) -> None:
    house = small_house
    good = json.loads(SoftKey().answered(house.sign_in.ask_passkey()))
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20), st.lists, max_leaves=4
    )
    where = data.draw(st.sampled_from(["id", "rawId", "type", "response", *good["response"]]))
    (good["response"] if where in good["response"] else good)[where] = data.draw(junk)
    assert refused(lambda: house.factors.passkeys.answered(json.dumps(good), "sign-in"))[0] == 401
    assert refused(lambda: house.factors.passkeys.made(json.dumps(good), "new:1"))[0] == 400


# -- the step between


def test_a_half_open_sign_in_opens_nothing_lasts_five_minutes_and_is_used_once(house: House) -> None:
    with_password(house)
    app, codes = with_app(house)
    held = first(house)
    for ask in (house.sessions.verify, house.sessions.held):
        assert refused(lambda ask=ask: ask(held))[0] == 401
    house.clock.forward(halfway.LIFETIME)
    assert refused(lambda: asyncio.run(house.sign_in.second(held, code=now(house, app))))[0] == 401
    held = first(house)
    asyncio.run(house.sign_in.second(held, code=now(house, app)))
    assert refused(lambda: asyncio.run(house.sign_in.second(held, code=codes[0])))[0] == 401
    assert refused(lambda: asyncio.run(house.sign_in.second("invented", code=codes[0])))[0] == 401


def test_guessing_the_second_step_is_stopped_for_the_account_also_after_a_restart(house: House) -> None:
    with_password(house)
    _, codes = with_app(house)
    for _ in range(FAILURES_PER_STEP):
        held = first(house)
        assert refused(lambda held=held: asyncio.run(house.sign_in.second(held, code="123123")))[0] == 403
    again = first(house)
    assert refused(lambda: asyncio.run(house.sign_in.second(again, code=codes[0])))[0] == 429
    fresh = House.again(house)
    assert refused(lambda: asyncio.run(fresh.sign_in.second(again, code=codes[0])))[0] == 429
    house.clock.forward(WINDOW)
    asyncio.run(fresh.sign_in.second(first(house), code=codes[0]))


def test_five_tries_end_a_half_open_sign_in(house: House) -> None:
    with_password(house)
    _, codes = with_app(house)
    held = first(house)
    half = house.factors.halfway.find(held)
    for _ in range(halfway.TRIES):
        house.now(lambda connection: house.factors.halfway.tried(connection, half))
    assert refused(lambda: asyncio.run(house.sign_in.second(held, code=codes[0])))[0] == 401


def test_of_many_who_send_one_code_at_once_one_gets_in(small_house: House) -> None:
    house = small_house
    with_password(house)
    app, _ = with_app(house)
    house.clock.forward(STEP)
    held, code = [first(house) for _ in range(3)], now(house, app)

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(
            *(house.sign_in.second(one, code=code) for one in held), return_exceptions=True
        )

    assert sum(isinstance(one, Entered) for one in asyncio.run(all_at_once())) == 1


# -- who needs one


def test_who_needs_a_factor_sets_one_up_before_anything_else_opens(house: House) -> None:
    with_password(house)
    stands = house.enter(cast.DOCTOR)
    house.now(lambda connection: house.factors.needs.set(connection, ["clinician"], house.people.roles()))
    assert house.sessions.verify(stands).actor.name == cast.DOCTOR.name  # from the next sign-in on
    entered = asyncio.run(house.sign_in.by_password(cast.DOCTOR.name, PASSWORD))
    assert entered.place == ENROL
    text = entered.cookie.partition("=")[2].partition(";")[0]
    assert refused(lambda: house.sessions.verify(text))[0] == 401
    at = house.sessions.held(text)
    asyncio.run(house.own.start_app(at))
    begun = house.own.begun_app(at)
    assert begun is not None
    asyncio.run(house.own.confirm_app(at, now(house, pyotp.TOTP(begun[0]))))
    opened = house.sessions.verify(text)
    assert (opened.mfa, opened.must_enrol) == (True, False)
    assert refused(lambda: house.sessions.verify(stands))[0] == 401


def test_the_last_factor_stays_where_the_role_needs_one(house: House) -> None:
    at = live(house)
    with_app(house)
    house.now(lambda connection: house.factors.needs.set(connection, ["clinician"], house.people.roles()))
    assert refused(lambda: asyncio.run(house.own.end_app(at)))[0] == 422
    with_key(house)
    asyncio.run(house.own.end_app(at))
    key = house.factors.passkeys.of(at.actor.id)[0]
    assert refused(lambda: asyncio.run(house.own.end_passkey(at, key.id)))[0] == 422
    house.now(lambda connection: house.factors.needs.set(connection, [], house.people.roles()))
    asyncio.run(house.own.end_passkey(at, key.id))
    held = house.factors.of(at.actor.id)
    assert (held.any, held.codes_left) == (False, 0)


def test_a_rule_for_a_role_that_is_not_known_is_refused(house: House) -> None:
    with pytest.raises(Problem, match="no such role") as caught:
        house.now(lambda connection: house.factors.needs.set(connection, ["root"], house.people.roles()))
    assert caught.value.category is Category.INVALID


# -- showing who one is, again


def test_factors_are_changed_only_by_who_showed_who_they_are_lately(house: House) -> None:
    with_password(house)
    at = live(house)
    house.clock.forward(FRESH)
    for change in (
        lambda: asyncio.run(house.own.start_app(at)), lambda: asyncio.run(house.own.offer_passkey(at)),
        lambda: asyncio.run(house.own.renew_codes(at)), lambda: asyncio.run(house.own.end_app(at)),
    ):  # fmt: skip
        with pytest.raises(Problem) as caught:
            change()
        assert caught.value.issues[0].place == "proof"
    assert refused(lambda: asyncio.run(house.own.prove(at, password="not this one")))[0] == 403
    text = house.enter(cast.DOCTOR)
    house.clock.forward(FRESH)
    at = house.sessions.verify(text)
    asyncio.run(house.own.prove(at, password=PASSWORD))
    asyncio.run(house.own.start_app(house.sessions.verify(text)))


def test_who_has_no_password_shows_a_passkey_instead(house: House) -> None:
    key, text = with_key(house), house.enter(cast.DOCTOR)
    house.clock.forward(FRESH)
    at = house.sessions.verify(text)
    question = house.own.ask(at)
    assert question is not None
    asyncio.run(house.own.prove(at, passkey=key.answered(question)))
    asyncio.run(house.own.renew_codes(house.sessions.verify(text)))
    sent = key.answered(question)
    assert refused(lambda: asyncio.run(house.own.prove(at, passkey=sent)))[0] == 403
