"""The classic bands of the founding document beside today's published wages: repeated word for word, never replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from charthouse.workforce.curve import Curve
from charthouse.workforce.extract import POINTS, Area
from charthouse.workforce.figure import Figure, Kind
from charthouse.workforce.method import Method

NAMES: Final = ("entry", "mid", "experienced")
TITLES: Final = {"entry": "Entry level", "mid": "Mid level", "experienced": "Experienced"}


@dataclass(frozen=True, slots=True)
class Edge:
    """One number of the bands. `nation` and `here` are its percentiles; `same` what the national percentile pays here.

    `indexed` is the edge after the growth of the median since 2021, should it be of that age.
    """

    figure: Figure
    nation: Figure
    here: Figure
    same: Figure | None
    indexed: Figure


@dataclass(frozen=True, slots=True)
class Band:
    """One band; `is_open` says that it goes on above its upper edge."""

    name: str
    title: str
    years: str
    low: Figure
    high: Figure
    is_open: bool


@dataclass(frozen=True, slots=True)
class Bands:
    """The three bands, their four edges, and where those fall in an area."""

    area: Area
    bands: tuple[Band, ...]
    edges: tuple[Edge, ...]


def bands(method: Method, area: Area) -> Bands:
    """The bands against the wages of `area`, which is one whose wages are released (an answer's `basis`)."""
    factor, sources = method.factors["bands"], method.sources
    soc = factor["occupation"]
    nation, here = method.curve(method.extract.cell(soc)), method.curve(method.extract.cell(soc, area.code))
    made = tuple(
        Band(
            name,
            TITLES[name],
            factor["years"][name],
            sources.figure(factor[name][0], "usd", "bands"),
            sources.figure(factor[name][1], "usd", "bands"),
            is_open=name == NAMES[-1],
        )
        for name in NAMES
    )
    values = sorted({edge for name in NAMES for edge in factor[name]})
    return Bands(area, made, tuple(_edge(method, value, nation, here) for value in values))


def _edge(method: Method, value: float, nation: Curve, here: Curve) -> Edge:
    sources = method.sources
    rank = nation.rank(value)
    is_inside = POINTS[0] < rank < POINTS[-1]
    same = nation_wage = None
    if is_inside:
        nation_wage = here.wage(rank)
        same = sources.figure(round(nation_wage.value), "usd", "reading", is_floor=nation_wage.is_floor)
    median = method.extract.cell(method.factors["bands"]["occupation"]).wages[2].value or 0
    growth = median / method.factors["medians"]["earlier"]
    return Edge(
        sources.figure(value, "usd", "bands"),
        _rank(method, rank),
        _rank(method, here.rank(value)),
        same,
        sources.figure(
            round(value * growth),
            "usd",
            "median2021",
            kind=Kind.MEASURED,
            note="Should the bands be of 2021: grown as the national median since.",
        ),
    )


def _rank(method: Method, rank: float) -> Figure:
    note = ""
    if rank <= POINTS[0]:
        note = "at or below p10"
    elif rank >= POINTS[-1]:
        note = "at or above p90"
    return method.sources.figure(round(rank), "rank", "reading", note=note)
