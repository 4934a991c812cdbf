"""The way on after a sign-in: a program sent somebody here to agree to something, who had to sign in first."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.oauth.metadata import AUTHORIZE
from charthouse.web.site import HEADERS, Desk, Site

COOKIE: Final = "charthouse_onward"
LONGEST: Final = 2_800  # bytes of the address; a cookie holds about 4,000
SECONDS: Final = 600

View = Callable[[Site, Request, Desk], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def remembered(endpoint: Endpoint) -> Endpoint:
    """The endpoint, which keeps its address for later where it leads to the sign-in page."""

    async def wrapped(request: Request) -> Response:
        response = await endpoint(request)
        address = f"{AUTHORIZE}?{request.url.query}".encode()
        if (
            response.status_code == 303
            and response.headers.get("location") == "/sign-in"
            and len(address) <= LONGEST
        ):
            _put(request, response, urlsafe_b64encode(address).decode().rstrip("="), SECONDS)
        return response

    return wrapped


def first(view: View) -> View:
    """The view of the home page, which goes on to what was waiting, once."""

    async def wrapped(site: Site, request: Request, desk: Desk) -> Response:
        address = waiting(request)
        if address is None:
            return await view(site, request, desk)
        response = RedirectResponse(address, 303, HEADERS)
        _put(request, response, "", 0)
        return response

    return wrapped


def waiting(request: Request) -> str | None:
    """The address that was kept: always one of ours, where the person is asked before anything happens."""
    try:
        address = urlsafe_b64decode(request.cookies.get(COOKIE, "").encode() + b"==").decode("ascii")
    except ValueError:
        return None
    sound = address.startswith(f"{AUTHORIZE}?") and address.isprintable() and " " not in address
    return address if sound else None


def _put(request: Request, response: Response, value: str, seconds: int) -> None:
    response.set_cookie(
        COOKIE, value, max_age=seconds, path="/", secure=request.url.scheme == "https", httponly=True,
        samesite="lax",
    )  # fmt: skip
