"""The authorisation server over both databases, with a clock that is turned: what lasts, and what ends what."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from charthouse.access.actor import Actor
from charthouse.access.oauth.authorize import Asked
from charthouse.access.oauth.code import CODE_LIFE
from charthouse.access.oauth.exchange import DAY, LONGEST, REFRESH, RENEWABLE, SINGLE
from charthouse.access.oauth.grants import Context
from charthouse.access.oauth.launch import LIFETIME
from charthouse.access.oauth.refusal import word
from charthouse.access.oauth.server import OAuth
from charthouse.access.sessions import IDLE
from charthouse.base.errors import Problem
from charthouse.fhir import definitions
from tests import cast
from tests.unit.access.house import House

BASE = "http://localhost:8080/fhir"
BACK = "https://app.example/back"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPE = "launch user/Patient.rs user/Observation.rs offline_access online_access"
ABOUT = Context("amara", 77, "visit")


class Server:
    """A house with its authorisation server, and one approved public program."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.oauth = OAuth(
            house.connection, house.people, house.tokens, house.policy, house.generation, house.audit, house.keys,
            house.write, definitions.load(), clock=house.clock,
        )  # fmt: skip
        self.runner = asyncio.Runner()
        self.client_id = self.register()
        self.doctor = self.enter(cast.DOCTOR)

    def register(self, *, approve: bool = True, **changed: Any) -> str:
        sent = {"client_name": "App", "redirect_uris": [BACK], "initiate_login_uri": "https://app.example/start",
                "token_endpoint_auth_method": "none", "scope": SCOPE, **changed}  # fmt: skip
        client_id = str(self.run(self.oauth.register(sent))["client_id"])
        if approve:
            self.run(
                self.oauth.decide(self.enter(cast.ADMINISTRATOR), self.oauth.apps.get(client_id), "approved")
            )
        return client_id

    def enter(self, member: cast.Member) -> Actor:
        return self.house.sessions.verify(self.house.enter(member)).actor

    def run(self, job: Any) -> Any:
        return self.runner.run(job)

    def asked(self, actor: Actor | None = None, **changed: str) -> Asked:
        sent = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": BACK, "scope": "user/Patient.rs",
            "state": "s", "aud": BASE, "code_challenge": CHALLENGE, "code_challenge_method": "S256", **changed,
        }  # fmt: skip
        target = self.oauth.authorize.target(sent)
        return self.oauth.authorize.read(target, sent, actor or self.doctor, BASE, known=False)

    def code(
        self, scope: str = "user/Patient.rs", actor: Actor | None = None, context: Context = ABOUT
    ) -> str:
        asked = self.asked(actor, scope=scope)
        address = self.run(self.oauth.allow(actor or self.doctor, asked, asked.scopes, context, BASE))
        return parse_qs(urlsplit(address).query)["code"][0]

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        return dict(self.run(self.oauth.token([*form.items(), ("client_id", self.client_id)], None, BASE)))

    def redeem(self, code: str) -> dict[str, Any]:
        return self.token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": BACK,
                "code_verifier": VERIFIER,
            }
        )

    def refresh(self, token: str) -> dict[str, Any]:
        return self.token({"grant_type": "refresh_token", "refresh_token": token})

    def works(self, got: Mapping[str, Any]) -> bool:
        try:
            self.house.tokens.verify(got["access_token"])
        except Problem:
            return False
        return True


@pytest.fixture
def server(house: House) -> Any:
    made = Server(house)
    yield made
    made.runner.close()


def refused(job: Any, *given: Any) -> str:
    with pytest.raises(Problem) as caught:
        job(*given)
    return word(caught.value)


def test_a_code_becomes_a_token_of_the_person_for_that_patient(server: Server) -> None:
    got = server.redeem(server.code())
    actor = server.house.tokens.verify(got["access_token"])
    assert (actor.id, actor.client, actor.patient) == (server.doctor.id, server.client_id, 77)
    assert (actor.roles, actor.scopes) == (cast.DOCTOR.roles, {"user/Patient.rs"})
    assert (got["patient"], got["encounter"], got["token_type"]) == ("amara", "visit", "Bearer")


