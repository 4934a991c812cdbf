"""Finds the code system, value set or map that a url means, in one state of the world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, NamedTuple

from charthouse.base.clock import instant
from charthouse.base.errors import Category, Problem, invalid, problem, shorten
from charthouse.fhir.resource import Tree
from charthouse.terminology import deadline, extent, reading
from charthouse.terminology.answers import Standing
from charthouse.terminology.artifacts import Artifacts
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.compose import Composed, anew
from charthouse.terminology.concept import Concept, Release, System
from charthouse.terminology.extent import Extent
from charthouse.terminology.grammar import Grammar, Units, grammars
from charthouse.terminology.recent import Recent
from charthouse.terminology.resident import PLACE, Resident
from charthouse.terminology.shelf import Shelf
from charthouse.terminology.supplement import Supplements
from charthouse.terminology.trees import child, items, text
from charthouse.terminology.versions import fits, is_in_force, joined, newest, rank, split

_CONTENTS: Final = {"complete": 3, "fragment": 2, "example": 1}  # how much of a code system is at hand
_PLACES: Final = {"loaded": 2, PLACE: 1, "shipped": 0}
_SUPPLEMENT: Final = "supplement"
MAX_URL: Final = 2_000  # characters of a url
_MAX_SUPPLEMENTS: Final = 20  # that one question may name
_MAX_TRAIL: Final = 30  # value sets that import each other in a row


class Option(NamedTuple):
    """A version of a code system that could be meant; `source` opens it."""

    release: Release
    place: str
    source: Tree | tuple[Shelf, System]


class Catalogue:
    """What stands where, as long as nothing is written or loaded; then a new one is made.

    Answers are kept in here, so that none outlives what it was made from.
    """

    def __init__(
        self, shelves: Sequence[Shelf], artifacts: Artifacts | None, units: Units | None, day: int,
        before: Catalogue | None = None,
    ) -> None:  # fmt: skip
        """`shelves` in the order in which they are asked; `day` is today's number since 1970; `before`
        hands on the code systems in memory that did not change."""
        self.shelves = shelves
        self.artifacts = artifacts
        self.day = day
        self.stamp = artifacts.stamp() if artifacts is not None else 0
        self.stamps = tuple(shelf.stamp() for shelf in shelves if shelf.name != "shipped")
        self._today = instant(day * 86_400_000)[:10]
        self._grammars = grammars(units)
        self._systems: Recent[tuple[str, str | None], tuple[CodeSystem | Problem | None]] = Recent(500)
        self._composed: Recent[str, Composed | Problem] = Recent(2_000)
        self._extents: Recent[Composed, Extent] = Recent(100)
        self._residents: Recent[tuple[str, str], Resident] = before._residents if before else Recent(32)
        self._numbers: Iterator[int] = before._numbers if before else count(1)

    def grammar(self, url: str) -> Grammar | None:
        """A code system that follows a grammar."""
        return self._grammars.get(url)

    def system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """The code system that is meant: what holds all codes before parts, what is in force today before the
        rest, of that what a site loaded or stored before what is shipped, then the newest. None where
        it is not at hand. Raises Problem(invalid) for a stored one that makes no sense.
        """
        deadline.check()
        if len(url) > MAX_URL:
            return None
        held = self._systems.get((url, version))
        if held is None:
            held = self._systems.put((url, version), (self._chosen(url, version),))
        if isinstance(held[0], Problem):
            raise anew(held[0])
        return held[0]

    def _chosen(self, url: str, version: str | None) -> CodeSystem | Problem | None:
        options = self._present(url, version)
        try:
            return self._opened(options[0]) if options else None
        except Problem as failure:
            if deadline.is_passing(failure):
                raise
            return anew(failure)

    def is_warm(self, url: str, version: str | None = None) -> bool:
        """Whether it is known which code system is meant, and it is read. To find that out may be long itself,
        as a resource that could be meant is fetched whole."""
        is_known = self._systems.get((url, version)) is not None
        return is_known or self.artifacts is None or url in self._grammars or len(url) > MAX_URL

    def supplement(self, canonical: str) -> CodeSystem | None:
        """A supplement to a code system."""
        url, version = split(canonical)
        found = (each for each in self._all(url, version) if each.release.content == _SUPPLEMENT)
        option = next(found, None)
        return self._opened(option) if option is not None else None

    def options(self, url: str, version: str | None = None) -> list[Option]:
        """The versions of a code system at hand, the one that is meant first."""
        found = (each for each in self._all(url, version) if each.release.content != _SUPPLEMENT)
        return sorted(found, key=self._merit, reverse=True)

    def _present(self, url: str, version: str | None = None) -> list[Option]:
        """The versions of which there are codes, and not only what the code system is."""
        return [option for option in self.options(url, version) if option.release.content in _CONTENTS]

    def _all(self, url: str, version: str | None) -> Iterator[Option]:
        tree = self.artifacts.get("CodeSystem", url, version) if self.artifacts is not None else None
        if tree is not None:
            yield Option(_head(tree), PLACE, tree)
        for shelf in self.shelves:
            for system in shelf.releases(url):
                if fits(system.release.version, version):
                    yield Option(system.release, shelf.name, (shelf, system))

    def _merit(self, option: Option) -> tuple[object, ...]:
        release = option.release
        holds, place = self.is_in_force(release), _PLACES.get(option.place, 0)
        return (
            _CONTENTS.get(release.content, 0), holds, place if holds else 0, release.valid_from or "",
            rank(release.version), place,
        )  # fmt: skip

    def is_in_force(self, release: Release) -> bool:
        """Whether today lies between the dates of a release."""
        return is_in_force(release.valid_from, release.valid_until, self._today)

    def _opened(self, option: Option) -> CodeSystem:
        if isinstance(option.source, tuple):
            shelf, system = option.source
            return shelf.opened(system)
        tree = option.source
        key = (option.release.url, option.release.version)
        held = self._residents.get(key)
        if held is None or not _is_same(held.tree, tree):
            held = self._residents.put(key, Resident(tree, next(self._numbers)))
        return held

    def standings(self) -> list[Standing]:
        """Every version of every code system, by url, of each the chosen one first."""
        found: dict[str, list[Option]] = {}
        for tree in self.artifacts.all("CodeSystem") if self.artifacts is not None else ():
            if text(tree, "url"):
                found.setdefault(tree["url"], []).append(Option(_head(tree), PLACE, tree))
        for shelf in self.shelves:
            for system in shelf.all_releases():
                found.setdefault(system.release.url, []).append(
                    Option(system.release, shelf.name, (shelf, system))
                )
        return [standing for url in sorted(found) for standing in self._standings(found[url])]

    def _standings(self, options: list[Option]) -> Iterator[Standing]:
        is_first = True
        for option in sorted(options, key=self._merit, reverse=True):
            is_choice = option.release.content != _SUPPLEMENT
            yield self.standing(option, is_chosen=is_first and is_choice)
            is_first = is_first and not is_choice

    def standing(self, option: Option, *, is_chosen: bool) -> Standing:
        """An option as an answer."""
        if isinstance(option.source, tuple):
            system = option.source[1]
            concepts, loaded = system.concepts, system.loaded
        else:
            concepts, loaded = _count(option.source), None
        return Standing(
            option.release, concepts, option.place, loaded, self.is_in_force(option.release), is_chosen
        )

    def tree(self, kind: str, url: str, version: str | None = None) -> Tree | None:
        """A ValueSet or ConceptMap: from the record, else as loaded, else as shipped; the newest of a place."""
        found = self.artifacts.get(kind, url, version) if self.artifacts is not None else None
        if found is not None:
            return found
        for shelf in self.shelves:
            versions = [each for each in shelf.versions(kind, url) if fits(each, version)]
            chosen = newest(versions)
            if chosen is not None:
                return shelf.artifact(kind, url, chosen)
        return None

    def composed(self, canonical: str, trail: tuple[str, ...] = ()) -> Composed:
        """The value set `url` or `url|version`. Raises Problem(not_found), and Problem(invalid) where
        it imports itself, or where the url is too long for one."""
        deadline.check()
        expect_url(canonical, "url")
        held = self._composed.get(canonical)
        if held is None:
            try:
                held = self._composed.put(canonical, self._read(canonical, trail))
            except Problem as failure:
                if not trail and not deadline.is_passing(failure):
                    self._composed.put(canonical, anew(failure))
                raise
        if isinstance(held, Problem):
            raise anew(held)
        return held

    def _read(self, canonical: str, trail: tuple[str, ...]) -> Composed:
        url, version = split(canonical)
        tree = self.tree("ValueSet", url, version)
        if tree is None:
            raise _unknown("value set", canonical)
        own = joined(url, text(tree, "version"))
        if own in trail or len(trail) > _MAX_TRAIL:
            raise invalid(
                "processing", "The value set imports itself, or too many others in a row.",
                place="ValueSet.compose.include.valueSet", value=" → ".join((*trail, own)[-4:]),
                repair="Take one of the imports out.",
            )  # fmt: skip
        return Composed(tree, self, trail)

    def extent(self, composed: Composed) -> Extent:
        """All members of a value set; raises as `extent.of` does. Those of one that was sent are not kept."""
        held = self._extents.get(composed)
        if held is not None:
            return held
        made = extent.of(composed, self.extent)
        return made if composed.is_sent else self._extents.put(composed, made)

    def expected(self, url: str, version: str | None = None) -> CodeSystem:
        """As `system`, but raises Problem(not_found) that says what is at hand."""
        expect_url(url, "system")
        found = self.system(url, version)
        if found is not None:
            return found
        here = [option.release.version or "(no version)" for option in self._present(url)]
        if here:
            raise problem(
                Category.NOT_FOUND, "not-found", "This version of the code system is not at hand.",
                place="version", value=joined(url, version), repair=f"At hand: {', '.join(here[:5])}.",
            )  # fmt: skip
        raise _unknown("code system", joined(url, version))

    def concept(self, url: str, code: str, version: str | None = None) -> tuple[CodeSystem, Concept]:
        """A concept in its code system; Problem(not_found) says what is missing."""
        system = self.expected(url, version)
        found = system.find(code)
        if found is None:
            title = f"{system.release.title} {system.release.version}".strip()
            raise problem(
                Category.NOT_FOUND, "not-found", f"There is no such code in {title}.", place="code", value=code,
                repair=f"Correct the code, or the system {url}.",
            )  # fmt: skip
        return system, found

    def supplements(self, canonicals: Sequence[str]) -> Supplements:
        """The supplements of these names. Raises Problem(not_found), Problem(invalid) for too many."""
        if len(canonicals) > _MAX_SUPPLEMENTS:
            raise invalid(
                "too-costly", f"At most {_MAX_SUPPLEMENTS} supplements are looked at in one question.",
                place="useSupplement", value=len(canonicals), repair="Name fewer.",
            )  # fmt: skip
        found: list[CodeSystem] = []
        for canonical in canonicals:
            expect_url(canonical, "useSupplement")
            system = self.supplement(canonical)
            if system is None:
                raise _unknown("supplement", canonical)
            found.append(system)
        return Supplements(found)


def _unknown(kind: str, canonical: str) -> Problem:
    return problem(
        Category.NOT_FOUND, "not-found", f"The {kind} is not at hand.", place="url", value=canonical,
        repair="Check the url; or load the release or package that has it.",
    )  # fmt: skip


def expect_url(canonical: str, place: str) -> None:
    """Raise Problem(invalid) for what is too long to be a url."""
    if len(canonical) > MAX_URL:
        raise invalid(
            "value", f"A url has at most {MAX_URL} characters.", place=place, value=shorten(canonical, 60),
            repair="Give the url of what is meant.",
        )  # fmt: skip


def _head(tree: Tree) -> Release:
    """The release of a resource, without its concepts."""
    return reading.release({name: value for name, value in tree.items() if name != "concept"})


def _is_same(one: Tree, other: Tree) -> bool:
    """Whether two trees are one version of one resource."""
    if one is other:
        return True
    version = child(one, "meta").get("versionId")
    return (
        version is not None
        and version == child(other, "meta").get("versionId")
        and one.get("id") == other.get("id")
    )


def _count(tree: Tree) -> int:
    """How many concepts a CodeSystem has, at every level; of a summary, how many it says."""
    if "concept" not in tree:
        said = tree.get("count")
        return said if isinstance(said, int) else 0
    total, waiting = 0, [tree]
    while waiting:
        nested = items(waiting.pop(), "concept")
        total += len(nested)
        waiting.extend(nested)
    return total
