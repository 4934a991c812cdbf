"""Geometry of plots that pages draw as SVG and documents draw on paper: scales, boxes, colours by fifths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight scale from `low` to `high` over `width` units, with round ticks."""

    low: float
    high: float
    width: float
    ticks: tuple[float, ...]

    def at(self, value: float, digits: int = 1) -> float:
        """Where a value stands, with so many decimals."""
        span = self.high - self.low or 1
        return round((min(max(value, self.low), self.high) - self.low) / span * self.width, digits)


def scale(values: Sequence[float], width: float, *, parts: int = 5) -> Scale:
    """A scale that holds all the values, its ends and ticks at round numbers."""
    if not values:
        return Scale(0, 1, width, ())
    low, high = min(values), max(values)
    raw = (high - low or high or 1) / parts
    size = 10 ** floor(log10(raw))
    step = next(size * one for one in (1, 2, 2.5, 5, 10) if size * one >= raw)
    begin, end = floor(low / step) * step, ceil(high / step) * step
    count = round((end - begin) / step)
    return Scale(begin, end, width, tuple(begin + step * number for number in range(count + 1)))


@dataclass(frozen=True, slots=True)
class Box:
    """Where p10, p25, p50, p75 and p90 of one row stand."""

    p10: float
    p25: float
    p50: float
    p75: float
    p90: float


def box(on: Scale, values: Sequence[float | None], digits: int = 1) -> Box | None:
    """The box of five percentiles; None where one is missing."""
    known = [on.at(value, digits) for value in values if value is not None]
    return Box(*known) if len(known) == len(values) == 5 else None


def fifth(value: float | None, bounds: Sequence[float]) -> int:
    """Which of the parts between the bounds a value falls into, from 1; 0 where there is no value."""
    if value is None:
        return 0
    return 1 + sum(value >= bound for bound in bounds)
