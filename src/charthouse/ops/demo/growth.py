"""How children grow: along a constant distance from the median, as most do."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import Any, Final

from charthouse.ops.demo.tables import load

_SPREAD: Final = {"height": 0.037, "weight": 0.115, "head": 0.028}


@cache
def _table() -> dict[str, Any]:
    rows: dict[str, Any] = load("growth")
    return rows


def expected(measure: str, sex: str, months: float, z: float = 0.0) -> float:
    """Height (cm), weight (kg) or head circumference (cm) at an age in months, `z` deviations from the median."""
    table = _table()[sex]
    values, ages = table[measure], table["months"]
    last = len(values) - 1
    index = min(bisect_right(ages, months), last)
    if months >= ages[last]:
        median: float = values[last]
    else:
        low, high = ages[index - 1], ages[index]
        median = values[index - 1] + (values[index] - values[index - 1]) * (months - low) / (high - low)
    return median * (1 + _SPREAD[measure] * z)
