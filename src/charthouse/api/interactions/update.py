"""update, update as create, and conditional update (R4 http.html#update, #upsert, #cond-update)."""

from __future__ import annotations

from charthouse.api import checks
from charthouse.api.binary import received
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.api.written import written
from charthouse.fhir.bundle import Entry


async def update(request: Request) -> Reply:
    """200, or 201 where the id was free; 400 for another id in the body, 412 for another version."""
    version = request.etag
    tree = await (received(request) if request.type == "Binary" else request.typed())
    checks.same_id(tree, request.type, request.id)
    entry = Entry(
        "PUT",
        request.type,
        request.id,
        tree,
        if_match=version,
        if_none_match=request.header(b"if-none-match"),
        url=f"{request.type}/{request.id}",
    )
    return written(request, await request.commit(entry, "update"))


async def conditional_update(request: Request) -> Reply:
    """No match creates (201), one match updates (200), several are 412."""
    criteria = checks.criteria(request.params, "url")
    tree = await request.typed()
    entry = Entry("PUT", request.type, tree=tree, criteria=criteria, if_match=request.etag, url=request.type)
    return written(request, await request.commit(entry, "update"))
