"""All of one section of a chart: tables that grow by the page, filters, and the two flowsheets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.base.errors import not_found
from charthouse.fhir.resource import Tree
from charthouse.web import ask, frame
from charthouse.web.chart import vitals
from charthouse.web.chart.entries import read
from charthouse.web.chart.entry import Context, Entry
from charthouse.web.chart.flowsheet import Flowsheet, flowsheet, grouped
from charthouse.web.sections import BY_SLUG, Query, Section
from charthouse.web.site import Desk, Site

PAGE: Final = 50
SHEET: Final = 400
COLUMNS: Final = 7
REPORTS: Final = Query("DiagnosticReport", sort="-date")


@dataclass(frozen=True, slots=True)
class Table:
    """One type's rows in a section; `number` is its place in the section, `next` where it goes on."""

    number: int
    heading: str
    entries: tuple[Entry, ...]
    total: int
    next: str | None


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /chart/{patient}/{section}`, narrowed by `?show=` to one of the section's chips."""
    section = BY_SLUG.get(request.path_params["section"])
    if section is None or not section.counted:
        raise not_found()
    who = await frame.patient(site, request, desk)
    patient = str(who["id"])
    if section.slug in ("results", "vitals"):
        return await _sheet_page(site, request, desk, section, who)
    words = dict(section.chips)
    wanted = request.query_params.get("show", "")
    chip = wanted if wanted in words else next(iter(words), "")
    answers = await asyncio.gather(
        *(
            ask.patient(site, desk, one, patient, count=PAGE, params=one.filtered(chip))
            for one in section.queries
        )
    )
    counts = {section.slug: sum(one.count for one in answers)} if chip == next(iter(words), "") else None
    desk, outer = await frame.load(site, desk, who, section.slug, counts=counts)
    context = await _context(site, desk, [tree for one in answers for tree in one.trees])
    tables = [
        _table(number, one, answer, context)
        for number, (one, answer) in enumerate(zip(section.queries, answers, strict=True))
    ]
    return site.page(
        request,
        desk,
        "section.html",
        patient=patient,
        frame=outer,
        section=section,
        chip=chip,
        tables=[one for one in tables if one.entries],
        reader=desk.reader,
    )


async def more(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /chart/{patient}/{section}/more`: the next rows. The cursor travels in the form, not in the address."""
    section = BY_SLUG.get(request.path_params["section"])
    form = await request.form()
    number, cursor = str(form.get("table") or ""), str(form.get("cursor") or "")
    if (
        section is None
        or not (number.isdecimal() and len(number) < 4)
        or int(number) >= len(section.queries)
        or not cursor
    ):
        raise not_found()
    who = await frame.patient(site, request, desk)
    patient = str(who["id"])
    query, chip = section.queries[int(number)], str(form.get("show") or "")
    if section.slug in ("results", "vitals"):
        answer = await ask.patient(site, desk, query, patient, count=SHEET, cursor=cursor)
        sheet = await _sheet(site, desk, section, answer.trees, who)
        return site.part(
            "parts/sheet.html",
            sheet=sheet,
            section=section,
            patient=patient,
            next=answer.next,
            reader=desk.reader,
            again=True,
        )
    answer = await ask.patient(
        site, desk, query, patient, count=PAGE, params=query.filtered(chip), cursor=cursor
    )
    context = await _context(site, desk, answer.trees)
    return site.part(
        "parts/rows.html",
        table=_table(int(number), query, answer, context),
        section=section,
        chip=chip,
        patient=patient,
        reader=desk.reader,
    )


async def _sheet_page(site: Site, request: Request, desk: Desk, section: Section, who: Tree) -> Response:
    patient = str(who["id"])
    answer = await ask.patient(site, desk, section.queries[0], patient, count=SHEET)
    sheet = await _sheet(site, desk, section, answer.trees, who)
    desk, outer = await frame.load(site, desk, who, section.slug, counts={section.slug: answer.count})
    signs = vitals.vitals(answer.trees, desk.reader, outer.born) if section.slug == "vitals" else []
    return site.page(
        request,
        desk,
        "sheet.html",
        patient=patient,
        frame=outer,
        section=section,
        sheet=sheet,
        vitals=signs,
        next=answer.next,
        reader=desk.reader,
        again=False,
    )


async def _sheet(site: Site, desk: Desk, section: Section, trees: tuple[Tree, ...], who: Tree) -> Flowsheet:
    context = Context(desk.reader, {})
    if section.slug == "vitals":
        born = desk.reader.moment(who.get("birthDate"))
        return vitals.sheet(trees, context, born.parts if born else (), columns=COLUMNS)
    reports = await ask.patient(site, desk, REPORTS, str(who["id"]), count=100) if trees else ask.Answer()
    return flowsheet(trees, context, columns=COLUMNS, groups=grouped(reports.trees))


async def _context(site: Site, desk: Desk, trees: list[Tree] | tuple[Tree, ...]) -> Context:
    return Context(desk.reader, await ask.named(site, desk, trees))


def _table(number: int, query: Query, answer: ask.Answer, context: Context) -> Table:
    entries = tuple(read(tree, context) for tree in answer.trees)
    return Table(number, query.heading, entries, answer.count, answer.next)
