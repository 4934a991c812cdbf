"""Making documents ready to be written (parsed, linked, checked, indexed) without a database, in any process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from charthouse.access.preparer import Prepared
from charthouse.base.errors import Problem, invalid
from charthouse.fhir import xml
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.resource import Tree, parse
from charthouse.interop.bulk.arrivals import Arrival, arrivals
from charthouse.interop.bulk.overlay import contradictions
from charthouse.interop.bulk.sources import Document

LINES = 250  # of NDJSON that make one transaction


@dataclass(slots=True)
class Candidate:
    """One resource that wants in, ready or refused. `patients` are the Patients it refers to.

    `tree` is kept for Patients only, whose identity must be compared. `line` and `index` tell
    where its original bytes are.
    """

    type: str
    id: str
    place: str
    line: int
    index: int
    patients: tuple[str, ...] = ()
    tree: Tree | None = None
    prepared: Prepared | None = None
    problem: Problem | None = None


@dataclass(slots=True)
class Ready:
    """A unit of work: what one transaction writes.

    `size` is its share of the packed bytes; `content` is what it came in, after `first` lines of its file.
    """

    unit: str
    source: str
    content: bytes
    size: int
    candidates: list[Candidate]
    first: int = 0


class Kitchen:
    """Turns documents into units for one kind of import."""

    def __init__(
        self, definitions: Definitions, prepare: Callable[[Tree, str], Prepared], new_ids: str | None = None
    ) -> None:
        self._definitions = definitions
        self._prepare = prepare
        self._new_ids = new_ids

    def units(self, document: Document) -> Iterator[Ready]:
        """The units of a document; each resource that cannot be read or is unsound carries its problem."""
        if not document.is_lines:
            candidates = self._candidates(document.content, 0, document.is_xml)
            unit = unit_name(document, 0)
            yield from _apart(Ready(unit, document.name, document.content, document.size, candidates))
            return
        lines = document.content.split(b"\n")
        share = max(1, document.size * LINES // max(1, len(lines)))
        for start in range(0, len(lines), LINES):
            part = lines[start : start + LINES]
            found = [
                candidate
                for number, line in enumerate(part, document.first + start + 1) if line.strip()
                for candidate in self._candidates(line, number, False)
            ]  # fmt: skip
            if found:
                unit = unit_name(document, document.first + start)
                ready = Ready(unit, document.name, document.content, share, found, document.first)
                yield from _apart(ready)

    def patients(self, document: Document) -> list[Candidate]:
        """Only the Patients of a document, unprepared, for a first look at who arrives."""
        parts = enumerate(document.content.split(b"\n"), 1) if document.is_lines else [(0, document.content)]
        found: list[Candidate] = []
        for line, content in parts:
            if document.is_lines and b'"Patient"' not in content:
                continue
            try:
                tree = xml.from_xml(content, self._definitions) if document.is_xml else parse(content)
                arrived = arrivals(tree, line, self._definitions, self._new_ids)
            except (Problem, RecursionError):
                continue  # it is refused, with its reason, when its turn comes
            found += [
                Candidate("Patient", one.id, one.place, line, one.index, tree=one.tree)
                for one in arrived if one.type == "Patient" and one.problem is None
            ]  # fmt: skip
        return found

    def _candidates(self, content: bytes, line: int, is_xml: bool) -> list[Candidate]:
        try:
            tree = xml.from_xml(content, self._definitions) if is_xml else parse(content)
            found = arrivals(tree, line, self._definitions, self._new_ids)
        except Problem as problem:
            return [Candidate("", "", f"line {line}" if line else "file", line, -1, problem=problem)]
        except RecursionError:
            deep = invalid("structure", "The content is nested too deeply.")
            return [Candidate("", "", f"line {line}" if line else "file", line, -1, problem=deep)]
        return [self._candidate(arrival, line) for arrival in found]

    def _candidate(self, arrival: Arrival, line: int) -> Candidate:
        candidate = Candidate(
            arrival.type,
            arrival.id,
            arrival.place,
            line,
            arrival.index,
            arrival.patients,
            problem=arrival.problem,
        )
        if arrival.problem is None:
            try:
                candidate.prepared = self._prepare(arrival.tree, arrival.type)
                candidate.prepared.kept = b""  # it need not cross between processes
            except Problem as problem:
                candidate.problem = problem
            except RecursionError:
                candidate.problem = invalid("structure", "The resource is nested too deeply.")
        if arrival.type == "Patient":
            candidate.tree = arrival.tree
        return candidate


def _apart(ready: Ready) -> Iterator[Ready]:
    """`ready` in as many parts as it takes for no resource to come twice with different content in one,
    so that each content becomes a version of its own. (Patients who contradict each other stay
    together: they are refused with all that refers to them.)"""
    whole, start, parts = ready.candidates, 0, 0
    seen: dict[tuple[str, str], Candidate] = {}
    for index, one in enumerate(whole):
        if one.prepared is None:
            continue
        earlier = seen.setdefault((one.type, one.id), one)
        if (
            earlier.prepared is None
            or earlier.prepared.digest == one.prepared.digest
            or _strangers(earlier, one)
        ):
            continue
        yield replace(ready, unit=f"{ready.unit}/{parts}", size=0, candidates=whole[start:index])
        seen, start, parts = {(one.type, one.id): one}, index, parts + 1
    yield replace(ready, candidates=whole[start:]) if parts else ready


def _strangers(earlier: Candidate, one: Candidate) -> bool:
    return earlier.tree is not None and one.tree is not None and bool(contradictions(earlier.tree, one.tree))


def unit_name(document: Document, part: int) -> str:
    """The name under which a unit is known when an import goes on after a stop."""
    return hashlib.sha256(document.content + f"\n{document.name}\n{part}".encode()).hexdigest()
