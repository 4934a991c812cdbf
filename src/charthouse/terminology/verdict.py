"""Judges codings against a value set or code system, in words (R4 valueset-operation-validate-code.html)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from charthouse.base.errors import Issue, Problem
from charthouse.terminology import deadline
from charthouse.terminology.answers import Coding, Name, Verdict
from charthouse.terminology.catalogue import Catalogue
from charthouse.terminology.codesystem import COMPLETE, CodeSystem
from charthouse.terminology.compose import Composed
from charthouse.terminology.concept import Concept
from charthouse.terminology.names import display, is_called, names
from charthouse.terminology.supplement import Supplements
from charthouse.terminology.versions import joined

_SHOWN: Final = 12  # codes named where another one would be right
_SMALL: Final = 60  # concepts of a code system that is small enough to look for them


@dataclass(frozen=True, slots=True)
class Rules:
    """How to judge; see `Terminology.validate_code`."""

    abstract: bool | None = None
    infer_system: bool = False
    language: str | None = None


class Judge:
    """Judges codings in one state of the world."""

    def __init__(self, catalogue: Catalogue, rules: Rules, supplements: Supplements) -> None:
        self.catalogue = catalogue
        self.rules = rules
        self.supplements = supplements

    def any_of(self, composed: Composed | None, codings: Sequence[Coding]) -> Verdict:
        """The verdict on a CodeableConcept: one good coding is enough, the first one decides."""
        verdicts = [self.one(composed, coding) for coding in codings]
        if not verdicts:
            return _refused(
                "There is no code to check.", "code", None, "Give a code, a Coding or a CodeableConcept."
            )
        for wanted in (True, None):
            found = next((verdict for verdict in verdicts if verdict.result is wanted), None)
            if found is not None:
                return found
        if len(verdicts) == 1:
            return verdicts[0]
        issues = tuple(issue for verdict in verdicts for issue in verdict.issues)
        return Verdict(False, "None of the codings is valid. " + _message(issues), issues=issues)

    def one(self, composed: Composed | None, coding: Coding) -> Verdict:
        """The verdict on one coding."""
        deadline.check()
        if coding.system is None and composed is not None and self.rules.infer_system:
            systems = [url for url in composed.systems() if composed.member(url, coding.code)]
            if len(systems) > 1:
                return _refused(
                    f"Several code systems of the value set have this code: {', '.join(systems)}.", "system",
                    coding.code, "Say which system is meant.",
                )  # fmt: skip
            if not systems:
                is_open = composed.member(None, coding.code) is None
                return self._judged(composed, coding, None if is_open else False)
            coding = replace(coding, system=systems[0])
        if coding.system is None:
            return _refused(
                "The coding has no system, so its code could mean anything.", "system", coding.code,
                "Add the system.",
            )  # fmt: skip
        if composed is not None:
            return self._judged(composed, coding, composed.member(coding.system, coding.code))
        return self._in_system(coding, coding.system)

    def _judged(self, composed: Composed, coding: Coding, found: bool | None) -> Verdict:
        if found is None:
            reason = composed.why() or "more than one reading is possible"
            return Verdict(None, f"This cannot be checked here: {reason}.", coding=coding)
        if not found:
            return self._outside(composed, coding)
        system = coding.system or ""
        at_hand, issues = self._version(coding, composed)
        concept = at_hand.find(coding.code) if at_hand is not None else None
        entry = composed.entry(system, coding.code)
        called = [*(entry.designations if entry else ()), *self.supplements.names(system, coding.code)]
        own = [entry.display] if entry and entry.display else []
        if at_hand is None or concept is None:
            if at_hand is not None and at_hand.release.content == COMPLETE:
                issues.append(
                    _warning(f"{_title(at_hand)} does not have this code.", "code", coding.code, None)
                )
            right = display(own[0], called, self.rules.language, None) if own else None
            return self._accepted(coding, right, [*own, *(each.text for each in called)], issues)
        return self._known(coding, at_hand, concept, called, own, issues)

    def _in_system(self, coding: Coding, url: str) -> Verdict:
        """The verdict where no value set is asked about."""
        grammar = self.catalogue.grammar(url)
        if grammar is not None:
            found = grammar.check(coding.code)
            if found is None:
                return Verdict(None, f"This cannot be checked here: {grammar.why}.", coding=coding)
            if not found:
                return _refused(
                    f"This is no code of {grammar.title}.", "code", coding.code, "Correct the code."
                )
            return Verdict(True, coding=coding)
        at_hand, issues = self._version(coding, None)
        if at_hand is None:
            named = joined(url, coding.version)
            return Verdict(None, f"This cannot be checked here: {named} is not at hand.", coding=coding)
        concept = at_hand.find(coding.code)
        if concept is not None:
            return self._known(coding, at_hand, concept, self.supplements.names(url, coding.code), [], issues)
        if at_hand.release.content != COMPLETE:
            return Verdict(
                None, f"This cannot be checked here: only a part of {url} is at hand.", coding=coding
            )
        return _refused(
            f"There is no such code in {_title(at_hand)}.", "code", coding.code,
            self._choice(at_hand) or "Correct the code, or the system.",
        )  # fmt: skip

    def _known(
        self, coding: Coding, system: CodeSystem, concept: Concept, called: list[Name], own: list[str],
        issues: list[Issue],
    ) -> Verdict:  # fmt: skip
        """The verdict on a code whose concept is at hand."""
        called = [*called, *names(system.designations([concept.id]).get(concept.id, ()), system.release.url)]
        if not concept.is_selectable and self.rules.abstract is not True:
            words = f"`{concept.code}` ({concept.display}) is a heading, not to be used as a code."
            repair = "Choose a code below it."
            if self.rules.abstract is False:
                return _refused(words, "code", coding.code, repair)
            issues.append(_warning(words, "code", coding.code, repair))
        if not concept.is_active:
            issues.append(
                _warning("The code is no longer in use.", "code", coding.code, "Choose a current one.")
            )
        language = system.about().get("language") if self.rules.language else None
        default = own[0] if own else concept.display
        right = display(default, called, self.rules.language, language if isinstance(language, str) else None)
        judged = replace(coding, code=concept.code, version=system.release.version or None)
        if concept.code != coding.code:
            issues.append(_warning("The code is written in another case.", "code", coding.code,
                                   f"Write `{concept.code}`."))  # fmt: skip
        return self._accepted(
            judged, right, [right, concept.display, *own, *(each.text for each in called)], issues
        )  # fmt: skip

    def _accepted(self, coding: Coding, right: str | None, called: list[str], issues: list[Issue]) -> Verdict:
        if coding.display is not None and called and not is_called(coding.display, called):
            issues.append(
                _warning("The display differs.", "display", coding.display, f"The right one is “{right}”.")
            )  # fmt: skip
        return Verdict(
            True, _message(issues) if issues else None, right, replace(coding, display=right), tuple(issues)
        )  # fmt: skip

    def _outside(self, composed: Composed, coding: Coding) -> Verdict:
        """Why a code is not in a value set, as far as it helps."""
        name = f"{composed.title or 'The value set'} ({joined(composed.url or 'given', composed.version)})"
        systems = composed.systems()
        if coding.system is not None and coding.system not in systems:
            few = ", ".join(systems[:3])
            return _refused(
                f"{name} takes no codes of this system.", "system", coding.system,
                f"Use a code of {few}." if few else "Use another value set.",
            )  # fmt: skip
        at_hand = self.catalogue.system(coding.system) if coding.system is not None else None
        if at_hand is not None and at_hand.release.content == COMPLETE and at_hand.find(coding.code) is None:
            words = f"There is no such code in {_title(at_hand)}."
        else:
            words = f"The code is not in {name}."
        return _refused(words, "code", coding.code, self._members(composed) or "Choose a code that is in it.")

    def _version(self, coding: Coding, composed: Composed | None) -> tuple[CodeSystem | None, list[Issue]]:
        """The version of the code system that a coding is judged by, and a warning where it is not its own."""
        url = coding.system or ""
        own = self.catalogue.system(url, coding.version) if coding.version is not None else None
        if own is not None:
            return own, []
        parts = composed.includes if composed is not None else ()
        found = next((part.system for part in parts if part.url == url and part.system), None)
        found = found or self.catalogue.system(url)
        if coding.version is None or found is None:
            return found, []
        words = f"This version is not at hand; the code was checked by version {found.release.version or '(none)'}."
        return found, [_warning(words, "version", coding.version, None)]

    def _members(self, composed: Composed) -> str | None:
        """The codes that would be right, where they are few."""
        sizes = [
            len(part.entries) if part.entries is not None else len(part.system.all()) if part.system else _SMALL + 1
            for part in composed.includes
        ]  # fmt: skip
        if not sizes or sum(sizes) > _SMALL:
            return None
        try:
            found = self.catalogue.extent(composed)
        except Problem as failure:
            if deadline.is_passing(failure):
                raise
            return None
        return _one_of([code for segment in found.segments for code in segment.codes()])

    def _choice(self, system: CodeSystem) -> str | None:
        spans = system.all()
        return _one_of([each.code for each in system.walk(spans)]) if len(spans) <= _SHOWN else None


def _one_of(codes: Sequence[str]) -> str | None:
    return f"Right would be one of: {', '.join(codes)}." if 0 < len(codes) <= _SHOWN else None


def _title(system: CodeSystem) -> str:
    release = system.release
    return f"{release.title} ({joined(release.url, release.version)})"


def _warning(words: str, place: str, value: str, repair: str | None) -> Issue:
    return Issue("business-rule", words, place, value, repair, "warning")


def _refused(words: str, place: str, value: str | None, repair: str) -> Verdict:
    issue = Issue("code-invalid", words, place, value, repair)
    return Verdict(False, issue.sentence(), issues=(issue,))


def _message(issues: Sequence[Issue]) -> str:
    return " ".join(issue.sentence() for issue in issues)
