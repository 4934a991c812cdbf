"""One's own steps: plan, credentials, continuing education, a transcript; and the directory of programmes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.audit import event
from charthouse.base.errors import Category, Problem, http_status, not_found
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.web.views.salary import shown
from charthouse.workforce import transcript
from charthouse.workforce.calendar import calendar
from charthouse.workforce.planner import KINDS, LARGEST

if TYPE_CHECKING:
    from charthouse.db.connect import Connection

ADDRESS: Final = "/planner"
COLOURS: Final = {"overdue": "red", "soon": "amber", "planned": "grey", "open": "grey", "done": "green"}
Words = dict[str, str]


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /planner`: everything of one's own."""
    return await _page(site, request, desk)


async def act(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /planner/{act}`: one change; if it is refused, the page with what is wrong."""
    job = _ACTS.get(str(request.path_params["act"]))
    if job is None:
        raise not_found()
    words, file = await _sent(request)
    try:
        await site.clinic.written(lambda connection: job(site, desk, connection, words, file))
    except Problem as failure:
        if failure.category is not Category.INVALID:
            raise
        return await _page(site, request, desk, words, failure)
    if "programme" in str(request.path_params["act"]):
        await site.clinic.audit.record(event(desk.actor, "update", "settings", query="programmes"))
    return RedirectResponse(ADDRESS, 303, HEADERS)


async def certificate(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /planner/certificate/{number}`: what was uploaded, to its owner."""
    media, body = site.clinic.workforce.planner.certificate(
        desk.actor.id, _number(request.path_params["number"])
    )
    name = f"certificate.{media.rpartition('/')[2]}"
    return Response(
        body, headers={**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}, media_type=media
    )


async def paper(site: Site, _request: Request, desk: Desk) -> Response:
    """`GET /planner/transcript.pdf`: continuing education to hand in."""
    planner, account = site.clinic.workforce.planner, desk.actor.id
    held, credits, today = planner.held(account), planner.credits(account), planner.today()
    body = await asyncio.to_thread(
        transcript.pdf, site.clinic.workforce.shelf.extract, desk.name, held, credits, today
    )
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="continuing-education.pdf"'}
    return Response(body, headers=headers, media_type="application/pdf")


async def days(site: Site, _request: Request, desk: Desk) -> Response:
    """`GET /planner/calendar.ics`: the days of the plan, with reminders."""
    planner, account = site.clinic.workforce.planner, desk.actor.id
    body = calendar(planner.steps(account), planner.held(account), planner.today())
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="your-steps.ics"'}
    return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")


async def _page(
    site: Site, request: Request, desk: Desk, words: Words | None = None, failure: Problem | None = None
) -> Response:
    planner, account = site.clinic.workforce.planner, desk.actor.id
    steps = planner.steps(account)
    shelf = site.clinic.workforce.shelf
    return await shown(
        site,
        request,
        desk,
        "planner.html",
        status=http_status(failure) if failure else 200,
        said=failure.issues[0].sentence() if failure else "",
        words=words or {},
        steps=steps,
        kinds_of_steps=KINDS,
        colours=COLOURS,
        held=planner.held(account),
        credits=planner.credits(account),
        programmes=planner.programmes(),
        reader=desk.reader,
        renewals=shelf.careers.renewals,
        may_edit=site.clinic.policy.may(desk.actor, "settings", "update"),
        pressing=sum(one.state in ("overdue", "soon") for one in steps),
        most=LARGEST // 1024,
        today=planner.today(),
    )


async def _sent(request: Request) -> tuple[Words, bytes]:
    words, file = {}, b""
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            words[name] = value
        elif isinstance(value, UploadFile):
            file = await value.read(LARGEST + 1)
    return words, file


def _number(text: object) -> int:
    if not str(text).isdigit() or len(str(text)) > 15:
        raise not_found()
    return int(str(text))


Job = Callable[[Site, Desk, "Connection", Words, bytes], None]


def _step(site: Site, desk: Desk, connection: Connection, words: Words, _file: bytes) -> None:
    site.clinic.workforce.planner.add_step(connection, desk.actor.id, words)


def _done(site: Site, desk: Desk, connection: Connection, words: Words, _file: bytes) -> None:
    is_done = words.get("done", "yes") == "yes"
    site.clinic.workforce.planner.finish(
        connection, desk.actor.id, _number(words.get("id", "")), is_done=is_done
    )


def _drop(site: Site, desk: Desk, connection: Connection, words: Words, _file: bytes) -> None:
    site.clinic.workforce.planner.drop_step(connection, desk.actor.id, _number(words.get("id", "")))


def _hold(site: Site, desk: Desk, connection: Connection, words: Words, _file: bytes) -> None:
    site.clinic.workforce.planner.hold(connection, desk.actor.id, words)


def _leave(site: Site, desk: Desk, connection: Connection, words: Words, _file: bytes) -> None:
    site.clinic.workforce.planner.drop_credential(connection, desk.actor.id, words.get("credential", ""))


def _credit(site: Site, desk: Desk, connection: Connection, words: Words, file: bytes) -> None:
    site.clinic.workforce.planner.add_credit(connection, desk.actor.id, words, file)


def _drop_credit(site: Site, desk: Desk, connection: Connection, words: Words, _file: bytes) -> None:
    site.clinic.workforce.planner.drop_credit(connection, desk.actor.id, _number(words.get("id", "")))


def _programme(site: Site, desk: Desk, connection: Connection, words: Words, _file: bytes) -> None:
    site.clinic.policy.require(desk.actor, "settings", "update")
    site.clinic.workforce.planner.add_programme(connection, desk.actor.id, words)


def _drop_programme(site: Site, desk: Desk, connection: Connection, words: Words, _file: bytes) -> None:
    site.clinic.policy.require(desk.actor, "settings", "update")
    site.clinic.workforce.planner.drop_programme(connection, _number(words.get("id", "")))


_ACTS: Final[dict[str, Job]] = {
    "step": _step,
    "done": _done,
    "drop": _drop,
    "credential": _hold,
    "leave": _leave,
    "credit": _credit,
    "drop-credit": _drop_credit,
    "programme": _programme,
    "drop-programme": _drop_programme,
}
