"""How a measurement goes through the years: a line through known points, with a little noise on reading."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date

from charthouse.ops.demo.moments import YEAR


class Track:
    """A piecewise straight line over days; flat before the first and after the last point."""

    __slots__ = ("days", "noise", "values")

    def __init__(self, today: date, points: Iterable[tuple[float, float]], noise: float = 0.0) -> None:
        """`points` are (years ago, value) in any order; `noise` is a standard deviation."""
        base = today.toordinal()
        rows = sorted((base - years * YEAR, value) for years, value in points)
        self.days = [day for day, _ in rows]
        self.values = [value for _, value in rows]
        self.noise = noise

    def at(self, day: date) -> float:
        """The line's value on `day`."""
        place = day.toordinal()
        index = bisect_right(self.days, place)
        if index == 0:
            return self.values[0]
        if index == len(self.days):
            return self.values[-1]
        before, after = self.days[index - 1], self.days[index]
        share = (place - before) / (after - before) if after > before else 1.0
        return self.values[index - 1] + share * (self.values[index] - self.values[index - 1])

    def shift(self, today: date, points: Iterable[tuple[float, float]]) -> None:
        """Add a second line to this one, e.g. fluid weight to body weight; both lines keep their corners."""
        other = Track(today, points)
        days = sorted({*self.days, *other.days})
        values = [
            self.at(date.fromordinal(round(day))) + other.at(date.fromordinal(round(day))) for day in days
        ]
        self.days, self.values = days, values
