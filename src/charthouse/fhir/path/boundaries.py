"""What a value known only to its precision may really be: `lowBoundary`, `highBoundary`, `precision`, `comparable`.

From the ballot after N1 (FHIRPath 3.0 section 5.7 ff.), which R4 tools and later invariants use.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from charthouse.base.errors import invalid
from charthouse.fhir.path.arithmetic import operand
from charthouse.fhir.path.code import Static, system
from charthouse.fhir.path.compiler import Function, condition, plain
from charthouse.fhir.path.dates import DATE, TIME, Field, Temporal, month_length
from charthouse.fhir.path.item import Items, State
from charthouse.fhir.path.quantity import Quantity, aligned
from charthouse.fhir.path.values import Value, integer_of, item_of, single, wrong_kind

_MAX_DECIMALS: Final = 31
_DEFAULT_DECIMALS: Final = 8
# digits of precision -> fields known
_DATE_DIGITS: Final = {4: 1, 6: 2, 8: 3}
_DATETIME_DIGITS: Final = {**_DATE_DIGITS, 10: 4, 12: 5, 14: 6, 17: 6}
_TIME_DIGITS: Final = {2: 1, 4: 2, 6: 3, 9: 3}
_LAST_MILLISECOND: Final = Decimal("59.999")
_EARLIEST_ZONE: Final = 14 * 60
_LATEST_ZONE: Final = -12 * 60


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _decimal_boundary(value: Decimal, digits: int | None, *, is_high: bool) -> Decimal | None:
    """Half a unit of the last written digit below or above, to `digits` decimals, rounded outward."""
    places = _DEFAULT_DECIMALS if digits is None else digits
    if not 0 <= places <= _MAX_DECIMALS - max(0, value.adjusted()) or places > _MAX_DECIMALS - 4:
        return None
    half = Decimal(5).scaleb(-_decimals(value) - 1)
    edge = value + half if is_high else value - half
    return edge.quantize(Decimal(1).scaleb(-places), ROUND_CEILING if is_high else ROUND_FLOOR)


def _temporal_boundary(value: Temporal, digits: int | None, *, is_high: bool) -> Temporal | None:
    known, default = (
        (_TIME_DIGITS, 9)
        if value.kind == TIME
        else (_DATE_DIGITS, 8)
        if value.kind == DATE
        else (_DATETIME_DIGITS, 17)
    )
    wanted = default if digits is None else digits
    # a date asked for more digits than a date has answers as a date and time
    table = _DATETIME_DIGITS if value.kind == DATE and wanted > 8 else known
    if wanted not in table:
        return None
    fields = _filled(value, is_high)
    count = table[wanted]
    kept = fields[:count]
    if value.kind == TIME:
        return Temporal(TIME, kept)
    kind = DATE if count <= 3 else value.kind if value.kind != DATE else "DateTime"
    offset = None
    if count > 3:
        zone = _LATEST_ZONE if is_high else _EARLIEST_ZONE
        offset = value.offset if value.offset is not None else zone
    return Temporal(kind, kept, offset)


def _filled(value: Temporal, is_high: bool) -> tuple[Field, ...]:
    """All fields; an hour alone means its first minute, as FHIR has no hour without one."""
    fields: list[Field] = list(value.fields)
    if value.kind != TIME:
        if len(fields) < 2:
            fields.append(12 if is_high else 1)
        if len(fields) < 3:
            fields.append(month_length(int(fields[0]), int(fields[1])) if is_high else 1)
        if len(fields) < 4:
            fields += [23, 59] if is_high else [0, 0]
    if len(fields) in ((1,) if value.kind == TIME else (4,)):
        fields.append(0)
    if len(fields) in ((2,) if value.kind == TIME else (5,)):
        fields.append(_LAST_MILLISECOND if is_high else Decimal("0.000"))
    else:
        fields[-1] = _to_millisecond(Decimal(fields[-1]), is_high)
    return tuple(fields)


def _to_millisecond(second: Decimal, is_high: bool) -> Decimal:
    if _decimals(second) >= 3:
        return second
    exact = second.quantize(Decimal("0.001"))
    return exact + Decimal(1).scaleb(-_decimals(second)) - Decimal("0.001") if is_high else exact


def _boundary(name: str, *, is_high: bool) -> Function:
    what = f"{name}()"

    def run(_: State, items: Items, *digits: Items) -> Items:
        item = single(items, what)
        if item is None:
            return []
        wanted = integer_of(digits[0], what) if digits else None
        if digits and wanted is None:
            return []
        value = operand(item, what)
        found: Value | None
        if isinstance(value, Temporal):
            found = _temporal_boundary(value, wanted, is_high=is_high)
        elif isinstance(value, Quantity):
            edge = _decimal_boundary(value.value, wanted, is_high=is_high)
            found = None if edge is None else Quantity(edge, value.unit, value.is_calendar)
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            found = _decimal_boundary(Decimal(value), wanted, is_high=is_high)
        else:
            raise wrong_kind(item, what, "a number, quantity, date or time")
        return [] if found is None else [item_of(found)]

    return Function(0, 1, plain(run, Static(None, is_many=False)))


def _precision(_: State, items: Items) -> Items:
    item = single(items, "precision()")
    if item is None:
        return []
    value = operand(item, "precision()")
    if isinstance(value, Temporal):
        has_fraction = (
            len(value.fields) == (3 if value.kind == TIME else 6) and _decimals(Decimal(value.fields[-1])) > 0
        )
        digits = 2 * len(value.fields) + (0 if value.kind == TIME else 2)
        return [item_of(digits + 3 if has_fraction else digits)]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return [item_of(_decimals(Decimal(value)))]
    raise wrong_kind(item, "precision()", "a number, date or time")


def _comparable(state: State, items: Items, others: Items) -> bool | None:
    left, right = single(items, "comparable()"), single(others, "comparable()")
    if left is None or right is None:
        return None
    one, other = operand(left, "comparable()"), operand(right, "comparable()")
    if not (isinstance(one, Quantity) and isinstance(other, Quantity)):
        raise invalid("processing", "comparable() asks two quantities.", value=one)
    return aligned(one, other, state.env.units) is not None


FUNCTIONS: Final[dict[str, Function]] = {
    "lowBoundary": _boundary("lowBoundary", is_high=False),
    "highBoundary": _boundary("highBoundary", is_high=True),
    "precision": Function(0, 0, plain(_precision, system("Integer"))),
    "comparable": Function(1, 1, condition(_comparable)),
}
