"""Reads a name as a coder does: which words say something, which side and which encounter it is for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

import msgspec

from charthouse.terminology.find.words import EMPTY, KNOWN, LONGEST, fold, stem

SIDES: Final = frozenset({"right", "left", "bilateral"})
UNSPECIFIED: Final = "unspecified"
DENIES: Final = frozenset({"without", "no"})  # up to the next comma, or "with"
DENIES_NEXT: Final = frozenset({"not", "non"})


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words.split())


# What it costs a name to say a word that nobody asked for; 1 for a word that stands in none of these.
_FREE: Final = _stems("unspecified nos organism mention")
_SOFT: Final = _stems(
    "type condition disease disorder syndrome encounter mellitus closed site part level simple current state "
    "organism primary essential degree cause region uncomplicated uncertain acute single generalized general "
    "neoplasm episode nontraumatic nonrheumatic adult age related personal part presence "
    "structure area body use term drug female person infection system symptom finding approach qualifier"
)
_HEAVY: Final = _stems("other specified elsewhere classified multiple nec secondary male nonvenomous")
_COSTS: Final = dict.fromkeys(_SOFT, 0.3) | dict.fromkeys(_HEAVY, 1.2) | dict.fromkeys(_FREE, 0.0)
_ASIDE: Final = 0.15  # of the cost of a word is left where it stands in brackets, or is said not to hold
_UNTOLD: Final = 0.3  # and so much where it is said to be unspecified: "unspecified quadrant"

_NONE: Final[AbstractSet[str]] = frozenset()
_PART: Final = re.compile(r"[,;]")
_PIECE: Final = re.compile(r"[a-z0-9]+|[(\[)\]]")
_SEVENTH: Final = re.compile(
    r",? (?P<kind>initial encounter|subsequent encounter|sequela$)(?P<rest>.*)$", re.IGNORECASE
)


class Name(msgspec.Struct, frozen=True, gc=False):
    """A name taken apart. `costs` has for each word what it costs not to have been asked for (0 … 1.2).

    `denied` are words it says do not hold ("without complications"). `side` is right, left, bilateral
    or empty; `encounter` is A (initial), B (initial, open fracture), D, S, F (further ones) or empty.
    """

    costs: dict[str, float]
    denied: AbstractSet[str]
    side: str
    encounter: str


# What a piece of a text is for its reading.
_WORD: Final = 0
_EMPTY: Final = 1
_SIDE: Final = 2
_DENIES: Final = 3
_DENIES_NEXT: Final = 4
_WITH: Final = 5
_OPENS: Final = 6
_CLOSES: Final = 7


@lru_cache(KNOWN)
def _kind(piece: str) -> tuple[int, str, float]:
    """What a piece is; of a word the stem, and what it costs."""
    kind = (
        _OPENS if piece in "(["
        else _CLOSES if piece in ")]"
        else _SIDE if piece in SIDES
        else _DENIES if piece in DENIES
        else _DENIES_NEXT if piece in DENIES_NEXT
        else _WITH if piece == "with"
        else _EMPTY if piece in EMPTY
        else _WORD
    )  # fmt: skip
    cut = stem(piece[:LONGEST])
    return kind, cut, _COSTS.get(cut, 1.0)


def read(text: str) -> Name:
    """Take a display or a term apart."""
    encounter, length = seventh(text)
    costs: dict[str, float] = {}
    denied: set[str] = set()
    sides: set[str] = set()
    for number, part in enumerate(_PART.split(fold(text[:length]))):
        _take(part, costs, denied, sides, is_first=not number)
    side = "" if not sides else "bilateral" if len(sides) > 1 else sides.pop()
    return Name(costs, denied or _NONE, side, encounter)


def seventh(text: str) -> tuple[str, int]:
    """The encounter that a display ends with (as in `Name`), and the length of what is before it."""
    found = _SEVENTH.search(text) if "ncounter" in text or "equela" in text else None
    if found is None:
        return "", len(text)
    return _encounter(found["kind"].lower(), found["rest"].lower()), found.start()


def _take(text: str, costs: dict[str, float], denied: set[str], sides: set[str], *, is_first: bool) -> None:
    """Take in what stands between two commas."""
    denies = before = ""
    depth = 0
    pieces = _PIECE.findall(text)
    is_untold = not is_first and UNSPECIFIED in pieces and UNSPECIFIED in (pieces[0], pieces[-1])
    for place, piece in enumerate(pieces):
        kind, cut, cost = _kind(piece)
        if kind == _WORD:
            if depth or denies:
                cost *= _ASIDE
            elif is_untold or before == UNSPECIFIED:
                cost *= _UNTOLD
            if not denies:
                if denied:
                    denied.discard(cut)
            elif cut not in costs:
                denied.add(cut)
            if costs.get(cut, 9.0) > cost:
                costs[cut] = cost
            if denies in DENIES_NEXT:
                denies = ""
        elif kind == _SIDE:
            sides.add(piece)
        elif kind == _OPENS:
            depth += 1
        elif kind == _CLOSES:
            depth = max(0, depth - 1)
        elif denies or kind != _EMPTY:
            denies = _denial(kind, before, pieces[place : place + 2], denies)
        before = piece


def _denial(kind: int, before: str, pieces: Sequence[str], denies: str) -> str:
    """What is being denied after a small word: empty for nothing. `pieces` are the word and the one behind it."""
    if kind == _DENIES or pieces == ["not", "specified"]:
        return "no" if before not in {"or", "and"} else ""  # "with or without" says nothing
    if kind == _DENIES_NEXT:
        return denies or pieces[0]
    if kind == _WITH or (pieces[0] == "of" and (before == "body" or _is_site(pieces[1:]))):
        return ""
    return denies


def _is_site(pieces: Sequence[str]) -> bool:
    """Whether "of" leads on to where it all is, as in "without rupture of left ear drum"."""
    return bool(pieces) and (pieces[0] in SIDES or pieces[0] == UNSPECIFIED)


def plainness(display: str) -> float:
    """How much a display says beyond the usual case; the plainest, e.g. "Cough, unspecified", near 0."""
    name = read(display)
    aside = {"": 0.0, "A": 0.0, "B": 1.0}.get(name.encounter, 4.0)
    return sum(name.costs.values()) + aside + (1.0 if name.side else 0.0)


def _encounter(kind: str, rest: str) -> str:
    if kind.startswith("initial"):
        return "B" if "open" in rest else "A"
    if kind == "sequela":
        return "S"
    return "D" if not rest or ("open" not in rest and ("closed" in rest or "routine" in rest)) else "F"
