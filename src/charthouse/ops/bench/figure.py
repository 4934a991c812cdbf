"""One measured figure: the median of its runs, beside the floors that were measured in the same runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave: the value, and where single answers were timed their p50, p95 and p99 in ms."""

    value: float
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    floors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked of a figure: `must` and `aim` bound its value, `p99` its p99 in ms.

    `low` says that less is better (seconds, bytes).
    """

    must: float | None = None
    aim: float | None = None
    p99: float | None = None
    low: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A named figure with its unit, its runs and what is asked of it. `notes` are facts about how it came about."""

    name: str
    unit: str
    runs: Sequence[Run]
    goal: Goal = field(default_factory=Goal)
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(run.value for run in self.runs)

    def percentile(self, name: str) -> float | None:
        """The median over the runs of `p50`, `p95` or `p99`; None where none was timed."""
        return middle(getattr(run, name) for run in self.runs)

    @property
    def floors(self) -> dict[str, float]:
        """The median of each floor over the runs that measured it."""
        names = dict.fromkeys(name for run in self.runs for name in run.floors)
        return {name: median(run.floors[name] for run in self.runs if name in run.floors) for name in names}

    @property
    def met(self) -> bool | None:
        """Whether what must hold does; None where nothing is asked."""
        held: list[bool] = []
        if self.goal.must is not None:
            held.append(self.value < self.goal.must if self.goal.low else self.value >= self.goal.must)
        slowest = self.percentile("p99")
        if self.goal.p99 is not None and slowest is not None:
            held.append(slowest < self.goal.p99)
        return all(held) if held else None

    def json(self) -> dict[str, Any]:
        """The figure as it is printed with `--json`."""
        shown: dict[str, Any] = {
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "p50_ms": rounded(self.percentile("p50")),
            "p95_ms": rounded(self.percentile("p95")),
            "p99_ms": rounded(self.percentile("p99")),
            "floors": {name: rounded(value) for name, value in self.floors.items()},
            "must": self.goal.must,
            "aim": self.goal.aim,
            "must_p99_ms": self.goal.p99,
            "better": "lower" if self.goal.low else "higher",
            "met": self.met,
            "runs": [rounded(run.value) for run in self.runs],
        }
        return shown | ({"notes": dict(self.notes)} if self.notes else {})


def middle(values: Iterable[float | None]) -> float | None:
    """The median of the values that are there; None of none."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def rounded(value: float | None) -> float | None:
    """`value` with the digits that mean something: whole from 1,000 on, else four."""
    if value is None:
        return None
    return float(round(value)) if abs(value) >= 1000 else float(f"{value:.4g}")
