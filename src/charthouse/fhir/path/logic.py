"""Boolean logic with three values: FHIRPath N1 6.5, and `not()` of 5.1 in its place there."""

from __future__ import annotations

from collections.abc import Callable

from charthouse.fhir.path.code import Code, Static, Truth, boolean, truth_of
from charthouse.fhir.path.compiler import Compiler, Function, Site
from charthouse.fhir.path.item import Item, State
from charthouse.fhir.path.nodes import Binary


def _and(left: Truth, right: Truth) -> Truth:
    def truth(state: State, this: Item) -> bool | None:
        one = left(state, this)
        if one is False:
            return False
        other = right(state, this)
        return False if other is False else None if one is None else other

    return truth


def _or(left: Truth, right: Truth) -> Truth:
    def truth(state: State, this: Item) -> bool | None:
        one = left(state, this)
        if one is True:
            return True
        other = right(state, this)
        return True if other is True else None if one is None else other

    return truth


def _xor(left: Truth, right: Truth) -> Truth:
    def truth(state: State, this: Item) -> bool | None:
        one, other = left(state, this), right(state, this)
        return None if one is None or other is None else one is not other

    return truth


def _implies(left: Truth, right: Truth) -> Truth:
    def truth(state: State, this: Item) -> bool | None:
        one = left(state, this)
        if one is False:
            return True
        other = right(state, this)
        return True if other is True else None if one is None else other

    return truth


def _operator(combine: Callable[[Truth, Truth], Truth]) -> Callable[[Compiler, Binary, Static], Code]:
    def form(compiler: Compiler, node: Binary, scope: Static) -> Code:
        what = f"Each side of {node.op}"
        left = truth_of(compiler.code(node.left, scope), what)
        right = truth_of(compiler.code(node.right, scope), what)
        return boolean(combine(left, right))

    return form


def _negated(site: Site) -> Code:
    positive = truth_of(site.base, "not()")

    def truth(state: State, this: Item) -> bool | None:
        answer = positive(state, this)
        return None if answer is None else not answer

    return boolean(truth)


OPERATORS = {
    "and": _operator(_and),
    "or": _operator(_or),
    "xor": _operator(_xor),
    "implies": _operator(_implies),
}
FUNCTIONS = {"not": Function(0, 0, _negated)}
