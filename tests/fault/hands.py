"""Writers inside this process: mixed writes through the gate, each noted once it is acknowledged."""

from __future__ import annotations

import random
from collections.abc import Sequence

from charthouse.access.actor import Actor
from charthouse.access.gate import Gate, Outcome
from charthouse.base.errors import Category, Problem
from charthouse.fhir import bundle
from charthouse.fhir.bundle import Entry
from tests.fault import samples
from tests.fault.ledger import Ledger

PROGRAM = Actor(0, "workload", frozenset(), "workload", frozenset({"system/*.cruds"}))


class Hand:
    """One writer among several. It changes only what it made itself, and ends when the record fails."""

    def __init__(self, gate: Gate, ledger: Ledger, seed: int) -> None:
        self._gate = gate
        self._ledger = ledger
        self._chance = random.Random(seed)
        self._mine: list[tuple[str, str]] = []

    async def work(self, limit: int) -> None:
        """Write until the record fails or `limit` requests are through."""
        acts = (
            self.create,
            self.create,
            self.update,
            self.update,
            self.delete,
            self.once,
            self.group,
            self.read,
        )
        for _ in range(limit):
            try:
                await self._chance.choice(acts)()
            except Problem as problem:
                if problem.category is not Category.FAULT:
                    raise
                return

    async def create(self) -> None:
        """A resource under an id the record chooses."""
        tree = samples.observation(self._chance)
        self._made(await self._commit("create", Entry("POST", "Observation", tree=tree)))

    async def update(self) -> None:
        """A next version of something of mine; or a resource under an id of my own."""
        if self._mine and self._chance.random() < 0.7:
            type, id = self._chance.choice(self._mine)
        else:
            type, id = "Observation", samples.number(self._chance)
            self._mine.append((type, id))
        tree = samples.anything(self._chance, type) | {"id": id}
        await self._commit("update", Entry("PUT", type, id, tree))

    async def delete(self) -> None:
        """Take away something of mine."""
        if self._mine:
            type, id = self._chance.choice(self._mine)
            await self._commit("delete", Entry("DELETE", type, id))

    async def once(self) -> None:
        """A conditional create."""
        number = samples.number(self._chance)
        self._ledger.numbers[number] = False
        wanted = [("identifier", f"{samples.NUMBERS}|{number}")]
        entry = Entry("POST", "Patient", tree=samples.patient(number), if_none_exist=wanted)
        await self._commit("create", entry)
        self._ledger.numbers[number] = True

    async def group(self) -> None:
        """A transaction of several that refer to the first of them."""
        name, size = samples.number(self._chance), self._chance.randint(3, 10)
        self._ledger.groups[name] = (size, False)
        entries = bundle.entries(samples.transaction(self._chance, name, size))
        self._made(await self._commit("transaction", *entries))
        self._ledger.groups[name] = (size, True)

    async def read(self) -> None:
        """Look at something of mine; the audit must know of it."""
        if self._mine:
            try:
                await self._gate.read(PROGRAM, *self._chance.choice(self._mine))
            except Problem as problem:
                if problem.category not in (Category.GONE, Category.NOT_FOUND):
                    raise
            self._ledger.reads += 1

    async def _commit(self, interaction: str, *entries: Entry) -> list[Outcome]:
        outcomes = await self._gate.commit(PROGRAM, list(entries), interaction=interaction)
        for outcome in outcomes:
            stored = outcome.stored
            if stored is not None and outcome.status not in ("matched", "unchanged"):
                tree = None if stored.deleted else stored.tree
                self._ledger.note(stored.type, stored.id, stored.version, tree)
        return outcomes

    def _made(self, outcomes: Sequence[Outcome]) -> None:
        self._mine += [(done.stored.type, done.stored.id) for done in outcomes if done.stored is not None]
