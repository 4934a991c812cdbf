"""A program proves who it is with a signed assertion (RFC 7523; SMART App Launch, "Asymmetric authentication").

Everything in it is the caller's word until the signature holds. The algorithm is that of the registered key,
and the key is found by its `kid` among the program's own: nothing the header names is fetched or trusted.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Collection
from hashlib import sha256
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from charthouse.access.oauth.apps import App
from charthouse.access.oauth.jwks import ALGORITHMS, Keyring, algorithm
from charthouse.access.oauth.refusal import refused
from charthouse.base.clock import now
from charthouse.base.errors import Problem
from charthouse.db import queries
from charthouse.db.connect import Connection

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST: Final = 8_000  # characters
LIFE: Final = 300  # seconds an assertion may live
SKEW: Final = 10  # seconds by which a program's clock may be ahead
_UNUSED: Final = ("crit", "jwk", "x5u", "x5c", "b64")  # header members that would bring a key or a rule along


class Assertions:
    """Checks assertions of one clinic."""

    def __init__(
        self,
        keyring: Keyring,
        write: Callable[[Callable[[Connection], bool]], Awaitable[bool]],
        dialect: str,
        *,
        clock: Callable[[], int] = now,
    ) -> None:
        self._keyring = keyring
        self._write = write
        self._clock = clock
        self._sql = queries.load("charthouse.access.oauth", "codes", dialect)

    async def require(self, app: App, text: str, audiences: Collection[str]) -> None:
        """Raise a refusal unless `text` is an assertion by `app` for one of `audiences`, fresh and new to us."""
        header = _header(text)
        kid, alg = header.get("kid"), header.get("alg")
        if alg not in ALGORITHMS or not isinstance(kid, str):
            raise bad("It needs a kid, and alg RS384 or ES384.")
        if any(name in header for name in _UNUSED) or header.get("jku", app.keys_address) != app.keys_address:
            raise bad("Its header may not bring keys along, and jku must be the registered address.")
        key = await self._keyring.find(app, kid)
        if key is None or algorithm(key) != alg:
            raise bad("There is no such key for this program and algorithm.")
        try:
            claims = jwt.decode(text, key, algorithms=[algorithm(key)]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise bad("Its signature does not hold.") from None
        jti, expires = self._claims(app, claims, audiences)
        if not await self._first(app, jti, expires):
            raise bad("Its jti was used before.")

    def _claims(self, app: App, claims: dict[str, Any], audiences: Collection[str]) -> tuple[str, int]:
        """The `jti` and the end (s) of sound claims."""
        moment = self._clock() / 1000
        if claims.get("iss") != app.client_id or claims.get("sub") != app.client_id:
            raise bad("iss and sub must both be the client_id.")
        audience = claims.get("aud")
        told = audience if isinstance(audience, list) else [audience]
        if (
            len(told) != 1 or not isinstance(told[0], str) or told[0] not in audiences
        ):  # one only: the same must not serve elsewhere
            raise bad("aud must be the token endpoint, and nothing else.")
        expires = _seconds(claims, "exp")
        if expires is None or expires <= moment:
            raise bad("It has expired, or has no exp.")
        if expires > moment + LIFE + SKEW:
            raise bad("It may live for five minutes at most.")
        for name in ("nbf", "iat"):
            if name in claims and ((begins := _seconds(claims, name)) is None or begins > moment + SKEW):
                raise bad(f"Its {name} lies ahead.")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 1 <= len(jti) <= 255:
            raise bad("It needs a jti.")
        return jti, int(expires)

    async def _first(self, app: App, jti: str, expires: int) -> bool:
        """Whether this `jti` is new; from now on it is not."""
        hashed = sha256(jti.encode("utf-8", "replace")).digest()

        def job(connection: Connection) -> bool:
            connection.run(self._sql.forget_assertions, (self._clock() - 60_000,))
            return connection.one(self._sql.add_assertion, (app.id, hashed, (expires + 1) * 1000)) is not None

        return await self._write(job)


def issuer(text: str) -> str:
    """The program an unverified assertion claims to be of; good for finding its keys and nothing else."""
    try:
        claims = msgspec.json.decode(_decoded(text.split(".")[1]))
    except (IndexError, ValueError, RecursionError, msgspec.DecodeError):
        return ""
    found = claims.get("iss") if isinstance(claims, dict) else None
    return found if isinstance(found, str) else ""


def bad(why: str) -> Problem:
    """The refusal of an assertion."""
    return refused("invalid_client", f"The client assertion is not good. {why}", place="client_assertion")


def _header(text: str) -> dict[str, Any]:
    parts = text.split(".")
    if len(text) > LONGEST or len(parts) != 3:
        raise bad("It is not a signed JWT.")
    try:
        header = msgspec.json.decode(_decoded(parts[0]))
    except (ValueError, RecursionError, msgspec.DecodeError):
        raise bad("It is not a signed JWT.") from None
    if not isinstance(header, dict):
        raise bad("It is not a signed JWT.")
    return header


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519, section 2) within reason."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        return None
    return float(value)
