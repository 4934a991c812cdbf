"""All measurements by name, in the order they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from subprocess import SubprocessError
from typing import Any, Final

from charthouse.base.errors import Problem, invalid
from charthouse.ops.bench import (
    charting,
    coding,
    consulting,
    creating,
    encrypting,
    expressions,
    finding,
    guarding,
    importing,
    paying,
    reading,
    searching,
    starting,
    transacting,
    validating,
)
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure
from charthouse.ops.bench.machine import describe

MEASURES: Final[dict[str, Callable[[Bench], list[Figure]]]] = {
    "start": starting.measure,
    "read": reading.measure,
    "create": creating.measure,
    "encryption": encrypting.measure,
    "transaction": transacting.measure,
    "import": importing.measure,
    "chart": charting.measure,
    "search": searching.measure,
    "access": guarding.measure,
    "validation": validating.measure,
    "terminology": consulting.measure,
    "fhirpath": expressions.measure,
    "codes": coding.measure,
    "patients": finding.measure,
    "salary": paying.measure,
}


def named(names: Sequence[str]) -> list[str]:
    """The measurements asked for, all when none is; `Problem(invalid)` for a name there is not."""
    for name in names:
        if name not in MEASURES:
            raise invalid(
                "value", "There is no such measurement.", place="bench", value=name,
                repair=f"Choose from {', '.join(MEASURES)}.",
            )  # fmt: skip
    return [name for name in MEASURES if not names or name in names]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The machine, the figures, and by measurement what kept it from giving any."""

    machine: dict[str, Any]
    figures: list[Figure]
    failed: dict[str, str]

    def json(self) -> dict[str, Any]:
        """What `--json` prints."""
        shown = {"machine": self.machine, "figures": [figure.json() for figure in self.figures]}
        return shown | ({"failed": self.failed} if self.failed else {})


def run(bench: Bench, names: Sequence[str]) -> Outcome:
    """Measure. A measurement that fails is told, and the others are made all the same."""
    machine = describe(bench.work) | {
        "database": "PostgreSQL" if bench.url else "SQLite", "client": bench.client, "runs": bench.runs,
        "seconds": bench.seconds,
    }  # fmt: skip
    outcome = Outcome(machine, [], {})
    for name in named(names):
        try:
            outcome.figures.extend(MEASURES[name](bench))
        except (Problem, OSError, SubprocessError) as failure:
            outcome.failed[name] = str(failure)
            bench.say(f"{name}: {failure}")
    return outcome
