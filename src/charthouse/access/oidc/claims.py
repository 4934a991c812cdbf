"""What an id_token must be before a word of it counts (OpenID Connect Core 1.0, section 3.1.3.7)."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from charthouse.base.errors import Category, Problem, problem

Key = RSAKey | ECKey

# Signatures by a private key that only the server has; never `none`, never a shared secret.
ALGORITHMS: Final = ("RS256", "ES256", "PS256")
_KEY_OF: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
LONGEST: Final = 64 * 1024  # characters of a token
SKEW: Final = 60  # seconds by which the other clock may differ
LIFE: Final = 24 * 3600  # seconds an id_token may be good for
SMALLEST, LARGEST = 2048, 8192  # bits of an RSA modulus
MOST_KEYS: Final = 50
_BRINGS: Final = (
    "crit",
    "jwk",
    "jku",
    "x5u",
    "x5c",
    "b64",
)  # header members that bring a key or a rule along
LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"


class Unknown(Exception):
    """The token is signed with a key that is not in the set; a fresh set may have it."""


def keys(sent: Any) -> list[dict[str, Any]]:
    """The usable keys of a JWK set (RFC 7517), public members only; those we have no use for are left out."""
    found = sent.get("keys") if isinstance(sent, dict) else None
    if not isinstance(found, list) or len(found) > MOST_KEYS:
        raise refused("Its keys cannot be read.")
    return [kept for key in found if (kept := _kept(key)) is not None]


def verified(text: str, held: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The claims of a token whose signature holds under one of `held` (see `keys`).

    Raises `Unknown` where no key of the set fits, `Problem(forbidden, login)` for everything else.
    """
    header = _header(text)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise refused("It is not signed in a way that is accepted.")
    if any(name in header for name in _BRINGS):
        raise refused("Its header brings along what it may not.")
    fitting = [
        key for key in held
        if key["kty"] == _KEY_OF[algorithm] and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]  # fmt: skip
    if not fitting:
        raise Unknown
    if len(fitting) > 1:  # without a kid, only where there is no choice
        raise refused("It does not say which key it is signed with.")
    try:
        claims = jwt.decode(text, imported(fitting[0]), algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise refused("Its signature does not hold.") from None
    return dict(claims)


def identified(
    text: str, held: Sequence[Mapping[str, Any]], *, issuer: str, client: str, nonce: str, moment: float,
    access_token: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The claims of an id_token that was made for this sign-in. `moment` is now, in seconds.

    Raises as `verified` does.
    """
    claims = verified(text, held)
    _common(claims, issuer, client, moment)
    expires = _seconds(claims, "exp")
    if expires is None or expires + SKEW <= moment or expires > moment + LIFE:
        raise refused("It has expired, or lives too long.")
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode("utf-8", "replace"), nonce.encode()):
        raise refused("It was made for another sign-in.")
    # The algorithms accepted all hash with SHA-256; so does at_hash (section 3.1.3.6).
    if "at_hash" in claims:
        half = sha256(access_token.encode("ascii", "replace")).digest()[:16]
        right = urlsafe_b64encode(half).rstrip(b"=")
        if not hmac.compare_digest(str(claims["at_hash"]).encode("utf-8", "replace"), right):
            raise refused("It does not belong to the access token.")
    return claims


def logged_out(
    text: str, held: Sequence[Mapping[str, Any]], *, issuer: str, client: str, moment: float
) -> tuple[str, str]:
    """(subject, jti) of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6).

    A token that names a session only is refused: we keep none of the server's sessions.
    """
    claims = verified(text, held)
    _common(claims, issuer, client, moment)
    expires = _seconds(claims, "exp")
    if expires is not None and expires + SKEW <= moment:
        raise refused("It has expired.")
    issued = _seconds(claims, "iat") or 0
    events = claims.get("events")
    if "nonce" in claims or not isinstance(events, dict) or not isinstance(events.get(LOGOUT), dict):
        raise refused("It is no logout token.")
    if issued + LIFE < moment:
        raise refused("It is too old.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 255:
        raise refused("It has no jti.")
    return str(claims["sub"]), jti


def imported(key: Mapping[str, Any]) -> Key:
    """A kept key, ready to verify with."""
    members = {name: value for name, value in key.items() if name != "alg"}
    return RSAKey.import_key(members) if members["kty"] == "RSA" else ECKey.import_key(members)


def refused(why: str) -> Problem:
    """The answer to a token that will not do; the page says it without the reason."""
    return problem(
        Category.FORBIDDEN, "login", f"The sign-in server's answer was not accepted. {why}",
        repair="Start again; if it stays so, tell whoever looks after the sign-in server.",
    )  # fmt: skip


def _common(claims: Mapping[str, Any], issuer: str, client: str, moment: float) -> None:
    if claims.get("iss") != issuer:
        raise refused("It is of another server.")
    audience = claims.get("aud")
    told = audience if isinstance(audience, list) else [audience]
    if client not in told or not all(isinstance(one, str) for one in told):
        raise refused("It is meant for another program.")
    # Several audiences need to say who asked; and who asked must be us (3.1.3.7, points 4 and 5).
    if (len(told) > 1 or "azp" in claims) and claims.get("azp") != client:
        raise refused("Another program asked for it.")
    issued = _seconds(claims, "iat")
    if issued is None or issued > moment + SKEW:
        raise refused("It was made in the future, or does not say when.")
    if "nbf" in claims and ((begins := _seconds(claims, "nbf")) is None or begins > moment + SKEW):
        raise refused("It is not good yet.")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isascii():
        raise refused("It does not say who it is about.")


def _kept(key: Any) -> dict[str, Any] | None:
    """The public members of one key, or None for one we have no use for."""
    if (
        not isinstance(key, dict)
        or key.get("use", "sig") != "sig"
        or key.get("alg", "RS256") not in ALGORITHMS
    ):
        return None
    names = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}.get(str(key.get("kty")))
    if names is None or not all(isinstance(key.get(name), str) for name in names):
        return None
    kept = {name: key[name] for name in ("kty", *names, "kid", "alg") if isinstance(key.get(name), str)}
    if "n" in kept and len(kept["n"]) * 6 < SMALLEST - 7:  # a library warns of such keys when it reads them
        return None
    try:
        made = imported(kept)
        if isinstance(made, RSAKey):
            sound = SMALLEST <= made.public_key.key_size <= LARGEST
        else:
            sound = made.curve_name == "P-256"  # the only curve of ES256 (RFC 7518, 3.4)
    except (JoseError, ValueError, TypeError):
        return None
    return kept if sound else None


def _header(text: str) -> dict[str, Any]:
    parts = text.split(".")
    if len(text) > LONGEST or len(parts) != 3 or not text.isascii():
        raise refused("It is not a signed token.")
    try:
        header = msgspec.json.decode(urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, msgspec.DecodeError):
        raise refused("It is not a signed token.") from None
    if not isinstance(header, dict) or not isinstance(header.get("kid", ""), str):
        raise refused("It is not a signed token.")
    return header


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519, section 2) within reason."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        return None
    return float(value)
