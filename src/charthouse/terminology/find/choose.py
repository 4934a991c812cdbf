"""Chooses the concepts worth weighing: those that have the words asked for, the plain and the common first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import combinations, islice
from operator import and_, or_
from typing import Final

from charthouse.terminology.find.bits import holding, places
from charthouse.terminology.find.lexicon import Lexicon
from charthouse.terminology.find.question import Option, Question, Unit

LEAST: Final = 60  # concepts that are weighed for a few hits
MOST: Final = 100  # and for many
_PER_HIT: Final = 3  # of the concepts for one hit, for its sides and encounters are concepts of their own
_ENOUGH: Final = 40  # with so many that have all the words but one, those with fewer are left alone
_LEFT_OUT: Final = 3  # words that may be missing
_FEWER: Final = 30  # concepts taken of those that have all the words but some
_TRIED: Final = 30  # choices of words to leave out
_HEADINGS: Final = 24


def chosen(question: Question, lexicon: Lexicon, hits: int, *, only_billable: bool) -> list[int]:
    """Ids of the concepts that may answer a question with so many hits: LEAST to MOST at most."""
    most = max(LEAST, min(MOST, hits * _PER_HIT))
    units = [unit for unit in question.units if not unit.is_aside and not _is_denied(unit)]
    units = units or question.units
    wanted = {
        stem for unit in units for option in unit.options for word in option.words for stem in word.accepts
    }
    sets = lexicon.sets([*wanted, "right", "left", "bilateral"])
    known = [(unit.weight, bits) for unit in units if (bits := _unit(unit, sets))]
    known.sort()
    found: dict[int, None] = {}
    seen = 0
    for number, missing in enumerate(_missing(known)):
        bits = reduce(and_, (bits for place, (_, bits) in enumerate(known) if place not in missing))
        bits &= ~lexicon.later
        if only_billable:
            bits &= lexicon.selectable
        bits &= ~seen
        seen |= bits
        if not bits:
            continue
        room = most - len(found) if not number else min(most - len(found), _FEWER)
        found.update(dict.fromkeys(islice(_plainest(bits, lexicon, sets.get(question.side, 0)), room)))
        if len(found) >= most or (len(missing) > 1 and len(found) >= _ENOUGH):
            break
    ids = [lexicon.first + place for place in found]
    return _later(ids, lexicon, question.encounter) if question.encounter in {"D", "S"} else ids


def _later(ids: Sequence[int], lexicon: Lexicon, encounter: str) -> list[int]:
    """Concepts for a first encounter exchanged for those of the same injury at a further one; others as they are.

    In ICD-10-CM their codes differ in the last character only.
    """
    near = lexicon.entries(ids)
    codes = {
        id: near[id].concept.code[:-1] + encounter for id in ids if id in near and near[id].name.encounter == "A"
    }  # fmt: skip
    others = lexicon.system.found(list(codes.values()))
    return list(dict.fromkeys(others[codes[id]].id if codes.get(id) in others else id for id in ids))


def _plainest(bits: int, lexicon: Lexicon, side: int) -> Iterator[int]:
    """The places of a set: those of the side first, of them the common, then the plain; headings last."""
    rest = bits
    for half in (bits & side, bits & ~side) if side else (bits,):
        for tier in (lexicon.common, *lexicon.tiers):
            some = half & rest & tier
            if some:
                yield from places(some)
                rest &= ~some
    yield from islice(places(rest), _HEADINGS)


def _missing(known: Sequence[tuple[float, int]]) -> Iterator[tuple[int, ...]]:
    """Which units may be missing: none first, then those that say least."""
    if known:
        yield ()
    for count in range(1, min(_LEFT_OUT, len(known) - 1) + 1):
        several = combinations(range(len(known)), count)
        yield from sorted(several, key=lambda places: sum(known[place][0] for place in places))[:_TRIED]


def _unit(unit: Unit, sets: Mapping[str, int]) -> int:
    return reduce(or_, (_option(option, sets) for option in unit.options))


def _option(option: Option, sets: Mapping[str, int]) -> int:
    """The concepts that have all words of a reading; where there are none, all but one, and so on."""
    words = [reduce(or_, (sets[stem] for stem in word.accepts), 0) for word in option.words]
    words = [bits for bits in words if bits]
    for least in range(len(words), 0, -1):
        bits = holding(words, least)
        if bits:
            return bits
    return 0


def _is_denied(unit: Unit) -> bool:
    return all(word.is_denied for word in unit.options[0].words)
