"""What a server says of itself, the keys it shows, and what an administrator may set."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from msgspec import structs

from charthouse.access.oidc.claims import keys as usable
from charthouse.access.oidc.provider import Provider as Settings_
from charthouse.access.oidc.provider import checked
from charthouse.access.oidc.seal import Seal
from charthouse.access.oidc.server import described
from charthouse.base.errors import Problem
from tests import openid
from tests.unit.access.oidc.desk import Desk

# -- servers, seals, settings


@pytest.mark.parametrize(
    "change",
    [{"issuer": "https://evil.example"}, {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"},
     {"authorization_endpoint": "javascript:alert(1)"}, {"authorization_endpoint": "https:///x"},
     {"token_endpoint": 7}],
)  # fmt: skip
def test_a_discovery_document_of_somebody_else_or_with_odd_addresses_is_refused(
    change: dict[str, Any],
) -> None:
    sound = {
        "issuer": "https://h.example", "authorization_endpoint": "https://h.example/a",
        "token_endpoint": "https://h.example/t", "jwks_uri": "https://h.example/k",
    }  # fmt: skip
    assert described(sound, "https://h.example").token == "https://h.example/t"
    with pytest.raises(Problem):
        described(sound | change, "https://h.example")
    with pytest.raises(Problem):
        described(sound | {"token_endpoint": "http://h.example/t"}, "https://h.example")


def test_a_server_that_nobody_allowed_is_not_asked(desk: Desk, tmp_path: Path) -> None:
    inside = desk.save(Settings_("Inside", "http://127.0.0.1:9", "c"))
    with pytest.raises(Problem) as caught:
        desk.run(desk.openid.flow.begin(inside))
    assert caught.value.category.value in ("forbidden", "busy")


def test_the_secret_lies_encrypted_and_in_no_message(desk: Desk) -> None:
    raw = desk.clinic.record.connection().run("SELECT body, secret FROM oidc_provider")
    assert openid.SECRET.encode() not in b"".join(bytes(secret) + body.encode() for body, secret in raw)
    assert desk.known.secret == openid.SECRET
    assert openid.SECRET not in repr(desk.known)


def test_what_is_sealed_opens_only_for_its_purpose_and_unaltered() -> None:
    seal = Seal(bytes(32))
    text = seal.text("away", b"x")
    assert seal.untext("away", text) == b"x"
    assert seal.untext("left", text) is None
    assert Seal(b"1" * 32).untext("away", text) is None
    for broken in ("", "!", "AAAA", text[:-3], text + "A", "ü"):
        assert seal.untext("away", broken) is None


@pytest.mark.parametrize(
    ("change", "place"),
    [({"label": ""}, "label"), ({"issuer": "ftp://x"}, "issuer"), ({"issuer": "https://a@b"}, "issuer"),
     ({"issuer": "https://h?x"}, "issuer"), ({"client_id": ""}, "client_id"), ({"scope": "email"}, "scope"),
     ({"claim": "a b"}, "claim"), ({"domains": ("x",)}, "domains"), ({"just_in_time": True}, "domains"),
     ({"role": "king"}, "roles"), ({"roles": (("g", "nurse"),)}, "groups"), ({"trusts_mfa": True, "mfa": ()}, "mfa")],
)  # fmt: skip
def test_settings_that_cannot_work_name_their_field(change: dict[str, Any], place: str) -> None:
    sound = Settings_("Harbor", "https://h.example", "c")
    assert checked(sound, ["nurse"]) == sound
    with pytest.raises(Problem) as caught:
        checked(structs.replace(sound, **change), ["nurse"])
    assert caught.value.issues[0].place == place


# A key of 1024 bits, for tests only.
SHORT: dict[str, str] = {
    "kty": "RSA", "e": "AQAB",
    "n": base64.urlsafe_b64encode(bytes([0xC1]) + bytes(range(1, 127)) + b"\x01").rstrip(b"=").decode(),
}  # fmt: skip


def test_keys_that_are_weak_or_for_something_else_are_left_out() -> None:
    strong = RSAKey.generate_key(2048)
    sets = [
        strong.as_dict(private=True),
        SHORT,
        {**strong.as_dict(), "use": "enc"},
        {"kty": "oct", "k": "AA"},
        7,
    ]
    found = usable({"keys": sets})
    assert len(found) == 1
    assert "d" not in found[0]
    for broken in (None, [], {"keys": {}}, {"keys": [{}] * 51}):
        with pytest.raises(Problem):
            usable(broken)
