"""What supplements add to the concepts of another code system (R4 CodeSystem.supplements): names and properties."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from charthouse.terminology.answers import Name, Property
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.names import names
from charthouse.terminology.properties import kinds, typed
from charthouse.terminology.trees import text
from charthouse.terminology.versions import split


class Supplements:
    """The supplements that a question names. They never add codes, nor change membership."""

    def __init__(self, systems: Iterable[CodeSystem] = ()) -> None:
        self._by_url: dict[str, list[CodeSystem]] = {}
        for system in systems:
            url, _ = split(text(system.about(), "supplements") or "")
            self._by_url.setdefault(url, []).append(system)

    def names(self, url: str, code: str) -> list[Name]:
        """What they call a code of the system `url`."""
        found: list[Name] = []
        for system in self._by_url.get(url, ()):
            concept = system.find(code)
            if concept is not None:
                found += names(system.designations([concept.id]).get(concept.id, ()), url)
        return found

    def properties(self, url: str, code: str, wanted: Sequence[str] = ()) -> list[Property]:
        """What they say of it; with `wanted` only those."""
        found: list[Property] = []
        for system in self._by_url.get(url, ()):
            concept = system.find(code)
            if concept is not None:
                own = system.properties([concept.id]).get(concept.id, ())
                found += typed([each for each in own if not wanted or each[0] in wanted], kinds(system))
        return found
