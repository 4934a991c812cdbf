"""Questions about how codes stand to each other: above and below, in other code systems, in closure tables."""

from __future__ import annotations

from collections.abc import Sequence

from charthouse.base.errors import Category, invalid, problem
from charthouse.db.connect import Connection
from charthouse.terminology import closure, deadline
from charthouse.terminology.answers import Closure, Coding, Subsumption, Translation
from charthouse.terminology.catalogue import expect_url
from charthouse.terminology.closure import Prepared
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.concept import Concept
from charthouse.terminology.deadline import SECONDS
from charthouse.terminology.extent import LIMIT
from charthouse.terminology.mapping import NO_DEPENDENCIES, Dependencies
from charthouse.terminology.present import MAX_CODINGS, Present, expect_few


class Relating(Present):
    """Compares and translates codes, and keeps closure tables."""

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

    def translate(
        self,
        codings: Sequence[Coding],
        *,
        url: str | None = None,
        source: str | None = None,
        target: str | None = None,
        target_system: str | None = None,
        reverse: bool = False,
        known: Dependencies = NO_DEPENDENCIES,
        seconds: float = SECONDS,
    ) -> Translation:
        """What codings map to by the ConceptMap `url`, else by every map between `source` and `target`
        (value sets) or to `target_system`. `reverse` reads maps backwards, equivalences too.
        `known` are codes of other elements: a mapping that depends on other values of them is left out.
        Backwards, and in maps that were loaded as tables, nothing depends on others.
        Raises Problem(not_found) for an unknown map, Problem(invalid) for a url that is too long or too many
        codings, Problem(too_costly) after `seconds`.
        """
        expect_few(codings, MAX_CODINGS, "coding")
        expect_few([one for several in known.values() for one in several], MAX_CODINGS, "dependency")
        for place, canonical in (("url", url), ("source", source), ("target", target),
                                 ("targetsystem", target_system)):  # fmt: skip
            expect_url(canonical or "", place)
        with deadline.within(seconds):
            deadline.check()
            return self._now().maps.translate(
                codings, url=url, source=source, target=target, target_system=target_system, is_back=reverse,
                known=known,
            )  # fmt: skip

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
