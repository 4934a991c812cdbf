"""Rules about the entries of a batch or transaction, before any is carried out (R4 http.html#trules)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

from charthouse.api import checks, patches, unknown
from charthouse.api.respond import http_date
from charthouse.base.errors import Category, Issue, Problem, invalid
from charthouse.fhir import bundle, dates
from charthouse.fhir.bundle import Entry
from charthouse.fhir.resource import Tree

ASKING: Final = ("GET", "HEAD")
_TEXTS: Final = ("method", "url", "ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince")
_PLACES: Final = {
    "If-Match": "request.ifMatch",
    "If-None-Exist": "request.ifNoneExist",
    "url": "request.url",
    "method": "request.method",
    "resourceType": "resource.resourceType",
}


def requested(tree: Tree, base: str, types: Collection[str]) -> list[Entry | Problem]:
    """Each entry of the Bundle as the interaction it asks for, or as what is wrong with it.

    Raises `Problem(invalid)` where `Bundle.entry` is not even a list.
    """
    raw = tree.get("entry", [])
    if not isinstance(raw, list):
        raise invalid("structure", "Bundle.entry is a list.", place="Bundle.entry", value=type(raw).__name__)
    found: list[Entry | Problem] = []
    for index, item in enumerate(raw):
        try:
            found.append(_entry(item, index, base, types))
        except Problem as failure:
            found.append(failure)
    return found


def _entry(raw: Any, index: int, base: str, types: Collection[str]) -> Entry:
    _check_texts(raw, index)
    request = raw["request"]
    try:
        entry = bundle.entries(
            {"entry": [{**raw, "request": {**request, "url": _relative(request["url"], base)}}]}
        )[0]
    except Problem as failure:
        raise _moved(failure, index) from None
    entry.index = index
    try:
        _check(entry, request, types)
    except Problem as failure:
        raise placed(failure, entry) from None
    return entry


def _check_texts(raw: Any, index: int) -> None:
    """Refuse an entry whose request is not an object of strings."""
    place = f"Bundle.entry[{index}]"
    request = raw.get("request") if isinstance(raw, dict) else None
    if not isinstance(request, dict):
        raise invalid(
            "required",
            "The entry has no request.",
            place=f"{place}.request",
            repair="Give request.method and request.url.",
        )
    for name in _TEXTS:
        if name in request and not isinstance(request[name], str):
            raise invalid(
                "structure",
                f"{name} is not a string.",
                place=f"{place}.request.{name}",
                value=type(request[name]).__name__,
            )
    for name in ("method", "url"):
        if name not in request:
            raise invalid("required", f"The entry's request has no {name}.", place=f"{place}.request.{name}")
    if not isinstance(raw.get("fullUrl", ""), str):
        raise invalid(
            "structure", "fullUrl is not a string.", place=f"{place}.fullUrl", value=str(raw["fullUrl"])
        )


def _relative(url: str, base: str) -> str:
    """`url` without our own base before it."""
    if url.startswith(base + "?"):
        return url[len(base) :]
    return url[len(base) + 1 :] if url.startswith(base + "/") else url


def _check(entry: Entry, request: Tree, types: Collection[str]) -> None:
    """Refuse what the same request on its own would be refused for, as far as one can see without the record."""
    if entry.method in ASKING:
        if request.get("ifModifiedSince"):
            span = dates.period(request["ifModifiedSince"])
            entry.notes["if_modified_since"] = http_date(span[0]) if span else None
        return
    if entry.type not in types:
        raise unknown.resource_type(entry.type, types, Category.INVALID)
    if entry.if_match is not None:
        entry.if_match = checks.matched(entry.if_match)
    if "ifNoneExist" in request:
        if entry.method != "POST":
            raise invalid(
                "value",
                "ifNoneExist belongs to a POST.",
                place="If-None-Exist",
                value=request["ifNoneExist"],
                repair=f'Use the url "{entry.type}?…" for a conditional {entry.method}.',
            )
        entry.if_none_exist = checks.condition(request["ifNoneExist"].encode(), "If-None-Exist")
    if entry.id is None and entry.method != "POST":
        entry.criteria = checks.criteria(entry.criteria or [], "url")
    if entry.tree is not None:
        checks.same_type(entry.tree, entry.type)
        if entry.method == "PUT" and entry.id is not None:
            checks.same_id(entry.tree, entry.type, entry.id)
    elif entry.method == "PATCH":
        entry.patch = _patch(entry.patch)


def _patch(document: Any) -> Any:
    """The patch in an entry: Parameters, or a Binary that holds a JSON Patch (R4 http.html#patch)."""
    if not isinstance(document, dict):
        raise invalid("required", "A PATCH entry needs a resource that holds the patch.", place="resource")
    if document.get("resourceType") != "Binary":
        return patches.parameters(document)
    try:
        content = base64.b64decode(str(document.get("data", "")), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("value", "The data of the Binary is not base64.", place="Binary.data") from None
    return patches.operations(content)


def placed(failure: Problem, entry: Entry) -> Problem:
    """`failure` of one entry, told by its place in the Bundle."""
    return Problem(failure.category, tuple(_placed(issue, entry) for issue in failure.issues))


def _placed(issue: Issue, entry: Entry) -> Issue:
    place, prefix = issue.place or "", f"Bundle.entry[{entry.index}]"
    if place.startswith("Bundle.entry["):
        return issue
    if entry.method in ASKING:
        inner = "request.url" if place else ""
    elif place in _PLACES:
        inner = _PLACES[place]
    else:
        inner = f"resource.{place.removeprefix(entry.type + '.')}" if place else ""
    return replace(issue, place=f"{prefix}.{inner}" if inner else prefix)


def _moved(failure: Problem, index: int) -> Problem:
    """`failure` about the first entry of a Bundle as one about entry `index`."""
    return Problem(
        failure.category,
        tuple(
            replace(issue, place=(issue.place or "").replace("Bundle.entry[0]", f"Bundle.entry[{index}]", 1))
            for issue in failure.issues
        ),
    )


def refuse_twins(found: Sequence[Entry]) -> None:
    """In a transaction a fullUrl names one resource, for references are resolved by it (R4 bundle.html, bdl-7)."""
    seen: dict[str, int] = {}
    for entry in found:
        if entry.full_url is None or entry.method in ASKING:
            continue
        first = seen.setdefault(entry.full_url, entry.index)
        if first != entry.index:
            raise invalid(
                "invalid",
                f"Bundle.entry[{first}] has the same fullUrl.",
                place=f"Bundle.entry[{entry.index}].fullUrl",
                value=entry.full_url,
                repair="Give each resource a fullUrl of its own, e.g. a fresh urn:uuid.",
            )


def waves(ordered: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    """`ordered` in groups that may run together: one kind of method, no resource twice, at most `size`."""
    wave: list[Entry] = []
    seen: set[tuple[str, str]] = set()
    for entry in ordered:
        target = (entry.type, entry.id) if entry.id and entry.method not in ASKING else None
        if wave and (
            len(wave) == size or target in seen or bundle.ORDER[entry.method] != bundle.ORDER[wave[0].method]
        ):
            yield wave
            wave, seen = [], set()
        wave.append(entry)
        if target is not None:
            seen.add(target)
    if wave:
        yield wave


def steps(entry: Entry) -> list[str]:
    """The path of a GET entry, step by step, as that of a request."""
    return unquote(entry.url.partition("?")[0]).strip("/").split("/")


def asked(entry: Entry) -> bytes:
    """The query string of a GET entry."""
    return entry.url.partition("?")[2].encode()
