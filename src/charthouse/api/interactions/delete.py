"""delete and conditional delete (R4 http.html#delete, #cdelete)."""

from __future__ import annotations

from charthouse.api import checks
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.api.written import deleted
from charthouse.fhir.bundle import Entry


async def delete(request: Request) -> Reply:
    """204, again and again."""
    entry = Entry(
        "DELETE", request.type, request.id, if_match=request.etag, url=f"{request.type}/{request.id}"
    )
    return deleted(request, await request.commit(entry, "delete"))


async def conditional_delete(request: Request) -> Reply:
    """204 for the one that matches and for none; several are 412, and nothing is deleted."""
    criteria = checks.criteria(request.params, "url")
    entry = Entry("DELETE", request.type, criteria=criteria, if_match=request.etag, url=request.type)
    return deleted(request, await request.commit(entry, "delete"))
