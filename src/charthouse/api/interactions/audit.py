"""AuditEvents: the house's own trail as a projection, told with those that clients stored (R4 auditevent.html).

Who may not ask the house's audit gets what is stored, as of any other type.
"""

from __future__ import annotations

from typing import Final

from charthouse.access.gate import Page, Stored
from charthouse.access.trail.events import AuditEvents, uncounted
from charthouse.api import assemble, respond
from charthouse.api.query import Params
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.fhir import outcome, resource
from charthouse.fhir.resource import Tree

TYPE: Final = "AuditEvent"


async def read(request: Request, events: AuditEvents) -> Reply | None:
    """The event of an id like `r-123` or `w-45`; None for any other, and for who may not ask the audit."""
    if not events.is_ours(request.id) or not events.may(request.actor, "read"):
        return None
    tree = await events.read(request.actor, request.id, request.base)
    context, view = request.context, request.view
    return respond.made(context, view, tree if view.whole else context.subset.of(tree, view))


async def search(request: Request, events: AuditEvents, params: Params, cursor: str | None) -> Reply | None:
    """A searchset, newest first; None for who may not ask the audit."""
    if not events.may(request.actor, "search"):
        return None
    if request.view.summary == "count" or ("_count", "0") in params:
        raise uncounted()
    hits = await events.search(
        request.actor, params, cursor=cursor, lenient=request.prefer.lenient, base=request.base
    )
    entries = [_entry(request, one) for one in hits.entries]
    if hits.notes:
        told = resource.dump(outcome.of(hits.notes))
        entries.append(b'{"resource":%b,"search":{"mode":"outcome"}}' % told)
    page = Page([], None, hits.next, params=list(hits.used))
    links = assemble.links(request, TYPE, page.params, page)
    return await respond.assembled(
        request.context, request.view, assemble.bundle("searchset", entries, links=links)
    )


def _entry(request: Request, one: Tree | Stored) -> bytes:
    context, view = request.context, request.view
    if isinstance(one, Stored):
        id, body = one.id, one.body if view.whole else respond.part(context, view, one)
    else:
        id, body = one["id"], resource.dump(one if view.whole else context.subset.of(one, view))
    full = f"{request.base}/{TYPE}/{id}".encode()
    return b'{"fullUrl":"%b","resource":%b,"search":{"mode":"match"}}' % (full, body)
