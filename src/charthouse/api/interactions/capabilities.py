"""capabilities: what the server can do, open to everybody (R4 http.html#capabilities)."""

from __future__ import annotations

from charthouse.api import respond
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, invalid, problem


async def capabilities(request: Request) -> Reply:
    """The CapabilityStatement; `mode=terminology` is refused by name, for there is nothing to tell yet."""
    mode = dict(request.params).get("mode", "full")
    if mode == "terminology":
        raise problem(
            Category.UNSUPPORTED,
            "not-supported",
            "A TerminologyCapabilities is not offered.",
            place="mode",
            value=mode,
            repair="Leave mode out for the CapabilityStatement.",
        )
    if mode not in ("full", "normative"):
        raise invalid("value", "mode has a value that FHIR does not know.", place="mode", value=mode)
    context = request.context
    tree = context.statement(request.base, await context.gate.named_queries())
    return respond.made(
        context, request.view, tree if request.view.whole else context.subset.of(tree, request.view)
    )
