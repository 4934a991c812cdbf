"""Translates codes by concept maps (R4 conceptmap-operation-translate.html)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import Final, NamedTuple

from charthouse.base.errors import Category, problem
from charthouse.fhir.resource import Tree
from charthouse.terminology.answers import Coding, Match, Translation
from charthouse.terminology.catalogue import Catalogue
from charthouse.terminology.recent import Recent
from charthouse.terminology.shelf import Mapping as Mapped
from charthouse.terminology.shelf import Shelf
from charthouse.terminology.trees import child, items, text
from charthouse.terminology.versions import fits, joined, newest, split

# R4 concept-map-equivalence.html, read from the target's side.
_BACK: Final = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}
_NOTHING: Final = frozenset({"unmatched", "disjoint"})
_MAX_TRAIL: Final = 10  # maps that refer to each other in a row

Dependencies = Mapping[str, Sequence[Coding]]  # what else is known of what is translated: codes by element
NO_DEPENDENCIES: Final[Dependencies] = MappingProxyType({})
Others = tuple[tuple[str, Coding], ...]  # (element, value) of elements beside the one that is mapped


class Row(NamedTuple):
    """One element of a map with one target; `target` is empty where there is none. It holds where the elements
    `depends_on` have these values, and gives `products` their values."""

    source_system: str
    source: str
    target_system: str
    target: str
    display: str | None
    equivalence: str
    comment: str | None
    depends_on: Others = ()
    products: Others = ()

    def holds(self, known: Dependencies) -> bool:
        """Whether nothing that is known speaks against it: an element that is not known does not."""
        return all(
            element not in known or any(
                one.code == value.code and value.system in (None, one.system) for one in known[element]
            )
            for element, value in self.depends_on
        )  # fmt: skip


class Group(NamedTuple):
    """What a group of a map is between, and what it does with codes that it does not name."""

    source: str
    target: str
    unmapped: Tree


class Map:
    """A ConceptMap, ready for questions; `stored` gives mappings that stand in tables."""

    def __init__(
        self, tree: Tree, stored: Callable[[str, str, bool], Sequence[Mapped]] | None = None
    ) -> None:
        self.url = text(tree, "url") or ""
        self.canonical = joined(self.url, text(tree, "version"))
        self.source = split(text(tree, "sourceCanonical") or text(tree, "sourceUri") or "")[0]
        self.target = split(text(tree, "targetCanonical") or text(tree, "targetUri") or "")[0]
        self.groups = [
            Group(text(group, "source") or "", text(group, "target") or "", child(group, "unmapped"))
            for group in items(tree, "group")
        ]  # fmt: skip
        self._tree = tree
        self._stored = stored

    @cached_property
    def _rows(self) -> tuple[dict[tuple[str, str], list[Row]], dict[tuple[str, str], list[Row]]]:
        """What the resource itself says, by source and by target."""
        forward: dict[tuple[str, str], list[Row]] = {}
        back: dict[tuple[str, str], list[Row]] = {}
        for row in rows(self._tree):
            forward.setdefault((row.source_system, row.source), []).append(row)
            back.setdefault((row.target_system, row.target), []).append(row)
        return forward, back

    def rows(self, system: str, code: str, *, is_back: bool) -> list[Row]:
        """The elements with a source, or with a target, in order."""
        found = list(self._rows[is_back].get((system, code), ()))
        if self._stored is not None:
            found += (
                Row(source_system, source, target_system, target, None, equivalence, note or None)
                for source_system, source, target_system, target, equivalence, note in self._stored(
                    system, code, is_back
                )
            )
        return found


def rows(tree: Tree) -> Iterator[Row]:
    """The elements of a ConceptMap, one for each target."""
    for group in items(tree, "group"):
        source, target = text(group, "source") or "", text(group, "target") or ""
        for element in items(group, "element"):
            for each in items(element, "target"):
                yield Row(
                    source, text(element, "code") or "", target, text(each, "code") or "", text(each, "display"),
                    text(each, "equivalence") or "relatedto", text(each, "comment"), _others(each, "dependsOn"),
                    _others(each, "product"),
                )  # fmt: skip


def _others(target: Tree, name: str) -> Others:
    """The elements that a target depends on, or those that follow from it."""
    found = []
    for each in items(target, name):
        value = Coding(text(each, "system"), text(each, "value") or "", display=text(each, "display"))
        found.append((text(each, "property") or "", value))
    return tuple(found)


def _stored(shelf: Shelf, keys: Sequence[str], system: str, code: str, is_back: bool) -> list[Mapped]:
    """The mappings of a map that stand in tables, under its url or `url|version`."""
    return [row for key in keys for row in shelf.mapped(key, system, code, back=is_back)]


class Maps:
    """The concept maps in one state of the world."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._held: Recent[str, Map] = Recent(20)

    def expected(self, canonical: str) -> Map:
        """The map `url` or `url|version`. Raises Problem(not_found)."""
        found = self._held.get(canonical) or self._found(canonical)
        if found is None:
            raise problem(
                Category.NOT_FOUND, "not-found", "The concept map is not at hand.", place="url", value=canonical,
                repair="Check the url; or store it as a ConceptMap.",
            )  # fmt: skip
        return self._held.put(canonical, found)

    def _found(self, canonical: str) -> Map | None:
        url, version = split(canonical)
        artifacts = self._catalogue.artifacts
        tree = artifacts.get("ConceptMap", url, version) if artifacts is not None else None
        if tree is not None:
            return Map(tree)
        for shelf in self._catalogue.shelves:
            chosen = newest(each for each in shelf.versions("ConceptMap", url) if fits(each, version))
            tree = shelf.artifact("ConceptMap", url, chosen) if chosen is not None else None
            if tree is not None:
                return Map(tree, partial(_stored, shelf, tuple(dict.fromkeys((joined(url, chosen), url)))))
        return None

    @cached_property
    def _canonicals(self) -> list[str]:
        """Every map at hand, the record's before the others, one version of each."""
        artifacts = self._catalogue.artifacts
        own = artifacts.all("ConceptMap") if artifacts is not None else ()
        urls = [url for tree in own if (url := text(tree, "url")) is not None]
        urls += (url for shelf in self._catalogue.shelves for url, _ in shelf.artifacts("ConceptMap"))
        return list(dict.fromkeys(urls))

    @cached_property
    def _heads(self) -> list[tuple[str, str, str, frozenset[tuple[str, str]]]]:
        """(url, source, target, systems) of every map."""
        found = []
        for url in self._canonicals:
            each = self._found(url)
            if each is not None:
                systems = frozenset((group.source, group.target) for group in each.groups)
                found.append((url, each.source, each.target, systems))
        return found

    def between(
        self, source: str | None, target: str | None, system: str | None, target_system: str | None
    ) -> list[Map]:  # fmt: skip
        """The maps from one value set to another, and from one code system to another; None is any."""
        return [
            self.expected(url)
            for url, own_source, own_target, systems in self._heads
            if (source is None or split(source)[0] == own_source)
            and (target is None or split(target)[0] == own_target)
            and any(system in (None, one) and target_system in (None, other) for one, other in systems)
        ]  # fmt: skip

    def translate(
        self, codings: Sequence[Coding], *, url: str | None, source: str | None, target: str | None,
        target_system: str | None, is_back: bool, known: Dependencies = NO_DEPENDENCIES,
    ) -> Translation:  # fmt: skip
        """See `Terminology.translate`."""
        if is_back:
            source, target = target, source
        found: dict[tuple[object, ...], Match] = {}
        for coding in codings:
            ends = (target_system, coding.system) if is_back else (coding.system, target_system)
            maps = [self.expected(url)] if url is not None else self.between(source, target, *ends)
            for each in maps:
                for match in self._matches(each, coding, known, is_back=is_back, trail=()):
                    if target_system is None or match.coding is None or match.coding.system == target_system:
                        key = (match.coding, match.equivalence, match.source, match.products)
                        found.setdefault(key, match)
        matches = tuple(found.values())
        is_found = any(match.equivalence not in _NOTHING for match in matches)
        return Translation(is_found, None if is_found else "No mapping was found.", matches)

    def _matches(
        self, map: Map, coding: Coding, known: Dependencies, *, is_back: bool, trail: tuple[str, ...]
    ) -> Iterator[Match]:
        system = coding.system or ""
        rows = map.rows(system, coding.code, is_back=is_back)
        for row in rows:
            if not is_back and not row.holds(known):
                continue
            code = row.source if is_back else row.target
            url = row.source_system if is_back else row.target_system
            equivalence = _BACK.get(row.equivalence, row.equivalence) if is_back else row.equivalence
            shown = (row.display if not is_back else None) or self._display(url, code)
            found = Coding(url or None, code, display=shown) if code else None
            yield Match(equivalence, found, map.canonical, row.comment, () if is_back else row.products)
        if not rows and not is_back:
            for group in map.groups:
                if group.source == system and group.unmapped:
                    yield from self._unmapped(map, group, coding, known, trail)

    def _unmapped(
        self, map: Map, group: Group, coding: Coding, known: Dependencies, trail: tuple[str, ...]
    ) -> Iterator[Match]:
        """What a group says of codes that it does not name (R4 ConceptMap.group.unmapped)."""
        mode = text(group.unmapped, "mode")
        code = (
            coding.code if mode == "provided" else text(group.unmapped, "code") if mode == "fixed" else None
        )
        if code is not None:
            equivalence = "equal" if mode == "provided" else "inexact"
            shown = text(group.unmapped, "display") or self._display(group.target, code)
            yield Match(equivalence, Coding(group.target or None, code, display=shown), map.canonical)
        other = text(group.unmapped, "url") if mode == "other-map" else None
        if other is not None and other not in trail and len(trail) < _MAX_TRAIL:
            found = self._held.get(other) or self._found(other)
            if found is not None:
                yield from self._matches(found, coding, known, is_back=False, trail=(*trail, other))

    def _display(self, url: str, code: str) -> str | None:
        system = self._catalogue.system(url) if url and code else None
        concept = system.find(code) if system is not None else None
        return concept.display if concept is not None else None
