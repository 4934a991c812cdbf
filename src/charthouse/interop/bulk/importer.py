"""Importing: ready units in, resources in the record, every refusal accounted for, able to go on after a stop."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from charthouse.access.intake import Change, Intake, Marks, Stale, Standing, Unsettled, Written
from charthouse.base.errors import Problem, invalid
from charthouse.fhir.parameters import TYPE
from charthouse.fhir.resource import Tree
from charthouse.interop.bulk.overlay import contradictions
from charthouse.interop.bulk.ready import Candidate, Ready
from charthouse.interop.bulk.refused import Refused
from charthouse.interop.bulk.sources import Refusal

IN_FLIGHT = 3  # transactions on their way to the disk while the next is decided
ATTEMPTS = 20


@dataclass(slots=True)
class Totals:
    """What became of everything that was found; `found` is the sum of the four others."""

    found: int = 0
    created: int = 0
    versions: int = 0  # differing content under a known id became its next version
    equal: int = 0  # already there, or twice in the files, with the same content
    refused: int = 0
    by_type: Counter[str] = field(default_factory=Counter)

    def counts(self) -> tuple[int, ...]:
        """The numbers in the order in which a mark keeps them."""
        return self.found, self.created, self.versions, self.equal, self.refused

    def add(self, counts: Iterable[int]) -> None:
        """Add the numbers of a unit."""
        found, created, versions, equal, refused = counts
        self.found += found
        self.created += created
        self.versions += versions
        self.equal += equal
        self.refused += refused


@dataclass(slots=True)
class _Decided:
    """A unit as it was decided, on its way to the disk."""

    ready: Ready
    attempt: int
    totals: Totals = field(default_factory=Totals)
    changes: dict[tuple[str, str], Change] = field(default_factory=dict)
    refusals: list[tuple[Candidate, Problem]] = field(default_factory=list)
    future: Future[list[Written]] | None = None


class Importer:
    """Writes units in the order they come; a refused Patient takes along all that refers to it."""

    def __init__(
        self,
        intake: Intake,
        marks: Marks,
        refused: Refused,
        progress: Callable[[Totals, int], None] = lambda totals, size: None,
    ) -> None:
        self._intake = intake
        self._marks = marks
        self._refused = refused
        self._progress = progress
        self._waiting: deque[_Decided] = deque()
        self._foreign: set[str] = set()  # `Patient/id` of those refused as possible overlays
        self.totals = Totals()
        self.overlays: dict[str, list[str]] = {}

    def run(self, units: Iterable[Ready]) -> Totals:
        """Import every unit and return the totals. Raises only when the record itself cannot go on."""
        for ready in units:
            if self.skip(ready):
                continue
            self._start(_Decided(ready, 1))
            while len(self._waiting) >= IN_FLIGHT:
                self._settle()
        while self._waiting:
            self._settle()
        return self.totals

    def skip(self, ready: Ready) -> bool:
        """Whether an earlier, stopped run finished this unit; its numbers are then added."""
        done = self._marks.get(ready.unit)
        if done is not None:
            self.totals.add(done)
            self._progress(self.totals, ready.size)
        return done is not None

    def note(self, ready: Ready, refusals: Sequence[tuple[Candidate, Problem]]) -> None:
        """Put down what is refused of a unit: before the unit is marked as done, so that a stop loses none."""
        for candidate, problem in refusals:
            self._refused.candidate(ready, candidate, problem)
        if refusals:
            self._refused.keep()

    def account(self, ready: Ready, totals: Totals) -> None:
        """Count what became of a unit that is done."""
        self.totals.add(totals.counts())
        self.totals.by_type.update(totals.by_type)
        self._progress(self.totals, ready.size)

    def meet(self, patients: Iterable[Candidate]) -> None:
        """Look at Patients before anything that may refer to them is written."""
        known = list(patients)
        standings = self._intake.standing({("Patient", one.id) for one in known})
        for one in known:
            self._compare(one, standings.get(("Patient", one.id)))

    def refuse(self, refusal: Refusal) -> None:
        """Account for a document that could not be read, or not to its end."""
        self.totals.add((1, 0, 0, 0, 1))
        place = f"line {refusal.line}" if refusal.line else "file"
        self._refused.write(refusal.name, refusal.line, place, refusal.problem, refusal.taken)

    def _start(self, unit: _Decided) -> None:
        """Decide what to write and hand it to the writer."""
        self._decide(unit)
        unit.totals.refused = len(unit.refusals)
        unit.totals.found = len(unit.ready.candidates)
        self.note(unit.ready, unit.refusals)
        mark = self._marks.statement(unit.ready.unit, unit.totals.counts())
        unit.future = self._intake.submit(
            list(unit.changes.values()), request=unit.ready.unit[:12], mark=mark
        )
        self._waiting.append(unit)

    def _settle(self) -> None:
        """Wait for the oldest unit; decide it again if the record moved on meanwhile."""
        unit = self._waiting.popleft()
        try:
            if unit.future is not None:
                unit.future.result()
        except Stale:
            if unit.attempt >= ATTEMPTS:
                raise
            self._start(_Decided(unit.ready, unit.attempt + 1))
            return
        except Unsettled as failure:
            for one in unit.ready.candidates:
                if (one.type, one.id) == (TYPE, failure.id):
                    one.problem = failure
            self._start(_Decided(unit.ready, unit.attempt))
            return
        self.account(unit.ready, unit.totals)

    def _decide(self, unit: _Decided) -> None:
        candidates = unit.ready.candidates
        standings = self._intake.standing(
            {(one.type, one.id) for one in candidates if one.prepared is not None}
        )
        people: dict[str, Tree] = {}
        for one in candidates:
            if one.type == "Patient" and one.prepared is not None and one.tree is not None:
                holder = people.setdefault(one.id, one.tree)
                self._compare(one, standings.get(("Patient", one.id)), holder)
        for one in candidates:
            problem = one.problem or self._overlaid(one)
            if problem is not None:
                unit.refusals.append((one, problem))
            else:
                self._place(one, standings.get((one.type, one.id)), unit)

    @staticmethod
    def _place(one: Candidate, standing: Standing | None, unit: _Decided) -> None:
        """Create it, make it the next version, or do nothing for equal content."""
        prepared, name, totals = one.prepared, (one.type, one.id), unit.totals
        if prepared is None:
            raise ValueError("a candidate without a problem is prepared")
        totals.by_type[one.type] += 1
        earlier = unit.changes.get(name)
        if earlier is not None and earlier.prepared is not None:
            if earlier.prepared.digest != prepared.digest:
                raise ValueError("a unit holds one content of a resource")
            totals.equal += 1
        elif standing is None or standing.deleted:
            unit.changes[name] = Change("PUT", one.type, one.id, prepared, expected=0)
            totals.created += 1
        elif standing.equals(prepared):
            totals.equal += 1
        else:
            unit.changes[name] = Change("PUT", one.type, one.id, prepared, expected=standing.version)
            totals.versions += 1

    def _compare(self, one: Candidate, standing: Standing | None, holder: Tree | None = None) -> None:
        """Note a Patient that contradicts whoever holds its id: the stored one, else the first of this unit."""
        if standing is not None and standing.stored is not None and not standing.deleted:
            holder = standing.stored.tree
        if holder is None or one.tree is None or holder is one.tree:
            return
        found = contradictions(holder, one.tree)
        if found:
            self._foreign.add(f"Patient/{one.id}")
            self.overlays[f"Patient/{one.id}"] = found
            one.problem = invalid(
                "business-rule",
                f"Possible overlay: this id is another person's here; {' and '.join(found)} contradict.",
                place="Patient", value=one.id,
                repair="If it is the same person, correct the chart first; if not, import with --new-ids.",
            )  # fmt: skip

    def _overlaid(self, one: Candidate) -> Problem | None:
        """The reason to refuse what refers to a refused Patient."""
        hit = next((text for text in one.patients if text in self._foreign), None) if self._foreign else None
        if hit is None:
            return None
        return invalid(
            "business-rule", "It refers to a Patient that was refused as a possible overlay.",
            place=one.type, value=hit, repair="Settle the Patient first, or import this source with --new-ids.",
        )  # fmt: skip
