"""Makes the word index of a release: for every word the concepts that have it, as bits in walking order.

What `fill` puts into `term_word`. One bit for each concept of the system, the first concept's lowest:
questions then are a few operations on large integers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import zstandard

from charthouse.terminology.codesystem import PROSE
from charthouse.terminology.concept import HEADING, INACTIVE, Row
from charthouse.terminology.find.cost import plainness, read
from charthouse.terminology.find.words import split, stem

FEW: Final = 48  # a word with no more concepts than this is kept as a list of places
TIERS: Final = (0.01, 0.03, 0.1, 0.3, 1.0)  # shares of the selectable concepts, the plainest first
GROUPS: Final = "=groups"  # how many groups there are; groups tell how rare a word is
TIER: Final = "=tier"  # + number: the concepts to look at first

_FURTHER: Final = frozenset("DFS")  # encounters, see `cost.Name`
_DEPTH: Final = 2  # concepts this far down the hierarchy are the groups; in ICD-10-CM the categories
LATER: Final = "=later"  # the concepts for a further encounter, or for a late effect

NOTE: Final = "includes"  # the property whose text names what a concept holds


def words(rows: Sequence[Row], first: int) -> Iterator[tuple[str, bytes]]:  # noqa: ARG001 (places are relative)
    """(word, packed) for the concepts `rows`, which are in walking order; the form that `fill` asks for.

    A concept has the words of its display, of its designations, and of the designations of all above it.
    """
    last, groups = _shape(rows)
    spans: dict[str, array[int]] = {}
    stems: dict[str, str] = {}

    def note(text: str, low: int, high: int) -> None:
        for word in split(text):
            found = stems.get(word)
            if found is None:
                found = stems[word] = stem(word)
            pairs = spans.get(found)
            if pairs is None:
                pairs = spans[found] = array("L")
            if not pairs or pairs[-2] != low or pairs[-1] != high:
                pairs.extend((low, high))

    for place, row in enumerate(rows):
        note(row.display, place, place)
        for each in row.designations:
            if each.use in PROSE:
                continue
            note(each.text, place, last[place])
        for name, value in row.properties:
            if name == NOTE:
                note(value, place, last[place])
    yield GROUPS, _header(len(set(groups)))
    for number, places in enumerate(_tiers(rows)):
        yield (
            f"{TIER}{number}",
            _header(0) + _packed(array("L", (x for place in places for x in (place, place)))),
        )
    later = [place for place, row in enumerate(rows) if read(row.display).encounter in _FURTHER]
    yield LATER, _header(0) + _packed(array("L", (x for place in later for x in (place, place))))
    for word in sorted(spans):
        pairs = spans[word]
        held = len({groups[place] for place in pairs[::2]})
        yield word, _header(held) + _packed(pairs)


def unpack(blob: bytes) -> tuple[int, int]:
    """(number of groups that have the word, its concepts as bits) of what `words` packed."""
    held = int.from_bytes(blob[:3], "little")
    kind, body = blob[3:4], blob[4:]
    if kind == b"l":
        bits = 0
        for place in array("I", body):
            bits |= 1 << place
        return held, bits
    return held, int.from_bytes(zstandard.decompress(body), "little") if kind == b"b" else 0


def _header(groups: int) -> bytes:
    return min(groups, 0xFFFFFF).to_bytes(3, "little")


def _packed(pairs: array[int]) -> bytes:
    """The places in intervals (low, high, low, high …), in the smaller of two forms."""
    count = sum(high - low + 1 for low, high in zip(pairs[::2], pairs[1::2], strict=True))
    if count <= FEW:
        places = {
            place for low, high in zip(pairs[::2], pairs[1::2], strict=True) for place in range(low, high + 1)
        }
        return b"l" + array("I", sorted(places)).tobytes()
    bits = bytearray(max(pairs[1::2], default=0) // 8 + 1)
    for low, high in zip(pairs[::2], pairs[1::2], strict=True):
        for place in range(low, high + 1):
            bits[place >> 3] |= 1 << (place & 7)
    return b"b" + zstandard.ZstdCompressor(level=12).compress(bytes(bits))


def _shape(rows: Sequence[Row]) -> tuple[list[int], list[int]]:
    """For each place the last place below it along first parents, and the place of its group."""
    last = list(range(len(rows)))
    groups = [0] * len(rows)
    places: dict[str, int] = {}
    path: list[int] = []
    for place, row in enumerate(rows):
        places[row.code] = place
        above = places.get(row.parents[0]) if row.parents else None
        while path and path[-1] != above:
            path.pop()
        path.append(place)
        groups[place] = path[min(_DEPTH, len(path) - 1)]
        for each in path:
            last[each] = place
    return last, groups


def _tiers(rows: Sequence[Row]) -> Iterator[Iterable[int]]:
    """Places of selectable concepts, each tier holding those before it."""
    ranked = sorted(
        (plainness(row.display), place) for place, row in enumerate(rows) if not row.flags & (HEADING | INACTIVE)
    )  # fmt: skip
    for share in TIERS:
        yield sorted(place for _, place in ranked[: max(1, int(len(ranked) * share))])
