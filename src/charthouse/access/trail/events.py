"""The AuditEvents of the API: the house's own trail as a projection, and those that clients stored, as one list.

Three sources are merged, newest first: reads, transactions, and stored AuditEvents found by the ordinary
search. A page link holds the place in each, so no event comes twice or is left out while others are added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from msgspec import structs

from charthouse.access import scopes
from charthouse.access.actor import Actor
from charthouse.access.gate import Gate, Stored
from charthouse.access.policy import Policy, forbidden
from charthouse.access.sessions import SCOPES
from charthouse.access.trail import cursor as cursors
from charthouse.access.trail.auditevent import Told, auditevent
from charthouse.access.trail.cursor import Cursor
from charthouse.access.trail.find import Asked, read
from charthouse.access.trail.line import Line
from charthouse.access.trail.trail import AUDIT, Trail
from charthouse.base.errors import Category, Issue, Problem, problem
from charthouse.fhir import dates
from charthouse.fhir.resource import Tree

TYPE: Final = "AuditEvent"
_NAME: Final = re.compile(r"([rw])-([1-9]\d{0,17})")
# Parameters that the ordinary search does not know by these names.
_OURS: Final = frozenset({"agent:identifier", "_sort", "_count"})


@dataclass(frozen=True, slots=True)
class Hits:
    """One page: trees of the house's own events and resources that clients stored, in order."""

    entries: Sequence[Tree | Stored]
    used: Sequence[tuple[str, str]]
    next: str | None
    notes: Sequence[Issue] = ()


class AuditEvents:
    """AuditEvents of one clinic for the API. Coroutines belong to one event loop."""

    def __init__(self, trail: Trail, gate: Gate, policy: Policy, base: str, page: int, most: int) -> None:
        """`base` is the address of the API, `page` and `most` how many a page holds if not told, and at most."""
        self._trail = trail
        self._gate = gate
        self._policy = policy
        self._base = base
        self._sizes = (page, most)

    def may(self, actor: Actor, interaction: str) -> bool:
        """Whether the house's own trail is open to the actor, by role and by a scope for AuditEvent.

        AuditEvent is what the trail is called in scopes, so a token that names it needs none for more.
        """
        granted = scopes.resources(actor.scopes)
        opened = any(
            one.context != "patient" and not one.criteria and one.opens(TYPE, interaction) for one in granted
        )
        return opened and self._policy.may(replace(actor, scopes=SCOPES), AUDIT, interaction)

    def is_ours(self, id: str) -> bool:
        """Whether an id is one of the trail."""
        return _NAME.fullmatch(id) is not None

    async def read(self, actor: Actor, id: str, base: str = "") -> Tree:
        """One event of the house. Raises `Problem(forbidden)`, `not_found`."""
        asker = self._asker(actor, "read")
        match = _NAME.fullmatch(id)
        source, number = (match[1], int(match[2])) if match else ("r", 0)
        line = await self._trail.one(asker, source, number)
        return (await self._told([line], base))[0]

    async def search(
        self,
        actor: Actor,
        params: Sequence[tuple[str, str]],
        *,
        cursor: str | None = None,
        lenient: bool = False,
        base: str = "",
    ) -> Hits:
        """One page. Raises `Problem(invalid)` for what cannot be asked, unless `lenient`."""
        self._asker(actor, "search")
        asked = await self._trail.ask(lambda held: read(params, held.names, (base, self._base)))
        notes = self._refuse(asked, lenient=lenient)
        usual, most = self._sizes
        count = max(1, min(usual if asked.count is None else asked.count, most))
        at = Cursor(actor.id, asked.question, {}, more=True, params=asked.used, count=count)
        if cursor:
            at = cursors.open_(self._trail.keys, cursor, actor.id)
            count = max(1, min(at.count, most))
        found = await self._trail.walked(at.question, at.places, count)
        stored, later = await self._stored(actor, at, count) if at.more else ([], None)
        await self._trail.told(actor, "search", at.question)
        floor = 0
        if found.places is not None and len(found.lines) < count:  # what is older is not known yet
            floor = max(place[0] for place in found.places.values())
        seen = [one for one, _ in stored if _moment(one) >= floor]
        lines, kept = _merged(found.lines, seen, count)
        trees = dict(zip((line.name for line in lines), await self._told(lines, base), strict=True))
        entries = [trees[one.name] if isinstance(one, Line) else one for one in _ordered(lines, kept)]
        places = _places(found.lines, lines, found.places, at)
        way = structs.replace(at, places=places, more=False, stored=None, skip=0)
        stored_on = stored[len(kept)][1] if len(kept) < len(stored) else later
        if stored_on is not None:
            way = structs.replace(way, stored=stored_on[0], skip=stored_on[1], more=True)
        more = stored_on is not None or found.places is not None or len(lines) < len(found.lines)
        return Hits(entries, asked.used, cursors.close(self._trail.keys, way) if more else None, notes)

    def _asker(self, actor: Actor, interaction: str) -> Actor:
        """The actor as the trail knows it; raises `Problem(forbidden)` unless `may`."""
        if not self.may(actor, interaction):
            raise forbidden(AUDIT, interaction)
        return replace(actor, scopes=SCOPES)

    async def _stored(
        self, actor: Actor, at: Cursor, count: int
    ) -> tuple[list[tuple[Stored, tuple[str | None, int]]], tuple[str | None, int] | None]:
        """What clients stored, from the cursor's place on, each with its place; and where the rest goes on."""
        params = [pair for pair in at.params if pair[0] not in _OURS]
        if any(
            name == "agent:identifier" for name, _ in at.params
        ):  # our own accounts, which they do not know
            return [], None
        sought = [*params, ("_sort", "-date"), ("_count", str(min(self._sizes[1], 100)))]
        found: list[tuple[Stored, tuple[str | None, int]]] = []
        page, skip = at.stored, at.skip
        while True:
            try:
                answer = await self._gate.search(actor, TYPE, [] if page else sought, cursor=page)
            except Problem as failure:
                if failure.category is Category.FORBIDDEN:  # the stored ones are not open to this actor
                    return [], None
                raise
            hits = [
                (hit.stored, (page, place)) for place, hit in enumerate(answer.entries) if hit.mode == "match"
            ]
            found += hits[skip:]
            page, skip = answer.next, 0
            if page is None:
                return found, None
            if len(found) >= count:
                return found, (page, 0)

    async def _told(self, lines: Sequence[Line], base: str) -> list[Tree]:
        people, resources = await self._trail.named(lines)
        told = Told(people, resources, await self._trail.roles(lines), base or self._base)
        return [auditevent(line, told) for line in lines]

    def _refuse(self, asked: Asked, *, lenient: bool) -> list[Issue]:
        said = [
            Issue("not-supported", f'Events cannot be searched by "{name}".', name, None, "Leave it out.")
            for name in asked.unknown
        ]
        if said and not lenient:
            raise Problem(Category.INVALID, tuple(said))
        return [replace(one, severity="warning") for one in said]


