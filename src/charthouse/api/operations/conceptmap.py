"""$translate of concept maps, and $closure (R4 conceptmap-operations.html)."""

from __future__ import annotations

from typing import Final

from charthouse.api import respond
from charthouse.api.operations import coded
from charthouse.api.operations.asked import Asked, answer, asked, parameter
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology.answers import Closure, Coding, Match

TRANSLATE: Final = (
    "url", "conceptMap", "conceptMapVersion", "code", "system", "version", "source", "coding", "codeableConcept",
    "target", "targetsystem", "dependency", "reverse",
)  # fmt: skip
CLOSURE: Final = ("name", "concept", "version")
_COMPARABLE: Final = "subsumes"


async def translate(request: Request) -> Reply:
    """What codes map to."""
    given = await asked(request, TRANSLATE)
    url = await _map(request, given)
    listed = coded.codings(given, given.text("system"), given.text("version"))
    known = _dependencies(given)
    found = await request.context.gate.books.consult(
        request.actor, "ConceptMap",
        lambda terms: terms.translate(
            listed, url=url, source=given.text("source"), target=given.text("target"),
            target_system=given.text("targetsystem"), reverse=given.switch("reverse"), known=known,
        ),
    )  # fmt: skip
    message = found.message or (None if found.result else "No map says anything about this code.")
    parts: list[Tree | None] = [
        parameter("result", found.result),
        parameter("message", message) if message else None,
        *(_match(each) for each in found.matches),
    ]
    return respond.made(request.context, request.view, answer(parts))


async def _map(request: Request, given: Asked) -> str | None:
    if request.id:
        tree = (await request.context.gate.read(request.actor, "ConceptMap", request.id)).tree
        url, version = tree.get("url"), tree.get("version")
        if not url:
            raise invalid("required", "This ConceptMap has no url to name it by.", place="ConceptMap.url")
        return f"{url}|{version}" if version else str(url)
    if "conceptMap" in given:
        raise invalid(
            "not-supported", "A map in the request is not read here.", place="conceptMap",
            repair="Store it first, and name it by its url.",
        )  # fmt: skip
    url, version = given.text("url"), given.text("conceptMapVersion")
    return f"{url}|{version}" if url and version and "|" not in url else url


def _dependencies(given: Asked) -> dict[str, list[Coding]]:
    """The codes of each element that a mapping may depend on (the parameter `dependency`)."""
    found: dict[str, list[Coding]] = {}
    for number, each in enumerate(given.all("dependency")):
        parts = dict(each) if isinstance(each, list) else {}
        element, concept = parts.get("element"), parts.get("concept")
        codings = concept.get("coding") if isinstance(concept, dict) else None
        if not isinstance(element, str) or not isinstance(codings, list):
            raise invalid(
                "required", "A dependency has an element and a concept.", place=f"dependency[{number}]",
                repair="Give the parts element (a uri) and concept (a CodeableConcept with a coding).",
            )  # fmt: skip
        found.setdefault(element, []).extend(
            coded.coding(one, f"dependency[{number}].concept.coding[{place}]")
            for place, one in enumerate(codings[: coded.MOST])
        )
    return found


def _match(found: Match) -> Tree:
    parts = [parameter("equivalence", found.equivalence, "code")]
    if found.coding is not None:
        parts.append(parameter("concept", coded.written(found.coding), "Coding"))
    if found.comment:
        parts.append(parameter("comment", found.comment))
    parts += [
        parameter("product", [
            parameter("element", element, "uri"), parameter("concept", coded.written(value), "Coding"),
        ])
        for element, value in found.products
    ]  # fmt: skip
    parts.append(parameter("source", found.source, "uri"))
    return parameter("match", parts)


async def closure(request: Request) -> Reply:
    """Keep a closure table: codes are added, and the relations that are new are given as a ConceptMap."""
    given = await asked(request, CLOSURE)
    name, version = given.needed("name"), given.text("version")
    concepts = given.all("concept")[: coded.MOST + 1]
    listed = coded.bounded(
        [coded.coding(each, f"concept[{n}]") for n, each in enumerate(concepts)], "concept"
    )
    if version is not None and not (version.isdecimal() and len(version) < 10):
        raise invalid(
            "value", "version is a number that this operation gave.", place="version", value=version
        )
    if version is not None and listed:
        raise invalid(
            "value", "Codes are added, or a version is asked for, not both.", place="version", value=version
        )
    own = f"{request.actor.id}/{name}"  # a table is its client's own
    found = await request.context.gate.books.keep(
        request.actor, "ConceptMap",
        lambda terms: terms.prepare_closure(own, listed, None if version is None else int(version)),
        lambda terms, prepared, connection: terms.closure(prepared, connection=connection),
    )  # fmt: skip
    return respond.made(request.context, request.view, _table(found, name))


def _table(found: Closure, name: str) -> Tree:
    systems: dict[str, dict[str, list[Tree]]] = {}
    for link in found.links:
        target = {"code": link.target, "equivalence": _COMPARABLE}
        systems.setdefault(link.system, {}).setdefault(link.source, []).append(target)
    tree: Tree = {
        "resourceType": "ConceptMap",
        "version": str(found.version),
        "name": name,
        "status": "active",
        "experimental": True,
    }
    if systems:
        tree["group"] = [
            {
                "source": system,
                "target": system,
                "element": [{"code": code, "target": targets} for code, targets in elements.items()],
            }
            for system, elements in systems.items()
        ]
    return tree
