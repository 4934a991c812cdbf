"""Coming in: one-time links, passwords people chose, the brake on guessing, and the audit of it all."""

from __future__ import annotations

import asyncio
import threading
from hashlib import sha1
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.access import breached
from charthouse.access.breached import Breached
from charthouse.access.links import LIFETIME, PATH
from charthouse.access.passwords import Passwords
from charthouse.access.people import Person
from charthouse.access.signin import HOME
from charthouse.access.throttle import FAILURES_PER_ADDRESS, FAILURES_PER_NAME, WINDOW
from charthouse.access.weak import weakness
from charthouse.base.errors import Category, Problem, http_status
from charthouse.db.connect import connect
from tests import cast
from tests.unit.access.house import House

PASSWORD = "tulip cargo window seven"


def person(house: House, member: cast.Member = cast.DOCTOR) -> Person:
    found = house.people.find(member.name)
    assert found is not None
    return found


def link(house: House, member: cast.Member = cast.DOCTOR) -> str:
    path = house.now(lambda connection: house.links.issue(connection, person(house, member)))
    assert path.startswith(PATH)
    return path.removeprefix(PATH)


def with_password(house: House, member: cast.Member = cast.DOCTOR) -> None:
    hashed = asyncio.run(house.passwords.hashed(PASSWORD, name=member.name))
    assert hashed.startswith("$argon2id$")
    house.now(lambda connection: house.people.set_password(connection, person(house, member).id, hashed))


def audited(house: House) -> list[tuple[str, str, int, str]]:
    found = [entry.event for entry in house.reporting().latest().entries]
    return [(event.interaction, event.outcome, event.actor, event.query) for event in reversed(found)]


def status(caught: pytest.ExceptionInfo[Problem]) -> int:
    return http_status(caught.value)


def test_a_link_signs_in_with_a_session_cookie(house: House) -> None:
    header = asyncio.run(house.sign_in.by_link(link(house), address="192.0.2.1", agent="Browser")).cookie
    live = house.door.session({"cookie": header.partition(";")[0]})
    assert not isinstance(live, Problem)
    assert live.actor.name == cast.DOCTOR.name
    assert audited(house) == [("sign-in", "ok", house.keys_of[cast.DOCTOR.name], "link")]
    listed = house.sessions.of(live.actor.id)[0]
    assert (listed.address, listed.agent) == ("192.0.2.1", "Browser")


def test_a_link_used_twice_is_refused_the_second_time(house: House) -> None:
    text = link(house)
    asyncio.run(house.sign_in.by_link(text))
    with pytest.raises(Problem) as caught:
        asyncio.run(house.sign_in.by_link(text))
    assert status(caught) == 401
    assert [row[:2] for row in audited(house)] == [("sign-in", "ok"), ("sign-in-failed", "forbidden")]


def test_of_many_who_use_a_link_at_once_one_gets_in(house: House) -> None:
    text = link(house)
    start = threading.Barrier(8)
    outcomes: list[object] = []

    def use() -> None:
        connection = connect(house.place)
        start.wait()
        try:
            with connection.transaction():
                outcomes.append(house.links.redeem(connection, text))
        except Problem as failure:
            outcomes.append(failure.category)
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(Category.FORBIDDEN) == 7
    assert outcomes.count(house.keys_of[cast.DOCTOR.name]) == 1


def test_a_link_is_good_for_ten_minutes(house: House) -> None:
    early, late = link(house), link(house)
    house.clock.forward(LIFETIME - 1)
    asyncio.run(house.sign_in.by_link(early))
    house.clock.forward(1)
    with pytest.raises(Problem) as caught:
        asyncio.run(house.sign_in.by_link(late))
    assert status(caught) == 401
    assert LIFETIME == 10 * 60 * 1000


def test_used_old_and_invented_links_get_the_same_answer(house: House) -> None:
    used, old = link(house), link(house)
    asyncio.run(house.sign_in.by_link(used))
    house.clock.forward(LIFETIME)
    answers = []
    for text in (used, old, "invented", "\ud800"):
        with pytest.raises(Problem) as caught:
            asyncio.run(house.sign_in.by_link(text))
        answers.append(caught.value.issues)
    assert answers == [answers[0]] * 4


