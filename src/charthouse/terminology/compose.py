"""What a value set is made of (R4 valueset.html#compositions), and whether one code is in it, without listing any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Final, Protocol

from charthouse.base.errors import Category, Problem, invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology import deadline, filters
from charthouse.terminology.codesystem import COMPLETE, CodeSystem
from charthouse.terminology.concept import INACTIVE
from charthouse.terminology.filters import Sieve
from charthouse.terminology.given import Entry, Given, entry
from charthouse.terminology.grammar import Grammar
from charthouse.terminology.trees import child, items, text, texts
from charthouse.terminology.versions import joined, split


class World(Protocol):
    """Where a value set finds what it refers to."""

    def system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """A code system with concepts; None where it is not at hand."""

    def grammar(self, url: str) -> Grammar | None:
        """A code system that follows a grammar."""

    def composed(self, canonical: str, trail: tuple[str, ...]) -> Composed:
        """Another value set. Raises Problem(not_found); Problem(invalid) where it is in `trail`."""


MAX_PARTS: Final = 1_000  # includes and excludes of a value set
MAX_IMPORTS: Final = 1_000  # value sets that one may import, counted as often as they are asked


class Missing:
    """A value set that another one imports and that is not at hand."""

    def __init__(self, canonical: str) -> None:
        self.url = canonical
        self.weight = 1

    def member(self, system: str | None, code: str) -> bool | None:  # noqa: ARG002 - nobody can tell
        """Nobody can tell."""
        return None

    def systems(self) -> list[str]:
        """None is known."""
        return []

    def entry(self, system: str, code: str) -> None:
        """Nothing is known."""

    def why(self) -> str:
        """What is missing."""
        return f"the value set {self.url} is not at hand"


class Part:
    """One `include` or `exclude`: codes of a system that are in all the value sets it names."""

    def __init__(self, tree: Tree, world: World, trail: tuple[str, ...]) -> None:
        self.url, self.version = split(text(tree, "system") or "", text(tree, "version"))
        listed = [entry(item) for item in items(tree, "concept")]
        self.entries: dict[str, Entry] | None = {each.code: each for each in listed} if listed else None
        self.rules = items(tree, "filter")
        self.world = world
        self.imports = [_imported(canonical, world, trail) for canonical in texts(tree, "valueSet")]
        if not self.url and (self.entries or self.rules or not self.imports):
            raise invalid(
                "invariant", "Each include and exclude names a system or a value set; codes and filters need a system.",
                place="ValueSet.compose.include", repair="Add the system.",
            )  # fmt: skip
        if self.entries and self.rules:
            raise invalid(
                "invariant", "An include has either codes or filters.", place="ValueSet.compose.include",
                repair="Split it into two.",
            )  # fmt: skip

    @property
    def weight(self) -> int:
        """How many value sets are asked when it is."""
        return sum(other.weight for other in self.imports)

    @cached_property
    def system(self) -> CodeSystem | None:
        """The code system of the part, where it is at hand."""
        return self.world.system(self.url, self.version) if self.url else None

    @cached_property
    def grammar(self) -> Grammar | None:
        """The grammar of the part's codes, where they follow one."""
        return self.world.grammar(self.url) if self.url else None

    @cached_property
    def _folded(self) -> frozenset[str]:
        """The listed codes regardless of case, where the code system says that case does not matter."""
        if self.system is None or self.system.release.case_sensitive:
            return frozenset()
        return frozenset(code.casefold() for code in self.entries or ())

    @cached_property
    def _sieves(self) -> list[Sieve] | Problem:
        try:
            return [filters.compiled(self.system, rule) for rule in self.rules] if self.system else []
        except Problem as failure:
            if deadline.is_passing(failure):
                raise
            return anew(failure)

    @cached_property
    def _grammar_sieves(self) -> list[Callable[[str], bool | None]] | Problem:
        try:
            return [self.grammar.sieve(rule) for rule in self.rules] if self.grammar else []
        except Problem as failure:
            return anew(failure)

    def sieves(self) -> list[Sieve]:
        """The filters, made for the code system. Raises the Problem of one that is not understood."""
        found = self._sieves
        if isinstance(found, Problem):
            raise anew(found)
        return found

    def member(self, system: str | None, code: str) -> bool | None:
        """Whether a code is in it; None where that cannot be told."""
        deadline.check()
        verdict: bool | None = True
        if self.url:
            if system is not None and system != self.url:
                return False
            verdict = self._drawn(code)
        for other in self.imports:
            if verdict is False:
                break
            found = other.member(self.url or system, code)
            verdict = found if found is not True else verdict
        return verdict

    def _drawn(self, code: str) -> bool | None:
        """The same for its own system alone."""
        if self.entries is not None:
            return code in self.entries or code.casefold() in self._folded
        if self.grammar is not None:
            return self._spelled(self.grammar, code)
        if self.system is None:
            return None
        concept = self.system.find(code)
        if concept is None:
            return False if self.system.release.content == COMPLETE else None
        sieves = self._sieves
        return None if isinstance(sieves, Problem) else all(sieve.holds(concept) for sieve in sieves)

    def _spelled(self, grammar: Grammar, code: str) -> bool | None:
        sieves = self._grammar_sieves
        if isinstance(sieves, Problem):
            return None
        return all_of([grammar.check(code), *(sieve(code) for sieve in sieves)])

    def systems(self) -> list[str]:
        """The urls of the code systems that its codes can come from."""
        return [self.url] if self.url else self.imports[0].systems()

    def why(self) -> Iterator[str]:
        """Why it cannot be told of every code whether it is in here."""
        for other in self.imports:
            if reason := other.why():
                yield reason
        if self.entries is not None or not self.url:
            return
        named = joined(self.url, self.version)
        if self.grammar is not None:
            if self.grammar.check("") is None or isinstance(self._grammar_sieves, Problem):
                yield self.grammar.why
        elif self.system is None:
            yield f"the code system {named} is not at hand"
        elif isinstance(self._sieves, Problem):
            yield "; ".join(issue.sentence() for issue in self._sieves.issues)
        elif self.system.release.content != COMPLETE:
            yield f"only a part of the code system {named} is at hand"


