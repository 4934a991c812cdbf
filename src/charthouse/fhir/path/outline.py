"""Draws a syntax tree for people: as nested objects in the shape that FHIRPath Lab shows, and as indented text.

The shape is the Lab's own (its server API): ExpressionType, Name, Arguments with what a form continues
from first, ReturnType, and Position and Length of the token in the expression's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from charthouse.fhir.path.examine import types
from charthouse.fhir.path.expression import Expression
from charthouse.fhir.path.nodes import (
    Binary,
    Call,
    Empty,
    Indexer,
    Literal,
    Member,
    Node,
    Position,
    This,
    Total,
    TypeOperation,
    Unary,
    Variable,
)
from charthouse.fhir.path.tokens import extent
from charthouse.fhir.path.unparse import unparse

Drawn = dict[str, Any]
_AXES: Final[Mapping[type[Node], str]] = {
    This: "builtin.this",
    Position: "builtin.index",
    Total: "builtin.total",
}
_FOCUS: Final = "builtin.that"


def outline(expression: Expression) -> Drawn:
    """The tree of an expression that was compiled from text."""
    return _Pen(expression.text, types(expression)).draw(expression.node)


def lines(drawn: Drawn, level: int = 0) -> list[str]:
    """The same tree as indented lines, e.g. `FunctionCallExpression where : HumanName[]`."""
    kind = f" : {drawn['ReturnType']}" if "ReturnType" in drawn else ""
    found = [f"{'  ' * level}{drawn['ExpressionType']} {drawn['Name']}{kind}"]
    for part in drawn.get("Arguments", ()):
        found += lines(part, level + 1)
    return found


class _Pen:
    """Draws nodes of one text; `types` are those of `examine`."""

    def __init__(self, text: str, known: Mapping[int, str]) -> None:
        self.text = text
        self.known = known

    def draw(self, node: Node) -> Drawn:
        """One node and all below it."""
        if isinstance(node, Literal):
            return self.put(node, "ConstantExpression", _constant(node))
        if isinstance(node, Empty):
            return self.put(node, "ConstantExpression", "{}")
        if isinstance(node, Variable):
            return self.put(node, "VariableRefExpression", node.name)
        if isinstance(node, Member):
            return self.put(node, "ChildExpression", node.name, self.focus(node.base))
        if isinstance(node, Call):
            args = [self.draw(arg) for arg in node.args]
            return self.put(node, "FunctionCallExpression", node.name, self.focus(node.base), *args)
        if isinstance(node, TypeOperation):
            named = {"ExpressionType": "ConstantExpression", "Name": str(node.type)}
            form = "FunctionCallExpression" if self.is_called(node) else "BinaryExpression"
            return self.put(node, form, node.op, self.focus(node.base), named)
        if isinstance(node, Indexer):
            return self.put(node, "IndexerExpression", "[]", self.draw(node.base), self.draw(node.index))
        if isinstance(node, Unary):
            return self.put(node, "UnaryExpression", node.op, self.focus(None), self.draw(node.operand))
        if isinstance(node, Binary):
            return self.put(node, "BinaryExpression", node.op, self.draw(node.left), self.draw(node.right))
        return self.put(node, "AxisExpression", _AXES[type(node)])

    def put(self, node: Node, kind: str, name: str, *arguments: Drawn) -> Drawn:
        found: Drawn = {"ExpressionType": kind, "Name": name}
        if arguments:
            found["Arguments"] = list(arguments)
        known = self.known.get(id(node))
        if known is not None:
            found["ReturnType"] = known
        return found | {"Position": node.at, "Length": extent(self.text, node.at)}

    def focus(self, base: Node | None) -> Drawn:
        """What a form continues from; where nothing is written, the focus itself."""
        return {"ExpressionType": "AxisExpression", "Name": _FOCUS} if base is None else self.draw(base)

    def is_called(self, node: TypeOperation) -> bool:
        """Whether `x.is(T)` was written, and not `x is T`."""
        after = node.at + extent(self.text, node.at)
        return node.op == "ofType" or self.text[after:].lstrip().startswith("(")


def _constant(node: Literal) -> str:
    return node.value if isinstance(node.value, str) else unparse(node).removeprefix("@")
