"""The code systems, value sets and maps as they stand now, with the answers that were worked out in this state."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from charthouse.base.clock import now
from charthouse.base.errors import invalid
from charthouse.db.connect import Connection, Place
from charthouse.fhir.resource import Tree
from charthouse.terminology import sent
from charthouse.terminology.answers import Expansion, Standing, Verdict
from charthouse.terminology.artifacts import Artifacts
from charthouse.terminology.catalogue import Catalogue
from charthouse.terminology.compose import Composed
from charthouse.terminology.expand import Wish
from charthouse.terminology.extent import Extent
from charthouse.terminology.grammar import Units
from charthouse.terminology.mapping import Maps
from charthouse.terminology.recent import Recent
from charthouse.terminology.shelf import Shelf, Shipped
from charthouse.terminology.versions import split

MAX_CODINGS: Final = 1_000  # in one question
MAX_PROPERTIES: Final = 100  # named in one question

_DAY: Final = 86_400_000  # milliseconds
_LOOK: Final = 0.05  # seconds between two looks at what a site has loaded

Members = Recent[tuple[str, str | None, str], tuple[bool | None]]


class State:
    """One state of the world, with the answers that were worked out in it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.mark = object()  # for others to hold, without holding all the answers
        self.catalogue = catalogue
        self.maps = Maps(catalogue)
        self.members: Members = Recent(20_000, 500)
        self.verdicts: Recent[tuple[object, ...], Verdict] = Recent(4_000)
        self.expansions: Recent[tuple[str, Wish], Expansion] = Recent(60)
        self.chosen: Recent[tuple[str, Wish], Extent] = Recent(50)

    def composed(self, valueset: str | Tree) -> Composed:
        """A value set by canonical, or as it was sent along; raises as `Catalogue.composed` does, and
        Problem(invalid) for too much in one that was sent."""
        if isinstance(valueset, str):
            return self.catalogue.composed(valueset)
        sent.bounded(valueset)
        return Composed(valueset, self.catalogue, is_sent=True)


class Present:
    """What is at hand now. Threads may share it.

    Everything that is worked out belongs to one state of the world and goes with it: when a
    resource is written (`Artifacts.stamp`), when a release is loaded (seen within 50 ms), at midnight UTC.
    """

    def __init__(
        self,
        shipped: Place | None,
        record: Callable[[], Connection] | None = None,
        artifacts: Artifacts | None = None,
        *,
        units: Units | None = None,
        clock: Callable[[], int] = now,
    ) -> None:
        """`shipped` is the file that came with the program; `record` gives the calling thread's
        connection to the record's database; `units` knows UCUM; `clock` tells milliseconds since 1970."""
        self._shipped = Shipped(shipped) if shipped is not None else None
        self._record = record
        self._artifacts = artifacts
        self._units = units
        self._clock = clock
        self._loaded = Shelf("loaded", record().dialect, record) if record is not None else None
        shelves = [self._loaded] if self._loaded is not None else []
        if self._shipped is not None:
            shelves.append(Shelf("shipped", "sqlite", self._shipped.connection))
        self._shelves = shelves
        self._due = 0.0
        self._state = State(self._catalogue(None))

    def close(self) -> None:
        """Close the shipped file; nobody may ask any more."""
        if self._shipped is not None:
            self._shipped.close()

    def _catalogue(self, before: Catalogue | None) -> Catalogue:
        return Catalogue(self._shelves, self._artifacts, self._units, self._clock() // _DAY, before)

    def _now(self) -> State:
        """The present state of the world."""
        state = self._state
        is_moved = self._artifacts is not None and self._artifacts.stamp() != state.catalogue.stamp
        if not is_moved and time.monotonic() >= self._due:
            self._due = time.monotonic() + _LOOK
            is_moved = self._clock() // _DAY != state.catalogue.day or (
                self._loaded is not None and (self._loaded.stamp(),) != state.catalogue.stamps
            )
        if is_moved:
            state = self._state = State(self._catalogue(state.catalogue))
        return state

    def stamp(self) -> object:
        """Another object whenever an answer may have changed."""
        return self._now().mark

    def system(self, url: str, version: str | None = None) -> Standing | None:
        """The version of a code system that a question would get; None if it is not at hand."""
        catalogue = self._now().catalogue
        options = catalogue.options(url, version)
        return catalogue.standing(options[0], is_chosen=version is None) if options else None

    def systems(self) -> list[Standing]:
        """Every version of every code system at hand, by url, the chosen one first."""
        return self._now().catalogue.standings()

    def is_warm(self, system: str) -> bool:
        """Whether questions about a code system (`url` or `url|version`) are short, told without looking for it.

        False until it was asked about once since something changed: a CodeSystem of the record may be
        meant, and to read one of 60,000 concepts takes nearly a second. So ask about it in a thread.
        """
        return self._now().catalogue.is_warm(*split(system))

    def valueset(self, url: str, version: str | None = None) -> Tree | None:
        """The ValueSet resource, wherever it stands. Not to be changed."""
        return self._now().catalogue.tree("ValueSet", url, version)

    def structure(self, url: str) -> Tree | None:
        """The StructureDefinition of a canonical (`url` or `url|version`), wherever it stands: beside value sets
        the profiles and extensions of the standard are shipped. Not to be changed."""
        return self._now().catalogue.tree("StructureDefinition", *split(url))


def expect_few(given: Sequence[object], most: int, place: str) -> None:
    """Raise Problem(invalid) where a question names too many of something."""
    if len(given) > most:
        raise invalid(
            "too-costly", f"One question names at most {most} of these.", place=place, value=len(given),
            repair="Ask several questions.",
        )  # fmt: skip
