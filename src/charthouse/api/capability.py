"""What this server can do, told from the table that dispatches and the definitions that search uses
(R4 capabilitystatement.html)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from typing import Any, Final

from charthouse.access.oauth.metadata import security
from charthouse.api import body, routes
from charthouse.api.negotiate import JSON, XML
from charthouse.base import clock
from charthouse.fhir.definitions import Definitions, SearchParam
from charthouse.fhir.named import Listed
from charthouse.fhir.resource import Tree

Searchable = Callable[[str], Iterable[SearchParam]]

FHIR_VERSION: Final = "4.0.1"
SEARCHED: Final = ("string", "token", "reference", "date", "number", "quantity", "uri")
SPECIAL: Final = ("near", "_text", "_content")
# Parameters of every type that look at more than the resource itself; they have no definition of their own.
BEYOND: Final = (
    (
        "_has",
        "string",
        "Referred to by a resource that meets a condition: _has:Observation:subject:code=8480-6.",
    ),
    ("_list", "string", "In the list with this id."),
    ("_filter", "string", "Conditions with and, or, not and brackets."),
    (
        "_type",
        "token",
        "Of these types, at the base address and in a compartment: _type=Observation,Condition.",
    ),
)
_ABOUT_ONE_TYPE: Final = {
    "versioning": "versioned",
    "readHistory": True,
    "updateCreate": True,
    "conditionalCreate": True,
    "conditionalRead": "full-support",
    "conditionalUpdate": True,
    "conditionalDelete": "single",
    "referencePolicy": ["literal", "logical"],
}


class Capability:
    """The CapabilityStatement of one server; made on first use, for it looks through every type."""

    def __init__(self, definitions: Definitions, searchable: Searchable) -> None:
        self._definitions = definitions
        self._searchable = searchable
        self._since = clock.instant(clock.now())
        self._made = lru_cache(1)(self._make)

    def statement(self, base: str, queries: Iterable[Listed] = ()) -> Tree:
        """The statement for callers who know the server as `base`, with the named queries of the clinic."""
        implementation = {"description": "Charthouse, an electronic health record", "url": base}
        made = self._made(self._definitions.current().generation)
        rest = [{**made["rest"][0], "security": security(base)}]
        if named := _by_type(queries):
            rest[0]["resource"] = [
                {**one, "operation": [*one["operation"], *named.get(one["type"], ())]}
                for one in rest[0]["resource"]
            ]
        return {**made, "implementation": implementation, "rest": rest}

    def _make(self, _generation: int) -> Tree:
        """The statement while the search parameters are those of one generation."""
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": self._since,
            "publisher": "Charthouse",
            "kind": "instance",
            "software": {"name": "Charthouse", "version": _version()},
            "implementation": {},
            "fhirVersion": FHIR_VERSION,
            "format": ["json", "xml", JSON, XML],
            "patchFormat": [body.JSON_PATCH, JSON, XML],
            "rest": [
                {
                    "mode": "server",
                    "security": {},
                    "resource": self._resources(),
                    "interaction": [{"code": code} for code in _codes(of_type=False)],
                    "searchParam": [
                        {"name": name, "type": kind, "documentation": text} for name, kind, text in BEYOND
                    ],
                    **_lists(operation=_operations(None)),
                    "compartment": [_compartment(name) for name in routes.COMPARTMENTS],
                }
            ],
        }

    def _resources(self) -> list[Tree]:
        types = [name for name in self._definitions.resource_types if name not in routes.NO_ADDRESS]
        params = {name: list(self._searchable(name)) for name in types}
        backward = _backward(params)
        interactions = [{"code": code} for code in _codes(of_type=True)]
        return [
            {
                "type": name,
                "interaction": interactions,
                **_ABOUT_ONE_TYPE,
                **_lists(searchInclude=_forward(name, found), searchRevInclude=backward.get(name, [])),
                "searchParam": [
                    {"name": param.code, "definition": param.url, "type": param.type} for param in found
                ],
                "operation": _operations(name),
            }
            for name, found in params.items()
        ]


def searchable(definitions: Definitions) -> Searchable:
    """The search parameters of a type that have an expression and a kind that is searched, and composites of them."""

    def of(name: str) -> Iterable[SearchParam]:
        every = definitions.search_params(name).values()
        found = [param for param in every if param.expression and param.type in SEARCHED]
        urls = {param.url for param in found}
        made = [
            param
            for param in every
            if (param.components and all(url in urls for url, _ in param.components)) or param.code in SPECIAL
        ]
        return [*found, *made]

    return of


def _codes(*, of_type: bool) -> list[str]:
    """The interactions in the table, on a type or on the whole server, each once."""
    found = {
        code: None
        for route in routes.ROUTES
        if route.path.startswith("{type}") == of_type and not route.open
        for code in route.codes
    }
    return list(found)


def _forward(name: str, params: Iterable[SearchParam]) -> list[str]:
    found = [f"{name}:{param.code}" for param in params if param.type == "reference"]
    return ["*", f"{name}:*", *found] if found else []


def _backward(params: Mapping[str, Iterable[SearchParam]]) -> dict[str, list[str]]:
    """Type -> the references to it that `_revinclude` can follow."""
    found: dict[str, list[str]] = {name: ["*"] for name in params}
    for name, own in params.items():
        for param in own:
            if param.type == "reference":
                for target in params if "Resource" in param.targets else param.targets:
                    found.setdefault(target, []).append(f"{name}:{param.code}")
    return found


def _operations(name: str | None) -> list[Tree]:
    """The operations on a type, or (None) on the whole server, each once."""
    found: dict[str, str] = {}
    for route in routes.ROUTES:
        first, _, rest = route.path.partition("/")
        if route.operation and (not rest if name is None else bool(rest) and first in (name, routes.TYPE)):
            found.setdefault(route.path.rpartition("$")[2], route.operation)
    return [{"name": code, "definition": url} for code, url in found.items()]


def _by_type(queries: Iterable[Listed]) -> dict[str, list[Tree]]:
    """Named queries by the type that they search."""
    found: dict[str, list[Tree]] = {}
    for one in queries:
        found.setdefault(one.type, []).append({"name": one.code, "definition": one.url})
    return found


def _compartment(name: str) -> str:
    """The canonical url of the definition of a compartment."""
    return f"http://hl7.org/fhir/CompartmentDefinition/{name[0].lower()}{name[1:]}"


def _lists(**found: Sequence[Any]) -> dict[str, list[Any]]:
    """Those that hold something: FHIR has no empty lists."""
    return {name: list(values) for name, values in found.items() if values}


def _version() -> str:
    try:
        return metadata.version("charthouse")
    except metadata.PackageNotFoundError:
        return "0"
