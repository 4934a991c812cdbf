"""What machines that watch the server ask: is it alive, can it answer, how much has it done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from charthouse.access.door import Door, challenge
from charthouse.access.policy import forbidden
from charthouse.base.errors import Problem, http_status

if TYPE_CHECKING:
    from charthouse.api.app import Api

Ready = Callable[[], dict[str, bool]]
Metric = GaugeMetricFamily | CounterMetricFamily
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
INERT: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Meters(Collector):
    """Counts of one server: nothing in them tells of a person."""

    def __init__(self, api: Api, tallies: Callable[[], dict[str, int]], waiting: Callable[[], int]) -> None:
        self._api = api
        self._tallies = tallies
        self._waiting = waiting

    def collect(self) -> Iterable[Metric]:
        """The present numbers."""
        answered = CounterMetricFamily(
            "charthouse_fhir_answers", "Answers of the FHIR API.", labels=["status"]
        )
        for status, count in sorted(self._api.answered.items()):
            answered.add_metric([str(status)], count)
        yield answered
        resources = GaugeMetricFamily(
            "charthouse_resources", "Resources that are there now.", labels=["type"]
        )
        for name, count in self._tallies().items():
            resources.add_metric([name], count)
        yield resources
        yield GaugeMetricFamily(
            "charthouse_writes_waiting", "Writes waiting for the disk.", value=self._waiting()
        )


def routes(
    api: Api, door: Door, ready: Ready, tallies: Callable[[], dict[str, int]], waiting: Callable[[], int]
) -> list[BaseRoute]:
    """The routes `/healthz`, `/readyz` (open) and `/metrics` (who may search the whole record)."""
    registry = CollectorRegistry()
    registry.register(Meters(api, tallies, waiting))
    ProcessCollector(registry=registry)

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"alive": True}, headers=INERT)

    def readyz(_request: Request) -> Response:
        try:
            found = ready()
        except Problem:
            found = {"database": False}
        return JSONResponse(found, status_code=200 if all(found.values()) else 503, headers=INERT)

    async def metrics(request: Request) -> Response:
        actor = door.authenticate(request.headers, request.cookies, request.method, "/metrics")
        if not isinstance(actor, Problem) and not api.gate.is_open(actor, "*", "search"):
            actor = forbidden("*", "search")  # how many resources of each type there are is told
        if isinstance(actor, Problem):
            asked = challenge(actor, request.headers)
            return Response(str(actor), http_status(actor), {**INERT, **asked}, media_type="text/plain")
        return Response(generate_latest(registry), headers=INERT, media_type=TEXT)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
