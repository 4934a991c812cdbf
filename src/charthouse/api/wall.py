"""What stands before every route: who the proxies say is calling, and how often a stranger may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import PlainTextResponse

from charthouse.access.routes import is_open
from charthouse.base.errors import Problem, http_status
from charthouse.base.proxies import Proxies
from charthouse.base.rates import Rates

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# Open, but cheap and asked for often (parts of pages, what watches the server), or counted where it is answered.
FREE: Final = ("/static/", "/healthz", "/readyz", "/favicon.ico", "/sign-in", "/invite/")


class Wall:
    """Around the application of one clinic. The API and the pages count those that they let in by themselves."""

    def __init__(self, app: ASGIApp, proxies: Proxies, rates: Rates, *, is_secure: bool = False) -> None:
        """`is_secure` says that people come by https, whatever the last stretch of the way is."""
        self._app = app
        self._is_secure = is_secure
        self._proxies = proxies
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 429 to a stranger who asks too often where programs are let in."""
        if scope["type"] == "http":
            if self._proxies:
                scope = dict(self._proxies.seen(scope))
            if self._is_secure and scope["scheme"] != "https":
                scope = {**scope, "scheme": "https"}
            path = scope["path"]
            if path[:6] != "/fhir/" and is_open(scope["method"], path) and not path.startswith(FREE):
                try:
                    self._rates.stranger(caller(scope))
                except Problem as found:
                    refusal = PlainTextResponse(str(found), http_status(found), retry(found))
                    await refusal(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def caller(scope: Mapping[str, Any]) -> str:
    """The address of the client of an ASGI scope; empty where there is none."""
    client = scope.get("client")
    return client[0] if client else ""


def retry(found: Problem) -> dict[str, str]:
    """The headers of a refusal that passes with time."""
    return {
        "Retry-After": str(found.after or 1),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
