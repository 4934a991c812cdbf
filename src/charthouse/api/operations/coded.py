"""Codings in the parameters of terminology operations, and findings about them in the answer."""

from __future__ import annotations

from typing import Any, Final

from charthouse.api.operations.asked import Asked, parameter
from charthouse.base.errors import invalid
from charthouse.fhir import outcome
from charthouse.fhir.resource import Tree
from charthouse.terminology.answers import Coding, Verdict

MOST: Final = 100  # codings in one question


def coding(tree: Any, place: str) -> Coding:
    """A Coding of FHIR as the terminology takes it. Raises `Problem(invalid)` for what is none."""
    if not isinstance(tree, dict) or not isinstance(tree.get("code"), str):
        raise invalid(
            "required", "A Coding needs a code.", place=f"{place}.code",
            repair='Write it as {"system": "…", "code": "…"}.',
        )  # fmt: skip
    texts = {name: tree.get(name) for name in ("system", "version", "display")}
    for name, text in texts.items():
        if text is not None and not isinstance(text, str):
            raise invalid("value", f"{name} must be a text.", place=f"{place}.{name}")
    return Coding(texts["system"], tree["code"], texts["version"], texts["display"])


def written(found: Coding) -> Tree:
    """The same as FHIR has it."""
    pairs = (
        ("system", found.system),
        ("version", found.version),
        ("code", found.code),
        ("display", found.display),
    )
    return {name: text for name, text in pairs if text}


def codings(given: Asked, system: str | None, version: str | None) -> list[Coding]:
    """What was asked about: one of `code`, `coding` and `codeableConcept`."""
    ways = [name for name in ("code", "coding", "codeableConcept") if name in given]
    if len(ways) != 1:
        raise invalid(
            "required" if not ways else "value", "Ask about one code.", place=" ".join(ways) or "code",
            repair="Give code (with its system), or coding, or codeableConcept.",
        )  # fmt: skip
    if ways == ["code"]:
        return [Coding(system, given.needed("code"), version, given.text("display"))]
    tree = given.tree(ways[0])
    if ways == ["coding"]:
        return [coding(tree, "coding")]
    listed = tree.get("coding") if tree is not None else None
    if not isinstance(listed, list) or not listed:
        raise invalid("required", "The CodeableConcept has no coding.", place="codeableConcept.coding")
    return bounded(
        [coding(each, f"codeableConcept.coding[{index}]") for index, each in enumerate(listed[: MOST + 1])],
        "codeableConcept.coding",
    )


def bounded(listed: list[Coding], place: str) -> list[Coding]:
    """The codings of one question; more than `MOST` are refused."""
    if len(listed) > MOST:
        raise invalid(
            "too-costly",
            f"At most {MOST} codings are taken at once.",
            place=place,
            repair="Ask several times.",
        )
    return listed


def told(verdict: Verdict) -> list[Tree | None]:
    """A verdict as parameters (R4 valueset-operation-validate-code.html, and what later versions add to it)."""
    found = verdict.coding
    return [
        parameter("result", verdict.result is True),
        parameter("message", verdict.message) if verdict.message else None,
        parameter("display", verdict.display) if verdict.display else None,
        parameter("code", found.code, "code") if found else None,
        parameter("system", found.system, "uri") if found and found.system else None,
        parameter("version", found.version) if found and found.version else None,
        parameter("issues", outcome.of(verdict.issues), "resource") if verdict.issues else None,
    ]
