"""history of a resource, a type, or everything (R4 http.html#history)."""

from __future__ import annotations

from charthouse.api import assemble, respond
from charthouse.api.query import Params
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base import ids
from charthouse.base.errors import invalid
from charthouse.fhir import dates

_KNOWN = ("_count", "_since", "_at", "_list", "_cursor")


async def history(request: Request) -> Reply:
    """A Bundle of versions, newest first, in pages."""
    params = _known(request)
    limits = request.context.limits
    count = min(_count(params.get("_count"), limits.page), limits.most)
    since, at = params.get("_since"), params.get("_at")
    page = await request.context.gate.history(
        request.actor,
        request.type or None,
        request.id or None,
        count=count,
        since=None if since is None else _span("_since", since)[0],
        at=None if at is None else _span("_at", at),
        listed=_listed(params.get("_list")),
        cursor=params.get("_cursor"),
    )
    used: Params = [(name, value) for name, value in params.items() if name != "_cursor"]
    path = "/".join(step for step in (request.type, request.id, "_history") if step)
    entries = [] if request.view.summary == "count" else assemble.versions(request, page)
    links = assemble.links(request, path, used, page, kept=("_count",))
    answer = await respond.assembled(
        request.context, request.view, assemble.bundle("history", entries, total=page.total, links=links)
    )
    return respond.noticed(answer, await request.context.gate.notice([hit.stored for hit in page.entries]))


def _known(request: Request) -> dict[str, str]:
    """The parameters of a history, each at most once; any other is refused by name."""
    found: dict[str, str] = {}
    for name, value in request.params:
        if name not in _KNOWN:
            raise invalid(
                "not-supported",
                f'A history has no parameter "{name}".',
                place=name,
                value=value,
                repair=f"Use {', '.join(_KNOWN[:4])}.",
            )
        if name in found:
            raise invalid("value", f"{name} is given twice.", place=name, value=value)
        found[name] = value
    return found


def _count(text: str | None, usual: int) -> int:
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise invalid("value", "_count is not a whole number of zero or more.", place="_count", value=text)
    return int(text)


def _listed(text: str | None) -> str | None:
    """The id of a List, which may be written as a reference."""
    if text is None:
        return None
    id = text.removeprefix("List/")
    if not ids.is_logical_id(id):
        raise invalid(
            "value",
            "_list is not the id of a List.",
            place="_list",
            value=text,
            repair="Write e.g. _list=42.",
        )
    return id


def _span(name: str, text: str) -> tuple[int, int]:
    """(first millisecond, first millisecond after) of a date or instant."""
    # a plus sign that was not percent-encoded came through as a space
    found = dates.period(text.replace(" ", "+"))
    if found is None:
        raise invalid(
            "value",
            f"{name} is not a date or an instant.",
            place=name,
            value=text,
            repair="Write it like 2026-11-23T15:26:00Z.",
        )
    return found
