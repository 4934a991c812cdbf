"""Functions that bring collections together, and the `|` operator: FHIRPath N1 5.4, 6.3.1."""

from __future__ import annotations

from charthouse.fhir.path.code import Code, Static, merged
from charthouse.fhir.path.compiler import Compiler, Function, Site
from charthouse.fhir.path.equality import distinct
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.nodes import Binary


def _united(left: Code, right: Code, *, is_distinct: bool) -> Code:
    one, other = left.run, right.run

    def union(state: State, this: Item) -> Items:
        items = one(state, this) + other(state, this)
        state.spend(len(items))
        return distinct(state, items) if len(items) > 1 else items

    def combination(state: State, this: Item) -> Items:
        items = one(state, this) + other(state, this)
        state.spend(len(items))
        return items

    routes = (*left.routes, *right.routes) if is_distinct and left.routes and right.routes else ()
    return Code(
        union if is_distinct else combination, Static(merged(left.static, right.static).types), routes=routes
    )


def _union_operator(compiler: Compiler, node: Binary, scope: Static) -> Code:
    return _united(compiler.code(node.left, scope), compiler.code(node.right, scope), is_distinct=True)


def _union(site: Site) -> Code:
    return _united(site.base, site.argument(0), is_distinct=True)


def _combine(site: Site) -> Code:
    return _united(site.base, site.argument(0), is_distinct=False)


OPERATORS = {"|": _union_operator}
FUNCTIONS = {"union": Function(1, 1, _union), "combine": Function(1, 1, _combine)}
