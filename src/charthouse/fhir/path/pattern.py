"""Reads a regular expression far enough to know what matching it can cost, and to match it without backtracking.

The language is the part of PCRE that FHIRPath expressions use and Python has too. Single
characters and classes stay text, so that Python's own rules say what they match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MAX_REPEAT: Final = 1000
TOO_MANY: Final = 1_000_000_000  # moves; beyond, nobody counts
_MAX_NESTING: Final = 30
_COUNTS: Final = re.compile(r"\{(?!\})([0-9]*)(,([0-9]*))?\}")
_GROUP_START: Final = re.compile(r"\?(?::|P?<[A-Za-z_][A-Za-z0-9_]*>)")
_LOOK: Final = re.compile(r"\?<?[=!]")


class Unreadable(ValueError):
    """The pattern uses what this reader does not know."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a pattern: `any` one character of the class `text`; `start`, `end`, `last` (the end, or before a line
    end that ends the text), `edge`, `inside` (of a word) a place; `look` around; `all` and `one` hold parts in
    sequence or choice; `repeat` its only part `low` to `high` (None = no end) times."""

    kind: str
    parts: tuple[Part, ...] = ()
    text: str = ""
    low: int = 1
    high: int | None = 1


def read(pattern: str) -> Part:
    """The parts of `pattern`, which Python's `re` has accepted before; Unreadable for back references and rarities."""
    reader = _Reader(pattern)
    found = reader.choice(0)
    if reader.at != len(pattern):
        raise Unreadable(pattern[reader.at :])
    return found


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def choice(self, level: int) -> Part:
        if level > _MAX_NESTING:
            raise Unreadable("nesting")
        branches = [self.sequence(level)]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.sequence(level))
        return branches[0] if len(branches) == 1 else Part("one", tuple(branches))

    def sequence(self, level: int) -> Part:
        parts: list[Part] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated(self.atom(level)))
        return parts[0] if len(parts) == 1 else Part("all", tuple(parts))

    def repeated(self, part: Part) -> Part:
        counts = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        while True:
            mark = self.peek()
            low: int
            high: int | None
            if mark in counts and mark:
                low, high = counts[mark]
                self.at += 1
            elif mark == "{" and (match := _COUNTS.match(self.pattern, self.at)) is not None:
                self.at = match.end()
                low = int(match[1] or 0)
                high = low if match[2] is None else int(match[3]) if match[3] else None
                if max(low, high or 0) > MAX_REPEAT:
                    raise Unreadable("count")
            else:
                return part
            if self.peek() == "?":  # lazy: the same language
                self.at += 1
            elif self.peek() == "+":
                raise Unreadable("possessive")
            part = Part("repeat", (part,), low=low, high=high)

    def atom(self, level: int) -> Part:
        character = self.peek()
        if character == "(":
            return self.group(level)
        if character == "[":
            return self.character_class()
        if character == "\\":
            return self.escape()
        self.at += 1
        if character in "^$":
            return Part("start" if character == "^" else "last")
        return Part("any", text="." if character == "." else re.escape(character))

    def group(self, level: int) -> Part:
        self.at += 1
        kind = "all"
        if self.peek() == "?":
            match = _GROUP_START.match(self.pattern, self.at)
            look = _LOOK.match(self.pattern, self.at) if match is None else None
            if match is None and look is None:
                raise Unreadable("group")
            self.at = (match or look).end()  # type: ignore[union-attr]
            kind = "all" if match is not None else "look"
        inner = self.choice(level + 1)
        if self.peek() != ")":
            raise Unreadable("group")
        self.at += 1
        return Part(kind, (inner,))

    def character_class(self) -> Part:
        start = self.at
        self.at += 2 if self.pattern[self.at + 1 : self.at + 2] == "^" else 1
        if self.peek() == "]":
            self.at += 1
        while self.peek() != "]":
            if self.peek() == "":
                raise Unreadable("class")
            self.at += 2 if self.peek() == "\\" else 1
        self.at += 1
        return Part("any", text=self.pattern[start : self.at])

    def escape(self) -> Part:
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter in "123456789":
            raise Unreadable("back reference")
        length = {"x": 4, "u": 6, "U": 10}.get(letter, 2)
        if letter == "0" or letter == "N":
            raise Unreadable("escape")
        text = self.pattern[self.at : self.at + length]
        self.at += length
        place = {"A": "start", "Z": "end", "b": "edge", "B": "inside"}.get(letter)
        return Part(place) if place else Part("any", text=text)


def moves(part: Part, length: int, *, is_whole: bool) -> int:
    """How many moves backtracking can take at the very worst to match (`is_whole`) or to find `part` in a text of
    `length` characters, or TOO_MANY.

    It counts every way in which each part can match from one place, so that nothing has to be known
    about the text, nor which patterns are the bad ones.
    """
    _, once = _tries(part, length)
    if is_whole:
        return once
    return min(TOO_MANY, length + once if _is_anchored(part) else (length + 1) * once)


def _tries(part: Part, length: int) -> tuple[int, int]:
    """(ways to match from one place, moves to try all of them)."""
    if part.kind == "all":
        ways, tried = 1, 1
        for one in part.parts:
            inner, cost = _tries(one, length)
            tried = min(TOO_MANY, tried + ways * cost)
            ways = min(TOO_MANY, ways * inner)
        return ways, tried
    if part.kind == "one":
        found = [_tries(one, length) for one in part.parts]
        return min(TOO_MANY, sum(ways for ways, _ in found)), min(
            TOO_MANY, sum(cost + 1 for _, cost in found)
        )
    if part.kind == "look":
        return 1, 1 + _tries(part.parts[0], length)[1]
    return _repeated(part, length) if part.kind == "repeat" else (1, 1)


def _repeated(part: Part, length: int) -> tuple[int, int]:
    """The same for a repetition: each time multiplies the ways of what is repeated."""
    inner = part.parts[0]
    most = length + 1 if part.high is None else part.high  # the last time only to see that the text has ended
    if most > 1 and _is_nullable(inner):  # engines do not even agree on what this matches
        return TOO_MANY, TOO_MANY
    most = min(most, length + 1)
    ways, cost = _tries(inner, length)
    if ways == 1:
        return max(1, most - part.low + 1), 1 + most * cost
    total, tried, level = 0, 1, 1
    for count in range(most + 1):
        total += level if count >= part.low else 0
        tried += level * cost
        level *= ways
        if tried > TOO_MANY or total > TOO_MANY:
            return TOO_MANY, TOO_MANY
    return max(1, total), tried


def _is_nullable(part: Part) -> bool:
    """Whether it can match without a character."""
    if part.kind == "repeat":
        return part.low == 0 or _is_nullable(part.parts[0])
    if part.kind == "one":
        return any(map(_is_nullable, part.parts))
    return part.kind != "any" and (part.kind != "all" or all(map(_is_nullable, part.parts)))


def _is_anchored(part: Part) -> bool:
    """Whether it can match nowhere but from the start of the text."""
    while part.kind == "all" and part.parts:
        part = part.parts[0]
    return part.kind == "start"
