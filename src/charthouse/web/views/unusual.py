"""Unusual access: the work queue of the privacy officer, one case with its reasons, and what counts as unusual."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.trail.limits import LABELS, SWITCHES, Limits
from charthouse.access.trail.reviews import Case
from charthouse.access.trail.trail import Page
from charthouse.access.trail.unusual import Reason
from charthouse.base.errors import Category, Problem, not_found
from charthouse.web.reader import Reader
from charthouse.web.screen import tabbed
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.web.trail import HIDDEN, patients
from charthouse.web.views.audit import ADDRESS, sat_of

QUEUE: Final = f"{ADDRESS}/unusual"
LIMITS: Final = f"{ADDRESS}/limits"
STATES: Final = {
    "new": ("New", "amber"), "review": ("In review", "sea"), "explained": ("Explained", "green"),
    "incident": ("Incident", "red"),
}  # fmt: skip
PAGE: Final = 50


async def queue(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /audit/unusual`, narrowed by `?show=` to a state; `POST` for more of it."""
    form = await request.form() if request.method == "POST" else {}
    state = str(form.get("show") or request.query_params.get("show") or "new")
    state = state if state in STATES else "new"
    found = await site.clinic.reviews.queue(
        desk.actor, state, cursor=str(form.get("cursor") or "") or None, count=PAGE
    )
    people = await site.clinic.reviews.people([case.actor for case in found.cases])
    names = await _names(site, desk, found.cases)
    shown: dict[str, Any] = {
        "cases": found.cases, "next": found.next, "counts": found.counts, "people": people, "names": names,
        "said": said, "short": short, "state": state, "states": STATES, "reader": desk.reader, "hidden": HIDDEN,
    }  # fmt: skip
    if request.headers.get("hx-request"):
        return site.part("parts/unusual_rows.html", **shown)
    return site.page(request, await tabbed(site, desk), "unusual.html", **shown)


async def case(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /audit/unusual/{id}`: one case."""
    site.clinic.trail.require(desk.actor, "search")
    return await _case(site, request, desk)


async def decide(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /audit/unusual/{id}`: move it on, with a note."""
    site.clinic.trail.require(desk.actor, "update")
    form = await request.form()
    id, state, note = _id(request), str(form.get("state") or ""), str(form.get("note") or "")
    try:
        await site.clinic.reviews.decide(desk.actor, id, state, note)
    except Problem as failure:
        if failure.category is not Category.INVALID:
            raise
        return await _case(site, request, desk, wrong=failure.issues[0].sentence(), note=note, wished=state)
    return RedirectResponse(f"{QUEUE}/{id}", 303, HEADERS)


async def limits(site: Site, request: Request, desk: Desk) -> Response:
    """`GET` and `POST /audit/limits`: what counts as unusual."""
    given: dict[str, str] = {}
    wrong = ""
    if request.method == "POST":
        form = await request.form()
        given = {name: str(form.get(name) or "")[:200] for name in LABELS if name in form}
        try:
            await site.clinic.reviews.set_limits(desk.actor, given)
            return RedirectResponse(LIMITS, 303, HEADERS)
        except Problem as failure:
            if failure.category is not Category.INVALID:
                raise
            wrong = f"{LABELS.get(failure.issues[0].place or '', ('',))[0]}: {failure.issues[0].sentence()}"
    now, changes = await site.clinic.reviews.limits(desk.actor)
    people = await site.clinic.reviews.people([by for _, _, _, by in changes])
    usual = Limits()
    rows = [
        (
            one.name,
            *LABELS[one.name],
            given.get(one.name, str(getattr(now, one.name))),
            str(getattr(usual, one.name)),
        )
        for one in fields(Limits)
    ]
    return site.page(
        request, await tabbed(site, desk), "unusual_limits.html", rows=rows, wrong=wrong, people=people,
        switches=SWITCHES,
        changes=[
            (desk.reader.at(at), LABELS.get(name, (name,))[0], value, by) for name, value, at, by in changes[:-31:-1]
        ],
        may=site.clinic.policy.may(desk.actor, "audit", "update"), reader=desk.reader,
    )  # fmt: skip


async def _case(
    site: Site, request: Request, desk: Desk, *, wrong: str = "", note: str = "", wished: str = ""
) -> Response:
    reviews = site.clinic.reviews
    found, notes = await reviews.case(desk.actor, _id(request))
    lines = await reviews.events(desk.actor, found)
    people, names, sat = await asyncio.gather(
        reviews.people([found.actor, *(one.actor for one in notes)]),
        _names(site, desk, [found]),
        sat_of(site, desk, Page(lines, None)),
    )
    seen = await patients(site, desk, [id for one in sat for id in one.patients])
    address = await site.clinic.trail.ask(lambda held: held.names.resources([found.patient]))
    return site.page(
        request, await tabbed(site, desk), "unusual_case.html", case=found, notes=notes, people=people,
        name=names.get(found.patient, ""), reasons=[said(one, desk.reader) for one in found.reasons], sittings=sat,
        names=seen, hidden=HIDDEN, states=STATES, wrong=wrong, note=note, wished=wished or found.state,
        may=site.clinic.policy.may(desk.actor, "audit", "update"), reader=desk.reader,
        patient_id=address.get(found.patient, ("", ""))[1], next=None, plain=False,
    )  # fmt: skip


async def _names(site: Site, desk: Desk, cases: Sequence[Case]) -> dict[int, str]:
    """Patient key -> name, of those whom the reader may see."""
    keys = {case.patient for case in cases if case.patient}
    found = await site.clinic.trail.ask(lambda held: held.names.resources(keys))
    names = await patients(site, desk, [id for _, id in found.values()])
    return {key: names.get(id, HIDDEN) for key, (_, id) in found.items()}


def said(reason: Reason, reader: Reader) -> str:
    """A reason in a sentence with its facts."""
    match reason["code"]:
        case "own":
            return "It is their own chart."
        case "surname":
            return "The patient has the same surname."
        case "address":
            return "The patient lives at the same address."
        case "vip":
            return f"The chart is marked {', '.join(reason['marks'])}."
        case "relation":
            whose = " with this person" if reason["own"] and reason["visits"] else ""
            return (
                f"No visit or appointment{whose} within {reason['days']} days, and no place on the care team."
            )
        case "odd":
            times = "once" if reason["times"] == 1 else f"{reason['times']} times"
            span = f"{reason['from']:02d}:00 and {reason['until']:02d}:00"
            return f"Opened {times} between {span}, when this person does not work as a rule."
        case "volume":
            known = [("their own usual day", reason["usual"]), ("a usual day of others", reason["peers"])]
            beside = " and ".join(
                f"{reader.number(value)} on {what}" for what, value in known if value is not None
            )
            return f"{reason['charts']} charts in a day, beside {beside}."
    return str(reason["code"])


def short(reason: Reason) -> str:
    """A reason in two words, for the list."""
    return {
        "own": "Own chart", "surname": "Same surname", "address": "Same address", "vip": "VIP",
        "relation": "No care relation", "odd": "Odd hour", "volume": "Many charts",
    }.get(str(reason["code"]), str(reason["code"]))  # fmt: skip


def _id(request: Request) -> int:
    text = str(request.path_params["id"])
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise not_found()
    return int(text)
