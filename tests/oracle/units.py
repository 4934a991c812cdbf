"""UCUM for the oracle: what a unit is made of, by a small table of exact factors (a test holds it against ucumvert).

A unit that is not in the table is only ever the same as itself.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from functools import cache

SYSTEM = "http://unitsofmeasure.org"
_PREFIXES = {"": 0, "k": 3, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}
MOLE = Fraction(602_214_076 * 10**15)  # in UCUM a number
# Atom -> factor, and the base units with their powers.
_ATOMS: dict[str, tuple[Fraction, dict[str, int]]] = {
    "g": (Fraction(1), {"g": 1}),
    "m": (Fraction(1), {"m": 1}),
    "L": (Fraction(1, 1000), {"m": 3}),
    "s": (Fraction(1), {"s": 1}),
    "min": (Fraction(60), {"s": 1}),
    "h": (Fraction(3600), {"s": 1}),
    "d": (Fraction(86_400), {"s": 1}),
    "wk": (Fraction(604_800), {"s": 1}),
    "a": (Fraction(31_557_600), {"s": 1}),
    "mo": (Fraction(31_557_600, 12), {"s": 1}),
    "m[Hg]": (Fraction(1), {"m[Hg]": 1}),
    "U": (MOLE / 1_000_000 / 60, {"s": -1}),
    "mol": (MOLE, {}),
    "%": (Fraction(1, 100), {}),
    "10*": (Fraction(10), {}),
    "1": (Fraction(1), {}),
    "[lb_av]": (Fraction(45_359_237, 100_000), {"g": 1}),
    "[in_i]": (Fraction(254, 10_000), {"m": 1}),
}
_METRIC = ("g", "m", "L", "s", "m[Hg]", "U", "mol")
Reading = tuple[Fraction, tuple[tuple[str, int], ...]]


@cache
def reading(code: str) -> Reading | None:
    """(factor, base units with their powers) of a UCUM code; None where the table does not have it."""
    factor = Fraction(1)
    bases: Counter[str] = Counter()
    for sign, term in re.findall(r"(^|[./])([^./]*)", re.sub(r"\{[^}]*\}", "", code)):
        if not term:
            continue
        match = re.fullmatch(r"(10\*|.*?[^\d-])(-?\d+)?", term)
        found = _atom(match[1]) if match else None
        if match is None or found is None:
            return None
        power = int(match[2] or 1) * (-1 if sign == "/" else 1)
        factor *= found[0] ** power
        for base, count in found[1].items():
            bases[base] += count * power
    return factor, tuple(sorted((base, power) for base, power in bases.items() if power))


def _atom(word: str) -> tuple[Fraction, dict[str, int]] | None:
    if word in _ATOMS:
        return _ATOMS[word]
    for name in _METRIC:
        if word.endswith(name) and word.removesuffix(name) in _PREFIXES:
            factor, bases = _ATOMS[name]
            return Fraction(10) ** _PREFIXES[word.removesuffix(name)] * factor, bases
    return None


def scale(asked: str, held: str) -> Fraction | None:
    """How many of `held` one `asked` is; None where they do not measure the same."""
    if asked == held:
        return Fraction(1)
    one, other = reading(asked), reading(held)
    if one is None or other is None or one[1] != other[1]:
        return None
    return one[0] / other[0]
