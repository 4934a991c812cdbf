"""The frame around every page of a chart: identity strip, alerts, section list with counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request

from charthouse.base.clock import instant
from charthouse.base.errors import not_found
from charthouse.base.ids import is_logical_id
from charthouse.fhir.resource import Tree
from charthouse.web import ask
from charthouse.web.chart.entry import Context
from charthouse.web.chart.identity import AllergyLine, Identity, alerts, allergies, identity
from charthouse.web.screen import tabbed
from charthouse.web.sections import BY_SLUG, SECTIONS, Query, Section
from charthouse.web.site import Desk, Site

ALLERGIES: Final = BY_SLUG["allergies"].queries[0]
FLAGS: Final = Query("Flag")
COVERAGE: Final = Query("Coverage", (("status", "active"),))
LAST_VISIT: Final = Query("Encounter", sort="-date")


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the section list. `count` None = not counted, or not for this person to know."""

    slug: str
    label: str
    key: str
    href: str
    count: int | None
    on: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything of a chart page that is not its centre."""

    identity: Identity
    allergies: AllergyLine
    alerts: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    places: tuple[Place, ...]
    born: tuple[int, ...]
    patient: Tree
    glass: str = ""  # until when emergency access lasts, in words

    @property
    def title(self) -> str:
        """The heading of the browser tab says the name only to who is signed in."""
        return self.identity.name.sorted


async def patient(site: Site, request: Request, desk: Desk) -> Tree:
    """The Patient named in the path. It is read before anything else: a hidden chart must not even be searched.

    Raises `Problem(not_found)` for one that is absent or hidden, or whose id cannot be one.
    """
    found = str(request.path_params["patient"])
    if not is_logical_id(found):
        raise not_found()
    return (await site.clinic.gate.read(desk.actor, "Patient", found)).tree


async def load(
    site: Site, desk: Desk, tree: Tree, section: str, *, counts: Mapping[str, int] | None = None
) -> tuple[Desk, Frame]:
    """The frame of the chart of `tree` (a Patient) and the desk with its tabs.

    `counts` by section slug spares the searches whose totals are known already.
    """
    patient = str(tree["id"])
    known = dict(counts or {})
    told = (*known, "allergies", "visits")  # these two are read for the strip itself, and bring their totals
    unknown = [one for one in SECTIONS if one.counted and one.queries and one.slug not in told]
    strip = [(ALLERGIES, 50), (FLAGS, 20), (COVERAGE, 1), (LAST_VISIT, 1)]
    counting = [(query, query.filtered(_chip(one))) for one in unknown for query in one.queries]
    asked = [ask.patient(site, desk, query, patient, count=count) for query, count in strip]
    asked += [ask.patient(site, desk, query, patient, count=0, params=params) for query, params in counting]
    names, found_all = await asyncio.gather(ask.named(site, desk, [tree]), asyncio.gather(*asked))
    listed, flags, covered, visited, *counted = found_all
    for slug, answer in (("allergies", listed), ("visits", visited)):
        if not answer.refused:
            known.setdefault(slug, answer.count)
    answers = iter(counted)
    for one in unknown:
        found = [next(answers) for _ in one.queries]
        if not all(answer.refused for answer in found):
            known[one.slug] = sum(answer.count for answer in found)
    context = Context(desk.reader, names)
    card = identity(tree, context)
    desk = await tabbed(site, desk, card)
    card = replace(card, band=next(tab.band for tab in desk.tabs if tab.id == card.id))
    born = desk.reader.moment(tree.get("birthDate"))
    facts = [*card.facts]
    if covered.trees:
        payer = next(
            (context.name(one) for one in covered.trees[0].get("payor") or () if context.name(one)), ""
        )
        facts += [("Insurance", payer)] if payer else []
    if visited.trees:
        facts.append(("Last visit", desk.reader.day((visited.trees[0].get("period") or {}).get("start"))))
    line = allergies(listed.trees, context)
    if "allergies" in known and line.kind != "listed":
        known["allergies"] = 0  # a statement that there are none is no allergy
    places = tuple(
        Place(one.slug, one.label, one.key, one.path(patient), known.get(one.slug), one.slug == section)
        for one in SECTIONS
    )
    return desk, Frame(
        card,
        line,
        alerts(flags.trees),
        tuple(facts),
        places,
        born.parts if born else (),
        tree,
        _glass(site, desk, patient),
    )


def _glass(site: Site, desk: Desk, patient: str) -> str:
    """Until when this chart is open in an emergency; empty where it is open anyway."""
    if not desk.actor.glass:
        return ""
    key = site.clinic.narrowing.key(site.clinic.record.connection(), "Patient", patient)
    broken = site.clinic.glass.now_open(desk.actor, key) if key in desk.actor.glass else None
    return "" if broken is None else desk.reader.clock(instant(broken.closes))


def _chip(section: Section) -> str:
    """The filter whose count the section list shows: the first chip."""
    return section.chips[0][0] if section.chips else ""