def test_a_disabled_person_gets_no_link_and_cannot_use_one(house: House) -> None:
    text = link(house)
    house.now(lambda connection: house.people.disable(connection, person(house).id))
    with pytest.raises(Problem, match="disabled"):
        link(house)
    with pytest.raises(Problem):
        asyncio.run(house.sign_in.by_link(text))
    house.now(lambda connection: house.people.enable(connection, person(house).id))
    asyncio.run(house.sign_in.by_link(text))


def test_nobody_has_a_password_until_they_choose_one(house: House) -> None:
    assert house.people.all()
    for account in house.people.all():
        assert not account.has_password
        for guess in ("", "admin", "password", account.name, "nobody has this password"):
            with pytest.raises(Problem) as caught:
                asyncio.run(house.sign_in.by_password(account.name, guess, address=account.name))
            assert status(caught) == 401


def test_a_chosen_password_signs_in(house: House) -> None:
    with_password(house)
    header = asyncio.run(house.sign_in.by_password(f" {cast.DOCTOR.name.upper()} ", PASSWORD)).cookie
    assert "HttpOnly" in header
    assert [row[:2] for row in audited(house)] == [("sign-in", "ok")]


def test_choosing_a_password_ends_the_other_sessions_and_asks_for_the_one_before(house: House) -> None:
    here, there = house.enter(cast.DOCTOR), house.enter(cast.DOCTOR)
    live = house.sessions.verify(here)
    asyncio.run(house.own.choose(live, PASSWORD))
    assert house.sessions.verify(here).actor == live.actor
    with pytest.raises(Problem):
        house.sessions.verify(there)
    for wrong in ("", "not this one at all"):
        with pytest.raises(Problem) as caught:
            asyncio.run(house.own.choose(live, "another good long one", current=wrong))
        assert status(caught) == 403
    asyncio.run(house.sign_in.by_password(cast.DOCTOR.name, PASSWORD))
    asyncio.run(house.own.choose(live, "another good long one", current=PASSWORD))
    with pytest.raises(Problem):
        asyncio.run(house.sign_in.by_password(cast.DOCTOR.name, PASSWORD))
    asyncio.run(house.sign_in.by_password(cast.DOCTOR.name, "another good long one"))
    assert [row[0] for row in audited(house)] == [
        "password-chosen", "sign-in-failed", "sign-in-failed", "sign-in", "password-chosen", "sign-in-failed",
        "sign-in",
    ]  # fmt: skip


def test_wrong_name_wrong_password_and_disabled_get_the_same_answer(house: House) -> None:
    with_password(house)
    with_password(house, cast.NURSE)
    house.now(lambda connection: house.people.disable(connection, person(house, cast.NURSE).id))
    answers = []
    tried = ((cast.DOCTOR.name, "wrong horse battery"), ("who.is.it", PASSWORD), (cast.NURSE.name, PASSWORD))
    for name, guess in tried:
        with pytest.raises(Problem) as caught:
            asyncio.run(house.sign_in.by_password(name, guess))
        answers.append((status(caught), caught.value.issues))
    assert answers == [answers[0]] * 3
    assert [row[3] for row in audited(house)] == [cast.DOCTOR.name, "who.is.it", cast.NURSE.name]


def test_after_too_many_failures_even_the_right_password_must_wait(house: House) -> None:
    with_password(house)

    async def guess() -> list[int]:
        found = await asyncio.gather(
            *(house.sign_in.by_password(cast.DOCTOR.name, f"wrong {turn}") for turn in range(20)),
            return_exceptions=True,
        )
        return sorted(http_status(failure) for failure in found if isinstance(failure, Problem))

    assert asyncio.run(guess()) == [401] * FAILURES_PER_NAME + [429] * (20 - FAILURES_PER_NAME)
    with pytest.raises(Problem, match="too many failed") as caught:
        asyncio.run(house.sign_in.by_password(cast.DOCTOR.name, PASSWORD))
    assert status(caught) == 429
    with pytest.raises(Problem) as other:
        asyncio.run(house.sign_in.by_password(cast.NURSE.name, PASSWORD))
    assert status(other) == 401


