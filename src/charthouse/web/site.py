"""What all pages share: the clinic behind them, templates, assets, and how a page is put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from charthouse.base.clock import now
from charthouse.web import keys, reader
from charthouse.web.assets import Assets
from charthouse.web.recents import COOKIE, Charts, Recents

if TYPE_CHECKING:
    from charthouse.access.actor import Actor
    from charthouse.app import Clinic

THEMES: Final = ("auto", "light", "dark")
TEMPLATES: Final = Path(__file__).with_name("templates")
# What a page may load: only itself. SVG drawn by the server uses attributes and classes, never style.
POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Tab:
    """An open chart in the top bar."""

    id: str
    name: str
    tail: str
    band: int


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at one browser: who acts, how they read, and which charts lie open."""

    actor: Actor
    name: str
    form_token: str
    reader: reader.Reader
    charts: Charts
    tabs: tuple[Tab, ...] = ()
    address: str = ""
    noticed: list[str] = field(default_factory=list, compare=False)  # notices that what is shown must carry

    @property
    def session(self) -> str:
        """The sign-in with its roles, as a key for what is remembered about it: a lost role forgets it all."""
        glass = (str(key) for key in sorted(self.actor.glass))
        return " ".join((str(self.actor.session), *sorted(self.actor.roles), *glass))

    @property
    def roles(self) -> str:
        """What this person is at the clinic."""
        return ", ".join(sorted(self.actor.roles)).capitalize() or "No role"

    @property
    def initials(self) -> str:
        """For the round badge."""
        words = [word for word in self.name.partition(",")[0].replace(".", " ").split() if word]
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


class Site:
    """The pages of one clinic."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.assets = Assets()
        self.recents = Recents()
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self.templates.globals.update(
            asset=self.assets.path, has_asset=self.assets.has, demo=bool(clinic.demo),
            idle=clinic.settings.session_idle, origin_of_keys=clinic.factors.passkeys.origin,
            allowed=lambda desk, what, interaction: clinic.policy.may(desk.actor, what, interaction),
        )  # fmt: skip

    def render(self, template: str, **model: Any) -> str:
        """A template filled; every page hands over all it shows."""
        return self.templates.get_template(template).render(model)

    def page(
        self,
        request: Request,
        desk: Desk | None,
        template: str,
        *,
        status: int = 200,
        patient: str = "",
        **model: Any,
    ) -> Response:
        """A whole page, with the keys it binds and, once signed in, its open charts."""
        strokes = (*keys.EVERYWHERE, *(keys.for_chart(patient) if patient else ())) if desk else ()
        body = self.render(
            template,
            desk=desk,
            theme=_theme(request),
            keys=strokes,
            patient=patient,
            **{"notice": "", **model},
        )
        response = HTMLResponse(body, status, HEADERS)
        if desk is not None and str(desk.charts) != request.cookies.get(COOKIE, "|"):
            set_cookie(request, response, COOKIE, str(desk.charts))
        return response

    def part(self, template: str, **model: Any) -> Response:
        """A piece of a page for htmx."""
        return HTMLResponse(self.render(template, **model), headers=HEADERS)


def reader_of(request: Request) -> reader.Reader:
    """How this browser's person reads, at this moment."""
    return reader.Reader(now(), reader.language(request.headers.get("accept-language", "")))


def set_cookie(request: Request, response: Response, name: str, value: str, *, script: bool = False) -> None:
    """A cookie for this site only; gone with the browser window unless it is a preference (`script`)."""
    response.set_cookie(
        name,
        value,
        max_age=31_536_000 if script else None,
        path="/",
        secure=request.url.scheme == "https",
        httponly=not script,
        samesite="strict" if name != COOKIE else "lax",
    )


def _theme(request: Request) -> str:
    theme = request.cookies.get("charthouse_theme", "auto")
    return theme if theme in THEMES else "auto"
