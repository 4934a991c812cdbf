"""What is told about tokens and to whom, what the discovery documents promise, and which pages may read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from charthouse.access.oauth.jwks import MINUTE
from charthouse.access.oauth.metadata import DISCOVERY, SMART
from tests import cast
from tests.door.conftest import FORM, House
from tests.door.programs import BASE, CALLBACK, Program, bearer, public_key
from tests.door.test_oauth_attacks import READ, reads, refused

ORIGIN = "https://growth.example"


@pytest.fixture(scope="module")
def doctor(house: House) -> dict[str, str]:
    return house.session(cast.DOCTOR)


@pytest.fixture(scope="module")
def secretive(house: House) -> Program:
    return Program.registered(house, token_endpoint_auth_method="client_secret_post", client_name="Secretive")


@pytest.fixture(autouse=True)
def _no_brake(house: House) -> None:
    """The brakes of the clinic count every test as the same caller."""
    house.clinic.oauth._registrations.passed("127.0.0.1")


def ask(program: Program, path: str, token: str, **changed: str) -> httpx.Response:
    form = {"token": token, **program.proof(), **changed}
    return program.house.ask("POST", path, FORM, content=urlencode(form))


class TestIntrospection:
    """RFC 7662."""

    def test_a_program_learns_of_its_own_token(
        self, house: House, secretive: Program, doctor: dict[str, str]
    ) -> None:
        got = secretive.redeem(secretive.code(doctor, scope=f"openid {READ}")).json()
        told = ask(secretive, "/oauth/introspect", got["access_token"]).json()
        assert (told["active"], told["client_id"], told["scope"]) == (True, secretive.client_id, got["scope"])
        assert (told["patient"], told["iss"], told["aud"]) == (house.ids["Patient"], "http://localhost", BASE)

    def test_what_is_not_in_force_not_known_or_another_s_is_not_active_and_nothing_more(
        self, house: House, secretive: Program, doctor: dict[str, str]
    ) -> None:
        public, feed = Program.registered(house), Program.backend(house)
        theirs = public.redeem(public.code(doctor)).json()["access_token"]
        ended = secretive.redeem(secretive.code(doctor)).json()["access_token"]
        ask(secretive, "/oauth/revoke", ended)
        everything = house.everything["authorization"].removeprefix("Bearer ")
        for token in (theirs, ended, "cht_x", "", feed.itself().json()["access_token"], everything):
            answer = ask(secretive, "/oauth/introspect", token or " ")
            assert answer.json() == {"active": False}, answer.text

    def test_a_resource_server_with_the_right_learns_of_others(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        public, server = Program.registered(house), Program.backend(house)
        token = public.redeem(public.code(doctor)).json()["access_token"]
        assert ask(server, "/oauth/introspect", token).json() == {"active": False}
        server.decide("approved", inspects=True)
        assert ask(server, "/oauth/introspect", token).json()["client_id"] == public.client_id

    def test_a_public_program_or_none_may_not_ask(self, house: House, doctor: dict[str, str]) -> None:
        public = Program.registered(house)
        token = public.redeem(public.code(doctor)).json()["access_token"]
        assert refused(ask(public, "/oauth/introspect", token), "invalid_client")
        assert refused(
            house.ask("POST", "/oauth/introspect", FORM, content=f"token={token}"), "invalid_client"
        )
        assert refused(
            house.ask("POST", "/oauth/introspect", {**FORM, **bearer(token)}, content=f"token={token}"),
            "invalid_client",
        )


class TestRevocation:
    """RFC 7009."""

    def test_an_access_token_ends_alone_and_a_refresh_token_with_all(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        program = Program.registered(house)
        first = program.redeem(program.code(doctor, scope=f"{READ} offline_access")).json()
        second = program.refresh(first["refresh_token"]).json()
        assert ask(program, "/oauth/revoke", first["access_token"]).status_code == 200
        assert (reads(house, first["access_token"]), reads(house, second["access_token"])) == (401, 200)
        assert ask(program, "/oauth/revoke", second["refresh_token"]).status_code == 200
        assert reads(house, second["access_token"]) == 401

    def test_the_token_of_another_stays_and_the_answer_is_the_same(
        self, house: House, secretive: Program, doctor: dict[str, str]
    ) -> None:
        program = Program.registered(house)
        got = program.redeem(program.code(doctor, scope=f"{READ} offline_access")).json()
        for token in (got["access_token"], got["refresh_token"], "cht_x"):
            answer = ask(secretive, "/oauth/revoke", token)
            assert (answer.status_code, answer.content) == (200, b"")
        assert reads(house, got["access_token"]) == 200
        assert program.refresh(got["refresh_token"]).status_code == 200


class TestIdentity:
    """OpenID Connect."""

    def test_the_id_token_is_signed_by_the_published_key_and_is_for_this_program(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        clinic, key = house.clinic, house.people[cast.DOCTOR.name]
        clinic.write(lambda connection: clinic.people.link(connection, key, practitioner="okafor"))
        clinic.generation.stale()
        program = Program.registered(house)
        code = program.code(doctor, scope=f"openid fhirUser {READ}", nonce="n-1")
        got = program.redeem(code).json()
        keys = KeySet.import_key_set(house.ask("GET", "/oauth/jwks").json())
        claims = jwt.decode(got["id_token"], keys, algorithms=["ES256"]).claims
        assert (claims["iss"], claims["aud"], claims["nonce"]) == (
            "http://localhost",
            program.client_id,
            "n-1",
        )
        assert claims["fhirUser"] == got["fhirUser"] == f"{BASE}/Practitioner/okafor"
        assert cast.DOCTOR.name not in str(claims)
        assert "d" not in house.ask("GET", "/oauth/jwks").json()["keys"][0]
        assert claims["exp"] - claims["iat"] <= 300

    def test_an_id_token_opens_nothing(self, house: House, doctor: dict[str, str]) -> None:
        program = Program.registered(house)
        got = program.redeem(program.code(doctor, scope="openid user/Patient.rs")).json()
        assert reads(house, got["id_token"]) == 401


class TestDiscovery:
    """The documents tell what is, under the address they were asked at."""

    def test_each_endpoint_that_is_told_is_there(self, house: House) -> None:
        told = house.ask("GET", SMART).json()
        assert all(house.ask("GET", path).json() == told for path in DISCOVERY)
        assert (told["issuer"], told["code_challenge_methods_supported"]) == ("http://localhost", ["S256"])
        for name, address in told.items():
            if name.endswith("_endpoint") or name == "jwks_uri":
                method = (
                    "GET" if name in ("jwks_uri", "authorization_endpoint", "management_endpoint") else "POST"
                )
                assert house.ask(method, address.removeprefix("http://localhost")).status_code in (
                    200,
                    303,
                    400,
                    401,
                ), name
        wanted = {"launch-ehr", "launch-standalone", "client-confidential-asymmetric", "permission-v2"}
        assert wanted < set(told["capabilities"])

    def test_a_forged_host_is_not_believed(self, house: House) -> None:
        told = house.ask("GET", SMART, {"host": "evil.example"}).json()
        assert "evil" not in str(told)

    def test_the_capability_statement_tells_the_same(self, house: House) -> None:
        told, security = (
            house.ask("GET", SMART).json(),
            house.ask("GET", "/fhir/metadata").json()["rest"][0]["security"],
        )
        named = {one["url"]: one["valueUri"] for one in security["extension"][0]["extension"]}
        assert named["authorize"] == told["authorization_endpoint"]
        assert named["token"] == told["token_endpoint"]
        assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"


class TestOrigins:
    """Pages where an approved program lives may read answers; others may not, and cookies never count."""

    PREFLIGHT: ClassVar = {
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }

    @pytest.mark.parametrize(
        "path", ["/fhir/Patient", "/oauth/token", "/fhir/.well-known/smart-configuration"]
    )
    def test_a_page_of_an_approved_program_is_answered(
        self, house: House, doctor: dict[str, str], path: str
    ) -> None:
        Program.registered(house)
        answer = house.ask("OPTIONS", path, {"origin": ORIGIN, **self.PREFLIGHT})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, ORIGIN)
        assert "access-control-allow-credentials" not in answer.headers
        answer = house.ask("GET", path, {"origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "origin" in answer.headers["vary"].lower()

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "null", "https://growth.example.evil.example", "http://growth.example", ""],
    )
    def test_a_page_of_nobody_is_not(self, house: House, origin: str) -> None:
        for method in ("OPTIONS", "GET"):
            answer = house.ask(method, "/fhir/Patient", {"origin": origin, **self.PREFLIGHT})
            assert "access-control-allow-origin" not in answer.headers
            assert answer.status_code != 204

    def test_a_program_that_waits_or_was_shut_opens_no_origin(self, house: House) -> None:
        address = "https://late.example/cb"
        late = Program.registered(house, approve=False, redirect_uris=[address], initiate_login_uri=None)
        for status in (None, "approved", "disabled"):
            if status:
                late.decide(status)
            answer = house.ask("GET", "/fhir/metadata", {"origin": "https://late.example"})
            assert ("access-control-allow-origin" in answer.headers) is (status == "approved")

    def test_pages_and_registration_are_for_no_other_origin(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        for path in ("/", "/apps", "/oauth/authorize", "/oauth/register", "/oauth/introspect"):
            assert (
                "access-control-allow-origin"
                not in house.ask("GET", path, {"origin": ORIGIN, **doctor}).headers
            )


class TestRotation:
    """Keys that lie elsewhere: fetched, kept, renewed for a kid that is not known, at most once a minute."""

    @pytest.fixture
    def shelf(self, house: House, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        held: dict[str, Any] = {"asked": 0, "keys": [], "wrong": None}

        async def fetch(address: str) -> bytes:
            held["asked"] += 1
            assert address == "https://feed.example/jwks"
            if held["wrong"]:
                raise held["wrong"]
            return httpx.Response(200, json={"keys": held["keys"]}).content

        keyring = house.clinic.oauth.keyring
        monkeypatch.setattr(keyring, "_fetch", fetch)
        monkeypatch.setattr(keyring, "_held", {})
        monkeypatch.setattr(keyring, "_clock", lambda: held.get("now", 10 * MINUTE))
        return held

    def feed(self, house: House, shelf: dict[str, Any]) -> Program:
        found = Program.backend(house, jwks=None, jwks_uri="https://feed.example/jwks")
        shelf["keys"] = [public_key(found.key, "one")]
        return found

    def test_a_new_key_is_found_and_a_withdrawn_one_is_not(self, house: House, shelf: dict[str, Any]) -> None:
        feed = self.feed(house, shelf)
        assert (feed.itself().status_code, feed.itself().status_code, shelf["asked"]) == (200, 200, 1)
        old, feed.key, feed.kid = feed.key, ECKey.generate_key("P-384"), "two"
        shelf["keys"] = [public_key(feed.key, "two")]
        assert refused(feed.itself(), "invalid_client")  # within the minute nothing is asked
        assert shelf["asked"] == 1
        shelf["now"] = 11 * MINUTE
        assert (feed.itself().status_code, shelf["asked"]) == (200, 2)
        forged = feed.assertion(key=old, header={"kid": "one"})
        assert refused(feed.itself(assertion=forged), "invalid_client")

    def test_unknown_kids_make_us_ask_once_a_minute_at_most(
        self, house: House, shelf: dict[str, Any]
    ) -> None:
        feed = self.feed(house, shelf)
        for number in range(20):
            assert refused(
                feed.itself(assertion=feed.assertion(header={"kid": f"x{number}"})), "invalid_client"
            )
        assert shelf["asked"] == 1

    @pytest.mark.parametrize("wrong", [OSError("gone"), TimeoutError()])
    def test_a_key_set_that_cannot_be_had_is_a_refusal_and_the_old_one_holds_for_an_hour(
        self, house: House, shelf: dict[str, Any], wrong: Exception
    ) -> None:
        feed = self.feed(house, shelf)
        assert feed.itself().status_code == 200
        shelf["wrong"] = wrong
        for minutes, expected in ((25, 200), (69, 200), (71, 401)):
            shelf["now"] = minutes * MINUTE
            assert feed.itself().status_code == expected, minutes

    def test_the_way_out_is_guarded(self, house: House) -> None:
        feed = Program.backend(house, jwks=None, jwks_uri="https://localhost/jwks")
        assert refused(feed.itself(), "invalid_client")


def test_each_act_is_in_the_audit_with_program_scopes_and_patient(
    house: House, doctor: dict[str, str]
) -> None:
    program = Program.registered(house)
    got = program.redeem(program.code(doctor, scope=f"{READ} offline_access")).json()
    program.redeem("x")
    ask(program, "/oauth/revoke", got["refresh_token"])
    events = [one.event for one in house.events() if f"client={program.client_id}" in one.event.query]
    told: Callable[[str], Any] = lambda word: next(one for one in events if one.interaction == word)  # noqa: E731
    words = (
        "app-registered",
        "app-approved",
        "app-authorised",
        "token-issued",
        "token-refused",
        "token-revoked",
    )
    assert {one.interaction for one in events} == set(words)
    issued = told("token-issued")
    assert (issued.actor, issued.client) == (house.people[cast.DOCTOR.name], program.client_id)
    assert f"scopes={got['scope']}" in issued.query
    assert list(issued.patients) == list(told("app-authorised").patients) != []
    assert told("token-refused").outcome == "invalid_grant"
    secrets = (got["access_token"], got["refresh_token"], program.verifier, CALLBACK)
    assert not [one for one in events for secret in secrets if secret in str(one)]
