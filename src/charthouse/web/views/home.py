"""Home: find a patient, go on with charts opened lately, see what the clinic holds."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.base.clock import instant
from charthouse.base.ids import is_logical_id
from charthouse.web import ask, find, labels
from charthouse.web.chart.entries import read
from charthouse.web.chart.entry import Context, Entry, local
from charthouse.web.chart.identity import Identity
from charthouse.web.chart.timeline import placed
from charthouse.web.recents import COOKIE
from charthouse.web.screen import cards_of, tabbed
from charthouse.web.site import HEADERS, Desk, Site, set_cookie

COUNTED: Final = (
    "Patient",
    "Encounter",
    "Condition",
    "Observation",
    "MedicationRequest",
    "DocumentReference",
    "Practitioner",
)

VISITS: Final = 8
REMINDERS: Final = 4


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /`. A patient finds the own chart there."""
    if desk.actor.patient is not None and desk.actor.roles == {"patient"}:
        own = site.clinic.emergency.patient(desk.actor.patient)
        if own is not None:
            return RedirectResponse(f"/chart/{own}", 303, HEADERS)
    site.clinic.gate.warm()
    counts, visits, desk = await asyncio.gather(_counts(site, desk), _visits(site, desk), tabbed(site, desk))
    lately, _ = await cards_of(site, desk, desk.charts.lately)
    reminders = site.clinic.workforce.reminders(desk.actor.id)
    return site.page(
        request,
        desk,
        "home.html",
        counts=counts,
        lately=lately,
        visits=visits,
        reader=desk.reader,
        reminders=reminders[:REMINDERS],
        more_reminders=len(reminders[REMINDERS:]),
    )


async def search(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /find`: the list under the search box. Names stay out of addresses, so it is a form, not a link."""
    form = await request.form()
    text = str(form.get("q") or "").strip()[: find.LONGEST]
    short = find.is_short(text)
    found = find.Found() if short else await find.patients(site, desk, text)
    for card in found.cards:
        site.recents.keep(desk.session, desk.reader.tongue, card, desk.reader.now)
    where = "palette" if form.get("where") == "palette" else "home"
    may_break = not found.rows and site.clinic.policy.may(desk.actor, "glass", "create")
    return site.part(
        "parts/found.html", found=found, text=text, short=short, where=where, may_break=may_break
    )


async def close(_site: Site, request: Request, desk: Desk) -> Response:
    """`POST /charts/close`: one tab fewer; from the chart that is closed the way leads to its neighbour."""
    form = await request.form()
    gone, at = str(form.get("chart") or ""), str(form.get("at") or "")
    charts = desk.charts.closed(gone) if is_logical_id(gone) else desk.charts
    target = f"/chart/{charts.open[-1]}" if charts.open and at == gone else "/"
    if at and at != gone and is_logical_id(at):
        target = f"/chart/{at}"
    response = RedirectResponse(target, 303, HEADERS)
    set_cookie(request, response, COOKIE, str(charts))
    return response


async def _counts(site: Site, desk: Desk) -> list[tuple[str, str]]:
    """What the clinic holds, by type; what this person may not see, or there is none of, is left out."""
    counts = await site.clinic.gate.counts(desk.actor, COUNTED)
    return [
        (labels.many(kind), desk.reader.number(count))
        for kind, count in counts.items()
        if count or kind == "Patient"
    ]


async def _visits(site: Site, desk: Desk) -> list[tuple[Entry, Identity]]:
    """The latest visits at the clinic with the card of each patient; visits that lie ahead are left out."""
    answer = await ask.search(site, desk, "Encounter", [("_sort", "-date"), ("_count", str(3 * VISITS))])
    now = desk.reader.moment(instant(desk.reader.now))
    past = [
        tree
        for tree in answer.trees
        if (at := desk.reader.moment(placed(tree))) and now and at.parts <= now.parts
    ][:VISITS]
    names = await ask.named(site, desk, past)
    whose = [local(tree.get("subject")).removeprefix("Patient/") for tree in past]
    cards, _ = await cards_of(site, desk, tuple(dict.fromkeys(one for one in whose if one)))
    by_id = {card.id: card for card in cards}
    context = Context(desk.reader, names)
    return [(read(tree, context), by_id[one]) for tree, one in zip(past, whose, strict=True) if one in by_id]
