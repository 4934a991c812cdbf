"""What is asked of the text of resources: words, phrases and how they stand together (R4 search.html#content).

A question is read into a small tree, which is then written for either engine. Only words of letters and
digits get there, each in quotes, so that nothing of what was sent is ever read as the engine's own syntax.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from charthouse.base.errors import Problem, invalid
from charthouse.store.index.words import Wording, words

MOST: Final = 32  # words in one question
NEAR: Final = 10  # words that may stand between two that are near
FARTHEST: Final = 20
SHORTEST: Final = 2  # letters that the start of a word must have
NARRATIVE: Final = "_text"
CONTENT: Final = "_content"
USUAL: Final = 200  # words of a text that is neither short nor long

_PIECE: Final = re.compile(r'\s*(?:([()])|"([^"]*)"(\*?)|([^\s()"]+))')
_NEAR: Final = re.compile(r"near(?:/(\d{1,4}))?", re.IGNORECASE)
_OPERATORS: Final = ("and", "or", "not")
_ENDS: Final = (None, ")")


class Phrase(NamedTuple):
    """Words that follow each other; with `is_start` the last is only the start of a word."""

    words: tuple[str, ...]
    is_start: bool = False


class Close(NamedTuple):
    """Two single words with at most `between` words between them, in either order."""

    one: Phrase
    other: Phrase
    between: int


class Joined(NamedTuple):
    """Parts joined by `word`: and, or; `without` are parts that must not be met (only with and)."""

    word: str
    parts: tuple[Asked, ...]
    without: tuple[Asked, ...] = ()


Asked = Phrase | Close | Joined


class Words(NamedTuple):
    """A question to the narrative (`_text`) or to all text of a resource (`_content`)."""

    column: str
    asked: Asked


def reader(column: str) -> Callable[[str, str], Words]:
    """The reader of values of a parameter."""

    def read(name: str, text: str) -> Words:
        # a backslash keeps a comma from parting the value; among words neither has a meaning
        return Words(column, _Reading(name, text.replace("\\", " ")).whole())

    return read


class _Reading:
    """One question, piece by piece. `and` binds closer than `or`, and may be left out."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._pieces = self._split()
        self._at = 0
        self._words = 0

    def whole(self) -> Asked:
        found = self._either(0)
        if self._at < len(self._pieces):
            raise self._wrong("a bracket is closed that was not opened.")
        if found is None:
            raise self._wrong("it has no word.")
        return found

    def _split(self) -> list[str | Phrase]:
        """Brackets and operators as text, everything else as phrases."""
        found: list[str | Phrase] = []
        at = 0
        end = len(self._text.rstrip())
        while at < end:
            match = _PIECE.match(self._text, at)
            if match is None:
                raise self._wrong("a quotation mark has no second one.")
            bracket, quoted, star, plain = match.groups()
            at = match.end()
            if bracket:
                found.append(bracket)
            elif plain and (plain.lower() in _OPERATORS or _NEAR.fullmatch(plain)):
                found.append(plain.lower())
            elif plain:
                bare = plain.removesuffix("*")
                if "*" in bare:
                    raise self._wrong("a * stands at the end of a word only.")
                found.append(Phrase(tuple(words(bare)), bare != plain))
            else:
                found.append(Phrase(tuple(words(quoted)), bool(star)))
        return found

    def _either(self, depth: int) -> Asked | None:
        if depth > MOST:
            raise self._wrong("it has too many brackets inside brackets.")
        parts = [self._all(depth)]
        while self._take("or"):
            parts.append(self._all(depth))
        found = [one for one in parts if one is not None]
        if len(found) < len(parts) and len(parts) > 1:
            raise self._wrong('a word is missing beside "or".')
        return _joined("or", found, ())

    def _all(self, depth: int) -> Asked | None:
        parts: list[Asked] = []
        without: list[Asked] = []
        while self._next() not in ("or", *_ENDS):
            if self._take("and"):
                if not (parts or without) or self._next() in ("or", "and", *_ENDS):
                    raise self._wrong('a word is missing beside "and".')
                continue
            goal = without if self._take("not") else parts
            one = self._one(depth)
            if one is not None:
                goal.append(one)
            elif goal is without:
                raise self._wrong('a word is missing after "not".')
        if without and not parts:
            raise self._wrong('"not" needs a word beside it that is looked for.')
        return _joined("and", parts, without)

    def _one(self, depth: int) -> Asked | None:
        piece = self._next()
        self._at += 1
        if piece == "(":
            found = self._either(depth + 1)
            if not self._take(")"):
                raise self._wrong('a bracket "(" is not closed.')
            return found
        if not isinstance(piece, Phrase):
            raise self._wrong(f'"{piece}" stands where a word should be; put it in quotation marks.')
        near = self._next()
        match = _NEAR.fullmatch(near) if isinstance(near, str) else None
        if match is None:
            return self._phrase(piece)
        self._at += 1
        other = self._next()
        self._at += 1
        if not isinstance(other, Phrase) or not len(other.words) == len(piece.words) == 1:
            raise self._wrong('"near" stands between two single words.')
        between = NEAR if match[1] is None else int(match[1])
        if between > FARTHEST:
            raise self._wrong(f"near is at most near/{FARTHEST}.")
        return Close(self._checked(piece), self._checked(other), between)

    def _phrase(self, phrase: Phrase) -> Phrase | None:
        return self._checked(phrase) if phrase.words else None

    def _checked(self, phrase: Phrase) -> Phrase:
        self._words += len(phrase.words)
        if self._words > MOST:
            raise self._wrong(f"it has more than {MOST} words.")
        if phrase.is_start and len(phrase.words[-1]) < SHORTEST:
            raise self._wrong(f"the start of a word has at least {SHORTEST} letters.")
        return phrase

    def _next(self) -> str | Phrase | None:
        return self._pieces[self._at] if self._at < len(self._pieces) else None

    def _take(self, word: str) -> bool:
        if self._next() != word:
            return False
        self._at += 1
        return True

    def _wrong(self, message: str) -> Problem:
        return invalid(
            "value", f'"{self._name}" cannot be read: {message}', place=self._name, value=self._text,
            repair='Write e.g. (bone or liver) and metastas* not "no evidence"; a comma inside quotes is written \\,.',
        )  # fmt: skip


