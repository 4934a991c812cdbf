"""The addresses that programs call to be let in: tokens, registration, and what this server says of itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from charthouse.access.oauth import metadata, refusal, registration
from charthouse.access.oauth.refusal import refused
from charthouse.base import log
from charthouse.base.errors import Category, Problem, problem
from charthouse.base.ids import logical_id

if TYPE_CHECKING:
    from charthouse.app import Clinic

Answer = Callable[["Clinic", Request], Awaitable[Response]]

MOST: Final = 64 * 1024  # bytes of a form
FORM: Final = "application/x-www-form-urlencoded"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_log: Final = log.get("oauth")


def routes(clinic: Clinic) -> list[BaseRoute]:
    """The routes of one clinic. That of SMART lies below `/fhir`, so these stand before the API."""
    table: tuple[tuple[str, Answer, str], ...] = (
        (metadata.TOKEN, token, "POST"),
        (metadata.INTROSPECT, introspect, "POST"),
        (metadata.REVOKE, revoke, "POST"),
        (metadata.REGISTER, register, "POST"),
        (metadata.KEYS, keys, "GET"),
        (metadata.STYLE, style, "GET"),
        *((path, discovery, "GET") for path in metadata.DISCOVERY),
    )
    return [Route(path, _answering(clinic, view), methods=[method]) for path, view, method in table]


async def token(clinic: Clinic, request: Request) -> Response:
    """`POST /oauth/token` (RFC 6749, 3.2)."""
    sent, authorization = await form(request), request.headers.get("authorization")
    return told(await clinic.oauth.token(sent, authorization, base(clinic, request), who=caller(request)))


async def introspect(clinic: Clinic, request: Request) -> Response:
    """`POST /oauth/introspect` (RFC 7662)."""
    sent, authorization = await form(request), request.headers.get("authorization")
    return told(
        await clinic.oauth.introspect(sent, authorization, base(clinic, request), who=caller(request))
    )


async def revoke(clinic: Clinic, request: Request) -> Response:
    """`POST /oauth/revoke` (RFC 7009); 200 without a body, whether there was such a token or not."""
    sent, authorization = await form(request), request.headers.get("authorization")
    await clinic.oauth.revoke(sent, authorization, base(clinic, request), who=caller(request))
    return Response(status_code=200, headers=HEADERS)


async def register(clinic: Clinic, request: Request) -> Response:
    """`POST /oauth/register` (RFC 7591); what comes back is good for nothing until an administrator approves."""
    sent = await body(request, registration.LARGEST)
    try:
        tree = msgspec.json.decode(sent)
    except (msgspec.DecodeError, RecursionError):
        raise refused("invalid_client_metadata", "The registration is not JSON.") from None
    return told(await clinic.oauth.register(tree, who=caller(request)), 201)


async def keys(clinic: Clinic, _request: Request) -> Response:
    """`GET /oauth/jwks`: the key that signs id_tokens."""
    return told(clinic.oauth.identity.published())


async def style(_clinic: Clinic, _request: Request) -> Response:
    """`GET /oauth/style`: colours for programs (SMART App Launch, `smart_style_url`)."""
    return told(dict(metadata.STYLES))


async def discovery(clinic: Clinic, request: Request) -> Response:
    """The well-known documents (SMART App Launch, "Conformance"; RFC 8414; OpenID Connect Discovery)."""
    return told(clinic.oauth.discovery(base(clinic, request)))


def base(clinic: Clinic, request: Request) -> str:
    """The FHIR base under which the caller knows this server."""
    return clinic.origin.base(dict(request.headers.raw), request.url.scheme)


def caller(request: Request) -> str:
    """The caller's address."""
    return request.client.host if request.client else ""


def told(tree: dict[str, Any], status: int = 200, more: dict[str, str] | None = None) -> Response:
    """A JSON answer that no cache keeps."""
    return JSONResponse(tree, status, {**HEADERS, **(more or {})})


async def form(request: Request) -> list[tuple[str, str]]:
    """The pairs of a form in the body; parameters in the address do not count (RFC 6749, 3.2; RFC 6750, 2.3)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise refused("invalid_request", f"Send {FORM}.", place="content-type")
    sent = await body(request, MOST)
    try:
        return parse_qsl(sent.decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise refused("invalid_request", "The form cannot be read.") from None


async def body(request: Request, most: int) -> bytes:
    """The body, however it comes, up to `most` bytes."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > most:
            raise refused("invalid_request", f"The body is longer than {most} bytes.")
    return bytes(found)


def _answering(clinic: Clinic, view: Answer) -> Callable[[Request], Awaitable[Response]]:
    """The view with failures as OAuth has them."""

    async def endpoint(request: Request) -> Response:
        try:
            return await view(clinic, request)
        except Problem as failure:
            return failed(failure)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as failure:  # noqa: BLE001 - the last door before the caller
            number = logical_id()[:8]
            _log.error("oauth.failed", failure=failure, route=request.scope["path"], id=number)
            lost = problem(Category.FAULT, "exception", f"Something went wrong here. The number is {number}.")
            return failed(lost)

    return endpoint


def failed(failure: Problem) -> Response:
    """The answer to a refused request (RFC 6749, 5.2)."""
    more = {}
    status = refusal.status(failure)
    if status == 401:
        more["WWW-Authenticate"] = 'Basic realm="Charthouse"'
    if failure.after:
        more["Retry-After"] = str(failure.after)
    return told(refusal.body(failure), status, more)
