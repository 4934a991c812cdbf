"""Every evaluation ends, within its budget, with an answer or a Problem."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Env
from charthouse.fhir.path.language import FUNCTIONS
from charthouse.terminology.ucum import Ucum
from tests.unit.fhir.path.ask import PATIENT, refusal, values

LIST = "(" + " | ".join(str(number) for number in range(40)) + ")"
GREEDY = [
    f"{LIST}.aggregate($total & $total & 'abcdefgh', 'x').length()",
    f"{LIST}.select({LIST}.select({LIST}.select({LIST}))).count()",
    f"{LIST}.aggregate($total.combine($total), 1).count()",
    "1.repeat($this + 1).count()",
    f"{LIST}.aggregate($total.replace('', 'abcdefgh'), 'x').length()",
    "descendants().select(%resource.descendants().select(%resource.descendants().select(%resource.descendants()))).count()",
    f"{LIST}.aggregate($total.select($this + 'a').combine($total), 'x').count()",
    f"{LIST}.aggregate($total.encode('hex'), 'xy').length()",
    f"{LIST}.aggregate($total.escape('json'), '\\\\').length()",
    f"{LIST}.aggregate($total.replaceMatches('.', 'a$0b'), 'x').length()",
    f"{LIST}.aggregate($total.split('').combine($total.split('')).join(''), 'xy').length()",
    f"{LIST}.aggregate($total.toChars().join($total), 'xy').length()",
]


@pytest.mark.parametrize("expression", GREEDY)
def test_greedy_expressions_run_out_of_budget_soon(expression: str) -> None:
    start = time.perf_counter()
    failure = refusal(expression)
    assert failure.category is Category.TOO_COSTLY
    assert time.perf_counter() - start < 10


def test_the_budget_is_the_callers_to_set() -> None:
    assert refusal("descendants().count()", env=Env(budget=5)).category is Category.TOO_COSTLY
    assert values("descendants().count()", env=Env(budget=500))[0] > 20


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("(a+)+$", "a" * 5000 + "b", False),
        ("^(a|aa)*$", "a" * 5000 + "b", False),
        ("(.*)*x", "y" * 5000, False),
        (".*.*.*.*=.*", "x" * 4000, False),
        ("^([a-z]+\\\\.)*[a-z]+$", ".".join(["abc"] * 800), True),
        ("^[^a]{1,64}(\\\\.[^a]{1,64})*$", "b" * 60 + ".b" * 500, True),
        ("(?i)(B|bb)+c", "b" * 3000 + "C", True),
        ("(x|y){2,3}z{0,2}$", "w" * 3000 + "xyz", True),
    ],
)
def test_hostile_patterns_are_matched_in_time(pattern: str, text: str, expected: bool) -> None:
    start = time.perf_counter()
    assert values(f"'{text}'.matches('{pattern}')") == [expected]
    assert time.perf_counter() - start < 5


def test_patterns_that_cannot_be_bounded_are_refused_on_long_text() -> None:
    assert refusal(f"'{'a' * 3000}'.matches('(a+)\\\\1+b')").category is Category.TOO_COSTLY
    assert refusal(f"'{'a' * 3000}'.replaceMatches('(a+)+b', 'x')").category is Category.TOO_COSTLY


@pytest.mark.parametrize("digits", ["1E+999999", "1E-999999", "-1E+99999", "0E+99999", "9" * 400])
def test_absurd_numbers_in_data_do_no_harm(digits: str) -> None:
    number = Decimal(digits)
    tree = {"resourceType": "Observation", "valueQuantity": {"value": number, "unit": "s", "system": "urn:x"}}
    value = "value.value"
    for form in (
        "{0} + 1", "{0} * {0}", "{0} / 3", "{0} div 7", "{0} mod 7", "-{0}", "{0}.abs()", "{0}.floor()",
        "{0}.ceiling()", "{0}.truncate()", "{0}.round(2)", "{0}.exp()", "{0}.ln()", "{0}.log(10)",
        "{0}.power(3)", "{0}.power({0})", "{0}.sqrt()", "{0}.toString().length()",
        "{0}.toQuantity().toString().length()", "{0} ~ 1", "{0} = {0}", "{0} < 1", "{0}.precision()",
        "{0}.lowBoundary()", "{0}.highBoundary(3)", "@2020 + {0}.toQuantity('day')",
        "(1 | {0} | {0}).count()", "{0}.toInteger()",
    ):  # fmt: skip
        try:
            values(form.format(value), tree)
        except Problem as failure:
            assert failure.category is Category.INVALID, form  # noqa: PT017


def json_values() -> st.SearchStrategy[Any]:
    """Anything JSON can hold, with FHIR's names and no respect for FHIR's shapes."""
    leaves = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 5),
        st.decimals(-9, 9, places=2),
        st.sampled_from(["a", "2020-01-01", "12:00", "Patient/1", ""]),
    )
    names = st.sampled_from(
        ["name", "_name", "given", "_given", "extension", "url", "valueString", "valueQuantity", "value", "contained",
         "resourceType", "id", "birthDate", "_birthDate", "deceasedBoolean", "contact", "code", "system", "reference",
         "managingOrganization"]
    )  # fmt: skip
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
        max_leaves=12,
    )


PIECES = [
    "name", "given", "Patient", "birthDate", "deceased", "contact", "extension", "value", "$this", "$index",
    "%resource", "1", "1.5", "'a'", "''", "true", "@2020-01-01", "@T10:00", "2 days", "5 'mg'", "{}",
    "children()", "descendants()", "managingOrganization",
]  # fmt: skip
CALLS = [
    "first()", "last()", "count()", "exists()", "empty()", "not()", "distinct()", "where($this = 1)",
    "select($this | 1)", "all(true)", "toString()", "toInteger()", "toQuantity()", "toDate()", "length()",
    "substring(1)", "indexOf('a')", "matches('a|b*')", "repeat(children())", "resolve()",
    "ofType(Quantity)", "as(string)", "is(Patient)", "type()", "hasValue()", "getValue()", "extension('a')",
    "children()", "sort()", "round(1)", "abs()", "lowBoundary()", "highBoundary(2)", "precision()",
    "trace('x')", "htmlChecks()", "single()", "tail()", "skip(1)", "join(',')", "split('a')", "lower()",
    "toChars()", "combine(1)", "intersect($this)", "exclude(1)", "subsetOf($this)", "aggregate($this, 1)",
    "iif(true, 1, 2)", "power(2)", "escape('json')",
]  # fmt: skip
OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "div",
    "mod",
    "&",
    "|",
    "=",
    "!=",
    "~",
    "!~",
    "<",
    ">=",
    "and",
    "or",
    "xor",
    "implies",
    "in",
    "contains",
]


def expressions() -> st.SearchStrategy[str]:
    """Sensible and senseless expressions."""
    called = st.builds(
        lambda base, calls: ".".join([base, *calls]),
        st.sampled_from(PIECES),
        st.lists(st.sampled_from(CALLS), max_size=3),
    )
    return st.recursive(
        called,
        lambda inner: st.one_of(
            st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(OPERATORS), inner),
            st.builds(lambda a, b: f"({a}).where({b})", inner, inner),
            st.builds(lambda a, b: f"({a}).select({b})", inner, inner),
            st.builds(lambda a, b: f"({a})[{b}]", inner, inner),
            st.builds(lambda a: f"-({a})", inner),
        ),
        max_leaves=5,
    )


@settings(max_examples=400, deadline=None)
@given(
    expressions(),
    st.dictionaries(
        st.sampled_from(
            [
                "name",
                "birthDate",
                "deceasedBoolean",
                "contact",
                "contained",
                "extension",
                "managingOrganization",
            ]
        ),
        json_values(),
    ),
)
def test_any_expression_on_any_tree_answers_or_raises_a_problem(
    expression: str, content: dict[str, Any]
) -> None:
    tree = {"resourceType": "Patient", **content}
    for kind, strict in (("Patient", False), ("Patient", True), ("Resource", False)):
        try:
            compiled = path.compile(expression, kind, load(), strict=strict)
            found = compiled.typed(tree, Env(budget=20_000))
        except Problem:
            continue
        assert all(isinstance(name, str) for _, name in found)
        full = [value for value in compiled.items(tree, Env(budget=20_000)) if value.value is not None]
        assert len(full) == len(found)


ARGUMENTS = [
    "'a'",
    "1",
    "$this",
    "{}",
    "true",
    "2 'kg'",
    "@2020-01-01",
    "name",
    "'[a-z]+'",
    "'http://x'",
    "%resource",
]


def calls() -> st.SearchStrategy[str]:
    """Every function there is, with every number of arguments it takes, and one more or less."""

    def call(name: str, count: int, arguments: list[str]) -> str:
        return f"{name}({', '.join(arguments[: max(0, count)])})"

    return st.sampled_from(sorted(FUNCTIONS)).flatmap(
        lambda name: st.builds(
            call,
            st.just(name),
            st.integers(FUNCTIONS[name].least - 1, min(3, FUNCTIONS[name].most + 1)),
            st.lists(st.sampled_from(ARGUMENTS), min_size=4, max_size=4),
        )
    )


def chains() -> st.SearchStrategy[str]:
    """Calls upon calls, some of them inside others, between operators."""
    chain = st.builds(
        lambda base, called: ".".join([base, *called]),
        st.sampled_from(PIECES),
        st.lists(calls(), min_size=1, max_size=4),
    )
    return st.recursive(
        chain,
        lambda inner: st.one_of(
            st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(OPERATORS), inner),
            st.builds(lambda a, name, b: f"({a}).{name}({b})", inner, st.sampled_from(NESTING), inner),
        ),
        max_leaves=3,
    )


NESTING = [
    "where",
    "select",
    "all",
    "exists",
    "repeat",
    "aggregate",
    "sort",
    "iif",
    "trace",
    "combine",
    "union",
]
KINDS = (Category.INVALID, Category.TOO_COSTLY, Category.UNSUPPORTED)
BUDGET = 3_000
CALLS_PER_STEP = 150  # of Python, at the very most


class TooMuch(BaseException):
    """More work was done than the budget stands for."""


def work(ask: Callable[[], Any]) -> None:
    """Ask, counting the calls of Python that it takes: not a matter of how fast the machine is."""
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += 1
        if count > BUDGET * CALLS_PER_STEP:
            raise TooMuch

    sys.setprofile(counted)
    try:
        ask()
    finally:
        sys.setprofile(None)


def answering(number: int) -> Env:
    """Surroundings in which every hook has an answer, true, false or unknown."""
    answer = (True, False, None)[number]
    return Env(
        budget=BUDGET,
        units=Ucum(),
        resolve=lambda text: PATIENT if answer else None,
        member_of=lambda value, kind, url: answer,
        conforms_to=lambda value, kind, url: answer,
        subsumes=lambda one, other: answer,
        trace=lambda name, items: None,
        variables={"x": [1, "a", PATIENT]},
    )


@settings(max_examples=300, deadline=None)
@given(
    chains(),
    st.dictionaries(st.sampled_from(["name", "birthDate", "contact", "extension"]), json_values()),
    st.integers(0, 2),
)
def test_whatever_is_called_on_whatever_tree_stays_within_the_budget(
    expression: str, content: dict[str, Any], number: int
) -> None:
    tree = {**PATIENT, **content}
    try:
        compiled = path.compile(expression, "Patient", load())
        work(lambda: compiled.items(tree, answering(number)))
    except Problem as failure:
        assert failure.category in KINDS  # noqa: PT017


@pytest.mark.parametrize("expression", GREEDY)
def test_greedy_expressions_do_no_more_work_than_the_budget_stands_for(expression: str) -> None:
    compiled = path.compile(expression, "Patient", load())
    with pytest.raises(Problem) as caught:
        work(lambda: compiled.items(PATIENT, answering(0)))
    assert caught.value.category is Category.TOO_COSTLY


def test_the_example_patient_is_not_needed_to_be_whole() -> None:
    assert values("name.given.first()", {**PATIENT, "name": {"given": "x"}}) == ["x"]
