"""The one door to codes: asks the code systems, value sets and maps at hand, whichever place they stand in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.db.connect import Connection, Place
from charthouse.fhir.resource import Tree
from charthouse.terminology import closure, deadline, expand, sent
from charthouse.terminology.answers import (
    Closure,
    Coding,
    Expansion,
    Looked,
    Standing,
    Subsumption,
    Translation,
    Verdict,
)
from charthouse.terminology.artifacts import Artifacts
from charthouse.terminology.catalogue import Catalogue, expect_url
from charthouse.terminology.closure import Prepared
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.compose import Composed
from charthouse.terminology.concept import Concept
from charthouse.terminology.deadline import SECONDS
from charthouse.terminology.expand import Wish
from charthouse.terminology.extent import LIMIT, Extent
from charthouse.terminology.grammar import Units
from charthouse.terminology.lookup import looked
from charthouse.terminology.mapping import Maps
from charthouse.terminology.recent import Recent
from charthouse.terminology.shelf import Shelf, Shipped
from charthouse.terminology.verdict import Judge, Rules
from charthouse.terminology.versions import split

_DAY: Final = 86_400_000  # milliseconds
_LOOK: Final = 0.05  # seconds between two looks at what a site has loaded
_LONGEST: Final = 200  # characters of a text to filter by
_KEPT: Final = 1_000  # rows of an expansion that is worth keeping
_MAX_CODINGS: Final = 1_000  # in one question
_MAX_PROPERTIES: Final = 100  # named in one question

Members = Recent[tuple[str, str | None, str], tuple[bool | None]]


class _State:
    """One state of the world, with the answers that were worked out in it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.mark = object()  # for others to hold, without holding all the answers
        self.catalogue = catalogue
        self.maps = Maps(catalogue)
        self.members: Members = Recent(20_000, 500)
        self.verdicts: Recent[tuple[object, ...], Verdict] = Recent(4_000)
        self.expansions: Recent[tuple[str, Wish], Expansion] = Recent(60)
        self.chosen: Recent[tuple[str, Wish], Extent] = Recent(50)


