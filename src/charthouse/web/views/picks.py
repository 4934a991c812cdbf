"""Choosing a record by its name, on the pages about people: nobody has to know an id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.base.errors import Problem, invalid
from charthouse.web import ask
from charthouse.web import find as people
from charthouse.web.chart.entry import Context
from charthouse.web.chart.identity import Identity
from charthouse.web.site import Desk, Site
from charthouse.web.threshold import field

MOST: Final = 8
SHORTEST: Final = 2
# What is chosen -> the types it may be, and the parameter its name is found by.
KINDS: Final = {
    "practitioner": (("Practitioner",), "name"),
    "patient": (("Patient",), "name"),
    "reference": (("Organization", "Location"), "name"),
}


@dataclass(frozen=True, slots=True)
class Pick:
    """One record to choose: the value that the form sends, its name, and what tells it from its namesakes."""

    value: str
    name: str
    detail: str = ""


async def find(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /people/records`: the records of a kind whose name has these words, as choices of a form."""
    site.clinic.administration.require(desk.actor, "people", "read")
    kind = await field(request, "kind")
    if kind not in KINDS:
        raise invalid("value", "There is nothing of this kind to choose.", place="kind", value=kind)
    types, param = KINDS[kind]
    words = (await field(request, f"q-{kind}", most=200)).split()
    found: list[Pick] = []
    is_shut = False
    if kind == "patient":
        cards = (await people.patients(site, desk, " ".join(words), most=MOST)).cards
        found = [Pick(card.id, card.name.sorted, _told(card)) for card in cards]
        is_shut = not site.clinic.gate.is_open(desk.actor, "Patient", "search")
    elif len("".join(words)) >= SHORTEST:
        for type in types:
            asked = [*((param, word) for word in words), ("_count", str(MOST))]
            answer = await ask.search(site, desk, type, asked)
            is_shut = is_shut or answer.refused
            found += [_pick(desk, kind, type, tree) for tree in answer.trees]
    return site.part("parts/picks.html", picks=found[:MOST], kind=kind, words=words, is_shut=is_shut)


async def chosen(site: Site, desk: Desk, kind: str, value: str | None) -> Pick | None:
    """The record that a form has now; by its id where it is gone or not for this person to see."""
    if not value:
        return None
    type, _, id = value.rpartition("/")
    try:
        stored = await site.clinic.gate.read(desk.actor, type or KINDS[kind][0][0], id)
    except Problem:
        return Pick(value, value, "not found, or not open to you")
    return _pick(desk, kind, type or KINDS[kind][0][0], stored.tree)


def _told(card: Identity) -> str:
    """What tells a patient from namesakes."""
    number = f"{card.number_label} {card.short_number}" if card.number else ""
    return " · ".join(part for part in (card.born, card.age, card.sex, number) if part)


def _pick(desk: Desk, kind: str, type: str, tree: dict[str, object]) -> Pick:
    value = f"{type}/{tree['id']}" if kind == "reference" else str(tree["id"])
    detail = type.lower() if kind == "reference" else desk.reader.day(tree.get("birthDate"))
    return Pick(value, ask.title(tree, Context(desk.reader, {})) or value, detail)
