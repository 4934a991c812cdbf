"""The audit for people: who opened this chart, what did this person see, and an investigation to hand over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.access.trail import words
from charthouse.access.trail.dossier import dossier
from charthouse.access.trail.line import Question
from charthouse.access.trail.names import Who
from charthouse.access.trail.trail import Page
from charthouse.base.clock import instant
from charthouse.base.errors import Problem, invalid, not_found
from charthouse.base.ids import is_logical_id
from charthouse.web import find
from charthouse.web.chart.identity import Identity
from charthouse.web.screen import tabbed
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.web.trail import HIDDEN, KINDS, Filter, Sitting, looking, patients, sittings

ADDRESS: Final = "/audit"
OWN: Final = "/my-access"
PAGE: Final = 200  # events; they are shown in sittings
FOUND: Final = 20
PEOPLE: Final = 5_000  # accounts looked through for a name
PRINTED: Final = 2_000  # events on paper; a table takes more


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /audit`: the questions."""
    trail, reviews = site.clinic.trail, site.clinic.reviews
    trail.require(desk.actor, "search")
    queue, desk = await asyncio.gather(reviews.queue(desk.actor, count=1), tabbed(site, desk))
    kept = await trail.kept()
    told = desk.reader.at(kept.at) if kept else ""
    return site.page(
        request, desk, "audit.html", counts=queue.counts, kept=told, reader=desk.reader,
        fingerprint=kept.fingerprint if kept else "",
    )  # fmt: skip


async def search(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /audit/find`: patients and people whose names were typed."""
    site.clinic.trail.require(desk.actor, "search")
    form = await request.form()
    text, what = str(form.get("q") or "").strip()[: find.LONGEST], str(form.get("what") or "")
    short = find.is_short(text)
    if what == "people":
        people = [] if short else await _people(site, text)
        return site.part("parts/audit_people.html", people=people, short=short, text=text)
    cards = [] if short else await _cards(site, desk, text)
    return site.part("parts/audit_charts.html", cards=cards, short=short, text=text)


async def chart(site: Site, request: Request, desk: Desk) -> Response:
    """`GET` and `POST /audit/chart/{patient}`: who opened this chart."""
    site.clinic.trail.require(desk.actor, "search")
    id, key = await _patient(site, request)
    names = await patients(site, desk, [id])
    heading = names.get(id, HIDDEN)
    return await _answer(
        site, request, desk, "Who opened this chart", heading, f"{ADDRESS}/chart/{id}", shown=id, patient=key
    )


async def person(site: Site, request: Request, desk: Desk) -> Response:
    """`GET` and `POST /audit/person/{account}`: what this person saw and did."""
    site.clinic.trail.require(desk.actor, "search")
    who = await _account(site, request)
    return await _answer(
        site, request, desk, "What this person saw", who.display, f"{ADDRESS}/person/{who.id}", actor=who.id
    )


async def events(site: Site, request: Request, desk: Desk) -> Response:
    """`GET` and `POST /audit/events`: everything, newest first."""
    return await _answer(site, request, desk, "Everything that happened", "", f"{ADDRESS}/events")


async def report(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /audit/report/{patient}`: the access report for a patient, to print and hand over."""
    site.clinic.trail.require(desk.actor, "print")
    id, key = await _patient(site, request)
    made = await dossier(site.clinic.trail, desk.actor, Question(patient=key, words="access report"), "print")
    names = await patients(site, desk, [id])
    sat = await sat_of(site, desk, Page(made.lines[:PRINTED], None))
    desk = await tabbed(site, desk)
    return site.page(
        request, desk, "audit_report.html", sittings=sat, heading=names.get(id, HIDDEN), made=made, own=False,
        reader=desk.reader, more=max(0, len(made.lines) - PRINTED), at=desk.reader.at(made.at), next=None,
    )  # fmt: skip


async def own(site: Site, request: Request, desk: Desk) -> Response:
    """`GET` and `POST /my-access`: who opened the chart of the patient who is signed in."""
    form = await request.form() if request.method == "POST" else {}
    found = await site.clinic.trail.own(desk.actor, cursor=str(form.get("cursor") or "") or None, count=PAGE)
    sat = await sat_of(site, desk, found, queries=False)
    if request.headers.get("hx-request"):
        return site.part("parts/sittings.html", **_rows(desk, sat, found.next, OWN, {}, Filter()), plain=True)
    desk = await tabbed(site, desk)
    return site.page(
        request, desk, "audit_report.html", sittings=sat, heading=desk.name, made=None, own=True, more=0,
        reader=desk.reader, at=desk.reader.at(desk.reader.now), next=found.next,
    )  # fmt: skip


async def export(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /audit/export`: the events of a question as a table."""
    question, about = await _asked(request, desk)
    made = await dossier(
        site.clinic.trail, desk.actor, replace(question, words=f"{question.words}, table"), "export"
    )
    name = f"audit-{about}-{instant(made.at)[:10]}.csv"
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made.file, media_type="text/csv; charset=utf-8", headers=headers)


