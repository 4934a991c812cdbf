"""Everything a token may be but sound, and keys that rotate."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from charthouse.base.errors import Problem
from tests import cast, openid
from tests.unit.access.oidc.desk import ADA, Desk, opened

# -- tokens


def unsigned(algorithm: str) -> openid.Forge:
    def forge(_: openid.Provider, claims: dict[str, Any]) -> str:
        parts = [json.dumps(one).encode() for one in ({"alg": algorithm}, claims)]
        return b".".join([*(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts), b""]).decode()

    return forge


def with_public_key(provider: openid.Provider, claims: dict[str, Any]) -> str:
    """Key confusion: HS256 with the bytes of the public key as the secret."""
    key = provider.keys[0]
    return jwt.encode(
        {"alg": "HS256", "kid": key.kid},
        claims,
        OctKey.import_key(key.as_pem(private=False)),
        algorithms=["HS256"],
    )


def with_own_key(**header: Any) -> openid.Forge:
    def forge(provider: openid.Provider, claims: dict[str, Any]) -> str:
        mine = RSAKey.generate_key(2048)
        told = {"kid": provider.keys[0].kid} | {
            name: mine.as_dict(private=False) if value is True else value for name, value in header.items()
        }
        return jwt.encode({"alg": "RS256"} | told, claims, mine, algorithms=["RS256"])

    return forge


def claiming(**changes: Any) -> openid.Forge:
    def forge(provider: openid.Provider, claims: dict[str, Any]) -> str:
        made = {name: value for name, value in (claims | changes).items() if value is not None}
        return provider.sign(made)

    return forge


NOW = int(time.time())
CROOKED: dict[str, openid.Forge] = {
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "HS256 with the public key": with_public_key,
    "another key under the same kid": with_own_key(),
    "another key, brought along": with_own_key(jwk=True),
    "another nonce": claiming(nonce="x"),
    "no nonce": claiming(nonce=None),
    "a list as nonce": claiming(nonce=["x"]),
    "another issuer": claiming(iss="https://evil.example"),
    "issuer with a slash": lambda one, claims: one.sign(claims | {"iss": one.url + "/"}),
    "another audience": claiming(aud="other"),
    "no audience": claiming(aud=None),
    "several audiences without azp": claiming(aud=[openid.CLIENT, "other"]),
    "azp of another": claiming(azp="other"),
    "expired": claiming(exp=NOW - 3600),
    "no end": claiming(exp=None),
    "an end in words": claiming(exp="tomorrow"),
    "a year long": claiming(exp=NOW + 365 * 86400),
    "made in the future": claiming(iat=NOW + 3600),
    "no beginning": claiming(iat=None),
    "good only later": claiming(nbf=NOW + 3600),
    "no subject": claiming(sub=None),
    "empty subject": claiming(sub=""),
    "long subject": claiming(sub="x" * 256),
    "at_hash of another token": claiming(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "no token": lambda *_: "",
    "half a token": lambda one, claims: one.sign(claims).rsplit(".", 1)[0],
    "a huge token": lambda one, claims: one.sign(claims | {"x": "y" * 100_000}),
    "a list as header": lambda *_: "W10.e30.AA",
    "a token for logout": lambda one, _: one.logout_token("0x1"),
}


@pytest.mark.parametrize("name", CROOKED)
def test_a_crooked_token_lets_nobody_in(steady: Desk, provider: openid.Provider, name: str) -> None:
    desk = steady
    desk.provider.forge = CROOKED[name]
    with pytest.raises(Problem) as caught:
        desk.whole()
    assert caught.value.issues[0].code == "login"
    assert desk.openid.accounts.of(desk.provider.url) == []


def test_several_audiences_pass_with_our_azp_and_at_hash_is_looked_at(desk: Desk) -> None:
    desk.expect()

    def forge(provider: openid.Provider, claims: dict[str, Any]) -> str:
        half = hashlib.sha256(list(provider.tokens)[-1].encode()).digest()[:16]
        right = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        return provider.sign(claims | {"aud": [openid.CLIENT, "o"], "azp": openid.CLIENT, "at_hash": right})

    desk.provider.forge = forge
    assert desk.whole().account


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "RS256"])
def test_each_accepted_algorithm_works(tmp_path: Path, algorithm: str) -> None:
    with openid.running(algorithm) as provider:
        provider.people["ada"] = dict(ADA)
        desk = opened(None, tmp_path, provider)
        desk.expect()
        assert desk.whole().account == desk.people[cast.DOCTOR.name]
        desk.clinic.close()
        desk.runner.close()


def test_a_new_key_is_fetched_once_and_an_unknown_one_does_not_make_us_ask_again(desk: Desk) -> None:
    desk.expect()
    desk.whole()
    assert desk.provider.asked.count("keys") == 1
    desk.provider.rotate()
    desk.whole()
    assert desk.provider.asked.count("keys") == 2
    desk.provider.forge = with_own_key(kid="unknown")
    for _ in range(3):
        with pytest.raises(Problem, match="does not have"):
            desk.whole()
    assert desk.provider.asked.count("keys") == 2
    desk.moment += 61_000
    with pytest.raises(Problem, match="does not have"):
        desk.whole()
    assert desk.provider.asked.count("keys") == 3
