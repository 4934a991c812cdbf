"""Reads what somebody typed: as words to look for, the side and the encounter taken out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from charthouse.terminology.find.cost import DENIES, DENIES_NEXT, SIDES
from charthouse.terminology.find.lexicon import Lexicon
from charthouse.terminology.find.pieces import Piece, pieces
from charthouse.terminology.find.words import EMPTY, fold, split, stem

WORDS: Final = 16  # so many words of a long question are read
UNITS: Final = 12  # and so many things in it looked for

_SAME: Final = 0.08  # what is subtracted for a word that means the same
_OTHER: Final = 0.25  # what each less usual reading costs more
_AS_IS: Final = 0.2  # what it costs at most to take an abbreviation as a word
_DENIED: Final = 0.3  # of the weight of a word that is said not to hold: many names do not mention it
_SOFT_SHARE: Final = 0.35  # of the weight of a word that most names could have

_SOFT_WORDS: Final = "type disease disorder syndrome condition encounter mellitus"
# words that may help to choose between codes, but whose absence says nothing
_ASIDE_WORDS: Final = """
patient complaint complain present presents evaluation eval noted likely probable possible suspected new onset
today visit time times since all when after before during while him her status post current encounter initial
subsequent healing healed follow up stable controlled known symptom year week month day hour lot some very really
always getting got gets feels feeling feel cannot cant wont not unspecified nos problem problems issue issues
recent now still again ongoing continued clinic office both each side us me i am are been being did do does had he
she they you your this that these those use
"""
_INJURY_WORDS: Final = "fracture sprain strain laceration contusion burn injury dislocation wound concussion"
_LONG_WORDS: Final = "mo mos month months y yr yrs year years"

_SOFT: Final = frozenset(map(stem, _SOFT_WORDS.split()))
_ASIDE: Final = frozenset(map(stem, _ASIDE_WORDS.split()))
_INJURIES: Final = frozenset(map(stem, _INJURY_WORDS.split()))
_LONG: Final = frozenset(_LONG_WORDS.split())
_ENCOUNTERS: Final = {
    "initial": "A", "subsequent": "D", "healing": "D", "healed": "D", "sequela": "S", "sequelae": "S",
}  # fmt: skip
_LASTED: Final = re.compile(
    r"\b(?:x|for|times)\s*(?:the (?:last|past)\s*)?\d+\s*(?:\+\s*)?"
    r"(d|days?|hrs?|hours?|w|wks?|weeks?|mos?|months?|y|yrs?|years?)\b"
)
_AGED: Final = re.compile(
    r"\b\d{1,3}\s*(?:yo|y/o|y\.o\.?|yr old|yrs old|years? old|year-old)\b\s*(?:[mf]\b)?"
)


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
    """Some words of the question that belong together. `said` is as typed; `told` says how it was read.

    With `is_aside` it may help to choose, but is not missed.
    """

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

    def stems(self) -> set[str]:
        """Every stem that counts as some word of it."""
        words = (word for unit in self.units for option in unit.options for word in option.words)
        return {each for word in words for each in word.accepts}


def ask(text: str, lexicon: Lexicon) -> Question:
    """Read a question."""
    text = fold(text)
    is_long = any(match[1] in _LONG for match in _LASTED.finditer(text))
    text = _AGED.sub(" ", _LASTED.sub(" ", text))
    question = Question([])
    denial = _Denial()
    for piece in pieces(split(text)[:WORDS], lexicon, _ASIDE):
        if denial.takes(piece) or _controls(question, piece.meanings[0]):
            continue
        unit = _unit(piece, lexicon, is_denied=denial.next())
        if unit is not None and len(question.units) < UNITS:
            question.units.append(unit)
    _settle(question)
    if is_long:
        chronic = _wanted("chronic", lexicon, is_denied=False)
        question.units.append(Unit("", [Option((chronic,), 0.0)], is_aside=True))
    return question


class _Denial:
    """Follows which words of a question are said not to hold: the next one, and what "of" or "or" joins to it."""

    def __init__(self) -> None:
        self._state = ""

    def takes(self, piece: Piece) -> bool:
        """Whether a piece is a small word that only says how others stand."""
        if len(piece.meanings) > 1 or len(piece.meanings[0]) > 1:
            return False
        word = piece.meanings[0][0] if piece.meanings[0] else ""
        if word in DENIES or word in DENIES_NEXT:
            self._state = "on"
        elif word == "with":
            self._state = ""
        elif word in {"of", "or", "and"} and self._state == "past":
            self._state = "on"
        return word in DENIES or word in DENIES_NEXT or word in EMPTY or not word

    def next(self) -> bool:
        """Whether the word that comes now is denied."""
        is_denied = self._state == "on"
        self._state = "past" if is_denied else ""
        return is_denied


def _controls(question: Question, meaning: tuple[str, ...]) -> bool:
    """Take in words that tell the side or the encounter; whether nothing else was said by them."""
    sides = {word for word in meaning if word in SIDES or word == "both"}
    if sides:
        seen = sides | ({question.side} if question.side else set())
        question.side = "bilateral" if len(seen) > 1 or "both" in seen else next(iter(seen))
    for word in meaning:
        question.encounter = _ENCOUNTERS.get(word, question.encounter)
    return bool(sides) and len(sides) == len(meaning)


def _settle(question: Question) -> None:
    """Tell the encounter where an injury is followed up, or a fracture is open."""
    stems = question.stems()
    if not question.encounter and stems & _INJURIES and "follow" in stems:
        question.encounter = "D"
    for unit in question.units:
        if unit.said == "open" and stem("fracture") in stems and question.encounter in {"", "A"}:
            question.encounter = "B"
            unit.is_aside = True  # it stands among the words for the encounter


def _unit(piece: Piece, lexicon: Lexicon, *, is_denied: bool) -> Unit | None:
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
                words.append(_wanted(word, lexicon, is_denied=is_denied or bool(denies), slips=piece.slips))
                denies = denies if denies in DENIES else ""
        if any(word.accepts for word in words):
            cost = number * _OTHER
            is_literal = " ".join(meaning) == piece.said
            options.append(Option(tuple(words), min(_AS_IS, cost) if is_literal else cost))
    if not options:
        return None
    return Unit(piece.said, options, all(stem(word) in _ASIDE for word in piece.meanings[0]), piece.told)


def _wanted(
    word: str, lexicon: Lexicon, *, is_denied: bool, slips: Sequence[tuple[str, float]] = ()
) -> Wanted:  # fmt: skip
    """A word with all that counts as it; `slips` are the stems that it may be where it was mended."""
    vocabulary = lexicon.vocabulary
    cut = stem(word)
    accepts: dict[str, float] = {}
    for begin, cost in slips or ((cut, 0.0),):
        for other in (begin, *lexicon.lore.same.get(begin, ())):
            worth = cost if other == begin else cost + _SAME
            if other in vocabulary:
                accepts[other] = min(worth, accepts.get(other, worth))
    held = sum(vocabulary[each] for each, cost in accepts.items() if cost <= _SAME) or 1
    weight = _weight(cut, held, lexicon.groups)
    return Wanted(accepts, weight * _DENIED if is_denied else weight, is_denied)


def _weight(cut: str, held: int, groups: int) -> float:
    """How much a word says: 2 where one group of codes has it, less the more of them have it."""
    weight = 2 * max(0.25, math.log(groups / min(held, groups)) / math.log(groups))
    return weight * _SOFT_SHARE if cut in _SOFT else weight