async def paper(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /audit/print`: the events of a question as a page to print, with its hash and its checkpoint."""
    question, about = await _asked(request, desk)
    made = await dossier(
        site.clinic.trail, desk.actor, replace(question, words=f"{question.words}, paper"), "print"
    )
    page = Page(made.lines[:PRINTED], None)
    sat = await sat_of(site, desk, page)
    names = await patients(site, desk, [id for one in sat for id in one.patients])
    desk = await tabbed(site, desk)
    return site.page(
        request, desk, "audit_paper.html", sittings=sat, names=names, made=made, about=about, reader=desk.reader,
        hidden=HIDDEN, more=max(0, len(made.lines) - PRINTED), at=desk.reader.at(made.at), by=desk.name,
        question=question.words,
    )  # fmt: skip


async def _answer(
    site: Site, request: Request, desk: Desk, title: str, heading: str, address: str, *, shown: str = "",
    **about: int,
) -> Response:  # fmt: skip
    form = await request.form() if request.method == "POST" else {}
    narrowed = Filter(*(str(form.get(name) or "")[:40] for name in ("since", "until", "kind")))
    said = ""
    try:
        question = narrowed.question(desk, title, **about)
    except Problem as failure:
        said, question = failure.issues[0].sentence(), Question(words=title, **about)  # type: ignore[arg-type]
    cursor = str(form.get("cursor") or "") or None
    found = await site.clinic.trail.page(desk.actor, question, cursor=cursor, count=PAGE)
    sat = await sat_of(site, desk, found)
    for one in sat:
        one.patients.pop(shown, None)  # whose chart it is stands above
    names = await patients(site, desk, [id for one in sat for id in one.patients])
    rows = _rows(desk, sat, found.next, address, names, narrowed)
    if request.headers.get("hx-request"):
        return site.part("parts/sittings.html", **rows, plain=False)
    desk = await tabbed(site, desk)
    return site.page(
        request, desk, "audit_answer.html", title=title, heading=heading, about=about, kinds=KINDS, said=said,
        may_export=site.clinic.policy.may(desk.actor, "audit", "export"), waiting=found.waiting, plain=False,
        words=words, **rows,
    )  # fmt: skip


def _rows(
    desk: Desk, sat: list[Sitting], next: str | None, address: str, names: dict[str, str], narrowed: Filter
) -> dict[str, Any]:
    return {
        "sittings": sat, "next": next, "address": address, "names": names, "hidden": HIDDEN, "reader": desk.reader,
        "narrowed": narrowed,
    }  # fmt: skip


async def sat_of(site: Site, desk: Desk, found: Page, *, queries: bool = True) -> list[Sitting]:
    """The events of a page in sittings; without `queries` what was asked is left out."""
    trail = site.clinic.trail
    people, resources = await trail.named(found.lines)
    roles = await trail.roles(found.lines)
    lines = found.lines if queries else [replace(line, query="") for line in found.lines]
    return sittings(lines, people, resources, roles, desk.reader)


async def _asked(request: Request, desk: Desk) -> tuple[Question, str]:
    """The question of a form that asks for a table or a page, and a word for the file."""
    form = await request.form()
    narrowed = Filter(*(str(form.get(name) or "")[:40] for name in ("since", "until", "kind")))
    patient, actor = str(form.get("patient") or ""), str(form.get("actor") or "")
    about, word = {}, "events"
    if patient:
        about, word = {"patient": _number("patient", patient)}, "chart"
    if actor:
        about, word = about | {"actor": _number("actor", actor)}, "person"
    return narrowed.question(desk, str(form.get("title") or "")[:80], **about), word


def _number(place: str, text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19):
        raise invalid("value", "This is no number of ours.", place=place, value=text)
    return int(text)


async def _patient(site: Site, request: Request) -> tuple[str, int]:
    """Id and key of the patient in the address. It may be one whose chart the reader may not open: that they may
    see who opened it does not tell them whose it is."""
    id = str(request.path_params["patient"])
    found = (
        await site.clinic.trail.ask(lambda held: held.names.key("Patient", id)) if is_logical_id(id) else None
    )
    if found is None:
        raise not_found()
    return id, found[0]


async def _account(site: Site, request: Request) -> Who:
    number = _number("account", str(request.path_params["account"]))
    who = (await site.clinic.trail.ask(lambda held: held.names.accounts([number])))[number]
    if who.kind == "unknown":
        raise not_found()
    return who


async def _people(site: Site, text: str) -> list[Who]:
    """Accounts in whose name all words stand."""
    wanted = text.casefold().split()
    found: list[Who] = []
    after, seen = -(2**62), 0
    while seen < PEOPLE and len(found) < FOUND:
        some = await site.clinic.trail.ask(lambda held, after=after: held.names.everybody(after))  # type: ignore[misc]
        if not some:
            break
        found += [
            who for who in some if all(word in f"{who.name} {who.display}".casefold() for word in wanted)
        ]  # fmt: skip
        after, seen = some[-1].id, seen + len(some)
    return found[:FOUND]


async def _cards(site: Site, desk: Desk, text: str) -> list[Identity]:
    return list((await find.patients(site, looking(desk), text, most=FOUND)).cards)
