"""The way from a request to a page: who it is, whether the form is theirs, and what a failure looks like."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.actor import Actor
from charthouse.access.door import two_credentials
from charthouse.access.routes import SAFE
from charthouse.base import log
from charthouse.base.errors import Category, Problem, http_status, invalid
from charthouse.base.ids import logical_id
from charthouse.web.chart.entry import Context
from charthouse.web.chart.identity import Identity, distinct, identity
from charthouse.web.recents import COOKIE, Charts
from charthouse.web.site import HEADERS, Desk, Site, Tab, reader_of

View = Callable[[Site, Request, Desk], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

_log: Final = log.get("web")
FORM_FIELD: Final = "form_token"
MOST: Final = 256 * 1024
# What an error page says: heading, what to do. The status and the record's own issue texts are added where they help.
WORDS: Final = {
    401: ("Signed out", "Your sign-in has ended. Sign in again, then repeat what you did."),
    403: ("Not open to you", "Your role does not include this. Ask whoever gives out roles at your clinic."),
    404: (
        "Nothing here",
        "This page does not exist, or it is not open to you. Go back, or find the patient again.",
    ),
    410: ("Removed", "This record was deleted. Its earlier versions are kept."),
    429: ("Too many tries", "Wait a little, then try again."),
    500: ("Something broke", "Nothing was changed. Try again; if it happens again, report the number below."),
    503: ("Busy", "The server has more to do than it can. Try again in a moment."),
}


def screen(site: Site, view: View, most: int = MOST) -> Endpoint:
    """An endpoint that answers only for a signed-in person, and only to their own forms of at most `most` bytes."""

    async def endpoint(request: Request) -> Response:
        actor: Actor | Problem | None = None
        try:
            live = site.clinic.door.session(request.headers, request.cookies)
            if isinstance(live, Problem):
                site.clinic.rates.stranger(request.client.host if request.client else "")
                raise live  # before any of the body is read
            site.clinic.rates.known(live.actor.session or live.actor.name)
            token = await _form_token(request, most) if request.method not in SAFE else None
            actor = site.clinic.door.authenticate(
                request.headers, request.cookies, request.method, request.url.path, form_token=token
            )
            if isinstance(actor, Problem):
                turned, actor = actor, None
                raise turned
            if actor.session != live.actor.session:  # a bearer token beside the cookie: a page has one owner
                raise two_credentials()
            person = site.clinic.people.get(live.actor.id)
            desk = Desk(
                actor,
                person.display or person.name,
                live.form_token,
                reader_of(request),
                Charts.parse(request.cookies.get(COOKIE, "")),
                address=request.url.path,
            )
            return await view(site, request, desk)
        except Problem as failure:
            if failure.category is Category.FORBIDDEN and isinstance(actor, Actor):
                route = f"{request.method} {_route(request)}"
                await site.clinic.gate.note(actor, "refused", outcome="forbidden", query=route)
            return await refused(site, request, failure)
        except Exception as failure:  # noqa: BLE001 - the last door before the caller
            number = logical_id()[:8]
            _log.error("page.failed", failure=failure, route=_route(request), id=number)
            return broken(site, request, 500, number=number)
        finally:
            await request.close()  # files of its form

    return endpoint


async def _form_token(request: Request, most: int) -> str | None:
    """The token of a page's form. Forms are small; what is not, or does not say its length, is refused unread."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > most:
        raise invalid(
            "too-long", "This form is too long.", place="content-length", value=length or "not given"
        )
    sent = (await request.form()).get(FORM_FIELD)
    return sent if isinstance(sent, str) else None


async def refused(site: Site, request: Request, failure: Problem) -> Response:
    """The page (or, for htmx, the note) that a Problem becomes; nobody signed in goes to the sign-in page."""
    status = http_status(failure)
    if status == 401:
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={**HEADERS, "HX-Redirect": "/sign-in"})
        if request.method in SAFE:
            return RedirectResponse("/sign-in", 303, HEADERS)
        return broken(site, request, 401)
    if failure.category is Category.FORBIDDEN and failure.issues and failure.issues[0].place:
        said = failure.issues[0].sentence()
        return broken(site, request, status, said=said)
    said = failure.issues[0].sentence() if status in (400, 409, 412, 422, 429) and failure.issues else ""
    answer = broken(site, request, status, said=said)
    if failure.after:
        answer.headers["Retry-After"] = str(failure.after)
    return answer


def broken(site: Site, request: Request, status: int, *, said: str = "", number: str = "") -> Response:
    """An error page in the style of the rest, without a stack; also for what the router does not know."""
    heading, repair = WORDS.get(status, ("That did not work", "Go back and try again."))
    if request.headers.get("hx-request"):
        response = site.part("parts/note.html", heading=heading, repair=said or repair)
        response.status_code = status
        return response
    return site.page(
        request,
        None,
        "error.html",
        status=status,
        code=status,
        heading=heading,
        repair=said or repair,
        number=number,
    )


async def tabbed(site: Site, desk: Desk, known: Identity | None = None) -> Desk:
    """The desk with its tabs named. `known` is the chart being opened; it becomes a tab, too."""
    charts = desk.charts
    if known is not None:
        site.recents.keep(desk.session, desk.reader.tongue, known, desk.reader.now)
        charts = charts.opened(known.id)
    cards, gone = await cards_of(site, desk, charts.open)
    charts = charts.without(gone)
    bands = distinct([one.band for one in cards])
    tabs = tuple(Tab(one.id, one.name.sorted, one.tab, band) for one, band in zip(cards, bands, strict=True))
    return replace(desk, charts=charts, tabs=tabs)


async def cards_of(
    site: Site, desk: Desk, patients: tuple[str, ...]
) -> tuple[list[Identity], frozenset[str]]:
    """The cards of these patients, and the ids that gave none. What this sign-in saw lately is not read again."""
    held = {one: site.recents.get(desk.session, desk.reader.tongue, one, desk.reader.now) for one in patients}
    for one in [one for one, card in held.items() if card is not None]:
        if not await site.clinic.gate.is_still_open(desk.actor, "Patient", one):
            held[one] = None
    missing = [one for one, card in held.items() if card is None]

    async def read(patient: str) -> Identity | None:
        try:
            stored = await site.clinic.gate.read(desk.actor, "Patient", patient)
        except Problem:
            return None
        return identity(stored.tree, Context(desk.reader, {}))

    for patient, card in zip(missing, await asyncio.gather(*(read(one) for one in missing)), strict=True):
        held[patient] = card
        if card is not None:
            site.recents.keep(desk.session, desk.reader.tongue, card, desk.reader.now)
    return [card for card in held.values() if card], frozenset(
        one for one, card in held.items() if card is None
    )


def _route(request: Request) -> str:
    """The pattern of the path, not the path: ids stay out of the log."""
    route = request.scope.get("route")
    return str(getattr(route, "path", "unknown"))
