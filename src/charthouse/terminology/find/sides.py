"""Tells the codes for right, left, bilateral and unspecified of one condition, and what they have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from charthouse.terminology.concept import Concept
from charthouse.terminology.find.cost import SIDES, UNSPECIFIED, seventh
from charthouse.terminology.find.lexicon import Lexicon
from charthouse.terminology.find.words import KNOWN
from charthouse.terminology.recent import Recent
from charthouse.terminology.spans import Spans

_WIDEST: Final = 400  # concepts among which the other sides are looked for
_KEPT: Final = 60  # categories whose sides are kept at hand, twice that at most
_ORDER: Final = ("right", "left", "bilateral", UNSPECIFIED)
_NAMED: Final = re.compile(r"\b(?:right|left|bilateral|unspecified|both)\b")
# what the displays of one condition differ in; the part is left out where both are meant ("Tinnitus, bilateral")
_APART: Final = re.compile(
    r"[,(] *|\b(?:right|left|bilateral|unspecified|both|ears?|eyes?|sides?)\b|(?<=[a-z]{3})(?:ies|s|y)\b"
)

Choices = Mapping[str, Concept]
_NONE: Final[Choices] = MappingProxyType({})


class Sides:
    """Looks up the sides of conditions in one release. Threads may share it."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._below: Recent[tuple[int, str], dict[str, dict[str, Concept]]] = Recent(_KEPT)

    def of(self, concept: Concept) -> Choices:
        """The codes of a condition by side, for the same encounter; empty where sides make no difference."""
        if not _NAMED.search(concept.display.lower()):
            return _NONE
        above = self._above(concept)
        ending = concept.display[seventh(concept.display)[1] :]
        held = self._below.get((above.id, ending))
        if held is None:
            held = self._below.put((above.id, ending), self._read(above, ending))
        found = held.get(family(concept.display), _NONE)
        if len(found) < 2 or not SIDES & found.keys():
            return _NONE
        return {side: found[side] for side in _ORDER if side in found}

    def _above(self, concept: Concept) -> Concept:
        """The nearest concept above that leaves the side open."""
        near = self._lexicon.entries([concept.id])
        above = concept
        while above.parent in near:
            higher = near[above.parent].concept
            if higher.last - higher.id > _WIDEST:
                break
            above = higher
            if not _NAMED.search(above.display.lower()):
                break
        return above

    def _read(self, above: Concept, ending: str) -> dict[str, dict[str, Concept]]:
        """All conditions below a concept that name a side or say that it is unspecified; for one encounter."""
        found: dict[str, dict[str, Concept]] = {}
        for each in self._lexicon.system.walk(Spans(((above.id, above.last),))):
            if each.is_selectable and each.display.endswith(ending):
                family, side = _read(each.display)
                if side:
                    found.setdefault(family, {}).setdefault(side, each)
        return found


def family(display: str) -> str:
    """What the displays of the codes for the sides and the encounters of one condition have in common."""
    return _read(display)[0]


def _read(display: str) -> tuple[str, str]:
    """The family of a display, and the side it names: "unspecified" where it only says so, empty where it says
    nothing."""
    length = seventh(display)[1]
    words = [_word(word) for word in display[:length].lower().split()]
    named = {name for word in words for name in word[1]}
    if length < len(display):
        named.update(_NAMED.findall(display[length:].lower()))
    shared = " ".join([rest for rest, _ in words if rest])
    known = [side for side in SIDES if side in named]
    if len(known) > 1 or "both" in named:
        return shared, "bilateral"
    return shared, known[0] if known else UNSPECIFIED if named else ""


@lru_cache(KNOWN)
def _word(word: str) -> tuple[str, tuple[str, ...]]:
    """What of a word (between spaces, in lower case) all sides have in common, and what it says of a side."""
    return " ".join(_APART.sub(" ", word).split()), tuple(_NAMED.findall(word))
