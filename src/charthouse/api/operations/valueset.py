"""$expand and $validate-code of value sets (R4 valueset-operations.html)."""

from __future__ import annotations

from typing import Final

from charthouse.api import respond
from charthouse.api.negotiate import JSON
from charthouse.api.operations import coded
from charthouse.api.operations.asked import Asked, answer, asked
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, invalid, problem
from charthouse.fhir import resource
from charthouse.fhir.resource import Tree

EXPAND: Final = (
    "url", "valueSet", "valueSetVersion", "filter", "date", "offset", "count", "includeDesignations", "designation",
    "includeDefinition", "activeOnly", "excludeNested", "excludeNotForUI", "excludePostCoordinated",
    "displayLanguage", "property", "useSupplement",
)  # fmt: skip
VALIDATE: Final = (
    "url", "valueSet", "valueSetVersion", "code", "system", "systemVersion", "display", "coding",
    "codeableConcept", "date", "abstract", "displayLanguage", "inferSystem", "useSupplement",
)  # fmt: skip
MOST: Final = 2**31 - 1


async def expand(request: Request) -> Reply:
    """A page of the codes in a value set."""
    given = await asked(request, EXPAND, bare=None)
    wanted = await _valueset(request, given)
    offset, count = given.number("offset", MOST), given.number("count", MOST)
    found = await request.context.gate.books.consult(
        request.actor, "ValueSet",
        lambda terms: terms.expand(
            wanted, filter=given.text("filter"), offset=offset or 0, count=count,
            active_only=given.switch("activeOnly"), designations=given.switch("includeDesignations"),
            language=given.text("displayLanguage"), exclude_nested=given.switch("excludeNested", True),
            properties=given.texts("property"), supplements=given.texts("useSupplement"),
            with_headings=not given.switch("excludeNotForUI"),
        ),
        is_long=True,
        is_sent=isinstance(wanted, dict) and not request.id,
    )  # fmt: skip
    content = request.context.rendered.bytes_of(found)
    if given.switch("includeDefinition"):
        definition = wanted if isinstance(wanted, dict) else await _definition(request, wanted)
        tree = {**definition, "expansion": resource.parse(content)["expansion"]}
        return respond.made(request.context, request.view, tree)
    view = request.view
    if view.format == JSON and not view.pretty and view.whole:
        return Reply(200, [respond.TYPE_JSON], content)
    return await respond.assembled(request.context, view, content)


async def _definition(request: Request, url: str) -> Tree:
    plain, _, version = url.partition("|")
    found = await request.context.gate.books.consult(
        request.actor, "ValueSet", lambda terms: terms.valueset(plain, version or None)
    )
    return found or {}


async def _valueset(request: Request, given: Asked) -> str | Tree:
    """The value set asked: by its address, by url, or sent along."""
    if request.id:
        stored = (await request.context.gate.read(request.actor, "ValueSet", request.id)).tree
        named, own = stored.get("url"), stored.get("version")
        known = request.context.gate.books.terminology.valueset(named, own) if named and own else None
        return f"{named}|{own}" if known is not None and known.get("id") == request.id else stored
    tree = given.tree("valueSet")
    url, version = given.text("url"), given.text("valueSetVersion")
    if tree is not None:
        if tree.get("resourceType") != "ValueSet":
            raise invalid("value", "valueSet must be a ValueSet.", place="valueSet.resourceType")
        return tree
    if not url:
        raise invalid("required", "url is missing.", place="url", repair="Say which value set it is.")
    return f"{url}|{version}" if version and "|" not in url else url


async def validate_code(request: Request) -> Reply:
    """Whether a code is in a value set."""
    given = await asked(request, VALIDATE)
    wanted = await _valueset(request, given)
    listed = coded.codings(given, given.text("system"), given.text("systemVersion"))
    found = await request.context.gate.books.consult(
        request.actor, "ValueSet",
        lambda terms: terms.validate_code(
            wanted, listed, abstract=given.switch("abstract") if "abstract" in given else None,
            infer_system=given.switch("inferSystem"), language=given.text("displayLanguage"),
            supplements=given.texts("useSupplement"),
        ),
        is_long=isinstance(wanted, dict),
        is_sent=isinstance(wanted, dict) and not request.id,
    )  # fmt: skip
    if found.result is None and not found.message:
        raise problem(
            Category.UNSUPPORTED, "not-supported", "This cannot be told here.", place="url", value=wanted
        )
    return respond.made(request.context, request.view, answer(coded.told(found)))
