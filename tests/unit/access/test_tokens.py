"""Bearer tokens: kept as a hash, in force until they expire or are revoked, bounded in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from charthouse.access import generation as generation_module
from charthouse.access.generation import RECHECK_SECONDS, Generation, Remembered
from charthouse.access.people import Person
from charthouse.access.tokens import DAY, Issued, Tokens
from charthouse.base.errors import Problem, http_status
from tests import cast
from tests.unit.access.house import House


def loader(house: House) -> Person:
    return house.people.get(house.now(lambda connection: house.people.client(connection, "Loader 1")))


def issue(house: House, *granted: str, who: Person | None = None, **more: object) -> Issued:
    account = who or loader(house)
    wanted = granted or ("system/*.cruds",)
    return house.now(
        lambda connection: house.tokens.issue(connection, account, wanted, **more)  # type: ignore[arg-type]
    )


def refused(tokens: Tokens, text: str) -> str:
    with pytest.raises(Problem) as caught:
        tokens.verify(text)
    assert http_status(caught.value) == 401
    return caught.value.issues[0].code


def test_a_token_brings_its_client_scopes_and_row(house: House) -> None:
    issued = issue(house, "system/*.cruds", "system/Patient.r")
    actor = house.tokens.verify(issued.text)
    assert (actor.name, actor.client, actor.session) == ("Loader 1", "Loader 1", f"token:{issued.id}")
    assert actor.scopes == {"system/*.cruds", "system/Patient.r"}
    assert actor.roles == frozenset()


def test_a_token_lives_a_day_unless_told_otherwise(house: House) -> None:
    issued = issue(house)
    assert issued.expires == house.clock.ms + DAY
    house.clock.forward(DAY - 1)
    house.tokens.verify(issued.text)


@pytest.mark.parametrize("seen_before", [True, False])
def test_an_expired_token_is_refused(house: House, seen_before: bool) -> None:
    issued = issue(house, lifetime=1000)
    if seen_before:
        house.tokens.verify(issued.text)
    house.clock.forward(1000)
    assert refused(house.tokens, issued.text) == "expired"


def test_a_revoked_token_is_refused_at_once(house: House) -> None:
    issued = issue(house)
    house.tokens.verify(issued.text)
    assert house.now(lambda connection: house.tokens.revoke(connection, issued.id))
    house.generation.stale()
    assert refused(house.tokens, issued.text) == "login"
    assert not house.now(lambda connection: house.tokens.revoke(connection, issued.id))


def test_a_token_revoked_by_another_process_is_refused_after_the_recheck(house: House) -> None:
    moment = [100.0]
    generation = Generation(house.connection, clock=lambda: moment[0])
    tokens = Tokens(house.connection, generation, clock=house.clock)
    issued = issue(house)
    tokens.verify(issued.text)
    house.elsewhere(lambda connection: house.tokens.revoke(connection, issued.id))
    moment[0] += RECHECK_SECONDS
    assert refused(tokens, issued.text) == "login"


def test_all_tokens_of_an_account_can_be_revoked(house: House) -> None:
    texts = [issue(house).text for _ in range(3)]
    key = loader(house).id
    assert house.now(lambda connection: house.tokens.revoke_all(connection, key)) == 3
    house.generation.stale()
    assert [refused(house.tokens, text) for text in texts] == ["login"] * 3
    assert all(token.revoked for token in house.tokens.of(key))


def test_a_disabled_account_s_tokens_are_refused(house: House) -> None:
    issued = issue(house)
    house.tokens.verify(issued.text)
    key = loader(house).id
    house.now(lambda connection: house.people.disable(connection, key))
    house.generation.stale()
    assert refused(house.tokens, issued.text) == "login"


@pytest.mark.parametrize("text", ["", "x", "cht_", "cht_" + "A" * 43, "ü€", "\ud800", "a" * 100_000])
def test_a_token_that_was_never_made_is_refused(house: House, text: str) -> None:
    issue(house)
    assert refused(house.tokens, text) == "login"


def test_the_text_of_a_token_is_nowhere_in_the_record(small_house: House, tmp_path: Path) -> None:
    text = issue(small_house).text
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("record.db*"))
    assert b"Loader 1" in kept
    assert text.encode() not in kept
    assert text.removeprefix("cht_").encode() not in kept


def test_a_person_s_token_carries_roles_and_may_not_hold_system_scopes(house: House) -> None:
    doctor = house.people.find(cast.DOCTOR.name)
    assert doctor is not None
    issued = issue(house, "user/Observation.rs", who=doctor, client="App", patient=5, purpose="HRESCH")
    actor = house.tokens.verify(issued.text)
    assert (actor.roles, actor.client, actor.patient, actor.purpose) == (doctor.roles, "App", 5, "HRESCH")
    with pytest.raises(Problem, match="system/ scope cannot be given here"):
        issue(house, "system/*.cruds", who=doctor)
    with pytest.raises(Problem, match="user/ scope cannot be given here"):
        issue(house, "user/*.cruds")


def test_new_roles_reach_a_token_that_was_seen_before(house: House) -> None:
    stranger = house.people.find(cast.STRANGER.name)
    assert stranger is not None
    text = issue(house, "user/*.cruds", who=stranger).text
    assert not house.policy.may(house.tokens.verify(text), "Patient", "read")
    house.now(lambda connection: house.people.set_roles(connection, stranger.id, ["clinician"]))
    house.generation.stale()
    assert house.policy.may(house.tokens.verify(text), "Patient", "read")


def test_a_token_without_a_scope_or_a_life_is_not_made(house: House) -> None:
    account = loader(house)
    with pytest.raises(Problem, match="needs a scope"):
        house.now(lambda connection: house.tokens.issue(connection, account, []))
    with pytest.raises(Problem, match="must live"):
        house.now(lambda connection: house.tokens.issue(connection, account, ["system/*.r"], lifetime=0))
    assert house.tokens.of(account.id) == []


def test_a_verified_token_is_not_looked_up_again(small_house: House) -> None:
    text = issue(small_house).text
    first = small_house.tokens.verify(text)
    assert small_house.tokens.verify(text) is first


def test_what_is_remembered_is_bounded_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation_module, "REMEMBERED", 3)
    memory: Remembered[int] = Remembered(lambda: 1)
    assert memory.get(b"") is None
    for number in range(5):
        memory.put(bytes([number]), number)
    assert [memory.get(bytes([number])) for number in range(5)] == [None, None, 2, 3, 4]


def test_what_is_remembered_is_gone_when_the_generation_moves() -> None:
    moving = [1]
    memory: Remembered[str] = Remembered(lambda: moving[0])
    memory.get(b"")
    memory.put(b"k", "v")
    assert memory.get(b"k") == "v"
    moving[0] += 1
    assert memory.get(b"k") is None