def uncounted() -> Problem:
    """The answer to who only wants to know how many there are."""
    return problem(
        Category.UNSUPPORTED, "not-supported", "Events are not counted.", place="_summary",
        repair="Ask for a span of time, and walk through its pages.",
    )  # fmt: skip


def _moment(one: Line | Stored) -> int:
    """When it happened; a stored one without a usable time stands where it was written."""
    if isinstance(one, Line):
        return one.at
    found = dates.period(str(one.tree.get("recorded") or ""))
    return found[0] if found else one.updated


def _ordered(lines: Sequence[Line], stored: Sequence[Stored]) -> list[Line | Stored]:
    """Both, newest first, each kept in its own order."""
    ahead, behind = list(lines), list(stored)
    found: list[Line | Stored] = []
    while ahead and behind:
        found.append(ahead.pop(0) if _moment(ahead[0]) >= _moment(behind[0]) else behind.pop(0))
    return [*found, *ahead, *behind]


def _merged(lines: Sequence[Line], stored: Sequence[Stored], count: int) -> tuple[list[Line], list[Stored]]:
    """The first `count` of both together, told apart again."""
    first = _ordered(lines, stored)[:count]
    return [one for one in first if isinstance(one, Line)], [
        one for one in first if not isinstance(one, Line)
    ]


Places = dict[str, tuple[int, int]]


def _places(found: Sequence[Line], kept: Sequence[Line], places: Places | None, at: Cursor) -> Places:
    """Where each source goes on after the lines that were kept; the last ones found may be left for later."""
    if len(kept) == len(found) and places is not None:
        return places
    on: Places = dict(at.places)
    for line in kept:
        on[line.source] = (line.at, line.id)
    if len(kept) == len(found):  # both came to their end
        return on | dict.fromkeys(at.question.sources, (0, 0))
    return on
