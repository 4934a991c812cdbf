"""Reads what somebody typed: abbreviations spelt out, slips mended, the side and the encounter taken out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from charthouse.terminology.find.cost import DENIES, DENIES_NEXT, SIDES
from charthouse.terminology.find.lexicon import Lexicon
from charthouse.terminology.find.spelling import SHORTEST
from charthouse.terminology.find.words import EMPTY, fold, split, stem

UNITS: Final = 12  # so much of a long question is looked at

_OFTEN: Final = 3  # groups of codes that have a word which is worth completing
_SAME, _STARTED, _SLIP, _OTHER, _AS_IS = 0.08, 0.15, 0.25, 0.25, 0.2  # what a less direct reading costs
_DENIED: Final = 0.3  # of the weight of a word that is said not to hold: many names do not mention it
_SOFT_WORDS: Final = "type disease disorder syndrome condition encounter mellitus"
# words that may help to choose between codes, but whose absence says nothing
_ASIDE_WORDS: Final = """
patient complaint complain present presents evaluation eval noted likely probable possible suspected new onset
today visit time times since all when after before during while him her status post current encounter initial
subsequent sequela follow up stable controlled known symptom year week month day hour lot some very really always
getting got gets feels feeling feel cannot cant wont not unspecified nos problem problems issue issues recent now
still again ongoing continued clinic office both each side us me i am are been being did do does had he she they
you your this that these those use
"""
_COUNTED_WORDS: Final = "stage type grade class bipolar level factor phase cin nyha ckd dm"
_LONG_WORDS: Final = "mo mos month months y yr yrs year years"
_PREFIX_WORDS: Final = "post pre non peri gastro broncho cardio musculo naso oro hypo pseudo micro"

_SOFT: Final = frozenset(map(stem, _SOFT_WORDS.split()))
_ASIDE: Final = frozenset(map(stem, _ASIDE_WORDS.split()))
_COUNTED: Final = frozenset(_COUNTED_WORDS.split())
_LONG: Final = frozenset(_LONG_WORDS.split())
_PREFIXES: Final = tuple(_PREFIX_WORDS.split())
_ORDINALS: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_LASTED: Final = re.compile(
    r"\b(?:x|for|times)\s*(?:the (?:last|past)\s*)?\d+\s*(?:\+\s*)?"
    r"(d|days?|hrs?|hours?|w|wks?|weeks?|mos?|months?|y|yrs?|years?)\b"
)
_AGED: Final = re.compile(r"\b\d{1,3}\s*(?:yo|y/o|y\.o\.?|yr old|yrs old|years? old|year-old)\b\s*(?:[mf]\b)?")


class Wanted(NamedTuple):
    """A word of a reading: the stems that count as it, each with what is subtracted for it, and what it weighs."""

    accepts: dict[str, float]
    weight: float
    is_denied: bool


class Option(NamedTuple):
    """One reading of a unit; `cost` is subtracted for a less usual one."""

    words: tuple[Wanted, ...]
    cost: float


@dataclass(slots=True)
class Unit:
    """Some words of the question that belong together. `said` is as typed; `told` says how it was read."""

    said: str
    options: list[Option]
    is_aside: bool = False
    told: str = ""

    @property
    def weight(self) -> float:
        """How much it says: the words of its first reading together, a long one counting less."""
        total = sum(word.weight for word in self.options[0].words)
        return total if total <= 2 else 2 + 0.4 * (total - 2)


@dataclass(slots=True)
class Question:
    """What is looked for. `side` and `encounter` as in `cost.Name`, empty where nothing was said."""

    units: list[Unit]
    side: str = ""
    encounter: str = ""


class _Piece(NamedTuple):
    """Some tokens in a row and what they may stand for, in plain words."""

    said: str
    meanings: tuple[tuple[str, ...], ...]
    told: str = ""
    slips: tuple[tuple[str, float], ...] = ()


class _Mended(NamedTuple):
    """A word as it was probably meant, its stem, and all that it may be (stems) with what each costs."""

    word: str
    stem: str
    slips: tuple[tuple[str, float], ...] = ()


def ask(text: str, lexicon: Lexicon) -> Question:
    """Read a question."""
    return _Reader(lexicon).read(text)


class _Reader:
    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._lore = lexicon.lore

    def read(self, text: str) -> Question:
        text = fold(text)
        is_long = any(match[1] in _LONG for match in _LASTED.finditer(text))
        text = _AGED.sub(" ", _LASTED.sub(" ", text))
        question = Question([])
        denies = ""
        tokens = split(text)
        for piece in self._pieces(tokens):
            meaning = piece.meanings[0]
            if len(piece.meanings) == 1 and len(meaning) == 1:
                word = meaning[0]
                if word in DENIES or word in DENIES_NEXT:
                    denies = word
                    continue
                if word == "with":
                    denies = ""
                    continue
                if word in {"of", "or", "and"} and denies == "still":
                    denies = "on"
                    continue
                if word in EMPTY:
                    continue
            if not self._controls(question, meaning):
                if denies == "still":
                    denies = ""
                unit = self._unit(piece, is_denied=bool(denies))
                if unit is not None and len(question.units) < UNITS:
                    question.units.append(unit)
                denies = "still" if denies else ""
        if is_long:
            question.units.append(Unit("", [Option((self._wanted("chronic", False),), 0.0)], is_aside=True))
        return question

    def _controls(self, question: Question, meaning: tuple[str, ...]) -> bool:
        """Take in words that tell the side or the encounter; whether nothing else was said by them."""
        sides = {word for word in meaning if word in SIDES or word == "both"}
        if sides:
            seen = sides | ({question.side} if question.side else set())
            question.side = "bilateral" if len(seen) > 1 or "both" in seen else next(iter(seen))
        for word in meaning:
            kind = {"initial": "A", "subsequent": "D", "sequela": "S", "sequelae": "S"}.get(word)
            if kind is not None:
                question.encounter = kind
        return bool(sides) and len(sides) == len(meaning)

    def _pieces(self, tokens: Sequence[str]) -> Iterator[_Piece]:
        """The question cut into abbreviations, phrases and single words, from the left, the longest first."""
        mended = [self._mended(tokens, place) for place in range(len(tokens))]
        stems = [each.stem for each in mended]
        place = 0
        while place < len(tokens):
            for count in range(min(4, len(tokens) - place), 0, -1):
                words = tuple(each.word for each in mended[place : place + count])
                known = self._lore.short.get(words) or self._lore.short.get(tuple(stems[place : place + count]))
                if known is None or (known.is_whole and count < len(tokens)):
                    continue
                said = " ".join(tokens[place : place + count])
                meanings = known.meanings
                if all(each in self._lexicon.vocabulary for each in stems[place : place + count]):
                    meanings = (*meanings, words)
                meant = " ".join(known.meanings[0])
                yield _Piece(said, meanings, f"{said} = {meant}" if meant != said else "")
                place += count
                break
            else:
                both = self._joined(tokens, place)
                if both:
                    yield _Piece(f"{tokens[place]} {tokens[place + 1]}", ((both,), (tokens[place], tokens[place + 1])))
                    place += 2
                    continue
                yield self._single(tokens, place, mended[place])
                place += 1

    @staticmethod
    def _counted(tokens: Sequence[str], place: int) -> bool:
        """Whether a letter there is a number, as in "stage iv"."""
        return tokens[place] in _ORDINALS and place > 0 and tokens[place - 1] in _COUNTED

    def _single(self, tokens: Sequence[str], place: int, mended: _Mended) -> _Piece:
        said, word, slips = tokens[place], mended.word, mended.slips
        if self._counted(tokens, place):
            return _Piece(said, ((_ORDINALS[said],), (said,)))
        if word != said or slips:
            return _Piece(said, (tuple(word.split()),), slips=slips)
        for prefix in _PREFIXES:
            rest = said[len(prefix) :]
            if said.startswith(prefix) and len(rest) > 3 and stem(rest) in self._lexicon.vocabulary:
                return _Piece(said, ((said,), (prefix, rest)))
        return _Piece(said, ((said,),))

    def _joined(self, tokens: Sequence[str], place: int) -> str:
        """Two words that are also written as one, e.g. "gall stones"."""
        if place + 1 == len(tokens):
            return ""
        one, other = tokens[place], tokens[place + 1]
        both = one + other
        is_word = both.isalpha() and len(both) >= 6 and min(len(one), len(other)) >= 2 and one not in EMPTY
        return both if is_word and stem(both) in self._lexicon.vocabulary else ""

    def _mended(self, tokens: Sequence[str], place: int) -> _Mended:
        """A word as it was probably meant."""
        word = tokens[place]
        cut = stem(word)
        if self._is_known(word, cut) or not word.isalpha():
            return _Mended(word, cut)
        begun = self._begun(word) if place == len(tokens) - 1 and len(word) >= 3 else []
        if begun and self._lexicon.vocabulary[begun[0]] >= _OFTEN:
            return _Mended(word, cut, tuple((each, _STARTED) for each in begun))
        if len(word) < SHORTEST:
            return _Mended(word, cut)
        parts = self._parts(word)
        near = self._lexicon.speller.near(word, cut)
        if parts and (not near or near[0].distance > 1.4):
            return _Mended(parts, cut)
        meant = {each.word: _SLIP * each.distance for each in near} | dict.fromkeys(begun, _STARTED)
        if not meant:
            return _Mended(word, cut)
        best = near[0].word if near else begun[0]
        return _Mended(best, best, tuple(meant.items()))

    def _is_known(self, word: str, cut: str) -> bool:
        lore = self._lore
        return (
            cut in self._lexicon.vocabulary or cut in lore.same or cut in lore.parts
            or word in EMPTY or word in SIDES or cut in _ASIDE or word in DENIES or word in DENIES_NEXT
        )  # fmt: skip

    def _begun(self, word: str) -> list[str]:
        """Words that begin so; the commonest."""
        found = [(-count, each) for each, count in self._lexicon.vocabulary.items() if each.startswith(word)]
        return [each for _, each in sorted(found)[:24]]

    def _parts(self, word: str) -> str:
        """Two known words of which `word` consists, with a space between; empty if there are none."""
        counts = self._lexicon.vocabulary
        best = 0, ""
        for cut in range(3, len(word) - 2):
            one, other = word[:cut], word[cut:]
            held = min(counts.get(stem(one), 0), counts.get(stem(other), 0))
            best = max(best, (held, f"{one} {other}"))
        return best[1] if best[0] else ""

    def _unit(self, piece: _Piece, *, is_denied: bool) -> Unit | None:
        """A piece as words to look for; None where nothing in it can be found."""
        options: list[Option] = []
        for number, meaning in enumerate(piece.meanings):
            words: list[Wanted] = []
            denies = ""
            for word in meaning:
                if word in DENIES or word in DENIES_NEXT:
                    denies = word
                elif word == "with":
                    denies = ""
                elif word not in EMPTY and word not in SIDES and word != "both":
                    words.append(self._wanted(word, is_denied or bool(denies), piece.slips))
                    denies = denies if denies in DENIES else ""
            if words:
                is_literal = " ".join(meaning) == piece.said
                options.append(Option(tuple(words), min(_AS_IS, number * _OTHER) if is_literal else number * _OTHER))
        options = [each for each in options if any(word.accepts for word in each.words)]
        if not options:
            return None
        is_aside = all(stem(word) in _ASIDE for word in piece.meanings[0])
        return Unit(piece.said, options, is_aside, piece.told)

    def _wanted(self, word: str, is_denied: bool, slips: Sequence[tuple[str, float]] = ()) -> Wanted:
        vocabulary = self._lexicon.vocabulary
        cut = stem(word)
        accepts: dict[str, float] = {}
        starts = slips or ((cut, 0.0),)
        for begin, cost in starts:
            accepts[begin] = min(cost, accepts.get(begin, 9.0))
            for other in self._lore.same.get(begin, ()):
                if other != begin:
                    accepts[other] = min(cost + _SAME, accepts.get(other, 9.0))
        accepts = {each: cost for each, cost in accepts.items() if each in vocabulary}
        held = sum(vocabulary[each] for each, cost in accepts.items() if cost <= _SAME) or 1
        weight = self._weight(cut, held)
        return Wanted(accepts, weight * _DENIED if is_denied else weight, is_denied)

    def _weight(self, cut: str, held: int) -> float:
        """How much a word says: 2 where one group of codes has it, less the more have it."""
        groups = self._lexicon.groups
        share = math.log(groups / min(held, groups)) / math.log(groups)
        weight = 2 * max(0.25, share)
        return weight * 0.35 if cut in _SOFT else weight
