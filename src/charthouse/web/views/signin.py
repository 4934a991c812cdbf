"""Coming in by a one-time link, and going out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.base.errors import Problem, http_status
from charthouse.web.recents import COOKIE, Charts
from charthouse.web.screen import broken
from charthouse.web.site import HEADERS, Desk, Site, set_cookie


async def page(site: Site, request: Request) -> Response:
    """`GET /sign-in`: how to get in; who is in already goes home."""
    if not isinstance(site.clinic.door.session(request.headers, request.cookies), Problem):
        return RedirectResponse("/", 303, HEADERS)
    return site.page(request, None, "signin.html", said="")


async def link(site: Site, request: Request) -> Response:
    """`GET /sign-in/link/{secret}`: 303 to home with a session, once; afterwards the page says so (401).

    A HEAD, as mail scanners and previews send it, uses nothing up.
    """
    if request.method != "GET":
        return broken(site, request, 401)
    clinic, secret = site.clinic, str(request.path_params["secret"])
    address = request.client.host if request.client else ""
    try:
        cookie = await clinic.sign_in.by_link(
            secret, address=address, agent=request.headers.get("user-agent", "")
        )
    except Problem as failure:
        if failure.issues and failure.issues[0].code == "login":
            return site.page(request, None, "signin.html", status=401, said=failure.issues[0].message)
        return broken(site, request, http_status(failure))
    response = RedirectResponse("/", 303, HEADERS)
    response.headers.append("Set-Cookie", cookie)
    set_cookie(request, response, COOKIE, str(Charts()))
    return response


async def leave(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /sign-out`: the session ends, and with it the list of open charts."""
    cookie = await site.clinic.sign_in.out(desk.actor)
    site.recents.forget(desk.session)
    response = RedirectResponse("/sign-in", 303, HEADERS)
    response.headers.append("Set-Cookie", cookie)
    set_cookie(request, response, COOKIE, str(Charts()))
    return response
