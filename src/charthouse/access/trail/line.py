"""One thing that happened, in one form, wherever it is kept: a read in the audit or a write in the record's log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from charthouse.access.audit import Event
from charthouse.access.trail import codes

END: Final = 2**62

READ: Final = "r"
WRITE: Final = "w"

Source = Literal["r", "w"]
Place = tuple[int, int]  # (at, id): what comes next in a source is older than this
START: Final[Place] = (END, END)

DELETED: Final = 4  # the method of a deletion, as `store.body` numbers them

# Looking at records, as the gate words it; everything else is rare and found by itself.
LOOKING: Final = frozenset({"read", "vread", "search", "history"})


@dataclass(frozen=True, slots=True)
class Line:
    """One event. `id` counts within its `source`; `at` in ms; `outcome` is `ok` or an error category.

    `resources` are (key, version) of what was seen or written, `methods` (as `store.body` numbers them)
    stand beside them for a write, `patients` are the keys of the patients these belong to.
    """

    source: Source
    id: int
    at: int
    actor: int
    client: str
    session: str
    interaction: str
    outcome: str
    type: str
    query: str
    request: str
    purpose: str
    address: str
    resources: tuple[tuple[int, int], ...] = ()
    patients: tuple[int, ...] = ()
    methods: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The id under which the event is shown: `r-123` for a read, `w-45` for a transaction."""
        return f"{self.source}-{self.id}"

    @property
    def word(self) -> str:
        """What was done: the interaction, and for a transaction that wrote one version what became of it."""
        if len(self.methods) != 1:
            return self.interaction
        if self.methods[0] == DELETED:
            return "delete"
        return "create" if self.resources[0][1] == 1 else "update"


@dataclass(frozen=True, slots=True)
class Question:
    """Which events are meant; everything that is given must hold.

    `since` and `until` (excluded) in ms. Of `interactions`, `outcomes` and the sets below one must fit; empty means
    any. `actions`, `kinds` and `subkinds` are of FHIR, the latter two as `system|code` or `|code` for any system.
    `address` is a beginning. `key` is a resource that was seen or written. `words` is how it was asked, for
    the audit's own row.
    """

    patient: int | None = None
    actor: int | None = None
    actors: frozenset[int] = frozenset()
    since: int = 0
    until: int = END
    interactions: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    subkinds: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset((READ, WRITE))
    address: str = ""
    key: int | None = None
    request: str = ""
    words: str = ""

    def fits(self, line: Line) -> bool:
        """Whether `line` is meant."""
        return (
            (self.actor is None or line.actor == self.actor)
            and (self.patient is None or self.patient in line.patients)
            and self.since <= line.at < self.until
            and (not self.interactions or line.interaction in self.interactions)
            and (not self.outcomes or line.outcome in self.outcomes)
            and (not self.actors or line.actor in self.actors)
            and (not self.address or line.address.startswith(self.address))
            and (
                self.key is None
                or self.key in line.patients
                or any(key == self.key for key, _ in line.resources)
            )
            and (not self.request or line.request == self.request)
            and (not (self.actions or self.kinds or self.subkinds) or self._coded(line.word))
        )

    def _coded(self, word: str) -> bool:
        kind, subtypes, action = codes.kinds(word)
        return (
            (not self.actions or action in self.actions)
            and (not self.kinds or not self.kinds.isdisjoint(_tokens(kind)))
            and (not self.subkinds or any(not self.subkinds.isdisjoint(_tokens(one)) for one in subtypes))
        )


def _tokens(coding: codes.Coding) -> tuple[str, str]:
    return f"|{coding['code']}", f"{coding['system']}|{coding['code']}"


def of_event(id: int, event: Event) -> Line:
    """The line of a row of the read audit."""
    return Line(
        READ, id, event.at, event.actor, event.client, event.session, event.interaction, event.outcome, event.type,
        event.query, event.request, event.purpose, event.address, tuple(event.resources), tuple(event.patients),
    )  # fmt: skip
