"""Chance that repeats: the same seed and patient number always give the same record."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar

Thing = TypeVar("Thing")


class Chance(Random):
    """A stream of random choices named by its purpose, so that streams do not disturb each other."""

    def __init__(self, name: str) -> None:
        super().__init__(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big"))

    def odds(self, share: float) -> bool:
        """True in `share` of cases."""
        return self.random() < share

    def near(self, value: float, spread: float) -> float:
        """A value around `value`: normal with standard deviation `spread`, cut at 2.5 of them."""
        if spread == 0:
            return value
        return value + spread * max(-2.5, min(2.5, self.gauss(0.0, 1.0)))

    def pick(self, things: Sequence[Thing]) -> Thing:
        """One of `things`."""
        return things[int(self.random() * len(things))]

    def between(self, low: float, high: float) -> float:
        """A value between `low` and `high`."""
        return low + (high - low) * self.random()


def identifier(seed: int, owner: int | str, kind: str, count: int) -> str:
    """An opaque logical id in the shape of a UUID, fixed by seed, owner, type and place in the order."""
    text = blake2b(f"{seed}/{owner}/{kind}/{count}".encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-{text[20:]}"
