"""Letters of an incident: their wording, the sheets to print, and the year's log for the regulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.access.incidents import letters, log
from charthouse.base.errors import Problem, http_status, invalid, not_found
from charthouse.web.incidents import forms
from charthouse.web.incidents.forms import Sent
from charthouse.web.screen import tabbed
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.web.views.affected import reached, slice_of
from charthouse.web.views.incidents import (
    ADDRESS,
    HOUSE,
    entry_number,
    model,
    name_of,
    note,
    rights,
    told,
    went,
)

if TYPE_CHECKING:
    from charthouse.db.connect import Connection

BATCH: Final = 100  # letters on one page to print
SAMPLE: Final = "Sample Person"


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/{name}/letters`: what the letters say, what is missing, and how one will look."""
    return await _page(site, request, desk, Sent())


async def word(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /incidents/{name}/letters`: new texts."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    sent, name = await forms.read(request, "letter"), name_of(request)

    def job(connection: Connection) -> None:
        seen = forms.number(sent, "seen")
        site.clinic.incidents.word(connection, desk.actor, name, forms.letter(sent), seen=seen)

    try:
        await site.clinic.written(job)
    except Problem as failure:
        return await _page(site, request, desk, told(sent, failure), http_status(failure))
    await note(site, desk, "update", f"{name} letters")
    return went(f"{ADDRESS}/{name}/letters")


async def sheets(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/{name}/sheets?after=N` or `?only=N`: letters to print, one on each sheet."""
    site.clinic.policy.require(desk.actor, HOUSE, "print")
    clinic = site.clinic
    incident = clinic.incidents.get(name_of(request))
    if not letters.is_ready(incident.letter, incident.facts):
        raise invalid("business-rule", "The letters do not say yet what they have to.", place="letters",
                      repair="Complete their wording first.")  # fmt: skip
    only = request.query_params.get("only", "")
    if only:
        shown, following = (
            [clinic.affected.person(incident.id, forms.number(Sent(values={"n": [only]}), "n"))],
            None,
        )
    else:
        picked, following = slice_of(clinic.affected.people(incident.id), request, BATCH)
        shown = list(picked)
    await note(site, desk, "print", f"{incident.name} letters", {one.patient for one in shown})
    template, today = clinic.letters.text(), clinic.incidents.today()
    known = await reached(site, desk, shown)
    made = [
        (one, letters.fill(template, incident.letter, incident.facts, one.recipient.addressee, today))
        for one in known
        if one.recipient is not None and one.recipient.has_address
    ]
    return site.page(
        request, await tabbed(site, desk), "incident_sheets.html", incident=incident, made=made,
        left=[one for one in known if one.recipient is None or not one.recipient.has_address],
        following=following, on=letters.day(today), may=rights(site, desk), **model(desk),
    )  # fmt: skip


async def template(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/letter`: the clinic's wording of all letters."""
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    return await _template(site, request, desk, Sent())


async def reword(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /incidents/letter`: another wording, if it leaves out nothing that the rule asks for."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    sent = await forms.read(request, "template")
    text = letters.DEFAULT if forms.one(sent, "do") == "reset" else forms.one(sent, "body")
    try:
        await site.clinic.written(lambda connection: site.clinic.letters.save(connection, desk.actor, text))
    except Problem as failure:
        return await _template(site, request, desk, told(sent, failure), http_status(failure))
    await note(site, desk, "update", "letter template")
    return went(f"{ADDRESS}/letter")


async def year(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/log?year=2026`: the breaches of a year in the fields of the regulator's form."""
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    every = site.clinic.incidents.all()
    chosen = _year(site, request)
    found = log.lines(every, chosen, site.clinic.incidents.rules())
    await note(site, desk, "read", f"log {chosen}")
    return site.page(
        request, await tabbed(site, desk), "incident_log.html", lines=found, columns=log.COLUMNS, year=chosen,
        years=log.years(every, site.clinic.incidents.today().year), may=rights(site, desk),
    )  # fmt: skip


async def table(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/log.csv?year=2026`: the same as a file."""
    site.clinic.policy.require(desk.actor, HOUSE, "export")
    chosen = _year(site, request)
    found = log.lines(site.clinic.incidents.all(), chosen, site.clinic.incidents.rules())
    await note(site, desk, "export", f"log {chosen}")
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="breach-log-{chosen}.csv"'}
    return Response(log.table(found), headers=headers, media_type="text/csv; charset=utf-8")


async def _page(site: Site, request: Request, desk: Desk, sent: Sent, status: int = 200) -> Response:
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    clinic = site.clinic
    incident = clinic.incidents.get(name_of(request))
    await note(site, desk, "read", f"{incident.name} letters")
    return site.page(
        request, await tabbed(site, desk), "incident_letters.html", status=status, incident=incident, sent=sent,
        letter=incident.letter, seen=entry_number(incident, "letter"),
        missing=letters.missing(incident.letter, incident.facts),
        ready=letters.is_ready(incident.letter, incident.facts),
        parts=letters.fill(clinic.letters.text(), incident.letter, incident.facts, SAMPLE, clinic.incidents.today()),
        on=letters.day(clinic.incidents.today()), may=rights(site, desk), **model(desk),
    )  # fmt: skip


async def _template(site: Site, request: Request, desk: Desk, sent: Sent, status: int = 200) -> Response:
    return site.page(
        request, await tabbed(site, desk), "incident_letter.html", status=status, sent=sent,
        body=site.clinic.letters.text(), fields=letters.FIELDS, required=letters.REQUIRED, may=rights(site, desk),
    )  # fmt: skip


def _year(site: Site, request: Request) -> int:
    text = request.query_params.get("year", str(site.clinic.incidents.today().year))
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise not_found()
    return int(text)
