"""Names taken apart into the words they are found by, the same way for what is kept and for what is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from charthouse.store.index.text import fold

MOST_JOINED: Final = 3  # parts of a name that are also found as one word: "de la Cruz" is "delacruz"
_MARKS: Final = re.compile(r"['’‘ʼʻ`´]")
_APART: Final = re.compile(r"[\W_]+")
# Parts of names that people write together with the next one: "de la Vega" is "delavega" in a longer name, too.
_PARTICLES: Final = frozenset(
    ("al", "da", "de", "del", "den", "der", "di", "do", "dos", "du", "el", "la", "las", "le", "los", "mac", "mc", "o",
     "saint", "st", "van", "von", "ter", "ten", "bin", "abu")
)  # fmt: skip
FORMER: Final = ("old", "maiden")  # R4 name-use: no longer the person's name


class Said(NamedTuple):
    """A name's words, and whether it is one the person had before."""

    words: frozenset[str]
    is_former: bool
    text: str
    size: int  # words of the name that somebody who types it all would type


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words that `text` is found by: each part, and the parts that belong together as one.

    "O'Brien" is obrien, o and brien; "García-López" is garcia, lopez and garcialopez.
    """
    folded = fold(text)
    if folded.isascii() and folded.isalnum():
        return (folded,)
    found: dict[str, None] = {}
    bare = [part for part in _APART.split(_MARKS.sub("", folded)) if part]
    found |= dict.fromkeys(bare)
    found |= dict.fromkeys(part for part in _APART.split(folded) if part)
    if 1 < len(bare) <= MOST_JOINED:
        found["".join(bare)] = None
    run = ""
    for part in bare:
        if run and part not in _PARTICLES:
            found[run + part] = None
        run = run + part if part in _PARTICLES else ""
    return tuple(found)


@lru_cache(maxsize=4096)
def typed(text: str) -> tuple[str, ...]:
    """The words of one piece of what was typed: apostrophes join, everything else divides."""
    return tuple(part for part in _APART.split(_MARKS.sub("", fold(text))) if part)


def said(tree: Mapping[str, Any]) -> Iterator[Said]:
    """The names of a Patient."""
    for name in tree.get("name") or ():
        if not isinstance(name, dict):
            continue
        family = [str(name["family"])] if name.get("family") else []
        given = _listed(name.get("given"))
        spoken = [*given, *family] or ([str(name["text"])] if name.get("text") else [])
        parts = [*spoken, *_listed(name.get("prefix")), *_listed(name.get("suffix"))]
        if name.get("text"):
            parts.append(str(name["text"]))
        period = name.get("period")
        is_former = name.get("use") in FORMER or bool(isinstance(period, dict) and period.get("end"))
        yield Said(
            frozenset(word for part in parts for word in words(part)), is_former, " ".join(spoken),
            sum(len(typed(part)) for part in spoken),
        )  # fmt: skip


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value if one] if isinstance(value, list) else []
