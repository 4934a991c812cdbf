"""The one table of routes that need no sign-in; every other path is shut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
ANY_NEED: Final = "token or session"
WRITE_NEED: Final = "token, or session with the CSRF header"


@dataclass(frozen=True, slots=True)
class Open:
    """An open route: a path, or with a final `/` everything below it; its methods; why it is open."""

    path: str
    methods: frozenset[str]
    why: str


_READ = frozenset({"GET", "HEAD"})

OPEN: Final = (
    Open("/fhir/metadata", _READ, "what the server can do (R4 http.html#capabilities)"),
    Open("/fhir/.well-known/smart-configuration", _READ, "how programs are let in (SMART App Launch)"),
    Open("/.well-known/oauth-authorization-server", _READ, "the same (RFC 8414)"),
    Open("/.well-known/openid-configuration", _READ, "the same (OpenID Connect Discovery)"),
    Open("/oauth/jwks", _READ, "the public key that signs id_tokens"),
    Open("/oauth/style", _READ, "colours for programs; nothing of the record"),
    Open("/oauth/token", frozenset({"POST"}), "programs prove themselves there (RFC 6749, 3.2)"),
    Open("/oauth/introspect", frozenset({"POST"}), "the same (RFC 7662)"),
    Open("/oauth/revoke", frozenset({"POST"}), "the same (RFC 7009)"),
    Open("/oauth/register", frozenset({"POST"}), "a registration waits for an administrator (RFC 7591)"),
    Open("/healthz", _READ, "whether the process lives"),
    Open("/readyz", _READ, "whether the database answers"),
    Open("/sign-in", _READ | {"POST"}, "the sign-in page and its form"),
    Open("/sign-in/passkey", frozenset({"POST"}), "the answer of a passkey, itself the credential"),
    Open("/sign-in/passkey/ask", frozenset({"POST"}), "the question to it, the same for everybody"),
    Open("/sign-in/second", _READ | {"POST"}, "the second step; needs the cookie of the first"),
    Open("/invite/", _READ | {"POST"}, "an invitation, itself the credential"),
    Open(
        "/sign-in/with/", _READ | {"POST"}, "to another sign-in server and back; its word that somebody left"
    ),
    Open("/sign-in/link/", frozenset({"GET"}), "a one-time link, itself the credential"),
    Open("/static/", _READ, "styles, scripts and icons; nothing of the record"),
    Open("/favicon.ico", _READ, "asked for by browsers"),
)

# Open only where the clinic publishes its workforce guide (`CHARTHOUSE_PUBLIC_GUIDE`); shut like the rest elsewhere.
# Their pages decide by themselves (`web.guided`): nothing of the record is behind them.
PUBLISHED: Final = (
    "/salary",
    "/salary.json",
    "/salary/",
    "/careers",
    "/careers/",
    "/guide",
    "/guide.pdf",
    "/guide/",
)

_EXACT: Final[Mapping[str, frozenset[str]]] = {
    entry.path: entry.methods for entry in OPEN if not entry.path.endswith("/")
}
_BELOW: Final = tuple((entry.path, entry.methods) for entry in OPEN if entry.path.endswith("/"))


def is_open(method: str, path: str) -> bool:
    """Whether a request needs no sign-in. `path` is the decoded path that the router matches."""
    methods = _EXACT.get(path)
    if methods is not None:
        return method in methods
    if "//" in path or "/." in path:  # a path that another reader might take to lead elsewhere
        return False
    return any(path.startswith(prefix) and method in methods for prefix, methods in _BELOW)


def is_published(path: str) -> bool:
    """Whether a path is one of the workforce guide."""
    return any(path == one or (one.endswith("/") and path.startswith(one)) for one in PUBLISHED)


def describe(app: Any) -> list[dict[str, Any]]:
    """Every route of `app` as `{path, methods, open, needs}`, sorted by path.

    `app` is a Starlette app, or the routes themselves: anything with `path` and `methods`, or mounts.
    A path that is open for some methods and shut for others gives two rows. Mounted apps that list
    no routes of their own take every method.
    """
    rows: list[dict[str, Any]] = []
    for path, methods in sorted(set(_routes(getattr(app, "routes", app), ""))):
        probe = path.replace("{", "").replace("}", "")
        opened = [method for method in methods if is_open(method, probe)]
        shut = [method for method in methods if method not in opened]
        if opened:
            rows.append({"path": path, "methods": opened, "open": True, "needs": "nothing"})
        if shut:
            needs = ANY_NEED if SAFE.issuperset(shut) else WRITE_NEED
            if is_published(probe):
                needs += ", or nothing where CHARTHOUSE_PUBLIC_GUIDE is on"
            rows.append({"path": path, "methods": shut, "open": False, "needs": needs})
    return rows


def _routes(routes: Any, above: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(path, methods) of each route, those of mounted apps below their mount."""
    for route in routes:
        path = above + getattr(route, "path", "")
        inner = getattr(route, "routes", None)
        if inner:
            yield from _routes(inner, path.rstrip("/"))
        elif getattr(route, "methods", None):
            yield path, tuple(sorted(route.methods))
        elif hasattr(route, "app"):
            yield path.rstrip("/") + "/{path}", METHODS
