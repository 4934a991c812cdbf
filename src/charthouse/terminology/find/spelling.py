"""Mends words: which words of a vocabulary somebody may have meant who typed one that is not in it.

Words that share enough pairs of letters are found by bits, as concepts are; only they are compared letter
by letter. Slips of the ear and of the fingers count less than others: vowels, doubled and turned letters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from charthouse.terminology.find.bits import holding, joined, places

SHORTEST: Final = 4  # letters of a word that is mended

_VOWELS: Final = frozenset("aeiouy")
_ALIKE: Final = frozenset(
    pair for one, other in ("ck", "sz", "sc", "gj", "mn", "fv", "dt", "bp", "kq", "xs", "cz")
    for pair in ((one, other), (other, one))
)  # fmt: skip
_LIMITS: Final = {4: 1.05, 5: 1.3, 6: 1.65, 7: 2.05, 8: 2.25, 9: 2.45}
_WIDEST: Final = 2.8  # from ten letters on
_PAIRS: Final = 4  # pairs of letters that two slips spoil at most, but for some
_LONG: Final = 10  # letters of a word in which one more may be spoilt
_CLOSE: Final = 0.7  # so much worse than the best a further word may be


class Mended(NamedTuple):
    """A word that may have been meant, and how far it is from what was typed (0 … 3)."""

    word: str
    distance: float


class Speller:
    """Finds the words of a vocabulary that look like another. Threads may share it."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        """`vocabulary` has for each word how common it is."""
        self._words = [word for word in vocabulary if len(word) >= SHORTEST - 1 and word.isalpha()]
        self._common = [math.log1p(vocabulary[word]) for word in self._words]
        pairs: dict[str, list[int]] = {}
        for place, word in enumerate(self._words):
            for pair in _pairs(word):
                pairs.setdefault(pair, []).append(place)
        self._pairs = {pair: joined(found) for pair, found in pairs.items()}

    def near(self, word: str, cut: str = "", limit: int = 4) -> list[Mended]:
        """The likeliest words, the best first; none for short words and for those that look like nothing.

        `cut` is the word without its ending; that of the two counts which is nearer.
        """
        best: dict[int, float] = {}
        for each in {word, cut or word}:
            for place, away in self._near(each):
                best[place] = min(away, best.get(place, away))
        found = sorted(
            (away - 0.12 * self._common[place], self._words[place], away) for place, away in best.items()
        )
        return [Mended(other, away) for merit, other, away in found[:limit] if merit <= found[0][0] + _CLOSE]

    def _near(self, word: str) -> Iterator[tuple[int, float]]:
        if len(word) < SHORTEST or not word.isalpha():
            return
        widest = _LIMITS.get(len(word), _WIDEST)
        pairs = _pairs(word)
        least = max(2, len(pairs) - (_PAIRS if len(word) < _LONG else _PAIRS + 1))
        sets = [self._pairs[pair] for pair in pairs if pair in self._pairs]
        for place in places(holding(sets, least)):
            other = self._words[place]
            if abs(len(other) - len(word)) <= widest + 1:
                away = distance(word, other, widest)
                if away <= widest:
                    yield place, away


def distance(one: str, other: str, limit: float) -> float:
    """How many slips lie between two words; more than `limit` where that is surely exceeded."""
    before: list[float] = []
    last = [0.0]
    for place, letter in enumerate(other):
        last.append(last[-1] + _dropped(other, place, letter))
    for i, a in enumerate(one):
        row = [last[0] + _dropped(one, i, a)]
        least = row[0]
        for j, b in enumerate(other):
            cost = last[j] if a == b else last[j] + _changed(a, b, is_first=not i and not j)
            cost = min(cost, last[j + 1] + _dropped(one, i, a), row[j] + _dropped(other, j, b))
            if i and j and a != b and a == other[j - 1] and b == one[i - 1]:
                cost = min(cost, before[j - 1] + 0.7)
            row.append(cost)
            least = min(least, cost)
        if least > limit:
            return least
        before, last = last, row
    return last[-1]


def _changed(a: str, b: str, *, is_first: bool) -> float:
    if a in _VOWELS and b in _VOWELS:
        return 0.6
    if (a, b) in _ALIKE:
        return 0.7
    return 1.4 if is_first else 1.0


def _dropped(word: str, place: int, letter: str) -> float:
    """What it costs that a letter of `word` is not in the other word."""
    if not place:
        return 1.2
    if word[place - 1] == letter:
        return 0.4
    return 0.8 if letter in _VOWELS or letter == "h" else 1.0


def _pairs(word: str) -> set[str]:
    whole = f"^{word}$"
    return {whole[place : place + 2] for place in range(len(whole) - 1)}
