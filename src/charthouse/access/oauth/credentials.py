"""Which program is asking at an endpoint for machines, by the one proof it registered (RFC 6749, 2.3; OAuth 2.1)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping
from typing import Final
from urllib.parse import unquote_plus

from charthouse.access.oauth import assertion
from charthouse.access.oauth.apps import App, Apps
from charthouse.access.oauth.assertion import Assertions
from charthouse.access.oauth.metadata import TOKEN, Addresses
from charthouse.access.oauth.refusal import refused
from charthouse.base.errors import Problem

LONGEST: Final = 10_000  # characters of one parameter


def fields(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters of a request; one that is sent twice is refused (RFC 6749, 3.1 and 3.2), an empty one is none."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found or len(value) > LONGEST:
            raise refused("invalid_request", "A parameter was sent twice, or is too long.", place=name)
        found[name] = value
    return {name: value for name, value in found.items() if value}


class Credentials:
    """Tells programs apart. For the thread that owns the connection of `apps`."""

    def __init__(self, apps: Apps, assertions: Assertions) -> None:
        self._apps = apps
        self._assertions = assertions

    async def app(
        self, form: Mapping[str, str], authorization: str | None, addresses: Addresses, path: str
    ) -> App:
        """The approved program behind a request to `path`, proven in the way it registered, and in no other.

        Raises a refusal `invalid_client`, the same for a program that is unknown, waits or was shut.
        """
        basic = _basic(authorization)
        told = "client_assertion" in form
        if (basic is not None) + told + ("client_secret" in form) > 1:
            raise refused("invalid_request", "Send one proof of who the program is, not several.")
        if told and form.get("client_assertion_type") != assertion.TYPE:
            raise assertion.bad("client_assertion_type is not the one of RFC 7523.")
        name = claimed(form, authorization)
        if form.get("client_id", name) != name:
            raise unknown("client_id is another than the proof says.")
        app = self._apps.find(name) if name else None
        if app is None or not app.is_open:
            raise unknown()
        if app.kind == "key":
            if not told:
                raise unknown("It registered with a key: send a client_assertion.")
            audiences = audience(addresses, path)
            await self._assertions.require(app, form["client_assertion"], audiences)
        elif app.kind == "secret":
            sent = basic[1] if basic else form.get("client_secret", "")
            if told or not app.knows(sent):
                raise unknown()
        elif told or basic or "client_secret" in form:
            raise unknown("It registered as public and has no secret.")
        return app


def claimed(form: Mapping[str, str], authorization: str | None) -> str:
    """The client_id a request says it is from, proven or not; empty where it says none."""
    if "client_assertion" in form:
        return assertion.issuer(form["client_assertion"])
    try:
        basic = _basic(authorization)
    except Problem:
        basic = None
    return basic[0] if basic else form.get("client_id", "")


def audience(addresses: Addresses, path: str) -> Collection[str]:
    """What an assertion may be made out to: the token endpoint, the endpoint asked, or the issuer (RFC 7523, 3)."""
    return {addresses.at(TOKEN), addresses.at(path), addresses.issuer}


def unknown(repair: str | None = None) -> Problem:
    """The answer to a program that is not known, not open, or does not prove who it is."""
    return refused(
        "invalid_client", "The program is not known, not approved, or its proof is wrong.", repair=repair
    )


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """client_id and secret of HTTP Basic, form-encoded inside (RFC 6749, 2.3.1)."""
    if authorization is None:
        return None
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(coded) > LONGEST:
        raise unknown()
    try:
        name, colon, secret = b64decode(coded.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise unknown() from None
    if not colon or not name:
        raise unknown()
    return unquote_plus(name), unquote_plus(secret)