def test_guessing_links_from_one_address_is_slowed_for_that_address_only(small_house: House) -> None:
    good = link(small_house)
    for turn in range(FAILURES_PER_ADDRESS):
        with pytest.raises(Problem) as caught:
            asyncio.run(small_house.sign_in.by_link(f"guess {turn}", address="192.0.2.66"))
        assert status(caught) == 401
    with pytest.raises(Problem) as caught:
        asyncio.run(small_house.sign_in.by_link(good, address="192.0.2.66"))
    assert status(caught) == 429
    asyncio.run(small_house.sign_in.by_link(good, address="192.0.2.7"))


def test_many_sign_ins_that_succeed_are_not_slowed(small_house: House) -> None:
    for _ in range(FAILURES_PER_ADDRESS + 5):
        asyncio.run(small_house.sign_in.by_link(link(small_house), address="127.0.0.1"))


def test_signing_out_ends_the_session_and_removes_the_cookie(house: House) -> None:
    header = asyncio.run(house.sign_in.by_link(link(house))).cookie
    cookie = {"cookie": header.partition(";")[0]}
    live = house.door.session(cookie)
    assert not isinstance(live, Problem)
    gone = asyncio.run(house.sign_in.out(live.actor))
    assert "Max-Age=0" in gone
    assert isinstance(house.door.session(cookie), Problem)
    assert [row[0] for row in audited(house)] == ["sign-in", "sign-out"]


def test_a_sign_in_that_cannot_be_audited_does_not_happen(small_house: House) -> None:
    text = link(small_house)
    small_house.audit.close()
    with pytest.raises(Problem, match="nothing is shown"):
        asyncio.run(small_house.sign_in.by_link(text))
    sessions = small_house.sessions.of(small_house.keys_of[cast.DOCTOR.name])
    assert [session.in_force for session in sessions] == [False]


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "at least 12"),
        ("x" * 257, "at most 256"),
        (f"1 {cast.DOCTOR.name.upper()} 2 3 4", "user name"),
    ],
)
def test_a_password_that_will_not_do_is_refused_without_being_repeated(
    small_house: House, password: str, said: str
) -> None:
    with pytest.raises(Problem, match=said) as caught:
        asyncio.run(small_house.passwords.hashed(password, name=cast.DOCTOR.name))
    assert caught.value.issues[0].value is None
    assert password not in str(caught.value)


GUESSED = (
    "password1234", "Passw0rd2026!", "qwertyuiop12", "1qaz2wsx3edc", "aaaaaaaaaaaa", "abcabcabcabc",
    "Summer2026!!", "Winter2025Clinic", "letmein12345", "Charthouse2026", "adminadminadmin", "iloveyou12345",
    "12345678901234", "P@ssw0rdP@ssw0rd", "welcome2clinic", "zaq12wsxcde3", "Monday-Tuesday-1",
    "correct horse battery staple", "Ada Okafor 4711 xyz", "ada@harbor-4711",
)  # fmt: skip
FINE = (
    "tulip cargo window seven", "hT7#kk29!mPq", "three unrelated words here", "blue.kettle.9.hats",
    "Отличный длинный пароль", "\u6b63\u78ba\u99ac\u96fb\u6c60\u91d8\u66f8\u96f2\u5ddd\u5c71\u6d77\u7a7a",
)  # fmt: skip


@pytest.mark.parametrize("password", GUESSED)
def test_a_password_that_a_guesser_tries_first_is_refused(password: str) -> None:
    assert weakness(password, ("dr.okafor", "Dr Ada Okafor", "ada@harbor.example")) is not None


