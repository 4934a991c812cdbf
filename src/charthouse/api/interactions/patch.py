"""patch with JSON Patch or FHIRPath Patch, by id or by search (R4 http.html#patch, #3.1.0.7.1)."""

from __future__ import annotations

from typing import Any

from charthouse.api import body, checks, patches
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.api.written import written
from charthouse.fhir.bundle import Entry


async def patch(request: Request) -> Reply:
    """200 with the new version; the patch is applied to the version that is current when it is written."""
    entry = Entry(
        "PATCH",
        request.type,
        request.id,
        if_match=request.etag,
        patch=await document(request),
        url=f"{request.type}/{request.id}",
    )
    return written(request, await request.commit(entry, "patch"))


async def conditional_patch(request: Request) -> Reply:
    """The same for the one resource that matches; none is 404, several are 412."""
    criteria = checks.criteria(request.params, "url")
    entry = Entry(
        "PATCH",
        request.type,
        criteria=criteria,
        if_match=request.etag,
        patch=await document(request),
        url=request.type,
    )
    return written(request, await request.commit(entry, "patch"))


async def document(request: Request) -> Any:
    """The patch in the body: a list of JSON Patch operations, or a Parameters tree."""
    header = request.headers.get(b"content-type")
    if header is None:
        raise body.unread(None, patches.OFFERED)
    if body.media(header) == body.JSON_PATCH:
        return patches.operations(await request.content())
    if body.media(header) in ("application/xml-patch+xml", "application/merge-patch+json"):
        raise body.unread(header.decode("latin-1"), patches.OFFERED)
    tree = await request.resource()
    return patches.parameters(tree)
