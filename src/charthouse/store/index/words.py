"""The words of a resource, as a search through its text meets them: folded, in their order, within limits.

What counts as text: the strings that people read or write, codes among them. Left out are the addresses of code
systems, profiles and extensions, references, ids, base64 content, and dates and times, which have parameters of
their own. Both databases get these words and nothing to decide about them, so that they answer the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from html import unescape
from itertools import islice
from typing import Any, Final, NamedTuple

from charthouse.store.index.text import fold

MOST: Final = 8000  # words of the narrative, and of the rest, that are kept
LONGEST_WORD: Final = 64  # characters of a word that are compared
SAME: Final = 250  # places of one word in a resource that are kept; PostgreSQL keeps 255 (tsvector)
GAP: Final = "_"  # stands where a word was left out; no text has it as a word
_APART: Final = (
    100  # empty places between narrative and content, so that no phrase goes from one to the other
)

_WORD: Final = re.compile(r"[^\W_]+")
_UNREAD: Final = frozenset((
    "resourceType", "id", "meta", "system", "url", "reference", "data", "valueBase64Binary", "div", "fullUrl",
    "implicitRules", "language", "profile", "targetProfile",
))  # fmt: skip
_MOMENT: Final = re.compile(r"\d{4}-\d\d(-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?)?|\d\d:\d\d:\d\d(\.\d+)?")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
# Marks inside a word do not part it; every other element of XHTML does.
_INLINE: Final = re.compile(
    r"</?(?:a|abbr|b|big|code|em|font|i|q|s|small|span|strong|sub|sup|tt|u)(?:\s[^>]*)?>"
)
_TAG: Final = re.compile(r"<[^>]*>")


class Wording(NamedTuple):
    """The words of a resource: of its narrative, and of all else."""

    narrative: tuple[str, ...]
    content: tuple[str, ...]


def words(text: str) -> list[str]:
    """The words of a text in their order, folded."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(fold(text, len(text) * 20))]


def wording(tree: dict[str, Any]) -> Wording:
    """The words of a resource (R4 search.html#content), those of contained resources included."""
    seen: Counter[str] = Counter()
    narrative = tree.get("text")
    told = narrative.get("div") if isinstance(narrative, dict) else None
    return Wording(
        _kept((_plain(told),) if isinstance(told, str) else (), seen), _kept(_texts(tree, ""), seen)
    )


def vector(found: Wording) -> str:
    """The words with their places as a `tsvector` of PostgreSQL in its written form; the narrative has weight A."""
    places: dict[str, list[str]] = {}
    for place, word in enumerate(found.narrative, 1):
        places.setdefault(word, []).append(f"{place}A")
    for place, word in enumerate(found.content, MOST + _APART):
        places.setdefault(word, []).append(str(place))
    places.pop(GAP, None)
    return " ".join(f"'{word}':{','.join(its)}" for word, its in places.items())


def _kept(texts: Iterable[str], seen: Counter[str]) -> tuple[str, ...]:
    found = list(islice((word for text in texts for word in words(text)), MOST))
    seen.update(found)
    if not seen or max(seen.values()) <= SAME:
        return tuple(found)
    left = {word: SAME - (seen[word] - count) for word, count in Counter(found).items()}
    kept: list[str] = []
    for word in found:
        left[word] -= 1
        kept.append(word if left[word] >= 0 else GAP)
    return tuple(kept)


def _texts(value: Any, name: str) -> Iterator[str]:
    """The texts under an element, in document order."""
    if isinstance(value, str):
        if _MOMENT.fullmatch(value) is None:
            yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _UNREAD:
                yield from _texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)


def _plain(markup: str) -> str:
    """The text of XHTML."""
    return unescape(_TAG.sub(" ", _INLINE.sub("", _COMMENT.sub("", markup))))
