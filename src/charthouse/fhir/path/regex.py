"""Regular expressions for `matches` and its kin, with a bound on what they can cost (FHIRPath N1 5.6)."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Final

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.fhir.path.automaton import Automaton, Memory, Meter
from charthouse.fhir.path.pattern import TOO_MANY, Part, Unreadable, moves, read

MAX_PATTERN: Final = 2000
# Python's backtracking holds the whole process, so it is given only what takes at worst so many moves
# for each character of the text; the automaton does the rest.
_MOVES: Final = 64
# What only Python can do (groups to replace, look-arounds) may take so many moves in one text.
_MOST_MOVES: Final = 2_000_000
_MOVES_PER_STEP: Final = 64
_LENGTHS: Final = (16, 64, 256, 1024, 4096, 1 << 20)
_WIDE: Final = re.compile(r"[^\x00-\xff]|\\[uU]")
_WIDE_STEPS: Final = 500  # to prepare a class of characters beyond Latin-1
# Escapes and classes come first, so that what looks like a group in them is left alone.
_NAMED_GROUP: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?<(?![=!])", re.DOTALL)
_IGNORE_CASE: Final = "(?i)"
_REFERENCE: Final = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*|[0-9]{1,2})\}|([0-9]{1,2}))")


@dataclasses.dataclass(frozen=True, slots=True)
class Matcher:
    """A pattern ready to use: its `part`, None if nobody knows what it costs; `whole` and `found` are the longest
    texts that Python may match and search. A `memory` makes the automaton quick where many texts come by."""

    pattern: re.Pattern[str]
    part: Part | None
    whole: int
    found: int
    whole_memory: Memory | None = None

    def search(self, meter: Meter, text: str) -> bool:
        """Whether the pattern is found anywhere in `text`; `.` matches line ends too."""
        return self._match(meter, text, is_whole=False)

    def fullmatch(self, meter: Meter, text: str) -> bool:
        """Whether the pattern matches the whole of `text`."""
        return self._match(meter, text, is_whole=True)

    def with_memory(self) -> Matcher:
        """The same for many texts: what the automaton worked out for one whole text helps with the next."""
        return dataclasses.replace(self, whole_memory=Memory())

    def _match(self, meter: Meter, text: str, *, is_whole: bool) -> bool:
        if len(text) <= (self.whole if is_whole else self.found):
            meter.spend(1 + len(text) // 8)
        elif (automaton := self.automaton()) is not None:
            memory = self.whole_memory if is_whole else None
            return automaton.matches(meter, text, is_whole=is_whole, memory=memory)
        else:
            self._bear(meter, text, is_whole=is_whole)
        match = self.pattern.fullmatch if is_whole else self.pattern.search
        return match(text) is not None

    def automaton(self) -> Automaton | None:
        """What matches without backtracking; None for look-arounds. Problem(too_costly) where nothing can match."""
        if self.part is None:
            raise self._too_hard()
        found = _automaton(self.pattern.pattern, self.pattern.flags & (re.DOTALL | re.IGNORECASE))
        if found is None and self.whole < 0:
            raise self._too_hard()
        return found

    def _bear(self, meter: Meter, text: str, *, is_whole: bool) -> None:
        """Let Python do what only Python can do, if that is not too much."""
        most = TOO_MANY if self.part is None else moves(self.part, len(text), is_whole=is_whole)
        if most > _MOST_MOVES:
            raise self._too_hard()
        meter.spend(1 + (most + len(text)) // _MOVES_PER_STEP)

    def replace(self, meter: Meter, text: str, substitution: str) -> str:
        """`text` with every match replaced; `$1`, `${name}` in `substitution` are groups of the match."""
        self._bear(meter, text, is_whole=False)

        def group(match: re.Match[str]) -> str:
            def value(reference: re.Match[str]) -> str:
                name = reference[1] or reference[2]
                try:
                    return match[int(name) if name.isdigit() else name] or ""
                except IndexError:
                    return ""

            found = _REFERENCE.sub(value, substitution)
            meter.spend(1 + len(found) // 64)
            return found

        return self.pattern.sub(group, text)

    def _too_hard(self) -> Problem:
        return problem(
            Category.TOO_COSTLY,
            "too-costly",
            "This regular expression could take too long on this text.",
            value=self.pattern.pattern,
            repair="Avoid look-arounds, references back and large counts; for replaceMatches(), also repetitions"
            " and choices one after the other.",
        )


def matcher(meter: Meter, pattern: str) -> Matcher:
    """The matcher of `pattern`; Problem(invalid) if it is no regular expression."""
    if len(pattern) > MAX_PATTERN:
        raise invalid(
            "too-long", f"A regular expression may have {MAX_PATTERN} characters.", value=pattern[:40]
        )
    wide = sum(_WIDE.search(piece) is not None for piece in pattern.split("[")[1:])
    meter.spend(1 + len(pattern) // 4 + wide * _WIDE_STEPS)
    return _read(pattern)


@functools.lru_cache(256)
def _read(pattern: str) -> Matcher:
    flags = re.DOTALL
    python_form = _NAMED_GROUP.sub(lambda found: "(?P<" if found[0] == "(?<" else found[0], pattern)
    if python_form.startswith(_IGNORE_CASE):
        flags, python_form = flags | re.IGNORECASE, python_form.removeprefix(_IGNORE_CASE)
    try:
        compiled = re.compile(python_form, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise invalid("value", f"This is no regular expression: {error}.", value=pattern) from None
    try:
        part = read(python_form)
    except Unreadable:
        return Matcher(compiled, None, -1, -1)
    return Matcher(compiled, part, _longest(part, is_whole=True), _longest(part, is_whole=False))


def _longest(part: Part, *, is_whole: bool) -> int:
    """The longest text that Python may match: it and all shorter ones take few moves for each character."""
    longest = -1
    for length in _LENGTHS:
        if moves(part, length, is_whole=is_whole) > _MOVES * length:
            break
        longest = length
    return longest


@functools.lru_cache(64)
def _automaton(python_form: str, flags: int) -> Automaton | None:
    try:
        return Automaton(read(python_form), flags)
    except Unreadable:
        return None
