"""`_filter` for the oracle: the grammar of R4 search_filter.html, read by recursive descent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r'\s*(\(|\)|"(?:[^"\\]|\\.)*"|[^\s()]+)')


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator value`."""

    path: str
    operator: str
    value: str

    def holds(self, meets: Callable[[Comparison], bool]) -> bool:
        return meets(self)


@dataclass(frozen=True, slots=True)
class Formula:
    """`and` or `or` of two, `not` of the first."""

    word: str
    first: Comparison | Formula
    second: Comparison | Formula | None = None

    def holds(self, meets: Callable[[Comparison], bool]) -> bool:
        if self.word == "not":
            return not self.first.holds(meets)
        assert self.second is not None
        if self.word == "and":
            return self.first.holds(meets) and self.second.holds(meets)
        return self.first.holds(meets) or self.second.holds(meets)


@lru_cache(None)
def formula(text: str) -> Comparison | Formula:
    """The filter `text`; `and` and `or` bind alike, from left to right."""
    words = _WORD.findall(text)
    found = _joined(words)
    assert not words, text
    return found


def _joined(words: list[str]) -> Comparison | Formula:
    left = _single(words)
    while words and words[0] in ("and", "or"):
        left = Formula(words.pop(0), left, _single(words))
    return left


def _single(words: list[str]) -> Comparison | Formula:
    first = words.pop(0)
    if first == "not" and words[0] == "(":
        return Formula("not", _single(words))
    if first == "(":
        inner = _joined(words)
        assert words.pop(0) == ")"
        return inner
    operator, value = words.pop(0), words.pop(0)
    return Comparison(first, operator, json.loads(value) if value[0] == '"' else value)
