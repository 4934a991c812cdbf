"""One page for any record: what it says, its versions, what changed between two of them, and its source."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from charthouse.access.gate import Stored
from charthouse.base.errors import Category, Problem, not_found
from charthouse.base.ids import is_logical_id
from charthouse.fhir.resource import Tree
from charthouse.web import ask, frame, labels, names
from charthouse.web.chart.entries import read
from charthouse.web.chart.entry import Context, local
from charthouse.web.record import files, kinds
from charthouse.web.record.difference import Change, difference
from charthouse.web.record.outline import Outline, code_of, outline, plain
from charthouse.web.screen import tabbed
from charthouse.web.sections import section_of
from charthouse.web.site import HEADERS, Desk, Site

VERSIONS: Final = 100
NOTES: Final = 5
TABS: Final = ("record", "versions", "source")
METHODS: Final = {"POST": "Created", "PUT": "Changed", "PATCH": "Changed", "DELETE": "Deleted"}
# Elements that say whose record it is, first found wins (R4 patient compartment).
WHOSE: Final = ("subject", "patient", "beneficiary", "individual", "for")


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /record/{type}/{id}`; `?tab=` chooses between the record, its versions and its source."""
    kind, name = _named(site, request)
    wanted = request.query_params.get("tab", "")
    tab = wanted if wanted in TABS else TABS[0]
    source = ""
    notice = ""
    deleted = False
    try:
        stored = await site.clinic.gate.read(desk.actor, kind, name)
        tree = stored.tree
        notice = await site.clinic.gate.notice((stored,))
        source = pretty(stored.body) if tab == "source" else ""
    except Problem as failure:
        if failure.category is not Category.GONE:
            raise
        deleted, tree = True, await _last(site, desk, kind, name)
        tab = "versions"
    desk, outer = await _frame(site, desk, tree)
    known = await ask.named(site, desk, [tree], types=None if tab == "record" else ask.STAFF)
    if outer is not None:
        known[f"Patient/{outer.identity.id}"] = outer.identity.name.legal
    context = Context(desk.reader, known)
    model: dict[str, Any] = {"outline": None, "notes": (), "versions": (), "changes": None, "source": source}
    if tab == "record":
        made = outline(tree, site.clinic.definitions, context)
        model |= {"outline": made, "notes": await _notes(site, desk, made.files[:NOTES])}
    elif tab == "versions":
        model |= await _versions(site, request, desk, kind, name, context)
    return site.page(
        request,
        desk,
        "record.html",
        patient=outer.identity.id if outer else "",
        frame=outer,
        entry=read(tree, context),
        kind=labels.one(kind),
        heading=_heading(tree, context),
        section=section_of(tree) if outer else None,
        code=code_of(tree),
        address=f"/record/{kind}/{name}",
        tab=tab,
        deleted=deleted,
        notice=notice,
        reader=desk.reader,
        **model,
    )


def pretty(body: bytes) -> str:
    """The stored JSON with line breaks; no number or text is written anew."""
    return msgspec.json.format(body, indent=2).decode()


