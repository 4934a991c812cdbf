"""search of a type or of everything, by GET or by POST to _search (R4 http.html#search)."""

from __future__ import annotations

from charthouse.api import assemble, body, negotiate, query, respond
from charthouse.api.interactions import audit
from charthouse.api.query import Params
from charthouse.api.reply import Reply
from charthouse.api.request import Request

_SEARCH = "_search"


async def search(request: Request) -> Reply:
    """A searchset Bundle; unknown parameters are 400 unless Prefer says handling=lenient."""
    cursor = None
    params: Params = []
    for name, value in request.params:
        if name == "_cursor":
            cursor = value
        else:
            params.append((name, value))
    view = request.view
    events = request.context.events
    if events is not None and request.type == audit.TYPE:
        told = await audit.search(request, events, params, cursor)
        if told is not None:
            return told
    if view.summary == "count":
        params = [*(pair for pair in params if pair[0] != "_count"), ("_count", "0")]
    page = await request.context.gate.search(
        request.actor, request.type or None, params, cursor=cursor, lenient=request.prefer.lenient
    )
    entries = [] if view.summary == "count" else assemble.found(request, page)
    used = [pair for pair in page.params if view.summary != "count" or pair[0] != "_count"]
    links = assemble.links(request, request.type, used, page)
    return await respond.assembled(
        request.context, view, assemble.bundle("searchset", entries, total=page.total, links=links)
    )


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
