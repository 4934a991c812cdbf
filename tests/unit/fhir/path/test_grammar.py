"""Reading expressions: the tree, the order of operators, and messages that point."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.fhir import path
from charthouse.fhir.path.nodes import (
    Binary,
    Call,
    Empty,
    Indexer,
    Literal,
    Member,
    Node,
    This,
    TypeName,
    TypeOperation,
    Unary,
    Variable,
    walk,
)
from charthouse.fhir.path.quantity import Quantity
from charthouse.fhir.path.unparse import unparse


def member(*names: str) -> Node:
    node: Node | None = None
    for name in names:
        node = Member(node, name)
    assert node is not None
    return node


def test_a_path_is_members_upon_members() -> None:
    assert path.parse("Patient.name.given") == member("Patient", "name", "given")


def test_operators_bind_in_the_order_of_the_standard() -> None:
    one = Literal("Integer", 1)
    a, b, c = member("a"), member("b"), member("c")
    for text, tree in {
        "a + b * c": Binary("+", a, Binary("*", b, c)),
        "a | b = c": Binary("=", Binary("|", a, b), c),
        "a or b and c": Binary("or", a, Binary("and", b, c)),
        "a implies b or c": Binary("implies", a, Binary("or", b, c)),
        "a < b = c": Binary("=", Binary("<", a, b), c),
        "a in b and c": Binary("and", Binary("in", a, b), c),
        "a - b - c": Binary("-", Binary("-", a, b), c),
        "-1.abs()": Unary("-", Call(one, "abs", ())),
        "-a * b": Binary("*", Unary("-", a), b),
        "a | b is c": Binary("|", a, TypeOperation(b, "is", TypeName(None, "c"))),
        "a > b is Boolean": Binary(">", a, TypeOperation(b, "is", TypeName(None, "Boolean"))),
        "(a | b)[1].c": Member(Indexer(Binary("|", a, b), one), "c"),
    }.items():
        assert path.parse(text) == tree, text


def test_type_functions_and_type_operators_have_one_form() -> None:
    assert path.parse("value.as(FHIR.Quantity)") == path.parse("value as FHIR.Quantity")
    assert path.parse("is(Patient)") == TypeOperation(None, "is", TypeName(None, "Patient"))


def test_literals_carry_their_system_type() -> None:
    texts = ("1", "1.50", "'it'", "true", "@2014-01", "@T14:30", "4 days", "1 'mg'")
    found = {text: path.parse(text) for text in texts}
    kinds = {text: node.kind for text, node in found.items() if isinstance(node, Literal)}
    assert list(kinds.values()) == [
        "Integer",
        "Decimal",
        "String",
        "Boolean",
        "Date",
        "Time",
        "Quantity",
        "Quantity",
    ]
    assert found["4 days"] == Literal("Quantity", Quantity(Decimal(4), "day", is_calendar=True))


def test_words_of_operators_are_names_after_a_dot() -> None:
    assert path.parse("text.div") == member("text", "div")
    assert path.parse("expansion.contains.contains") == member("expansion", "contains", "contains")


def test_escapes_in_strings_are_undone() -> None:
    assert path.parse(r"'a\'\\\n\u0041\ud83d\ude00'") == Literal("String", "a'\\\nA\U0001f600")


def test_comments_and_lines_do_not_count() -> None:
    assert path.parse("a // one\n /* two\n */ . b") == member("a", "b")


def test_variables_are_plain_quoted_or_text() -> None:
    assert path.parse("%resource") == Variable("resource")
    assert path.parse("%`vs-x`") == path.parse("%'vs-x'") == Variable("vs-x")
    assert path.parse("{}") == Empty()


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("name.", "line 1, column 6", "name is expected"),
        ("name.given +\n  ", "line 2, column 3", "expected here"),
        ("name\n  .where(use = 'x'", "line 2, column 19", ") is missing"),
        ("a b", "line 1, column 3", "end"),
        ("'open", "line 1, column 1", "not closed"),
        ("a /* b", "line 1, column 3", "comment"),
        ('name = "x"', "line 1, column 8", "double quotes"),
        (r"'a\q'", "line 1, column 3", "no escape"),
        ("@2015-02-30", "line 1, column 1", "no such date"),
        ("99999999999", "line 1, column 1", "Integers end"),
        ("a.is(1)", "line 1, column 6", "name of a type"),
        ("x is Other.Patient", "line 1, column 11", "namespace"),
        ("$that", "line 1, column 1", "$this"),
        ("a ; b", "line 1, column 3", "no meaning"),
        ("1 ''", "line 1, column 3", "unit"),
        ("", "line 1, column 1", "expected"),
    ],
)
def test_bad_syntax_is_refused_with_its_place(text: str, place: str, word: str) -> None:
    with pytest.raises(Problem) as caught:
        path.parse(text)
    issue = caught.value.issues[0]
    assert caught.value.category is Category.INVALID
    assert issue.place == place
    assert word in issue.message
    assert place in issue.message


def test_nesting_and_length_are_bounded() -> None:
    for text in ("(" * 3000 + "1" + ")" * 3000, ".".join(["a"] * 5000), "-" * 4000 + "1", "a" * 60_000):
        with pytest.raises(Problem):
            path.parse(text)


def nodes() -> st.SearchStrategy[Node]:
    """Trees of every form."""
    names = st.sampled_from(["name", "given", "is", "div", "value x", "a`b"])
    types = st.builds(
        TypeName, st.sampled_from([None, "FHIR", "System"]), st.sampled_from(["Patient", "String"])
    )
    leaves = st.one_of(
        st.builds(lambda name: Member(None, name), names),
        st.builds(lambda value: Literal("Integer", value), st.integers(0, 2**31 - 1)),
        st.builds(
            lambda value: Literal("String", value),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        ),
        st.builds(lambda value: Literal("Decimal", Decimal(value).scaleb(-2)), st.integers(0, 10**6)),
        st.builds(lambda value: Literal("Quantity", Quantity(Decimal(value), "mg")), st.integers(0, 99)),
        st.sampled_from([This(), Empty(), Literal("Boolean", True)]),
        st.builds(Variable, names),
    )

    def bigger(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        operators = st.sampled_from(
            ["+", "-", "*", "div", "and", "implies", "=", "!~", "|", "in", "contains", "<="]
        )
        return st.one_of(
            st.builds(Binary, operators, inner, inner),
            st.builds(Unary, st.sampled_from("+-"), inner),
            st.builds(Member, inner, names),
            st.builds(
                Call, inner, names.filter(lambda name: name != "is"), st.lists(inner, max_size=2).map(tuple)
            ),
            st.builds(TypeOperation, inner, st.sampled_from(["is", "as", "ofType"]), types),
            st.builds(Indexer, inner, inner),
        )

    return st.recursive(leaves, bigger, max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(nodes())
def test_a_tree_written_as_text_reads_as_the_same_tree(node: Node) -> None:
    assert path.parse(unparse(node)) == node


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab.()[]{}'`\"@$%+-*/|&=~!<>,0123456789 TZ:\\uis\n"), max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    place = None
    parts: list[Node] = []
    try:
        parts = list(walk(path.parse(text)))
    except Problem as failure:
        place = failure.issues[0].place
    assert parts or place
