"""Sets of places as the bits of large integers: what a hundred thousand concepts share is a few operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_SET: Final = re.compile(rb"[^\0]")
_BITS: Final = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def joined(places: Sequence[int]) -> int:
    """The set of some places."""
    if not places:
        return 0
    found = bytearray(max(places) // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def spanned(pairs: Iterable[tuple[int, int]]) -> int:
    """The set of all places in some intervals, both ends included."""
    found = 0
    for low, high in pairs:
        found |= ((1 << (high - low + 1)) - 1) << low
    return found


def places(bits: int) -> Iterator[int]:
    """The places of a set, in order."""
    text = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    for match in _SET.finditer(text):
        start = match.start()
        for bit in _BITS[text[start]]:
            yield start * 8 + bit


def holding(sets: Sequence[int], least: int) -> int:
    """The places that are in at least `least` of the sets."""
    levels = [0] * (len(sets) + 1)  # levels[n]: in at least n + 1 of the sets so far
    for count, each in enumerate(sets):
        for level in range(count, 0, -1):
            levels[level] |= levels[level - 1] & each
        levels[0] |= each
    return levels[least - 1] if 0 < least <= len(sets) else 0
