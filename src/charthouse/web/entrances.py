"""The addresses of coming in and going out, of one's own account, and of the people of the clinic."""

from __future__ import annotations

from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route

from charthouse.access.links import INVITE_PATH, PATH
from charthouse.web.screen import View, screen
from charthouse.web.site import Site
from charthouse.web.threshold import Kept, Opened, kept, opened
from charthouse.web.views import account, lock, oidc, people, picks, providers, signin

PACK: Final = [Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)]

# For everybody.
STRANGERS: Final[tuple[tuple[str, Opened, str], ...]] = (
    ("/sign-in", signin.page, "GET"),
    ("/sign-in", signin.password, "POST"),
    ("/sign-in/passkey", signin.passkey, "POST"),
    ("/sign-in/passkey/ask", signin.ask, "POST"),
    ("/sign-in/second", signin.step, "GET"),
    ("/sign-in/second", signin.second, "POST"),
    (PATH + "{secret}", signin.link, "GET"),
    (oidc.OUT, oidc.out, "GET"),
    (oidc.BEGIN, oidc.begin, "GET"),
    (oidc.RETURN, oidc.back, "GET"),
    (oidc.TOLD, oidc.told, "POST"),
    (INVITE_PATH + "{secret}", signin.invitation, "GET"),
    (INVITE_PATH + "{secret}", signin.accept, "POST"),
)
# For who has a session, locked or not.
LOCKED: Final[tuple[tuple[str, Kept, str], ...]] = (
    ("/lock", lock.lock, "POST"),
    ("/unlock", lock.page, "GET"),
    ("/unlock", lock.unlock, "POST"),
    ("/unlock/ask", lock.ask, "POST"),
    ("/sign-out", lock.leave, "POST"),
)
# For who has a session that is not locked, also one that waits for a second factor to be set up.
OWN: Final[tuple[tuple[str, Kept, str], ...]] = (
    ("/account", account.page, "GET"),
    ("/account/enrol", account.enrol, "GET"),
    ("/account/password", account.password, "POST"),
    ("/account/app", account.app, "GET"),
    ("/account/app", account.start, "POST"),
    ("/account/app/confirm", account.confirm_app, "POST"),
    ("/account/app/end", account.end_app, "POST"),
    ("/account/passkey", account.add_passkey, "POST"),
    ("/account/passkey/ask", account.offer, "POST"),
    ("/account/passkey/{number}/end", account.end_passkey, "POST"),
    ("/account/codes", account.codes, "POST"),
    ("/account/sessions/end", account.end_others, "POST"),
    ("/account/sessions/{number}/end", account.end_session, "POST"),
    ("/account/confirm", account.confirm, "GET"),
    ("/account/confirm", account.confirmed, "POST"),
)
# For sessions in force, and then only with the right.
WHOLE: Final[tuple[tuple[str, View, str], ...]] = (
    ("/active", lock.alive, "POST"),
    ("/people", people.page, "GET"),
    ("/people", people.add, "POST"),
    ("/people/find", people.search, "POST"),
    ("/people/records", picks.find, "POST"),
    ("/people/rules", people.rules, "GET"),
    ("/people/rules", people.need, "POST"),
    ("/people/facilities", people.facility, "POST"),
    ("/people/{id}", people.one, "GET"),
    ("/people/{id}/{act}", people.act, "POST"),
    (providers.ADDRESS, providers.page, "GET"),
    (f"{providers.ADDRESS}/new", providers.blank, "GET"),
    (f"{providers.ADDRESS}/{{name}}", providers.one, "GET"),
    (f"{providers.ADDRESS}/{{name}}", providers.save, "POST"),
    (f"{providers.ADDRESS}/{{name}}/people", providers.people, "POST"),
)


def routes(site: Site) -> list[BaseRoute]:
    """The routes of one clinic."""
    ways = [(path, opened(site, view), method) for path, view, method in STRANGERS]
    ways += [(path, kept(site, view, locked=True), method) for path, view, method in LOCKED]
    ways += [(path, kept(site, view), method) for path, view, method in OWN]
    ways += [(path, screen(site, view), method) for path, view, method in WHOLE]
    return [Route(path, endpoint, methods=[method], middleware=PACK) for path, endpoint, method in ways]