class Terminology:
    """Code systems, value sets and concept maps. Threads may share it.

    Everything that is worked out belongs to one state of the world and goes with it: when a
    resource is written (`Artifacts.stamp`), when a release is loaded (seen within 50 ms), at midnight UTC.
    """

    def __init__(
        self,
        shipped: Place | None,
        record: Callable[[], Connection] | None = None,
        artifacts: Artifacts | None = None,
        *,
        units: Units | None = None,
        clock: Callable[[], int] = now,
    ) -> None:
        """`shipped` is the file that came with the program; `record` gives the calling thread's
        connection to the record's database; `units` knows UCUM; `clock` tells milliseconds since 1970."""
        self._shipped = Shipped(shipped) if shipped is not None else None
        self._record = record
        self._artifacts = artifacts
        self._units = units
        self._clock = clock
        self._loaded = Shelf("loaded", record().dialect, record) if record is not None else None
        shelves = [self._loaded] if self._loaded is not None else []
        if self._shipped is not None:
            shelves.append(Shelf("shipped", "sqlite", self._shipped.connection))
        self._shelves = shelves
        self._due = 0.0
        self._state = _State(self._catalogue(None))

    def close(self) -> None:
        """Close the shipped file; nobody may ask any more."""
        if self._shipped is not None:
            self._shipped.close()

    def _catalogue(self, before: Catalogue | None) -> Catalogue:
        return Catalogue(self._shelves, self._artifacts, self._units, self._clock() // _DAY, before)

    def _now(self) -> _State:
        """The present state of the world."""
        state = self._state
        is_moved = self._artifacts is not None and self._artifacts.stamp() != state.catalogue.stamp
        if not is_moved and time.monotonic() >= self._due:
            self._due = time.monotonic() + _LOOK
            is_moved = self._clock() // _DAY != state.catalogue.day or (
                self._loaded is not None and (self._loaded.stamp(),) != state.catalogue.stamps
            )
        if is_moved:
            state = self._state = _State(self._catalogue(state.catalogue))
        return state

    def stamp(self) -> object:
        """Another object whenever an answer may have changed."""
        return self._now().mark

    def system(self, url: str, version: str | None = None) -> Standing | None:
        """The version of a code system that a question would get; None if it is not at hand."""
        catalogue = self._now().catalogue
        options = catalogue.options(url, version)
        return catalogue.standing(options[0], is_chosen=version is None) if options else None

    def systems(self) -> list[Standing]:
        """Every version of every code system at hand, by url, the chosen one first."""
        return self._now().catalogue.standings()

    def is_warm(self, system: str) -> bool:
        """Whether questions about a code system (`url` or `url|version`) are short, told without looking for it.

        False until it was asked about once since something changed: a CodeSystem of the record may be
        meant, and to read one of 60,000 concepts takes nearly a second. So ask about it in a thread.
        """
        return self._now().catalogue.is_warm(*split(system))

    def valueset(self, url: str, version: str | None = None) -> Tree | None:
        """The ValueSet resource, wherever it stands. Not to be changed."""
        return self._now().catalogue.tree("ValueSet", url, version)

    def structure(self, url: str) -> Tree | None:
        """The StructureDefinition of a canonical (`url` or `url|version`), wherever it stands: beside value sets
        the profiles and extensions of the standard are shipped. Not to be changed."""
        return self._now().catalogue.tree("StructureDefinition", *split(url))

    def lookup(
        self,
        system: str,
        code: str,
        version: str | None = None,
        *,
        language: str | None = None,
        properties: Sequence[str] = (),
        supplements: Sequence[str] = (),
    ) -> Looked:
        """What is known of a code. `properties` narrows which are given (empty: all). Of very many concepts
        right below it the first 1,000 are given.

        Raises Problem(not_found) that names the system, version or code that is not there, Problem(invalid)
        for a url that is too long or too many properties or supplements.
        """
        _expect_few(properties, _MAX_PROPERTIES, "property")
        catalogue = self._now().catalogue
        grammar = catalogue.grammar(system)
        if grammar is not None and version is None and grammar.check(code):
            return Looked(grammar.url, "", grammar.title, code, code)
        found, concept = catalogue.concept(system, code, version)
        return looked(found, concept, catalogue.supplements(supplements), language, properties)

    def member(self, valueset: str, system: str | None, code: str) -> bool | None:
        """Whether a code is in a value set (`url` or `url|version`); None where that cannot be told here.

        Without a system any system of the value set will do (R4 datatype code). Never raises for
        unknown things. Headings and inactive codes count as the value set says.
        """
        state = self._now()
        key = (valueset, system, code)
        held = state.members.get(key)
        if held is not None:
            return held[0]
        try:
            found = state.catalogue.composed(valueset).member(system, code)
        except Problem as failure:
            if deadline.is_passing(failure):
                raise
            found = None
        state.members.put(key, (found,))
        return found

    def unchecked(self, valueset: str) -> str | None:
        """Why membership of a value set cannot be told, or not always, in a phrase; None if it can."""
        try:
            return self._now().catalogue.composed(valueset).why()
        except Problem as failure:
            if deadline.is_passing(failure):
                raise
            return "; ".join(issue.message.rstrip(".") for issue in failure.issues)

    def validate_code(
        self,
        valueset: str | Tree | None,
        codings: Sequence[Coding],
        *,
        abstract: bool | None = None,
        infer_system: bool = False,
        language: str | None = None,
        supplements: Sequence[str] = (),
        seconds: float = SECONDS,
    ) -> Verdict:
        """Whether one of `codings` (several: a CodeableConcept) is in the value set, else in its code system.

        `valueset` None asks the code system alone. `abstract` False refuses headings, None lets them
        pass with a warning, True takes them. `infer_system` finds the system of a coding without one.
        A display that differs is a warning. Raises Problem(not_found) for an unknown value set, Problem(invalid)
        for too many codings or too much in a value set that is sent, Problem(too_costly) after `seconds`.
        """
        _expect_few(codings, _MAX_CODINGS, "coding")
        state = self._now()
        key = (valueset, *codings, abstract, infer_system, language, *supplements)
        is_kept = not isinstance(valueset, dict)
        held = state.verdicts.get(key) if is_kept else None
        if held is not None:
            return held
        with deadline.within(seconds):
            composed = _composed(state.catalogue, valueset) if valueset is not None else None
            rules = Rules(abstract, infer_system, language)
            judge = Judge(state.catalogue, rules, state.catalogue.supplements(supplements))
            found = judge.any_of(composed, codings)
        return state.verdicts.put(key, found) if is_kept else found

    def subsumes(self, system: str, a: str, b: str, version: str | None = None) -> Subsumption:
        """How `a` stands to `b`. Raises Problem(not_found) as `lookup` does."""
        catalogue = self._now().catalogue
        found, one = catalogue.concept(system, a, version)
        _, other = catalogue.concept(system, b, version)
        if one.id == other.id:
            return "equivalent"
        if other.id in found.below(one):
            return "subsumes"
        return "subsumed-by" if one.id in found.below(other) else "not-subsumed"

    def expand(
        self,
        valueset: str | Tree,
        *,
        filter: str | None = None,
        offset: int = 0,
        count: int | None = None,
        active_only: bool = False,
        designations: bool = False,
        language: str | None = None,
        exclude_nested: bool = True,  # noqa: ARG002 - rows are never nested
        properties: Sequence[str] = (),
        supplements: Sequence[str] = (),
        with_headings: bool = True,
        seconds: float = SECONDS,
    ) -> Expansion:
        """A page of a value set. Rows are never nested, whatever `exclude_nested` says. Of a value set that is
        sent nothing is kept.

        Raises Problem(not_found) for an unknown value set, Problem(unsupported) where the codes
        cannot be listed (a grammar, a code system that is not at hand, an unknown filter),
        Problem(invalid) for more than LIMIT codes at once or too much in a value set that is sent,
        Problem(too_costly) after `seconds`.
        """
        _expect_few(properties, _MAX_PROPERTIES, "property")
        text = filter or ""
        if len(text) > _LONGEST:
            raise invalid(
                "too-long", f"A filter has at most {_LONGEST} characters.", place="filter", value=text[:40],
                repair="Give a few words.",
            )  # fmt: skip
        wish = Wish(
            text, offset, count, active_only, designations, language, tuple(properties), tuple(supplements),
            with_headings,
        )  # fmt: skip
        state = self._now()
        key = (valueset, wish) if isinstance(valueset, str) else None
        held = state.expansions.get(key) if key is not None else None
        if held is not None:
            return held
        with deadline.within(seconds):
            composed = _composed(state.catalogue, valueset)
            whole = state.catalogue.extent(composed)
            found = self._chosen(state, composed, whole, wish, key)
            made = expand.page(composed, whole, found, wish, state.catalogue.supplements(supplements))
        return state.expansions.put(key, made) if key is not None and len(made.rows) <= _KEPT else made

    @staticmethod
    def _chosen(
        state: _State, composed: Composed, whole: Extent, wish: Wish, key: tuple[str, Wish] | None
    ) -> Extent:  # fmt: skip
        """What an expansion is about, the same for all its pages."""
        if key is None:
            return expand.chosen(composed, whole, wish)
        narrow = (key[0], Wish(wish.filter, active_only=wish.active_only, with_headings=wish.with_headings))
        held = state.chosen.get(narrow)
        return held if held is not None else state.chosen.put(narrow, expand.chosen(composed, whole, wish))

    def translate(
        self,
        codings: Sequence[Coding],
        *,
        url: str | None = None,
        source: str | None = None,
        target: str | None = None,
        target_system: str | None = None,
        reverse: bool = False,
        seconds: float = SECONDS,
    ) -> Translation:
        """What codings map to by the ConceptMap `url`, else by every map between `source` and `target`
        (value sets) or to `target_system`. `reverse` reads maps backwards, equivalences too.
        `dependsOn` and `product` are not weighed. Raises Problem(not_found) for an unknown map,
        Problem(invalid) for a url that is too long or too many codings, Problem(too_costly) after `seconds`.
        """
        _expect_few(codings, _MAX_CODINGS, "coding")
        for place, canonical in (("url", url), ("source", source), ("target", target),
                                 ("targetsystem", target_system)):  # fmt: skip
            expect_url(canonical or "", place)
        with deadline.within(seconds):
            deadline.check()
            return self._now().maps.translate(
                codings, url=url, source=source, target=target, target_system=target_system, is_back=reverse
            )

    def prepare_closure(
        self, name: str, codings: Sequence[Coding] = (), version: int | None = None
    ) -> Prepared:  # fmt: skip
        """Look up all that `closure` needs for a request, outside any transaction: it may take a while.

        Raises Problem(not_found) for an unknown code, Problem(invalid) for a bad name or too many codings.
        """
        catalogue = self._now().catalogue

        def find(coding: Coding) -> tuple[CodeSystem, Concept]:
            return catalogue.concept(coding.system or "", coding.code, coding.version)

        return closure.prepared(name, codings, version, find, self._record() if self._record else None)

    def closure(
        self,
        name: str | Prepared,
        codings: Sequence[Coding] = (),
        version: int | None = None,
        *,
        connection: Connection | None = None,
    ) -> Closure:
        """Keep a closure table: without codings and version start it anew; with codings add them and
        give the relations that are new; with a version give those that came after it.

        Instead of a name with codings and a version it takes what `prepare_closure` made of them; then no
        code is looked up here. Writes on `connection`, inside the caller's transaction; else on the record's,
        in one of its own.
        """
        asked = name if isinstance(name, Prepared) else self.prepare_closure(name, codings, version)
        if connection is not None:
            return closure.kept(connection, asked)
        if self._record is None:
            raise problem(
                Category.UNSUPPORTED, "not-supported", "Closure tables need a record to be kept in.",
                place="name", value=asked.name, repair="Ask a server that has one.",
            )  # fmt: skip
        own = self._record()
        with own.transaction():
            return closure.kept(own, asked)

    def below(self, system: str, code: str, version: str | None = None) -> list[str]:
        """The code and all below it, in the order of the hierarchy (search modifier `:below`).

        Raises Problem(not_found) as `lookup` does, Problem(invalid) beyond LIMIT codes.
        """
        found, concept = self._now().catalogue.concept(system, code, version)
        spans = found.below(concept)
        if len(spans) > LIMIT:
            raise invalid(
                "too-costly", f"More than {LIMIT} codes stand below this one.",
                place="code", value=code, repair="Choose a narrower code.",
            )  # fmt: skip
        return [each.code for each in found.walk(spans)]

    def above(self, system: str, code: str, version: str | None = None) -> list[str]:
        """The code and all above it (search modifier `:above`)."""
        found, concept = self._now().catalogue.concept(system, code, version)
        return [each.code for each in found.walk(found.above(concept))]

    def valueset_codes(self, valueset: str, *, seconds: float = SECONDS) -> list[tuple[str, str]]:
        """(system, code) of every member (search modifiers `:in`, `:not-in`); raises as `expand` does,
        and Problem(unsupported) where only a part of a code system is at hand."""
        catalogue = self._now().catalogue
        with deadline.within(seconds):
            composed = catalogue.composed(valueset)
            found = catalogue.extent(composed)
            if not found.is_whole:
                raise problem(
                    Category.UNSUPPORTED, "not-supported", f"Not all members are known here: {composed.why()}.",
                    place="valueset", value=valueset, repair="Load the release that has them.",
                )  # fmt: skip
            if len(found) > LIMIT:
                raise invalid(
                    "too-costly", f"The value set has more than {LIMIT} codes.",
                    place="valueset", value=valueset, repair="Choose a narrower one.",
                )  # fmt: skip
            return [(segment.url, code) for segment in found.segments for code in segment.codes()]


def _composed(catalogue: Catalogue, valueset: str | Tree) -> Composed:
    """A value set by canonical, or as sent along."""
    if isinstance(valueset, str):
        return catalogue.composed(valueset)
    sent.bounded(valueset)
    return Composed(valueset, catalogue, is_sent=True)


def _expect_few(given: Sequence[object], most: int, place: str) -> None:
    """Raise Problem(invalid) where a question names too many of something."""
    if len(given) > most:
        raise invalid(
            "too-costly", f"One question names at most {most} of these.", place=place, value=len(given),
            repair="Ask several questions.",
        )  # fmt: skip
