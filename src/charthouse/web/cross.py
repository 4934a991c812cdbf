"""Answers to pages of other origins, where an approved program lives (the CORS protocol of the Fetch standard).

Cookies never count across origins: no answer allows credentials, so only a bearer token opens anything there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from charthouse.access.oauth import metadata

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PATHS: Final = frozenset(
    {metadata.TOKEN, metadata.REVOKE, metadata.KEYS, metadata.STYLE, metadata.SERVER, metadata.OPENID}
)
_METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_ASKED: Final = (
    b"accept, authorization, content-type, if-match, if-modified-since, if-none-exist, if-none-match, prefer"
)
_SHOWN: Final = b"content-location, etag, last-modified, location, www-authenticate, x-request-id"
_KEPT: Final = b"600"  # seconds a browser remembers


class Cross:
    """Around an application: adds what lets pages at `origins()` read its answers, and answers their preflights."""

    def __init__(self, app: ASGIApp, origins: Callable[[], Collection[str]]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. Nothing is done for one without an Origin, or from elsewhere."""
        origin = _header(scope, b"origin")
        if origin is None or not _is_shared(scope["path"]) or origin.decode("latin-1") not in self._origins():
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method") is not None:
            headers = [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", _ASKED),
                (b"access-control-max-age", _KEPT),
                (b"vary", b"origin"),
            ]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def shared(message: Any) -> None:
            if message["type"] == "http.response.start":
                told = (
                    (b"access-control-allow-origin", origin),
                    (b"access-control-expose-headers", _SHOWN),
                    (b"vary", b"origin"),
                )
                message = {**message, "headers": [*message.get("headers", ()), *told]}
            await send(message)

        await self._app(scope, receive, shared)


def _header(scope: Scope, name: bytes) -> bytes | None:
    """A header of an ASGI scope; None where it is missing, or there are several."""
    found = None
    for key, value in scope.get("headers", ()):
        if key == name:
            if found is not None:
                return None
            found = value
    return found


def _is_shared(path: str) -> bool:
    return path.startswith("/fhir/") or path == "/fhir" or path in PATHS
