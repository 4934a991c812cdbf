"""Careers: the paths of the craft, one path with its tasks, pay and way in, and credentials near it."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.base.errors import not_found
from charthouse.web.site import Desk, Site
from charthouse.web.views.salary import asked, axis, rows, shown
from charthouse.workforce import compared, places
from charthouse.workforce.careers import Career
from charthouse.workforce.extract import Area
from charthouse.workforce.figure import Figure
from charthouse.workforce.shelf import Shelf

ADDRESS: Final = "/careers"


async def page(site: Site, request: Request, desk: Desk | None) -> Response:
    """`GET /careers`: all paths with the median of what stands for them."""
    shelf = site.clinic.workforce.shelf
    area = places.area(shelf.extract, asked(request)["area"])
    pays = {one.id: _medians(shelf, one, area) for one in shelf.careers.all.values()}
    return await shown(
        site,
        request,
        desk,
        "careers.html",
        careers=shelf.careers,
        pays=pays,
        area=area,
        areas=shelf.extract.areas.values(),
        words=asked(request),
        used=[shelf.sources["oews"]],
    )


async def one(site: Site, request: Request, desk: Desk | None) -> Response:
    """`GET /careers/{path}`."""
    shelf = site.clinic.workforce.shelf
    career = shelf.careers.all.get(str(request.path_params["path"]))
    if career is None:
        raise not_found("There is no such path.")
    area = places.area(shelf.extract, asked(request)["area"])
    lines = [
        compared.line(
            shelf.method,
            shelf.extract.occupations[stands.soc],
            stands.soc,
            shelf.extract.cell(stands.soc, where),
        )
        for stands in career.occupations
        for where in (area.code,)
    ]
    return await shown(
        site,
        request,
        desk,
        "careers_one.html",
        career=career,
        area=area,
        areas=shelf.extract.areas.values(),
        words=asked(request),
        rows=rows(lines),
        axis=axis(lines),
        used=[shelf.sources["oews"], shelf.sources["thin"]],
    )


async def credentials(site: Site, request: Request, desk: Desk | None) -> Response:
    """`GET /careers/credentials`: what each asks for, and how good the evidence is."""
    shelf = site.clinic.workforce.shelf
    every = shelf.careers.credentials
    used = {figure.source for one in every for _, figure in one.figures}
    used |= {one.credits.source for one in shelf.careers.renewals.values()}
    return await shown(
        site,
        request,
        desk,
        "careers_credentials.html",
        every=every,
        renewals=shelf.careers.renewals,
        used=[one for one in shelf.sources if one.id in used],
    )


def _medians(shelf: Shelf, career: Career, area: Area) -> list[tuple[str, Figure]]:
    return [
        (
            shelf.extract.occupations[stands.soc],
            shelf.method.published(shelf.extract.cell(stands.soc, area.code).wages[2], "usd"),
        )
        for stands in career.occupations
    ]
