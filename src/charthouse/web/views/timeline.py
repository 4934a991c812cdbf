"""The timeline of a chart: all kinds of records by date, filtered by chips, read page by page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.base.errors import invalid
from charthouse.web import ask, frame
from charthouse.web.chart.entry import Context
from charthouse.web.chart.timeline import Cut, Month, cut, left, months
from charthouse.web.sections import CHIPS, Query
from charthouse.web.site import Desk, Site

PAGE: Final = 30
OBSERVED: Final = 80
WHOLE: Final = 300
DEEPEST: Final = 10
State = dict[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of the timeline shows; `before` asks for the next one."""

    months: tuple[Month, ...]
    before: str


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /chart/{patient}/timeline`, with `?show=` naming the chips that are on (none = all)."""
    who = await frame.patient(site, request, desk)
    shown = _shown(request.query_params.get("show", ""))
    first, state = await _window(site, desk, str(who["id"]), shown, "", dict.fromkeys(_queries(shown), ""))
    desk, outer = await frame.load(site, desk, who, "timeline")
    return site.page(
        request,
        desk,
        "timeline.html",
        patient=str(who["id"]),
        frame=outer,
        chips=CHIPS,
        shown=shown,
        toggled={chip.slug: ",".join(_toggled(chip.slug, shown)) for chip in CHIPS},
        window=first,
        state=json.dumps(state),
        last="",
        reader=desk.reader,
    )


async def more(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /chart/{patient}/timeline/more`: the rows before a moment, for the end of the list."""
    form = await request.form()
    who = await frame.patient(site, request, desk)
    before, shown = str(form.get("until") or ""), _shown(str(form.get("show") or ""))
    if desk.reader.moment(before) is None:
        raise invalid(
            "value",
            "This is no moment to go on from.",
            place="until",
            value=before,
            repair="Reload the page.",
        )
    found, state = await _window(
        site, desk, str(who["id"]), shown, before, _state(str(form.get("state") or ""))
    )
    return site.part(
        "parts/months.html",
        patient=str(who["id"]),
        shown=shown,
        window=found,
        state=json.dumps(state),
        last=str(form.get("last") or ""),
        reader=desk.reader,
    )


async def _window(
    site: Site, desk: Desk, patient: str, shown: tuple[str, ...], before: str, state: State
) -> tuple[Page, State]:
    """One page and where each query stands after it.

    A query whose rows are not all on the page is read from the same place again next time; a crowd at one moment,
    which would leave a page empty, is read on until it is whole.
    """
    queries = {name: query for name, query in _queries(shown).items() if name in state}
    answers = dict(
        zip(
            queries,
            await asyncio.gather(
                *(_ask(site, desk, patient, query, state[name]) for name, query in queries.items())
            ),
            strict=True,
        )
    )
    made = _cut(answers, queries, desk, before)
    for _ in range(DEEPEST):
        unfinished = [name for name, answer in answers.items() if answer.next and queries[name].dated]
        if made.trees or not unfinished:
            break
        for name in unfinished:
            on = await _ask(site, desk, patient, queries[name], str(answers[name].next))
            answers[name] = ask.Answer((*answers[name].trees, *on.trees), on.total, on.next)
        made = _cut(answers, queries, desk, before)
    names = await ask.named(site, desk, made.trees)
    after: State = {}
    for name, answer in answers.items():
        if not queries[name].dated or left(answer.trees, made.before, desk.reader):
            after[name] = state[name]
        elif answer.next:
            after[name] = answer.next
    return Page(months(made, Context(desk.reader, names)), made.before), after


def _cut(answers: Mapping[str, ask.Answer], queries: Mapping[str, Query], desk: Desk, before: str) -> Cut:
    """The page that can be shown from what was read so far."""
    found = {name: answer.trees for name, answer in answers.items()}
    unfinished = [name for name, answer in answers.items() if answer.next and queries[name].dated]
    return cut(found, unfinished, desk.reader, before=before)


async def _ask(site: Site, desk: Desk, patient: str, query: Query, cursor: str) -> ask.Answer:
    count = WHOLE if not query.dated else OBSERVED if query.type == "Observation" else PAGE
    return await ask.patient(site, desk, query, patient, count=count, cursor=cursor or None)


def _queries(shown: tuple[str, ...]) -> dict[str, Query]:
    """The searches behind the chips, each once, under a name that holds from page to page."""
    found = dict.fromkeys(
        query for chip in CHIPS if not shown or chip.slug in shown for query in chip.queries
    )
    return {f"{query.type}{''.join(value for _, value in query.params)}": query for query in found}


def _state(text: str) -> State:
    """Where each query stands, from the form; anything else means from the start."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid("value", "This is no place to go on from.", place="state", repair="Reload the page.")
    return {str(name): str(cursor) for name, cursor in found.items()}


def _shown(text: str) -> tuple[str, ...]:
    """The chips named in `text` (divided by commas) that exist, in the order of the row."""
    asked = set(text.split(","))
    return tuple(chip.slug for chip in CHIPS if chip.slug in asked)


def _toggled(slug: str, shown: tuple[str, ...]) -> tuple[str, ...]:
    """The chips after a click on one of them."""
    return tuple(one for one in shown if one != slug) if slug in shown else (*shown, slug)
