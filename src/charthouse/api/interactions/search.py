"""search of a type, of several or in a compartment, by GET or by POST to _search (R4 http.html#search)."""

from __future__ import annotations

from typing import Final

from charthouse.api import assemble, body, negotiate, query, respond
from charthouse.api.interactions import audit
from charthouse.api.query import Params
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, invalid, problem
from charthouse.fhir import resource

EXPLAIN: Final = "_explain"


async def search(request: Request) -> Reply:
    """A searchset Bundle; unknown parameters are 400 unless Prefer says handling=lenient."""
    cursor = None
    params: Params = []
    is_explained = False
    for name, value in request.params:
        if name == "_cursor":
            cursor = value
        elif name == EXPLAIN:
            is_explained = _truth(name, value)
        else:
            params.append((name, value))
    if is_explained:
        return await _explained(request, params)
    view = request.view
    events = request.context.events
    if events is not None and request.type == audit.TYPE and not request.kind:
        told = await audit.search(request, events, params, cursor)
        if told is not None:
            return told
    if view.summary == "count":
        params = [*(pair for pair in params if pair[0] != "_count"), ("_count", "0")]
    type, within, path = _where(request)
    page = await request.context.gate.search(
        request.actor, type, params, cursor=cursor, lenient=request.prefer.lenient, within=within
    )
    entries = assemble.found(request, page)
    used = [pair for pair in page.params if view.summary != "count" or pair[0] != "_count"]
    links = assemble.links(request, path, used, page)
    return await respond.assembled(
        request.context, view, assemble.bundle("searchset", entries, total=page.total, links=links)
    )


def _where(request: Request) -> tuple[str | None, tuple[str, str] | None, str]:
    """What is searched (None: several types), in whose compartment (type, id), and the address below the base."""
    if not request.kind:
        return request.type or None, None, request.type
    type = None if request.kind == "*" else request.kind
    return type, (request.type, request.id), f"{request.type}/{request.id}/{request.kind}"


async def _explained(request: Request, params: Params) -> Reply:
    """How the search is carried out, as Parameters, for those who may know; nothing of what it finds."""
    gate = request.context.gate
    if not gate.may_explain(request.actor):
        raise problem(
            Category.FORBIDDEN, "forbidden", "Your rights do not include how a search is carried out.",
            place=EXPLAIN, repair=f"Leave {EXPLAIN} out.",
        )  # fmt: skip
    type, within, _ = _where(request)
    found = [one.parameters() for one in await gate.explain(request.actor, type, params, within)]
    if type is None:  # one after the other
        each = [{"name": "search", "resource": one} for one in found]
        found = [{"resourceType": "Parameters", "parameter": each}]
    return await respond.assembled(request.context, request.view, resource.dump(found[0]))


def _truth(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise invalid("value", f'"{name}" takes true or false.', place=name, value=value)
    return value == "true"


async def search_by_post(request: Request) -> Reply:
    """The same with the parameters in a form body, to which those of the address are added."""
    header = request.headers.get(b"content-type")
    content = await request.content()
    if content:
        if header is None or body.media(header) != body.FORM:
            raise body.unread(None if header is None else header.decode("latin-1"), f"Send {body.FORM}.")
        sent = query.parse(content)
        if any(name in negotiate.SHAPING for name, _ in sent):
            both = [*request.view.asked, *(pair for pair in sent if pair[0] in negotiate.SHAPING)]
            request.view = negotiate.view(request.header(b"accept"), both)
        request.params = [*request.params, *(pair for pair in sent if pair[0] not in negotiate.SHAPING)]
    return await search(request)
