"""Cuts a text into the words that searching compares: folded, without endings, in one spelling."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LONGEST: Final = 40  # letters of a word that are looked at

KNOWN: Final = 30_000  # words whose stems are kept at hand; more than a system has

_WORD: Final = re.compile(r"[a-z0-9]+")
_OWN: Final = re.compile(r"(?<=[a-z])['’`]s?\b")
MARKS: Final = frozenset("'’`")
_VOWEL: Final = re.compile(r"[aeiouy]")

# words that carry no meaning in a name or a question
_EMPTY: Final = (
    "an and as at be by due for from has have her his in is it its my of on or s the to was were with"
)
EMPTY: Final = frozenset(_EMPTY.split())


def fold(text: str) -> str:
    """`text` in lower case without accents; "Sjögren's" becomes "sjogren"."""
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _OWN.sub("", plain) if not MARKS.isdisjoint(plain) else plain


def split(text: str) -> list[str]:
    """The words of `text` in order, folded; hyphens and strokes part words."""
    return [word[:LONGEST] for word in _WORD.findall(fold(text))]


@lru_cache(KNOWN)
def stem(word: str) -> str:
    """`word` (folded) without its ending, so that fractures, fractured and fracture are one.

    Light on purpose: what is left is compared, never shown. British "ae" and "oe" become "e".
    """
    if len(word) < 4 or not word.isalpha():
        return word
    if len(word) > 5:
        word = word.replace("ae", "e").replace("oe", "e")
    word = _singular(word)
    for ending, least in (("ing", 4), ("ed", 4), ("ion", 5), ("ive", 5), ("ic", 5)):
        left = word[: -len(ending)]
        if word.endswith(ending) and len(left) >= least and _VOWEL.search(left):
            if ending == "ion" and left[-1] not in "st":
                continue
            word = left
            break
    if len(word) > 5 and word[-1] in "ey":
        word = word[:-1]
    return word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
