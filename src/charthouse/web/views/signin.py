"""Coming in, by password, passkey, one-time link or invitation, with a second step where one is set up; going out."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.signin import Entered
from charthouse.base.errors import Category, Problem, http_status
from charthouse.web.recents import COOKIE, Charts
from charthouse.web.site import HEADERS, Site, set_cookie
from charthouse.web.threshold import LOCKED, UNFINISHED, address, field, onward, question
from charthouse.web.views.oidc import offered

LONGEST_PASSWORD = 4_000  # characters that are looked at; `passwords` refuses far fewer
LONGEST_ANSWER = 16_384  # of a passkey


async def page(site: Site, request: Request) -> Response:
    """`GET /sign-in`: the form; who is in already goes on, home or to what their session waits for."""
    try:
        live = site.clinic.sessions.held(request.cookies.get(site.clinic.cookie.name, ""))
    except Problem:
        return _form(site, request)
    if live.locked is not None:
        return RedirectResponse(LOCKED, 303, HEADERS)
    return RedirectResponse(UNFINISHED if live.must_enrol else "/", 303, HEADERS)


async def password(site: Site, request: Request) -> Response:
    """`POST /sign-in`: 303 to home or to the second step; the form again (401, 429) with one and the same answer."""
    name = await field(request, "name")
    try:
        entered = await site.clinic.sign_in.by_password(
            name, await field(request, "password", most=LONGEST_PASSWORD), **_from(request)
        )
    except Problem as failure:
        return _again(site, request, failure, name=name[:64])
    return _entered(request, entered)


async def ask(site: Site, _request: Request) -> Response:
    """`POST /sign-in/passkey/ask`: the question for whichever passkey the person picks; the same for everybody."""
    return question(site.clinic.sign_in.ask_passkey())


async def passkey(site: Site, request: Request) -> Response:
    """`POST /sign-in/passkey`: 303 to home; the form again (401, 429) with one and the same answer."""
    sent = await field(request, "credential", most=LONGEST_ANSWER)
    try:
        entered = await site.clinic.sign_in.by_passkey(sent, **_from(request))
    except Problem as failure:
        return _again(site, request, failure)
    return _entered(request, entered)


async def step(site: Site, request: Request) -> Response:
    """`GET /sign-in/second`: what may come second; without a first step, the way back to it."""
    try:
        return _second(site, request)
    except Problem:
        held = site.clinic.sign_in.step
        return onward("/sign-in", *([held.drop()] if held.name in request.cookies else ()))


async def second(site: Site, request: Request) -> Response:
    """`POST /sign-in/second`: 303 to home; the form again (403, 429); the first form (401) when it took too long."""
    code, sent = await field(request, "code"), await field(request, "credential", most=LONGEST_ANSWER)
    held = request.cookies.get(site.clinic.sign_in.step.name, "")
    try:
        entered = await site.clinic.sign_in.second(held, code=code, passkey=sent, **_from(request))
    except Problem as failure:
        if failure.issues[0].code == "login":
            return _again(site, request, failure)
        if failure.category not in (Category.FORBIDDEN, Category.BUSY):
            raise
        try:
            return _second(site, request, failure)
        except Problem as over:  # that was the last try
            return _again(site, request, over)
    return _entered(request, entered)


async def link(site: Site, request: Request) -> Response:
    """`GET /sign-in/link/{secret}`: 303 with a session, once; afterwards the page says so (401).

    A HEAD, as mail scanners and previews send it, uses nothing up.
    """
    if request.method != "GET":
        return Response(status_code=401, headers=HEADERS)
    try:
        entered = await site.clinic.sign_in.by_link(str(request.path_params["secret"]), **_from(request))
    except Problem as failure:
        return _again(site, request, failure)
    return _entered(request, entered)


async def invitation(site: Site, request: Request) -> Response:
    """`GET /invite/{secret}`: the form for a password of one's own; nothing is used up."""
    return _invited(site, request)


async def accept(site: Site, request: Request) -> Response:
    """`POST /invite/{secret}`: the password is chosen and the person is in; the form again where it will not do."""
    secret = str(request.path_params["secret"])
    chosen = await field(request, "password", most=LONGEST_PASSWORD)
    if chosen != await field(request, "again", most=LONGEST_PASSWORD):
        return _invited(site, request, "The two passwords are not the same.")
    try:
        entered = await site.clinic.sign_in.by_invite(secret, chosen, **_from(request))
    except Problem as failure:
        if failure.category is Category.INVALID:
            return _invited(site, request, failure.issues[0].sentence())
        return _again(site, request, failure)
    return _entered(request, entered)


def _entered(request: Request, entered: Entered) -> Response:
    response = onward(entered.place, *entered.cookies)
    set_cookie(request, response, COOKIE, str(Charts()))
    return response


def _again(site: Site, request: Request, failure: Problem, *, name: str = "") -> Response:
    """The form of the first step with what was wrong; other failures go on to the error page."""
    status = http_status(failure)
    if status not in (401, 429):
        raise failure
    return _form(site, request, failure.issues[0].sentence(), status=status, name=name)


def _form(site: Site, request: Request, said: str = "", *, status: int = 200, name: str = "") -> Response:
    origin = site.clinic.factors.passkeys.origin
    return site.page(
        request,
        None,
        "signin.html",
        status=status,
        said=said,
        name=name,
        origin=origin,
        **offered(site, request),
    )


def _second(site: Site, request: Request, failure: Problem | None = None) -> Response:
    by_app, asked = site.clinic.sign_in.ask_second(request.cookies.get(site.clinic.sign_in.step.name, ""))
    return site.page(
        request, None, "second.html", status=200 if failure is None else http_status(failure),
        said="" if failure is None else failure.issues[0].sentence(), by_app=by_app, question=asked,
        origin=site.clinic.factors.passkeys.origin,
    )  # fmt: skip


def _invited(site: Site, request: Request, said: str = "") -> Response:
    try:
        person = site.clinic.sign_in.invited(str(request.path_params["secret"]))
    except Problem as failure:
        return _again(site, request, failure)
    return site.page(request, None, "invite.html", status=400 if said else 200, said=said, person=person)


def _from(request: Request) -> dict[str, Any]:
    return {"address": address(request), "agent": request.headers.get("user-agent", "")}
