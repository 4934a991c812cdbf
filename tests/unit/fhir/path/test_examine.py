"""What tools are told of an expression: the types of its parts, its tree, and the part that failed."""

from __future__ import annotations

from typing import Any

import pytest

from charthouse.base.errors import Problem, invalid
from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Env, examine, nodes
from charthouse.fhir.path.language import FORMS
from charthouse.fhir.path.nodes import walk
from charthouse.fhir.path.outline import lines, outline
from tests.unit.fhir.path.ask import PATIENT


def compiled(text: str, kind: str = "Patient") -> path.Expression:
    return path.compile(text, kind, load())


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("name.given + 'a'", 12),
        ("name.given.matches('a') and true", 12),
        ("name.select(given.first() + family) | (1 > 'a')", 42),
        ("name.where(given.single() = 'x')", 18),
        ("1 + (name.given.first() * 2)", 25),
        ("name.exists(given + 'x')", 19),
        ("%nothing", 1),
        ("birthDate + 1 'mo'", 11),
        ("iif(true, name.given.toInteger(), 1)", 22),
        ("name.select($this.given.select('a' * 2))", 36),
        ("active.memberOf('urn:x')", 8),
    ],
)
def test_a_failure_is_told_with_the_part_that_failed(text: str, column: int) -> None:
    expression = compiled(text)
    with pytest.raises(Problem) as caught:
        expression.items(PATIENT)
    found = examine.located(caught.value, expression, PATIENT)
    assert found.category is caught.value.category
    assert found.issues[0].place == f"line 1, column {column}"
    assert found.issues[0].repair == caught.value.issues[0].repair


def test_a_place_in_the_resource_stays_in_the_message() -> None:
    expression = compiled("telecom.value.first() > 1 and\n birthDate.abs() > 1")
    with pytest.raises(Problem) as caught:
        expression.items({**PATIENT, "telecom": []})
    found = examine.located(caught.value, expression, {**PATIENT, "telecom": []})
    assert found.issues[0].place == "line 2, column 12"
    assert "at Patient.birthDate" in found.issues[0].message


def test_what_fails_no_more_keeps_its_place() -> None:
    expression = compiled("name")
    failure = invalid("processing", "It was another moment.")
    assert examine.located(failure, expression, PATIENT) is failure


def test_looking_for_a_failure_traces_nothing() -> None:
    seen: list[Any] = []
    expression = compiled("name.trace('n').given + 1")
    env = Env(trace=lambda name, items: seen.append(name))
    with pytest.raises(Problem) as caught:
        expression.items(PATIENT, env)
    examine.located(caught.value, expression, PATIENT, env)
    assert seen == ["n"]


def test_types_of_the_parts_are_known() -> None:
    expression = compiled("name.given.first() & (deceased as boolean).toString()")
    known = examine.types(expression)
    found = {
        getattr(node, "name", getattr(node, "op", "")): known.get(id(node)) for node in walk(expression.node)
    }
    assert found == {
        "&": "string", "toString": "string", "as": "boolean", "deceased": "boolean | dateTime", "first": "string",
        "given": "string[]", "name": "HumanName[]",
    }  # fmt: skip


def test_the_tree_is_drawn_as_the_lab_draws_it() -> None:
    """The example in the Lab's description of its server API."""
    text = "trace('trc').given.join(' ')\n.combine(family).join(', ')\n| family | %varValue"
    that = {"ExpressionType": "AxisExpression", "Name": "builtin.that"}
    drawn = outline(compiled(text, "HumanName"))
    assert drawn["Arguments"][1] == {
        "ExpressionType": "VariableRefExpression", "Name": "varValue", "Position": 68, "Length": 9,
    }  # fmt: skip
    inner = drawn["Arguments"][0]["Arguments"][0]["Arguments"][0]["Arguments"][0]["Arguments"][0]
    assert inner == {
        "ExpressionType": "ChildExpression", "Name": "given", "ReturnType": "string[]", "Position": 13, "Length": 5,
        "Arguments": [
            {
                "ExpressionType": "FunctionCallExpression", "Name": "trace", "ReturnType": "HumanName",
                "Position": 0, "Length": 5,
                "Arguments": [
                    that,
                    {"ExpressionType": "ConstantExpression", "Name": "trc", "ReturnType": "string", "Position": 6,
                     "Length": 5},
                ],
            }
        ],
    }  # fmt: skip


def test_every_form_is_drawn() -> None:
    text = (
        "-1 + name[0].where($this is HumanName and $index > 0).given.ofType(string)"
        ".select($total | {} | 4 'mg' | @2020-01T | true).count()"
    )
    assert lines(outline(compiled(text))) == [
        "BinaryExpression +",
        "  UnaryExpression - : integer",
        "    AxisExpression builtin.that",
        "    ConstantExpression 1 : integer",
        "  FunctionCallExpression count : integer",
        "    FunctionCallExpression select",
        "      FunctionCallExpression ofType : string[]",
        "        ChildExpression given : string[]",
        "          FunctionCallExpression where : HumanName",
        "            IndexerExpression [] : HumanName",
        "              ChildExpression name : HumanName[]",
        "                AxisExpression builtin.that",
        "              ConstantExpression 0 : integer",
        "            BinaryExpression and : boolean",
        "              BinaryExpression is : boolean",
        "                AxisExpression builtin.this : HumanName",
        "                ConstantExpression HumanName",
        "              BinaryExpression > : boolean",
        "                AxisExpression builtin.index : integer",
        "                ConstantExpression 0 : integer",
        "        ConstantExpression string",
        "      BinaryExpression |",
        "        BinaryExpression |",
        "          BinaryExpression |",
        "            BinaryExpression |",
        "              AxisExpression builtin.total",
        "              ConstantExpression {}",
        "            ConstantExpression 4 'mg' : Quantity",
        "          ConstantExpression 2020-01T : dateTime",
        "        ConstantExpression true : boolean",
    ]


def test_positions_point_at_what_was_written() -> None:
    text = "name.where( use  = 'official').`given`.is(string) or %`vs-x` is System.String"
    seen: dict[str, str] = {}

    def note(drawn: dict[str, Any]) -> None:
        if "Position" in drawn:
            seen[drawn["Name"]] = text[drawn["Position"] : drawn["Position"] + drawn["Length"]]
        for part in drawn.get("Arguments", ()):
            note(part)

    note(outline(compiled(text)))
    assert seen == {
        "name": "name", "where": "where", "use": "use", "=": "=", "official": "'official'", "given": "`given`",
        "is": "is", "or": "or", "vs-x": "%`vs-x`",
    }  # fmt: skip


def test_every_form_of_the_tree_has_its_builder() -> None:
    """What a second target has to provide is exactly this table."""

    kinds = {kind for kind in vars(nodes).values() if isinstance(kind, type) and issubclass(kind, nodes.Node)}
    assert set(FORMS) == kinds - {nodes.Node, nodes.Based}
