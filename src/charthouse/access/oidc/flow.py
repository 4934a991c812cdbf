"""Sign-in through another server: away with a state, a nonce and a challenge, and back with a code, once.

What the way back needs lies encrypted in a cookie of the browser that left, so that nobody else can come
back for it and nothing is written for somebody who only knocks (OpenID Connect Core 1.0, section 3.1;
RFC 7636; RFC 9700, sections 2.1 and 4.4).
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from charthouse.access.oidc import claims
from charthouse.access.oidc.accounts import Accounts
from charthouse.access.oidc.claims import refused
from charthouse.access.oidc.provider import Known, Providers
from charthouse.access.oidc.seal import Seal
from charthouse.access.oidc.server import Server
from charthouse.access.signin import Write
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, not_found, problem
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection

LIFETIME: Final = 10 * 60_000  # ms between leaving and coming back
PATH: Final = "/sign-in/with/"
BACK: Final = "/back"
_PLACE: Final = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?=&%+-]{0,500}")
LARGEST_HINT: Final = 2400  # characters of an id_token that still fit into a cookie


class Away(msgspec.Struct, frozen=True, array_like=True):
    """What is kept between leaving and coming back."""

    provider: str
    state: str
    nonce: str
    verifier: str
    place: str
    until: int


class Left(msgspec.Struct, frozen=True, array_like=True):
    """What is kept to sign out at the server, too: who it was, and the token it gave (empty where too large)."""

    provider: str
    token: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody the server vouched for: the account, whether it saw two factors, where they wanted to go."""

    account: int
    label: str
    strong: bool
    place: str
    left: str  # for the cookie that remembers where to sign out


