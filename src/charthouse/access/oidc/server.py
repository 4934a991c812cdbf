"""Talks with a sign-in server: its discovery document, its keys, and codes exchanged for tokens."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec

from charthouse.access.oidc import claims
from charthouse.access.oidc.claims import Unknown, refused
from charthouse.access.oidc.provider import Known
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem

WELL_KNOWN: Final = "/.well-known/openid-configuration"
MINUTE: Final = 60_000
FRESH: Final = 60 * MINUTE  # how long a document or key set is used without looking again
REMEMBERED: Final = 100


class Answer(Protocol):
    """What comes back from another server."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def body(self) -> bytes:
        """The whole body."""


# fetch(method, url, content, headers): one call through the guard of outgoing calls
Fetch = Callable[[str, str, bytes, Mapping[str, str]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a server says of itself (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorize: str
    token: str
    keys: str
    userinfo: str = ""
    logout: str = ""
    methods: tuple[str, ...] = ("client_secret_basic",)
    names_itself: bool = False  # it sends `iss` with every answer (RFC 9207)


@dataclass(slots=True)
class _Held:
    at: int
    metadata: Metadata
    keys: list[dict[str, Any]] = field(default_factory=list)
    keys_at: int = 0
    tried: int = 0


class Server:
    """The sign-in servers of one clinic, as far as they are remembered. For one event loop."""

    def __init__(self, fetch: Fetch, *, clock: Callable[[], int] = now) -> None:
        self._fetch = fetch
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def metadata(self, issuer: str) -> Metadata:
        """What the server at `issuer` says of itself, at most an hour old.

        Raises `Problem(busy)` where it does not answer, `Problem(forbidden, login)` where what it says will not do.
        """
        async with self._lock(issuer):
            return (await self._known(issuer)).metadata

    async def claims(self, issuer: str, read: Callable[[list[dict[str, Any]]], Any]) -> Any:
        """`read` of the server's keys; once more with fresh ones where it raises `Unknown`, because keys rotate.

        Fresh keys are fetched once a minute at most, so that made-up tokens cannot make us ask all the time.
        """
        async with self._lock(issuer):
            held = await self._known(issuer)
            if held.keys_at + FRESH <= self._clock():
                await self._renew(held)
            try:
                return read(held.keys)
            except Unknown:
                if held.tried + MINUTE > self._clock():
                    raise refused("It is signed with a key that the server does not have.") from None
            await self._renew(held, tried=self._clock())
            try:
                return read(held.keys)
            except Unknown:
                raise refused("It is signed with a key that the server does not have.") from None

    async def exchange(self, known: Known, code: str, verifier: str, back: str) -> dict[str, Any]:
        """The tokens for a code (RFC 6749, section 4.1.3, with the verifier of RFC 7636)."""
        metadata = await self.metadata(known.provider.issuer)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        client = known.provider.client_id
        if known.secret is None:
            form["client_id"] = client
        elif "client_secret_basic" in metadata.methods or "client_secret_post" not in metadata.methods:
            pair = f"{quote_plus(client)}:{quote_plus(known.secret)}"  # RFC 6749, section 2.3.1
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client, "client_secret": known.secret}
        answer = await self._fetch("POST", metadata.token, urlencode(form).encode(), headers)
        found = _json(answer)
        if answer.status != 200 or not isinstance(found.get("id_token"), str):
            raise refused("It did not give a token for the code.")
        return found

    async def person(self, issuer: str, access_token: str, subject: str) -> dict[str, Any]:
        """More claims about the same person (section 5.3); empty where the server offers none."""
        metadata = await self.metadata(issuer)
        if not metadata.userinfo or not access_token.isascii() or not access_token.isprintable():
            return {}
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        answer = await self._fetch("GET", metadata.userinfo, b"", headers)
        found = _json(answer) if answer.status == 200 else {}
        # Claims of somebody else must not be mixed in (section 5.3.2).
        return found if found.get("sub") == subject else {}

    def forget(self, issuer: str) -> None:
        """Look anew the next time."""
        self._held.pop(issuer, None)

    def _lock(self, issuer: str) -> asyncio.Lock:
        if len(self._locks) > REMEMBERED:
            self._locks = {one: lock for one, lock in self._locks.items() if lock.locked()}
        return self._locks.setdefault(issuer, asyncio.Lock())

    async def _known(self, issuer: str) -> _Held:
        held = self._held.get(issuer)
        if held is None or held.at + FRESH <= self._clock():
            address = issuer.rstrip("/") + WELL_KNOWN
            answer = await self._fetch("GET", address, b"", {"Accept": "application/json"})
            if answer.status != 200:
                raise silent()
            made = described(_json(answer), issuer)
            fresh = _Held(self._clock(), made)
            if held is not None and held.metadata.keys == made.keys:
                fresh.keys, fresh.keys_at, fresh.tried = held.keys, held.keys_at, held.tried
            if len(self._held) >= REMEMBERED:
                del self._held[next(iter(self._held))]
            held = self._held[issuer] = fresh
        return held

    async def _renew(self, held: _Held, *, tried: int = 0) -> None:
        held.tried = tried or held.tried
        answer = await self._fetch("GET", held.metadata.keys, b"", {"Accept": "application/json"})
        if answer.status != 200:
            raise silent()
        held.keys, held.keys_at = claims.keys(_json(answer)), self._clock()


def described(found: Mapping[str, Any], issuer: str) -> Metadata:
    """The metadata in a discovery document; raises `Problem(forbidden, login)`.

    The issuer it names must be the one it was asked for, letter for letter, or a server could speak for another.
    """
    if found.get("issuer") != issuer:
        raise refused("Its discovery document is of another issuer.")

    def address(name: str, *, needed: bool = False) -> str:
        value = found.get(name)
        if value is None and not needed:
            return ""
        parts = urlsplit(value) if isinstance(value, str) else None
        is_safe = parts is not None and (
            parts.scheme == "https" or (parts.scheme == "http" and issuer.startswith("http:"))
        )
        if parts is None or not is_safe or not parts.hostname or parts.fragment or "\\" in str(value):
            raise refused(f"Its discovery document has no good {name}.")
        return str(value)

    methods = found.get("token_endpoint_auth_methods_supported")
    return Metadata(
        issuer, address("authorization_endpoint", needed=True), address("token_endpoint", needed=True),
        address("jwks_uri", needed=True), address("userinfo_endpoint"), address("end_session_endpoint"),
        tuple(str(one) for one in methods) if isinstance(methods, list) else ("client_secret_basic",),
        found.get("authorization_response_iss_parameter_supported") is True,
    )  # fmt: skip


def silent() -> Problem:
    """The answer where a sign-in server does not do its part."""
    return problem(
        Category.BUSY, "transient", "The sign-in server does not answer as it should.",
        repair="Try again in a moment, or sign in another way.",
    )  # fmt: skip


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
