"""A bounded memory of answers: what was not asked for in a long time is forgotten."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `2 * limit` values by key. Threads may share it: the worst that can happen is to forget early.

    New and asked-for values stand in the young half; when it is full the old half is dropped and
    the young one grows old. That needs no lock and no list, unlike an exact order of use.
    """

    __slots__ = ("_limit", "_old", "_young")

    def __init__(self, limit: int) -> None:
        self._limit = limit
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
        """Keep a value, which must not be None, and give it back."""
        young = self._young
        if len(young) >= self._limit:
            self._old = young
            self._young = young = {}
        young[key] = value
        return value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
