"""Patients for what somebody types, as rows that can be told apart: two identifiers each, and why it is there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from charthouse.access.find import LONGEST, Hit, Patients, Reason, Standing, is_short
from charthouse.base.errors import Category, Problem
from charthouse.web.chart.entry import Context
from charthouse.web.chart.identity import Identity, identity

if TYPE_CHECKING:
    from charthouse.web.site import Desk, Site

__all__ = ["LONGEST", "MOST", "Found", "Row", "is_short", "patients"]

MOST: Final = 20
_STANDINGS: Final = {Standing.INACTIVE: "Inactive chart", Standing.MERGED: "Merged chart"}
_ENDING: Final = 4  # digits of a number that are shown


@dataclass(frozen=True, slots=True)
class Row:
    """One hit: the patient's card, why it was found where that is not plain to see, what is unusual about the chart
    (merged, inactive), and whether another hit has the same name."""

    card: Identity
    why: tuple[str, ...] = ()
    standing: str = ""
    twin: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The rows, the best first. `more`: there are others; `nearly`: nobody fits all that was typed; `parts`: what
    can be searched for alone where there is nobody."""

    rows: tuple[Row, ...] = ()
    more: bool = False
    nearly: bool = False
    parts: tuple[str, ...] = ()

    @property
    def cards(self) -> tuple[Identity, ...]:
        """The cards alone."""
        return tuple(row.card for row in self.rows)


async def patients(site: Site, desk: Desk, text: str, *, most: int = MOST) -> Found:
    """Who may be meant by `text`; nobody where patients are closed to this person as a whole."""
    day_first = desk.reader.tongue != "en"
    try:
        found = await site.clinic.gate.find(
            desk.actor, text, desk.reader.today, day_first=day_first, most=most
        )
    except Problem as failure:
        if failure.category is Category.FORBIDDEN and failure.issues[0].code not in ("login", "expired"):
            return Found()
        raise
    if found.notice:
        desk.noticed.append(found.notice)
    return _laid(desk, found, text)


def _laid(desk: Desk, found: Patients, text: str) -> Found:
    context = Context(desk.reader, {})
    cards = [identity(hit.stored.tree, context) for hit in found.hits]
    named = Counter(card.name.legal.casefold() for card in cards)
    rows = [
        Row(
            card, _why(hit, card), _STANDINGS.get(hit.standing, "") if not card.died else "",
            named[card.name.legal.casefold()] > 1,
        )
        for hit, card in zip(found.hits, cards, strict=True)
    ]  # fmt: skip
    parts = tuple(dict.fromkeys(text.replace(",", " ").split()))
    return Found(tuple(rows), found.more, found.nearly, parts if not rows and 1 < len(parts) <= 5 else ())


def _why(hit: Hit, card: Identity) -> tuple[str, ...]:
    return tuple(dict.fromkeys(said for reason in hit.reasons if (said := _said(reason, card))))


def _said(reason: Reason, card: Identity) -> str:
    """A reason in a few words; empty where the row shows it anyway."""
    said = reason.said
    match reason.kind:
        case "nickname":
            return f"nickname: {said.capitalize()}"
        case "sound":
            return f"sounds like “{said}”"
        case "spelling":
            return f"spelled like “{said}”"
        case "former":
            return f"former name: {said}"
        case "born":
            return "day and month the other way round"
        case "number":
            return "" if said == card.number else f"identifier ending {said[-_ENDING:]}"
        case "phone":
            return "phone number"
        case "ending":
            return f"number ending {said}"
        case "missing":
            return f"does not fit “{said}”"
        case _:
            return "e-mail address"