def _joined(word: str, parts: Sequence[Asked], without: Sequence[Asked]) -> Asked | None:
    if len(parts) == 1 and not without:
        return parts[0]
    return Joined(word, tuple(parts), tuple(without)) if parts else None


# -- for SQLite (FTS5)


def fts5(question: Words) -> str:
    """The question as a query of FTS5, https://www.sqlite.org/fts5.html#full_text_query_syntax."""
    sql = _fts5(question.asked)
    return f"narrative : ({sql})" if question.column == NARRATIVE else sql


def _fts5(asked: Asked) -> str:
    if isinstance(asked, Phrase):
        return f'"{" ".join(asked.words)}"{" *" if asked.is_start else ""}'
    if isinstance(asked, Close):
        return f"NEAR({_fts5(asked.one)} {_fts5(asked.other)}, {asked.between})"
    sql = f" {asked.word.upper()} ".join(f"({_fts5(part)})" for part in asked.parts)
    if asked.without:
        sql = f"({sql}) NOT ({' OR '.join(f'({_fts5(part)})' for part in asked.without)})"
    return sql


# -- for PostgreSQL


def tsquery(question: Words) -> str:
    """The question as a `tsquery` in its written form, which no configuration is asked about."""
    return _tsquery(question.asked, "A" if question.column == NARRATIVE else "")


def _tsquery(asked: Asked, weight: str) -> str:
    if isinstance(asked, Phrase):
        return _run(asked, weight)
    if isinstance(asked, Close):
        one, other = _run(asked.one, weight), _run(asked.other, weight)
        ways = [
            f"({first} <{steps}> {second})"
            for first, second in ((one, other), (other, one)) for steps in range(asked.between + 2)
        ]  # fmt: skip
        return f"({' | '.join(dict.fromkeys(ways))})"
    sql = (" & " if asked.word == "and" else " | ").join(_tsquery(part, weight) for part in asked.parts)
    for part in asked.without:
        sql += f" & !{_tsquery(part, weight)}"
    return f"({sql})"


def _run(phrase: Phrase, weight: str) -> str:
    last = len(phrase.words) - 1
    marks = [f"{'*' if phrase.is_start and place == last else ''}{weight}" for place in range(last + 1)]
    found = [
        f"'{word}':{mark}" if mark else f"'{word}'" for word, mark in zip(phrase.words, marks, strict=True)
    ]
    return f"({' <-> '.join(found)})" if last else found[0]


# -- how well a resource answers


def score(question: Words, found: Wording) -> float:
    """How well the words answer the question, from 0 to 1 (R4 search.html#score): the more often what is asked for
    stands there, and the shorter the text is. The same on every database, whatever else the record holds."""
    columns = (found.narrative,) if question.column == NARRATIVE else (found.narrative, found.content)
    size = sum(map(len, columns))
    return round(_score(question.asked, columns, 0.3 + 0.9 * size / USUAL), 4)


def _score(asked: Asked, columns: Sequence[Sequence[str]], slack: float) -> float:
    if isinstance(asked, Phrase):
        count = sum(len(places(asked, column)) for column in columns)
        return count / (count + slack) if count else 0.0
    if isinstance(asked, Close):
        return (_score(asked.one, columns, slack) + _score(asked.other, columns, slack)) / 2
    found = [_score(part, columns, slack) for part in asked.parts]
    return max(found) if asked.word == "or" else sum(found) / len(found)


def places(phrase: Phrase, text: Sequence[str]) -> list[int]:
    """Where in a text a phrase begins."""
    size = len(phrase.words)
    wanted = list(phrase.words)
    end = wanted.pop() if phrase.is_start else None
    return [
        at for at in range(len(text) - size + 1)
        if list(text[at : at + len(wanted)]) == wanted and (end is None or text[at + size - 1].startswith(end))
    ]  # fmt: skip
