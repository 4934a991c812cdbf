"""Accounts: names, roles, and the keys of the clinic."""

from __future__ import annotations

import pytest

from charthouse.access import keys
from charthouse.access.keys import Keys
from charthouse.access.people import CLIENT
from charthouse.base.errors import Category, Problem
from tests import cast
from tests.unit.access.house import House


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
