"""$lookup, $validate-code and $subsumes of code systems (R4 codesystem-operations.html)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from charthouse.api import respond
from charthouse.api.operations import coded
from charthouse.api.operations.asked import Asked, answer, asked, parameter
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology.answers import Coding, Looked, Name, Property

LOOKUP: Final = (
    "code",
    "system",
    "version",
    "coding",
    "date",
    "displayLanguage",
    "property",
    "useSupplement",
)
VALIDATE: Final = (
    "url", "codeSystem", "code", "version", "display", "coding", "codeableConcept", "date", "abstract",
    "displayLanguage", "useSupplement",
)  # fmt: skip
SUBSUMES: Final = ("codeA", "codeB", "system", "version", "codingA", "codingB")
# What R4 names in the answer by itself; the rest goes into `property`.
_FIXED: Final = frozenset(("name", "version", "display", "designation", "lang", "definition"))


async def lookup(request: Request) -> Reply:
    """What is known of a code: names, properties, where it stands in its hierarchy."""
    given = await asked(request, LOOKUP)
    if "coding" in given:
        wanted = coded.coding(given.tree("coding"), "coding")
        system, code, version = wanted.system, wanted.code, wanted.version or given.text("version")
    else:
        code, version = given.needed("code"), given.text("version")
        system = given.text("system")
    if not system:
        raise invalid("required", "system is missing.", place="system", repair="Say which code system it is.")
    found = await request.context.gate.books.consult(
        request.actor, "CodeSystem",
        lambda terms: terms.lookup(
            system, code, version, language=given.text("displayLanguage"),
            properties=[name for name in given.texts("property") if name not in _FIXED],
            supplements=given.texts("useSupplement"),
        ),
        is_long=not request.context.gate.books.terminology.is_warm(f"{system}|{version}" if version else system),
    )  # fmt: skip
    return respond.made(request.context, request.view, answer(_looked(found)))


def _looked(found: Looked) -> list[Tree | None]:
    return [
        parameter("name", found.name),
        parameter("version", found.version) if found.version else None,
        parameter("display", found.display),
        parameter("definition", found.definition) if found.definition else None,
        parameter("abstract", True) if not found.is_selectable else None,
        *(designation(each) for each in found.designations),
        *(property_(each) for each in found.properties),
        None if found.is_active else property_(Property("inactive", "true", "boolean")),
        property_(Property("notice", found.notice)) if found.notice else None,
    ]


def designation(name: Name) -> Tree:
    """One designation as a parameter."""
    parts = [parameter("value", name.text)]
    if name.use is not None:
        parts.insert(0, parameter("use", coded.written(name.use), "Coding"))
    if name.language:
        parts.insert(0, parameter("language", name.language, "code"))
    return parameter("designation", parts)


def property_(found: Property) -> Tree:
    """One property as a parameter, its value by its type."""
    return parameter("property", [parameter("code", found.code, "code"), value(found)])


def value(found: Property) -> Tree:
    """The value of a property; what does not read as its type stays a string."""
    text, kind = found.value, found.type
    if kind == "Coding":
        system, _, code = text.rpartition("|")
        return parameter("value", coded.written(Coding(system or None, code)), "Coding")
    made: Any = text
    if kind == "boolean" and text in ("true", "false"):
        made = text == "true"
    elif kind == "integer" and text.removeprefix("-").isdecimal():
        made = int(text)
    elif kind == "decimal":
        try:
            made = Decimal(text)
        except InvalidOperation:
            kind = "string"
    elif kind not in ("code", "dateTime"):
        kind = "string"
    return parameter("value", made, kind)


async def validate_code(request: Request) -> Reply:
    """Whether a code is in a code system."""
    given = await asked(request, VALIDATE)
    url = await _system(request, given)
    wanted = coded.codings(given, url, given.text("version"))
    if url is not None:
        strangers = [each.system for each in wanted if each.system not in (None, url)]
        if len(strangers) == len(wanted):
            raise invalid(
                "value", "The coding is of another code system than the one asked.", place="coding.system",
                value=strangers[0], repair=f"Ask about {strangers[0]}, or give a coding of {url}.",
            )  # fmt: skip
        wanted = [
            Coding(url, each.code, each.version, each.display)
            for each in wanted
            if each.system in (None, url)
        ]
    found = await request.context.gate.books.consult(
        request.actor, "CodeSystem",
        lambda terms: terms.validate_code(
            None, wanted, abstract=given.switch("abstract") if "abstract" in given else None,
            language=given.text("displayLanguage"), supplements=given.texts("useSupplement"),
        ),
    )  # fmt: skip
    return respond.made(request.context, request.view, answer(coded.told(found)))


async def _system(request: Request, given: Asked) -> str | None:
    """The code system asked: by url, or the one whose address was asked."""
    if request.id:
        tree = (await request.context.gate.read(request.actor, "CodeSystem", request.id)).tree
        return str(tree.get("url") or "") or None
    if "codeSystem" in given:
        raise invalid(
            "not-supported", "A code system in the request is not read here.", place="codeSystem",
            repair="Store it first, and name it by its url.",
        )  # fmt: skip
    return given.text("url")


async def subsumes(request: Request) -> Reply:
    """Whether one code stands above another in the hierarchy of their code system."""
    given = await asked(request, SUBSUMES)
    system, version = given.text("system"), given.text("version")
    pair: list[str] = []
    for letter in "AB":
        if f"coding{letter}" in given:
            one = coded.coding(given.tree(f"coding{letter}"), f"coding{letter}")
            if one.system and system and one.system != system:
                raise invalid(
                    "value", "Both codes must be of one code system.", place=f"coding{letter}.system",
                    value=one.system,
                )  # fmt: skip
            system = system or one.system
            pair.append(one.code)
        else:
            pair.append(given.needed(f"code{letter}"))
    if request.id:
        tree = (await request.context.gate.read(request.actor, "CodeSystem", request.id)).tree
        system = str(tree.get("url") or "") or system
    if not system:
        raise invalid("required", "system is missing.", place="system", repair="Say which code system it is.")
    known = system
    found = await request.context.gate.books.consult(
        request.actor, "CodeSystem", lambda terms: terms.subsumes(known, pair[0], pair[1], version)
    )
    return respond.made(request.context, request.view, answer([parameter("outcome", found, "code")]))
