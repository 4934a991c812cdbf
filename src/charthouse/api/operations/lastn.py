"""$lastn: the newest observations of each code (R4 observation-operation-lastn.html)."""

from __future__ import annotations

from typing import Any, Final

from charthouse.api import assemble, body, respond
from charthouse.api.operations.asked import Asked, sent
from charthouse.api.query import Params
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, invalid, problem

MAX: Final = "max"
MOST: Final = 1_000
SUBJECTS: Final = ("patient", "subject")
UNUSED: Final = (
    "_count",
    "_sort",
    "_total",
    "_cursor",
)  # the answer is one page, newest first, and knows its total


async def lastn(request: Request) -> Reply:
    """A searchset: of each code the newest `max` (1 when not said), and all that are as new as the last of them."""
    params = await _given(request)
    most = Asked([MAX], [pair for pair in params if pair[0] == MAX]).number(MAX, MOST)
    if most == 0:
        raise invalid("value", f"{MAX} must be at least 1.", place=MAX, value=most)
    params = [pair for pair in params if pair[0] != MAX]
    _check(params)
    page = await request.context.gate.latest(request.actor, params, most or 1, lenient=request.prefer.lenient)
    entries = [] if request.view.summary == "count" else assemble.found(request, page)
    used = [*page.params, *([(MAX, str(most))] if most else [])]
    links = assemble.links(request, "Observation/$lastn", used, page)
    return await respond.assembled(
        request.context, request.view, assemble.bundle("searchset", entries, total=page.total, links=links)
    )


async def _given(request: Request) -> Params:
    """Search parameters, from the address or from a Parameters resource."""
    given: list[tuple[str, Any]] = list(request.params)
    if request.method == "POST":
        content = await request.content()
        if content:
            tree = await body.tree(content, body.kind(request.headers), request.context.definitions)
            given += sent(tree, None)
    for name, value in given:
        if isinstance(value, dict | list | bool):
            raise invalid(
                "value", f"{name} must be a text.", place=name, value=type(value).__name__,
                repair="Write it as the value of a search parameter.",
            )  # fmt: skip
    return [(name, str(value)) for name, value in given]


def _check(params: Params) -> None:
    """Refuse a question that does not say about whom it is, and what for (the operation's definition)."""
    for name, value in params:
        if name.partition(":")[0] in UNUSED:
            raise problem(
                Category.UNSUPPORTED, "not-supported", f"The newest of each code have no {name}.", place=name,
                value=value, repair="They come in one page, newest first. Leave it out.",
            )  # fmt: skip
    asked = {name.partition(":")[0].partition(".")[0] for name, _ in params if not name.endswith(":missing")}
    if asked.isdisjoint(SUBJECTS):
        raise invalid(
            "required", "It is not said about whom.", place="patient", repair="Give patient or subject.",
        )  # fmt: skip
    if not any(name == "category" or "code" in name for name in asked):
        raise invalid(
            "required", "It is not said which observations.", place="category",
            repair="Give category, or a code.",
        )  # fmt: skip
