"""The chart's first page: what a clinician needs before opening the door of the room."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.web import ask, frame
from charthouse.web.chart.entries import read
from charthouse.web.chart.entry import Context, Entry
from charthouse.web.chart.flowsheet import flowsheet, grouped
from charthouse.web.chart.summary import medications
from charthouse.web.chart.timeline import moment
from charthouse.web.chart.vitals import vitals
from charthouse.web.sections import BY_SLUG, Query
from charthouse.web.site import Desk, Site

ROWS: Final = 6
# How far back the summary looks: enough for a trend, bounded whatever the length of the chart.
VITALS: Final = 80
RESULTS: Final = 120


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /chart/{patient}`."""
    who = await frame.patient(site, request, desk)
    patient = str(who["id"])
    reads = {
        "problems": _first("problems", 50),
        "medications": _first("medications", 50),
        "results": _first("results", RESULTS),
        "vitals": _first("vitals", VITALS),
        "immunizations": _first("immunizations", ROWS),
        "visits": _first("visits", ROWS),
        "procedures": _first("procedures", ROWS),
        "documents": _first("documents", ROWS),
        "plans": _first("plans", ROWS),
    }
    asked = [
        ask.patient(site, desk, query, patient, count=count, params=query.filtered(_default(slug)))
        for slug, queries in reads.items()
        for query, count in queries
    ]
    answers = iter(await asyncio.gather(*asked))
    found = {slug: [next(answers) for _ in queries] for slug, queries in reads.items()}
    counts = {
        slug: sum(one.count for one in taken)
        for slug, taken in found.items()
        if not all(one.refused for one in taken)
    }
    desk, outer = await frame.load(site, desk, who, "summary", counts=counts)
    trees = {slug: [tree for one in taken for tree in one.trees] for slug, taken in found.items()}
    shown = [tree for slug in ("visits", "procedures", "documents") for tree in trees[slug]]
    context = Context(desk.reader, await ask.named(site, desk, shown))
    reports = [tree for tree in trees["documents"] if tree["resourceType"] == "DiagnosticReport"]
    cards = {
        slug: _newest([read(tree, context) for tree in trees[slug]], context)
        for slug in trees
        if slug not in WHOLE
    }
    return site.page(
        request,
        desk,
        "chart.html",
        patient=patient,
        frame=outer,
        counts=counts,
        cards=cards,
        medications=medications([read(tree, context) for tree in trees["medications"]])[:ROWS],
        vitals=vitals(trees["vitals"], desk.reader, outer.born),
        results=flowsheet(trees["results"], context, columns=6, rows=10, groups=grouped(reports)),
        reader=desk.reader,
    )


WHOLE: Final = frozenset({"vitals", "results", "medications"})


def _first(slug: str, count: int) -> list[tuple[Query, int]]:
    return [(query, count) for query in BY_SLUG[slug].queries]


def _default(slug: str) -> str:
    chips = BY_SLUG[slug].chips
    return chips[0][0] if chips else ""


def _newest(entries: list[Entry], context: Context) -> list[Entry]:
    """The newest entries of a card, whatever type each is of."""

    def at(entry: Entry) -> float:
        found = moment(entry.when, context.reader)
        return found.timestamp() if found else 0.0

    return sorted(entries, key=at, reverse=True)[:ROWS]
