"""Privacy incidents: the queue by what presses most, and one incident with its clocks, decisions and history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from msgspec import structs
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.audit import event
from charthouse.access.incidents import assessment, words
from charthouse.access.incidents.incident import Incident
from charthouse.base.errors import Category, Problem, http_status, not_found
from charthouse.base.ids import is_logical_id
from charthouse.web.incidents import forms, queue
from charthouse.web.incidents.forms import Sent
from charthouse.web.screen import tabbed
from charthouse.web.site import HEADERS, Desk, Site

if TYPE_CHECKING:
    from charthouse.db.connect import Connection

ADDRESS: Final = "/incidents"
HOUSE: Final = "incidents"  # the type word that rights are asked with
SHOWN: Final = ("open", "closed", "all")


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents`: the work queue."""
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    shown = request.query_params.get("show", "open")
    shown = shown if shown in SHOWN else "open"
    every = site.clinic.incidents.all()
    rules, today = site.clinic.incidents.rules(), site.clinic.incidents.today()
    rows = queue.rows([one for one in every if shown in ("all", _state(one))], rules, today)
    await note(site, desk, "search", shown)
    counts = {word: sum(word in ("all", _state(one)) for one in every) for word in SHOWN}
    marks = [row.clock.mark for row in rows if row.clock]
    return site.page(
        request, await tabbed(site, desk), "incidents.html", rows=rows, shown=shown, counts=counts,
        overdue=marks.count("overdue"), soon=marks.count("soon"),
        may=rights(site, desk), **model(desk),
    )  # fmt: skip


