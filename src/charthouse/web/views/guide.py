"""The guide to take home: as a page, as a PDF for any area, and the calculator of what a programme is worth."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.base.errors import Problem
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.web.views.salary import WIDE, asked, axis, rows, shown
from charthouse.workforce import payback, places
from charthouse.workforce.guide import Writer

ADDRESS: Final = "/guide"


async def page(site: Site, request: Request, desk: Desk | None) -> Response:
    """`GET /guide`: the whole guide as a page, for the area that is asked for."""
    shelf = site.clinic.workforce.shelf
    words = asked(request)
    document = Writer(shelf, words["area"]).write()
    return await shown(
        site,
        request,
        desk,
        "guide.html",
        document=document,
        words=words,
        areas=shelf.extract.areas.values(),
        boxed_rows=rows,
        axis=axis,
        wide=WIDE,
        kind=lambda block: type(block).__name__,
        used=document.sources,
    )


async def pdf(site: Site, request: Request, _desk: Desk | None) -> Response:
    """`GET /guide.pdf`: the same on paper."""
    area, body = await site.clinic.workforce.press.edition(asked(request)["area"])
    name = f"health-records-guide-{places.short(area).lower()}.pdf"
    headers = {**HEADERS, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(body, headers=headers, media_type="application/pdf")


async def worth(site: Site, request: Request, desk: Desk | None) -> Response:
    """`GET /guide/payback`: what a programme costs against what it brings, by the reader's own numbers."""
    shelf = site.clinic.workforce.shelf
    given, said, found = dict.fromkeys(payback.FIELDS, 0.0), "", None
    words = {name: request.query_params.get(name, "")[:20] for name in payback.FIELDS}
    place = asked(request)
    try:
        given = payback.read(words)
        if any(words.values()):
            found = payback.payback(shelf.sources, given)
    except Problem as failure:
        said = failure.issues[0].sentence()
    area = places.area(shelf.extract, place["area"])
    medians = [
        (name, shelf.method.published(shelf.extract.cell(soc, area.code).wages[2], "usd"))
        for soc, name in shelf.extract.occupations.items()
    ]
    medians.sort(key=lambda one: (one[1].value is None, -(one[1].value or 0)))
    return await shown(
        site,
        request,
        desk,
        "guide_payback.html",
        status=400 if said else 200,
        fields=payback.FIELDS,
        words=words,
        said=said,
        found=found,
        place=place,
        area=area,
        areas=shelf.extract.areas.values(),
        medians=medians,
        used=[shelf.sources["oews"], shelf.sources["asked"]],
    )
