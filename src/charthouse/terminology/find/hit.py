"""What a search gives: a code, why it was found, which sides there are, and what to mind."""

from __future__ import annotations

from typing import Final

import msgspec

from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.concept import Concept
from charthouse.terminology.find.cost import SIDES, UNSPECIFIED, read
from charthouse.terminology.find.words import EMPTY, split, stem
from charthouse.terminology.spans import Spans

_WIDEST: Final = 400  # concepts among which the other sides are looked for
_ORDER: Final = ("right", "left", "bilateral", UNSPECIFIED)
_UNTOLD: Final = SIDES | {UNSPECIFIED, "both"}
_PARTS: Final = frozenset({"ear", "eye", "side"})  # left out where both are meant: "Tinnitus, bilateral"
_MINDED: Final = (
    ("codeFirst", "Code first"), ("excludes1", "Not with"), ("useAdditionalCode", "Code also"), ("excludes2", "Not for"),
)  # fmt: skip
_NOTE: Final = 160  # characters


class Hit(msgspec.Struct, frozen=True):
    """A code that was found. `system` is its url, `why` short phrases that tell how the question was read,
    `sides` the code for each of right, left, bilateral and unspecified where there are several,
    `note` what the book says first of all (codes to be coded first, excludes)."""

    system: str
    version: str
    code: str
    display: str
    is_billable: bool
    why: tuple[str, ...] = ()
    sides: dict[str, str] = {}
    note: str = ""


def family(display: str) -> tuple[str, ...]:
    """What the codes for the sides and the encounters of one condition have in common in their displays."""
    name = read(display)
    stems = sorted(stem(word) for word in split(display[: name.length]))
    return tuple(f"-{word}" if word in name.denied else word for word in stems if word not in _CUT)


_CUT: Final = frozenset(stem(word) for word in _UNTOLD | _PARTS | EMPTY)


def sides(system: CodeSystem, concept: Concept) -> dict[str, Concept]:
    """The codes of a condition by side, for the same encounter; empty where sides make no difference."""
    name = read(concept.display)
    if not name.side and not _CUT & set(name.costs):
        return {}
    above = concept
    while above.parent:
        higher = system.concepts([above.parent]).get(above.parent)
        if higher is None or higher.last - higher.id > _WIDEST:
            break
        above = higher
        if not set(split(above.display)) & _UNTOLD:
            break
    own = family(concept.display)
    found: dict[str, Concept] = {}
    for each in system.walk(Spans(((above.id, above.last),))):
        words = set(split(each.display))
        if not each.is_selectable or not words & _UNTOLD:
            continue
        other = read(each.display)
        if other.encounter == name.encounter and family(each.display) == own:
            found.setdefault(other.side or UNSPECIFIED, each)
    if len(found) < 2 or not SIDES & set(found):
        return {}
    return {side: found[side] for side in _ORDER if side in found}


def note(properties: dict[str, list[str]]) -> str:
    """What the book says of a code, in a line."""
    parts: list[str] = []
    for name, said in _MINDED:
        texts = properties.get(name)
        if texts:
            parts.append(f"{said}: {'; '.join(texts[:2])}{' …' if len(texts) > 2 else ''}")
    text = ". ".join(parts)
    return text if len(text) <= _NOTE else text[: _NOTE - 1].rstrip() + "…"
