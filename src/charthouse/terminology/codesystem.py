"""What the logic of value sets asks of a code system, whether it stands in tables or in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from charthouse.fhir.resource import Tree
from charthouse.terminology.concept import COMMENT, DEFINITION, Concept, Designation, Release
from charthouse.terminology.spans import Spans

COMPLETE: Final = "complete"  # R4 codesystem-content-mode: every code is at hand
PROSE: Final = frozenset({DEFINITION, COMMENT})  # designations that name nothing


class CodeSystem(Protocol):
    """One version of a code system. Its concepts have ids that follow each other along the hierarchy.

    `key` tells two of them apart. Asking for codes follows the case rule of the system
    (R4 CodeSystem.caseSensitive): where case does not matter the code as it is written wins.
    """

    @property
    def key(self) -> tuple[str, int]:
        """Where it stands, and its number there."""

    @property
    def release(self) -> Release:
        """Url, version and so on; `about` may be empty, see the method."""

    def about(self) -> Tree:
        """The CodeSystem resource without its concepts."""

    def all(self) -> Spans:
        """The ids of all concepts."""

    def find(self, code: str) -> Concept | None:
        """The concept with a code."""

    def found(self, codes: Sequence[str]) -> dict[str, Concept]:
        """The concepts of many codes, by code as asked."""

    def concepts(self, ids: Sequence[int]) -> dict[int, Concept]:
        """Concepts by id."""

    def walk(self, spans: Spans) -> Iterator[Concept]:
        """Concepts in the order of ids; many, so they are not held together."""

    def below(self, concept: Concept) -> Spans:
        """The concept itself and all below it, along every parent."""

    def above(self, concept: Concept) -> Spans:
        """The concept itself and all above it."""

    def parents(self, concept: Concept) -> list[Concept]:
        """Directly above, the main one first."""

    def children(self, concept: Concept, limit: int | None = None) -> list[Concept]:
        """Directly below, in the order of the system; the first `limit` of them."""

    def designations(self, ids: Sequence[int]) -> dict[int, list[Designation]]:
        """Other names by id, definition and comment among them."""

    def properties(self, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
        """Properties by id, without those that `parents`, `children` and flags tell."""

    def values(self, name: str) -> Iterator[tuple[int, str]]:
        """(id, value) of a property, for all concepts that have it."""

    def has_property(self, name: str) -> bool:
        """Whether any concept has a property."""

    def having(self, name: str, value: str) -> Spans:
        """The concepts whose property has a value."""

    def flagged(self, flag: int) -> Spans:
        """The concepts with a flag."""

    def named(self, words: Sequence[str], within: Spans) -> Spans:
        """The concepts in which each word (small letters) begins a word of the code or of one of its names."""


def is_named(words: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether each of `words` (small letters) begins some word of `texts`."""
    joined = " " + " ".join(split(" ".join(texts)))
    return all(f" {word}" in joined for word in words)


def split(text: str) -> list[str]:
    """The words of a text as they are compared: in small letters, marks at their edges left out."""
    words = (word.strip(".,;:()[]{}<>\"'!?") for word in text.lower().replace("/", " ").split())
    return [word for word in words if word]
