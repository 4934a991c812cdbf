"""Reads part of a code: any case, with or without its dot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from charthouse.terminology.concept import Concept
from charthouse.terminology.find.lexicon import Lexicon
from charthouse.terminology.trees import is_storable

LONGEST: Final = 60  # characters of a code

_CODE: Final = re.compile(r"(?=.*\d)\S+")  # some digit, no spaces
_SHORTEST: Final = 3  # what is shorter is the beginning of a code only where it is no abbreviation
_LEAST: Final = 2


def by_code(text: str, lexicon: Lexicon, limit: int) -> tuple[list[Concept], str]:
    """The concepts that are meant by a code or by its beginning, the code itself first; and the words left over.

    A code may stand before or behind words. What is below a code that was typed follows it.
    """
    text = text.strip()
    if not text or not is_storable(text):
        return [], text
    found = _whole(text, lexicon, limit)
    if found or " " not in text:
        return (found, "") if found else _begun(text, lexicon, limit)
    for part, rest in (text.split(maxsplit=1), reversed(text.rsplit(maxsplit=1))):
        if _CODE.fullmatch(part) and len(part) >= _SHORTEST:
            found = _whole(part, lexicon, 1)
            if found:
                return found, rest
    return [], text


def whole(text: str, lexicon: Lexicon) -> Concept | None:
    """The concept with this code."""
    text = text.strip()
    if not text or len(text) > LONGEST or not is_storable(text):
        return None
    spellings = list(_spellings(text))
    exact = lexicon.system.found(spellings)
    return next((exact[each] for each in spellings if each in exact), None)


def _whole(text: str, lexicon: Lexicon, limit: int) -> list[Concept]:
    """The concept with this code, and what is below it."""
    found = whole(text, lexicon)
    if found is None:
        return []
    below = (each for each in lexicon.system.walk(lexicon.system.below(found)) if each.id != found.id)
    return [found, *islice(below, limit - 1)]


def _begun(text: str, lexicon: Lexicon, limit: int) -> tuple[list[Concept], str]:
    """The concepts whose codes begin so; the text is left over where there are none."""
    plain = text.rstrip(".")
    is_code = _CODE.fullmatch(text) is not None and _LEAST <= len(plain) <= LONGEST
    if is_code and (len(plain) >= _SHORTEST or (plain.lower(),) not in lexicon.lore.short):
        for spelling in dict.fromkeys(each.rstrip(".") for each in _spellings(text)):
            found = lexicon.starting(spelling, limit)
            if found:
                return found, ""
    return [], text


def _spellings(text: str) -> Iterator[str]:
    """How a code may be written in its system: as typed, in capitals, with the dot of ICD, without any."""
    seen: set[str] = set()
    plain = text.rstrip(".")
    bare = plain.replace(".", "")
    for each in (text, plain, bare, f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare):
        for spelled in (each, each.upper(), each.lower()):
            if spelled and spelled not in seen:
                seen.add(spelled)
                yield spelled
