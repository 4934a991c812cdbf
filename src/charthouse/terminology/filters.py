"""The filters of a value set (R4 valueset-filter-operator.html), each as a test of one concept and as intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.fhir.path import regex
from charthouse.fhir.resource import Tree
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.concept import HEADING, INACTIVE, Concept
from charthouse.terminology.spans import Spans
from charthouse.terminology.trees import items, text

SNOMED: Final = "http://snomed.info/sct"
REFSET: Final = "memberOf"  # the property by which a loaded SNOMED CT names the reference sets of a concept
_ITSELF: Final = frozenset({"concept", "code"})
_FLAGS: Final = {"inactive": INACTIVE, "notSelectable": HEADING, "abstract": HEADING}
_BUILT_IN: Final = frozenset(
    {*_ITSELF, *_FLAGS, "display", "parent", "child", "ancestor", "descendant", "status"}
)
_MAX_PATTERN: Final = 500
# Steps of the matching, of about a microsecond: to make ready, for one concept, and for all of a code system.
_STEPS_TO_READ: Final = 5_000
_STEPS_FOR_ONE: Final = 100_000
_STEPS_FOR_ALL: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Sieve:
    """A filter of one code system: `holds` asks about one concept without listing any, `spans` lists them all."""

    holds: Callable[[Concept], bool]
    spans: Callable[[], Spans]


def compiled(system: CodeSystem, rule: Tree) -> Sieve:
    """The test of one `compose.include.filter`.

    Raises Problem(unsupported) for an operator or property that is not known here, Problem(invalid)
    for a value that the code system does not have.
    """
    name, op, value = text(rule, "property"), text(rule, "op"), text(rule, "value")
    if name is None or op is None or value is None:
        raise invalid(
            "required", "A filter needs property, op and value.", place="compose.include.filter",
            repair="Give all three.",
        )  # fmt: skip
    if op == "in" and name == "concept" and system.release.url == SNOMED:
        return _equal(system, REFSET, value)
    made = _OPERATORS.get(op)
    if made is None:
        raise _unsupported(f"The filter operator `{op}` is not known here.", "filter.op", op)
    if name not in _BUILT_IN:
        _expect_property(system, name)
    return made(system, name, value)


def _within(spans: Spans) -> Sieve:
    return Sieve(lambda concept: concept.id in spans, lambda: spans)


def _other(system: CodeSystem, test: Sieve) -> Sieve:
    return Sieve(lambda concept: not test.holds(concept), lambda: system.all() - test.spans())


def _named(system: CodeSystem, code: str) -> Concept:
    found = system.find(code)
    if found is None:
        release = system.release
        raise invalid(
            "not-found", f"A filter names a code that {release.url} {release.version} does not have.",
            place="filter.value", value=code, repair="Name a code of that version, or name another version.",
        )  # fmt: skip
    return found


def _below(system: CodeSystem, name: str, value: str) -> Sieve:
    """`is-a`: the concept and all below it; asked of the parent, all below it."""
    if name == "parent":
        return _descendent(system, "concept", value)
    _expect_itself(name, "is-a")
    return _within(system.below(_named(system, value)))


def _descendent(system: CodeSystem, name: str, value: str) -> Sieve:
    _expect_itself(name, "descendent-of")
    concept = _named(system, value)
    return _within(system.below(concept) - Spans.of((concept.id,)))


def _not_below(system: CodeSystem, name: str, value: str) -> Sieve:
    return _other(system, _below(system, name, value))


def _above(system: CodeSystem, name: str, value: str) -> Sieve:
    _expect_itself(name, "generalizes")
    return _within(system.above(_named(system, value)))


def _child(system: CodeSystem, name: str, value: str) -> Sieve:
    _expect_itself(name, "child-of")
    return _equal(system, "parent", value)


def _equal(system: CodeSystem, name: str, value: str) -> Sieve:
    """`=`, for everything that a concept has; hierarchy and flags are found without looking through."""
    if name in _ITSELF:
        found = system.find(value)
        return _within(Spans.of((found.id,) if found is not None else ()))
    if name in _FLAGS:
        flagged = system.flagged(_FLAGS[name])
        return _within(flagged if value == "true" else system.all() - flagged)
    if name == "parent":
        return _within(Spans.of(each.id for each in system.children(_named(system, value))))
    if name == "child":
        return _within(Spans.of(each.id for each in system.parents(_named(system, value))))
    if name == "ancestor":
        return _descendent(system, "concept", value)
    if name == "descendant":
        concept = _named(system, value)
        return _within(system.above(concept) - Spans.of((concept.id,)))
    if name == "status" and value == "active":
        others = (id for id, held in system.values("status") if held != "active")
        return _within(system.all() - system.flagged(INACTIVE) - Spans.of(others))
    if name == "display":
        return _looked(system, name, lambda held: held == value)
    return Sieve(
        lambda concept: (name, value) in system.properties([concept.id]).get(concept.id, ()),
        lambda: system.having(name, value),
    )


def _any(system: CodeSystem, name: str, value: str) -> Sieve:
    """`in`: any of the values between commas."""
    tests = [_equal(system, name, each.strip()) for each in value.split(",")]

    def spans() -> Spans:
        return Spans(pair for test in tests for pair in test.spans().pairs())

    return Sieve(lambda concept: any(test.holds(concept) for test in tests), spans)


def _none(system: CodeSystem, name: str, value: str) -> Sieve:
    return _other(system, _any(system, name, value))


def _exists(system: CodeSystem, name: str, value: str) -> Sieve:
    if value not in ("true", "false"):
        raise invalid(
            "value", "The operator `exists` takes true or false.", place="filter.value", value=value,
            repair="Say true for concepts that have the property, false for those that have not.",
        )  # fmt: skip
    found = _looked(system, name, lambda held: True)
    return found if value == "true" else _other(system, found)


def _regex(system: CodeSystem, name: str, value: str) -> Sieve:
    """`regex`: the whole value fits the expression."""
    within = matcher(value)
    return Sieve(
        lambda concept: _looked(system, name, within(_STEPS_FOR_ONE)).holds(concept),
        lambda: _looked(system, name, within(_STEPS_FOR_ALL)).spans(),
    )


def _looked(system: CodeSystem, name: str, fits: Callable[[str], bool]) -> Sieve:
    """A test of values that has to look through all of them to list the concepts."""

    def holds(concept: Concept) -> bool:
        return any(fits(value) for value in _values(system, concept, name))

    def spans() -> Spans:
        if name in _BUILT_IN:
            return Spans.of(concept.id for concept in system.walk(system.all()) if holds(concept))
        return Spans.of(id for id, value in system.values(name) if fits(value))

    return Sieve(holds, spans)


def _values(system: CodeSystem, concept: Concept, name: str) -> Iterable[str]:
    """What a concept has under a name."""
    if name in _ITSELF:
        return (concept.code,)
    if name == "display":
        return (concept.display,)
    if name in _FLAGS:
        return ("true" if concept.flags & _FLAGS[name] else "false",)
    if name in ("parent", "ancestor"):
        return [each.code for each in system.parents(concept)]
    if name in ("child", "descendant"):
        return [each.code for each in system.children(concept)]
    return [value for own, value in system.properties([concept.id]).get(concept.id, ()) if own == name]


class _Effort:
    """What matching may cost."""

    def __init__(self, most: int, pattern: str) -> None:
        self.left = most
        self.pattern = pattern

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _costly(self.pattern)


def matcher(pattern: str) -> Callable[[int], Callable[[str], bool]]:
    """Whether whole texts fit a regular expression: given the steps that all of them may take, the test of one.

    Raises Problem(invalid) for what is no expression, for references back, and for what is too
    large. The test raises Problem(invalid, too-costly) when its steps are used up, and for
    a text in which looking around could take too long.
    """
    if len(pattern) > _MAX_PATTERN:
        raise _costly(pattern)
    try:
        ready = regex.matcher(_Effort(_STEPS_TO_READ, pattern), pattern).with_memory()
        ready.automaton()
    except Problem as failure:
        if failure.category is Category.TOO_COSTLY:
            raise _costly(pattern) from None
        raise invalid(
            "value", failure.issues[0].message, place="filter.value", value=pattern,
            repair="Write it as in Python or XML Schema.",
        ) from None  # fmt: skip

    def within(most: int) -> Callable[[str], bool]:
        effort = _Effort(most, pattern)
        return lambda value: ready.fullmatch(effort, value)

    return within


def _expect_itself(name: str, op: str) -> None:
    if name not in _ITSELF:
        raise _unsupported(f"The operator `{op}` asks about `concept` only.", "filter.property", name)


def _expect_property(system: CodeSystem, name: str) -> None:
    """A property has to be declared by the code system, or be there."""
    declared = {text(each, "code") for each in items(system.about(), "property")}
    if name not in declared and not system.has_property(name):
        raise _unsupported(
            f"The code system {system.release.url} has no property of this name here.",
            "filter.property",
            name,
        )


def _unsupported(message: str, place: str, value: str) -> Problem:
    return problem(
        Category.UNSUPPORTED, "not-supported", message, place=place, value=value,
        repair=f"Known operators: {', '.join(_OPERATORS)}; of properties, those that the code system declares.",
    )  # fmt: skip


def _costly(pattern: str) -> Problem:
    return invalid(
        "too-costly", "This regular expression could take too long.",
        place="filter.value", value=pattern,
        repair="Make it shorter, with smaller counts, and without look-arounds and references back.",
    )  # fmt: skip


_OPERATORS: Final[dict[str, Callable[[CodeSystem, str, str], Sieve]]] = {
    "=": _equal, "is-a": _below, "descendent-of": _descendent, "is-not-a": _not_below, "generalizes": _above,
    "child-of": _child, "in": _any, "not-in": _none, "exists": _exists, "regex": _regex,
}  # fmt: skip
