"""Regular expressions for `matches` and its kin, with a bound on what they can cost (FHIRPath N1 5.6)."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import Category, invalid, problem
from charthouse.fhir.path.automaton import Automaton
from charthouse.fhir.path.item import State
from charthouse.fhir.path.pattern import Unreadable, danger, read

MAX_PATTERN: Final = 2000
# How many moves Python's backtracking may take at worst before the automaton does the work.
_MOVES: Final = 2_000_000
_NAMED_GROUP: Final = re.compile(r"\(\?<(?![=!])")
_IGNORE_CASE: Final = "(?i)"
_REFERENCE: Final = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*|[0-9]{1,2})\}|([0-9]{1,2}))")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A pattern ready to use: `repeats` and `is_nested` say what backtracking costs, None that nobody knows."""

    pattern: re.Pattern[str]
    repeats: int | None
    is_nested: bool

    def _is_cheap(self, state: State, text: str) -> bool:
        """Whether Python may match: nothing nested, and text short enough for so many repetitions."""
        if self.repeats is None or self.is_nested:
            return False
        moves: int = (len(text) + 1) ** (self.repeats + 1)
        state.spend(1 + len(text) // 64)
        return moves <= _MOVES

    def search(self, state: State, text: str) -> bool:
        """Whether the pattern is found anywhere in `text`; `.` matches line ends too."""
        if self._is_cheap(state, text):
            return self.pattern.search(text) is not None
        return self._automaton().matches(state, text, is_whole=False)

    def fullmatch(self, state: State, text: str) -> bool:
        """Whether the pattern matches the whole of `text`."""
        if self._is_cheap(state, text):
            return self.pattern.fullmatch(text) is not None
        return self._automaton().matches(state, text, is_whole=True)

    def replace(self, state: State, text: str, substitution: str) -> str:
        """`text` with every match replaced; `$1`, `${name}` in `substitution` are groups of the match."""
        if not self._is_cheap(state, text):
            raise self._too_hard()

        def group(match: re.Match[str]) -> str:
            def value(reference: re.Match[str]) -> str:
                name = reference[1] or reference[2]
                try:
                    return match[int(name) if name.isdigit() else name] or ""
                except IndexError:
                    return ""

            found = _REFERENCE.sub(value, substitution)
            state.spend(1 + len(found) // 64)
            return found

        return self.pattern.sub(group, text)

    def _automaton(self) -> Automaton:
        try:
            return Automaton(read(self.pattern.pattern), self.pattern.flags & (re.DOTALL | re.IGNORECASE))
        except Unreadable:
            raise self._too_hard() from None

    def _too_hard(self) -> Exception:
        return problem(
            Category.TOO_COSTLY,
            "too-costly",
            "This regular expression could take too long on this text.",
            value=self.pattern.pattern,
            repair="Avoid repetitions inside repetitions, look-arounds and references back.",
        )


def matcher(state: State, pattern: str) -> Matcher:
    """The matcher of `pattern`; Problem(invalid) if it is no regular expression."""
    state.spend(1 + len(pattern) // 4)
    if len(pattern) > MAX_PATTERN:
        raise invalid(
            "too-long", f"A regular expression may have {MAX_PATTERN} characters.", value=pattern[:40]
        )
    return _read(pattern)


@functools.lru_cache(256)
def _read(pattern: str) -> Matcher:
    flags = re.DOTALL
    python_form = _NAMED_GROUP.sub("(?P<", pattern)
    if python_form.startswith(_IGNORE_CASE):
        flags, python_form = flags | re.IGNORECASE, python_form.removeprefix(_IGNORE_CASE)
    try:
        compiled = re.compile(python_form, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise invalid("value", f"This is no regular expression: {error}.", value=pattern) from None
    try:
        repeats, is_nested = danger(read(python_form))
    except Unreadable:
        return Matcher(compiled, None, True)
    return Matcher(compiled, repeats, is_nested)
