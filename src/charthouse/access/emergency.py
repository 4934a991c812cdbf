"""The way to a closed chart in an emergency: found by who the patient is, opened for a reason, all of it audited."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from charthouse.access.actor import Actor
from charthouse.access.audit import Audit, event
from charthouse.access.break_glass import USUAL, Broken, Glass
from charthouse.access.generation import Generation
from charthouse.access.policy import Policy
from charthouse.base.errors import Problem, invalid, not_found
from charthouse.db.connect import Connection
from charthouse.search.run import Search
from charthouse.store.body import Stored
from charthouse.store.index.text import fold
from charthouse.store.record import Record

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOST: Final = 5  # patients shown; who is looked for must be known


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as far as is needed to be sure it is the one: no more is told before the glass is broken."""

    id: str
    name: str
    born: str
    sex: str


class Emergency:
    """Emergency access for one clinic. Coroutines belong to one event loop."""

    def __init__(
        self,
        record: Record,
        search: Search,
        policy: Policy,
        glass: Glass,
        generation: Generation,
        audit: Audit,
        written: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
    ) -> None:
        """`written` carries out a change through the record's writer."""
        self._record = record
        self._search = search
        self._policy = policy
        self._glass = glass
        self._generation = generation
        self._audit = audit
        self._written = written

    async def look(self, actor: Actor, *, number: str = "", family: str = "", born: str = "") -> list[Person]:
        """Patients by record number, or by family name and birth date; whether their charts are open or not.

        Raises `Problem(invalid)` where that does not name anybody, `Problem(forbidden)` for who may not.
        """
        self._policy.require(actor, "glass", "create")
        if number.strip():
            params = [("identifier", number.strip().replace("|", "\\|").replace(",", "\\,"))]
        elif family.strip() and _DAY.fullmatch(born.strip()):
            params = [("family", family.strip().replace(",", "\\,")), ("birthdate", born.strip())]
        else:
            raise invalid(
                "required", "Say who it is.", place="number",
                repair="Give the record number, or the whole family name and the date of birth as 1980-03-14.",
            )  # fmt: skip
        connection = self._record.connection()
        ids = self._search.find(connection, "Patient", params, limit=MOST)
        found = [one for one in self._record.reader.named(connection, "Patient", ids) if not one.deleted]
        if (
            not number.strip()
        ):  # the search finds beginnings; who is looked for must be known by the whole name
            found = [one for one in found if fold(family) in _families(one)]
        await self._audit.record(
            event(
                actor, "glass-search", "Patient", query="&".join(name for name, _ in params),
                resources=[(one.key, one.version) for one in found], patients={one.key for one in found},
            )
        )  # fmt: skip
        return [_person(one) for one in found]

    async def open(self, actor: Actor, patient: str, reason: str, note: str, minutes: int = USUAL) -> Broken:
        """Break the glass for the patient of that id. Raises as `Glass.break_` does, and `not_found` for nobody."""
        self._policy.require(actor, "glass", "create")
        stored = self._record.reader.head(self._record.connection(), "Patient", patient)
        if stored is None or stored.deleted:
            await self._audit.record(
                event(actor, "break-glass", "Patient", outcome="not_found", query=patient)
            )
            raise not_found("There is no such patient.")
        key = stored.key
        try:
            broken: Broken = await self._written(
                lambda connection: self._glass.break_(connection, actor, key, reason, note, minutes)
            )
        except Problem as failure:
            refused = event(actor, "break-glass", "Patient", outcome=failure.category.value, patients={key})
            await self._audit.record(refused)
            raise
        self._generation.stale()
        await self._audit.record(
            event(actor, "break-glass", "Patient", query=f"glass/{broken.id} {reason}", patients={key})
        )
        return broken

    async def give_back(self, actor: Actor, patient: str) -> None:
        """End one's own access before its time; `not_found` where there is none."""
        self._policy.require(actor, "glass", "create")
        stored = self._record.reader.head(self._record.connection(), "Patient", patient)
        if stored is None or self._glass.now_open(actor, stored.key) is None:
            raise not_found("There is no emergency access to end.")
        key = stored.key
        await self._written(lambda connection: self._glass.give_back(connection, actor, key))
        self._generation.stale()
        await self._audit.record(event(actor, "glass-given-back", "Patient", patients={key}))

    async def review(self, actor: Actor, id: int, finding: str, remark: str) -> Broken:
        """Write down what was found about an access."""
        self._policy.require(actor, "glass", "update")
        broken: Broken = await self._written(
            lambda connection: self._glass.review(connection, actor, id, finding, remark)
        )
        await self._audit.record(event(actor, "glass-reviewed", query=f"glass/{id} {finding}"))
        return broken

    async def waiting(self, actor: Actor) -> Sequence[Broken]:
        """What a privacy officer has to look at, the latest first."""
        self._policy.require(actor, "glass", "search")
        await self._audit.record(event(actor, "glass-listed"))
        return self._glass.waiting()

    async def reviewed(self, actor: Actor) -> Sequence[Broken]:
        """What was looked at lately."""
        self._policy.require(actor, "glass", "search")
        return self._glass.reviewed()

    def patient(self, key: int) -> str | None:
        """The id of a patient by the key, for links; the chart behind it is still closed to who may not see it."""
        found = self._record.reader.heads(self._record.connection(), [key])
        return found[0].id if found else None


def _families(stored: Stored) -> frozenset[str]:
    names = [one for one in stored.tree.get("name") or () if isinstance(one, dict)]
    return frozenset(fold(str(one["family"])) for one in names if one.get("family"))


def _person(stored: Stored) -> Person:
    names = [one for one in stored.tree.get("name") or () if isinstance(one, dict)]
    name = next((one for one in names if one.get("use") in ("official", None)), names[0] if names else {})
    text = name.get("text") or ", ".join(
        part for part in (name.get("family") or "", " ".join(name.get("given") or ())) if part
    )
    return Person(
        stored.id,
        text or "No name recorded",
        str(stored.tree.get("birthDate") or ""),
        str(stored.tree.get("gender") or ""),
    )
