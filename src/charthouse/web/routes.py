"""All pages and their addresses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from charthouse.access.oauth.metadata import AUTHORIZE, MANAGE
from charthouse.base.errors import not_found
from charthouse.web import entrances, onward
from charthouse.web.guided import Guided, Kept, guided
from charthouse.web.screen import View, broken, screen
from charthouse.web.site import Desk, Site
from charthouse.web.views import (
    affected,
    apps,
    audit,
    careers,
    chart,
    consent,
    emergency,
    guide,
    home,
    incidents,
    letters,
    planner,
    policies,
    record,
    salary,
    section,
    terminology,
    timeline,
    unusual,
)

if TYPE_CHECKING:
    from charthouse.app import Clinic

PACK: Final = [Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)]


def routes(clinic: Clinic) -> list[BaseRoute]:
    """The routes of the pages of one clinic. Addresses hold ids and names of sections, nothing about a person."""
    site = Site(clinic)
    shut = [
        ("/", onward.first(home.page), "GET"),
        ("/find", home.search, "POST"),
        ("/charts/close", home.close, "POST"),
        ("/chart/{patient}", chart.page, "GET"),
        ("/chart/{patient}/photo", record.photo, "GET"),
        ("/chart/{patient}/timeline", timeline.page, "GET"),
        ("/chart/{patient}/timeline/more", timeline.more, "POST"),
        *_apps(),
        ("/chart/{patient}/{section}", section.page, "GET"),
        ("/chart/{patient}/{section}/more", section.more, "POST"),
        (policies.ADDRESS, policies.page, "GET"),
        (f"{policies.ADDRESS}/try", policies.attempt, "POST"),
        (f"{policies.ADDRESS}/{{name}}", policies.one, "GET"),
        (f"{policies.ADDRESS}/{{name}}", policies.put, "POST"),
        (f"{policies.ADDRESS}/{{name}}/withdraw", policies.withdraw, "POST"),
        (f"{policies.ADDRESS}/{{name}}/restore", policies.restore, "POST"),
        (emergency.ADDRESS, emergency.page, "GET"),
        (emergency.ADDRESS, emergency.find, "POST"),
        (f"{emergency.ADDRESS}/open", emergency.enter, "POST"),
        (f"{emergency.ADDRESS}/close", emergency.leave, "POST"),
        (emergency.REVIEW, emergency.queue, "GET"),
        (emergency.REVIEW, emergency.review, "POST"),
        (terminology.ADDRESS, terminology.page, "GET"),
        (f"{terminology.ADDRESS}/find", terminology.search, "POST"),
        (f"{terminology.ADDRESS}/code", terminology.concept, "GET"),
        *_planner(),
        *_incidents(),
        *_audit(),
        ("/record/{type}/{id}", record.page, "GET"),
        ("/record/{type}/{id}/file/{number}", record.file, "GET"),
    ]
    kept = Kept()
    return [
        Route("/static/{hash}/{name:path}", site.assets.serve, methods=["GET"]),
        *(_guided(site, kept, path, view) for path, view in _guide()),
        *entrances.routes(site),
        *(Route(path, screen(site, view), methods=[method], middleware=PACK) for path, view, method in shut),
        Route(f"{planner.ADDRESS}/{{act}}", screen(site, planner.act, planner.FORM), methods=["POST"]),
        Route(AUTHORIZE, onward.remembered(screen(site, consent.ask)), methods=["GET"]),
        # Last: what is nowhere is shut like the rest, and never redirected by what a Host header says.
        Route("/{path:path}", screen(site, _nowhere), methods=["GET"]),
    ]


def _planner() -> list[tuple[str, View, str]]:
    """Everybody's own steps, and the directory of programmes."""
    top = planner.ADDRESS
    return [
        (top, planner.page, "GET"),
        (f"{top}/transcript.pdf", planner.paper, "GET"),
        (f"{top}/calendar.ics", planner.days, "GET"),
        (f"{top}/certificate/{{number}}", planner.certificate, "GET"),
        (f"{top}/document/{{number}}", planner.document, "GET"),
    ]


def _guided(site: Site, kept: Kept, path: str, view: Guided) -> BaseRoute:
    """A page is packed and kept; a file, such as `/salary.json`, is sent as it is."""
    is_page = "." not in path
    endpoint = guided(site, view, kept, is_page=is_page)
    return Route(path, endpoint, methods=["GET"], middleware=PACK if is_page else [])


