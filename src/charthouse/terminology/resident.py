"""A code system in memory: a CodeSystem resource of the record, numbered as the tables number theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology import deadline, reading
from charthouse.terminology.codesystem import PROSE, is_named
from charthouse.terminology.concept import Concept, Designation, Row
from charthouse.terminology.order import order
from charthouse.terminology.spans import Spans

PLACE = "resource"


class Resident:
    """One CodeSystem resource (see `codesystem.CodeSystem`). Does not change, so threads may share it.

    Making it reads the whole resource, nearly a second for 60,000 concepts: who has others waiting asks
    `Terminology.is_warm` first, and where it is not, asks about the code system in a thread.
    """

    def __init__(self, tree: Tree, number: int) -> None:
        """Raises Problem(invalid) for a code given twice, an unknown parent, a circle, a missing url."""
        self.tree = tree
        self.release = reading.release(tree)
        self.key = (PLACE, number)
        rows = reading.rows(tree)
        places = _places(rows, self.release.url)
        parents = [tuple(_parent(places, code, self.release.url) for code in row.parents) for row in rows]
        ordered = order(parents)
        self._rows = [rows[index] for index in ordered.walk]
        self._spans = {place + 1: spans for place, spans in ordered.spans.items()}
        self._parents = [[ordered.place[above] + 1 for above in parents[index]] for index in ordered.walk]
        self._children: dict[int, list[int]] = {}
        self._concepts: list[Concept] = []
        self._codes: dict[str, Concept] = {}
        for place, row in enumerate(self._rows):
            above = self._parents[place]
            concept = Concept(
                place + 1, row.code, row.display, row.flags, above[0] if above else 0, ordered.last[place] + 1
            )
            self._concepts.append(concept)
            self._codes[row.code] = concept
            for each in above:
                self._children.setdefault(each, []).append(concept.id)
        self._folded: dict[str, Concept] = {}
        if not self.release.case_sensitive:
            self._folded = {concept.code.casefold(): concept for concept in reversed(self._concepts)}

    def about(self) -> Tree:
        """The CodeSystem resource without its concepts."""
        return self.release.about

    def all(self) -> Spans:
        """The ids of all concepts."""
        return Spans(((1, len(self._concepts)),))

    def find(self, code: str) -> Concept | None:
        """The concept with a code."""
        found = self._codes.get(code)
        return self._folded.get(code.casefold()) if found is None and self._folded else found

    def found(self, codes: Sequence[str]) -> dict[str, Concept]:
        """The concepts of many codes, by code as asked."""
        return {code: concept for code in codes if (concept := self.find(code)) is not None}

    def concepts(self, ids: Sequence[int]) -> dict[int, Concept]:
        """Concepts by id."""
        return {id: self._concepts[id - 1] for id in ids}

    def walk(self, spans: Spans) -> Iterator[Concept]:
        """Concepts in the order of ids."""
        return (self._concepts[id - 1] for id in deadline.watched(spans.ids()))

    def below(self, concept: Concept) -> Spans:
        """The concept itself and all below it, along every parent."""
        further = ((low + 1, high + 1) for low, high in self._spans.get(concept.id, ()))
        return Spans(((concept.id, concept.last), *further))

    def above(self, concept: Concept) -> Spans:
        """The concept itself and all above it."""
        found: set[int] = set()
        new = {concept.id}
        while new:
            found |= new
            new = {above for id in new for above in self._parents[id - 1]} - found
        return Spans.of(found)

    def parents(self, concept: Concept) -> list[Concept]:
        """Directly above, the main one first."""
        return [self._concepts[id - 1] for id in self._parents[concept.id - 1]]

    def children(self, concept: Concept, limit: int | None = None) -> list[Concept]:
        """Directly below, in the order of the system; the first `limit` of them."""
        return [self._concepts[id - 1] for id in self._children.get(concept.id, ())[:limit]]

    def designations(self, ids: Sequence[int]) -> dict[int, list[Designation]]:
        """Other names by id, definition and comment among them."""
        return {id: list(names) for id in ids if (names := self._rows[id - 1].designations)}

    def properties(self, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
        """Properties by id."""
        return {id: list(found) for id in ids if (found := self._rows[id - 1].properties)}

    def values(self, name: str) -> Iterator[tuple[int, str]]:
        """(id, value) of a property, for all concepts that have it."""
        for place, row in enumerate(deadline.watched(self._rows)):
            for own, value in row.properties:
                if own == name:
                    yield place + 1, value

    def has_property(self, name: str) -> bool:
        """Whether any concept has a property."""
        return next(self.values(name), None) is not None

    def having(self, name: str, value: str) -> Spans:
        """The concepts whose property has a value."""
        return Spans.of(id for id, held in self.values(name) if held == value)

    def flagged(self, flag: int) -> Spans:
        """The concepts with a flag."""
        return Spans.of(concept.id for concept in self._concepts if concept.flags & flag)

    def named(self, words: Sequence[str], within: Spans) -> Spans:
        """The concepts in which each word begins a word of the code or of one of its names."""
        return Spans.of(id for id in deadline.watched(within.ids()) if is_named(words, self._names(id)))

    def _names(self, id: int) -> list[str]:
        row = self._rows[id - 1]
        return [row.display, *(each.text for each in row.designations if each.use not in PROSE), row.code]


def _places(rows: Sequence[Row], url: str) -> dict[str, int]:
    places: dict[str, int] = {}
    for index, row in enumerate(rows):
        if row.code in places:
            raise invalid(
                "duplicate", f"The code system {url} has a code twice.", place="CodeSystem.concept.code",
                value=row.code, repair="Keep one of the two.",
            )  # fmt: skip
        places[row.code] = index
    return places


def _parent(places: dict[str, int], code: str, url: str) -> int:
    if code not in places:
        raise invalid(
            "not-found", f"A concept of {url} names a parent that is not in it.",
            place="CodeSystem.concept.property", value=code, repair="Add the parent, or name another.",
        )  # fmt: skip
    return places[code]
