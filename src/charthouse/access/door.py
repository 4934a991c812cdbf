"""Who is asking, from the headers of a request: a bearer token, or a session cookie with its form token."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Final

from charthouse.access.actor import NOBODY, Actor
from charthouse.access.routes import SAFE, is_open
from charthouse.access.sessions import Live, Sessions
from charthouse.access.tokens import Tokens, unknown
from charthouse.base.errors import Category, Problem, http_status, problem

FORM_HEADER: Final = "x-csrf-token"
REALM: Final = "Charthouse"


class Cookie:
    """How the session cookie is named and set: for this host only, out of scripts' reach, `Secure` over https."""

    def __init__(self, base_url: str) -> None:
        self._secure = base_url.lower().startswith("https:")
        # The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis, 4.1.3.2).
        self.name = "__Host-charthouse" if self._secure else "charthouse"

    def put(self, text: str, seconds: int) -> str:
        """The `Set-Cookie` value that keeps `text`. Lax, not Strict: a sign-in link is followed from a mail."""
        secure = "; Secure" if self._secure else ""
        return f"{self.name}={text}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"

    def drop(self) -> str:
        """The `Set-Cookie` value that removes it."""
        return self.put("", 0)

    def read(self, header: str | None) -> str | None:
        """The session secret in a `Cookie` header."""
        for part in (header or "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == self.name:
                return value
        return None


class Door:
    """Tells who a request is from. For the thread that owns the connections of `tokens` and `sessions`."""

    def __init__(
        self,
        tokens: Tokens,
        sessions: Sessions,
        cookie: Cookie,
        lifted: Callable[[Actor], Actor] | None = None,
    ) -> None:
        """`lifted` tells for whom the person broke the glass."""
        self._lifted = lifted or (lambda actor: actor)
        self._tokens = tokens
        self._sessions = sessions
        self._cookie = cookie

    def authenticate(
        self,
        headers: Mapping[str, str],
        cookies: Mapping[str, str] | None,
        method: str,
        path: str,
        *,
        form_token: str | None = None,
    ) -> Actor | Problem:
        """The actor of a request, `NOBODY` on an open route, or why it is turned away.

        `headers` by lower-case name; `cookies` as parsed, or None to take them from the headers.
        A bearer token that is sent counts alone: a bad one is refused even on an open route. A
        session may change something (any method but GET, HEAD, OPTIONS) only with its form token, in
        the header X-CSRF-Token or, from a page's form, as `form_token`.
        """
        authorization = headers.get("authorization")
        if authorization is not None:
            scheme, _, text = authorization.partition(" ")
            if scheme.lower() != "bearer" or not text:
                return unknown()
            try:
                return self._tokens.verify(text.strip())
            except Problem as failure:
                return failure
        opened = is_open(method, path)
        live = self.session(headers, cookies)
        if method not in SAFE and headers.get("sec-fetch-site") == "cross-site":
            return foreign()  # also where the route is open: nobody may be signed in from elsewhere
        if isinstance(live, Problem):
            return NOBODY if opened else live
        if method in SAFE or _same_form(live, headers, form_token):
            return self._lifted(live.actor)
        return NOBODY if opened else foreign()

    def session(self, headers: Mapping[str, str], cookies: Mapping[str, str] | None = None) -> Live | Problem:
        """The session of a request, whatever it is about to do; pages take their form token from it."""
        text = self._cookie.read(headers.get("cookie")) if cookies is None else cookies.get(self._cookie.name)
        if not text:
            return problem(
                Category.FORBIDDEN, "login", "This needs a sign-in.",
                repair="Sign in, or send a bearer token.",
            )  # fmt: skip
        try:
            return self._sessions.verify(text)
        except Problem as failure:
            return failure


def _same_form(live: Live, headers: Mapping[str, str], form_token: str | None) -> bool:
    sent = headers.get(FORM_HEADER) or form_token or ""
    return hmac.compare_digest(sent.encode("utf-8", "replace"), live.form_token.encode())


def foreign() -> Problem:
    """The answer to a change that was not asked for on a page of the same sign-in."""
    return problem(
        Category.FORBIDDEN, "forbidden", "This request does not come from a page of this sign-in.",
        place=f"header {FORM_HEADER}", repair="Reload the page and try again.",
    )  # fmt: skip


def two_credentials() -> Problem:
    """The answer to a page that is asked for with a token: pages belong to who sits at the screen."""
    return problem(
        Category.FORBIDDEN, "forbidden", "A page takes a sign-in, and no token beside it.",
        place="header authorization", repair="Leave the Authorization header out.",
    )  # fmt: skip


def challenge(failure: Problem, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers a refusal carries: `WWW-Authenticate` with a 401 (RFC 6750, section 3)."""
    if http_status(failure) != 401:
        return {}
    sent = "authorization" in headers
    return {"WWW-Authenticate": f'Bearer realm="{REALM}"' + (', error="invalid_token"' if sent else "")}
