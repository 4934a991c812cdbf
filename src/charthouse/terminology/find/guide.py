"""Tells what a coder must know at a code: whether it may be reported, what is missing, what the book says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from charthouse.terminology.concept import Concept
from charthouse.terminology.find.lexicon import Entry, Lexicon
from charthouse.terminology.find.sides import Sides

MOST: Final = 60  # choices that are told

_FULL: Final = 7  # characters of a code at most
_SEVENTH: Final = "sevenChr"  # the property with a character and its meaning, e.g. "A initial encounter"
# the notes of the book, in the order in which a coder heeds them
_KINDS: Final = (
    "excludes1", "codeFirst", "useAdditionalCode", "codeAlso", "excludes2", "includes", "notes", "sevenChrNote",
)  # fmt: skip


class Choice(msgspec.Struct, frozen=True):
    """What may come next: `characters` to add (placeholders X among them), what they mean, the code they give
    (empty where further characters are needed before these)."""

    characters: str
    meaning: str
    code: str = ""


class Step(msgspec.Struct, frozen=True):
    """Characters that a code lacks: the position of the last of them (1 is the first) and the choices.

    The position is 0 below a chapter or section, whose codes do not begin with its own.
    """

    position: int
    choices: tuple[Choice, ...]


class Note(msgspec.Struct, frozen=True):
    """Something the book says: its kind (e.g. `excludes1`), the text, and the code at which it stands."""

    kind: str
    text: str
    code: str
    display: str


class Guide(msgspec.Struct, frozen=True):
    """What a coder must know at a code. `missing` is empty for a code that may be reported; `terms` are other
    names of the code itself; `sides` as in `Hit`; `notes` by kind, the nearest first."""

    system: str
    version: str
    code: str
    display: str
    is_billable: bool
    missing: tuple[Step, ...]
    sides: Mapping[str, str]
    terms: tuple[str, ...]
    notes: tuple[Note, ...]


def guide(lexicon: Lexicon, sides: Sides, concept: Concept) -> Guide:
    """What is known of a concept and of all that stands above it."""
    near = lexicon.entries([concept.id])
    line = list(_line(concept, near))
    said = lexicon.system.properties([each.id for each in line])
    is_billable = concept.is_selectable and concept.is_active
    seventh = next((found for each in line if (found := _characters(said.get(each.id, ())))), {})
    own = near.get(concept.id)
    return Guide(
        lexicon.system.release.url, lexicon.system.release.version, concept.code, concept.display, is_billable,
        () if concept.is_selectable else tuple(_missing(lexicon, concept, seventh)),
        {side: each.code for side, each in sides.of(concept).items()},
        tuple(dict.fromkeys(term.text for term in own.terms if term.is_own)) if own is not None else (),
        tuple(
            Note(kind, text, each.code, each.display)
            for kind in _KINDS for each in line for name, text in said.get(each.id, ()) if name == kind
        ),
    )  # fmt: skip


def _line(concept: Concept, near: Mapping[int, Entry]) -> Iterator[Concept]:
    """A concept and all above it, the nearest first."""
    above: Entry | None = near.get(concept.id)
    while above is not None:
        yield above.concept
        above = near.get(above.concept.parent)


def _characters(properties: list[tuple[str, str]] | tuple[()]) -> dict[str, str]:
    """The seventh characters that are explained at a concept."""
    pairs = (value.partition(" ") for name, value in properties if name == _SEVENTH)
    return {character: meaning for character, _, meaning in pairs}


def _missing(lexicon: Lexicon, concept: Concept, seventh: Mapping[str, str]) -> Iterator[Step]:
    """The step to what is directly below, and the seventh character where that needs one later."""
    own = _plain(concept.code)
    steps: dict[int, list[Choice]] = {}
    for child in lexicon.system.children(concept):
        whole = _plain(child.code)
        if not whole.startswith(own):
            steps.setdefault(0, []).append(Choice(child.code, child.display, child.code))
            continue
        is_last = len(whole) == _FULL and whole[-1] in seventh
        meaning = seventh[whole[-1]] if is_last else child.display
        steps.setdefault(len(whole), []).append(Choice(whole[len(own) :], meaning, child.code))
    for position, choices in sorted(steps.items()):
        yield Step(position, tuple(choices[:MOST]))
    if seventh and _FULL not in steps:
        yield Step(_FULL, tuple(Choice(character, meaning) for character, meaning in seventh.items()))


def _plain(code: str) -> str:
    return code.replace(".", "")
