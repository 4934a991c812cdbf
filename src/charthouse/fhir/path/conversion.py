"""Conversions between the System types, and `iif`: FHIRPath N1 5.5."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Final

from charthouse.fhir.path import quantity as quantities
from charthouse.fhir.path.code import NOTHING, Code, Static, as_truth, merged, system
from charthouse.fhir.path.compiler import Compiler, Function, Site, condition, plain
from charthouse.fhir.path.dates import DATE, DATETIME, TIME, Temporal, parse_date, parse_datetime, parse_time
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import BOOLEANS
from charthouse.fhir.path.nodes import Call
from charthouse.fhir.path.quantity import Quantity, Units, written
from charthouse.fhir.path.values import Missing, Value, item_of, several, single, system_value

INTEGER: Final = re.compile(r"[+-]?[0-9]+\Z")
DECIMAL: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")
_TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0", "0.0"})
MAX_INTEGER: Final = 2**31 - 1


def to_boolean(value: Value) -> bool | None:
    """N1 5.5.2."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return True if value == 1 else False if value == 0 else None
    if isinstance(value, str):
        word = value.lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def to_integer(value: Value) -> int | None:
    """N1 5.5.3."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and len(value) < 20 and INTEGER.match(value):
        number = int(value)
        return number if -MAX_INTEGER - 1 <= number <= MAX_INTEGER else None
    return None


def to_decimal(value: Value) -> Decimal | None:
    """N1 5.5.6."""
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and DECIMAL.match(value) else None


def to_text(value: Value) -> str:
    """N1 5.5.8."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return written(value) if isinstance(value, Decimal) else str(value)


def to_date(value: Value) -> Temporal | None:
    """N1 5.5.4."""
    if isinstance(value, Temporal):
        return None if value.kind == TIME else Temporal(DATE, value.fields[:3])
    if isinstance(value, str):
        whole = parse_datetime(value)
        return parse_date(value) or (Temporal(DATE, whole.fields[:3]) if whole else None)
    return None


def to_datetime(value: Value) -> Temporal | None:
    """N1 5.5.5."""
    if isinstance(value, Temporal):
        return None if value.kind == TIME else Temporal(DATETIME, value.fields, value.offset)
    return parse_datetime(value) if isinstance(value, str) else None


def to_time(value: Value) -> Temporal | None:
    """N1 5.5.9."""
    if isinstance(value, Temporal):
        return value if value.kind == TIME else None
    return parse_time(value) if isinstance(value, str) else None


def to_quantity(value: Value) -> Quantity | None:
    """N1 5.5.7."""
    if isinstance(value, Quantity):
        return value
    if isinstance(value, bool):
        return Quantity(Decimal("1.0") if value else Decimal("0.0"))
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value))
    return quantities.parse(value) if isinstance(value, str) else None


def in_unit(value: Quantity, unit: str, units: Units | None) -> Quantity | None:
    """`value` in another unit (`toQuantity('mg')`); None where it cannot be brought there."""
    wanted = quantities.of_unit(Decimal(1), unit)
    found = quantities.in_unit(value, wanted, units)
    return None if found is None else Quantity(found, wanted.unit, wanted.is_calendar)


def _value(items: Items, name: str) -> Value | None:
    item = single(items, name)
    if item is None:
        return None
    value = system_value(item)
    return None if isinstance(value, Missing) else value


def _pair(kind: str, convert: Callable[[Value], Value | None]) -> dict[str, Function]:
    """`toX()` and `convertsToX()`."""

    def run(_: State, items: Items) -> Items:
        value = _value(items, f"to{kind}()")
        found = None if value is None else convert(value)
        return [] if found is None else [item_of(found)]

    def test(_: State, items: Items) -> bool | None:
        item = single(items, f"convertsTo{kind}()")
        if item is None:
            return None
        value = system_value(item)
        return not isinstance(value, Missing) and convert(value) is not None

    return {
        f"to{kind}": Function(0, 0, plain(run, system(kind))),
        f"convertsTo{kind}": Function(0, 0, condition(test)),
    }


def _wanted_unit(items: Items) -> str | None:
    item = single(items, "The unit")
    return item.value if item is not None and isinstance(item.value, str) else None


def _to_quantity(state: State, items: Items, *unit: Items) -> Items:
    value = _value(items, "toQuantity()")
    found = None if value is None else to_quantity(value)
    if found is not None and unit:
        code = _wanted_unit(unit[0])
        found = None if code is None else in_unit(found, code, state.env.units)
    return [] if found is None else [item_of(found)]


def _converts_to_quantity(state: State, items: Items, *unit: Items) -> bool | None:
    return bool(_to_quantity(state, items, *unit)) if items else None


def _iif(site: Site) -> Code:
    """Only the branch that is needed runs; the input, one item or none, is `$this` in the arguments."""
    compiler, node = site.compiler, site.node
    inner = site.scope if node.base is None else site.element
    criterion, then, otherwise = _branches(compiler, node, inner)
    types = criterion.static.types
    if compiler.is_strict and types and types.isdisjoint(BOOLEANS):
        raise compiler.fail(node.args[0], "The criterion of iif() is never true or false")
    source = site.base.run

    @cache
    def of_nothing() -> tuple[Code, Code, Code]:
        """The arguments for an empty input, compiled when there is one: else what nests would double at each level."""
        return _branches(replace(compiler, is_strict=False), node, NOTHING.static)

    def run(state: State, this: Item) -> Items:
        test, yes, no = criterion, then, otherwise
        if node.base is not None:
            items = source(state, this)
            if len(items) > 1:
                raise several(len(items), "iif()")
            if items:
                this = items[0]
            else:
                test, yes, no = of_nothing()
        chosen = yes if as_truth(test.run(state, this), "The criterion of iif()") else no
        return chosen.run(state, this)

    return Code(run, merged(then.static, otherwise.static))


def _branches(compiler: Compiler, node: Call, scope: Static) -> tuple[Code, Code, Code]:
    """The criterion of an `iif`, and what it gives for true, and else."""
    codes = [compiler.code(argument, scope) for argument in node.args]
    return codes[0], codes[1], codes[2] if len(codes) > 2 else NOTHING


FUNCTIONS: Final[dict[str, Function]] = {
    **_pair("Boolean", to_boolean),
    **_pair("Integer", to_integer),
    **_pair("Decimal", to_decimal),
    **_pair("String", to_text),
    **_pair("Date", to_date),
    **_pair("DateTime", to_datetime),
    **_pair("Time", to_time),
    "toQuantity": Function(0, 1, plain(_to_quantity, system("Quantity"))),
    "convertsToQuantity": Function(0, 1, condition(_converts_to_quantity)),
    "iif": Function(2, 3, _iif),
}