async def file(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /record/{type}/{id}/file/{number}`: the content of one attachment, shown only as what cannot run."""
    kind, name = _named(site, request)
    tree = (await site.clinic.gate.read(desk.actor, kind, name)).tree
    found = outline(tree, site.clinic.definitions, Context(desk.reader, {})).files
    number = str(request.path_params["number"])
    if not (number.isdecimal() and len(number) < 4) or int(number) >= len(found):
        raise not_found()
    data, media = await _content(site, desk, found[int(number)])
    if not data:
        raise not_found("This file is kept elsewhere; only its address is in the record.")
    return content(data, media)


async def _content(site: Site, desk: Desk, attachment: dict[str, Any]) -> tuple[str, str]:
    """Base64 content and media type of an attachment, from a Binary of this record where it lies there."""
    media, data = str(attachment.get("contentType") or ""), attachment.get("data")
    target = local({"reference": files.address(attachment)})
    if target.startswith("Binary/"):
        stored = await site.clinic.gate.read(desk.actor, "Binary", target.removeprefix("Binary/"))
        media, data = str(stored.tree.get("contentType") or media), stored.tree.get("data")
    return str(data or ""), media


async def _notes(site: Site, desk: Desk, attachments: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """(title, text) of the files that are plain text; one that cannot be read is left to its link."""
    found = []
    for attachment in attachments:
        try:
            data, media = await _content(site, desk, attachment)
        except Problem:
            continue
        text = files.words(media, data)
        if text:
            found.append((str(attachment.get("title") or "Text"), text))
    return found


async def photo(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /chart/{patient}/photo`: the first photo kept in the Patient."""
    tree = await frame.patient(site, request, desk)
    for one in tree.get("photo") or ():
        if one.get("data"):
            return content(str(one["data"]), str(one.get("contentType") or "image/jpeg"))
    raise not_found()


def content(data: str, media: str) -> Response:
    """Base64 content as a response: pictures, PDF and text are shown in a sandbox, all else is only saved,
    and so is what is not of the type it says it is."""
    try:
        body = base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        raise not_found("The content of this file cannot be read.") from None
    kind = media.partition(";")[0].strip().lower()
    shown = kinds.is_what_it_says(kind, body)
    sandbox = "" if kind == "application/pdf" else "; sandbox"  # browsers show no PDF inside a sandbox
    headers = {
        **HEADERS,
        "Content-Security-Policy": f"default-src 'none'; img-src 'self'{sandbox}",
        "Content-Disposition": "inline" if shown else "attachment",
    }
    return Response(body, headers=headers, media_type=kind if shown else "application/octet-stream")


def _named(site: Site, request: Request) -> tuple[str, str]:
    kind, name = str(request.path_params["type"]), str(request.path_params["id"])
    if not site.clinic.definitions.is_resource(kind) or not is_logical_id(name):
        raise not_found()
    return kind, name


def _heading(tree: Tree, context: Context) -> str:
    """What the page is called: the name of a person or place, else the line the chart shows."""
    if tree.get("resourceType") == "Patient":
        return names.person(tree.get("name")).legal
    return ask.title(tree, context)


async def _last(site: Site, desk: Desk, kind: str, name: str) -> Tree:
    """The last version before a deletion, so that the page can say what it was."""
    history = await site.clinic.gate.history(desk.actor, kind, name, count=VERSIONS)
    return next(
        (one.stored.tree for one in history.entries if not one.stored.deleted),
        {"resourceType": kind, "id": name},
    )


async def _frame(site: Site, desk: Desk, tree: Tree) -> tuple[Desk, frame.Frame | None]:
    """The frame of the chart this record belongs to; none for a record of the clinic, or of a hidden chart."""
    patient = str(tree.get("id")) if tree.get("resourceType") == "Patient" else ""
    for key in WHOSE:
        target = local(tree.get(key)) if isinstance(tree.get(key), dict) else ""
        patient = patient or (target.removeprefix("Patient/") if target.startswith("Patient/") else "")
    if not patient:
        return await tabbed(site, desk), None
    try:
        who = (
            tree
            if tree.get("resourceType") == "Patient"
            else (await site.clinic.gate.read(desk.actor, "Patient", patient)).tree
        )
    except Problem:
        return await tabbed(site, desk), None
    section = section_of(tree)
    return await frame.load(site, desk, who, section.slug if section else "")


def _writer(site: Site, actor: int | None) -> str:
    """Who wrote a version: a person or program by name, or the house itself (imports and commands)."""
    if not actor:
        return "Import or command" if actor == 0 else ""
    try:
        return site.clinic.people.get(actor).display
    except Problem:
        return ""


async def _versions(
    site: Site, request: Request, desk: Desk, kind: str, name: str, context: Context
) -> dict[str, Any]:
    """The versions, newest first, and the difference between the two that are asked for (the last two unless told)."""
    history = await site.clinic.gate.history(desk.actor, kind, name, count=VERSIONS)
    found = [one.stored for one in history.entries]
    lines = [
        {
            "number": one.version,
            "when": desk.reader.at(one.updated),
            "what": METHODS.get(one.method, "Changed"),
            "who": _writer(site, one.actor),
        }
        for one in found
    ]
    numbers = [one.version for one in found]
    new = _number(request.query_params.get("new"), numbers, 0)
    old = _number(request.query_params.get("old"), numbers, 1 if len(numbers) > 1 else 0)
    by_number = {one.version: one for one in found}
    changes: list[Change] | None = None
    if len(found) > 1 and old != new:
        changes = difference(_lines(site, by_number[old], context), _lines(site, by_number[new], context))
    return {"versions": lines, "changes": changes, "old": old, "new": new}


def _lines(site: Site, stored: Stored, context: Context) -> list[tuple[str, str]]:
    """A version as lines to compare, without what every version changes; a deletion has none."""
    if stored.deleted:
        return []
    tree = {key: value for key, value in stored.tree.items() if key != "meta"}
    meta = {
        key: value
        for key, value in (stored.tree.get("meta") or {}).items()
        if key not in ("versionId", "lastUpdated")
    }
    made: Outline = outline({**tree, "meta": meta} if meta else tree, site.clinic.definitions, context)
    return [*plain(made.body), *plain(made.foot)]


def _number(text: str | None, known: list[int], place: int) -> int:
    """The version asked for if it is one of `known`, else the one at `place`."""
    asked = next((number for number in known if str(number) == text), None)
    if asked is not None:
        return asked
    return known[place] if known else 0
