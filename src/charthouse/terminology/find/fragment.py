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
_SHORTEST: Final = 3  # what is shorter is looked up as a code only where it is one


def by_code(text: str, lexicon: Lexicon, limit: int) -> list[Concept]:
    """The concept whose code this is, else those whose codes begin so; empty for a text that is no code."""
    text = text.strip()
    if not text or len(text) > LONGEST or not is_storable(text):
        return []
    spellings = list(_spellings(text))
    exact = lexicon.system.found(spellings)
    whole = next((exact[each] for each in spellings if each in exact), None)
    if whole is None and _CODE.fullmatch(text) is None:
        return []
    found = [] if whole is None else [whole]
    if whole is not None:
        below = (each for each in lexicon.system.walk(lexicon.system.below(whole)) if each.id != whole.id)
        found.extend(islice(below, limit - 1))
    if whole is None and len(text.rstrip(".")) >= _SHORTEST - 1:
        for spelling in dict.fromkeys(each.rstrip(".") for each in spellings):
            found = lexicon.starting(spelling, limit)
            if found:
                break
    return found


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