@pytest.mark.parametrize("password", FINE)
def test_a_password_that_nobody_guesses_is_taken(password: str) -> None:
    assert weakness(password, ("dr.okafor", "Dr Ada Okafor", "ada@harbor.example")) is None


@settings(deadline=None)
@given(st.text(max_size=256), st.lists(st.text(max_size=40), max_size=3))
def test_any_text_at_all_is_judged(password: str, about: list[str]) -> None:
    weakness(password, about)


@settings(deadline=None)
@given(
    words=st.sets(st.text("abcdefgh0123", min_size=1, max_size=9), min_size=1, max_size=200),
    with_counts=st.booleans(),
)
def test_a_list_of_hashes_is_searched_as_if_it_were_read_whole(
    tmp_path_factory: pytest.TempPathFactory, words: set[str], *, with_counts: bool
) -> None:
    hashes = sorted(sha1(word.encode()).hexdigest().upper() for word in words)
    file = tmp_path_factory.mktemp("list") / "list.txt"
    file.write_text(
        "".join(f"{one}{f':{turn**5}' if with_counts else ''}\n" for turn, one in enumerate(hashes))
    )
    listed = Breached(file)
    assert all(word in listed for word in words)
    assert not any(f"{word}!" in listed for word in words)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_list_of_plain_passwords_is_searched_line_by_line(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breached, "CHUNK", 7)
    file = tmp_path / "list.txt"
    words = ["first one here", "second", "\u00fcmlaut line", "the last one"]
    file.write_bytes(ending.join(words).encode())
    listed = Breached(file)
    assert all(word in listed for word in words)
    assert not any(word in listed for word in ("", "first", "one here", "second\nthird", "last one", "here"))


def test_a_list_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    unsorted = tmp_path / "unsorted"
    unsorted.write_text(
        "".join(f"{one}\n" for one in sorted((sha1(b"%d" % n).hexdigest() for n in range(99)), reverse=True))
    )
    empty = tmp_path / "empty"
    empty.write_text("")
    for path in (unsorted, empty, tmp_path / "not-there", tmp_path):
        with pytest.raises(Problem) as caught:
            Breached(path)
        assert caught.value.category is Category.INVALID
        assert caught.value.issues[0].place == "CHARTHOUSE_PASSWORD_LIST"


def test_a_listed_password_is_refused_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{PASSWORD}\n")
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1), listed=Breached(file))
    with pytest.raises(Problem, match="stolen") as caught:
        asyncio.run(passwords.hashed(PASSWORD))
    assert PASSWORD not in str(caught.value)
    file.unlink()
    with pytest.raises(Problem) as broken:
        asyncio.run(passwords.hashed("another good long one"))
    assert broken.value.category is Category.FAULT


def test_what_failed_before_a_restart_still_counts(house: House) -> None:
    with_password(house)
    for turn in range(FAILURES_PER_NAME):
        with pytest.raises(Problem):
            asyncio.run(house.sign_in.by_password(cast.DOCTOR.name, f"wrong {turn}"))
    with pytest.raises(Problem) as caught:
        asyncio.run(house.again().sign_in.by_password(cast.DOCTOR.name, PASSWORD))
    assert status(caught) == 429
    kept = house.connection.run("SELECT key FROM failed_sign_in")
    assert all(cast.DOCTOR.name.encode() not in bytes(row[0]) for row in kept)
    house.clock.forward(WINDOW)
    asyncio.run(house.again().sign_in.by_password(cast.DOCTOR.name, PASSWORD))


def test_a_program_of_the_house_lets_a_person_in_only_if_the_account_is_open(house: House) -> None:
    key = person(house).id
    entered = asyncio.run(house.sign_in.enter(key, "Example Provider"))
    assert entered.place == HOME
    assert audited(house)[-1] == ("sign-in", "ok", key, "Example Provider")
    house.now(lambda connection: house.people.disable(connection, key))
    with pytest.raises(Problem) as caught:
        asyncio.run(house.sign_in.enter(key, "Example Provider"))
    assert status(caught) == 401
