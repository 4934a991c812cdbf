"""Accounts: names, roles, facilities, credentials, who may change whom, and the keys of the clinic."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from charthouse.access import keys
from charthouse.access.actor import SYSTEM, Actor
from charthouse.access.keys import Keys
from charthouse.access.links import INVITED
from charthouse.access.people import CLIENT
from charthouse.access.sessions import SCOPES
from charthouse.app import Clinic
from charthouse.base.errors import Category, Problem
from charthouse.base.settings import read
from charthouse.db.connect import Connection
from charthouse.fhir.bundle import Entry
from tests import cast
from tests.unit.access.house import House
from tests.unit.access.softkey import SoftKey

T = TypeVar("T")
GOOD = "tulip cargo window seven"


def test_every_member_of_the_cast_has_the_roles_given(house: House) -> None:
    for member in cast.CAST:
        person = house.people.find(member.name)
        assert person is not None
        assert (person.display, person.roles, person.disabled) == (member.display, member.roles, None)
        assert house.people.get(house.keys_of[member.name]) == person


def test_a_name_is_the_same_in_any_case_and_taken_once(house: House) -> None:
    assert house.people.find(cast.DOCTOR.name.upper()) == house.people.find(cast.DOCTOR.name)
    with pytest.raises(Problem) as caught:
        house.now(lambda connection: house.people.add(connection, cast.DOCTOR.name.title()))
    assert caught.value.category is Category.CONFLICT


@pytest.mark.parametrize("name", ["", " ", "two words", "-dash", "ümlaut", "a/b", "x" * 65, "a\0b"])
def test_a_name_that_will_not_do_is_refused(house: House, name: str) -> None:
    with pytest.raises(Problem, match="cannot be a user name"):
        house.now(lambda connection: house.people.add(connection, name))


def test_a_role_that_is_not_known_is_refused_and_no_account_is_made(house: House) -> None:
    with pytest.raises(Problem, match="no such role"):
        house.now(lambda connection: house.people.add(connection, "new.one", roles=["clinician", "root"]))
    assert house.people.find("new.one") is None


def test_roles_are_replaced_as_a_whole(house: House) -> None:
    key = house.keys_of[cast.DOCTOR.name]
    house.now(lambda connection: house.people.set_roles(connection, key, ["biller"]))
    assert house.people.get(key).roles == {"biller"}


def test_a_client_is_made_known_once_and_is_no_person(house: House) -> None:
    first = house.now(lambda connection: house.people.client(connection, "Loader"))
    assert house.now(lambda connection: house.people.client(connection, "Loader")) == first
    assert house.people.find("Loader") is None
    found = house.people.find("Loader", CLIENT)
    assert found is not None
    assert found.roles == frozenset()


def test_keys_are_random_and_made_once(house: House) -> None:
    house.now(keys.ensure)
    again = Keys(house.connection)
    values = [again.get(name) for name in keys.NAMES]
    assert values == [house.keys.get(name) for name in keys.NAMES]
    assert len(set(values)) == len(keys.NAMES)
    assert {len(value) for value in values} == {32}
    assert values[0].hex() not in repr(again)


def test_a_signature_holds_for_its_message_and_key_only(house: House) -> None:
    signature = house.keys.sign("cursor", b"page 2")
    assert house.keys.signed("cursor", b"page 2", signature)
    assert not house.keys.signed("cursor", b"page 3", signature)
    assert not house.keys.signed("form", b"page 2", signature)
    with pytest.raises(Problem, match="no other key"):
        house.keys.sign("other", b"")


# -- what administrators do


def boss(house: House) -> Actor:
    return cast.ADMINISTRATOR.at_the_screen(house.keys_of[cast.ADMINISTRATOR.name])


def run(made: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(made)


def refused(made: Coroutine[Any, Any, Any]) -> tuple[Category, str]:
    with pytest.raises(Problem) as caught:
        asyncio.run(made)
    return caught.value.category, caught.value.issues[0].message


def said(house: House) -> list[str]:
    entries = [entry.event for entry in house.reporting().latest().entries]
    return [one.query for one in reversed(entries) if one.interaction == "people-changed"]


def test_roles_keep_their_history_and_say_who_gave_them(house: House) -> None:
    key = house.keys_of[cast.DOCTOR.name]
    house.clock.forward(1000)
    run(house.administration.set_roles(boss(house), key, ["clinician", "analyst"]))
    house.clock.forward(1000)
    run(house.administration.set_roles(boss(house), key, ["analyst"]))
    assert house.people.get(key).roles == {"analyst"}
    held = [
        (one.role, one.giver, one.ended and one.ended - one.since, one.ender)
        for one in house.people.roles_ever(key)
    ]
    assert held == [("analyst", "Asa Lund", None, ""), ("clinician", "", 2000, "Asa Lund")]
    assert said(house) == [f"people/{key} roles +analyst", f"people/{key} roles -clinician"]


def test_a_session_follows_a_change_of_roles_at_once(house: House) -> None:
    text = house.enter(cast.DOCTOR)
    assert house.sessions.verify(text).actor.roles == {"clinician"}
    run(house.administration.set_roles(boss(house), house.keys_of[cast.DOCTOR.name], ["biller"]))
    assert house.sessions.verify(text).actor.roles == {"biller"}


def test_nobody_without_the_right_changes_anybody(house: House) -> None:
    admin, key = house.administration, house.keys_of[cast.NURSE.name]
    before = house.people.all()
    for member in (cast.DOCTOR, cast.STRANGER, cast.PATIENT):
        actor = member.at_the_screen(house.keys_of[member.name])
        for made in (
            admin.add(actor, "new.one"), admin.set_roles(actor, key, ["administrator"]), admin.disable(actor, key),
            admin.enable(actor, key), admin.invite(actor, key), admin.reset_factors(actor, key),
            admin.link(actor, key, practitioner="x", patient="y"), admin.assign(actor, key, []),
            admin.describe(actor, key, "X", ""), admin.end_session(actor, key), admin.revoke_token(actor, key),
            admin.require_factor(actor, ["nurse"]), admin.add_facility(actor, "F"),
            admin.add_credential(actor, key, "RN", "1", "Board", "", ""),
        ):  # fmt: skip
            assert refused(made)[0] is Category.FORBIDDEN
    assert house.people.all() == before
    assert said(house) == []


def test_nobody_raises_or_shuts_themselves(house: House) -> None:
    admin, actor = house.administration, boss(house)
    for made in (
        admin.set_roles(actor, actor.id, ["administrator", "clinician"]), admin.disable(actor, actor.id),
        admin.link(actor, actor.id, practitioner="p", patient=""), admin.assign(actor, actor.id, []),
        admin.reset_factors(actor, actor.id), admin.invite(actor, actor.id),
        admin.add_credential(actor, actor.id, "MD", "1", "Board", "", ""),
    ):  # fmt: skip
        assert refused(made) == (Category.FORBIDDEN, "Nobody changes their own account here.")
    assert house.people.get(actor.id).roles == {"administrator"}


def test_the_last_administrator_stays(house: House) -> None:
    admin, first = house.administration, house.keys_of[cast.ADMINISTRATOR.name]
    second = run(admin.add(SYSTEM, "second.one", roles=["administrator"]))
    other = Actor(second, "second.one", frozenset({"administrator"}), "web", SCOPES, session="session:8")
    run(admin.disable(SYSTEM, second))
    for made in (admin.disable(SYSTEM, first), admin.set_roles(SYSTEM, first, ["clinician"])):
        assert refused(made) == (Category.INVALID, "This is the last administrator who can sign in.")
    run(admin.enable(SYSTEM, second))
    run(admin.set_roles(other, first, ["clinician"]))
    assert refused(admin.disable(SYSTEM, second))[0] is Category.INVALID


def test_who_may_only_create_people_gives_no_role_that_they_do_not_have(house: House) -> None:
    house.now(lambda connection: put_policy(house, connection))
    clerk = Actor(
        house.keys_of[cast.NURSE.name],
        "n.petrov",
        frozenset({"registrar"}),
        "web",
        SCOPES,
        session="session:9",
    )
    assert refused(house.administration.add(clerk, "a.one", roles=["administrator"])) == (
        Category.FORBIDDEN, "You may give only roles that you have; not administrator.",
    )  # fmt: skip
    assert house.people.find("a.one") is None
    key = run(house.administration.add(clerk, "a.two", roles=["registrar"]))
    assert house.people.get(key).roles == {"registrar"}
    assert refused(house.administration.set_roles(clerk, key, []))[0] is Category.FORBIDDEN


def put_policy(house: House, connection: Connection) -> None:
    policy = {
        "policy": "clerks", "title": "Clerks", "roles": ["registrar"],
        "rules": [{"allow": ["create", "read", "search"], "on": ["people"]}],
    }  # fmt: skip
    house.policies.put(connection, json.dumps(policy), by=0)


def test_disabling_ends_sessions_tokens_and_links_and_enabling_brings_none_back(house: House) -> None:
    key, text = house.keys_of[cast.DOCTOR.name], house.enter(cast.DOCTOR)
    person = house.people.get(key)
    token = house.now(lambda connection: house.tokens.issue(connection, person, ["user/*.rs"])).text
    invitation = house.now(lambda connection: house.links.invite(connection, person)).rpartition("/")[2]
    assert house.tokens.verify(token).name == cast.DOCTOR.name
    assert house.links.invited(invitation) == key
    run(house.administration.disable(boss(house), key))
    shut = ((house.sessions.verify, text), (house.tokens.verify, token), (house.links.invited, invitation))
    for change in (house.administration.enable, None):
        for ask, secret in shut:
            with pytest.raises(Problem):
                ask(secret)
        if change is not None:
            run(change(boss(house), key))
    assert said(house)[:2] == [f"people/{key} disabled", f"people/{key} enabled"]


def test_an_invitation_chooses_a_password_once_and_looks_like_nothing_when_it_is_over(house: House) -> None:
    key = house.keys_of[cast.DOCTOR.name]
    first = run(house.administration.invite(boss(house), key)).rpartition("/")[2]
    second = run(house.administration.invite(boss(house), key)).rpartition("/")[2]
    answers = [refused(house.sign_in.by_invite(first, GOOD))]  # a newer one was made
    assert refused(house.sign_in.by_invite(second, "short"))[0] is Category.INVALID
    assert house.sign_in.invited(second).name == cast.DOCTOR.name
    run(house.sign_in.by_invite(second, GOOD))
    run(house.sign_in.by_password(cast.DOCTOR.name, GOOD))
    answers += [refused(house.sign_in.by_invite(text, GOOD)) for text in (second, "invented", "\ud800")]
    third = run(house.administration.invite(boss(house), key)).rpartition("/")[2]
    house.clock.forward(INVITED)
    answers.append(refused(house.sign_in.by_invite(third, GOOD)))
    assert len(set(answers)) == 1
    assert "invited" in said(house)[0]
    assert all(text not in " ".join(said(house)) for text in (first, second, third))


def test_an_invitation_is_no_sign_in_link_and_the_other_way_round(house: House) -> None:
    person = house.people.get(house.keys_of[cast.DOCTOR.name])
    invitation = house.now(lambda connection: house.links.invite(connection, person)).rpartition("/")[2]
    assert refused(house.sign_in.by_link(invitation))[0] is Category.FORBIDDEN
    link = house.now(lambda connection: house.links.issue(connection, person)).rpartition("/")[2]
    assert refused(house.sign_in.by_invite(link, GOOD))[0] is Category.FORBIDDEN
    run(house.sign_in.by_link(link))


def test_facilities_follow_the_person_into_sessions_and_personal_tokens(house: House) -> None:
    key, text = house.keys_of[cast.DOCTOR.name], house.enter(cast.DOCTOR)
    east = run(house.administration.add_facility(boss(house), "East", "Organization/east"))
    west = run(house.administration.add_facility(boss(house), "West"))
    run(house.administration.assign(boss(house), key, [east, west]))
    run(house.administration.link(boss(house), key, practitioner="okafor", patient=""))
    person = house.people.get(key)
    token = house.now(lambda connection: house.tokens.issue(connection, person, ["user/*.rs"])).text
    for actor in (house.sessions.verify(text).actor, house.tokens.verify(token)):
        assert actor.facilities == {"Organization/east", f"facility/{west}"}
        assert actor.practitioner == "okafor"
    run(house.administration.close_facility(boss(house), east))
    run(house.administration.assign(boss(house), key, [west]))
    assert house.sessions.verify(text).actor.facilities == {f"facility/{west}"}
    assert [(one.role, one.ended is None) for one in house.facilities.ever(key)] == [
        ("West", True),
        ("East", False),
    ]
    assert refused(house.administration.assign(boss(house), key, [east]))[0] is Category.INVALID
    assert refused(house.administration.add_facility(boss(house), "West"))[0] is Category.CONFLICT
    assert (
        refused(house.administration.add_facility(boss(house), "North", "Patient/1"))[0] is Category.INVALID
    )


def test_credentials_are_ended_with_a_reason_and_never_overwritten(house: House) -> None:
    key = house.keys_of[cast.NURSE.name]
    run(
        house.administration.add_credential(boss(house), key, "RN", "12", "Board", "2020-01-01", "2026-12-31")
    )
    one = house.credentials.of(key)[0]
    assert (one.holds("2026-12-31"), one.holds("2027-01-01"), one.holds("2019-12-31")) == (True, False, False)
    run(house.administration.end_credential(boss(house), key, one.id, "surrendered"))
    ended = house.credentials.of(key)[0]
    assert (ended.number, ended.reason, ended.holds("2026-01-01")) == ("12", "surrendered", False)
    other = house.keys_of[cast.DOCTOR.name]
    assert (
        refused(house.administration.end_credential(boss(house), other, one.id, "x"))[0] is Category.NOT_FOUND
    )
    for given in (
        ("", "1", "B", "", ""),
        ("RN", "1", "B", "2026-02-30", ""),
        ("RN", "1", "B", "2026-02-02", "2026-02-01"),
    ):
        assert refused(house.administration.add_credential(boss(house), key, *given))[0] is Category.INVALID
    assert len(house.credentials.of(key)) == 1


def test_factors_are_reset_for_who_lost_them_and_their_sessions_end(house: House) -> None:
    key, text = house.keys_of[cast.DOCTOR.name], house.enter(cast.DOCTOR)
    at = house.sessions.verify(text)
    run(house.own.add_passkey(at, SoftKey().made(run(house.own.offer_passkey(at))), "Key"))
    assert house.factors.of(key).any
    run(house.administration.reset_factors(boss(house), key))
    held = house.factors.of(key)
    assert (held.any, held.codes_left) == (False, 0)
    with pytest.raises(Problem):
        house.sessions.verify(text)


def test_a_token_is_taken_back_by_the_account_it_belongs_to(house: House) -> None:
    loader = house.now(lambda connection: house.people.client(connection, "Loader"))
    person = house.people.get(loader)
    issued = house.now(lambda connection: house.tokens.issue(connection, person, ["system/*.rs"]))
    other = house.keys_of[cast.DOCTOR.name]
    assert refused(house.administration.revoke_token(boss(house), other, issued.id))[0] is Category.NOT_FOUND
    house.tokens.verify(issued.text)
    run(house.administration.revoke_token(boss(house), loader, issued.id))
    with pytest.raises(Problem):
        house.tokens.verify(issued.text)


@pytest.mark.parametrize(
    ("display", "email"), [("", ""), ("\0\n ", ""), ("A", "no mail"), ("A", "a@b c"), ("A", "<a@b>")]
)
def test_a_name_or_address_that_will_not_do_changes_nothing(house: House, display: str, email: str) -> None:
    key = house.keys_of[cast.DOCTOR.name]
    before = house.people.get(key)
    assert refused(house.administration.describe(boss(house), key, display, email))[0] is Category.INVALID
    assert house.people.get(key) == before


def test_a_patient_s_session_knows_the_key_of_the_own_record(tmp_path: Path) -> None:
    clinic = Clinic.open(read({}, data=tmp_path / "data"), create=True)
    try:
        key = clinic.write(lambda connection: clinic.people.add(connection, "pat.kim", roles=["patient"]))
        tree = {"resourceType": "Patient", "id": "kim", "name": [{"family": "Kim"}]}
        writer = Actor(7, "tests", frozenset(), "tests", frozenset({"system/*.cruds"}))
        asyncio.run(clinic.gate.commit(writer, [Entry("PUT", "Patient", "kim", tree)], interaction="update"))
        clinic.write(lambda connection: clinic.people.link(connection, key, patient="kim"))
        text = clinic.write(lambda connection: clinic.sessions.open(connection, key))
        row = clinic.record.connection().one("SELECT key FROM resource WHERE id = 'kim'")
        assert row is not None
        assert clinic.sessions.verify(text).actor.patient == row[0]
        clinic.write(lambda connection: clinic.people.link(connection, key, patient="not-there"))
        clinic.generation.stale()
        assert clinic.sessions.verify(text).actor.patient is None
    finally:
        clinic.close()
