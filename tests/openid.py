"""A small OpenID provider that really runs: discovery, keys, a sign-in page, codes with PKCE, tokens, sign-out.

It does right by default; `forge` makes it (or somebody who speaks for it) issue any id_token at all.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import unquote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "charthouse", "a secret with ü & : in it"
Forge = Callable[["Provider", dict[str, Any]], str]


@dataclass
class Provider:
    """The provider at `url`, its people (login -> claims), its keys (the first signs), and what it was asked."""

    url: str
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: list[Any] = field(default_factory=list)
    algorithm: str = "RS256"
    forge: Forge | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    names_itself: bool = True
    more: dict[str, Any] = field(default_factory=dict)  # in the discovery document

    def claims(self, login: str, nonce: str) -> dict[str, Any]:
        """A sound set of claims."""
        moment = int(time.time())
        person = {name: value for name, value in self.people[login].items() if name != "userinfo"}
        return {"iss": self.url, "aud": CLIENT, "iat": moment, "exp": moment + 300, "nonce": nonce} | person

    def sign(self, claims: dict[str, Any], key: Any = None, **header: Any) -> str:
        """A token over `claims` with the first key."""
        key = key or self.keys[0]
        return jwt.encode(
            {"alg": self.algorithm, "kid": key.kid} | header, claims, key, algorithms=[self.algorithm]
        )

    def rotate(self) -> None:
        """Another key signs from now on."""
        self.keys.insert(0, key_pair(self.algorithm))

    def approve(self, query: dict[str, str], login: str) -> str:
        """The code for somebody who signed in."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = query | {"login": login}
        return code

    def logout_token(self, subject: str, **claims: Any) -> str:
        """What tells others that somebody signed out."""
        events = {"http://schemas.openid.net/event/backchannel-logout": {}}
        made = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": int(time.time()),
            "jti": secrets.token_hex(8),
            "sub": subject,
        }
        return self.sign(made | {"events": events} | claims)


def key_pair(algorithm: str) -> Any:
    made = ECKey.generate_key("P-256") if algorithm == "ES256" else RSAKey.generate_key(2048)
    return type(made).import_key(made.as_dict(private=True) | {"kid": secrets.token_hex(4), "use": "sig"})


def application(provider: Provider) -> Starlette:
    async def discovery(_: Request) -> Response:
        provider.asked.append("discovery")
        url = provider.url
        return JSONResponse(
            {
                "issuer": url, "authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/keys", "userinfo_endpoint": f"{url}/person",
                "end_session_endpoint": f"{url}/out",
                "authorization_response_iss_parameter_supported": provider.names_itself,
            } | provider.more
        )  # fmt: skip

    async def keys(_: Request) -> Response:
        provider.asked.append("keys")
        return JSONResponse({"keys": [key.as_dict(private=False) for key in provider.keys]})

    async def ask(request: Request) -> Response:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in request.query_params.items()
        )
        people = "".join(
            f'<button name="login" value="{escape(one)}">{escape(one)}</button>' for one in provider.people
        )
        return HTMLResponse(
            f'<!doctype html><html lang="en"><title>Harbor login</title><h1>Harbor login</h1>'
            f'<form method="post">{hidden}{people}</form></html>'
        )

    async def answer(request: Request) -> Response:
        query = {name: str(value) for name, value in (await request.form()).items()}
        back = {"code": provider.approve(query, query["login"]), "state": query["state"]}
        back |= {"iss": provider.url} if provider.names_itself else {}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 303)

    async def token(request: Request) -> Response:
        form = await request.form()
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        name, _, word = base64.b64decode(pair).decode().partition(":") if scheme == "Basic" else ("", "", "")
        held = provider.codes.pop(str(form["code"]), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        is_right = (
            (unquote_plus(name), unquote_plus(word)) == (CLIENT, SECRET)
            and held is not None
            and held["code_challenge"] == challenge.rstrip(b"=").decode()
            and held["code_challenge_method"] == "S256"
            and held["redirect_uri"] == form["redirect_uri"]
        )
        if held is None or not is_right:
            return JSONResponse({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(16)
        provider.tokens[access] = held["login"]
        claims = provider.claims(held["login"], held["nonce"])
        made = provider.forge(provider, claims) if provider.forge else provider.sign(claims)
        return JSONResponse({"access_token": access, "token_type": "Bearer", "id_token": made})

    async def person(request: Request) -> Response:
        login = provider.tokens[request.headers["authorization"].removeprefix("Bearer ")]
        known = provider.people[login]
        return JSONResponse({"sub": known["sub"], **known.get("userinfo", {})})

    async def out(request: Request) -> Response:
        provider.asked.append(f"out {sorted(request.query_params)}")
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 303)

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery), Route("/keys", keys), Route("/authorize", ask),
            Route("/authorize", answer, methods=["POST"]), Route("/token", token, methods=["POST"]),
            Route("/person", person), Route("/out", out),
        ]
    )  # fmt: skip


@contextmanager
def running(algorithm: str = "RS256") -> Iterator[Provider]:
    """A provider on a port of its own, in a thread."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    provider = Provider(f"http://127.0.0.1:{listening.getsockname()[1]}", algorithm=algorithm)
    provider.keys = [key_pair(algorithm)]
    config = uvicorn.Config(application(provider), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
