"""One patient's record while it is being written: gives out ids, keeps order, remembers later versions."""

from __future__ import annotations

import copy
from datetime import date, datetime
from typing import Any

from charthouse.fhir.resource import Tree
from charthouse.ops.demo.chance import Chance, identifier
from charthouse.ops.demo.clinic import Clinic
from charthouse.ops.demo.coding import ref
from charthouse.ops.demo.person import Person


class Chart:
    """The resources of one patient, in an order in which they could have been written."""

    def __init__(self, clinic: Clinic, person: Person, today: date, chance: Chance) -> None:
        self.clinic = clinic
        self.person = person
        self.today = today
        self.chance = chance
        self.trees: dict[str, Tree] = {}
        self.revised: list[tuple[int, Tree]] = []
        self.results: dict[str, list[tuple[datetime, float]]] = {}
        self.coverage: str | None = None
        self._counts: dict[str, int] = {}
        self._owner = f"p{person.number}"
        self._subject = f"Patient/{identifier(clinic.seed, self._owner, 'Patient', 0)}"

    def subject(self) -> Tree:
        """Reference to the patient."""
        return ref(self._subject, self.person.name)

    def add(self, kind: str, body: Tree) -> str:
        """Write a resource under its next id and return its reference; empty elements are left out."""
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        own = identifier(self.clinic.seed, self._owner, kind, count)
        tree: Tree = {"resourceType": kind, "id": own}
        for name, value in body.items():
            if value is not None and value != [] and value != {}:
                tree[name] = value
        reference = f"{kind}/{own}"
        self.trees[reference] = tree
        return reference

    def revise(self, step: int, reference: str, **changes: Any) -> None:
        """Keep a later version of a resource: the latest one known with `changes`; `None` removes an element.

        `step` orders the later versions of the whole demo.
        """
        earlier = [tree for _, tree in self.revised if f"{tree['resourceType']}/{tree['id']}" == reference]
        tree = copy.deepcopy(earlier[-1] if earlier else self.trees[reference])
        for name, value in changes.items():
            if value is None:
                tree.pop(name, None)
            else:
                tree[name] = value
        self.revised.append((step, tree))

    def result(self, key: str, when: datetime, value: float) -> None:
        """Remember a result or measurement, so that notes can speak of it."""
        self.results.setdefault(key, []).append((when, value))

    def last(self, key: str, until: datetime, back: int = 0) -> tuple[datetime, float] | None:
        """The newest value of `key` not after `until`; `back=1` is the one before it."""
        found = [row for row in self.results.get(key, ()) if row[0] <= until]
        return found[-1 - back] if len(found) > back else None
