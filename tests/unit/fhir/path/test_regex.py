"""Regular expressions mean what Python's mean, and whatever they are, nobody waits for them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem, problem
from charthouse.fhir.path.automaton import Automaton, Memory
from charthouse.fhir.path.pattern import TOO_MANY, Part, moves, read
from charthouse.fhir.path.regex import matcher
from tests.unit.fhir.path.ask import refusal, values

PATIENCE = 20  # seconds, for a whole Python to start and answer; without a bound it would be centuries
HOSTILE = {
    "(a|a)*b": "a" * 60, "(a|aa)+$": "a" * 60 + "c", "(a?){40}b": "a" * 40, "a?" * 40 + "a" * 40: "a" * 39 + "c",
    "(.|.)*!!": "x" * 60, "(|a)" * 40 + "b": "a" * 40, "(a|aa)" * 30 + "b": "a" * 60, "(a{0,1}){40}b": "a" * 40,
    "(a|b|ab)*c": "ab" * 40, "(a*)*b": "a" * 60, "(a+)+$": "a" * 60 + "!", "((a|a)(a|a)){30}b": "a" * 60,
    "(a*){2,30}b": "a" * 60, "(x?a|a)*b": "a" * 60, "(?:a|(?:a|(?:a|a)))+b": "a" * 60, "(?i)(a|A)*b": "aA" * 30,
    "([a-z]|[a-y])*0": "k" * 60, "(a??){40}b": "a" * 40, "(a|a)*?b": "a" * 60, "(?<n>a|a)*b": "a" * 60,
    "(\\\\w|\\\\w)*\\\\b!": "a" * 60, ".*.*.*.*x": "y" * 100_000, "[a-z]*[a-z]*[a-z]*0": "y" * 100_000,
    "(?=(a|a)*b)a": "a" * 60, "(a|a)*(?!b)c": "a" * 60, "(a)(\\\\1|a)*b": "a" * 60, "(a{1,900}){1,900}b": "a" * 900,
    "((((a{0,9}){0,9}){0,9}){0,9}){0,9}b": "a" * 60, f"({'|' * 900}){{1000}}b": "a", "(?i)" + "[!-\uffff]" * 390: "a",
}  # fmt: skip
ASK = """
import json, sys
from charthouse.base.errors import Problem
from tests.unit.fhir.path.ask import values
for expression, text in json.load(sys.stdin):
    try:
        print(values(expression, {"resourceType": "Basic", "language": text}), flush=True)
    except Problem as failure:
        print(failure.category, flush=True)
