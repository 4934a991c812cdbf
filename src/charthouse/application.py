"""The ASGI application of an open clinic: the FHIR API, health and pages behind one wall; no logic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from charthouse.access.oauth.metadata import SMART
from charthouse.api import health
from charthouse.api.app import Api
from charthouse.api.wall import Wall
from charthouse.base.proxies import of as named_proxies
from charthouse.web.cross import Cross
from charthouse.web.routes import handlers, routes
from charthouse.web.views import oauth

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from charthouse.app import Clinic


class Application:
    """The ASGI application of a clinic: the FHIR API under `/fhir`, health, and pages everywhere else."""

    def __init__(self, clinic: Clinic) -> None:
        self._api = Api(
            clinic.gate,
            clinic.door,
            clinic.record.definitions,
            clinic.settings,
            rates=clinic.rates,
            events=clinic.events(),
        )
        watched = health.routes(
            self._api, clinic.door, clinic.ready, clinic.tallies, lambda: clinic.record.writer.waiting
        )
        self._pages = Starlette(
            routes=[*oauth.routes(clinic), Mount("/fhir", self._api), *watched, *routes(clinic)],
            exception_handlers=handlers(clinic),
        )
        self.routes = self._pages.routes
        self._cross = Cross(self._routed, clinic.oauth.apps.origins)
        self._wall = Wall(
            self._cross, named_proxies(clinic.settings), clinic.rates,
            is_secure=clinic.base_url.lower().startswith("https:"),
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every request comes through the wall."""
        await self._wall(scope, receive, send)

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests for the API go straight to it; the rest to the pages."""
        path = scope["path"] if scope["type"] == "http" else ""
        if (path.startswith("/fhir/") and path != SMART) or path == "/fhir":
            await self._api(scope, receive, send)
        else:
            await self._pages(scope, receive, send)
