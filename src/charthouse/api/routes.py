"""Every address of the API in one table, from which requests are dispatched and the capability is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from charthouse.api import unknown
from charthouse.api.interactions.bundle import bundle
from charthouse.api.interactions.capabilities import capabilities
from charthouse.api.interactions.create import create
from charthouse.api.interactions.delete import conditional_delete, delete
from charthouse.api.interactions.history import history
from charthouse.api.interactions.patch import conditional_patch, patch
from charthouse.api.interactions.read import read
from charthouse.api.interactions.search import search, search_by_post
from charthouse.api.interactions.update import conditional_update, update
from charthouse.api.interactions.vread import vread
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, problem

Handler = Callable[[Request], Awaitable[Reply]]

BASE: Final = ""
METADATA: Final = "metadata"
TYPE: Final = "{type}"
TYPE_SEARCH: Final = "{type}/_search"
INSTANCE: Final = "{type}/{id}"
VERSION: Final = "{type}/{id}/_history/{version}"
HISTORIES: Final = ("_history", "{type}/_history", "{type}/{id}/_history")


# a resource that is only ever the body of a request or an answer (R4 parameters.html)
NO_ADDRESS: Final = frozenset({"Parameters"})


class Route(NamedTuple):
    """One method at one address.

    `codes` are the interactions it carries out (R4 restful-interaction); none where the door
    has no answer yet but a refusal that says so.
    """

    method: str
    path: str
    handler: Handler
    codes: tuple[str, ...]
    open: bool = False


ROUTES: Final = (
    Route("GET", METADATA, capabilities, ("capabilities",), open=True),
    Route("POST", BASE, bundle, ("transaction", "batch")),
    Route("GET", BASE, search, ()),
    Route("POST", "_search", search_by_post, ()),
    Route("GET", "_history", history, ("history-system",)),
    Route("GET", TYPE, search, ("search-type",)),
    Route("POST", TYPE_SEARCH, search_by_post, ("search-type",)),
    Route("POST", TYPE, create, ("create",)),
    Route("PUT", TYPE, conditional_update, ("update",)),
    Route("PATCH", TYPE, conditional_patch, ("patch",)),
    Route("DELETE", TYPE, conditional_delete, ("delete",)),
    Route("GET", "{type}/_history", history, ("history-type",)),
    Route("GET", INSTANCE, read, ("read",)),
    Route("PUT", INSTANCE, update, ("update",)),
    Route("PATCH", INSTANCE, patch, ("patch",)),
    Route("DELETE", INSTANCE, delete, ("delete",)),
    Route("GET", "{type}/{id}/_history", history, ("history-instance",)),
    Route("GET", VERSION, vread, ("vread",)),
)
_BY_PLACE: Final = {(route.method, route.path): route for route in ROUTES} | {
    ("HEAD", route.path): route for route in ROUTES if route.method == "GET"
}
# where a Binary comes and goes as what it holds
CONTENT: Final = frozenset(
    route for route in ROUTES if route.path in (INSTANCE, VERSION) or route.handler is create
)
_SPECIAL: Final = {METADATA: METADATA, "_search": "_search", "_history": "_history"}
_AFTER_TYPE: Final = {"_search": TYPE_SEARCH, "_history": "{type}/_history"}


def template(steps: Sequence[str]) -> str | None:
    """The address in the table that path `steps` have the shape of, or None."""
    count = len(steps)
    if count == 2:
        return _AFTER_TYPE.get(steps[1]) or (None if steps[1][:1] == "$" else INSTANCE)
    if count == 1:
        if steps[0] == "":
            return BASE
        return _SPECIAL.get(steps[0]) or (None if steps[0][:1] == "$" else TYPE)
    if count == 3 and steps[2] == "_history":
        return "{type}/{id}/_history"
    if count == 4 and steps[2] == "_history":
        return VERSION
    return None


def find(method: str, steps: Sequence[str]) -> Route:
    """The route for a method and path; `Problem` 404 for an address there is none like, 405 for the method."""
    shape = template(steps)
    if shape is None:
        raise unknown.address(steps)
    route = _BY_PLACE.get((method, shape))
    if route is None:
        raise problem(
            Category.UNSUPPORTED,
            "method",
            f"{method} is not offered at this address.",
            place="method",
            value=method,
            repair=f"Use {' or '.join(allowed(steps))}.",
        )
    return route


def allowed(steps: Sequence[str]) -> list[str]:
    """The methods offered at an address, for the Allow header."""
    shape = template(steps)
    return sorted(method for method, path in _BY_PLACE if path == shape)


class Listed(NamedTuple):
    """An address with its methods, as the table of all routes wants them."""

    path: str
    methods: frozenset[str]


def listed() -> list[Listed]:
    """Every address below the base, with HEAD wherever there is GET."""
    found: dict[str, set[str]] = {}
    for route in ROUTES:
        found.setdefault(route.path, set()).update(
            ("GET", "HEAD") if route.method == "GET" else (route.method,)
        )
    return [Listed(f"/{path}", frozenset(methods)) for path, methods in found.items()]