"""


class Purse:
    """So many steps."""

    def __init__(self, steps: int = 10_000_000) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise problem(Category.TOO_COSTLY, "too-costly", "Too much.")


@pytest.mark.parametrize("call", ["matches('{}')", "matchesFull('{}')", "replaceMatches('{}', 'z')"])
def test_no_pattern_holds_a_process(call: str) -> None:
    """In a process of its own: what hangs holds all threads, so nothing inside could tell."""
    asked = [(f"language.{call.format(pattern)}", text) for pattern, text in HOSTILE.items()]
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        input=json.dumps(asked), capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    answers = done.stdout.splitlines()
    assert len(answers) == len(asked)
    for text, answer in zip(HOSTILE.values(), answers, strict=True):
        assert answer in ("[True]", "[False]", "too_costly", f"['{text}']")


def test_what_python_may_not_match_is_matched_all_the_same() -> None:
    for pattern, text, expected in (
        ("^(a|a)*$", "a" * 90, True), ("(a|aa)+$", "a" * 90 + "c", False), ("^(a?){40}$", "a" * 40, True),
        ("^(a?){40}$", "a" * 41, False), ("(.|.)*!!", "x" * 90 + "!!", True), (".*.*.*.*x", "y" * 40_000, False),
        (".*.*.*.*x", "y" * 40_000 + "x", True), ("(a|a)*\\\\bb", "a" * 90 + "-b", True), ("^(a|a)*$", "aa\\n", True),
    ):  # fmt: skip
        assert values(f"'{text}'.matches('{pattern}')") == [expected], pattern


def test_what_nothing_can_match_in_time_is_refused_with_its_name() -> None:
    for pattern in ("(a|a)*(?=b)c", "(a|a)(\\\\1)*b"):
        failure = refusal(f"'{'a' * 60}'.matches('{pattern}')")
        assert failure.category is Category.TOO_COSTLY
        assert failure.issues[0].value
        assert "look-arounds" in str(failure.issues[0].repair)


def test_many_classes_of_distant_characters_are_paid_for_before_they_are_made() -> None:
    classes = "(?i)" + "".join(f"[{chr(number)}-\uffff]" for number in range(0x100, 0x180))
    with pytest.raises(Problem):
        matcher(Purse(20_000), classes)


def tried(part: Part, text: str, at: int, count: Callable[[], None]) -> Iterator[int]:
    """The ends of all matches from `at`, found by trying everything; `count` is called for each character looked at."""
    if part.kind == "any":
        count()
        if at < len(text) and re.match(part.text, text[at], re.DOTALL):
            yield at + 1
    elif part.kind == "all":
        if not part.parts:
            yield at
        for end in tried(part.parts[0], text, at, count) if part.parts else ():
            yield from tried(Part("all", part.parts[1:]), text, end, count)
    elif part.kind == "one":
        for one in part.parts:
            yield from tried(one, text, at, count)
    else:
        high = part.high if part.high is not None else part.low + len(text)
        if high > 0:
            rest = Part("repeat", part.parts, low=max(0, part.low - 1), high=high - 1)
            for end in tried(part.parts[0], text, at, count):
                yield from tried(rest, text, end, count)
        if part.low == 0:
            yield at


@settings(max_examples=400, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["a", "b", ".", "[ab]"]),
        lambda inner: st.one_of(
            st.builds("".join, st.lists(inner, min_size=2, max_size=3)),
            st.builds(lambda parts: f"({'|'.join(parts)})", st.lists(inner, min_size=1, max_size=3)),
            st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,3}"])),
        ),
        max_leaves=5,
    ),
    st.text("ab", max_size=7),
)
@example("(a|a)*b", "aaaaaaa")
@example("(a?a)+", "")
@example("(aa?){1,3}b", "aaaaaa")
def test_no_trial_of_everything_takes_more_moves_than_are_counted(pattern: str, text: str) -> None:
    part = read(pattern)
    counted = moves(part, len(text), is_whole=True)
    looks = 0

    def count() -> None:
        nonlocal looks
        looks += 1
        assert looks <= counted

    if counted < TOO_MANY:
        list(tried(part, text, 0, count))
    assert counted <= moves(part, len(text) + 1, is_whole=True)
    assert counted <= moves(part, len(text), is_whole=False)


def patterns() -> st.SearchStrategy[str]:
    """Small patterns over a, b and a line end, in all the ways there are to put them together."""
    leaves = st.sampled_from(
        [
            "a",
            "b",
            ".",
            "[ab]",
            "[^a]",
            "\\w",
            "\\W",
            "",
            "^",
            "$",
            "\\b",
            "\\B",
            "\\A",
            "\\Z",
            "\n",
            "-",
            "\\x61",
        ]
    )
    counts = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{,2}", "{1,}", "{,}", "{0}", "{2,3}?"]
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("".join, st.lists(inner, min_size=2, max_size=3)),
            st.builds(lambda parts: f"({'|'.join(parts)})", st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda part, count: f"(?:{part}){count}", inner, st.sampled_from(counts)),
        ),
        max_leaves=6,
    )


TEXTS = st.text("abA-\n", max_size=9)


@settings(max_examples=1500, deadline=None)
@given(patterns(), st.lists(TEXTS, min_size=1, max_size=4), st.booleans())
@example("$", ["\n", "a\n\n", ""], False)
@example("\\B", [""], True)
@example("(?:a*b|)*a", ["ba", "aba"], True)
def test_the_automaton_means_what_python_means(pattern: str, texts: list[str], is_folded: bool) -> None:
    flags = re.DOTALL | (re.IGNORECASE if is_folded else 0)
    automaton = Automaton(read(pattern), flags)
    whole, found = Memory(), Memory()
    for text in (*texts, *texts):
        assert automaton.matches(Purse(), text, is_whole=True, memory=whole) is (
            re.fullmatch(pattern, text, flags) is not None
        )
        assert automaton.matches(Purse(), text, is_whole=False, memory=found) is (
            re.search(pattern, text, flags) is not None
        )


@settings(max_examples=300, deadline=None)
@given(patterns(), TEXTS, st.integers(1, 40))
def test_a_matcher_answers_the_same_on_short_and_on_long_texts(pattern: str, text: str, times: int) -> None:
    longer = text * times
    plain = re.compile(pattern, re.DOTALL)
    ready = matcher(Purse(), pattern)
    if ready.found >= len(longer):
        assert ready.search(Purse(), longer) is (plain.search(longer) is not None)
    automaton = ready.automaton()
    assert automaton is not None
    assert automaton.matches(Purse(), text, is_whole=False) is ready.search(Purse(), text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("(?<year>[0-9]{4})", "in 2024", True), (r"\(?<a>", "(<a>", True), ("[(?<a>]+x", "?<x", True),
        ("a{,2}b", "ab", True),        ("a{x}", "a{x}", True), ("{}", "{}", True),
    ],
)  # fmt: skip
def test_what_looks_like_a_group_or_a_count_is_read_as_python_reads_it(
    pattern: str, text: str, expected: bool
) -> None:
    ready = matcher(Purse(), pattern)
    assert ready.search(Purse(), text) is expected
    automaton = ready.automaton()
    assert automaton is not None
    assert automaton.matches(Purse(), text, is_whole=False) is expected


def test_matching_in_small_steps_is_paid_for() -> None:
    for pattern in ("(a|b|ab){1,300}c", ".*" * 300 + "x"):
        with pytest.raises(Problem) as caught:
            matcher(Purse(), pattern).search(Purse(5_000), "ab" * 50_000)
        assert caught.value.category is Category.TOO_COSTLY


def test_a_memory_stays_small() -> None:
    automaton = Automaton(read("(a|b)*a" + "(a|b)" * 200), 0)
    memory = Memory()
    text = "".join("ab"[number * number % 7 % 2] for number in range(4_000))
    automaton.matches(Purse(), text, is_whole=True, memory=memory)
    assert sum(len(nodes) + len(stand.after) for nodes, stand in memory.known.items()) <= 200_000
