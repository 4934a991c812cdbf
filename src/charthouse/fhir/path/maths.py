"""Mathematical functions: FHIRPath N1 5.7. What has no answer, or one too big, is empty."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Final

from charthouse.fhir.path.arithmetic import computed, in_range, operand, whole
from charthouse.fhir.path.code import Static
from charthouse.fhir.path.compiler import Function, plain
from charthouse.fhir.path.item import Items, State
from charthouse.fhir.path.quantity import Quantity
from charthouse.fhir.path.values import Value, single, wrong_kind

_MAX_PLACES: Final = 28
Number = int | Decimal


def _on_number(
    name: str, apply: Callable[..., Value | None], optional: int = 0, arguments: int = 0
) -> Function:
    """A function of one number (or quantity) and numbers; nothing gives nothing."""
    what = f"{name}()"

    def run(_: State, items: Items, *given: Items) -> Items:
        item = single(items, what)
        if item is None:
            return []
        value = operand(item, what)
        if isinstance(value, bool) or not isinstance(value, int | Decimal | Quantity):
            raise wrong_kind(item, what, "a number")
        numbers: list[Number] = []
        for argument in given:
            number = single(argument, what)
            if number is None:
                return []
            wanted = operand(number, what)
            if isinstance(wanted, bool) or not isinstance(wanted, int | Decimal):
                raise wrong_kind(number, what, "a number")
            numbers.append(wanted)
        return computed(lambda: _over_quantity(apply, value, numbers))

    return Function(arguments - optional, arguments, plain(run, Static(None, is_many=False)))


def _over_quantity(
    apply: Callable[..., Value | None], value: Number | Quantity, numbers: list[Number]
) -> Value | None:
    if not isinstance(value, Quantity):
        return apply(value, *numbers)
    found = apply(value.value, *numbers)
    if isinstance(found, bool) or not isinstance(found, int | Decimal):
        return None
    return Quantity(Decimal(found), value.unit, value.is_calendar)


def _to_integer(rounding: str) -> Callable[[Number], Value | None]:
    return lambda value: whole(Decimal(value).to_integral_value(rounding))


def _round(value: Number, places: Number = 0) -> Value | None:
    if not isinstance(places, int) or places < 0:
        return None
    return (
        Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if places <= _MAX_PLACES
        else Decimal(value)
    )


def _power(value: Number, exponent: Number) -> Value | None:
    if isinstance(value, int) and isinstance(exponent, int) and exponent >= 0:
        return in_range(int(found)) if (found := Decimal(value) ** exponent).adjusted() < 12 else None
    return in_range(Decimal(value) ** Decimal(exponent))


def _log(value: Number, base: Number) -> Value | None:
    return in_range(
        (Decimal(value).ln() / Decimal(base).ln()).quantize(Decimal(1).scaleb(-20)).normalize()
        + Decimal("0.0")
    )


def _exp(value: Number) -> Value | None:
    return in_range(Decimal(value).exp()) if Decimal(value) < 300 else None


def _sqrt(value: Number) -> Value | None:
    return Decimal(value).sqrt() if value >= 0 else None


FUNCTIONS: Final[dict[str, Function]] = {
    "abs": _on_number("abs", abs),
    "ceiling": _on_number("ceiling", _to_integer(ROUND_CEILING)),
    "floor": _on_number("floor", _to_integer(ROUND_FLOOR)),
    "truncate": _on_number("truncate", _to_integer(ROUND_DOWN)),
    "round": _on_number("round", _round, arguments=1, optional=1),
    "exp": _on_number("exp", _exp),
    "ln": _on_number("ln", lambda value: Decimal(value).ln()),
    "log": _on_number("log", _log, arguments=1),
    "power": _on_number("power", _power, arguments=1),
    "sqrt": _on_number("sqrt", _sqrt),
}
