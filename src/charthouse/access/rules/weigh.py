"""Conditions of rules judged in memory, for content that no query sees: what is about to be written, old versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from charthouse.access.rules.node import (
    About,
    Care,
    Criteria,
    Every,
    Facility,
    Homes,
    Label,
    Labelled,
    Loose,
    Node,
    Not,
    Params,
    Permitted,
    Some,
    Withheld,
    WithheldAnyhow,
)
from charthouse.store.index.values import Rows

SECURITY = "_security"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one content: its index rows, its logical id, and the key of the patient whose record it
    is in (0 = nobody's, or of a patient who is not here)."""

    type: str
    id: str
    rows: Rows
    home: int


@dataclass(frozen=True, slots=True)
class Scales:
    """How atoms are judged: `meets` search criteria on a content, `of_home` a condition on the patient alone.

    `writes` says that the content is about to be written, which no consent forbids: it discloses nothing.
    """

    meets: Callable[[Facts, Params], bool]
    of_home: Callable[[Node, int], bool]
    writes: bool = False

    def hold(self, node: Node, facts: Facts) -> bool:
        """Whether `facts` meet the condition."""
        if isinstance(node, Every):
            return all(self.hold(part, facts) for part in node.parts)
        if isinstance(node, Some):
            return any(self.hold(part, facts) for part in node.parts)
        if isinstance(node, Not):
            return not self.hold(node.part, facts)
        if isinstance(node, Homes):
            return facts.home in node.patients
        if isinstance(node, Loose):
            return facts.home == 0
        if isinstance(node, Criteria):
            return self.meets(facts, node.params)
        if facts.type == "Patient" and isinstance(node, About | Facility):
            return self._of_itself(node, facts)
        if isinstance(node, Labelled):
            return carries(facts.rows, node.labels) or bool(facts.home and self.of_home(node, facts.home))
        if isinstance(node, Withheld):
            # an old version is not in the index: what a consent denies of some data it denies of all of it here
            anyhow = WithheldAnyhow(node.reader, facts.type)
            return not self.writes and bool(facts.home) and self.of_home(anyhow, facts.home)
        if isinstance(node, Facility) and not facts.home:
            return True
        if isinstance(node, About | Care | Facility | Permitted):
            return bool(facts.home) and self.of_home(node, facts.home)
        raise TypeError(f"{node} was not bound to an actor")

    def _of_itself(self, node: About | Facility, facts: Facts) -> bool:
        """A Patient is judged by what is about to stand there, not by what stood there before."""
        if isinstance(node, About):
            return self.meets(facts, node.params)
        managed = {f"{type}/{id}" for name, type, id in facts.rows.references if name == "organization"}
        return not managed.isdisjoint(node.places)


def carries(rows: Rows, labels: Sequence[Label]) -> bool:
    """Whether a content carries one of the labels in its own `meta.security`."""
    own = [(system or "", code) for name, system, code in rows.tokens if name == SECURITY]
    return any(code == wanted and asked in (None, system) for system, code in own for asked, wanted in labels)
