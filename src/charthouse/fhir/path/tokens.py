"""Cuts the text of an expression into tokens, each with its place, so that messages can point."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import Problem, invalid

MAX_LENGTH: Final = 50_000

_PATTERN: Final = re.compile(
    r"""
      (?P<space>\s+|//[^\r\n]*|/\*.*?\*/)
    | (?P<open>/\*)
    | (?P<datetime>@[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?T
          (?:[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)
    | (?P<date>@[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)
    | (?P<time>@T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?)
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<quoted>`(?:[^`\\]|\\.)*`)
    | (?P<variable>%(?:vs|ext)-[A-Za-z0-9-]+)
    | (?P<dollar>\$[a-z]+)
    | (?P<mark><=|>=|!=|!~|[-+*/&|<>=~.,()\[\]{}%])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES: Final = {
    "'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `kind` is a group name of the pattern, `text` as written (quotes and escapes undone)."""

    kind: str
    text: str
    at: int


def where(text: str, at: int) -> str:
    """`at` in words: line and column, both from 1."""
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return f"line {line}, column {column}"


def extent(text: str, at: int) -> int:
    """The length of the token that begins at `at`; of a variable with its `%`."""
    match = _PATTERN.match(text, at)
    if match is None:
        return 1
    length = match.end() - at
    return length + extent(text, match.end()) if match.group() == "%" else length


def refusal(text: str, at: int, message: str, repair: str | None = None) -> Problem:
    """A Problem (invalid) that says where in `text` the fault is and what stands there."""
    found = text[at : at + 20] or "end of expression"
    return invalid(
        "invalid", f"{message} ({where(text, at)}).", place=where(text, at), value=found, repair=repair
    )


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, an `end` token last.

    Raises `Problem(invalid)` with the position for a character, string or comment that FHIRPath does not have.
    """
    if len(text) > MAX_LENGTH:
        raise invalid("too-long", f"The expression is longer than {MAX_LENGTH} characters.", value=text[:40])
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        kind = match.lastgroup if match else None
        if match is None or kind is None or kind == "open":
            raise _bad(text, at)
        if kind != "space":
            word = match.group()
            if kind in ("string", "quoted"):
                word = _unquote(text, word, at)
            found.append(Token(kind, word, at))
        at = match.end()
    found.append(Token("end", "", at))
    return found


def _bad(text: str, at: int) -> Problem:
    character = text[at]
    if character == "'":
        return refusal(text, at, "A string is not closed", "End it with '.")
    if character == "`":
        return refusal(text, at, "A quoted name is not closed", "End it with `.")
    if text.startswith("/*", at):
        return refusal(text, at, "A comment is not closed", "End it with */.")
    if character == '"':
        return refusal(text, at, "FHIRPath has no double quotes", "Write strings in single quotes.")
    if character == "@":
        return refusal(
            text, at, "This is no date or time", "Write @2014-01-25, @2014-01-25T14:30:14+02:00 or @T14:30."
        )
    return refusal(text, at, f"The character {character!r} has no meaning here")


def _unquote(text: str, word: str, at: int) -> str:
    """The content of a quoted word, escapes undone (N1, 4.1.1)."""
    inner = word[1:-1]
    if "\\" not in inner:
        return inner

    def undo(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) == 5:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            raise refusal(
                text, at + 1 + match.start(), f"\\{code} is no escape", "A backslash itself is written \\\\."
            )
        return _ESCAPES[code]

    undone = _ESCAPE.sub(undo, inner)
    try:  # two escapes can make one character
        return undone.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise refusal(text, at, "Half of a surrogate pair is no character") from None
