"""The idle lock: a session is shut for a while, and its person opens it again where they left off."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from charthouse.base.errors import Category, Problem, http_status
from charthouse.web.recents import COOKIE, Charts
from charthouse.web.site import HEADERS, Desk, Site, set_cookie
from charthouse.web.threshold import Visit, field, onward, question, wants_json
from charthouse.web.views.signin import LONGEST_ANSWER, LONGEST_PASSWORD


async def lock(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /lock`: shut the session; a script gets 204, a person the page that opens it again."""
    if visit.live.locked is None:
        await site.clinic.own.lock(visit.live)
    return _done(request, "/unlock")


async def alive(_site: Site, _request: Request, _desk: Desk) -> Response:
    """`POST /active`: the person is at work on a page that asks nothing of the server; this is the sign of it."""
    return Response(status_code=204, headers=HEADERS)


async def page(site: Site, request: Request, visit: Visit) -> Response:
    """`GET /unlock`: who is locked out, and the ways back in."""
    if visit.live.locked is None:
        return onward("/")
    return _page(site, request, visit)


async def ask(site: Site, _request: Request, visit: Visit) -> Response:
    """`POST /unlock/ask`: for the overlay: whether there is a password, and the question for passkeys or null."""
    return question({"password": visit.person.has_password, "passkey": site.clinic.own.ask(visit.live)})


async def unlock(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /unlock`: open the session again; 403 where the password or key is not right."""
    try:
        await site.clinic.own.unlock(
            visit.live, password=await field(request, "password", most=LONGEST_PASSWORD),
            passkey=await field(request, "credential", most=LONGEST_ANSWER), address=visit.address,
        )  # fmt: skip
    except Problem as failure:
        if wants_json(request) or failure.category not in (Category.FORBIDDEN, Category.BUSY):
            raise
        return _page(site, request, visit, failure)
    return _done(request, "/")


async def leave(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /sign-out`, also of a session that is locked or not finished."""
    cookie = await site.clinic.sign_in.out(visit.live.actor)
    if visit.desk is not None:
        site.recents.forget(visit.desk.session)
    response = onward("/sign-in", cookie)
    set_cookie(request, response, COOKIE, str(Charts()))
    return response


def _page(site: Site, request: Request, visit: Visit, failure: Problem | None = None) -> Response:
    return site.page(
        request, None, "unlock.html", status=200 if failure is None else http_status(failure),
        said="" if failure is None else failure.issues[0].sentence(), person=visit.person, token=visit.token,
        question=site.clinic.own.ask(visit.live), origin=site.clinic.factors.passkeys.origin,
    )  # fmt: skip


def _done(request: Request, place: str) -> Response:
    return Response(status_code=204, headers=HEADERS) if wants_json(request) else onward(place)
