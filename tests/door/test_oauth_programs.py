"""Programs that are not who they say: forged assertions, wrong keys, bad registrations, doors that were shut since."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, RSAKey

from charthouse.access.oauth.assertion import LIFE, SKEW
from tests import cast
from tests.door.conftest import FORM, House
from tests.door.programs import CALLBACK, TOKEN, Program, bearer, public_key
from tests.door.test_oauth_attacks import READ, reads, refused

KEYED = {"token_endpoint_auth_method": "private_key_jwt"}


def segment(tree: Any) -> str:
    return urlsafe_b64encode(msgspec.json.encode(tree)).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def backend(house: House) -> Program:
    return Program.backend(house, "RSA")


@pytest.fixture(scope="module")
def doctor(house: House) -> dict[str, str]:
    return house.session(cast.DOCTOR)


@dataclass(frozen=True)
class Later:
    """So many seconds after the moment of the test, not of its collection."""

    seconds: int


class TestAssertions:
    """A program with a key is let in by a fresh assertion under that key, and by nothing else."""

    @pytest.mark.parametrize("kind", ["RSA", "EC"])
    def test_a_good_assertion_opens_what_was_approved_for_five_minutes(self, house: House, kind: str) -> None:
        feed = Program.backend(house, kind)
        got = feed.itself(
            "system/Patient.rs system/Observation.rs system/*.cruds user/Patient.rs openid"
        ).json()
        assert (got["scope"], got["expires_in"], got["token_type"]) == ("system/Patient.rs", 300, "Bearer")
        assert reads(house, got["access_token"]) == 200
        assert house.ask("GET", "/fhir/Observation", bearer(got["access_token"])).status_code == 403
        assert "refresh_token" not in got

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "somebody"}, {"sub": "somebody"}, {"iss": None}, {"sub": None}, {"aud": None},
            {"aud": "https://evil.example/oauth/token"}, {"aud": [TOKEN, "https://evil.example"]}, {"aud": []},
            {"aud": {}}, {"exp": None}, {"exp": Later(-1)}, {"exp": Later(LIFE + SKEW + 60)},
            {"exp": "9999999999"}, {"exp": True}, {"exp": -1}, {"exp": 1e300}, {"nbf": Later(120)},
            {"iat": Later(120)}, {"nbf": "x"}, {"jti": None}, {"jti": ""}, {"jti": 7}, {"jti": "x" * 256},
        ],
        ids=lambda claims: next(iter(claims)),
    )  # fmt: skip
    def test_claims_that_are_not_right_are_refused(self, backend: Program, claims: dict[str, Any]) -> None:
        now = int(time.time())
        sent = {
            name: now + value.seconds if isinstance(value, Later) else value for name, value in claims.items()
        }
        assert refused(backend.itself(assertion=backend.assertion(**sent)), "invalid_client")

    def test_an_assertion_is_good_once(self, backend: Program) -> None:
        held = backend.assertion()
        assert backend.itself(assertion=held).status_code == 200
        assert refused(backend.itself(assertion=held), "invalid_client")
        assert backend.itself(assertion=backend.assertion(jti="same")).status_code == 200
        assert refused(backend.itself(assertion=backend.assertion(jti="same")), "invalid_client")

    def test_no_signature_is_no_proof(self, backend: Program) -> None:
        head, claims, signature = backend.assertion().split(".")
        for alg in ("none", "None", "NONE", ""):
            forged = segment({"alg": alg, "kid": "one"})
            for sent in (f"{forged}.{claims}.", f"{forged}.{claims}.{signature}"):
                assert refused(backend.itself(assertion=sent), "invalid_client")
        for sent in (
            f"{head}.{claims}.",
            f"{head}.{claims}",
            f"{head}.{claims}.{signature[:-4]}AAAA",
            "..",
            "x",
            "a.b.c",
        ):
            assert refused(backend.itself(assertion=sent), "invalid_client")

    def test_a_public_key_is_no_shared_secret(self, backend: Program) -> None:
        """Key confusion: HMAC under the bytes of the public key in every usual form."""
        public = backend.key.public_key
        forms = [
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
            msgspec.json.encode(backend.key.as_dict(private=False)),
        ]
        claims = backend.assertion().split(".")[1]
        for alg, name in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512"), ("RS384", "sha384")):
            for key in forms:
                start = f"{segment({'alg': alg, 'kid': 'one'})}.{claims}"
                mark = hmac.digest(key, start.encode(), getattr(hashlib, name))
                sent = f"{start}.{urlsafe_b64encode(mark).rstrip(b'=').decode()}"
                assert refused(backend.itself(assertion=sent), "invalid_client")

    @pytest.mark.parametrize("alg", ["RS256", "RS512", "PS384"])
    def test_another_algorithm_under_the_right_key_is_refused(self, backend: Program, alg: str) -> None:
        assert refused(backend.itself(assertion=backend.assertion(header={"alg": alg})), "invalid_client")

    def test_a_key_of_another_kind_or_owner_is_refused(self, house: House, backend: Program) -> None:
        rogue, elliptic = RSAKey.generate_key(2048), ECKey.generate_key("P-384")
        assert refused(backend.itself(assertion=backend.assertion(key=rogue)), "invalid_client")
        forged = backend.assertion(key=elliptic, header={"alg": "ES384"})
        assert refused(backend.itself(assertion=forged), "invalid_client")
        stranger = Program.backend(house, "RSA")
        assert refused(backend.itself(assertion=backend.assertion(key=stranger.key)), "invalid_client")

    @pytest.mark.parametrize(
        "header",
        [{"kid": "../../one"}, {"kid": "/etc/passwd"}, {"kid": "one' OR '1'='1"}, {"kid": "https://evil.example/k"},
         {"kid": ""}, {"kid": "ONE"}, {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example/x"}],
        ids=str,
    )  # fmt: skip
    def test_a_header_points_nowhere(self, backend: Program, header: dict[str, Any]) -> None:
        assert refused(backend.itself(assertion=backend.assertion(header=header)), "invalid_client")

    def test_a_key_that_comes_along_is_not_used(self, backend: Program) -> None:
        rogue = RSAKey.generate_key(2048)
        forged = backend.assertion(key=rogue, header={"jwk": rogue.as_dict(private=False)})
        assert refused(backend.itself(assertion=forged), "invalid_client")

    def test_numbers_that_are_no_kid_are_refused(self, backend: Program) -> None:
        _, claims, signature = backend.assertion().split(".")
        for kid in (1, None, ["one"], {"a": 1}):
            sent = f"{segment({'alg': 'RS384', 'kid': kid})}.{claims}.{signature}"
            assert refused(backend.itself(assertion=sent), "invalid_client")

    def test_a_bomb_of_brackets_is_refused(self, backend: Program) -> None:
        bomb = urlsafe_b64encode(b"[" * 2500).rstrip(b"=").decode()
        head, _, signature = backend.assertion().split(".")
        assert refused(backend.itself(assertion=f"{head}.{bomb}.{signature}"), "invalid_client")
        assert refused(backend.itself(assertion=f"{bomb}.{bomb}.{signature}"), "invalid_client")

    def test_an_assertion_for_one_program_is_no_proof_of_another(
        self, house: House, backend: Program
    ) -> None:
        other = Program.backend(house)
        form = {"client_id": other.client_id}
        assert refused(backend.itself(assertion=backend.assertion(), **form), "invalid_client")

    @pytest.mark.parametrize(
        "scope", ["", "user/*.rs", "patient/Patient.r", "openid", "system/Observation.rs"]
    )
    def test_scopes_of_others_are_not_given(self, backend: Program, scope: str) -> None:
        assert refused(backend.itself(scope), "invalid_scope")


class TestProofs:
    """A program proves itself as it registered, and in no weaker way."""

    def test_a_program_with_a_key_gets_nothing_by_its_name_or_a_secret(
        self, house: House, backend: Program
    ) -> None:
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Patient.rs",
            "client_id": backend.client_id,
        }
        assert refused(backend.exchange(form), "invalid_client")
        assert refused(backend.exchange({**form, "client_secret": ""}), "invalid_client")
        assert refused(backend.exchange({**form, "client_secret": "x"}), "invalid_client")

    def test_a_secret_is_shown_once_kept_as_a_hash_and_needed(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        held = Program.registered(house, token_endpoint_auth_method="client_secret_basic")
        assert held.secret.startswith("chs_")
        kept = b"".join(file.read_bytes() for file in house.clinic.settings.data.glob("record.db*"))
        assert held.secret.encode() not in kept
        code = held.code(doctor)
        assert refused(held.redeem(code, client_secret="chs_wrong"), "invalid_client")
        assert refused(held.redeem(code, client_secret=None), "invalid_client")
        assert held.redeem(code).status_code == 200
        basic = {"authorization": "Basic " + b64encode(f"{held.client_id}:{held.secret}".encode()).decode()}
        form = {"grant_type": "authorization_code", "code": held.code(doctor), "redirect_uri": CALLBACK,
                "code_verifier": held.verifier}  # fmt: skip
        assert held.exchange(form, basic).status_code == 200

    @pytest.mark.parametrize(
        "coded", ["", "x", "Og==", b64encode(b"nobody:x").decode(), "%%%", b64encode(b"\xff:").decode()]
    )
    def test_a_basic_header_that_is_wrong_is_refused(self, backend: Program, coded: str) -> None:
        answer = backend.exchange({"grant_type": "refresh_token"}, {"authorization": f"Basic {coded}"})
        assert refused(answer, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")

    def test_two_proofs_at_once_are_refused(self, house: House, backend: Program) -> None:
        assert refused(backend.itself(client_secret="x", client_id=backend.client_id), "invalid_request")

    def test_a_public_program_gets_nothing_for_itself(self, house: House) -> None:
        public = Program.registered(house)
        form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_id": public.client_id}
        assert refused(public.exchange(form), "unauthorized_client")
        for kind, word in (("password", "unsupported_grant_type"), ("", "unsupported_grant_type")):
            assert refused(public.exchange({**form, "grant_type": kind}), word)

    def test_only_a_form_counts(self, house: House, backend: Program) -> None:
        query = urlencode({"grant_type": "client_credentials", "client_assertion": backend.assertion()})
        answer = house.ask("POST", f"/oauth/token?{query}", FORM)
        assert answer.status_code in (400, 401)
        assert house.ask("POST", "/oauth/token", json={"grant_type": "x"}).status_code == 400
        assert house.ask("GET", f"/oauth/token?{query}").status_code in (303, 401, 404, 405)
        assert house.ask("POST", "/oauth/token", FORM, content=b"a=" + b"b" * 70_000).status_code == 400
        assert house.ask("POST", "/oauth/token", FORM, content=b"\xff\xfe=%zz&&&=").status_code in (400, 401)


class TestRegistrations:
    """Anybody may register; nobody gets in by it."""

    def test_a_program_that_waits_was_refused_or_shut_can_do_nothing(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        waiting = Program.registered(house, approve=False)
        assert waiting.page(doctor).status_code == 400
        waiting.decide("refused")
        assert waiting.page(doctor).status_code == 400
        feed = Program.backend(house)
        token = feed.itself().json()["access_token"]
        feed.decide("disabled")
        assert refused(feed.itself(), "invalid_client")
        assert reads(house, token) == 401

    def test_shutting_a_program_ends_its_codes_tokens_and_refresh_tokens(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        shut = Program.registered(house)
        got, code = shut.redeem(shut.code(doctor, scope=f"{READ} offline_access")).json(), shut.code(doctor)
        shut.decide("disabled")
        assert reads(house, got["access_token"]) == 401
        assert refused(shut.redeem(code), "invalid_client")
        shut.decide("approved")
        assert reads(house, got["access_token"]) == 401
        assert refused(shut.redeem(code), "invalid_grant")
        assert refused(shut.refresh(got["refresh_token"]), "invalid_grant")

    def test_a_disabled_person_s_programs_are_shut_out(self, house: House) -> None:
        people, program, session = house.clinic.people, Program.registered(house), house.session(cast.NURSE)
        got = program.redeem(program.code(session, scope=f"{READ} offline_access")).json()
        key = house.people[cast.NURSE.name]
        house.clinic.write(lambda connection: people.disable(connection, key))
        house.clinic.generation.stale()
        assert reads(house, got["access_token"]) == 401
        assert refused(program.refresh(got["refresh_token"]), "invalid_grant")
        house.clinic.write(lambda connection: people.enable(connection, key))
        house.clinic.generation.stale()

    def test_another_password_ends_what_was_allowed_under_the_old_one(self, house: House) -> None:
        people, program, session = house.clinic.people, Program.registered(house), house.session(cast.NURSE)
        got = program.redeem(program.code(session, scope=f"{READ} offline_access")).json()
        key = house.people[cast.NURSE.name]

        def change(connection: Any) -> None:
            people.set_password(connection, key, "$argon2id$another")
            house.clinic.generation.bump(connection)

        house.clinic.write(change)
        house.clinic.generation.stale()
        assert reads(house, got["access_token"]) == 401
        assert refused(program.refresh(got["refresh_token"]), "invalid_grant")

    @pytest.mark.parametrize(
        "address",
        ["http://growth.example/cb", "https://growth.example/cb#x", "javascript:alert(1)", "data:text/html,x", "//x/cb",
         "https://user@growth.example/cb", "https://*.example/cb", "https://growth.example/../cb", "", "cb",
         "https://growth.example\\@evil.example/", "https://growth.example/a b", "https://gröwth.example/",
         "myapp://callback", "http://127.0.0.1.evil.example/", "https://", "https://x:99999/", "https://growth.example/%2e%2e/"],
    )  # fmt: skip
    def test_a_bad_redirect_uri_is_not_taken(self, house: House, address: str) -> None:
        answer = registration(house, redirect_uris=[CALLBACK, address])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")

    @pytest.mark.parametrize(
        "changed",
        [
            {"redirect_uris": []}, {"redirect_uris": CALLBACK}, {"client_name": ""}, {"client_name": 7},
            {"scope": "teapot"}, {"scope": "system/*.cruds"}, {"scope": ""}, {"grant_types": ["implicit"]},
            {"grant_types": ["client_credentials"]},
            {"token_endpoint_auth_method": "tls_client_auth"}, {"response_types": ["token"]}, {"contacts": ["x"]},
            {"initiate_login_uri": "http://evil.example/"}, {"token_endpoint_auth_method": "private_key_jwt"},
            KEYED | {"jwks_uri": "http://127.0.0.1/jwks"}, KEYED | {"jwks": {"keys": []}},
            KEYED | {"jwks": {"keys": [{"kty": "oct", "k": "eA", "kid": "a"}]}},
            KEYED | {"jwks": {"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]}},
        ],
        ids=str,
    )  # fmt: skip
    def test_a_bad_registration_names_what_is_wrong(self, house: House, changed: dict[str, Any]) -> None:
        answer = registration(house, **changed)
        assert answer.status_code == 400
        assert answer.json()["error"] in ("invalid_client_metadata", "invalid_redirect_uri")

    def test_weak_private_or_doubled_keys_are_not_taken(self, house: House) -> None:
        sound = ECKey.generate_key("P-384")
        wrong = [
            [public_key(ECKey.generate_key("P-256"), "a")],
            [{**sound.as_dict(private=True), "kid": "a"}],
            [public_key(sound, "a"), public_key(ECKey.generate_key("P-384"), "a")],
            [{**public_key(sound, "a"), "x": public_key(sound, "a")["y"]}],
            [{**public_key(sound, "a"), "use": "enc"}],
            [public_key(sound, "a")] * 21,
        ]
        for keys in wrong:
            answer = registration(house, token_endpoint_auth_method="private_key_jwt", jwks={"keys": keys})
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata"), keys

    @pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"\xff", b"1" * 70_000, b'{"a":' * 3000])
    def test_what_is_no_registration_is_refused(self, house: House, content: bytes) -> None:
        house.clinic.oauth._registrations.passed("127.0.0.1")
        answer = house.ask("POST", "/oauth/register", {"content-type": "application/json"}, content=content)
        assert answer.status_code == 400

    def test_one_address_cannot_flood_the_administrator(self, house: House) -> None:
        seen = [registration(house, fresh=False).status_code for _ in range(30)]
        assert (seen[0], seen[-1]) == (201, 429)
        house.clinic.oauth._registrations.passed("127.0.0.1")


def registration(house: House, *, fresh: bool = True, **changed: Any) -> httpx.Response:
    if fresh:
        house.clinic.oauth._registrations.passed("127.0.0.1")
    sent = {"client_name": "X", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "scope": "openid",
            **changed}  # fmt: skip
    return house.ask("POST", "/oauth/register", json=sent)


@pytest.fixture(autouse=True)
def _no_brake(house: House) -> None:
    """The brakes of the clinic count every test as the same caller."""
    house.clinic.oauth._registrations.passed("127.0.0.1")
    house.clinic.oauth._failures._failures.clear()


def test_guessing_is_slowed_down(house: House, backend: Program) -> None:
    seen = [backend.itself(assertion="x").status_code for _ in range(62)]
    assert (seen[0], seen[-1]) == (401, 429)
