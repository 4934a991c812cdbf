"""The figures as a table for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from charthouse.ops.bench.figure import Figure, rounded

HEADINGS = ("", "median", "", "must", "aim", "p50 ms", "p99 ms", "floors of the same run")


def lines(machine: dict[str, Any], figures: Sequence[Figure]) -> Iterator[str]:
    """The machine, then a line for each figure; one that misses its must is marked."""
    yield f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_mb']:,} MB; {machine['system']}"
    yield (
        f"Python {machine['python']}, {machine['database']}; load by {machine['client']}; "
        f"load average at the start {machine['load']}; median of {machine['runs']}"
    )
    yield ""
    rows = [HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    for row in rows:
        left = f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}} {row[2]:<{widths[2]}}"
        rest = "  ".join(f"{cell:>{width}}" for cell, width in zip(row[3:-1], widths[3:-1], strict=True))
        yield f"{left}  {rest}  {row[-1]}".rstrip()


def _row(figure: Figure) -> tuple[str, ...]:
    sign = "< " if figure.goal.low else ""
    must = "" if figure.goal.must is None else sign + number(figure.goal.must)
    if figure.goal.p99 is not None:
        must += f"{', ' if must else ''}p99 < {number(figure.goal.p99)} ms"
    aim = "" if figure.goal.aim is None else sign + number(figure.goal.aim)
    floors = ", ".join(f"{name} {number(value)}" for name, value in figure.floors.items())
    missed = " MISSED" if figure.met is False else ""
    return (
        figure.name, number(figure.value), figure.unit + missed, must, aim,
        number(figure.percentile("p50")), number(figure.percentile("p99")), floors,
    )  # fmt: skip


def number(value: float | None) -> str:
    """A number as people read it: 12,345 or 0.4213; empty for None."""
    short = rounded(value)
    if short is None:
        return ""
    return f"{short:,.0f}" if abs(short) >= 1000 else f"{short:g}"
