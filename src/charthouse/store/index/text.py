"""How text is made comparable, so that what is stored and what is asked for go by one rule."""

from __future__ import annotations

import unicodedata
from hashlib import sha256
from typing import Final

LONGEST: Final = 256  # characters of a string that are indexed; an index row must fit a third of a page
LONGEST_NAME: Final = 500  # characters of a code or an address that are kept as they are

# Letters that Unicode does not take apart into a base letter and a mark, but that people type as one.
_LETTERS: Final = str.maketrans({
    "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Ħ": "H", "ħ": "h",
    "Þ": "Th", "þ": "th", "Æ": "Ae", "æ": "ae", "Œ": "Oe", "œ": "oe", "ı": "i",
})  # fmt: skip


def fold(text: str, longest: int = LONGEST) -> str:
    """`text` without case, accents and superfluous white space, cut to `longest` characters.

    R4 search.html#string: strings match after both sides are normalised so. The start of the
    folded text is the folded start, so "starts with" works on what is cut.
    """
    if text.isascii():
        return " ".join(text.lower().split())[:longest]
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())[:longest]


def short(name: str) -> str:
    """A code or an address as it is, or, when it is too long for an index, its start and a digest.

    Names are only ever compared as a whole, so both sides compare the same when shortened alike.
    """
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:400]}…{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