def test_a_code_lives_for_a_minute(server: Server) -> None:
    code, late = server.code(), server.code()
    server.house.clock.forward(CODE_LIFE - 1)
    assert server.works(server.redeem(code))
    server.house.clock.forward(1)
    assert refused(server.redeem, late) == "invalid_grant"


def test_of_two_who_turn_in_the_same_code_at_once_one_gets_it_and_neither_keeps_it(server: Server) -> None:
    code = server.code()
    form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK),
            ("code_verifier", VERIFIER), ("client_id", server.client_id)]  # fmt: skip

    async def both() -> list[Any]:
        return await asyncio.gather(
            *(server.oauth.token(form, None, BASE) for _ in range(2)), return_exceptions=True
        )

    got = [one for one in server.run(both()) if isinstance(one, dict)]
    assert len(got) == 1
    assert not server.works(got[0])


def test_a_token_lives_for_an_hour_or_a_quarter_where_it_can_be_renewed(server: Server) -> None:
    single, renewable = (
        server.redeem(server.code()),
        server.redeem(server.code("user/Patient.rs offline_access")),
    )
    assert (single["expires_in"] * 1000, renewable["expires_in"] * 1000) == (SINGLE, RENEWABLE)
    server.house.clock.forward(RENEWABLE)
    assert (server.works(single), server.works(renewable)) == (True, False)
    assert server.works(server.refresh(renewable["refresh_token"]))


def test_offline_access_that_is_used_goes_on_for_a_year_and_no_longer(server: Server) -> None:
    got = server.redeem(server.code("user/Patient.rs offline_access"))
    begun = server.house.clock.ms
    while server.house.clock.ms + 80 * DAY < begun + LONGEST:
        server.house.clock.forward(80 * DAY)
        got = server.refresh(got["refresh_token"])
    server.house.clock.forward(LONGEST - (server.house.clock.ms - begun))
    assert refused(server.refresh, got["refresh_token"]) == "invalid_grant"


def test_offline_access_that_is_not_used_ends(server: Server) -> None:
    got = server.redeem(server.code("user/Patient.rs offline_access"))
    server.house.clock.forward(REFRESH)
    assert refused(server.refresh, got["refresh_token"]) == "invalid_grant"


def test_online_access_ends_when_the_person_is_away_or_signs_out(server: Server) -> None:
    got = server.redeem(server.code("user/Patient.rs online_access"))
    server.house.clock.forward(IDLE)
    assert refused(server.refresh, got["refresh_token"]) == "invalid_grant"
    other = server.enter(cast.DOCTOR)
    got = server.redeem(server.code("user/Patient.rs online_access", other))
    number = int((other.session or "").partition(":")[2])
    server.house.now(lambda connection: server.house.sessions.end(connection, number))
    server.house.generation.stale()
    assert not server.works(got)
    assert refused(server.refresh, got["refresh_token"]) == "invalid_grant"


def test_a_launch_lives_for_minutes_and_is_used_up_by_a_no(server: Server) -> None:
    app = server.oauth.apps.get(server.client_id)

    def start() -> str:
        address = server.run(server.oauth.start(server.doctor, app, ABOUT, BASE))
        return parse_qs(urlsplit(address).query)["launch"][0]

    launch, late = start(), start()
    asked = server.asked(scope="launch user/Patient.rs", launch=launch)
    assert asked.launch is not None
    assert (asked.launch.patient, asked.launch.encounter) == ("amara", "visit")
    told = server.run(server.oauth.deny(server.doctor, asked, BASE))
    assert "error=access_denied" in told
    assert refused(lambda: server.asked(launch=launch)) == "invalid_request"
    server.house.clock.forward(LIFETIME)
    assert refused(lambda: server.asked(launch=late)) == "invalid_request"


