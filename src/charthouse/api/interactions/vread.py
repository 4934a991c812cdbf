"""vread: one version of a resource (R4 http.html#vread)."""

from __future__ import annotations

from charthouse.api import respond
from charthouse.api.binary import content
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, not_found, problem


async def vread(request: Request) -> Reply:
    """200, 304, 404 for a version that never was, 410 for the version that is a deletion."""
    if not request.version.isascii() or not request.version.isdigit() or len(request.version) > 18:
        raise not_found()
    stored = await request.context.gate.vread(request.actor, request.type, request.id, int(request.version))
    if stored.deleted:
        raise problem(Category.GONE, "deleted", "This version is a deletion.")
    unchanged = respond.not_modified(request, stored)
    if unchanged is not None:
        return unchanged
    answer = content(stored) if request.view.raw else respond.stored(request.context, request.view, stored)
    return respond.noticed(answer, await request.context.gate.notice((stored,)))
