"""What a caller hears after a write (R4 http.html#create, #update, #delete, #ops)."""

from __future__ import annotations

from typing import Final

from charthouse.access.gate import Outcome
from charthouse.api import respond
from charthouse.api.reply import Header, Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, problem
from charthouse.fhir import outcome

_TOLD: Final = {
    "created": "The resource was created.",
    "updated": "The resource was updated.",
    "unchanged": "Nothing was to be changed.",
    "matched": "A resource that matches is there already; nothing was created.",
    "deleted": "The resource is deleted.",
}


def written(request: Request, done: Outcome) -> Reply:
    """201 for what was created, else 200; the body is what Prefer wishes, by default the resource."""
    stored = done.stored
    if stored is None:  # what matched was deleted before it could be read
        raise problem(
            Category.BUSY,
            "conflict",
            "The resource was deleted in the same moment.",
            repair="Try again.",
        )
    created = done.status == "created"
    status = 201 if created else 200
    place = f"{request.base}/{stored.type}/{stored.id}/_history/{stored.version}".encode()
    wish = request.prefer.answer
    view = request.view
    if wish is None or wish == "representation":
        if view.raw:  # content of a Binary was sent: its resource answers, without sending the content back
            wish = "minimal"
        else:
            answer = respond.stored(request.context, view, stored, status=status, place=place)
            respond.noticed(answer, done.notice)
            answer.headers.append((b"content-location", place))
            return answer
    bare = respond.stored(request.context, view, stored, status=status, place=place, body=False)
    if wish == "minimal":
        return bare
    return respond.made(
        request.context, view, outcome.information(_TOLD[done.status]), status=status, headers=bare.headers
    )


def deleted(request: Request, done: Outcome) -> Reply:
    """204, or 200 with an OperationOutcome where Prefer wishes one; the same for what was never there."""
    headers: list[Header] = []
    if done.status == "deleted" and done.stored is not None:
        headers = [
            (b"etag", b'W/"%d"' % done.stored.version),
            (b"last-modified", respond.http_date(done.stored.updated)),
        ]
    if request.prefer.answer == "OperationOutcome":
        tree = outcome.information(_TOLD["deleted"])
        return respond.made(request.context, request.view, tree, headers=headers)
    return Reply(204, headers)
