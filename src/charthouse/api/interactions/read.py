"""read: the present version of a resource (R4 http.html#read)."""

from __future__ import annotations

from charthouse.api import respond
from charthouse.api.binary import content
from charthouse.api.interactions import audit
from charthouse.api.reply import Reply
from charthouse.api.request import Request


async def read(request: Request) -> Reply:
    """200, or 304 where the caller holds it; the door raises 404 for hidden and absent alike, 410 for deleted."""
    context = request.context
    if request.type == audit.TYPE and context.events is not None:
        told = await audit.read(request, context.events)
        if told is not None:
            return told
    stored = await context.gate.read(request.actor, request.type, request.id)
    headers = request.headers
    if b"if-none-match" in headers or b"if-modified-since" in headers:
        unchanged = respond.not_modified(request, stored)
        if unchanged is not None:
            return unchanged
    answer = content(stored) if request.view.raw else respond.stored(context, request.view, stored)
    return respond.noticed(answer, await context.gate.notice((stored,)))
