"""The door's own search for patients: what a person at the front desk types, answered under the policy of who asks.

Rows that are closed to the actor are left out by the statement that gathers the candidates; an element that is
hidden from the actor finds nobody for them. Who was shown stands in the audit before the answer leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from charthouse.access.actor import Actor
from charthouse.access.policy import Policy
from charthouse.access.reach import Reach
from charthouse.access.sight import Sight
from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection
from charthouse.search.people.judge import FIELDS, Hit, Reason, Standing
from charthouse.search.people.question import LONGEST, is_short
from charthouse.store.body import Stored
from charthouse.store.record import Record

if TYPE_CHECKING:
    from charthouse.search.people.look import People

__all__ = ["LONGEST", "Find", "Hit", "Patients", "Reason", "Standing", "is_short"]

PATIENT: Final = "Patient"
MOST: Final = 20  # patients that one search shows
# The search parameter that looks at an element: what may not be asked of a search finds nothing here.
_ASKED: Final = {"name": "name", "birthDate": "birthdate", "identifier": "identifier", "telecom": "telecom"}


class Seen(Protocol):
    """Puts what is about to leave into the audit."""

    def __call__(
        self, actor: Actor, interaction: str, type: str, found: Sequence[Stored], *, query: str = ""
    ) -> Awaitable[None]:
        """Returns when it is safe."""
        ...


@dataclass(frozen=True, slots=True)
class Patients:
    """Who was found, the best first; `more` says that there are others, `nearly` that nobody fits all that was typed.

    `notice` must travel with them; it is empty where none must.
    """

    hits: tuple[Hit, ...] = ()
    more: bool = False
    nearly: bool = False
    notice: str = ""


class Find:
    """The search of one clinic. Coroutines belong to one event loop."""

    def __init__(
        self,
        record: Record,
        policy: Policy,
        reach: Reach,
        sight: Callable[[Actor], Awaitable[Sight]],
        seen: Seen,
        notice: Callable[[Sequence[Stored]], Awaitable[str]],
        *,
        budget: float,
    ) -> None:
        """`budget` is what a search may take, in seconds."""
        self._record = record
        self._policy = policy
        self._reach = reach
        self._sight = sight
        self._seen = seen
        self._notice = notice
        self._budget = budget
        self._warming: asyncio.Task[None] | None = None

    @cached_property
    def _people(self) -> People:
        """The search itself; made when it is first wanted, as it takes a moment."""
        from charthouse.search.people.look import People

        return People(self._record.reader, self._record.place.dialect)

    async def find(
        self, actor: Actor, text: str, today: date, *, day_first: bool = False, most: int = MOST
    ) -> Patients:
        """At most `most` patients for what was typed: names as they are said, heard or mistyped, a date of birth,
        a phone or record number, or several of these.

        In 3/4/1962 the month stands first unless `day_first`. Raises `Problem(forbidden)` where patients are
        closed as a whole, `Problem(too_costly)` when time runs out.
        """
        text = " ".join(text.split())[:LONGEST]
        self._policy.require(actor, PATIENT, "search")
        if is_short(text):
            return Patients()
        sight = await self._sight(actor)
        fields = frozenset(field for field in FIELDS if _may_ask(sight, _ASKED[field]))

        def asked(connection: Connection) -> Patients:
            found = self._people.find(
                connection, text, today, day_first=day_first, narrow=sight.narrow(PATIENT)(PATIENT), fields=fields,
                mask=sight.mask, most=most, seconds=self._budget,
            )  # fmt: skip
            return Patients(found.hits, found.more, found.nearly)

        found = await self._reach.thread(asked)
        shown = [hit.stored for hit in found.hits]
        await self._seen(actor, "search", PATIENT, shown, query=f"find={text}")
        return Patients(found.hits, found.more, found.nearly, await self._notice(shown))

    def warm(self) -> None:
        """Begin to read what the first search would have to wait for; it is read once."""
        if self._warming is None:
            self._warming = asyncio.get_running_loop().create_task(self._warm())

    async def _warm(self) -> None:
        with suppress(Problem):  # whoever searches first is told what is wrong
            await self._reach.thread(self._read)

    def _read(self, connection: Connection) -> None:
        self._people.refresh(connection)


def _may_ask(sight: Sight, code: str) -> bool:
    """Whether a search by this parameter tells nothing that is hidden."""
    try:
        sight.touch(PATIENT, code)
    except Problem as failure:
        if failure.category is not Category.FORBIDDEN:
            raise
        return False
    return True
