"""One's own steps: plan, credentials, continuing education, a transcript; and the directory of programmes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.audit import event
from charthouse.base.errors import Category, Problem, http_status, not_found
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.web.views.salary import shown
from charthouse.workforce import transcript
from charthouse.workforce.calendar import calendar
from charthouse.workforce.desk import Workforce
from charthouse.workforce.entered import LARGEST
from charthouse.workforce.planner import KINDS

if TYPE_CHECKING:
    from charthouse.db.connect import Connection

ADDRESS: Final = "/planner"
HOUSE: Final = "programmes"  # the type word that rights to the directory are asked with
FORM: Final = LARGEST + 48 * 1024  # bytes of a form with a file; below a megabyte nothing is put on the disk
COLOURS: Final = {"overdue": "red", "soon": "amber", "planned": "grey", "open": "grey", "done": "green"}
# Where on the page a thing stands, and what taking it out is told as.
PLACES: Final = {
    "step": ("plan", "The step was removed, its documents with it."),
    "document": ("plan", "The document was removed."),
    "credential": ("held", "The credential was removed; what counted for it stays."),
    "credit": ("credits", "The entry was removed."),
    "programme": ("programmes", "The programme was removed."),
}
Words = dict[str, str]


@dataclass(frozen=True, slots=True)
class Sent:
    """One change as it was sent: by whom, the words, and a file with what it was called."""

    site: Site
    desk: Desk
    words: Words
    file: bytes
    called: str

    @property
    def account(self) -> int:
        """Whose steps they are."""
        return self.desk.actor.id

    @property
    def workforce(self) -> Workforce:
        """The tables."""
        return self.site.clinic.workforce

    @property
    def id(self) -> int:
        """The number of the thing that is changed; raises `Problem(not_found)` for what is none."""
        return _number(self.words.get("id", ""))

    def may(self, interaction: str) -> None:
        """Raises `Problem(forbidden)` for who does not keep the directory."""
        self.site.clinic.policy.require(self.desk.actor, HOUSE, interaction)


@dataclass(frozen=True, slots=True)
class Done:
    """What is shown after a change: the section, what has the focus, and what was taken out and can be put back."""

    section: str
    focus: str = ""
    gone: str = ""
    id: str = ""


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /planner`: everything of one's own; `?edit=` and `?programme=` open one line, `?gone=` offers undo."""
    asked = request.query_params
    gone = asked.get("gone", "")
    done = Done(PLACES[gone][0], gone=gone, id=asked.get("id", "")[:60]) if gone in PLACES else None
    return await _page(site, request, desk, done=done)


