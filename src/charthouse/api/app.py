"""The FHIR API as one ASGI callable: who asks, which interaction, and an answer whatever happens.

Requests for one resource come by the thousand each second, so the way there is plain code on
the ASGI scope: no framework objects, no patterns, one small object per request.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from charthouse.access.door import Door, challenge
from charthouse.access.gate import Gate
from charthouse.access.routes import SAFE
from charthouse.access.trail.events import AuditEvents
from charthouse.api import negotiate, origin, query, respond, routes, unknown
from charthouse.api.body import Disconnected, Receive
from charthouse.api.capability import Capability, Searchable, searchable
from charthouse.api.limits import Limits
from charthouse.api.rendered import Rendered
from charthouse.api.reply import Header, Reply
from charthouse.api.request import Context, Request
from charthouse.api.subset import Subset
from charthouse.api.wall import caller
from charthouse.base import ids, log
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.base.rates import Rates
from charthouse.base.settings import Settings
from charthouse.fhir.definitions import Definitions

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_log = log.get("api")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._\-]{1,64}")
_ANY_JSON: Final = frozenset((b"*/*", b"application/fhir+json", b"application/json"))
_CREDENTIALS: Final = tuple(
    (name.encode(), name) for name in ("authorization", "cookie", "x-csrf-token", "sec-fetch-site")
)
# The policy, because a browser shows XML as a document and would run what a narrative smuggled into it.
_ALWAYS: Final[tuple[Header, ...]] = (
    (b"cache-control", b"private, no-store"),
    (b"content-security-policy", b"sandbox; default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
)


class Api:
    """Everything under `/fhir` for one clinic; `await api(scope, receive, send)` is ASGI 3."""

    def __init__(
        self,
        gate: Gate,
        door: Door,
        definitions: Definitions,
        settings: Settings | None = None,
        *,
        searched: Searchable | None = None,
        rates: Rates | None = None,
        events: AuditEvents | None = None,
    ) -> None:
        """`searched` tells the search parameters of a type; without it, all that have a kind we search.
        `events` are the AuditEvents of the house."""
        known = settings or Settings()
        self._door = door
        self._rates = rates or Rates(known)
        self.gate = gate
        self._origin = origin.of(known)
        self._context = Context(
            gate,
            Rendered(),
            definitions.standard,
            frozenset(definitions.resource_types) - routes.NO_ADDRESS,
            Limits(known.body_limit, known.bundle_entries, known.page_size, known.page_limit),
            Subset(definitions.standard),
            Capability(definitions, searched or searchable(definitions)).statement,
            self.perform,
            self.fault,
            events,
        )
        self._skip = len(origin.PREFIX) + 1
        self._ids = itertools.count(1)
        self._run = ids.secret(6)
        self.routes = routes.listed()
        self.answered: Counter[int] = Counter()  # by HTTP status, since the start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]):
            _refuse_two_credentials(scope["headers"], headers)
        request_id = headers.get(b"x-request-id")
        if request_id is None or _REQUEST_ID.fullmatch(request_id) is None:
            request_id = f"{self._run}-{next(self._ids):x}".encode()
        request = Request(self._context, scope["method"], scope["query_string"], headers, receive, request_id)
        steps = scope["path"][self._skip :].removesuffix("/").split("/")
        try:
            actor = self._door.authenticate(_credentials(headers), None, request.method, scope["path"])
            if isinstance(actor, Problem):
                self._rates.stranger(caller(scope))
                raise actor
            if actor.session is None:
                self._rates.stranger(caller(scope))
            else:
                self._rates.known(actor.session)
            request.actor = actor
            request.base = self._origin.base(headers, scope.get("scheme", "http"))
            reply = await self.perform(request, steps)
        except Problem as found:
            if found.category is Category.FORBIDDEN and request.actor.id >= 0 and request.method in SAFE:
                await self.gate.note(
                    request.actor, "refused", outcome="forbidden", query=f"GET {steps[0]}"[:80]
                )
            reply = self._refused(request, steps, found)
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001  every request gets an answer
            reply = self._refused(request, steps, self.fault(error, request_id, scope["path"]))
        self.answered[reply.status] += 1
        await _send(send, reply, request_id, bare=request.method == "HEAD")

    async def perform(self, request: Request, steps: list[str]) -> Reply:
        """Carry out one interaction for an actor who is known already."""
        route = routes.find(request.method, steps)
        if route.path[:1] == "{" or (route.operation and len(steps) > 1):
            self._place(request, steps, route)
        if route.operation:
            request.context.gate.books.permit(request.actor, route.needs or request.type)
        accept = request.headers.get(b"accept")
        if request.query:
            params = query.parse(request.query)
            request.params = [pair for pair in params if pair[0] not in negotiate.SHAPING]
            request.view = _view(route, request, accept, params)
        elif request.type == "Binary" or (accept is not None and accept not in _ANY_JSON):
            request.view = _view(route, request, accept, [])
        if request.inside:  # an entry of a Bundle: the Bundle decides the format
            request.view = request.view._replace(format=negotiate.JSON, pretty=False)
        return await route.handler(request)

    def _place(self, request: Request, steps: list[str], route: routes.Route) -> None:
        """Read type, id, and version or kind from the path."""
        request.type = name = steps[0]
        if name not in request.context.types:
            raise unknown.resource_type(name, request.context.types)
        if len(steps) > 1 and steps[1][:1] not in "_$":
            if not ids.is_logical_id(steps[1]):
                raise invalid(
                    "value",
                    "The address holds an id that FHIR does not allow.",
                    place=f"{name}.id",
                    value=steps[1],
                    repair="An id has 1 to 64 letters, digits, - and dots.",
                )
            request.id = steps[1]
            if route.path == routes.VERSION:
                request.version = steps[3]
            elif route.path in (routes.COMPARTMENT, routes.COMPARTMENT_SEARCH):
                request.kind = steps[2]
                if steps[2] != "*" and steps[2] not in request.context.types:
                    raise unknown.resource_type(steps[2], request.context.types)

    def _refused(self, request: Request, steps: list[str], found: Problem) -> Reply:
        """The answer to a request that fails."""
        accept = request.header(b"accept")
        try:
            params = query.parse(request.query)
        except Problem:
            params = []
        reply = respond.failure(self._context, negotiate.lenient(accept, params), found)
        if reply.status == 401:
            asked = challenge(found, _credentials(request.headers))
            reply.headers.extend((name.lower().encode(), value.encode()) for name, value in asked.items())
        elif reply.status == 405:
            reply.headers.append((b"allow", ", ".join(routes.allowed(steps)).encode()))
        return reply

    def fault(self, error: Exception, request_id: bytes, path: str) -> Problem:
        """What is told about a failure nobody foresaw: an id for the log, where neither values nor messages go."""
        if isinstance(error, RecursionError):
            return invalid("structure", "The content is nested too deeply.", place="body")
        told = request_id.decode()
        _log.error("http.failed", failure=error, request=told, path=path)
        return problem(
            Category.FAULT,
            "exception",
            f"Something went wrong here. The request id is {told}.",
            repair="Tell the administrator this id.",
        )


def _view(
    route: routes.Route, request: Request, accept: bytes | None, params: query.Params
) -> negotiate.View:
    text = None if accept is None else accept.decode("latin-1")
    choose = negotiate.binary if request.type == "Binary" and route in routes.CONTENT else negotiate.view
    found = choose(text, params)
    return negotiate.PLAIN if found == negotiate.PLAIN else found


def _refuse_two_credentials(sent: Iterable[Header], headers: dict[bytes, bytes]) -> None:
    """Make of several Authorization headers one that is refused: a proxy may have looked at another of them."""
    found = [value for name, value in sent if name == b"authorization"]
    if len(found) > 1:
        headers[b"authorization"] = b", ".join(found)


def _credentials(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """The headers that say who asks, as text."""
    found = {}
    for name, text in _CREDENTIALS:
        value = headers.get(name)
        if value is not None:
            found[text] = value.decode("latin-1")
    return found


async def _send(send: Send, reply: Reply, request_id: bytes, *, bare: bool) -> None:
    headers = reply.headers
    headers.extend(_ALWAYS)
    headers.append((b"x-request-id", request_id))
    if reply.status != 204 and reply.status != 304:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bare else reply.body})
