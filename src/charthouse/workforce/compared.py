"""Pay side by side: areas, occupations, employers, every state for a map, metropolitan areas in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from charthouse.workforce import places
from charthouse.workforce.extract import NATION, Area, Cell
from charthouse.workforce.figure import Figure
from charthouse.workforce.method import Method


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a comparison: what it is about, and its published figures (percentiles first)."""

    name: str
    code: str
    wages: tuple[Figure, ...]
    jobs: Figure
    jobs_rse: Figure
    quotient: Figure
    is_thin: bool

    @property
    def median(self) -> float | None:
        """For ordering and colour."""
        return self.wages[2].value


def line(method: Method, name: str, code: str, cell: Cell) -> Line:
    """The row of one cell."""
    error = cell.jobs_rse.value
    return Line(
        name,
        code,
        tuple(method.published(one, "usd") for one in cell.wages),
        method.published(cell.jobs, "jobs"),
        method.published(cell.jobs_rse, "percent"),
        method.published(cell.quotient, "quotient"),
        is_thin=error is not None and error > method.factors["thin"]["percent"],
    )


def areas(method: Method, soc: str, wanted: Iterable[Area]) -> list[Line]:
    """An occupation in several areas, in the order given."""
    return [
        line(
            method,
            "United States" if one.kind == "N" else one.name,
            places.short(one),
            method.extract.cell(soc, one.code),
        )
        for one in wanted
    ]


def states(method: Method, soc: str) -> list[Line]:
    """An occupation in every state and territory, by name."""
    return areas(method, soc, method.extract.states)


def metros(method: Method, soc: str, state: str = "") -> list[Line]:
    """An occupation in metropolitan areas (of a state: its two digits), the best paid first; those unreleased last."""
    wanted = [
        one
        for one in method.extract.areas.values()
        if one.is_metro and method.extract.has(soc, one.code) and state in ("", one.state)
    ]
    return ranked(areas(method, soc, wanted))


def occupations(method: Method, area: Area) -> list[Line]:
    """Every occupation of the extract in one area, the best paid first."""
    extract = method.extract
    return ranked(
        [line(method, name, soc, extract.cell(soc, area.code)) for soc, name in extract.occupations.items()]
    )


def employers(method: Method, soc: str) -> list[Line]:
    """An occupation with the employers that people ask for, nationally, the best paid first."""
    found = [
        line(method, name, word, method.extract.cell(soc, NATION, code))
        for word, (code, name) in places.EMPLOYERS.items()
        if method.extract.has(soc, NATION, code)
    ]
    return ranked(found)


def ranked(lines: Sequence[Line]) -> list[Line]:
    """By median, highest first; what was not released comes last."""
    return sorted(lines, key=lambda one: (one.median is None, -(one.median or 0), one.name))


def fifths(lines: Sequence[Line]) -> list[float]:
    """The four medians that divide the rows into fifths, for the colours of a map."""
    known = sorted(one.median for one in lines if one.median is not None)
    return [known[len(known) * part // 5] for part in (1, 2, 3, 4)] if len(known) >= 5 else []