def test_a_person_takes_back_what_they_allowed_and_nobody_else_s(server: Server) -> None:
    nurse = server.enter(cast.NURSE)
    mine = server.redeem(server.code("user/Patient.rs offline_access"))
    theirs = server.redeem(server.code("user/Patient.rs", nurse))
    (listed,) = server.oauth.grants.of(server.doctor.id)
    assert (listed.client_id, listed.is_active, listed.is_offline, listed.patients) == (
        server.client_id,
        True,
        True,
        1,
    )
    server.run(server.oauth.withdraw(server.doctor, server.client_id))
    assert (server.works(mine), server.works(theirs)) == (False, True)
    assert server.oauth.grants.of(server.doctor.id) == []
    assert not server.oauth.grants.allowed_before(
        server.doctor, server.oauth.apps.get(server.client_id), frozenset({"user/Patient.rs"})
    )


def test_ending_all_tokens_of_an_account_ends_what_it_allowed(server: Server) -> None:
    got = server.redeem(server.code("user/Patient.rs offline_access"))
    server.house.now(lambda connection: server.house.tokens.revoke_all(connection, server.doctor.id))
    server.house.generation.stale()
    assert not server.works(got)
    assert refused(server.refresh, got["refresh_token"]) == "invalid_grant"


def test_only_an_administrator_decides(server: Server) -> None:
    waiting = server.oauth.apps.get(server.register(approve=False))
    for member in (cast.DOCTOR, cast.PATIENT, cast.STRANGER):
        with pytest.raises(Problem, match="may not use update on apps"):
            server.run(server.oauth.decide(server.enter(member), waiting, "approved"))
    assert server.oauth.apps.get(waiting.client_id).status == "pending"
    with pytest.raises(Problem, match="Leave one ticked"):
        server.run(server.oauth.decide(server.enter(cast.ADMINISTRATOR), waiting, "approved", allowed=[]))


def test_scopes_that_are_narrowed_later_bind_the_next_token(server: Server) -> None:
    got = server.redeem(server.code("user/Patient.rs user/Observation.rs offline_access"))
    app = server.oauth.apps.get(server.client_id)
    kept = ["user/Patient.rs", "offline_access"]
    server.run(server.oauth.decide(server.enter(cast.ADMINISTRATOR), app, "approved", allowed=kept))
    assert server.refresh(got["refresh_token"])["scope"] == "offline_access user/Patient.rs"


def test_a_new_secret_voids_the_old_one(server: Server) -> None:
    told = server.run(server.oauth.register({
        "client_name": "Held", "redirect_uris": [BACK], "scope": SCOPE,
        "token_endpoint_auth_method": "client_secret_basic",
    }))  # fmt: skip
    app, administrator = server.oauth.apps.get(told["client_id"]), server.enter(cast.ADMINISTRATOR)
    assert app.knows(told["client_secret"])
    fresh = server.run(server.oauth.renew_secret(administrator, app))
    again = server.oauth.apps.get(app.client_id)
    assert (again.knows(fresh), again.knows(told["client_secret"]), again.knows("")) == (True, False, False)
    assert "secret=" not in repr(again)


def test_a_patient_s_rights_to_their_own_record_do_not_go_along_to_another_s(server: Server) -> None:
    own = server.enter(cast.PATIENT)
    person = server.house.people.get(own.id)
    issued = server.house.now(
        lambda connection: server.house.tokens.issue(connection, person, ["patient/*.rs"], patient=77)
    )
    assert server.house.tokens.verify(issued.text).roles == frozenset()


def test_old_tokens_of_a_feed_go_but_no_number_is_given_twice(server: Server) -> None:
    tokens, app = server.house.tokens, server.oauth.apps.get(server.client_id)
    feed = server.house.people.get(app.account)

    def issue() -> int:
        return server.house.now(
            lambda connection: tokens.issue(connection, feed, ["system/*.rs"], lifetime=1, app=app.id)
        ).id

    ids = [issue() for _ in range(3)]
    server.house.now(
        lambda connection: server.oauth._codes.forget(connection, feed.id, server.house.clock.ms + 2)
    )
    assert [one.id for one in tokens.of(feed.id)] == [ids[-1]]
    assert issue() > ids[-1]
