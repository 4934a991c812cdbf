"""Weighs how well a concept answers a question: what its names say of it, and what they say beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from charthouse.terminology.find.cost import Name
from charthouse.terminology.find.lexicon import Entry, Lexicon
from charthouse.terminology.find.question import Question, Unit
from charthouse.terminology.find.sight import Sight

# What a concept gains and loses, found by trying on the half of the phrases that may be tuned on.
FOUND: Final = 2.0  # for each word of the question, times what it weighs
ASIDE: Final = 0.15  # what a word weighs that may help but is not missed
BEYOND: Final = 0.5  # for each word of a name that was not asked for, times its cost
CLASH: Final = 1.6  # where one says "with" and the other "without"
WHOLE: Final = 1.0  # where a name says all that was asked for and nothing else
CONTAINED: Final = 0.8  # where all that a name says was asked for, but more was
USUAL: Final = 0.4  # times how common the code is
HEADING: Final = 1.5
SIDE: Final = 2.5  # the other side than was asked for
NO_SIDE: Final = 0.2  # no side, where one was asked for
ONE_SIDE: Final = 0.4  # a side, where none was asked for
ENCOUNTER: Final = 2.0
ABOVE: Final = 0.3  # of a word that only the heading of a category, section or chapter has
LESS: Final = 0.5  # of the cost of a less usual reading

_KINDRED: Final = frozenset({"AB", "BA", "DF", "FD"})  # encounters that are nearly the same
_ALL: Final = 0.9  # of what a question says is taken as all of it


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


_Names = tuple[tuple[Entry, _Taste, float, str], ...]  # each with the concept that has it, and its worth


class _Part(NamedTuple):
    """A unit of the question: its weight, and for each reading its cost and its words with their shares."""

    weight: float
    is_aside: bool
    readings: tuple[tuple[float, tuple[tuple[int, float], ...]], ...]


class Scale:
    """Weighs concepts against one question."""

    def __init__(self, question: Question, lexicon: Lexicon, near: Mapping[int, Entry]) -> None:
        """`near` has the concepts that will be weighed and all above them, by id."""
        self._question = question
        self._lore = lexicon.lore
        self._near = near
        self._targets: dict[str, list[tuple[int, float, bool]]] = {}
        self._numbers = 0
        self._parts = [self._part(unit) for unit in question.units]
        self._sight = Sight(self._targets)
        self._asked = sum(part.weight for part in self._parts if not part.is_aside)
        self._terms: dict[int, _Names] = {}
        self._headings: dict[int, Mapping[int, float]] = {}

    def _part(self, unit: Unit) -> _Part:
        readings: list[tuple[float, tuple[tuple[int, float], ...]]] = []
        for option in unit.options:
            whole = sum(word.weight for word in option.words)
            words: list[tuple[int, float]] = []
            for word in option.words:
                for stem, cost in word.accepts.items():
                    self._targets.setdefault(stem, []).append((self._numbers, cost, word.is_denied))
                words.append((self._numbers, word.weight / whole))
                self._numbers += 1
            readings.append((option.cost * LESS, tuple(words)))
        return _Part(ASIDE if unit.is_aside else unit.weight, unit.is_aside, tuple(readings))

    def weigh(self, entry: Entry) -> Weighed:
        """The merit of a concept: that of its best name."""
        usual = USUAL * self._lore.weight(entry.concept.code)
        own = self._taste(entry.name)
        own = own._replace(found=_joined(self._headed(entry.concept.parent), own.found))
        best, term = self._merit(own, usual), ""
        for above, taste, worth, text in self._names(entry.concept.id):
            beyond = taste.beyond
            if above is not entry:
                beyond += self._further(entry.name, above.name)
            if beyond >= own.beyond and taste.found.keys() <= own.found.keys():
                continue  # says no more than the display
            both = _Taste(_joined(own.found, taste.found), beyond, max(taste.clash, own.clash))
            merit = self._merit(both, usual) - worth
            if merit > best:
                best, term = merit, text
        return Weighed(best - self._amiss(entry), entry, term)

    def _merit(self, taste: _Taste, usual: float) -> float:
        """What a text is worth. That a code is common counts as far as the words asked for are all there."""
        merit = got = 0.0
        found = taste.found
        for weight, is_aside, readings in self._parts:
            best = 0.0
            for cost, words in readings:
                share = -cost
                for number, part in words:
                    if number in found:
                        share += part * (1 - found[number])
                if share > best:
                    best = share
            merit += weight * best
            if not is_aside:
                got += weight * best
        share = got / self._asked if self._asked else 1.0
        merit = FOUND * merit - BEYOND * taste.beyond - CLASH * taste.clash
        if not taste.clash:
            whole = WHOLE if share >= _ALL else CONTAINED * share
            merit += whole * max(0.0, 1 - 2 * taste.beyond)
        return merit + (usual * share * share if usual > 0 else usual)

    def _amiss(self, entry: Entry) -> float:
        """What is subtracted whatever name was found: for a heading, a wrong side, a wrong encounter."""
        heading = 0.0 if entry.concept.is_selectable and entry.concept.is_active else HEADING
        return heading + self._wrong_side(entry.name) + self._wrong_encounter(entry.name)

    def _wrong_side(self, name: Name) -> float:
        asked = self._question.side
        if not asked:
            return ONE_SIDE if name.side else 0.0
        if not name.side:
            return NO_SIDE
        return 0.0 if name.side == asked else SIDE

    def _wrong_encounter(self, name: Name) -> float:
        asked = self._question.encounter or "A"
        if name.encounter == asked:
            return -ENCOUNTER / 2 if asked in {"D", "S"} else 0.0
        if not name.encounter:
            return ENCOUNTER / 4 if self._question.encounter else 0.0
        return ENCOUNTER / 2 if name.encounter + asked in _KINDRED else ENCOUNTER

    def _names(self, id: int) -> _Names:
        """The further names of a concept and of all above it that have a word of the question."""
        held = self._terms.get(id)
        if held is None:
            entry = self._near.get(id)
            if entry is None:
                return ()
            tasted = (
                (entry, self._taste(term.name), term.worth, term.text)
                for term in entry.terms if self._sight.is_in(term.text)
            )  # fmt: skip
            own = tuple(each for each in tasted if each[1].found)
            held = self._terms[id] = own + self._names(entry.concept.parent)
        return held

    def _headed(self, id: int) -> Mapping[int, float]:
        """The words of the question that stand in the displays of a concept and of all above it."""
        held = self._headings.get(id)
        if held is None:
            entry = self._near.get(id)
            if entry is None:
                return {}
            own: Mapping[int, float] = {}
            if self._sight.is_in(entry.concept.display):
                own = {number: worth + ABOVE for number, worth in self._taste(entry.name).found.items()}
            held = self._headings[id] = _joined(self._headed(entry.concept.parent), own)
        return held

    def _taste(self, name: Name) -> _Taste:
        found: dict[int, float] = {}
        beyond = clash = 0.0
        for word, cost in name.costs.items():
            targets = self._targets.get(word)
            if targets is None:
                beyond += cost
                continue
            is_denied = word in name.denied
            worst = 0.0
            for number, worth, denies in targets:
                if denies == is_denied:
                    found[number] = min(worth, found.get(number, worth))
                    worst = -1.0
                elif worst >= 0:
                    worst = max(worst, 1.0 if denies else 0.5)
            clash += max(0.0, worst)
        return _Taste(found, beyond, clash)

    def _further(self, name: Name, above: Name) -> float:
        """What a display says beyond that of a concept above it and beyond the question."""
        return sum(
            cost for word, cost in name.costs.items() if word not in above.costs and word not in self._targets
        )


def _joined(one: Mapping[int, float], other: Mapping[int, float]) -> Mapping[int, float]:
    if not one:
        return other
    joined = dict(one)
    for number, worth in other.items():
        joined[number] = min(worth, joined.get(number, worth))
    return joined