class Composed:
    """A value set, ready for questions. Made for one state of the world; threads may share it.

    `is_sent` says that it came with one question: nothing that holds it may outlive the answer.
    """

    def __init__(
        self, tree: Tree, world: World, trail: tuple[str, ...] = (), *, is_sent: bool = False
    ) -> None:  # fmt: skip
        """Raises Problem(invalid) for what R4 does not allow, e.g. a value set that imports itself."""
        self.tree = tree
        self.is_sent = is_sent
        self.url = text(tree, "url")
        self.version = text(tree, "version")
        self.title = text(tree, "title") or text(tree, "name")
        self.world = world
        compose = child(tree, "compose")
        trail = (*trail, joined(self.url, self.version)) if self.url else trail
        if len(items(compose, "include")) + len(items(compose, "exclude")) > MAX_PARTS:
            raise invalid(
                "too-costly", f"A value set has at most {MAX_PARTS} includes and excludes here.",
                place="ValueSet.compose", value=self.url, repair="Put codes of one system into one include.",
            )  # fmt: skip
        self.includes = [Part(item, world, trail) for item in items(compose, "include")]
        self.excludes = [Part(item, world, trail) for item in items(compose, "exclude")]
        self.drops_inactive = compose.get("inactive") is False
        self.given = Given(child(tree, "expansion")) if "expansion" in tree else None
        self.weight: int = 1 + sum(part.weight for part in (*self.includes, *self.excludes))
        if self.weight > MAX_IMPORTS:
            raise invalid(
                "too-costly", f"The value set imports more than {MAX_IMPORTS} others.",
                place="ValueSet.compose.include.valueSet", value=self.url, repair="Import fewer.",
            )  # fmt: skip

    @property
    def is_given(self) -> bool:
        """Whether all that is known of it is its expansion."""
        return not self.includes and self.given is not None

    def member(self, system: str | None, code: str) -> bool | None:
        """Whether a code is in it; None where that cannot be told."""
        found = None if self.is_given else self._composed(system, code)
        if found is None and self.given is not None:
            return self.given.member(system, code)
        return found

    def _composed(self, system: str | None, code: str) -> bool | None:
        found = any_of([part.member(system, code) for part in self.includes])
        if found is False:
            return False
        if self.excludes:
            out = any_of([part.member(system, code) for part in self.excludes])
            if out is not False:
                return None if out is None else False
        return False if self.drops_inactive and found and self._is_inactive(system, code) else found

    def _is_inactive(self, system: str | None, code: str) -> bool:
        own = {part.url: part.system for part in self.includes if part.system is not None}
        for url in [system] if system is not None else self.systems():
            at_hand = own.get(url) or self.world.system(url)
            concept = at_hand.find(code) if at_hand is not None else None
            if concept is not None and concept.flags & INACTIVE:
                return True
        return False

    def entry(self, system: str, code: str) -> Entry | None:
        """What it says of a code itself, or a value set that it imports does."""
        for part in self.includes:
            if part.url == system and part.entries is not None and code in part.entries:
                return part.entries[code]
            for other in part.imports:
                if (found := other.entry(system, code)) is not None:
                    return found
        lists = self.given.lists.items() if self.given is not None else ()
        return next((listed[code] for (url, _), listed in lists if url == system and code in listed), None)

    def systems(self) -> list[str]:
        """The urls of the code systems that its codes can come from."""
        if self.is_given and self.given is not None:
            return list(dict.fromkeys(url for url, _ in self.given.lists))
        return list(dict.fromkeys(url for part in self.includes for url in part.systems()))

    def why(self) -> str | None:
        """Why it cannot be told of every code whether it is in here, in a phrase; None where it can."""
        if self.given is not None and self.given.is_whole:
            return None
        if self.is_given:
            return "its expansion is only a part"
        if not self.includes:
            return "it says neither what it is made of nor what is in it"
        reasons = (reason for part in (*self.includes, *self.excludes) for reason in part.why())
        return "; ".join(dict.fromkeys(reasons)) or None


def anew(failure: Problem) -> Problem:
    """The same problem, to be kept and raised again: without its trace, which would hold on to whoever asked."""
    return Problem(failure.category, failure.issues)


def any_of(answers: Sequence[bool | None]) -> bool | None:
    """True if one is True, else None if one is None."""
    return True if True in answers else None if None in answers else False


def all_of(answers: Sequence[bool | None]) -> bool | None:
    """False if one is False, else None if one is None."""
    return False if False in answers else None if None in answers else True


def _imported(canonical: str, world: World, trail: tuple[str, ...]) -> Composed | Missing:
    try:
        return world.composed(canonical, trail)
    except Problem as failure:
        if failure.category is not Category.NOT_FOUND:
            raise
        return Missing(canonical)
