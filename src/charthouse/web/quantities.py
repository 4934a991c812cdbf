"""Measured values in print: units as clinicians write them, digits as recorded or shortened for a narrow place."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from charthouse.web.reader import Reader

# UCUM codes whose usual written form differs (https://ucum.org, print symbols).
UNITS: Final = {
    "Cel": "°C",
    "[degF]": "°F",
    "kg/m2": "kg/m²",
    "mm[Hg]": "mmHg",
    "10*3/uL": "×10³/µL",
    "10*6/uL": "×10⁶/µL",
    "10*9/L": "×10⁹/L",
    "10*12/L": "×10¹²/L",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "[lb_av]": "lb",
    "[in_i]": "in",
    "[oz_av]": "oz",
    "[IU]/L": "IU/L",
    "[pH]": "",
    "/min": "/min",
    "1": "",
    "{count}": "",
    "{nominal}": "",
}
SPAN: Final = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "a": "year",
}
_ANNOTATION: Final = re.compile(r"\{([^}]*)\}|\(score\)")
SIGNIFICANT: Final = 3
MEANT: Final = 3


def unit(text: object) -> str:
    """The unit in print: `kg/m2` -> `kg/m²`, `{score}` -> nothing."""
    if not isinstance(text, str):
        return ""
    if text in UNITS:
        return UNITS[text]
    plain = _ANNOTATION.sub("", text).strip()
    return plain.replace("ug/", "µg/").replace("/uL", "/µL").strip()


def brief(value: Decimal) -> Decimal:
    """`value` at three significant digits where it came with a machine's digits: 78.4394 -> 78.4, 152.31 stays.

    Three decimals and fewer were written by somebody who meant them; whole digits are never lost.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= -MEANT:
        return value
    places = min(-exponent, max(0, SIGNIFICANT - 1 - value.adjusted()))
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def decimal(value: object) -> Decimal | None:
    """A number of a tree as a Decimal; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        return value
    if isinstance(value, (int, float)):
        return Decimal(str(value))
    return None


def amount(quantity: Any, reader: Reader, *, exact: bool = True) -> str:
    """A Quantity's number alone, with its comparator: `≥ 90`."""
    value = decimal(quantity.get("value")) if isinstance(quantity, dict) else None
    if value is None:
        return ""
    sign = {"<": "< ", "<=": "≤ ", ">": "> ", ">=": "≥ "}.get(quantity.get("comparator", ""), "")
    return sign + reader.number(value if exact else brief(value))


def unit_of(quantity: Any) -> str:
    """A Quantity's unit in print."""
    if not isinstance(quantity, dict):
        return ""
    code, written = quantity.get("code"), quantity.get("unit")
    return unit(code) if code in UNITS else unit(written if written is not None else code)


def quantity(value: Any, reader: Reader, *, exact: bool = True) -> str:
    """Number and unit: `72.50 kg`, `98%`."""
    number, written = amount(value, reader, exact=exact), unit_of(value)
    if not number:
        return written
    return f"{number} {written}".strip() if written != "%" else f"{number}%"


def span(value: Any, reader: Reader, *, exact: bool = True) -> str:
    """A Range (or the low and high of a reference range) in words: `3.5 to 5.1`, `under 7.0`, `over 60`."""
    low = amount(value.get("low"), reader, exact=exact) if isinstance(value, dict) else ""
    high = amount(value.get("high"), reader, exact=exact) if isinstance(value, dict) else ""
    if low and high:
        return f"{low} to {high}"
    return f"over {low}" if low else f"under {high}" if high else ""


def money(value: Any, reader: Reader) -> str:
    """A Money value: `$40.00`, `40.00 CHF`."""
    number = decimal(value.get("value")) if isinstance(value, dict) else None
    if number is None:
        return ""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:
        number = number.quantize(Decimal("0.01"))
    currency = str(value.get("currency") or "")
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency)
    if sign:
        minus, text = ("−", reader.number(-number)) if number < 0 else ("", reader.number(number))
        return f"{minus}{sign}{text}"
    return f"{reader.number(number)} {currency}".strip()


def lasting(value: Any, symbol: Any, reader: Reader) -> str:
    """A length of time from a number and a UCUM unit: `every 2 days` without the every."""
    number = decimal(value)
    if number is None:
        return ""
    word = SPAN.get(str(symbol), str(symbol or ""))
    return f"{reader.number(number)} {word}{'' if number == 1 or not word else 's'}".strip()
