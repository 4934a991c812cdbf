"""Membership of value sets, expansion and the plain way agree; what cannot be told is told as that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection
from charthouse.terminology.answers import Coding
from charthouse.terminology.artifacts import Gathered
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.makers import (
    COLOURS,
    SET,
    Tree,
    colours,
    concept,
    drawn,
    listed,
    load,
    rule,
    system,
    terminology,
    valueset,
)
from tests.unit.terminology.naive import Key, Naive

NUMBERS = "http://example.org/numbers"
UNCLOSED = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"
ODD, LONG = "http://example.org/odd", "http://example.org/long"
ALL = ("warm", "red", "crimson", "pink", "orange", "cold", "blue", "mixed", "purple", "Grey")


def numbers() -> Tree:
    return system(
        NUMBERS, concept("1", concept("11"), concept("12", properties={"inactive": True})), concept("2")
    )


def others() -> list[Tree]:
    """Code systems and value sets that others refer to."""
    return [
        colours(), numbers(), valueset(listed(NUMBERS, "1", "11"), listed(COLOURS, "red", "blue"), url=ODD),
        valueset(drawn(COLOURS, rule("wave", "=", "long")), drawn(COLOURS, rule("concept", "is-a", "red")), url=LONG),
    ]  # fmt: skip


def expanded(asked: Terminology, url: str = SET) -> list[Key]:
    return [(row.system, row.code) for row in asked.expand(url).rows]


RULES = st.one_of(
    st.builds(
        rule, st.sampled_from(["concept", "code"]),
        st.sampled_from(["is-a", "descendent-of", "is-not-a", "generalizes", "child-of"]), st.sampled_from(ALL),
    ),
    st.builds(rule, st.just("concept"), st.sampled_from(["=", "in", "not-in"]), st.sampled_from(ALL)),
    st.builds(
        rule, st.just("wave"), st.sampled_from(["=", "in", "not-in"]), st.sampled_from(["long", "short", "none"])
    ),
    st.builds(rule, st.just("wave"), st.sampled_from(["in", "not-in"]), st.just("long,middle")),
    st.builds(
        rule, st.sampled_from(["wave", "web", "parent", "child"]), st.just("exists"), st.sampled_from(["true", "false"])
    ),
    st.builds(rule, st.sampled_from(["parent", "child"]), st.just("="), st.sampled_from(ALL)),
    st.builds(
        rule, st.sampled_from(["code", "wave"]), st.just("regex"), st.sampled_from(["[a-m].*", ".*o.*", "r.d", "long"])
    ),
    st.builds(rule, st.just("inactive"), st.just("="), st.sampled_from(["true", "false"])),
)  # fmt: skip


@st.composite
def parts(draw: st.DrawFn) -> Tree:
    """An include or exclude of any kind."""
    imports = draw(st.lists(st.sampled_from([ODD, LONG]), max_size=2, unique=True))
    kind = draw(st.sampled_from(["listed", "drawn", "numbers", "imports"]))
    if kind == "imports" and imports:
        return {"valueSet": imports}
    made = {
        "listed": lambda: listed(
            COLOURS, *draw(st.lists(st.sampled_from((*ALL, "unknown")), min_size=1, unique=True))
        ),
        "drawn": lambda: drawn(COLOURS, *draw(st.lists(RULES, max_size=2))),
    }.get(kind, lambda: drawn(NUMBERS))()
    return {**made, "valueSet": imports} if imports else made


@st.composite
def valuesets(draw: st.DrawFn) -> Tree:
    """A value set of any kind."""
    made = valueset(
        *draw(st.lists(parts(), min_size=1, max_size=3)), exclude=draw(st.lists(parts(), max_size=2))
    )  # fmt: skip
    is_inactive = draw(st.sampled_from([None, True, False]))
    if is_inactive is not None:
        made["compose"]["inactive"] = is_inactive
    return made


def agree(asked: Terminology, tree: Tree) -> None:
    """Check one value set in every way."""
    expected = Naive(*others(), tree).members(tree)
    found = expanded(asked)
    assert set(found) == expected
    assert len(found) == len(expected), "each member once"
    for url, codes in ((COLOURS, (*ALL, "unknown", "other")), (NUMBERS, ("1", "11", "12", "2", "3"))):
        for code in codes:
            assert asked.member(SET, url, code) is ((url, code) in expected), (url, code)
    every = {code for _, code in expected}
    for code in (*ALL, "1", "12", "unknown", "other"):
        assert asked.member(SET, None, code) is (code in every)
    assert sorted(asked.valueset_codes(SET)) == sorted(expected)


@settings(max_examples=300, deadline=None)
@given(valuesets())
def test_membership_is_expansion_is_the_plain_way(tree: Tree) -> None:
    agree(terminology(*others(), tree), tree)


@pytest.mark.parametrize("case", [True, False])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=valuesets())
def test_the_same_holds_in_tables(tables: Connection, case: bool, tree: Tree) -> None:
    known = others()
    if not tables.run("SELECT 1 FROM term_system"):
        for each in known[:2]:
            load(tables, each, case_sensitive=case)
    agree(Terminology(None, lambda: tables, Gathered([*known[2:], tree])), tree)


@settings(max_examples=100, deadline=None)
@given(valuesets(), st.integers(1, 5), st.booleans())
def test_a_walk_through_the_pages_gives_each_member_once_in_one_order(
    tree: Tree, size: int, is_active: bool
) -> None:
    asked = terminology(*others(), tree)
    whole = asked.expand(SET, active_only=is_active)
    walked: list[Any] = []
    while len(walked) < whole.total:
        page = asked.expand(SET, offset=len(walked), count=size, active_only=is_active)
        assert page.total == whole.total
        assert 0 < len(page.rows) <= size
        walked.extend(page.rows)
    assert tuple(walked) == whole.rows
    assert asked.expand(SET, offset=whole.total, count=size, active_only=is_active).rows == ()
    if is_active:
        assert all(row.is_active for row in whole.rows)


def test_codes_that_a_value_set_lists_keep_its_order() -> None:
    asked = terminology(*others(), valueset(listed(COLOURS, "purple", "red", "nothing", "Grey")))
    assert [code for _, code in expanded(asked)] == ["purple", "red", "Grey", "nothing"]


def test_several_value_sets_in_one_include_mean_what_is_in_all_of_them() -> None:
    asked = terminology(*others(), valueset({"valueSet": [ODD, LONG]}))
    assert expanded(asked) == [(COLOURS, "red")]
    both = terminology(*others(), valueset({"valueSet": [ODD]}, {"valueSet": [LONG]}))
    assert len(expanded(both)) == 8


def test_a_value_set_that_imports_itself_is_refused_and_names_the_circle() -> None:
    asked = terminology(
        valueset({"valueSet": ["http://example.org/b"]}),
        valueset({"valueSet": [SET]}, url="http://example.org/b"),
    )
    with pytest.raises(Problem, match="imports itself") as caught:
        asked.expand(SET)
    assert caught.value.category is Category.INVALID
    assert caught.value.issues[0].value == f"{SET} → http://example.org/b → {SET}"
    assert asked.member(SET, COLOURS, "red") is None
    assert "imports itself" in str(asked.unchecked(SET))


def test_a_version_may_import_an_earlier_one() -> None:
    asked = terminology(
        colours(), valueset(listed(COLOURS, "red"), version="1"),
        valueset({"valueSet": [f"{SET}|1"]}, listed(COLOURS, "blue"), version="2"),
    )  # fmt: skip
    assert [code for _, code in expanded(asked)] == ["red", "blue"]
    assert [code for _, code in expanded(asked, f"{SET}|1")] == ["red"]


def test_a_lattice_of_imports_is_refused_before_it_takes_long() -> None:
    sets = [valueset(listed(COLOURS, "red"), url="http://example.org/0")]
    for number in range(1, 28):
        below = {"valueSet": [f"http://example.org/{number - 1}"]}
        sets.append(valueset(below, below, below, url=f"http://example.org/{number}"))
    asked = terminology(colours(), *sets)
    assert asked.member("http://example.org/5", COLOURS, "red") is True
    with pytest.raises(Problem, match="imports more than"):
        asked.expand("http://example.org/27")


def test_what_a_missing_value_set_decides_cannot_be_told() -> None:
    asked = terminology(colours(), valueset(listed(COLOURS, "red"), {"valueSet": ["http://example.org/no"]}))
    assert asked.member(SET, COLOURS, "red") is True
    assert asked.member(SET, COLOURS, "blue") is None
    assert asked.unchecked(SET) == "the value set http://example.org/no is not at hand"
    with pytest.raises(Problem, match="imported is not at hand"):
        asked.expand(SET)


def test_what_a_missing_code_system_decides_cannot_be_told() -> None:
    asked = terminology(
        colours(), valueset(listed("http://example.org/no", "a"), drawn("http://example.org/never"))
    )
    assert asked.member(SET, "http://example.org/no", "a") is True
    assert asked.member(SET, "http://example.org/no", "b") is False
    assert asked.member(SET, "http://example.org/never", "a") is None
    assert asked.member(SET, COLOURS, "red") is False
    assert asked.member(SET, None, "b") is None
    assert asked.unchecked(SET) == "the code system http://example.org/never is not at hand"


def test_an_exclude_that_cannot_be_told_leaves_it_open() -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS), exclude=[drawn(COLOURS, version="9")]))
    assert asked.member(SET, COLOURS, "red") is None
    assert asked.member(SET, COLOURS, "none") is False


@pytest.mark.parametrize("content", ["fragment", "example"])
def test_of_a_part_of_a_code_system_only_what_is_there_is_known(content: str) -> None:
    asked = terminology(colours(content=content), valueset(drawn(COLOURS)))
    assert asked.member(SET, COLOURS, "red") is True
    assert asked.member(SET, COLOURS, "green") is None
    assert not asked.expand(SET).is_whole
    with pytest.raises(Problem, match="only a part"):
        asked.valueset_codes(SET)


def test_a_code_system_of_which_only_the_name_is_here_is_not_at_hand() -> None:
    asked = terminology(
        system(COLOURS, content="not-present"), valueset(drawn(COLOURS, rule("concept", "is-a", "red")))
    )
    assert asked.member(SET, COLOURS, "red") is None
    assert asked.unchecked(SET) == f"the code system {COLOURS} is not at hand"
    assert asked.validate_code(None, [Coding(COLOURS, "red")]).result is None
    for question in (lambda: asked.expand(SET), lambda: asked.lookup(COLOURS, "red")):
        with pytest.raises(Problem, match="not at hand"):
            question()
    standing = asked.system(COLOURS)
    assert standing is not None
    assert standing.release.content == "not-present"


def test_another_version_of_a_code_system_is_not_taken_for_the_one_named() -> None:
    old = system(COLOURS, concept("red"), version="0")
    asked = terminology(
        colours(),
        old,
        valueset(drawn(COLOURS, version="0"), url=f"{SET}0"),
        valueset(drawn(COLOURS, version="7")),
    )
    assert [code for _, code in expanded(asked, f"{SET}0")] == ["red"]
    assert asked.member(SET, COLOURS, "red") is None
    assert asked.unchecked(SET) == f"the code system {COLOURS}|7 is not at hand"


def test_codes_of_two_versions_are_taken_together_by_code() -> None:
    old = system(COLOURS, concept("red"), concept("green"), version="0")
    asked = terminology(
        colours(), old, valueset(drawn(COLOURS, rule("concept", "is-a", "red")), drawn(COLOURS, version="0")),
        valueset(drawn(COLOURS), exclude=[drawn(COLOURS, version="0")], url=f"{SET}2"),
    )  # fmt: skip
    assert [code for _, code in expanded(asked)] == ["red", "crimson", "pink", "purple", "green"]
    assert len(expanded(asked, f"{SET}2")) == 9


def test_an_expansion_answers_where_there_is_nothing_else() -> None:
    contains = [
        {
            "abstract": True,
            "display": "Group",
            "contains": [{"system": COLOURS, "code": "red", "display": "R"}],
        },
        {"system": COLOURS, "code": "blue", "inactive": True, "version": "3"},
    ]
    given = {"resourceType": "ValueSet", "url": SET, "expansion": {"timestamp": "2020", "contains": contains}}
    asked = terminology(given)
    assert [asked.member(SET, COLOURS, code) for code in ("red", "blue", "Grey")] == [True, True, False]
    assert [(row.code, row.display, row.version, row.is_active) for row in asked.expand(SET).rows] == [
        ("red", "R", None, True), ("blue", None, "3", False),
    ]  # fmt: skip
    assert asked.expand(SET, active_only=True).total == 1


def test_an_expansion_answers_where_the_code_system_is_missing() -> None:
    expansion = {"contains": [{"system": "http://example.org/no", "code": "a"}]}
    asked = terminology(valueset(drawn("http://example.org/no"), expansion=expansion))
    assert asked.member(SET, "http://example.org/no", "a") is True
    assert asked.member(SET, "http://example.org/no", "b") is False
    assert expanded(asked) == [("http://example.org/no", "a")]


@pytest.mark.parametrize(
    "more",
    [{"total": 9}, {"offset": 1}, {"extension": [{"url": UNCLOSED, "valueBoolean": True}]}],
)  # fmt: skip
def test_a_page_of_an_expansion_says_nothing_about_what_is_not_on_it(more: Tree) -> None:
    given = {
        "resourceType": "ValueSet",
        "url": SET,
        "expansion": {"contains": [{"system": COLOURS, "code": "red"}]} | more,
    }
    asked = terminology(given)
    assert asked.member(SET, COLOURS, "red") is True
    assert asked.member(SET, COLOURS, "blue") is None
    assert asked.unchecked(SET) == "its expansion is only a part"
    with pytest.raises(Problem, match="only a part"):
        asked.expand(SET)


def test_case_is_overlooked_in_lists_only_where_the_system_says_so() -> None:
    loose = system(NUMBERS, concept("One"), concept("Two"), caseSensitive=False)
    asked = terminology(loose, colours(), valueset(listed(NUMBERS, "One"), listed(COLOURS, "red")))
    assert asked.member(SET, NUMBERS, "ONE") is True
    assert asked.member(SET, NUMBERS, "two") is False
    assert asked.member(SET, COLOURS, "RED") is False


@pytest.mark.parametrize(
    "compose",
    [
        {"include": {}}, {"include": ["x"]}, {"include": [{}]}, {"include": [{"concept": [{"code": "a"}]}]},
        {"include": [{"system": COLOURS, "concept": [{}]}]}, {"include": [{"system": 1}]},
        {"include": [{"valueSet": SET}]},
        {"include": [{"system": COLOURS, "concept": [{"code": "a"}], "filter": [rule("concept", "is-a", "red")]}]},
        {"include": [{"system": COLOURS, "filter": [{"op": "is-a"}]}]},
        {"include": [{"system": COLOURS, "filter": "x"}]},
        {"include": [{"system": COLOURS, "concept": [{"code": "a", "designation": [{"value": 3}]}]}]}, [],
    ],
)  # fmt: skip
def test_a_value_set_of_the_wrong_shape_is_a_problem_not_a_crash(compose: Any) -> None:
    tree = {"resourceType": "ValueSet", "url": SET, "compose": compose}
    asked = terminology(colours(), tree)
    with pytest.raises(Problem) as caught:
        asked.expand(tree)
    assert caught.value.category in (Category.INVALID, Category.UNSUPPORTED)
    assert asked.member(SET, COLOURS, "red") in (None, False)
    assert asked.unchecked(SET)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (rule("concept", "is-a", "green"), "does not have"), (rule("concept", "like", "red"), "is not known here"),
        (rule("weight", "=", "1"), "no property of this name"),
        (rule("wave", "is-a", "long"), "asks about `concept` only"),
        (rule("wave", "exists", "maybe"), "true or false"),
        (rule("code", "regex", "("), "no regular expression"), (rule("code", "regex", "a" * 600), "too long"),
        (rule("code", "regex", r"(a)\1"), "too long"),
    ],
)  # fmt: skip
def test_a_filter_that_is_not_understood_is_named_and_membership_left_open(made: Tree, words: str) -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS, made)))
    with pytest.raises(Problem, match=words):
        asked.expand(SET)
    assert asked.member(SET, COLOURS, "red") is None
    assert words in str(asked.unchecked(SET))


def test_a_reference_set_of_snomed_ct_is_asked_by_its_property() -> None:
    url = "http://snomed.info/sct"
    tree = system(
        url,
        concept("1", properties={"memberOf": ["900", "901"]}),
        concept("2", properties={"memberOf": "900"}),
    )
    asked = terminology(tree, valueset(drawn(url, rule("concept", "in", "901"))))
    assert expanded(asked) == [(url, "1")]
    assert asked.member(SET, url, "2") is False


def test_a_code_system_that_makes_no_sense_is_named() -> None:
    asked = terminology(system(COLOURS, concept("a"), concept("a")), valueset(drawn(COLOURS)))
    assert asked.member(SET, COLOURS, "a") is None
    assert "has a code twice" in str(asked.unchecked(SET))
    for _ in range(2):
        with pytest.raises(Problem, match="has a code twice"):
            asked.expand(SET)


def test_active_is_what_its_own_version_says() -> None:
    ended = valueset(drawn(COLOURS), inactive=False)
    asked = terminology(colours(), ended)
    assert asked.member(SET, COLOURS, "pink") is False
    assert asked.member(SET, None, "pink") is False
    assert asked.expand(SET).total == 9


def test_thousands_of_includes_are_refused() -> None:
    tree = valueset(*(drawn(COLOURS) for _ in range(1_200)))
    with pytest.raises(Problem, match="at most 1000 includes"):
        terminology(colours()).expand(tree)