async def blank(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/new`: the form that opens one."""
    site.clinic.policy.require(desk.actor, HOUSE, "create")
    return await _blank(site, request, desk, Sent())


async def begin(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /incidents/new`: open an incident; on to its page, or the form again with what is wrong."""
    site.clinic.policy.require(desk.actor, HOUSE, "create")
    sent = await forms.read(request, "open")

    def job(connection: Connection) -> str:
        return site.clinic.incidents.open(
            connection, desk.actor, title=forms.one(sent, "title"), source=forms.one(sent, "source"),
            discovered=forms.required_day(sent, "discovered", "The day of discovery is missing."),
            kind=forms.one(sent, "kind"),
        )  # fmt: skip

    try:
        name = await site.clinic.written(job)
    except Problem as failure:
        return await _blank(site, request, desk, told(sent, failure), http_status(failure))
    await note(site, desk, "create", name)
    return went(f"{ADDRESS}/{name}")


async def one(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/{name}`."""
    return await _one(site, request, desk, Sent())


async def act(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /incidents/{name}/{act}`: one more row of the history; if it is refused, the page with what is wrong."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    name, word = name_of(request), str(request.path_params["act"])
    job = ACTS.get(word)
    if job is None:
        raise not_found()
    sent = await forms.read(request, word)
    try:
        await site.clinic.written(lambda connection: job(site, desk, connection, name, sent))
    except Problem as failure:
        if failure.category not in (Category.INVALID, Category.CONFLICT):
            raise
        return await _one(site, request, desk, told(sent, failure), http_status(failure))
    await note(site, desk, "update", name)
    return went(f"{ADDRESS}/{name}")


def _facts(site: Site, desk: Desk, connection: Connection, name: str, sent: Sent) -> None:
    seen = forms.number(sent, "seen")
    site.clinic.incidents.change(connection, desk.actor, name, forms.facts(sent), seen=seen)


def _assess(site: Site, desk: Desk, connection: Connection, name: str, sent: Sent) -> None:
    site.clinic.incidents.assess(connection, desk.actor, name, forms.assessment(sent))


def _note(site: Site, desk: Desk, connection: Connection, name: str, sent: Sent) -> None:
    site.clinic.incidents.note(connection, desk.actor, name, forms.one(sent, "text"))


def _delay(site: Site, desk: Desk, connection: Connection, name: str, sent: Sent) -> None:
    site.clinic.incidents.delay(connection, desk.actor, name, forms.delay(sent))


def _notice(site: Site, desk: Desk, connection: Connection, name: str, sent: Sent) -> None:
    site.clinic.incidents.notice(connection, desk.actor, name, forms.notice(sent))


def _close(site: Site, desk: Desk, connection: Connection, name: str, sent: Sent) -> None:
    is_closed = forms.one(sent, "state") == "closed"
    site.clinic.incidents.state(connection, desk.actor, name, is_closed=is_closed, why=forms.one(sent, "why"))


Job = Callable[[Site, Desk, "Connection", str, Sent], None]
ACTS: Final[dict[str, Job]] = {
    "facts": _facts, "assess": _assess, "note": _note, "delay": _delay, "notice": _notice, "state": _close,
}  # fmt: skip


async def rules(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/rules`: duties of states that this clinic added."""
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    return await _rules(site, request, desk, Sent())


async def rule(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /incidents/rules`: add one, or take one back."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    sent = await forms.read(request, "rule")
    name = forms.one(sent, "name")

    def job(connection: Connection) -> str:
        held = site.clinic.incidents.rules(connection).get(name)
        made = forms.rule(sent) if held is None else structs.replace(held, active=False)
        return site.clinic.incidents.rule(connection, desk.actor, made, name)

    try:
        made = await site.clinic.written(job)
    except Problem as failure:
        return await _rules(site, request, desk, told(sent, failure), http_status(failure))
    await note(site, desk, "update", f"rule {made}")
    return went(f"{ADDRESS}/rules")


async def _rules(site: Site, request: Request, desk: Desk, sent: Sent, status: int = 200) -> Response:
    found = {name: one for name, one in site.clinic.incidents.rules().items() if one.active}
    return site.page(
        request, await tabbed(site, desk), "incident_rules.html", status=status, rules=found, sent=sent,
        regions=words.REGIONS, may=rights(site, desk),
    )  # fmt: skip


async def _blank(site: Site, request: Request, desk: Desk, sent: Sent, status: int = 200) -> Response:
    today = site.clinic.incidents.today()
    return site.page(
        request,
        await tabbed(site, desk),
        "incident_new.html",
        status=status,
        sent=sent,
        today=today,
        kinds=words.KINDS,
    )


async def _one(site: Site, request: Request, desk: Desk, sent: Sent, status: int = 200) -> Response:
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    clinic = site.clinic
    incident = clinic.incidents.get(name_of(request))
    await note(site, desk, "read", incident.name)
    held, today = clinic.incidents.rules(), clinic.incidents.today()
    shown = model(desk)
    return site.page(
        request, await tabbed(site, desk), "incident.html", status=status, incident=incident, sent=sent,
        facts=incident.facts, seen=entry_number(incident, "facts"), today=today,
        clocks=[queue.clock(duty, today) for duty in incident.duties(held)],
        timeline=queue.timeline(incident, held, shown["day"]),
        who=names_of(site, {one.actor for one in incident.entries}),
        factors=assessment.FACTORS, ratings=assessment.RATINGS, may=rights(site, desk), **shown,
    )  # fmt: skip


# -- shared with the pages of people and letters


def went(address: str) -> Response:
    """To another page after a change."""
    return RedirectResponse(address, 303, HEADERS)


def name_of(request: Request) -> str:
    """The incident that the address names; raises `Problem(not_found)` for what cannot be one."""
    name = str(request.path_params["name"])
    if not is_logical_id(name):
        raise not_found()
    return name


def entry_number(incident: Incident, kind: str) -> int:
    """The number of the latest entry of a kind, 0 where there is none; a form brings it back as `seen`."""
    entry = incident.last(kind)
    return entry.id if entry else 0


def names_of(site: Site, accounts: set[int]) -> dict[int, str]:
    """How the screens call these accounts."""
    found = {}
    for account in accounts:
        person = site.clinic.people.get(account)
        found[account] = person.display or person.name
    return found


async def note(
    site: Site, desk: Desk, interaction: str, query: str, patients: set[int] | None = None
) -> None:
    """Put what was done into the audit."""
    await site.clinic.audit.record(
        event(desk.actor, interaction, HOUSE, query=query, patients=patients or ())
    )


def told(sent: Sent, failure: Problem) -> Sent:
    """The form with what is wrong with it."""
    said = " ".join(issue.sentence() for issue in failure.issues)
    return replace(sent, said=said)


def rights(site: Site, desk: Desk) -> dict[str, bool]:
    """What the reader may do, for the parts of a page that are shown to some only."""
    found = ("create", "update", "export", "print")
    return {word: site.clinic.policy.may(desk.actor, HOUSE, word) for word in found}


def _state(incident: Incident) -> str:
    return "closed" if incident.is_closed else "open"


def model(desk: Desk) -> dict[str, Any]:
    """What every page of incidents needs to write days and words."""

    def day(value: date | None) -> str:
        return desk.reader.day(value.isoformat()) if value else ""

    return {"words": words, "day": day, "reader": desk.reader, "standing_colours": queue.STANDING_COLOURS}
