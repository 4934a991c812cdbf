"""Pages of the workforce guide: for who is signed in, and for everybody where the clinic publishes its guide.

They read nothing but the guide's own tables, so that a stranger can reach nothing of the record through them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from charthouse.base.errors import Problem
from charthouse.web.screen import refused, screen
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.web.threshold import opened

Guided = Callable[[Site, Request, Desk | None], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

FRESH: Final = "private, max-age=300"
_HELD: Final = 64  # pages for strangers that are kept whole
_LARGEST: Final = 256 * 1024


class Kept:
    """Pages that strangers asked for before; the oldest go. The same address, language and look give the same page."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, ...], bytes] = {}

    def key(self, request: Request) -> tuple[str, ...]:
        """What a page depends on."""
        headers = request.headers
        look = request.cookies.get("charthouse_theme", ""), headers.get("x-part", "")
        return (request.url.path, request.url.query, headers.get("accept-language", ""), *look)

    def get(self, key: tuple[str, ...]) -> Response | None:
        """A page that is kept; always a response of its own, for what packs it changes its headers."""
        body = self._pages.get(key)
        return None if body is None else HTMLResponse(body, headers={**HEADERS, "Cache-Control": FRESH})

    def put(self, key: tuple[str, ...], page: Response) -> None:
        """Keep one that is good and not too large."""
        is_page = page.status_code == 200 and page.media_type == "text/html"
        if not is_page or len(page.body) > _LARGEST or sum(map(len, key)) > 2000:
            return
        if len(self._pages) >= _HELD:
            del self._pages[next(iter(self._pages))]
        self._pages[key] = bytes(page.body)


def guided(site: Site, view: Guided, kept: Kept, *, is_page: bool = True) -> Endpoint:
    """An endpoint of the guide. Without the setting `public_guide` it is a page like every other.

    What is no page (`is_page`) is the same for everybody who may ask: nobody's desk is laid for it.
    """
    shut = screen(site, view)

    async def free(site: Site, request: Request) -> Response:
        if not is_page:
            answer = await view(site, request, None)
            answer.headers["Cache-Control"] = FRESH
            return answer
        key = kept.key(request)
        page = kept.get(key)
        if page is None:
            page = await view(site, request, None)
            page.headers["Cache-Control"] = FRESH
            kept.put(key, page)
        return page

    stranger = opened(site, free)

    async def endpoint(request: Request) -> Response:
        clinic = site.clinic
        live = clinic.door.session(request.headers, request.cookies)
        if isinstance(live, Problem):
            return await (stranger if clinic.settings.public_guide else shut)(request)
        if is_page or "authorization" in request.headers:
            return await shut(request)
        try:
            clinic.rates.known(live.actor.session or live.actor.name)
            return await view(site, request, None)
        except Problem as failure:
            return await refused(site, request, failure)

    return endpoint
