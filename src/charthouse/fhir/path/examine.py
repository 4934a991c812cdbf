"""Looks into an expression: which types each part of it can give, and which part it was that failed.

Asked for by people and tools only, never on the way of a write: the expression is compiled once more,
with an eye on every node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from charthouse.base.errors import Problem
from charthouse.fhir.path.code import Code, Static
from charthouse.fhir.path.compiler import Compiler, Form
from charthouse.fhir.path.expression import Expression
from charthouse.fhir.path.item import NO_ENV, Env, Item, State
from charthouse.fhir.path.language import FORMS
from charthouse.fhir.path.model import ABSTRACT
from charthouse.fhir.path.nodes import Node
from charthouse.fhir.path.tokens import where
from charthouse.fhir.path.values import pair

Watch = Callable[[Node, Code], Code]


def types(expression: Expression) -> dict[int, str]:
    """What each node can give, by `id(node)`: `HumanName[]`, `code | string`; what is not known is absent."""
    found: dict[int, str] = {}

    def note(node: Node, code: Code) -> Code:
        kind = described(code.static)
        if kind:
            found[id(node)] = kind
        return code

    _compiled(expression, note)
    return found


def described(static: Static) -> str:
    """Types in words, `[]` behind them where several items can come; empty where nothing is known."""
    if not static.types:
        return ""
    names = sorted({pair(Item(None, kind))[1] for kind in static.types})
    return " | ".join(f"{name}[]" if static.is_many else name for name in names)


def located(failure: Problem, expression: Expression, tree: Any, env: Env | None = None) -> Problem:
    """`failure`, which evaluating `expression` gave, with line and column of the part that failed.

    What it said of a place in the resource is kept in the message.
    """
    at = _failing(expression, tree, env or NO_ENV)
    if at is None:
        return failure
    place = where(expression.text, at)
    told = [
        f"{issue.message.removesuffix('.')}, at {issue.place}." if issue.place else issue.message
        for issue in failure.issues
    ]
    issues = zip(failure.issues, told, strict=True)
    return Problem(
        failure.category, tuple(replace(issue, place=place, message=text) for issue, text in issues)
    )


def _failing(expression: Expression, tree: Any, env: Env) -> int | None:
    """The offset of the innermost node that a second evaluation fails in."""
    blamed: list[int] = []

    def watched(node: Node, code: Code) -> Code:
        truth = code.truth
        return replace(
            code,
            run=_watching(code.run, node, blamed),
            truth=None if truth is None else _watching(truth, node, blamed),
        )

    code = _compiled(expression, watched)
    context = expression.context(tree)
    try:
        code.run(State(expression.model, replace(env, trace=None), context), context)
    except (Problem, ArithmeticError, RecursionError, MemoryError):
        return blamed[0] if blamed else None
    return None


def _watching(
    run: Callable[[State, Item], Any], node: Node, blamed: list[int]
) -> Callable[[State, Item], Any]:
    def watched(state: State, this: Item) -> Any:
        try:
            return run(state, this)
        except (Problem, ArithmeticError):
            blamed.append(node.at)
            raise

    return watched


def _compiled(expression: Expression, watch: Watch) -> Code:
    """The code of the expression, each node's gone through `watch`."""

    def around(form: Form) -> Form:
        return lambda compiler, node, scope: watch(node, form(compiler, node, scope))

    forms: Mapping[type[Node], Form] = {kind: around(form) for kind, form in FORMS.items()}
    root = expression.root_type
    scope = Static(None if root in ABSTRACT else frozenset({root}), is_many=False)
    return Compiler(expression.text, expression.model, False, forms).code(expression.node, scope)
