"""The distinct phone numbers and identifiers of all patients in memory: found by the whole, or by how they end.

Some thirty bytes for each: two sorted arrays, of digests of the whole and of the last digits, each beside the
number of the code in the index. Whose they are is asked of the index, under the policy of who asks.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

from charthouse.search.people.question import number

ENDING: Final = 4  # digits that an ending has at least
DIGITS: Final = 9  # of the end that are kept
LETTERS: Final = 4  # in a number, beyond which its digits say nothing by themselves
MOST: Final = (
    20_000  # codes that one ending may lead to; far more than there are, or the hidden ones would count
)
FRESH: Final = 500  # numbers that wait unsorted before the arrays are made anew
_NO_DIGITS: Final = re.compile(r"[^0-9]+")
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")


class Numbers:
    """Codes of the index by what people remember of them. Not for two threads at once."""

    def __init__(self) -> None:
        self._whole = _Sorted()
        self._ends = _Sorted()

    def add(self, codes: Iterable[tuple[int, str]]) -> None:
        """Take in codes, each with its text; one that is known already does no harm."""
        for code, text in codes:
            self._whole.add(hash(number(text)), code)
            digits = digits_of(text)
            if len(digits) >= ENDING:
                self._ends.add(_turned(digits), code)
        self._whole.settle()
        self._ends.settle()

    def whole(self, asked: str) -> list[int]:
        """The codes that are this number, with whatever marks and zeros in front; a few others may be among them."""
        digest = hash(number(asked))
        return self._whole.between(digest, digest)

    def ending(self, digits: str) -> list[int]:
        """The codes that end so; none for less than four digits."""
        if len(digits) < ENDING or not digits.isdecimal() or not digits.isascii():
            return []
        low = _turned(digits)
        return self._ends.between(low, low + 10 ** max(0, DIGITS - len(digits)) - 1)

    def __len__(self) -> int:
        return len(self._whole)


def digits_of(text: str) -> str:
    """The digits of a number; none for what is a name of letters, e.g. a UUID."""
    digits = _NO_DIGITS.sub("", text)
    return "" if len(_NO_LETTERS.sub("", text)) > LETTERS else digits


def _turned(digits: str) -> int:
    """The last digits from the end, so that all that ends alike lies together."""
    return int(digits[-DIGITS:][::-1].ljust(DIGITS, "0"))


class _Sorted:
    """Keys with their codes in two sorted arrays, and behind them some that are new and in no order."""

    def __init__(self) -> None:
        self._keys = array("q")
        self._codes = array("q")
        self._ordered = 0  # how many stand in order

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int, code: int) -> None:
        """Add a pair at the end."""
        if len(self._keys) - self._ordered > FRESH or code not in self.between(key, key):
            self._keys.append(key)
            self._codes.append(code)

    def settle(self) -> None:
        """Put all in order once many are new, without a second copy of each."""
        if len(self._keys) - self._ordered <= FRESH:
            return
        order = sorted(range(len(self._keys)), key=self._keys.__getitem__)
        self._keys = array("q", map(self._keys.__getitem__, order))
        self._codes = array("q", map(self._codes.__getitem__, order))
        self._ordered = len(order)

    def between(self, low: int, high: int) -> list[int]:
        """The codes whose keys lie from `low` to `high`, at most `MOST`, the new ones first."""
        first = bisect_left(self._keys, low, 0, self._ordered)
        last = bisect_right(self._keys, high, first, self._ordered)
        fresh = [
            self._codes[place]
            for place in range(self._ordered, len(self._keys))
            if low <= self._keys[place] <= high
        ]
        return list(dict.fromkeys((*fresh, *self._codes[first:last])))[:MOST]
