"""Small trend plots as points and bands in a fixed box; the template draws them as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

WIDTH: Final = 100
HEIGHT: Final = 26
MARGIN: Final = 2


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: `at` in seconds, `value` in the plotted unit, `said` for the reader who points at it."""

    at: float
    value: Decimal
    said: str = ""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Polyline text of each series, its newest point, and the usual range as a band (`height` 0 = none)."""

    lines: tuple[str, ...]
    ends: tuple[tuple[float, float, str], ...]
    top: float = 0
    height: float = 0
    width: int = WIDTH
    tall: int = HEIGHT


def sparkline(
    series: Sequence[Sequence[Point]],
    low: Decimal | None = None,
    high: Decimal | None = None,
    *,
    width: int = WIDTH,
    tall: int = HEIGHT,
) -> Sparkline | None:
    """Plot `series` (each oldest first) to one scale. None with fewer than two points in the longest series.

    The scale spans the values and, where it lies within one more span of them, the usual range, so that a trend
    far from the range does not become a flat line.
    """
    if not series or max(len(one) for one in series) < 2:
        return None
    values = [point.value for one in series for point in one]
    times = [point.at for one in series for point in one]
    bottom, top = _scale(values, low, high)
    first, last = min(times), max(times)

    def across(at: float) -> float:
        share = (at - first) / (last - first) if last > first else 0.5
        return round(MARGIN + share * (width - 2 * MARGIN), 1)

    def down(value: Decimal) -> float:
        share = float((value - bottom) / (top - bottom))
        return round(tall - MARGIN - share * (tall - 2 * MARGIN), 1)

    lines = tuple(
        " ".join(f"{across(point.at):g},{down(point.value):g}" for point in one)
        for one in series
        if len(one) > 1
    )
    ends = tuple((across(one[-1].at), down(one[-1].value), one[-1].said) for one in series if one)
    if low is None and high is None:
        return Sparkline(lines, ends, width=width, tall=tall)
    upper = max(0.0, min(float(tall), down(high))) if high is not None else 0.0
    lower = max(0.0, min(float(tall), down(low))) if low is not None else float(tall)
    return Sparkline(lines, ends, round(upper, 1), round(max(0.0, lower - upper), 1), width, tall)


def _scale(values: Sequence[Decimal], low: Decimal | None, high: Decimal | None) -> tuple[Decimal, Decimal]:
    bottom, top = min(values), max(values)
    spread = top - bottom or abs(top) / 10 or Decimal(1)
    for edge in (low, high):
        if edge is not None and bottom - spread <= edge <= top + spread:
            bottom, top = min(bottom, edge), max(top, edge)
    room = (top - bottom) / 10 or spread / 2
    return bottom - room, top + room
