"""Named queries: whatever their conditions are, they are read or refused with a place, and filled in to the letter."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Problem
from charthouse.fhir import named
from charthouse.fhir.definitions import load
from charthouse.fhir.named import Filled

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def tree(expression: str, **more: Any) -> dict[str, Any]:
    asked = {"language": named.LANGUAGE, "expression": expression}
    return {
        "resourceType": "OperationDefinition", "status": "active", "kind": "query", "code": "q",
        "resource": ["Patient"],
        "parameter": [{"name": "one", "use": "in", "min": 0, "max": "1"}, {"name": "two-b", "use": "in", "max": "*"},
                      {"name": "return", "use": "out", "min": 1, "max": "1"}],
        "extension": [{"url": named.EXPRESSION, "valueExpression": asked}], **more,
    }  # fmt: skip


def filled(expression: str, *sent: tuple[str, str]) -> list[tuple[str, str]]:
    found = named.read(tree(expression), "Patient", load()).filled(sent, NOON)
    return [(one.name, one.text) for one in found]


@pytest.mark.parametrize(
    ("expression", "sent", "found"),
    [
        ("Patient?family=a&given=b", [], [("family", "a"), ("given", "b")]),
        ("Patient?", [], []),
        ("Patient?family=a%26b+c", [], [("family", "a&b c")]),  # as in an address
        ("Patient?family={{%one}}", [("one", "a,b")], [("family", "a,b")]),
        ("Patient?family={{%one & ''}}", [("one", "a,b|c$d\\e")], [("family", "a\\,b\\|c\\$d\\\\e")]),
        ("Patient?family={{%one}}&given=b", [], [("given", "b")]),
        ("Patient?family={{'x' & '&' & 'y'}}", [], [("family", "x&y")]),  # an & inside of braces parts nothing
        ("Patient?birthdate=le{{today() - 50 years}}", [], [("birthdate", "le1976-03-01")]),
        ("Patient?identifier=a|{{%`two-b`}}", [("two-b", "1"), ("two-b", "2")],
         [("identifier", "a|1"), ("identifier", "a|2")]),
        ("Patient?family={{'a' | 'b'}}", [], [("family", "a,b")]),
        ("Patient?active={{1 = 1}}", [], [("active", "true")]),
        ("Patient?family={{%one}}{{%`two-b`}}", [("one", "x")], []),
    ],
)  # fmt: skip
def test_a_query_is_filled_in(
    expression: str, sent: list[tuple[str, str]], found: list[tuple[str, str]]
) -> None:
    assert not named.wrong(tree(expression), load())
    assert filled(expression, *sent) == found


def test_a_value_is_laid_to_the_parameter_it_came_from() -> None:
    query = named.read(tree("Patient?family={{%one}}&given=a&birthdate=le{{today()}}"), "Patient", load())
    assert query.filled([("one", "x")], NOON)[:2] == [Filled("family", "x", "one"), Filled("given", "a", "")]


@pytest.mark.parametrize(
    ("expression", "sent", "place"),
    [
        ("Patient?birthdate=le{{%one.toDate() - 1 year}}", [("one", "soon")], "one"),
        ("Patient?birthdate=le{{ {} }}", [], "_query"),
        (
            "Patient?birthdate=le{{(%one & %`two-b`).toDate()}}",
            [("one", "soon"), ("two-b", "later")],
            "_query",
        ),
    ],
)
def test_a_value_of_which_nothing_comes_is_refused_and_never_left_out(
    expression: str, sent: list[tuple[str, str]], place: str
) -> None:
    with pytest.raises(Problem) as failure:
        filled(expression, *sent)
    assert failure.value.issues[0].place == place


def test_a_condition_falls_away_only_where_a_parameter_of_it_was_not_sent() -> None:
    assert filled("Patient?birthdate=le{{%one.toDate() - 1 year}}") == []
    assert filled("Patient?birthdate=le{{%one.toDate() - 1 year}}", ("one", "2020-05-06")) == [
        ("birthdate", "le2019-05-06")
    ]


def test_a_parameter_under_a_name_of_the_standard_takes_nothing_from_the_search() -> None:
    made = tree("Patient?family=a", parameter=[{"name": "_id", "use": "in", "min": 0, "max": "1"}])
    assert named.wrong(made, load())
    assert named.read(made, "Patient", load()).names == frozenset()


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="{}%&=?()'|.+-_ Paonetwfamilybirthdate1`", max_size=60)
    | st.text(max_size=30)
    | st.builds("{{{{{}}}}}".format, st.text(alphabet="%one()+-'.&| today1", max_size=25))
)
def test_any_conditions_are_read_or_refused_with_their_place(text: str) -> None:
    made = tree(f"Patient?{text}")
    issues = named.wrong(made, load())
    assert all(issue.place and issue.repair for issue in issues)
    if not issues:
        with suppress(Problem):  # what only shows with values, e.g. the sum of a text and a number
            named.read(made, "Patient", load()).filled([("one", "a"), ("two-b", "b")], NOON)


def test_all_sorts_of_definitions_are_looked_at_without_a_fault() -> None:
    for more in (
        {"extension": [{"url": named.EXPRESSION}]}, {"parameter": []}, {"resource": []}, {"code": None},
        {"extension": [{"url": named.EXPRESSION, "valueString": "x"}]}, {"kind": "operation"},
    ):  # fmt: skip
        named.wrong(tree("Patient?family=a", **more), load())
