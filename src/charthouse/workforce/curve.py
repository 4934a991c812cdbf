"""Reading wages between the published percentiles, and ranks between the published wages; never beyond them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist
from typing import Final

from charthouse.workforce.extract import POINTS, Cell

_NORMAL: Final = NormalDist()
_SCORES: Final = tuple(_NORMAL.inv_cdf(point / 100) for point in POINTS)


@dataclass(frozen=True, slots=True)
class Reading:
    """A wage in US dollars a year; `is_floor` when it is only known to be this or more."""

    value: float
    is_floor: bool = False


class Curve:
    """The wages of one cell by percentile: ln(wage) is linear in the normal score between published points.

    ValueError for a cell that lacks one of them.
    """

    __slots__ = ("_floors", "_logs", "_wages")

    def __init__(self, cell: Cell) -> None:
        wages = [one.value for one in cell.wages if one.value is not None]
        if len(wages) != len(POINTS):
            raise ValueError("a percentile was not released")
        self._wages: Sequence[float] = wages
        self._floors = [one.is_floor for one in cell.wages]
        self._logs = [log(wage) for wage in wages]

    def wage(self, rank: float) -> Reading:
        """The wage at a percentile; at p10 and below that of p10, at p90 and above that of p90."""
        if rank <= POINTS[0]:
            return Reading(self._wages[0], self._floors[0])
        if rank >= POINTS[-1]:
            return Reading(self._wages[-1], self._floors[-1])
        right = bisect_left(POINTS, rank)
        if POINTS[right] == rank:
            return Reading(self._wages[right], self._floors[right])
        if self._floors[right]:
            return Reading(self._wages[right - 1], is_floor=True)
        left = right - 1
        share = (_NORMAL.inv_cdf(rank / 100) - _SCORES[left]) / (_SCORES[right] - _SCORES[left])
        between = exp(self._logs[left] + share * (self._logs[right] - self._logs[left]))
        # what is read between two published wages lies between them, to the last digit
        return Reading(min(max(between, self._wages[left]), self._wages[right]))

    def rank(self, wage: float) -> float:
        """The percentile of a wage; 10 stands for 10 and below, 90 for 90 and above."""
        if wage <= self._wages[0]:
            return float(POINTS[0])
        if wage >= self._wages[-1]:
            return float(POINTS[-1])
        right = bisect_right(self._wages, wage)
        left = right - 1
        share = (log(wage) - self._logs[left]) / (self._logs[right] - self._logs[left])
        return _NORMAL.cdf(_SCORES[left] + share * (_SCORES[right] - _SCORES[left])) * 100
