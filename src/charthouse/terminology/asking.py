"""Questions about single codes: what is known of them, and whether they are in a value set."""

from __future__ import annotations

from collections.abc import Sequence

from charthouse.base.errors import Problem
from charthouse.fhir.resource import Tree
from charthouse.terminology import deadline
from charthouse.terminology.answers import Coding, Looked, Verdict
from charthouse.terminology.deadline import SECONDS
from charthouse.terminology.lookup import looked
from charthouse.terminology.present import MAX_CODINGS, MAX_PROPERTIES, Present, expect_few
from charthouse.terminology.verdict import Judge, Rules


class Asking(Present):
    """Looks codes up, and judges them."""

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
        expect_few(properties, MAX_PROPERTIES, "property")
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

    def expect(self, valueset: str) -> None:
        """Raise Problem(not_found), or Problem(invalid), unless there is a value set of that url and it can be read."""
        self._now().catalogue.composed(valueset)

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
        expect_few(codings, MAX_CODINGS, "coding")
        state = self._now()
        key = (valueset, *codings, abstract, infer_system, language, *supplements)
        is_kept = not isinstance(valueset, dict)
        held = state.verdicts.get(key) if is_kept else None
        if held is not None:
            return held
        with deadline.within(seconds):
            composed = state.composed(valueset) if valueset is not None else None
            rules = Rules(abstract, infer_system, language)
            judge = Judge(state.catalogue, rules, state.catalogue.supplements(supplements))
            found = judge.any_of(composed, codings)
        return state.verdicts.put(key, found) if is_kept else found
