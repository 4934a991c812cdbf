"""Reads a name as a coder does: which words say something, which side and which encounter it is for."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from charthouse.terminology.find.words import EMPTY, LONGEST, fold, stem

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
    "structure area body use term drug female person infection system symptom finding degree"
)
_HEAVY: Final = _stems("other specified elsewhere classified multiple nec secondary male nonvenomous")
_COSTS: Final = {word: 0.3 for word in _SOFT} | {word: 1.2 for word in _HEAVY} | dict.fromkeys(_FREE, 0.0)
_ASIDE: Final = 0.15  # of the cost of a word is left where it stands in brackets, or is said not to hold
_UNTOLD: Final = 0.3  # and so much where it is said to be unspecified: "unspecified quadrant"

_PART: Final = re.compile(r"[,;]")
_PIECE: Final = re.compile(r"[a-z0-9]+|[(\[)\]]")
_SEVENTH: Final = re.compile(
    r",? (?P<kind>initial encounter|subsequent encounter|sequela)(?P<rest>[^,]*)$", re.IGNORECASE
)


class Name(NamedTuple):
    """A name taken apart. `costs` has for each word what it costs not to have been asked for (0 … 1.2).

    `denied` are words it says do not hold ("without complications"). `side` is right, left, bilateral
    or empty; `encounter` is A (initial), B (initial, open fracture), D, S, F (further ones) or empty; `length` is that of the
    text without it.
    """

    costs: dict[str, float]
    denied: set[str]
    side: str
    encounter: str
    length: int


def read(text: str) -> Name:
    """Take a display or a term apart."""
    encounter = ""
    seventh = _SEVENTH.search(text)
    if seventh is not None:
        encounter = _encounter(seventh["kind"].lower(), seventh["rest"].lower())
        text = text[: seventh.start()]
    name = Name({}, set(), "", encounter, len(text))
    sides: set[str] = set()
    for number, part in enumerate(_PART.split(fold(text))):
        sides |= _part(part, name.costs, name.denied, is_first=not number)
    side = "" if not sides else "bilateral" if len(sides) > 1 else sides.pop()
    return name._replace(side=side)


def _part(text: str, costs: dict[str, float], denied: set[str], *, is_first: bool) -> set[str]:
    """Take in what stands between two commas; the sides it names."""
    sides: set[str] = set()
    denies = before = ""
    depth = 0
    pieces = _PIECE.findall(text)
    is_untold = not is_first and UNSPECIFIED in pieces and (pieces[0] == UNSPECIFIED or pieces[-1] == UNSPECIFIED)
    for place, piece in enumerate(pieces):
        if piece in "([":
            depth += 1
        elif piece in ")]":
            depth = max(0, depth - 1)
        elif piece in SIDES:
            sides.add(piece)
        elif piece in DENIES or pieces[place : place + 2] == ["not", "specified"]:
            denies = "no" if before not in {"or", "and"} else ""  # "with or without" says nothing
        elif piece in DENIES_NEXT:
            denies = denies or piece
        elif piece == "with" or (piece == "of" and (before == "body" or _is_site(pieces[place + 1 : place + 2]))):
            denies = ""
        elif piece not in EMPTY:
            cut = stem(piece[:LONGEST])
            cost = _COSTS.get(cut, 1.0)
            if depth or denies:
                cost *= _ASIDE
            elif is_untold or before == UNSPECIFIED:
                cost *= _UNTOLD
            if not denies:
                denied.discard(cut)
            elif cut not in costs:
                denied.add(cut)
            costs[cut] = min(cost, costs.get(cut, cost))
            if denies in DENIES_NEXT:
                denies = ""
        before = piece
    return sides


def _is_site(following: list[str]) -> bool:
    """Whether what comes after "of" is where it all is: "without rupture of left ear drum"."""
    return bool(following) and (following[0] in SIDES or following[0] == UNSPECIFIED)


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
    return "D" if not rest or "closed" in rest or "routine" in rest else "F"
