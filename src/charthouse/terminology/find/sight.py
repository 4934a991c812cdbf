"""Sees at a glance whether a text can have a word of a question, so that few texts must be taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterable

from charthouse.terminology.find.words import MARKS


class Sight:
    """Looks for some stems. It may be wrong where it says yes, and never where it says no."""

    def __init__(self, stems: Iterable[str]) -> None:
        """`stems` as `words.stem` makes them."""
        begun = sorted({_beginning(stem) for stem in stems})
        self._begun = re.compile(f"(?<![a-z0-9])(?:{'|'.join(begun)})") if begun else None

    def is_in(self, text: str) -> bool:
        """Whether a word of a text may have one of the stems."""
        if self._begun is None:
            return False
        if not text.isascii() or not MARKS.isdisjoint(text):
            return True  # folding takes letters out
        return self._begun.search(text.lower()) is not None


def _beginning(stem: str) -> str:
    """How a word with this stem begins: "ae" and "oe" have become "e" in it, and "ies" has become "y"."""
    return re.escape(stem.removesuffix("y")).replace("e", "[ao]?e")
