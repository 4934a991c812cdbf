"""The functions of UCUM's special units: degrees with a zero of their own, pH, bel, neper and the like (UCUM 2.2, §21).

`to_ratio` turns a number on the scale into how many of the unit inside it, `from_ratio` turns it back.
Degrees are exact; logarithms have the precision below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final, NamedTuple

DIGITS: Final = 60
_EXPONENT: Final = 10_000  # nothing measured is beyond ten to that


class Scale(NamedTuple):
    """Both ways of one function."""

    to_ratio: Callable[[Fraction], Fraction]
    from_ratio: Callable[[Fraction], Fraction]


def context() -> Context:
    """Arithmetic with enough digits; one a call, since an arithmetic context belongs to one thread."""
    return Context(prec=DIGITS, Emax=_EXPONENT, Emin=-_EXPONENT)


def decimal(value: Fraction) -> Decimal:
    """A fraction as Decimal: exact where it has that many digits, else rounded to them."""
    return context().divide(Decimal(value.numerator), Decimal(value.denominator))


def _degrees(zero: str) -> Scale:
    offset = Fraction(zero)
    return Scale(lambda value: value + offset, lambda ratio: ratio - offset)


def _power(base: int, divisor: int = 1) -> Scale:
    """`base` to the value over `divisor`, and the logarithm."""

    def to_ratio(value: Fraction) -> Fraction:
        return Fraction(context().power(Decimal(base), decimal(value / divisor)))

    def from_ratio(ratio: Fraction) -> Fraction:
        work = context()
        return Fraction(work.divide(work.ln(decimal(ratio)), work.ln(Decimal(base)))) * divisor

    return Scale(to_ratio, from_ratio)


def _decadic(divisor: int = 1) -> Scale:
    """Like `_power` of ten; its logarithm is exact for powers of ten."""
    return Scale(
        _power(10, divisor).to_ratio, lambda ratio: Fraction(context().log10(decimal(ratio))) * divisor
    )


_NATURAL: Final = Scale(
    lambda value: Fraction(context().exp(decimal(value))),
    lambda ratio: Fraction(context().ln(decimal(ratio))),
)
_ROOT: Final = Scale(lambda value: value * value, lambda ratio: Fraction(context().sqrt(decimal(ratio))))


def _slope(full: float) -> Scale:
    """100 times the tangent of an angle, in units of which `full` are one radian; to 14 digits."""
    return Scale(
        lambda value: Fraction(f"{math.atan(value / 100) * full:.14g}"),
        lambda ratio: Fraction(f"{math.tan(ratio / Fraction(full)) * 100:.14g}"),
    )


SCALES: Final[Mapping[str, Scale]] = {
    "Cel": _degrees("273.15"),
    "degF": _degrees("459.67"),
    "degRe": _degrees("218.52"),
    "pH": _decadic(-1),
    "ln": _NATURAL,
    "lg": _decadic(),
    "lgTimes2": _decadic(2),
    "ld": _power(2),
    "tanTimes100": _slope(1.0),
    "100tan": _slope(math.degrees(1.0)),
    "hpX": _decadic(-1),
    "hpC": _power(100, -1),
    "hpM": _power(1000, -1),
    "hpQ": _power(50_000, -1),
    "sqrt": _ROOT,
}
