"""Puts the chapters together: from text or tree to a function over FHIR trees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from charthouse.base.errors import Category, problem
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.path import (
    additions,
    arithmetic,
    boundaries,
    combining,
    comparison,
    conversion,
    existence,
    filtering,
    logic,
    maths,
    resolving,
    strings,
    subsetting,
    types,
    variables,
    walking,
)
from charthouse.fhir.path.code import NOTHING, Code, Static, system
from charthouse.fhir.path.compiler import Compiler, Form, Function, Site, focus
from charthouse.fhir.path.expression import Expression
from charthouse.fhir.path.grammar import parse
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.members import member
from charthouse.fhir.path.model import ABSTRACT, SYSTEM, model_of
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
from charthouse.fhir.path.suggest import nearest
from charthouse.fhir.path.unparse import unparse

FUNCTIONS: Final[Mapping[str, Function]] = {
    **existence.FUNCTIONS,
    **filtering.FUNCTIONS,
    **subsetting.FUNCTIONS,
    **combining.FUNCTIONS,
    **conversion.FUNCTIONS,
    **strings.FUNCTIONS,
    **maths.FUNCTIONS,
    **boundaries.FUNCTIONS,
    **walking.FUNCTIONS,
    **logic.FUNCTIONS,
    **types.FUNCTIONS,
    **variables.FUNCTIONS,
    **resolving.FUNCTIONS,
    **additions.FUNCTIONS,
}
_OPERATORS: Final[Mapping[str, Form]] = {
    **comparison.OPERATORS,
    **logic.OPERATORS,
    **combining.OPERATORS,
    **arithmetic.OPERATORS,
    **strings.OPERATORS,
}


def compile(
    expression: str | Node, root_type: str, definitions: Definitions, *, strict: bool = False
) -> Expression:
    """Compile `expression` for trees of `root_type` (a resource or data type, or a backbone path).

    With `strict`, an element that no type on the path has, positions in collections without
    order, and `as` of several items are errors (N1 section 10); otherwise they give nothing, or
    the items of the type, which is how the R4 search parameters are written.
    Raises Problem(invalid) with line and column for bad syntax, unknown functions and types, and
    a wrong number of arguments; KeyError for an unknown `root_type`.
    """
    node = parse(expression) if isinstance(expression, str) else expression
    text = expression if isinstance(expression, str) else unparse(expression)
    definitions.type(root_type)
    model = model_of(definitions.standard)
    scope = Static(None if root_type in ABSTRACT else frozenset({root_type}), is_many=False)
    try:
        code = Compiler(text, model, strict, FORMS).code(node, scope)
    except RecursionError:
        raise problem(Category.TOO_COSTLY, "too-costly", "The expression is nested too deeply.") from None
    return Expression(text, node, code, model, root_type)


def _literal(_: Compiler, node: Literal, _scope: Static) -> Code:
    item = Item(node.value, SYSTEM + node.kind)
    return Code(lambda state, this: [item], system(node.kind), constant=item)


def _position(state: State, _: Item) -> Items:
    return [Item(state.index, SYSTEM + "Integer")]


def _total(state: State, _: Item) -> Items:
    return state.total


def _binary(compiler: Compiler, node: Binary, scope: Static) -> Code:
    return _OPERATORS[node.op](compiler, node, scope)


def _call(compiler: Compiler, node: Call, scope: Static) -> Code:
    function = FUNCTIONS.get(node.name)
    if function is None:
        near = nearest(node.name, FUNCTIONS)
        raise compiler.fail(
            node, f"There is no function {node.name}()", f"Is {near}() meant?" if near else None
        )
    if not function.least <= len(node.args) <= function.most:
        wanted = (
            str(function.least) if function.least == function.most else f"{function.least} to {function.most}"
        )
        raise compiler.fail(node, f"{node.name}() takes {wanted} arguments, not {len(node.args)}")
    return function.build(Site(compiler, compiler.based(node.base, scope), node, scope))


FORMS: Final[Mapping[type[Node], Form]] = {
    Literal: _literal,
    Empty: lambda compiler, node, scope: NOTHING,
    Variable: variables.variable,
    This: lambda compiler, node, scope: focus(scope),
    Position: lambda compiler, node, scope: Code(_position, system("Integer")),
    Total: lambda compiler, node, scope: Code(_total, Static()),
    Member: member,
    Call: _call,
    TypeOperation: types.type_operation,
    Indexer: subsetting.indexer,
    Unary: arithmetic.unary,
    Binary: _binary,
}
