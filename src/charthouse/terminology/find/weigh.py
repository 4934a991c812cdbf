"""Weighs how well a concept answers a question: what its names say of it, and what they say beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from charthouse.terminology.find.cost import Name
from charthouse.terminology.find.lexicon import OWN, Entry, Lexicon
from charthouse.terminology.find.question import Question

# What a concept gains and loses, found by trying on the half of the phrases that may be tuned on.
_FOUND: Final = 2.0  # for each word of the question, times what it weighs
_BEYOND: Final = 0.5  # for each word of a name that was not asked for, times its cost
_ASIDE: Final = 0.15  # for a word that may help but is not missed
_CLASH: Final = 1.6  # where one says "with" and the other "without"
_USUAL: Final = 0.4  # times how common the code is
_HEADING: Final = 1.5
_SIDE: Final = 2.5  # the other side than was asked for
_NO_SIDE: Final = 0.3  # no side, where one was asked for
_ONE_SIDE: Final = 0.4  # a side, where none was asked for
_ENCOUNTER: Final = 2.0


class Weighed(NamedTuple):
    """A concept with its merit, and the text by which it was found: empty for its display."""

    merit: float
    entry: Entry
    term: str


class _Taste(NamedTuple):
    """What a text has of a question: by number of the word what is subtracted for it; what it says beyond; clashes."""

    found: Mapping[int, float]
    beyond: float
    clash: float


class Scale:
    """Weighs concepts against one question."""

    def __init__(self, question: Question, lexicon: Lexicon, near: Mapping[int, Entry]) -> None:
        """`near` has the concepts that will be weighed and all above them, by id."""
        self._question = question
        self._lexicon = lexicon
        self._near = near
        self._index: dict[str, list[tuple[int, float, bool]]] = {}
        self._units: list[tuple[float, bool, list[tuple[float, list[tuple[int, float]]]]]] = []
        self._terms: dict[int, list[tuple[_Taste, float, str]]] = {}
        number = 0
        for unit in question.units:
            options: list[tuple[float, list[tuple[int, float]]]] = []
            for option in unit.options:
                words: list[tuple[int, float]] = []
                for word in option.words:
                    for stem, cost in word.accepts.items():
                        self._index.setdefault(stem, []).append((number, cost, word.is_denied))
                    words.append((number, word.weight))
                    number += 1
                options.append((option.cost, words))
            self._units.append((_ASIDE if unit.is_aside else unit.weight, unit.is_aside, options))

    def weigh(self, entry: Entry) -> Weighed:
        """The merit of a concept: that of its best name."""
        own = self._taste(entry.name)
        best, term = self._merit(own.found) - _BEYOND * own.beyond - _CLASH * own.clash - OWN, ""
        for above, taste, worth, text in self._names(entry):
            found = _both(own.found, taste.found)
            beyond = taste.beyond
            if above is not entry:
                beyond += self._further(entry.name, above.name)
            merit = self._merit(found) - _BEYOND * beyond - _CLASH * max(taste.clash, own.clash) - worth
            if merit > best:
                best, term = merit, text
        return Weighed(best + self._apart(entry), entry, term)

    def _apart(self, entry: Entry) -> float:
        """What counts whatever name was found: how common it is, a heading, side and encounter."""
        merit = _USUAL * self._lexicon.lore.weight(entry.concept.code)
        if not entry.concept.is_selectable:
            merit -= _HEADING
        return merit - self._wrong_side(entry.name) - self._wrong_encounter(entry.name)

    def _wrong_side(self, name: Name) -> float:
        asked = self._question.side
        if not asked:
            return _ONE_SIDE if name.side else 0.0
        if not name.side:
            return _NO_SIDE
        return 0.0 if name.side == asked else _SIDE

    def _wrong_encounter(self, name: Name) -> float:
        asked = self._question.encounter or "A"
        if name.encounter == asked:
            return 0.0
        if not name.encounter:
            return 0.5 if self._question.encounter else 0.0
        if {name.encounter, asked} in ({"A", "B"}, {"D", "F"}):
            return 0.8
        return _ENCOUNTER

    def _names(self, entry: Entry) -> list[tuple[Entry, _Taste, float, str]]:
        """The further names of a concept and of all above it that have a word of the question."""
        found: list[tuple[Entry, _Taste, float, str]] = []
        above: Entry | None = entry
        while above is not None:
            id = above.concept.id
            held = self._terms.get(id)
            if held is None:
                tasted = ((self._taste(name), worth, text) for text, name, worth in above.terms)
                held = self._terms[id] = [each for each in tasted if each[0].found]
            found.extend((above, *each) for each in held)
            above = self._near.get(above.concept.parent)
        return found

    def _taste(self, name: Name) -> _Taste:
        found: dict[int, float] = {}
        beyond = clash = 0.0
        for word, cost in name.costs.items():
            targets = self._index.get(word)
            if targets is None:
                beyond += cost
                continue
            is_denied = word in name.denied
            worst = 0.0
            for number, worth, denies in targets:
                if denies == is_denied:
                    found[number] = min(worth, found.get(number, worth))
                    worst = -9.0
                else:
                    worst = max(worst, 1.0 if denies else 0.5)
            clash += max(0.0, worst)
        return _Taste(found, beyond, clash)

    def _further(self, name: Name, above: Name) -> float:
        """What a display says beyond that of a concept above it and beyond the question."""
        return sum(
            cost for word, cost in name.costs.items() if word not in above.costs and word not in self._index
        )

    def _merit(self, found: Mapping[int, float]) -> float:
        merit = 0.0
        for weight, _, options in self._units:
            best = 0.0
            for cost, words in options:
                whole = got = 0.0
                for number, share in words:
                    whole += share
                    worth = found.get(number)
                    if worth is not None:
                        got += share * (1 - worth)
                if got:
                    best = max(best, got / whole - cost * 0.5)
            merit += weight * best
        return _FOUND * merit


def _both(one: Mapping[int, float], other: Mapping[int, float]) -> Mapping[int, float]:
    if not one:
        return other
    joined = dict(one)
    for number, worth in other.items():
        joined[number] = min(worth, joined.get(number, worth))
    return joined
