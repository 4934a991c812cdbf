"""`_filter`: conditions with and, or, not and brackets, read into the same criteria as other parameters
(R4 search_filter.html)."""

from __future__ import annotations

import json
import re
from typing import Final

from charthouse.base.errors import Problem, invalid
from charthouse.search.criteria import ENDS, UNEQUAL, WHOLE, Criteria, placed
from charthouse.search.known import too_many, unsupported
from charthouse.search.query import Criterion, Formula, Kind

Word = tuple[str, str]  # what it is (bracket, quoted, word), and its text

NAME: Final = "_filter"
MOST: Final = 40  # comparisons in one filter
DEEPEST: Final = 20  # brackets inside brackets
_WORD: Final = re.compile(r'\s*(?:([()\[\]])|"((?:[^"\\]|\\.)*)"|([^\s()\[\]"]+))')
_ESCAPED: Final = re.compile(r"\\(.)")
# operator -> what is put behind the parameter's name, and in front of the value, by the kind of parameter.
_ORDERED: Final = {one: ("", one) for one in ("eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb")}
_NE: Final = (f":{UNEQUAL}", "")  # an item of the set is another one
_OPERATORS: Final[dict[Kind, dict[str, tuple[str, str]]]] = {
    Kind.STRING: {
        "eq": (f":{WHOLE}", ""),
        "ne": _NE,
        "co": (":contains", ""),
        "sw": ("", ""),
        "ew": (f":{ENDS}", ""),
    },
    Kind.TOKEN: {
        "eq": ("", ""),
        "ne": _NE,
        "in": (":in", ""),
        "ni": (":not-in", ""),
        "ss": (":below", ""),  # the value subsumes a concept in the set
        "sb": (":above", ""),
    },
    Kind.REFERENCE: {"eq": ("", ""), "ne": _NE, "re": ("", "")},
    Kind.URI: {"eq": ("", ""), "ne": _NE},
    Kind.ID: {"eq": ("", "")},
    Kind.DATE: {**_ORDERED, "po": ("", "po")},
    Kind.UPDATED: {**_ORDERED, "po": ("", "po")},
    Kind.NUMBER: _ORDERED,
    Kind.QUANTITY: _ORDERED,
}
_KNOWN: Final = frozenset((
    "eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po", "ss", "sb", "in", "ni", "re",
))  # fmt: skip


def read(criteria: Criteria, type: str, text: str) -> Criterion:
    """The condition that a filter on `type` is. Raises `Problem` naming what is wrong, and where."""
    reading = _Reading(criteria, type, text)
    return Criterion(NAME, Kind.FORMULA, criteria.nowhere, (reading.whole(),), False, "", NAME)


def _unquoted(text: str) -> str:
    """What stands between quotes: a JSON string (R4 search_filter.html), or else any sign behind a backslash."""
    try:
        found = str(json.loads(f'"{text}"', strict=False))
        found.encode()  # half a surrogate pair is no text
    except ValueError:
        found = "\0"
    return _ESCAPED.sub(r"\1", text) if "\0" in found else found


