"""The operators + - * / div mod, and the signs: FHIRPath N1 6.6. What overflows or divides by zero is empty."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import Final

from charthouse.base.errors import Problem, invalid
from charthouse.fhir.path import dates, quantity
from charthouse.fhir.path.code import Code, Static
from charthouse.fhir.path.compiler import Compiler
from charthouse.fhir.path.dates import Temporal
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.nodes import Binary, Literal, Unary
from charthouse.fhir.path.quantity import Quantity
from charthouse.fhir.path.strings import spend_on
from charthouse.fhir.path.values import Missing, Value, item_of, kind_of, single, system_value, wrong_kind

MAX_INTEGER: Final = 2**31 - 1
_DAYS: Final = frozenset({"year", "month", "week", "day"})
Number = int | Decimal
Operation = Callable[[State, Value, Value], Value | None]


def in_range(value: Number) -> Number | None:
    """`value` if the System type can hold it (N1: what overflows is empty)."""
    if isinstance(value, int):
        return value if -MAX_INTEGER - 1 <= value <= MAX_INTEGER else None
    return value if value.is_finite() and value.adjusted() < 100 else None


def whole(value: Decimal) -> int | None:
    """A Decimal without its fraction as Integer; None if it is too big for one."""
    return (
        int(value) if value.is_finite() and value.adjusted() < 11 and abs(value) <= MAX_INTEGER + 1 else None
    )


def _add(state: State, one: Value, other: Value) -> Value | None:
    if isinstance(one, str) and isinstance(other, str):
        spend_on(state, one + other)
        return one + other
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, 1)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return quantity.total(one, other, state.env.units)
    left, right = _numbers(one, other, "+")
    return in_range(left + right)


def _subtract(state: State, one: Value, other: Value) -> Value | None:
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, -1)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return quantity.total(one, _opposite(other), state.env.units)
    left, right = _numbers(one, other, "-")
    return in_range(left - right)


def _moved(moment: Temporal, span: Quantity, sign: int) -> Temporal | None:
    word = quantity.duration_word(span)
    if word is None:
        raise invalid(
            "processing",
            f"{span} is no time span that can be added to a date.",
            repair="Use year, month, week, day, hour, minute, second or millisecond (UCUM: wk, d, h, min, s, ms).",
        )
    if moment.kind == dates.TIME and word in _DAYS:
        raise invalid(
            "processing", f"{span} cannot be added to a time of day.",
            repair="Use hour, minute, second or millisecond.",
        )  # fmt: skip
    return dates.add(moment, span.value * sign, word)


def _opposite(value: Quantity) -> Quantity:
    return Quantity(-value.value, value.unit, value.is_calendar)


def _multiply(_: State, one: Value, other: Value) -> Value | None:
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        left, right = _as_quantity(one, "*"), _as_quantity(other, "*")
        return quantity.multiply(left, right)
    first, second = _numbers(one, other, "*")
    return in_range(first * second)


def _divide(_: State, one: Value, other: Value) -> Value | None:
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        left, right = _as_quantity(one, "/"), _as_quantity(other, "/")
        return quantity.divide(left, right)
    first, second = _numbers(one, other, "/")
    return in_range(Decimal(first) / Decimal(second)) if second else None


def _as_quantity(value: Value, op: str) -> Quantity:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Quantity(Decimal(value))
    raise _unfit(value, value, op)


def _div(_: State, one: Value, other: Value) -> Value | None:
    left, right = _numbers(one, other, "div")
    return whole((Decimal(left) / Decimal(right)).to_integral_value(ROUND_DOWN)) if right else None


def _mod(_: State, one: Value, other: Value) -> Value | None:
    left, right = _numbers(one, other, "mod")
    if not right:
        return None
    rest = Decimal(left) % Decimal(right)  # the sign of the dividend
    return int(rest) if isinstance(left, int) and isinstance(right, int) else rest


def _numbers(one: Value, other: Value, op: str) -> tuple[Number, Number]:
    if isinstance(one, bool) or isinstance(other, bool):
        raise _unfit(one, other, op)
    if not (isinstance(one, int | Decimal) and isinstance(other, int | Decimal)):
        raise _unfit(one, other, op)
    if isinstance(one, int) and isinstance(other, int):
        return one, other
    return Decimal(one), Decimal(other)


def _unfit(one: Value, other: Value, op: str) -> Problem:
    return invalid("processing", f"{kind_of(one)} {op} {kind_of(other)} has no meaning.", value=one)


def _operator(operation: Operation) -> Callable[[Compiler, Binary, Static], Code]:
    def form(compiler: Compiler, node: Binary, scope: Static) -> Code:
        left, right = compiler.code(node.left, scope).run, compiler.code(node.right, scope).run
        what = f"Each side of {node.op}"

        def run(state: State, this: Item) -> Items:
            one, other = single(left(state, this), what), single(right(state, this), what)
            if one is None or other is None:
                return []
            state.spend(1)
            return computed(lambda: operation(state, operand(one, what), operand(other, what)))

        return Code(run, Static(None, is_many=False))

    return form


def operand(item: Item, what: str) -> Value:
    """The System value of an item; Problem(invalid) if it has none."""
    value = system_value(item)
    if isinstance(value, Missing):
        raise wrong_kind(item, what, "a number, text, date or quantity")
    return value


def computed(compute: Callable[[], Value | None]) -> Items:
    """The result as items; none where the arithmetic overflows or has no answer."""
    try:
        found = compute()
    except (ArithmeticError, ValueError):
        return []
    return [] if found is None else [item_of(found)]


def unary(compiler: Compiler, node: Unary, scope: Static) -> Code:
    """The signs: N1 6.6."""
    if node.op == "-" and isinstance(node.operand, Literal):
        return _negative_literal(compiler, node, scope)
    inner = compiler.code(node.operand, scope)
    source, what = inner.run, f"The sign {node.op}"

    def run(state: State, this: Item) -> Items:
        item = single(source(state, this), what)
        if item is None:
            return []
        value = operand(item, what)
        return computed(lambda: _signed(value, node.op, item, what))

    return Code(run, Static(None, is_many=False))


def _signed(value: Value, op: str, item: Item, what: str) -> Value | None:
    if isinstance(value, Quantity):
        return value if op == "+" else _opposite(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong_kind(item, what, "a number or quantity")
    return value if op == "+" else in_range(-value)


def _negative_literal(compiler: Compiler, node: Unary, scope: Static) -> Code:
    inner = compiler.code(node.operand, scope)
    constant = inner.constant
    if constant is None:
        return inner
    found = _signed(operand(constant, "The sign -"), "-", constant, "The sign -")
    items = [] if found is None else [item_of(found)]
    return Code(lambda state, this: list(items), inner.static, constant=items[0] if items else None)


OPERATORS = {
    "+": _operator(_add),
    "-": _operator(_subtract),
    "*": _operator(_multiply),
    "/": _operator(_divide),
    "div": _operator(_div),
    "mod": _operator(_mod),
}
