"""Severe allergies to stings and food: an auto-injector at hand, shown and renewed."""

from __future__ import annotations

from dataclasses import dataclass, field

from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Visit
from charthouse.ops.demo.tables import load


@dataclass(slots=True)
class Reaction(Thread):
    """The auto-injector for one severe allergy, prescribed at the first visit after it is known."""

    allergy: str = "bee"
    key: str = "reaction"
    told: Visit | None = field(default=None, init=False)

    def settle(self, life: Life) -> None:
        """Prescribe it."""
        fact = next(fact for fact in life.allergies if fact.key == self.allergy)
        self.told = next(
            (
                visit
                for visit in life.seen()
                if visit.whole and (fact.since is None or visit.day >= fact.since)
            ),
            None,
        )
        if self.told:
            life.start("epinephrine-child" if life.age(self.told.day) < 8 else "epinephrine", self.told)

    def speak(self, scene: Scene) -> Part | None:
        """When prescribed, and at each yearly visit."""
        visit = scene.visit
        if self.told is None or visit.day < self.told.day:
            return None
        if visit is not self.told and visit.kind not in ("physical", "well-child"):
            return None
        name = load("allergies")[self.allergy]["text"].lower()
        plan = (
            "Auto-injector prescribed and shown, plan for school or work."
            if visit is self.told
            else "Auto-injector in date, use reviewed."
        )
        return Part(
            f"Severe allergy, {name}",
            "No reaction since the last visit." if visit is not self.told else "",
            "",
            plan,
        )
