"""Equality, order and membership operators: FHIRPath N1 6.1, 6.2 and 6.4."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from charthouse.base.errors import invalid
from charthouse.fhir.path.code import Code, Run, Static, Truth, boolean
from charthouse.fhir.path.compiler import Compiler, Form
from charthouse.fhir.path.dates import TIME, Temporal, compare
from charthouse.fhir.path.equality import Known, collections_equal, collections_equivalent, quantities
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import BOOLEANS, TEXTUAL
from charthouse.fhir.path.nodes import Binary
from charthouse.fhir.path.quantity import aligned
from charthouse.fhir.path.values import Missing, Value, kind_of, single, system_value, wrong_kind


def _equality(compiler: Compiler, node: Binary, scope: Static) -> Code:
    left, right = compiler.code(node.left, scope), compiler.code(node.right, scope)
    truth = (
        _scalar_equality(left, right) or _scalar_equality(right, left) or _full_equality(left.run, right.run)
    )
    return boolean(_negation(truth) if node.op == "!=" else truth)


def _full_equality(left: Run, right: Run) -> Truth:
    return lambda state, this: collections_equal(state, left(state, this), right(state, this))


def _scalar_equality(left: Code, right: Code) -> Truth | None:
    """The shortcut for text or truth values against a literal: `system = 'email'`."""
    constant, types = right.constant, left.static.types
    if (
        constant is None
        or not types
        or not (
            (types <= TEXTUAL and constant.type in TEXTUAL)
            or (types <= BOOLEANS and constant.type in BOOLEANS)
        )
    ):
        return None
    source, wanted, kind = left.run, constant.value, type(constant.value)
    others = [constant]

    def truth(state: State, this: Item) -> bool | None:
        items = source(state, this)
        if not items:
            return None
        if len(items) == 1 and items[0].value.__class__ is kind:
            return bool(items[0].value == wanted)
        return collections_equal(state, items, others)

    return truth


def _negation(truth: Truth) -> Truth:
    def negated(state: State, this: Item) -> bool | None:
        answer = truth(state, this)
        return None if answer is None else not answer

    return negated


def _equivalence(compiler: Compiler, node: Binary, scope: Static) -> Code:
    left, right = compiler.code(node.left, scope).run, compiler.code(node.right, scope).run

    def truth(state: State, this: Item) -> bool | None:
        return collections_equivalent(state, left(state, this), right(state, this))

    return boolean(_negation(truth) if node.op == "!~" else truth)


def _inequality(holds: Callable[[int], bool]) -> Form:
    def form(compiler: Compiler, node: Binary, scope: Static) -> Code:
        left, right = compiler.code(node.left, scope).run, compiler.code(node.right, scope).run
        what = f"Each side of {node.op}"

        def truth(state: State, this: Item) -> bool | None:
            one, other = single(left(state, this), what), single(right(state, this), what)
            if one is None or other is None:
                return None
            found = order(state, one, other)
            return None if found is None else holds(found)

        return boolean(truth)

    return form


def order(state: State, left: Item, right: Item) -> int | None:
    """-1, 0 or 1; None where it stays open; Problem(invalid) for values that have no order together."""
    one, other = system_value(left), system_value(right)
    if isinstance(one, Missing) or isinstance(other, Missing):
        for item, value in ((left, one), (right, other)):
            if (
                isinstance(value, Missing)
                and isinstance(item.value, dict | list)
                and "Quantity" not in state.model.ancestors(item.type)
            ):
                raise wrong_kind(item, "A comparison", "a number, text, date or quantity")
        return None  # a primitive without a value, or a quantity that is no number
    if (
        isinstance(one, Temporal)
        and isinstance(other, Temporal)
        and (one.kind == TIME) == (other.kind == TIME)
    ):
        return compare(one, other)
    pair = _comparable(state, one, other)
    if pair is None:
        return None
    return (pair[0] > pair[1]) - (pair[0] < pair[1])  # type: ignore[operator]


def _comparable(state: State, one: Value, other: Value) -> tuple[Decimal, Decimal] | tuple[str, str] | None:
    """Two numbers or two texts to put in order."""
    if isinstance(one, str) and isinstance(other, str):
        return one, other
    if not isinstance(one, bool) and not isinstance(other, bool):
        if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
            return Decimal(one), Decimal(other)
        pair = quantities(one, other)
        if pair is not None:
            return aligned(pair[0], pair[1], state.env.units)
    raise invalid("processing", f"{kind_of(one)} and {kind_of(other)} have no order between them.", value=one)


def _membership(compiler: Compiler, node: Binary, scope: Static) -> Code:
    left, right = compiler.code(node.left, scope).run, compiler.code(node.right, scope).run
    member, group = (left, right) if node.op == "in" else (right, left)

    def truth(state: State, this: Item) -> bool | None:
        found: Items = member(state, this)
        item = single(found, f"The member side of {node.op}")
        if item is None:
            return None
        return Known(group(state, this)).holds(state, item)

    return boolean(truth)


OPERATORS = {
    "=": _equality,
    "!=": _equality,
    "~": _equivalence,
    "!~": _equivalence,
    "<": _inequality(lambda found: found < 0),
    "<=": _inequality(lambda found: found <= 0),
    ">": _inequality(lambda found: found > 0),
    ">=": _inequality(lambda found: found >= 0),
    "in": _membership,
    "contains": _membership,
}