async def act(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /planner/{act}`: one change; if it is refused, the page with what is wrong beside its form."""
    name = str(request.path_params["act"])
    job = _ACTS.get(name)
    if job is None:
        raise not_found()
    words, file, called = await _sent(request)
    sent = Sent(site, desk, words, file, called)
    try:
        done: Done = await site.clinic.written(lambda connection: job(sent, connection))
    except Problem as failure:
        if failure.category is not Category.INVALID:
            raise
        return await _page(site, request, desk, failed=name, words=words, failure=failure)
    if done.section == "programmes":
        await site.clinic.audit.record(event(desk.actor, _AUDITED.get(name, "update"), HOUSE))
    if _is_part(request):
        return await _page(site, request, desk, done=done)
    undo = f"?gone={done.gone}&id={quote(done.id)}" if done.gone else ""
    return RedirectResponse(f"{ADDRESS}{undo}#{done.section}", 303, HEADERS)


async def certificate(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /planner/certificate/{number}`: what was uploaded, to its owner."""
    number = _number(request.path_params["number"])
    media, body = site.clinic.workforce.continuing.certificate(desk.actor.id, number)
    return _saved(body, f"certificate.{media.rpartition('/')[2]}", media)


async def document(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /planner/document/{number}`: a document of a step, to its owner."""
    number = _number(request.path_params["number"])
    name, media, body = site.clinic.workforce.planner.document(desk.actor.id, number)
    return _saved(body, name, media)


async def paper(site: Site, _request: Request, desk: Desk) -> Response:
    """`GET /planner/transcript.pdf`: continuing education to hand in."""
    workforce, account = site.clinic.workforce, desk.actor.id
    credits = workforce.continuing.credits(account)
    held, today = workforce.continuing.held(account, credits), workforce.planner.today()
    body = await asyncio.to_thread(transcript.pdf, workforce.shelf.extract, desk.name, held, credits, today)
    return _saved(body, "continuing-education.pdf", "application/pdf")


async def days(site: Site, _request: Request, desk: Desk) -> Response:
    """`GET /planner/calendar.ics`: the days of the plan, with reminders."""
    workforce, account = site.clinic.workforce, desk.actor.id
    planner = workforce.planner
    body = calendar(planner.steps(account), workforce.continuing.held(account), planner.today())
    return _saved(body, "your-steps.ics", "text/calendar; charset=utf-8")


async def _page(
    site: Site,
    request: Request,
    desk: Desk,
    *,
    done: Done | None = None,
    failed: str = "",
    words: Words | None = None,
    failure: Problem | None = None,
) -> Response:
    """The page, or for htmx what is inside it. `failed` is the form that was refused; it keeps its `words`."""
    workforce, account = site.clinic.workforce, desk.actor.id
    steps, credits = workforce.planner.steps(account), workforce.continuing.credits(account)
    query = request.query_params
    again = (words or {}).get("id", "")
    model: dict[str, Any] = {
        "failed": failed,
        "said": failure.issues[0].sentence() if failure else "",
        "words": words or {},
        "done": done,
        "gone": PLACES[done.gone][1] if done and done.gone else "",
        "editing": again if failed == "change" else query.get("edit", ""),
        "programme": again if failed == "change-programme" else query.get("programme", ""),
        "steps": steps,
        "held": workforce.continuing.held(account, credits),
        "credits": credits,
        "programmes": workforce.directory.all(),
        "may": {word: site.clinic.policy.may(desk.actor, HOUSE, word) for word in _RIGHTS},
    }
    if request.method == "POST" and not failure:
        model["editing"] = model["programme"] = ""
    return await shown(
        site,
        request,
        desk,
        "parts/steps.html" if _is_part(request) else "planner.html",
        status=http_status(failure) if failure else 200,
        kinds_of_steps=KINDS,
        colours=COLOURS,
        reader=desk.reader,
        renewals=workforce.shelf.careers.renewals,
        pressing=sum(one.state in ("overdue", "soon") for one in steps),
        most=LARGEST // 1024,
        today=workforce.planner.today(),
        **model,
    )


def _is_part(request: Request) -> bool:
    return "hx-request" in request.headers


def _saved(body: bytes, name: str, media: str) -> Response:
    """A file that the browser saves and never shows. Its name goes as plain letters, and whole (RFC 6266)."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    place = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(body, headers={**HEADERS, "Content-Disposition": place}, media_type=media)


async def _sent(request: Request) -> tuple[Words, bytes, str]:
    words, file, called = {}, b"", ""
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            words[name] = value
        elif isinstance(value, UploadFile):
            file, called = await value.read(LARGEST + 1), value.filename or ""
    return words, file, called


def _number(text: object) -> int:
    if not (str(text).isascii() and str(text).isdigit()) or len(str(text)) > 15:
        raise not_found()
    return int(str(text))


def _step(sent: Sent, connection: Connection) -> Done:
    sent.workforce.planner.add_step(connection, sent.account, sent.words, sent.file, sent.called)
    return Done("plan", "adding")


def _change(sent: Sent, connection: Connection) -> Done:
    planner = sent.workforce.planner
    planner.change_step(connection, sent.account, sent.id, sent.words)
    if sent.file:
        planner.add_document(connection, sent.account, sent.id, sent.file, sent.called)
    return Done("plan", f"step-{sent.id}")


def _finish(sent: Sent, connection: Connection) -> Done:
    is_done = sent.words.get("done", "yes") == "yes"
    sent.workforce.planner.finish(connection, sent.account, sent.id, is_done=is_done)
    return Done("plan", f"step-{sent.id}")


def _drop(sent: Sent, connection: Connection) -> Done:
    sent.workforce.planner.drop_step(connection, sent.account, sent.id)
    return Done("plan", "undo", "step", str(sent.id))


def _drop_document(sent: Sent, connection: Connection) -> Done:
    sent.workforce.planner.drop_document(connection, sent.account, sent.id)
    return Done("plan", "undo", "document", str(sent.id))


def _hold(sent: Sent, connection: Connection) -> Done:
    sent.workforce.continuing.hold(connection, sent.account, sent.words)
    return Done("held")


def _leave(sent: Sent, connection: Connection) -> Done:
    name = sent.words.get("id", "")
    sent.workforce.continuing.drop_credential(connection, sent.account, name)
    return Done("held", "undo", "credential", name)


def _credit(sent: Sent, connection: Connection) -> Done:
    sent.workforce.continuing.add_credit(connection, sent.account, sent.words, sent.file)
    return Done("credits", "credit")


def _drop_credit(sent: Sent, connection: Connection) -> Done:
    sent.workforce.continuing.drop_credit(connection, sent.account, sent.id)
    return Done("credits", "undo", "credit", str(sent.id))


def _programme(sent: Sent, connection: Connection) -> Done:
    sent.may("create")
    sent.workforce.directory.add(connection, sent.account, sent.words)
    return Done("programmes", "programme")


def _change_programme(sent: Sent, connection: Connection) -> Done:
    sent.may("update")
    sent.workforce.directory.change(connection, sent.account, sent.id, sent.words)
    return Done("programmes", f"programme-{sent.id}")


def _drop_programme(sent: Sent, connection: Connection) -> Done:
    sent.may("delete")
    sent.workforce.directory.drop(connection, sent.id)
    return Done("programmes", "undo", "programme", str(sent.id))


def _restore(sent: Sent, connection: Connection) -> Done:
    """Put back what was just taken out."""
    what, workforce = sent.words.get("what", ""), sent.workforce
    if what == "programme":
        sent.may("delete")
        workforce.directory.restore(connection, sent.id)
    elif what == "credential":
        workforce.continuing.restore_credential(connection, sent.account, sent.words.get("id", ""))
    elif what == "credit":
        workforce.continuing.restore_credit(connection, sent.account, sent.id)
    elif what == "document":
        workforce.planner.restore_document(connection, sent.account, sent.id)
    elif what == "step":
        workforce.planner.restore_step(connection, sent.account, sent.id)
    else:
        raise not_found()
    return Done(PLACES[what][0], f"{what}-{sent.words['id']}")


Job = Callable[[Sent, "Connection"], Done]
_ACTS: Final[dict[str, Job]] = {
    "step": _step,
    "change": _change,
    "done": _finish,
    "drop": _drop,
    "drop-document": _drop_document,
    "credential": _hold,
    "leave": _leave,
    "credit": _credit,
    "drop-credit": _drop_credit,
    "programme": _programme,
    "change-programme": _change_programme,
    "drop-programme": _drop_programme,
    "restore": _restore,
}
_RIGHTS: Final = ("create", "update", "delete")
_AUDITED: Final = {"programme": "create", "drop-programme": "delete"}
