"""A bounded memory of answers: what was not asked for in a long time is forgotten."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LONGEST: Final = (
    1_000  # characters of all texts in a key together, that of a question with a longer one is forgotten
)


class Recent(Generic[K, V]):
    """At most `2 * limit` values by key. Threads may share it: the worst that can happen is to forget early.

    Keys come from whoever asks: a value is not kept under one of more than `longest` characters in all.

    New and asked-for values stand in the young half; when it is full the old half is dropped and
    the young one grows old. That needs no lock and no list, unlike an exact order of use.
    """

    __slots__ = ("_limit", "_longest", "_old", "_young")

    def __init__(self, limit: int, longest: int = LONGEST) -> None:
        self._limit = limit
        self._longest = longest
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value, None where there is none."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: K, value: V) -> V:
        """Keep a value, which must not be None, and give it back. Under a long key it is not kept."""
        if length(key) > self._longest:
            return value
        young = self._young
        if len(young) >= self._limit:
            self._old = young
            self._young = young = {}
        young[key] = value
        return value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


def length(key: object) -> int:
    """The characters of the texts in a key, what is no text counted as one."""
    if key.__class__ is int:  # most of them
        return 1
    if isinstance(key, str):
        return len(key)
    if isinstance(key, tuple):
        return sum(map(length, key))
    if is_dataclass(key):
        return sum(length(getattr(key, field.name)) for field in fields(key))
    return 1