class _Reading:
    """One filter, word by word. `and` and `or` go from left to right, as the standard has it."""

    def __init__(
        self, criteria: Criteria, type: str, text: str, words: list[Word] | None = None, steps: int = 0
    ) -> None:
        """`words`: only these of `text`, which are about what `steps` references led to."""
        self._criteria = criteria
        self._type = type
        self._text = text
        self._words = self._split() if words is None else words
        self._steps = steps
        self._at = 0
        self._comparisons = 0

    def whole(self) -> Formula:
        found = self._joined(0)
        if self._at < len(self._words):
            raise self._wrong(f'"{self._words[self._at][1]}" is too much.')
        return found

    def _split(self) -> list[Word]:
        """(kind, text) of each word: a bracket, a text in quotes, or another word."""
        words: list[Word] = []
        at = 0
        end = len(self._text.rstrip())
        while at < end:
            match = _WORD.match(self._text, at)
            if match is None:
                raise self._wrong(f"Character {at + 1} begins a text that has no end.")
            bracket, quoted, plain = match.groups()
            if bracket is not None:
                words.append(("bracket", bracket))
            elif quoted is not None:
                words.append(("quoted", _unquoted(quoted)))
            else:
                words.append(("word", plain))
            at = match.end()
        return words

    def _joined(self, depth: int) -> Formula:
        """Terms with `and` and `or` between them."""
        if depth > DEEPEST:
            raise too_many("The filter has too many brackets inside brackets", NAME, DEEPEST)
        found = self._term(depth)
        while self._at < len(self._words) and self._words[self._at] in (("word", "and"), ("word", "or")):
            word = self._next()[1]
            found = Formula(word, (found, self._term(depth)))
        return found

    def _term(self, depth: int) -> Formula:
        if self._is_next("word", "not") and self._words[self._at + 1 : self._at + 2] == [("bracket", "(")]:
            self._next()
            return Formula("not", (self._bracketed(depth),))
        if self._is_next("bracket", "("):
            return self._bracketed(depth)
        return self._comparison()

    def _bracketed(self, depth: int) -> Formula:
        self._next()
        found = self._joined(depth + 1)
        if not self._is_next("bracket", ")"):
            raise self._wrong('A bracket "(" is not closed.')
        self._next()
        return found

    def _comparison(self) -> Formula:
        """`path operator value`."""
        self._comparisons += 1
        if self._comparisons > MOST:
            raise too_many("The filter has too many comparisons", NAME, MOST)
        path = self._next("word")[1]
        if self._is_next("bracket", "["):
            return self._narrowed(path)
        operator = self._next("word")[1]
        kind, value = self._next()
        if kind == "bracket":
            raise self._wrong(f'"{path} {operator}" has no value.')
        try:
            return Formula("and", (self._criterion(path, operator, value),))
        except Problem as failure:
            raise placed(failure, NAME) from None

    def _narrowed(self, first: str) -> Formula:
        """`reference[filter].path operator value`: of one and the same resource that the reference leads to."""
        start = self._at + 1
        depth = 0
        while not depth or not self._is_next("bracket", "]") or depth > 1:
            depth += self._is_next("bracket", "[") - self._is_next("bracket", "]")
            self._next()
        inside = self._words[start : self._at]
        self._next()
        kind, path = self._next("word")
        if not path.startswith(".") or not path[1:]:
            raise self._wrong(
                f'"{first}[ ]" is followed by a dot and a parameter, as in subject[gender eq male].name.'
            )
        rest = [(kind, path[1:]), *self._words[self._at :]]
        size = 0

        def follow(target: str) -> Criterion:
            nonlocal size
            condition = _Reading(self._criteria, target, self._text, inside, self._steps + 1).whole()
            reading = _Reading(self._criteria, target, self._text, rest, self._steps + 1)
            found = reading._comparison()
            size = reading._at
            both = Formula("and", (condition, found))
            return Criterion(NAME, Kind.FORMULA, self._criteria.nowhere, (both,), False, "", NAME)

        if "." in first or first.startswith("_has:"):
            raise unsupported(
                "Conditions in [ ] stand behind one reference.", NAME, "Write e.g. subject[…].name."
            )
        try:
            step = self._criteria.through(self._type, first, first, "", follow, self._steps)
        except Problem as failure:
            raise placed(failure, NAME) from None
        self._at += size - 1
        return Formula("and", (step,))

    def _criterion(self, path: str, operator: str, value: str) -> Criterion:
        if ":" in path.rpartition(".")[2] and not path.startswith("_has:"):
            raise self._wrong(f'"{path}" has a modifier, which a filter does not know.')
        if operator == "pr":
            if value not in ("true", "false"):
                raise self._wrong(f'"{path} pr" takes true or false.')
            missing = "false" if value == "true" else "true"
            return self._criteria.read(self._type, f"{path}:missing", missing, depth=self._steps)
        kind = self._criteria.kind(self._type, path)
        known = _OPERATORS.get(kind, {})
        if operator not in known:
            if operator in _KNOWN:
                raise unsupported(
                    f'The operator "{operator}" is not supported on "{path}".', NAME,
                    f"Use one of {', '.join(known)} or pr, perhaps inside not( )." if known else "Leave it out.",
                )  # fmt: skip
            raise self._wrong(f'"{operator}" is not an operator.')
        modifier, prefix = known[operator]
        asked = value.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$")
        if kind is Kind.STRING:
            asked = asked.replace("|", "\\|")
        return self._criteria.read(self._type, path + modifier, prefix + asked, depth=self._steps)

    def _is_next(self, kind: str, text: str) -> bool:
        return self._words[self._at : self._at + 1] == [(kind, text)]

    def _next(self, kind: str | None = None) -> tuple[str, str]:
        if self._at >= len(self._words):
            raise self._wrong("It ends too early.")
        found = self._words[self._at]
        if kind is not None and found[0] != kind:
            raise self._wrong(f'"{found[1]}" stands where a name should be.')
        self._at += 1
        return found

    def _wrong(self, message: str) -> Problem:
        return invalid(
            "value", f'"{NAME}" cannot be read: {message}', place=NAME, value=self._text,
            repair='Write e.g. name co "an" and (birthdate ge 1980 or gender eq female).',
        )  # fmt: skip
