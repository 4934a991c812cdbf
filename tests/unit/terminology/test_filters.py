"""Regular expressions of value sets: all are matched, none holds up the house."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.terminology.filters import matcher
from tests.unit.terminology.makers import SET, concept, drawn, rule, system, terminology, valueset

URL = "http://example.org/long-names"
PATIENCE = 20  # seconds, for a whole Python to start and answer; without a bound it would be centuries
ASK = """
from tests.unit.terminology.test_filters import HOSTILE, found
for pattern in HOSTILE:
    print(found(pattern), flush=True)
"""
HOSTILE = ("(a|a)*b", "(a|aa)+b", "(a?){40}b", "(.|.)*!!", "a?" * 40 + "a" * 40 + "b", "(a+)+", "(a|b|ab)*c")
STEPS = 100_000


def found(pattern: str) -> list[str]:
    """The codes whose display fits."""
    codes = system(URL, concept("long", display="a" * 40), concept("short", display="a"))
    tree = valueset(drawn(URL, rule("display", "regex", pattern)))
    return [row.code for row in terminology(codes, tree).expand(SET).rows]


def test_no_expression_of_a_value_set_holds_a_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    expected = [str(["long", "short"] if pattern == "(a+)+" else []) for pattern in HOSTILE]
    assert done.stdout.splitlines() == expected


def test_a_member_is_told_by_an_expression_that_backtracking_could_not_bear() -> None:
    codes = system(URL, concept("long", display="a" * 40 + "b"), concept("other", display="a" * 40))
    asked = terminology(codes, valueset(drawn(URL, rule("display", "regex", "(a|aa|aaa)*b"))))
    assert asked.member(SET, URL, "long") is True
    assert asked.member(SET, URL, "other") is False


def test_many_values_share_what_was_worked_out() -> None:
    fits = matcher("(x|xy|z)*[0-9]+(!|)")(STEPS)
    values = [f"xyzx{number}" for number in range(5_000)]
    assert all(fits(value) for value in values)
    assert not any(fits(value + "?") for value in values)


@pytest.mark.parametrize(
    "pattern", ["(a|b|c)*x.*y.*z", "(?i).*HEART.*attack.*", "[A-Z][0-9]{2}(\\.[0-9A-Z]{1,4})?"]
)
def test_it_is_the_whole_value_that_has_to_fit(pattern: str) -> None:
    fits = matcher(pattern)(STEPS)
    for value in (
        "",
        "abcx-y-z",
        "abcx-y-z\n",
        "a heart attack",
        "Heart Attack",
        "I21",
        "I21.4",
        "I21.4 ",
        "xI21.4",
    ):
        plain = re.fullmatch(pattern, value, re.DOTALL)
        assert fits(value) is (plain is not None), value


def test_the_steps_of_one_question_come_to_an_end() -> None:
    fits = matcher("(a|b|ab)*x")(50)
    with pytest.raises(Problem, match="too long") as caught:
        [fits("ab" * number) for number in range(1_000)]
    assert caught.value.category is Category.INVALID


@pytest.mark.parametrize("pattern", ["(a)\\1", "((a{1,900}){1,900}){1,900}", "[\u0100-\uffff]" * 60])
def test_what_nothing_matches_in_time_is_refused_before_it_is_tried(pattern: str) -> None:
    with pytest.raises(Problem, match="too long") as caught:
        matcher(pattern)
    assert (caught.value.category, caught.value.issues[0].place) == (Category.INVALID, "filter.value")
