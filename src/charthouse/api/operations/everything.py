"""$everything: the whole record of a patient, of all patients that are open, or of an encounter
(R4 patient-operation-everything.html, encounter-operation-everything.html)."""

from __future__ import annotations

from typing import Final

from charthouse.access.gate import Wanted
from charthouse.api import assemble, respond
from charthouse.api.operations.asked import Asked, asked
from charthouse.api.query import Params
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, invalid, problem
from charthouse.fhir import dates

KNOWN: Final = {
    "Patient": ("start", "end", "_since", "_type", "_count", "_cursor"),
    "Encounter": ("_since", "_type", "_count", "_cursor"),
}
MOST: Final = 2**31 - 1


async def everything(request: Request) -> Reply:
    """A searchset in pages: what is in the compartment as matches, what that refers to as includes."""
    if request.view.summary == "count":
        raise problem(
            Category.UNSUPPORTED, "not-supported", "What belongs to a record is not counted.", place="_summary",
            value="count", repair="Search the compartment, e.g. Patient/1/*?_summary=count.",
        )  # fmt: skip
    given = await asked(request, KNOWN[request.type])
    most = request.context.limits.most
    count = given.number("_count", MOST)
    if count == 0:
        raise invalid("value", "_count must be at least 1.", place="_count", value=count)
    wanted = Wanted(
        min(count or most, most), _types(request, given), _moment(given, "_since"), _moment(given, "start"),
        _moment(given, "end"),
    )  # fmt: skip
    page = await request.context.gate.everything(
        request.actor, (request.type, request.id), wanted, cursor=given.text("_cursor")
    )
    used: Params = [
        (name, ",".join(wanted.types or ()) if name == "_type" else str(given.one(name)))
        for name in KNOWN[request.type]
        if name in given and name != "_cursor"
    ]
    path = "/".join(step for step in (request.type, request.id, "$everything") if step)
    links = assemble.links(request, path, used, page, kept=KNOWN[request.type])
    entries = assemble.found(request, page)
    return await respond.assembled(
        request.context, request.view, assemble.bundle("searchset", entries, links=links)
    )


def _types(request: Request, given: Asked) -> tuple[str, ...] | None:
    """The types that are wanted; None where none is named."""
    if "_type" not in given:
        return None
    found = tuple(dict.fromkeys(type for text in given.texts("_type") for type in text.split(",")))
    for type in found:
        if type not in request.context.types:
            raise invalid(
                "value", "_type names something that is no resource type.", place="_type", value=type,
                repair="Write e.g. _type=Observation,Condition.",
            )  # fmt: skip
    return found


def _moment(given: Asked, name: str) -> str | None:
    """A date or an instant, as it was sent."""
    text = given.text(name)
    if text is None:
        return None
    text = text.replace(" ", "+")  # a plus sign that was not percent-encoded came through as a space
    if dates.period(text) is None:
        raise invalid(
            "value", f"{name} is not a date or an instant.", place=name, value=text,
            repair="Write it like 2026-11-23, or 2026-11-23T15:26:00Z.",
        )  # fmt: skip
    return text
