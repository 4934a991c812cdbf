"""Reads a regular expression far enough to know what matching it can cost, and to match it without backtracking.

The language is the part of PCRE that FHIRPath expressions use and Python has too. Single
characters and classes stay text, so that Python's own rules say what they match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MAX_REPEAT: Final = 1000
_MAX_NESTING: Final = 30
_COUNTS: Final = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}")
_GROUP_START: Final = re.compile(r"\?(?::|P?<[A-Za-z_][A-Za-z0-9_]*>)")
_LOOK: Final = re.compile(r"\?<?[=!]")


class Unreadable(ValueError):
    """The pattern uses what this reader does not know."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a pattern: `any` one character of the class `text`; `start`, `end`, `edge` a place; `look` around;
    `all` and `one` hold parts in sequence or choice; `repeat` its only part `low` to `high` (None = no end) times."""

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
                low = int(match[1])
                high = low if match[2] is None else int(match[3]) if match[3] is not None else None
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
            return Part("start" if character == "^" else "end")
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
        if letter in "AZ":
            return Part("start" if letter == "A" else "end")
        return Part("edge") if letter in "bB" else Part("any", text=text)


def danger(part: Part) -> tuple[int, bool]:
    """(repetitions without near end, whether one lies in another): how badly backtracking can go wrong."""
    inner = [danger(one) for one in part.parts]
    count = sum(found[0] for found in inner)
    is_nested = any(found[1] for found in inner)
    if part.kind == "repeat" and (part.high is None or part.high > 1):
        is_nested = is_nested or count > 0
        count += 1
    return count, is_nested