class Flow:
    """The ways out and back for one clinic. Coroutines belong to one event loop."""

    def __init__(
        self, providers: Providers, accounts: Accounts, server: Server, seal: Seal, write: Write, base_url: str,
        dialect: str, *, clock: Callable[[], int] = now,
    ) -> None:  # fmt: skip
        self._providers = providers
        self._accounts = accounts
        self._server = server
        self._seal = seal
        self._write = write
        self._base = base_url
        self._clock = clock
        self._sql = queries.load("charthouse.access.oidc", "oidc", dialect)

    def back_address(self, name: str) -> str:
        """Where the server sends people back to; each provider has its own, so that answers cannot be mixed up."""
        return f"{self._base}{PATH}{name}{BACK}"

    async def begin(self, name: str, place: str = "/") -> tuple[str, str]:
        """(address of the server to go to, text for the cookie). Raises `Problem(not_found)` for no such provider."""
        known = self._on(name)
        metadata = await self._server.metadata(known.provider.issuer)
        away = Away(name, secret(), secret(), secret(48), safe_place(place), self._clock() + LIFETIME)
        challenge = urlsafe_b64encode(sha256(away.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "client_id": known.provider.client_id, "redirect_uri": self.back_address(name),
            "scope": known.provider.scope, "state": away.state, "nonce": away.nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        joint = "&" if urlsplit(metadata.authorize).query else "?"
        return f"{metadata.authorize}{joint}{urlencode(asked)}", self._seal.text(
            "away", msgspec.msgpack.encode(away)
        )

    async def finish(self, name: str, answer: Mapping[str, str], cookie: str) -> Vouched:
        """What comes of the server's `answer` (the query of the way back) for the browser with this cookie.

        Raises `Problem(forbidden, login)` (401) for everything that does not belong to a sign-in that this
        browser began a moment ago, and for somebody who is unknown here.
        """
        known = self._on(name)
        away = self._away(cookie)
        if away is None or away.provider != name or away.until <= self._clock():
            raise over()
        if not hmac.compare_digest(answer.get("state", "").encode("utf-8", "replace"), away.state.encode()):
            raise over()
        issuer = known.provider.issuer
        metadata = await self._server.metadata(issuer)
        if answer.get("iss", "" if metadata.names_itself else issuer) != issuer:
            raise refused("It is of another server.")
        await self._spend(away.state, away.until)  # before the code is: each sign-in comes back once
        code = answer.get("code", "")
        if "error" in answer or not 1 <= len(code) <= 4000:
            raise declined()
        tokens = await self._server.exchange(known, code, away.verifier, self.back_address(name))
        found = await self._identified(known, tokens, away.nonce)
        account = await self._write(lambda connection: self._accounts.resolve(connection, known, found))
        token = tokens["id_token"] if len(tokens["id_token"]) <= LARGEST_HINT else ""
        left = self._seal.text("left", msgspec.msgpack.encode(Left(name, token)))
        return Vouched(account, known.provider.label, is_strong(known, found), away.place, left)

    def left(self, cookie: str) -> tuple[Known, str] | None:
        """The provider that this browser's person came in by, and the token for the way out."""
        plain = self._seal.untext("left", cookie) if cookie else None
        if plain is None:
            return None
        left = msgspec.msgpack.decode(plain, type=Left)
        try:
            return self._providers.get(left.provider), left.token
        except Problem:
            return None

    async def out(self, cookie: str) -> str | None:
        """The address that signs out at the server, too (RP-Initiated Logout 1.0); None where it has none."""
        found = self.left(cookie)
        if found is None:
            return None
        known, token = found
        metadata = await self._server.metadata(known.provider.issuer)
        if not metadata.logout:
            return None
        asked = {"client_id": known.provider.client_id, "post_logout_redirect_uri": f"{self._base}/sign-in"}
        asked |= {"id_token_hint": token} if token else {}
        return f"{metadata.logout}{'&' if urlsplit(metadata.logout).query else '?'}{urlencode(asked)}"

    async def told_out(self, name: str, token: str) -> int | None:
        """The account that the server says has signed out there (Back-Channel Logout 1.0); None if it is unknown.

        Raises `Problem(forbidden, login)` for a token that will not do, or was sent before.
        """
        known = self._on(name)
        provider, moment = known.provider, self._clock()
        subject, jti = await self._server.claims(
            provider.issuer,
            lambda keys: claims.logged_out(
                token, keys, issuer=provider.issuer, client=provider.client_id, moment=moment / 1000
            ),
        )
        await self._spend(f"logout {provider.issuer} {jti}", moment + claims.LIFE * 2000)
        return await self._write(
            lambda connection: self._accounts.linked(connection, provider.issuer, subject)
        )

    async def _identified(self, known: Known, tokens: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        provider = known.provider
        access = tokens.get("access_token")
        access = access if isinstance(access, str) else ""
        found: dict[str, Any] = await self._server.claims(
            provider.issuer,
            lambda keys: claims.identified(
                tokens["id_token"], keys, issuer=provider.issuer, client=provider.client_id, nonce=nonce,
                moment=self._clock() / 1000, access_token=access,
            ),
        )  # fmt: skip
        wanted = {provider.claim, provider.groups or "sub", *(("email",) if provider.just_in_time else ())}
        if access and wanted - found.keys():
            return await self._server.person(provider.issuer, access, str(found["sub"])) | found
        return found

    def _on(self, name: str) -> Known:
        known = self._providers.get(name)
        if not known.provider.is_on:
            raise not_found()
        return known

    def _away(self, cookie: str) -> Away | None:
        plain = self._seal.untext("away", cookie) if cookie else None
        return None if plain is None else msgspec.msgpack.decode(plain, type=Away)

    async def _spend(self, text: str, until: int) -> None:
        hashed, moment = sha256(text.encode()).digest(), self._clock()

        def job(connection: Connection) -> bool:
            connection.run(self._sql.forget_spent, (moment,))
            return connection.one(self._sql.spend, (hashed, until + 60_000)) is not None

        if not await self._write(job):
            raise over()


def is_strong(known: Known, found: Mapping[str, Any]) -> bool:
    """Whether the server says that it saw two factors (`amr`, RFC 8176, or `acr`), and is believed."""
    if not known.provider.trusts_mfa:
        return False
    amr = found.get("amr")
    said = {one for one in amr if isinstance(one, str)} if isinstance(amr, list) else set()
    acr = found.get("acr")
    return bool((said | ({acr} if isinstance(acr, str) else set())) & set(known.provider.mfa))


def safe_place(place: str) -> str:
    """`place` if it is a page of this clinic to go on to after the sign-in, else the home page."""
    is_ours = _PLACE.fullmatch(place) is not None and not place.startswith(("/sign-in", "/sign-out"))
    return place if is_ours and ".." not in place and "//" not in place.partition("?")[0] else "/"


def over() -> Problem:
    """The answer where no sign-in of this browser is under way, or it came back before."""
    return problem(
        Category.FORBIDDEN, "login", "This sign-in was not begun in this browser, or it is over.",
        repair="Start again.",
    )  # fmt: skip


def declined() -> Problem:
    """The answer where the server sends people back without a code."""
    return problem(
        Category.FORBIDDEN, "login", "The sign-in server did not let you in.",
        repair="Start again, or sign in another way.",
    )  # fmt: skip
