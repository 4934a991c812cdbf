"""Tells what the characters of ICD-10-PCS codes mean, as far as the titles of the codes tell it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final

# For each section the characters whose meaning its titles tell by their form: "Removal of Drainage
# Device from Brain, Open Approach". In the other sections, and of the seventh character, they run together.
TOLD: Final = {
    "0": (("bodyPart", 3), ("device", 5)),
    "2": (("bodyPart", 3), ("device", 5)),
    "3": (("bodyPart", 3),),
    "7": (("bodyPart", 3), ("method", 5)),
    "9": (("bodyPart", 3), ("method", 5)),
    "B": (("bodyPart", 3),),
    "C": (("bodyPart", 3),),
}
APPROACHES: Final = {
    "0": "Open", "3": "Percutaneous", "4": "Percutaneous Endoscopic", "7": "Via Natural or Artificial Opening",
    "8": "Via Natural or Artificial Opening Endoscopic",
    "F": "Via Natural or Artificial Opening With Percutaneous Endoscopic Assistance", "X": "External",
}  # fmt: skip
_APPROACHED: Final = frozenset("01348X")  # sections whose titles name the approach, the fifth character
_TABLE: Final = 3  # characters that name a table

_NONE: Final = "Z"  # a character that means nothing
# words that a meaning ends at
_BETWEEN: Final = frozenset({"in", "into", "from", "to", "with", "using", "on", "at"})
_AROUND: Final = _BETWEEN | {"of", "for", "and", ","}

Words = tuple[str, ...]


def meanings(titles: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """For each table what characters in it mean, e.g. `001` -> [("bodyPart", "6 Cerebral Ventricle"), …].

    `titles` are the codes with their titles. A meaning is a run of words that every title with the
    character has, so it may be worded otherwise than in CMS's own tables ("Right Hip Joint" for "Hip
    Joint, Right"). What cannot be told for certain is left out.
    """
    tables: dict[str, dict[str, str]] = defaultdict(dict)
    kinds: dict[str, list[Words]] = defaultdict(list)  # titles of one operation on any body system
    for code, title in titles.items():
        tables[code[:_TABLE]][code] = title
        kinds[code[0] + code[2]].append(_words(title))
    begins = {kind: _begin(several) for kind, several in kinds.items()}
    return {table: list(_table(codes, begins[table[0] + table[2]])) for table, codes in tables.items()}


def _table(codes: Mapping[str, str], begin: int) -> Iterator[tuple[str, str]]:
    section = next(iter(codes))[0]
    middles = {code: _middle(code, title, begin) for code, title in codes.items()}
    found = [(axis, *each) for axis, place in TOLD.get(section, ()) for each in _axis(middles, place)]
    for axis, character, meaning in found:
        if not any(_has(other, meaning) for its_axis, _, other in found if its_axis != axis):
            yield axis, f"{character} {' '.join(meaning).replace(' ,', ',')}"
    if section in _APPROACHED:
        for character in sorted({code[4] for code in codes}):
            approach = APPROACHES.get(character, "")
            its = [_words(title) for code, title in codes.items() if code[4] == character]
            if approach and all(_has(title, _words(approach)) for title in its):
                yield "approach", f"{character} {approach}"


def _axis(middles: Mapping[str, Words], place: int) -> Iterator[tuple[str, Words]]:
    """What each character at a place means, in the order of the characters."""
    by: dict[str, list[str]] = defaultdict(list)
    for code in middles:
        by[code[place]].append(code)
    found: dict[str, Words] = {}
    for character, codes in sorted(by.items()):
        qualifiers = {code[-1] for code in codes}
        # where all have the same qualifier, what their titles share may be that
        if character != _NONE and (len(qualifiers) > 1 or _NONE in qualifiers):
            found[character] = _told([middles[code] for code in codes])
    often = Counter(found.values())
    for character, meaning in found.items():
        others = [middle for code, middle in middles.items() if code[place] != character]
        is_own = not all(_has(middle, meaning) for middle in others)
        if meaning and often[meaning] == 1 and is_own:
            yield character, meaning


def _told(several: Sequence[Words]) -> Words:
    """The longest run of words that all have, without the small words around it; empty where that is unclear."""
    runs = _longest(several)
    if len(runs) != 1:
        return ()
    run = list(runs[0])
    while run and run[0] in _AROUND:
        run.pop(0)
    while run and run[-1] in _AROUND:
        run.pop()
    return () if _BETWEEN & set(run) else tuple(run)


def _longest(several: Iterable[Words]) -> list[Words]:
    first, *others = sorted(set(several), key=len)
    for length in range(len(first), 0, -1):
        runs = {first[start : start + length] for start in range(len(first) - length + 1)}
        found = [run for run in runs if all(_has(other, run) for other in others)]
        if found:
            return found
    return []


def _has(words: Words, run: Words) -> bool:
    """Whether `run` stands in `words`, one word after the other."""
    return f" {' '.join(run)} " in f" {' '.join(words)} "


def _middle(code: str, title: str, begin: int) -> Words:
    """A title without the operation that it begins with, and without approach and what follows that."""
    if code[0] in _APPROACHED:
        title = title.partition(f", {APPROACHES.get(code[4])}")[0]
    return _words(title)[begin:]


def _words(title: str) -> Words:
    return tuple(title.replace(",", " ,").split())


def _begin(several: Sequence[Words]) -> int:
    """How many words name the operation, e.g. 4 in "Extirpation of Matter from Brain" and 1 in "Repair Brain"."""
    shared = [same[0] for same in takewhile(lambda same: len(set(same)) == 1, zip(*several, strict=False))]
    return max((place for place, word in enumerate(shared, 1) if word in _BETWEEN or word == "of"), default=1)
