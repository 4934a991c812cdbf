"""Pages on the threshold: for who is not signed in yet, and for sessions that are locked or want a second factor."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from charthouse.access.door import FORM_HEADER, foreign, two_credentials
from charthouse.access.people import Person
from charthouse.access.routes import SAFE
from charthouse.access.sessions import ENROL, LOCK, Live, over, shut
from charthouse.base import log
from charthouse.base.errors import Problem, http_status, invalid
from charthouse.base.ids import logical_id
from charthouse.web.recents import COOKIE, Charts
from charthouse.web.screen import FORM_FIELD, broken, refused
from charthouse.web.site import HEADERS, Desk, Site, reader_of

Endpoint = Callable[[Request], Awaitable[Response]]
Opened = Callable[[Site, Request], Awaitable[Response]]

_log: Final = log.get("web")
MOST: Final = 64 * 1024  # bytes of a form; the answer of a passkey has about two thousand
LOCKED: Final = "/unlock"
UNFINISHED: Final = "/account/enrol"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody with a session that may not open everything. `desk` is None where it opens nothing else."""

    live: Live
    person: Person
    desk: Desk | None
    address: str

    @property
    def token(self) -> str:
        """What the forms must send back."""
        return self.live.form_token


Kept = Callable[[Site, Request, Visit], Awaitable[Response]]


def opened(site: Site, view: Opened) -> Endpoint:
    """An endpoint for everybody; its forms are taken only from our own pages."""

    async def endpoint(request: Request) -> Response:
        try:
            site.clinic.rates.stranger(address(request))
            if request.method not in SAFE:
                _require_own(site, request)
                _require_small(request)
            return await view(site, request)
        except Problem as failure:
            return await _told(site, request, failure)
        except Exception as failure:  # noqa: BLE001 - the last door before the caller
            return _broken(site, request, failure)

    return endpoint


def kept(site: Site, view: Kept, *, locked: bool = False) -> Endpoint:
    """An endpoint for who has a session, also one that waits for a second factor; a locked one where `locked`."""

    async def endpoint(request: Request) -> Response:
        clinic = site.clinic
        try:
            text = request.cookies.get(clinic.cookie.name, "")
            if text and "authorization" in request.headers:
                raise two_credentials()
            if not text:
                clinic.rates.stranger(address(request))
                raise over("This needs a sign-in.")
            live = clinic.sessions.held(text)
            clinic.rates.known(live.actor.session or live.actor.name)
            if request.method not in SAFE:
                await _require_token(request, live)
            is_whole = live.locked is None and not live.must_enrol
            if live.locked is not None and not locked:
                raise shut("This sign-in is locked.")
            if is_whole and not locked:
                live = clinic.sessions.verify(text)
            person = clinic.people.get(live.actor.id)
            desk = None
            if is_whole:
                charts = Charts.parse(request.cookies.get(COOKIE, ""))
                desk = Desk(
                    live.actor, person.display, live.form_token, reader_of(request), charts,
                    address=request.url.path,
                )  # fmt: skip
            return await view(site, request, Visit(live, person, desk, address(request)))
        except Problem as failure:
            return await _told(site, request, failure)
        except Exception as failure:  # noqa: BLE001 - the last door before the caller
            return _broken(site, request, failure)

    return endpoint


async def field(request: Request, name: str, *, most: int = 1_000) -> str:
    """One box of the form; empty where it was not sent. What is too long for any such box is refused."""
    sent = (await request.form()).get(name)
    text = sent if isinstance(sent, str) else ""
    if len(text) > most:
        raise invalid("too-long", "This is too long.", place=name, repair=f"Give at most {most} characters.")
    return text


async def fields(request: Request, name: str) -> list[str]:
    """All boxes of one name, such as ticks in a list."""
    return [one for one in (await request.form()).getlist(name) if isinstance(one, str)]


def address(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client else ""


def wants_json(request: Request) -> bool:
    """Whether a script asks and not a person."""
    return "application/json" in request.headers.get("accept", "")


def question(asked: object) -> Response:
    """A question for a passkey, or null, for a script."""
    return JSONResponse(asked, headers=HEADERS)


def onward(place: str, *cookies: str) -> Response:
    """On to another page, with cookies."""
    response = RedirectResponse(place, 303, HEADERS)
    for cookie in cookies:
        response.headers.append("Set-Cookie", cookie)
    return response


async def _told(site: Site, request: Request, failure: Problem) -> Response:
    status, issue = http_status(failure), failure.issues[0]
    if wants_json(request):
        said = {"message": f"{issue.message} {issue.repair or ''}".strip(), "place": issue.place}
        return JSONResponse(said, status, headers=HEADERS)
    if status == 401 and request.method in SAFE and issue.place in (LOCK, ENROL):
        return RedirectResponse(LOCKED if issue.place == LOCK else UNFINISHED, 303, HEADERS)
    return await refused(site, request, failure)


def _broken(site: Site, request: Request, failure: Exception) -> Response:
    number = logical_id()[:8]
    route = str(getattr(request.scope.get("route"), "path", "unknown"))
    _log.error("page.failed", failure=failure, route=route, id=number)
    return broken(site, request, 500, number=number)


def _require_own(site: Site, request: Request) -> None:
    """Refuse a form that another site sent: nobody may be signed in from elsewhere (login CSRF)."""
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise foreign()
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc not in (
        headers.get("host", ""), urlsplit(site.clinic.base_url).netloc,
    ):  # fmt: skip
        raise foreign()


def _require_small(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MOST:
        raise invalid(
            "too-long", "This form is too long.", place="content-length", value=length or "not given"
        )


async def _require_token(request: Request, live: Live) -> None:
    _require_small(request)
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise foreign()
    sent = request.headers.get(FORM_HEADER) or await field(request, FORM_FIELD)
    if not hmac.compare_digest(sent.encode("utf-8", "replace"), live.form_token.encode()):
        raise foreign()
