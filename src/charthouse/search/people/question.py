"""What was typed at the front desk as a question: names in any order, dates of birth and numbers, in all readings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from charthouse.search.people import births
from charthouse.search.people.births import Birth
from charthouse.search.people.words import typed
from charthouse.store.index.text import fold

SHORTEST: Final = 2  # letters that mean somebody; one is enough in scripts where it is a word
LONGEST: Final = 100
MOST_TERMS: Final = 8
MOST_READINGS: Final = 4
LONG_NUMBER: Final = 7  # digits from which on pieces of digits side by side are first taken for one number

_LABEL: Final = re.compile(r"(?<!\w)(?:mrn|dob|d\.o\.b\.|born|phone|tel|ssn|id|nr|no)\b[.:#\s]*(?=[\d(+#])")
_SIGNS: Final = re.compile(r"[\W_]+")
_PIECE: Final = re.compile(r"[^\s,;]+")
_NUMERIC: Final = re.compile(r"[\d()+./#-]*\d[\d()+./#-]*")
# Words around a name that say nothing about whose it is; left out where there are others.
_TITLES: Final = frozenset(
    ("mr", "mrs", "ms", "miss", "dr", "dra", "sra", "prof", "md", "phd", "sr", "jr", "ii", "iii", "iv")
)


class Term(NamedTuple):
    """One thing that must be true of the patient: a name's `word`, a `number` (its digits and letters), or a birth."""

    text: str
    word: str = ""
    number: str = ""
    births: tuple[Birth, ...] = ()


Question = tuple[Term, ...]


def is_short(text: str) -> bool:
    """Whether the text is too short to mean anybody."""
    bare = "".join(letter for letter in text if letter.isalnum())
    return len(bare) < SHORTEST and (not bare or bare.isascii())


def read(text: str, today: date, *, day_first: bool = False) -> list[Question]:
    """The readings of a text, the likeliest first; none for a text that is too short.

    In 3/4/1962 the month stands first unless `day_first`; the other reading counts behind it.
    """
    if is_short(text):
        return []
    plain = _LABEL.sub(" ", fold(text, LONGEST))
    readings = list(_dated(plain, today, day_first))
    return list(dict.fromkeys(reading for reading in readings if reading))[:MOST_READINGS]


def number(text: str) -> str:
    """A number as numbers are compared: letters and digits only, in capitals, without leading zeros."""
    bare = _SIGNS.sub("", text).upper()
    return bare.lstrip("0") or bare[:1]


def _dated(text: str, today: date, day_first: bool) -> Iterator[Question]:
    found = births.find(text, today, day_first=day_first)
    if found is None:
        yield from _plain(text, today, day_first)
        return
    written = text[found.start : found.end]
    term = Term(written.strip(), number=_as_number(written), births=found.births)
    for rest in _plain(text[: found.start] + " " + text[found.end :], today, day_first) or [()]:
        yield (*rest, term)
    if found.is_loose:
        yield from _plain(text, today, day_first)


def _plain(text: str, today: date, day_first: bool) -> list[Question]:
    """The readings of a text without spelled dates: pieces of digits side by side are one number, or several."""
    pieces = _PIECE.findall(text)
    runs: list[list[str]] = []
    for piece in pieces:
        if runs and _NUMERIC.fullmatch(piece) and _NUMERIC.fullmatch(runs[-1][-1]):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    joined = _terms([" ".join(run) for run in runs], today, day_first)
    if all(len(run) == 1 for run in runs):
        return [joined]
    apart = _terms(pieces, today, day_first)
    is_long = any(len(run) > 1 and sum(map(_digits, run)) >= LONG_NUMBER for run in runs)
    begins_with_year = any(
        len(run) > 1 and births.run_together(run[0], today, day_first=False) for run in runs
    )
    return [joined, apart] if is_long and not begins_with_year else [apart, joined]


def _terms(pieces: Sequence[str], today: date, day_first: bool) -> Question:
    found = [term for piece in pieces for term in _term(piece, today, day_first)]
    named = [term for term in found if term.word not in _TITLES or not term.word]
    return tuple(dict.fromkeys(named or found))[:MOST_TERMS]


def _term(piece: str, today: date, day_first: bool) -> Iterator[Term]:
    if "@" in piece:
        yield Term(piece, number=number(piece))
        return
    words = typed(piece)
    if not any(letter.isdigit() for letter in piece):
        yield from (Term(word, word=word) for word in words)
        return
    bare = "".join(words)
    if not bare.isdecimal():
        yield Term(piece, word=bare, number=number(piece))
        return
    is_plain = len(words) == 1
    born = births.run_together(bare, today, day_first=day_first) if is_plain else ()
    yield Term(piece, number=_as_number(piece), births=born)


def _as_number(text: str) -> str:
    """The digits of a number, its leading zeros with them: they count where an ending is asked for."""
    return _SIGNS.sub("", text).upper()


def _digits(text: str) -> int:
    return sum(letter.isdigit() for letter in text)
