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

from charthouse.access.links import PATH
from charthouse.base.errors import not_found
from charthouse.web.screen import broken, screen
from charthouse.web.site import Desk, Site
from charthouse.web.views import chart, home, record, section, signin, terminology, timeline

if TYPE_CHECKING:
    from charthouse.app import Clinic

Open = Callable[[Site, Request], Awaitable[Response]]
PACK: Final = [Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)]


def routes(clinic: Clinic) -> list[BaseRoute]:
    """The routes of the pages of one clinic. Addresses hold ids and names of sections, nothing about a person."""
    site = Site(clinic)
    shut = [
        ("/", home.page, "GET"),
        ("/find", home.search, "POST"),
        ("/charts/close", home.close, "POST"),
        ("/sign-out", signin.leave, "POST"),
        ("/chart/{patient}", chart.page, "GET"),
        ("/chart/{patient}/photo", record.photo, "GET"),
        ("/chart/{patient}/timeline", timeline.page, "GET"),
        ("/chart/{patient}/timeline/more", timeline.more, "POST"),
        ("/chart/{patient}/{section}", section.page, "GET"),
        ("/chart/{patient}/{section}/more", section.more, "POST"),
        (terminology.ADDRESS, terminology.page, "GET"),
        (f"{terminology.ADDRESS}/find", terminology.search, "POST"),
        (f"{terminology.ADDRESS}/code", terminology.concept, "GET"),
        ("/record/{type}/{id}", record.page, "GET"),
        ("/record/{type}/{id}/file/{number}", record.file, "GET"),
    ]
    opened = [("/sign-in", signin.page), (PATH + "{secret}", signin.link)]
    return [
        Route("/static/{hash}/{name:path}", site.assets.serve, methods=["GET"]),
        *(Route(path, _opened(site, view), methods=["GET"], middleware=PACK) for path, view in opened),
        *(Route(path, screen(site, view), methods=[method], middleware=PACK) for path, view, method in shut),
        # Last: what is nowhere is shut like the rest, and never redirected by what a Host header says.
        Route("/{path:path}", screen(site, _nowhere), methods=["GET"]),
    ]


async def _nowhere(_site: Site, _request: Request, _desk: Desk) -> Response:
    raise not_found()


def _opened(site: Site, view: Open) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await view(site, request)

    return endpoint


def handlers(clinic: Clinic) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """Exception handlers for the application the routes are put in: error pages for what no route answers."""
    site = Site(clinic)

    async def unrouted(request: Request, failure: Exception) -> Response:
        return broken(site, request, getattr(failure, "status_code", 500))

    async def fault(request: Request, _failure: Exception) -> Response:
        return broken(site, request, 500)

    return {HTTPException: unrouted, 500: fault}