def _guide() -> list[tuple[str, Guided]]:
    """The workforce guide: open to everybody where the clinic publishes it (`access.routes.PUBLISHED`)."""
    return [
        (salary.ADDRESS, salary.page),
        (f"{salary.ADDRESS}.json", salary.answer_json),
        (f"{salary.ADDRESS}/openapi.json", salary.described),
        (f"{salary.ADDRESS}/places", salary.everywhere),
        (f"{salary.ADDRESS}/compare", salary.compare),
        (f"{salary.ADDRESS}/file/{{name}}.{{kind}}", salary.file),
        (careers.ADDRESS, careers.page),
        (f"{careers.ADDRESS}/credentials", careers.credentials),
        (f"{careers.ADDRESS}/{{path}}", careers.one),
        (guide.ADDRESS, guide.page),
        (f"{guide.ADDRESS}.pdf", guide.pdf),
        (f"{guide.ADDRESS}/payback", guide.worth),
    ]


def _apps() -> list[tuple[str, View, str]]:
    """Programs that people let in; the page that asks is a route by itself, for it outlasts the sign-in page."""
    return [
        (AUTHORIZE, consent.answer, "POST"),
        (MANAGE, apps.page, "GET"),
        (f"{MANAGE}/withdraw", apps.withdraw, "POST"),
        (f"{MANAGE}/new", apps.blank, "GET"),
        (f"{MANAGE}/new", apps.enter, "POST"),
        (f"{MANAGE}/{{app}}", apps.one, "GET"),
        (f"{MANAGE}/{{app}}", apps.decide, "POST"),
        ("/chart/{patient}/apps", apps.chart, "GET"),
        ("/chart/{patient}/apps", apps.start, "POST"),
    ]


def _audit() -> list[tuple[str, View, str]]:
    """The questions to the audit; what holds words about a person is asked by POST."""
    top = audit.ADDRESS
    both = [
        (f"{top}/chart/{{patient}}", audit.chart),
        (f"{top}/person/{{account}}", audit.person),
        (f"{top}/events", audit.events),
        (unusual.QUEUE, unusual.queue),
        (unusual.LIMITS, unusual.limits),
        (audit.OWN, audit.own),
    ]
    return [
        (top, audit.page, "GET"),
        (f"{top}/find", audit.search, "POST"),
        (f"{top}/report/{{patient}}", audit.report, "GET"),
        (f"{top}/export", audit.export, "POST"),
        (f"{top}/print", audit.paper, "POST"),
        (f"{unusual.QUEUE}/{{id}}", unusual.case, "GET"),
        (f"{unusual.QUEUE}/{{id}}", unusual.decide, "POST"),
        *((path, view, method) for path, view in both for method in ("GET", "POST")),
    ]


def _incidents() -> list[tuple[str, View, str]]:
    """Privacy incidents; the fixed words come before the names of incidents."""
    top, one = incidents.ADDRESS, f"{incidents.ADDRESS}/{{name}}"
    return [
        (top, incidents.page, "GET"),
        (f"{top}/new", incidents.blank, "GET"),
        (f"{top}/new", incidents.begin, "POST"),
        (f"{top}/rules", incidents.rules, "GET"),
        (f"{top}/rules", incidents.rule, "POST"),
        (f"{top}/letter", letters.template, "GET"),
        (f"{top}/letter", letters.reword, "POST"),
        (f"{top}/log", letters.year, "GET"),
        (f"{top}/log.csv", letters.table, "GET"),
        (one, incidents.one, "GET"),
        (f"{one}/people", affected.page, "GET"),
        (f"{one}/people/count", affected.count, "POST"),
        (f"{one}/people/change", affected.change, "POST"),
        (f"{one}/letters", letters.page, "GET"),
        (f"{one}/letters", letters.word, "POST"),
        (f"{one}/sheets", letters.sheets, "GET"),
        (f"{one}/{{act}}", incidents.act, "POST"),
    ]


async def _nowhere(_site: Site, _request: Request, _desk: Desk) -> Response:
    raise not_found()


def handlers(clinic: Clinic) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """Exception handlers for the application the routes are put in: error pages for what no route answers."""
    site = Site(clinic)

    async def unrouted(request: Request, failure: Exception) -> Response:
        return broken(site, request, getattr(failure, "status_code", 500))

    async def fault(request: Request, _failure: Exception) -> Response:
        return broken(site, request, 500)

    return {HTTPException: unrouted, 500: fault}
