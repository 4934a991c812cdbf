"""The notice that must travel with records of substance use disorder treatment (42 CFR 2.32)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from charthouse.access.rules.narrow import Narrowing
from charthouse.access.rules.node import Labelled
from charthouse.base.clock import now
from charthouse.base.errors import Issue
from charthouse.db.connect import Connection
from charthouse.store.body import Stored

# Labels of records under 42 CFR part 2 (HL7 v3 ActCode: information sensitivity policy, privacy law).
LABELS: Final = tuple((None, code) for code in ("ETH", "ETHUD", "OPIOIDUD", "SUD", "42CFRPart2"))
CARRIED: Final = Labelled(LABELS)  # one and the same, for what is worked out is kept by the node
TEXT: Final = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."  # 42 CFR 2.32(a)(2)
RECHECK: Final = 50  # ms after which it is looked again whether the record holds anything of the kind


class Notice:
    """Tells which resources carry the notice. For the thread that owns the connection it is given."""

    def __init__(self, narrowing: Narrowing, *, clock: Callable[[], int] = now) -> None:
        self._narrowing = narrowing
        self._clock = clock
        self._until = 0
        self._codes = -1
        self._any = False

    def stale(self) -> None:
        """Something was written here: look again at once."""
        self._until = 0

    def any(self, connection: Connection) -> bool:
        """Whether the record knows any of the labels at all; most do not, and are asked no further."""
        moment = self._clock()
        if moment >= self._until:
            codes = self._narrowing.codes(connection)
            if codes != self._codes:  # a label that was never used has no number yet
                self._any = bool(self._narrowing.labels(connection, LABELS))
                self._codes = codes
            self._until = moment + RECHECK
        return self._any

    def on(self, connection: Connection, found: Sequence[Stored]) -> frozenset[int]:
        """The keys of those of `found` that carry it."""
        if not self.any(connection):
            return frozenset()
        carried: set[int] = set()
        for type in {one.type for one in found}:
            keys = [one.key for one in found if one.type == type and not one.deleted]
            carried |= self._narrowing.among(connection, CARRIED, type, keys)
        return frozenset(carried)


def told() -> Issue:
    """The notice as a finding, for a Bundle."""
    return Issue("informational", TEXT, severity="information")
