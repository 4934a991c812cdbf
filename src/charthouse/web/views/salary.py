"""What the work pays: the explorer, comparisons, the map of states, files to take away, and the same for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from charthouse.base.errors import Problem, http_status, not_found
from charthouse.render import plot, sheet
from charthouse.web.screen import tabbed
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.workforce import compared, openapi, places, sheets, tiles
from charthouse.workforce.bands import bands
from charthouse.workforce.compared import Line
from charthouse.workforce.extract import POINTS
from charthouse.workforce.figure import KIND_WORDS, Figure, Kind
from charthouse.workforce.question import EDUCATION
from charthouse.workforce.shelf import Shelf
from charthouse.workforce.told import UNKNOWN

if TYPE_CHECKING:
    from charthouse.workforce.method import Answer

ADDRESS: Final = "/salary"
WIDE: Final = 600  # units of a plot
MOST: Final = 6  # areas side by side
FILES: Final = {"csv": "text/csv; charset=utf-8", "xlsx": sheet.XLSX}


async def page(site: Site, request: Request, desk: Desk | None) -> Response:
    """`GET /salary`: the question as a form, the answer beside it. All of it stands in the address."""
    shelf = site.clinic.workforce.shelf
    words = asked(request)
    said, answer = "", None
    try:
        answer = shelf.answer(words)
    except Problem as failure:
        said = failure.issues[0].sentence()
    whole: dict[str, Any] = {"words": words, "said": said, "answer": answer, "status": 400 if said else 200}
    if answer is not None:
        whole |= _answered(shelf, answer)
    template = "salary_answer.html" if request.headers.get("x-part") == "answer" else "salary.html"
    whole |= {"query": urlencode({name: value for name, value in words.items() if value})}
    if template == "salary.html":
        whole |= {
            "careers": shelf.careers,
            "areas": shelf.extract.areas.values(),
            "employers": places.EMPLOYERS,
            "education": EDUCATION,
        }
    return await shown(site, request, desk, template, **whole)


async def answer_json(site: Site, request: Request, _desk: Desk | None) -> Response:
    """`GET /salary.json`: the answer for programs."""
    try:
        return Response(
            site.clinic.workforce.shelf.json(asked(request)), media_type="application/json", headers=HEADERS
        )
    except Problem as failure:
        issue = failure.issues[0]
        wrong = {"code": issue.code, "message": issue.sentence(), "place": issue.place}
        return Response(json.dumps({"error": wrong}), http_status(failure), HEADERS, "application/json")


async def described(site: Site, _request: Request, _desk: Desk | None) -> Response:
    """`GET /salary/openapi.json`: what `/salary.json` takes and gives."""
    document = openapi.document(site.clinic.workforce.shelf, site.clinic.base_url)
    return Response(json.dumps(document), media_type="application/json", headers=HEADERS)


async def file(site: Site, request: Request, _desk: Desk | None) -> Response:
    """`GET /salary/file/{name}.{kind}`: an answer with its steps, or all places, as CSV or XLSX."""
    shelf = site.clinic.workforce.shelf
    name, form = str(request.path_params["name"]), str(request.path_params["kind"])
    words = asked(request)
    answer = shelf.answer(words)
    if name not in ("answer", "places") or form not in FILES:
        raise not_found()
    soc = answer.question.soc
    first = sheets.answered(shelf, answer) if name == "answer" else sheets.places(shelf, soc)
    body = sheet.as_csv(first) if form == "csv" else sheet.as_xlsx([first, sheets.sources(shelf)])
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="charthouse-pay-{name}.{form}"'}
    return Response(body, headers=headers, media_type=FILES[form])


async def everywhere(site: Site, request: Request, desk: Desk | None) -> Response:
    """`GET /salary/places`: a map of the states with its table, and metropolitan areas in order."""
    shelf = site.clinic.workforce.shelf
    words = asked(request)
    soc = shelf.question(words).soc
    states = compared.states(shelf.method, soc)
    state = places.POSTAL.get(words["area"].upper(), "")
    bounds = compared.fifths([line for line in states if line.code in places.POSTAL])
    drawn = [
        (line, *tiles.TILES[line.code], plot.fifth(line.median, bounds))
        for line in states
        if line.code in tiles.TILES
    ]
    metros = compared.metros(shelf.method, soc, state)
    limit = None if state or request.query_params.get("all") == "yes" else 40
    return await shown(
        site,
        request,
        desk,
        "salary_places.html",
        words=words,
        soc=soc,
        occupations=shelf.extract.occupations,
        drawn=drawn,
        bounds=_bounds(shelf, bounds),
        columns=tiles.COLUMNS,
        rows=tiles.ROWS,
        states=rows(compared.ranked(states)),
        states_axis=axis(states),
        metros=rows(metros[:limit]),
        metros_axis=axis(metros[:limit]),
        count=len(metros),
        state=words["area"].upper() if state else "",
        every=shelf.extract.states,
        short=places.short,
    )


async def compare(site: Site, request: Request, desk: Desk | None) -> Response:
    """`GET /salary/compare`: areas, roles or employers side by side."""
    shelf = site.clinic.workforce.shelf
    words = asked(request)
    by = request.query_params.get("by", "areas")
    by = by if by in ("areas", "roles", "employers") else "areas"
    question = shelf.question(words)
    wanted = [text.strip() for text in request.query_params.getlist("place") if text.strip()][:MOST]
    found, said = [], ""
    for text in wanted or (["US", "CA", "TX", "35620"] if by == "areas" else []):
        try:
            found.append(places.area(shelf.extract, text))
        except Problem as failure:
            said = failure.issues[0].sentence()
    here = places.area(shelf.extract, words["area"]) if by == "roles" else None
    if by == "areas":
        lines = compared.areas(shelf.method, question.soc, list(dict.fromkeys(found)))
    elif here is not None:
        lines = compared.occupations(shelf.method, here)
    else:
        lines = compared.employers(shelf.method, question.soc)
    return await shown(
        site,
        request,
        desk,
        "salary_compare.html",
        by=by,
        words=words,
        said=said,
        soc=question.soc,
        here=here,
        occupations=shelf.extract.occupations,
        areas=shelf.extract.areas.values(),
        rows=rows(lines),
        places=[one.name if one.kind != "N" else "US" for one in found],
        most=MOST,
        axis=axis(lines),
        title=shelf.extract.occupations[question.soc],
    )


# -- shared with the other pages of the guide


async def shown(
    site: Site, request: Request, desk: Desk | None, template: str, *, status: int = 200, **model: Any
) -> Response:
    """A page of the guide, for a stranger or for who is signed in."""
    shelf = site.clinic.workforce.shelf
    return site.page(
        request,
        await tabbed(site, desk) if desk else None,
        template,
        status=status,
        sources=shelf.sources,
        about=shelf.extract.about,
        kinds={kind.value: word for kind, word in KIND_WORDS.items()},
        **model,
    )


def asked(request: Request) -> dict[str, str]:
    """The question in an address; every word is there, empty where it was not given."""
    names = ("role", "soc", "area", "industry", "years", "certified", "education", "skills")
    return {name: request.query_params.get(name, "").strip()[:200] for name in names}


def rows(lines: Sequence[Line]) -> list[tuple[Line, plot.Box | None]]:
    """Each line with the box that is drawn beside it, all on one scale."""
    on = _scale(lines)
    return [(line, plot.box(on, [one.value for one in line.wages])) for line in lines]


def axis(lines: Sequence[Line]) -> list[tuple[float, str]]:
    """The ticks of that scale: where they stand and what they say."""
    on = _scale(lines)
    return [(on.at(tick), f"${tick / 1000:g}k" if tick else "$0") for tick in on.ticks]


def _scale(lines: Sequence[Line]) -> plot.Scale:
    return plot.scale([one.value for line in lines for one in line.wages if one.value is not None], WIDE)


def _answered(shelf: Shelf, answer: Answer) -> dict[str, Any]:
    method = shelf.method
    soc = answer.question.soc
    is_local_industry = answer.industry is not None and answer.area.kind != "N"
    cell = answer.wages if is_local_industry else answer.cell
    wages = [
        (f"p{point}", method.published(one, "usd")) for point, one in zip(POINTS, cell.wages, strict=True)
    ]
    is_banded = soc == method.factors["bands"]["occupation"] and answer.wages.is_whole
    found = bands(method, answer.basis) if is_banded else None
    values = [one.value for _, one in wages if one.value is not None]
    values += [one.value for one in (answer.low, answer.high) if one is not None and one.value is not None]
    values += [edge.figure.value for edge in found.edges if edge.figure.value] if found else []
    on = plot.scale(values, WIDE)
    return {
        "title": shelf.extract.occupations[soc],
        "place": name(answer),
        "wages": wages,
        "bands": found,
        "on": on,
        "box": plot.box(on, [one.value for _, one in wages]),
        "ticks": [(on.at(tick), f"${tick / 1000:g}k") for tick in on.ticks],
        "jobs": method.published(cell.jobs, "jobs"),
        "jobs_rse": method.published(cell.jobs_rse, "percent"),
        "quotient": method.published(cell.quotient, "quotient"),
        "unknown": UNKNOWN,
        "soc": soc,
        "growth": shelf.sources.figure(method.factors["demand"]["growth"], "percent", "projection"),
        "survey": [
            (year, shelf.sources.figure(value, "percent", "survey"))
            for year, value in method.factors["shown"]["survey"]
        ],
        "held": [
            (label, shelf.sources.figure(value, "usd", "credentials"))
            for label, value in method.factors["shown"]["credentials"]
        ],
        "stands": _stands(shelf, answer),
        "whose": answer.basis if is_local_industry or answer.basis != answer.area else None,
        "used": _used(shelf, answer, found is not None),
        "is_local_industry": is_local_industry,
    }


def _stands(shelf: Shelf, answer: Answer) -> list[tuple[str, str, str]]:
    """Occupations that stand for the role that was chosen: code, name, why."""
    if not answer.question.role:
        return []
    career = shelf.careers.get(answer.question.role)
    return [(one.soc, shelf.extract.occupations[one.soc], one.why) for one in career.occupations]


def _used(shelf: Shelf, answer: Answer, is_banded: bool) -> list[Any]:
    used = {step.figure.source for step in answer.steps} | {"oews", "projection", "survey", "credentials"}
    used |= {"bands", "median2021", "reading"} if is_banded else set()
    return [one for one in shelf.sources if one.id in used]


def name(answer: Answer) -> str:
    """How people call the area of an answer."""
    return "United States" if answer.area.kind == "N" else answer.area.name


def _bounds(shelf: Shelf, bounds: Sequence[float]) -> list[Figure]:
    return [shelf.sources.figure(bound, "usd", "oews", kind=Kind.MEASURED) for bound in bounds]
