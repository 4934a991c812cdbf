"""Carries values between FHIR's JSON and the System types that operators and functions work on.

R4 fhirpath.html "FHIR data types in expressions": a primitive stands for the System type of the
same kind, a Quantity in UCUM for System.Quantity.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from charthouse.base.errors import Problem, invalid
from charthouse.fhir.path.dates import Temporal, parse_date, parse_datetime, parse_time
from charthouse.fhir.path.item import Item, Items, Pair
from charthouse.fhir.path.model import FHIR_OF, SYSTEM, TYPE_INFO, system_of
from charthouse.fhir.path.quantity import Quantity

UCUM: Final = "http://unitsofmeasure.org"
# UCUM's years and months in data are what people mean by the calendar's (R4 fhirpath.html, Quantity).
_CALENDAR_CODES: Final = {"a": "year", "mo": "month"}
_PARSERS: Final = {"System.Date": parse_date, "System.DateTime": parse_datetime, "System.Time": parse_time}
_UNIT_OF_WORD: Final = {"year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min",
                        "second": "s", "millisecond": "ms"}  # fmt: skip


class Missing:
    """The type of `MISSING`: no System value stands behind an item."""


MISSING: Final = Missing()
Value = bool | int | Decimal | str | Temporal | Quantity


def system_value(item: Item) -> Value | Missing:
    """The System value of an item; MISSING for complex values and for primitives without one.

    Text that is no date where a date should stand stays text.
    """
    value = item.value
    if value is None:
        return MISSING
    kind = value.__class__
    if kind is str:
        parser = _PARSERS.get(system_of(item.type) or "")
        if parser is None:
            return value  # type: ignore[no-any-return]
        return parser(value) or value
    if kind is bool:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return Decimal(value) if item.type == "decimal" else value
    if kind is dict:
        return quantity_of(value) if system_of(item.type) == "System.Quantity" else MISSING
    if kind is Temporal or kind is Quantity or isinstance(value, Decimal):
        return value  # type: ignore[no-any-return]
    return MISSING


def quantity_of(tree: dict[str, Any]) -> Quantity | Missing:
    """The System quantity of a FHIR Quantity; MISSING without a number or with a comparator (`< 5` is no number)."""
    number = tree.get("value")
    if (
        isinstance(number, bool)
        or not isinstance(number, int | Decimal)
        or tree.get("comparator") is not None
    ):
        return MISSING
    value = Decimal(number)
    code = tree.get("code")
    if tree.get("system") == UCUM and isinstance(code, str):
        word = _CALENDAR_CODES.get(code)
        return Quantity(value, code) if word is None else Quantity(value, word, True)
    if code is None and tree.get("unit") is None and tree.get("system") is None:
        return Quantity(value)
    return Quantity(value, None)


def item_of(value: Value) -> Item:
    """The Item of a System value."""
    return Item(value, SYSTEM + kind_of(value))


def kind_of(value: Value) -> str:
    """The name of the System type of a Python value."""
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer"
    if isinstance(value, Decimal):
        return "Decimal"
    if isinstance(value, str):
        return "String"
    return value.kind if isinstance(value, Temporal) else "Quantity"


def pair(item: Item) -> Pair:
    """What a caller gets: FHIR JSON and a FHIR type, e.g. `("2020-01", "dateTime")`."""
    value = item.value
    if item.type.startswith(SYSTEM):
        if isinstance(value, Temporal):
            value = str(value)
        elif isinstance(value, Quantity):
            value = quantity_tree(value)
        return value, FHIR_OF.get(item.type, item.type.removeprefix(SYSTEM))
    return value, item.type


def quantity_tree(value: Quantity) -> dict[str, Any]:
    """The FHIR Quantity of a System quantity; calendar words keep their word as unit."""
    if value.unit is None:
        return {"value": value.value}
    if value.is_calendar:
        return {"value": value.value, "unit": value.unit, "system": UCUM, "code": _UNIT_OF_WORD[value.unit]}
    return {"value": value.value, "unit": value.unit, "system": UCUM, "code": value.unit}


def given(value: Any) -> Items:
    """The Items of a `%variable` as a caller hands it in: one value or a list, plain or as (value, type)."""
    if isinstance(value, list):
        return [item for member in value for item in given(member)]
    if value is None:
        return []
    if isinstance(value, tuple):
        return [Item(value[0], str(value[1]))]
    if isinstance(value, Item):
        return [value]
    if isinstance(value, dict):
        named = value.get("resourceType")
        return [Item(value, named if isinstance(named, str) else "Element")]
    return [item_of(value)]


def single(items: Items, what: str) -> Item | None:
    """The only item, None of none; Problem(invalid) of several (N1 4.5 singleton evaluation)."""
    if not items:
        return None
    if len(items) > 1:
        raise several(len(items), what)
    return items[0]


def several(count: int, what: str) -> Problem:
    """The Problem of a collection where one item was needed."""
    return invalid(
        "processing",
        f"{what} needs one item and got {count}.",
        repair="Choose one, e.g. with .first() or a condition.",
    )


def text_of(items: Items, what: str) -> str | None:
    """The only item as String; None of none; Problem(invalid) if it is something else."""
    item = single(items, what)
    if item is None:
        return None
    value = system_value(item)
    if isinstance(value, Temporal) and not item.type.startswith(SYSTEM):
        return str(item.value)
    if isinstance(value, str):
        return value
    if value is MISSING and system_of(item.type) is not None and item.value is None:
        return None
    raise wrong_kind(item, what, "a string")


def integer_of(items: Items, what: str) -> int | None:
    """The only item as Integer; None of none; Problem(invalid) if it is something else."""
    item = single(items, what)
    if item is None:
        return None
    value = system_value(item)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise wrong_kind(item, what, "an integer")


def wrong_kind(item: Item, what: str, wanted: str) -> Problem:
    """The Problem of a value of the wrong type."""
    shown = item.value if not isinstance(item.value, dict | list) else None
    return invalid(
        "processing", f"{what} needs {wanted} and got {item.type}.", place=item.place() or None, value=shown
    )


def info(namespace: str, name: str, base: str | None) -> Item:
    """The answer of `type()`."""
    found = {"namespace": namespace, "name": name}
    return Item(found if base is None else found | {"baseType": base}, TYPE_INFO)
