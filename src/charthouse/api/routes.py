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
from charthouse.api.operations import codesystem, conceptmap, valueset
from charthouse.api.operations.everything import everything
from charthouse.api.operations.fhirpath import fhirpath
from charthouse.api.operations.lastn import lastn
from charthouse.api.operations.validate import validate
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
COMPARTMENT: Final = "{type}/{id}/{kind}"
COMPARTMENT_SEARCH: Final = "{type}/{id}/{kind}/_search"
# the types that have a compartment (R4 compartmentdefinition.html)
COMPARTMENTS: Final = ("Patient", "Encounter", "RelatedPerson", "Practitioner", "Device")
HISTORIES: Final = ("_history", "{type}/_history", "{type}/{id}/_history")


LAB: Final = "http://fhirpath-lab.org/OperationDefinition/fhirpath"  # R4 has none of its own
# a resource that is only ever the body of a request or an answer (R4 parameters.html)
NO_ADDRESS: Final = frozenset({"Parameters"})


class Route(NamedTuple):
    """One method at one address.

    `codes` are the interactions it carries out (R4 restful-interaction); none where the door
    has no answer yet but a refusal that says so. `operation` is the canonical url of the
    OperationDefinition that an address with a `$` stands for; who asks it must be allowed to read `needs`,
    or where that is empty the type in the address.
    """

    method: str
    path: str
    handler: Handler
    codes: tuple[str, ...]
    open: bool = False
    operation: str = ""
    needs: str = ""


def _operation(
    path: str, handler: Handler, definition: str, *methods: str, needs: str = ""
) -> tuple[Route, ...]:
    """The rows of one operation at one address."""
    url = definition if ":" in definition else f"http://hl7.org/fhir/OperationDefinition/{definition}"
    return tuple(
        Route(method, path, handler, (), operation=url, needs=needs) for method in methods or ("GET", "POST")
    )


ROUTES: Final = (
    Route("GET", METADATA, capabilities, ("capabilities",), open=True),
    Route("POST", BASE, bundle, ("transaction", "batch")),
    Route("GET", BASE, search, ("search-system",)),
    Route("POST", "_search", search_by_post, ("search-system",)),
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
    Route("GET", COMPARTMENT, search, ("search-type",)),
    Route("POST", COMPARTMENT_SEARCH, search_by_post, ("search-type",)),
    *_operation("CodeSystem/$lookup", codesystem.lookup, "CodeSystem-lookup"),
    *_operation("CodeSystem/$validate-code", codesystem.validate_code, "CodeSystem-validate-code"),
    *_operation("CodeSystem/{id}/$validate-code", codesystem.validate_code, "CodeSystem-validate-code"),
    *_operation("CodeSystem/$subsumes", codesystem.subsumes, "CodeSystem-subsumes"),
    *_operation("CodeSystem/{id}/$subsumes", codesystem.subsumes, "CodeSystem-subsumes"),
    *_operation("ValueSet/$expand", valueset.expand, "ValueSet-expand"),
    *_operation("ValueSet/{id}/$expand", valueset.expand, "ValueSet-expand"),
    *_operation("ValueSet/$validate-code", valueset.validate_code, "ValueSet-validate-code"),
    *_operation("ValueSet/{id}/$validate-code", valueset.validate_code, "ValueSet-validate-code"),
    *_operation("ConceptMap/$translate", conceptmap.translate, "ConceptMap-translate"),
    *_operation("ConceptMap/{id}/$translate", conceptmap.translate, "ConceptMap-translate"),
    *_operation("$closure", conceptmap.closure, "ConceptMap-closure", "POST", needs="ConceptMap"),
    *_operation("$fhirpath", fhirpath, LAB, "POST", needs="StructureDefinition"),
    *_operation("Patient/$everything", everything, "Patient-everything"),
    *_operation("Patient/{id}/$everything", everything, "Patient-everything"),
    *_operation("Encounter/{id}/$everything", everything, "Encounter-everything"),
    *_operation("Observation/$lastn", lastn, "Observation-lastn"),
    *_operation("{type}/$validate", validate, "Resource-validate", "POST"),
    *_operation("{type}/{id}/$validate", validate, "Resource-validate"),
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


_OPERATIONS: Final = frozenset(route.path for route in ROUTES if route.operation)


def template(steps: Sequence[str]) -> str | None:
    """The address in the table that path `steps` have the shape of, or None."""
    count = len(steps)
    if steps[-1][:1] == "$":
        return _offered(steps)
    if count == 2:
        return _AFTER_TYPE.get(steps[1]) or INSTANCE
    if count == 1:
        if steps[0] == "":
            return BASE
        return _SPECIAL.get(steps[0]) or TYPE
    if count in (3, 4) and steps[2] == "_history":
        return "{type}/{id}/_history" if count == 3 else VERSION
    if count in (3, 4) and steps[0] in COMPARTMENTS and (steps[2] == "*" or steps[2][:1].isupper()):
        return COMPARTMENT if count == 3 else COMPARTMENT_SEARCH if steps[3] == "_search" else None
    return None


def _offered(steps: Sequence[str]) -> str | None:
    """The operation at an address: that of the very type goes before one that every type has."""
    if len(steps) == 1:
        return steps[0] if steps[0] in _OPERATIONS else None
    if len(steps) > 3:
        return None
    rest = ["{id}"] * (len(steps) - 2) + [steps[-1]]
    shapes = ("/".join([first, *rest]) for first in (steps[0], TYPE))
    return next((shape for shape in shapes if shape in _OPERATIONS), None)


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
