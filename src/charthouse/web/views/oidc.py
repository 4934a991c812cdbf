"""Sign-in with an organisation's own server: out to it and back, and how a sign-out reaches both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.actor import NOBODY
from charthouse.access.audit import event
from charthouse.access.oidc.flow import BACK, LIFETIME, PATH, safe_place
from charthouse.access.sessions import CLIENT
from charthouse.access.signin import HOME
from charthouse.base.errors import Category, Problem, http_status
from charthouse.web.recents import COOKIE as CHARTS
from charthouse.web.recents import Charts
from charthouse.web.site import HEADERS, Site, set_cookie
from charthouse.web.threshold import address, field, onward

AWAY: Final = "charthouse-away"  # between leaving and coming back
LEFT: Final = "charthouse-left"  # where to sign out, too
BEGIN: Final = PATH + "{name}"
RETURN: Final = PATH + "{name}" + BACK
TOLD: Final = PATH + "{name}/gone"
OUT: Final = PATH + "out"
LONGEST: Final = 64 * 1024  # of a logout token
_NOTHING: Final = {**HEADERS, "Cache-Control": "no-store"}


async def begin(site: Site, request: Request) -> Response:
    """`GET /sign-in/with/{name}?next=/…`: 303 to the server, with a cookie for the way back."""
    name, asked = str(request.path_params["name"]), request.query_params
    base = urlsplit(site.clinic.base_url)
    # The cookie must be set under the very host that the server sends people back to.
    if request.url.hostname != base.hostname and "here" not in asked:
        onto = urlencode({"here": "1", "next": safe_place(asked.get("next", "/"))})
        return RedirectResponse(f"{site.clinic.base_url}{PATH}{quote(name, safe='')}?{onto}", 303, HEADERS)
    try:
        place, kept = await site.clinic.openid.flow.begin(name, asked.get("next", "/"))
    except Problem as failure:
        return _again(site, request, failure)
    response = onward(place)
    _keep(site, response, AWAY, kept, LIFETIME // 1000)
    return response


async def back(site: Site, request: Request) -> Response:
    """`GET /sign-in/with/{name}/back`: 303 into the clinic or to the second step, else the sign-in page (401)."""
    if request.method != "GET":  # a HEAD, as scanners send it, uses nothing up
        return Response(status_code=401, headers=HEADERS)
    clinic, name = site.clinic, str(request.path_params["name"])
    came: dict[str, Any] = {"address": address(request), "agent": request.headers.get("user-agent", "")}
    try:
        answer = _single(request)
        vouched = await clinic.openid.flow.finish(name, answer, _held(site, request, AWAY))
        clinic.generation.stale()  # groups may have moved roles
        entered = await clinic.sign_in.enter(vouched.account, vouched.label, strong=vouched.strong, **came)
    except Problem as failure:
        if failure.category is Category.FORBIDDEN:
            said = f"by provider {name[:64]}"
            failed = event(
                replace(NOBODY, client=CLIENT), "sign-in-failed", outcome="forbidden", query=said,
                address=came["address"],
            )  # fmt: skip
            await clinic.audit.record(failed)
        return _again(site, request, failure)
    response = onward(vouched.place if entered.place == HOME else entered.place, *entered.cookies)
    set_cookie(request, response, CHARTS, str(Charts()))
    _keep(site, response, AWAY, "", 0)
    _keep(site, response, LEFT, vouched.left, clinic.sessions.absolute // 1000)
    return response


async def out(site: Site, request: Request) -> Response:
    """`GET /sign-in/with/out`: 303 to the server's own sign-out; without one to the sign-in page."""
    try:
        place = await site.clinic.openid.flow.out(_held(site, request, LEFT))
    except Problem:
        place = None
    response = onward(place or "/sign-in")
    _forget(site, request, response, LEFT)
    return response


async def told(site: Site, request: Request) -> Response:
    """`POST /sign-in/with/{name}/gone`: back-channel logout; 200 when the sessions have ended, 400 for a bad token."""
    clinic, name = site.clinic, str(request.path_params["name"])
    try:
        account = await clinic.openid.flow.told_out(name, await field(request, "logout_token", most=LONGEST))
    except Problem as failure:
        # Back-Channel Logout 1.0, section 2.8: whatever is wrong with the request is a 400.
        status = 400 if failure.category is Category.FORBIDDEN else http_status(failure)
        return Response(status_code=status, headers=_NOTHING)
    if account is not None:
        who = clinic.people.get(account)
        await clinic.written(lambda connection: clinic.sessions.end_all(connection, account))
        clinic.generation.stale()
        left = replace(NOBODY, id=account, name=who.name, client=CLIENT)
        await clinic.audit.record(
            event(left, "sign-out", query="by the sign-in server", address=address(request))
        )
    return Response(status_code=200, headers=_NOTHING)


def offered(site: Site, request: Request) -> dict[str, Any]:
    """What the sign-in page shows: the servers to choose from, and the one to sign out at after a sign-out here."""
    found = site.clinic.openid.flow.left(_held(site, request, LEFT))
    return {"providers": site.clinic.openid.providers.on(), "left": found[0] if found else None}


def _again(site: Site, request: Request, failure: Problem) -> Response:
    """The sign-in page with what was wrong; what is about no provider at all goes on to the error page."""
    status = http_status(failure)
    if status not in (401, 403, 429, 503):
        raise failure
    origin = site.clinic.factors.passkeys.origin
    response = site.page(
        request, None, "signin.html", status=status, said=failure.issues[0].sentence(), name="", origin=origin,
        **offered(site, request),
    )  # fmt: skip
    _forget(site, request, response, AWAY)
    return response


def _single(request: Request) -> dict[str, str]:
    """The answer in the query; one that says something twice says nothing (RFC 6749, section 3.1)."""
    pairs = request.query_params.multi_items()
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def cookie_name(site: Site, name: str) -> str:
    """The prefix keeps a neighbour under the same domain from planting their own sign-in (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if _is_secure(site) else name


def _is_secure(site: Site) -> bool:
    return site.clinic.base_url.lower().startswith("https:")


def _held(site: Site, request: Request, name: str) -> str:
    return request.cookies.get(cookie_name(site, name), "")


def _forget(site: Site, request: Request, response: Response, name: str) -> None:
    if cookie_name(site, name) in request.cookies:
        _keep(site, response, name, "", 0)


def _keep(site: Site, response: Response, name: str, text: str, seconds: int) -> None:
    """Lax, not Strict: people come back from another site."""
    response.set_cookie(
        cookie_name(site, name), text, max_age=seconds, path="/", secure=_is_secure(site), httponly=True,
        samesite="lax",
    )  # fmt: skip
