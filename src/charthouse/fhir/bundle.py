"""Bundles as lists of requested interactions (R4 http.html#transaction, bundle.html)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import parse_qsl

from charthouse.base.errors import Problem, invalid
from charthouse.base.ids import is_logical_id
from charthouse.fhir.resource import Tree

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
Params = list[tuple[str, str]]


@dataclass(slots=True)
class Entry:
    """One requested interaction: what a PUT, POST … to a URL would be.

    `criteria` are the search parameters of a conditional update, patch or delete
    (`PUT Patient?identifier=…`), `if_none_exist` those of a conditional create. `patch` is the
    patch document (a list of JSON Patch operations or a Parameters tree). `url` is kept for
    GET entries and messages; `index` is the place in the Bundle.
    """

    method: Method
    type: str
    id: str | None = None
    tree: Tree | None = None
    full_url: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: Params | None = None
    criteria: Params | None = None
    patch: Any = None
    url: str = ""
    index: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


def entries(bundle: Tree) -> list[Entry]:
    """The interactions that a batch or transaction Bundle asks for, in the order given.

    Raises `Problem(invalid)` naming `Bundle.entry[i]` for an entry without a usable request.
    """
    found = bundle.get("entry", [])
    if not isinstance(found, list):
        raise invalid(
            "structure", "Bundle.entry is a list.", place="Bundle.entry", value=type(found).__name__
        )
    return [_entry(raw, index) for index, raw in enumerate(found)]


def _entry(raw: Any, index: int) -> Entry:
    place = f"Bundle.entry[{index}]"
    request = raw.get("request") if isinstance(raw, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise invalid(
            "required",
            "The entry has no request with a method and a url.",
            place=f"{place}.request",
            repair="Give request.method and request.url.",
        )
    method = request.get("method")
    for name in ("method", "ifMatch", "ifNoneMatch", "ifNoneExist"):
        if not isinstance(request.get(name, ""), str):
            raise invalid(
                "structure", "This must be text.", place=f"{place}.request.{name}", value=request[name]
            )
    if method not in ORDER:
        raise invalid(
            "value",
            "The request method is not one FHIR knows.",
            place=f"{place}.request.method",
            value=method,
            repair="Use GET, POST, PUT, PATCH or DELETE.",
        )
    entry = Entry(
        method=method,
        type="",
        url=request["url"],
        index=index,
        full_url=raw.get("fullUrl"),
        if_match=request.get("ifMatch"),
        if_none_match=request.get("ifNoneMatch"),
    )
    if request.get("ifNoneExist"):
        entry.if_none_exist = query(request["ifNoneExist"])
    resource = raw.get("resource")
    if method in ("POST", "PUT"):
        if not isinstance(resource, dict):
            raise invalid("required", f"A {method} entry needs a resource.", place=f"{place}.resource")
        entry.tree = resource
    elif method == "PATCH":
        entry.patch = resource
    _address(entry, place)
    return entry


def query(text: str) -> Params:
    """The (name, value) pairs of a query string, with or without a leading `Type?`."""
    return parse_qsl(text.split("?", 1)[-1], keep_blank_values=True)


def _address(entry: Entry, place: str) -> None:
    """Read type, id and criteria from the entry's url."""
    path, _, asked = entry.url.partition("?")
    steps = [step for step in path.split("/") if step]
    if entry.method in ("GET", "HEAD"):
        entry.type = steps[0] if steps else ""
        return
    if not steps:
        raise invalid(
            "value", "The url names no resource type.", place=f"{place}.request.url", value=entry.url
        )
    entry.type = steps[0]
    if len(steps) == 2 and is_logical_id(steps[1]):
        entry.id = steps[1]
    elif len(steps) != 1:
        raise invalid(
            "value",
            "The url is not [type], [type]/[id] or [type]?criteria.",
            place=f"{place}.request.url",
            value=entry.url,
        )
    if asked:
        entry.criteria = query(asked)
    if entry.method == "POST" and entry.id:
        raise invalid(
            "value",
            "POST goes to a type, not to an id.",
            place=f"{place}.request.url",
            value=entry.url,
            repair=f'Use the url "{entry.type}", or PUT.',
        )
    if entry.method == "POST" and asked:  # passed over, the condition would make a duplicate
        raise invalid(
            "value",
            "A POST takes no parameters.",
            place=f"{place}.request.url",
            value=entry.url,
            repair=f'Use the url "{entry.type}", and request.ifNoneExist for a condition.',
        )
    if entry.method in ("PUT", "PATCH", "DELETE") and entry.id is None and not entry.criteria:
        raise invalid(
            "value",
            f"{entry.method} needs an id or search criteria.",
            place=f"{place}.request.url",
            value=entry.url,
        )


def at(problem: Problem, entry: Entry) -> Problem:
    """`problem` told as a finding of that Bundle entry."""
    prefix = f"Bundle.entry[{entry.index}]"
    issues = tuple(
        replace(issue, place=f"{prefix}.resource.{_inside(issue.place)}" if issue.place else prefix)
        if not (issue.place or "").startswith("Bundle.entry")
        else issue
        for issue in problem.issues
    )
    return Problem(problem.category, issues)


def _inside(place: str) -> str:
    """A place in a resource as it is named from outside: without the type in front."""
    return place.partition(".")[2] if place[:1].isupper() and "." in place else place


def request_order(found: Sequence[Entry]) -> list[Entry]:
    """The order in which a server carries them out: DELETE, POST, PUT and PATCH, GET."""
    return sorted(found, key=lambda entry: ORDER[entry.method])


def resources(bundle: Tree) -> Iterable[tuple[int, Tree]]:
    """(index, resource) of every entry that holds one."""
    for index, entry in enumerate(bundle.get("entry", ())):
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield index, entry["resource"]
