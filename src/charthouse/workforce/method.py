"""The salary method: from published wages to a range for one person, every step with its source, year and kind.

It associates, it does not explain: people with a certificate differ in more than the certificate. The steps and what
each rests on are told in `docs/why/salary-method.md`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from typing import Any, Final

from charthouse.workforce import places
from charthouse.workforce.curve import Curve, Reading
from charthouse.workforce.extract import ABSENT, ALL, NATION, POINTS, Amount, Area, Cell, Extract, Industry
from charthouse.workforce.figure import Figure, Kind, Sources
from charthouse.workforce.question import EDUCATION, Question

NO_ROW: Final = "The release has no such figure."
NATIONAL_ONLY: Final = "Figures by industry are published for the nation only."


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the arithmetic: what was done, the number it gave, and why."""

    label: str
    figure: Figure
    said: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A warning about an answer: a word for programs, a sentence for people."""

    code: str
    said: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about pay. `low`, `median` and `high` are None where nothing at all is released."""

    question: Question
    area: Area
    basis: Area  # where the wages were read; another than `area` where that has none
    industry: Industry | None
    cell: Cell  # of `area` and `industry`
    wages: Cell  # of `basis`, all industries
    low: Figure | None
    median: Figure | None
    high: Figure | None
    steps: tuple[Step, ...]
    flags: tuple[Flag, ...]


class Method:
    """The method over one extract. Its coefficients stand in `data/factors.toml`."""

    def __init__(self, extract: Extract, sources: Sources) -> None:
        self.extract = extract
        self.sources = sources
        self.factors: dict[str, Any] = tomllib.loads(extract.text("factors.toml"))
        self._curves: dict[int, Curve] = {}

    def answer(self, question: Question) -> Answer:
        """The answer to a question. Raises `Problem(invalid)` for a place or industry that is not known."""
        extract = self.extract
        area = places.area(extract, question.area)
        industry = places.industry(extract, question.industry)
        flags: list[Flag] = []
        basis = self._basis(question.soc, area, flags)
        wages = extract.cell(question.soc, basis.code)
        asked = extract.cell(question.soc, area.code, industry.code if industry else ALL)
        if not wages.is_whole:
            flags.append(
                Flag("not-released", "No wage of this occupation is released, here or for the nation.")
            )
            return Answer(question, area, basis, industry, asked, wages, None, None, None, (), tuple(flags))
        curve = self.curve(wages)
        rank = self._rank(question)
        value = curve.wage(rank.value or 0)
        steps = [*self._start(wages, basis, question, rank, value)]
        times = 1.0
        for step in (*self._certified(question, flags), *self._education(question, flags)):
            steps.append(step)
            times *= step.figure.value or 1.0
        for step in self._employer(question, industry, rank, flags):
            steps.append(step)
            times *= step.figure.value or 1.0
        middle = self._usd(Reading(value.value * times, value.is_floor))
        steps.append(Step("The middle: the wage at that rank, times the factors", middle))
        low, high = self._range(curve, wages, rank, times, steps)
        self._judge(wages, rank, (low, middle, high), flags)
        return Answer(
            question, area, basis, industry, asked, wages, low, middle, high, tuple(steps), tuple(flags)
        )

    def curve(self, cell: Cell) -> Curve:
        """The curve of a cell, made once."""
        key = id(cell)  # cells live as long as the extract
        if key not in self._curves:
            self._curves[key] = Curve(cell)
        return self._curves[key]

    def published(self, amount: Amount, unit: str) -> Figure:
        """A number of the release as it is printed."""
        note = "" if amount.value is not None else self.footnote(amount.footnote)
        return self.sources.figure(amount.value, unit, "oews", note=note, is_floor=amount.is_floor)

    def footnote(self, code: str) -> str:
        """What the publisher's footnote says; our own words where there is no row."""
        if code == ABSENT:
            return NO_ROW
        return str(self.extract.about["footnotes"].get(code, ""))

    def years(self, years: float | None) -> float:
        """The percentile that stands for some years of experience: straight lines between the points of the ladder."""
        points: Sequence[tuple[float, float]] = self.factors["ladder"]["points"]
        if years is None:
            return float(self.factors["ladder"]["middle"])
        for (left, low), (right, high) in pairwise(points):
            if years <= right:
                return low + (high - low) * (years - left) / (right - left)
        return float(points[-1][1])

    def certified(self, has: bool) -> float:
        """What a certificate is worth against the average worker of the trade, most of whom hold one."""
        factor = self.factors["certified"]
        average = 1 + factor["share"] * factor["premium"]
        return float((1 + factor["premium"] if has else 1.0) / average)

    def education(self, rung: str) -> float:
        """What a step of education is worth against a certificate."""
        factor = self.factors["education"]
        rungs = factor["rungs"]
        gap = log(factor["bachelor"] / factor["school"]) / (rungs["bachelor"] - rungs["school"])
        return exp(gap * rungs[rung])

    # -- the steps

    def _basis(self, soc: str, area: Area, flags: list[Flag]) -> Area:
        """Where wages are read: the area, else its state, else the nation."""
        for place in (area, self.extract.state(area), self.extract.areas[NATION]):
            if place is not None and self.extract.cell(soc, place.code).is_whole:
                if place != area:
                    said = f"Wages of this occupation in {area.name} are not released; those of {_the(place)} are used."
                    flags.append(Flag("fell-back", said))
                return place
        return area

    def _rank(self, question: Question) -> Figure:
        value = self.years(question.years)
        note = "No years were given: the middle of the occupation." if question.years is None else ""
        return self.sources.figure(value, "rank", "ladder", note=note)

    def _start(
        self, wages: Cell, basis: Area, question: Question, rank: Figure, value: Reading
    ) -> Iterator[Step]:
        name = self.extract.occupations[question.soc]
        yield Step(f"Published median of {name} in {_the(basis)}", self.published(wages.wages[2], "usd"))
        years = "years not given" if question.years is None else f"{question.years:g} years of experience"
        yield Step(f"Rank among them: {years}", rank, self.sources["ladder"].trust)
        yield Step("Published wage read at that rank", self._usd(value), self.sources["reading"].trust)

    def _certified(self, question: Question, flags: list[Flag]) -> Iterator[Step]:
        if question.certified is None:
            return
        if question.soc not in self.factors["certified"]["occupations"]:
            flags.append(
                Flag(
                    "not-applied",
                    "No public figure exists for what a certificate is worth in this occupation.",
                )
            )
            return
        figure = self.sources.figure(
            self.certified(question.certified), "times", "certified", kind=Kind.MEASURED
        )
        yield Step(
            "Certified" if question.certified else "Not certified", figure, self.sources["certified"].note
        )

    def _education(self, question: Question, flags: list[Flag]) -> Iterator[Step]:
        if not question.education:
            return
        if question.soc not in self.factors["education"]["occupations"]:
            flags.append(Flag("not-applied", "No public figure is used for education in this occupation."))
            return
        figure = self.sources.figure(
            self.education(question.education), "times", "education", kind=Kind.MEASURED
        )
        yield Step(EDUCATION[question.education], figure, f"{self.sources['education'].trust}.")

    def _employer(
        self, question: Question, industry: Industry | None, rank: Figure, flags: list[Flag]
    ) -> Iterator[Step]:
        if industry is None:
            return
        theirs = self.extract.cell(question.soc, NATION, industry.code)
        every = self.extract.cell(question.soc)
        if not theirs.is_whole or not every.is_whole:
            flags.append(
                Flag(
                    "not-released",
                    f"Wages of this occupation in {industry.name} are not released; no factor is used.",
                )
            )
            return
        at = rank.value or 0
        above, below = self.curve(theirs).wage(at), self.curve(every).wage(at)
        if above.is_floor or below.is_floor:
            flags.append(
                Flag("not-released", f"Wages in {industry.name} are cut off at this rank; no factor is used.")
            )
            return
        figure = self.sources.figure(above.value / below.value, "times", "oews", kind=Kind.MEASURED)
        said = "Wage at the same rank there over that of all employers, nationally; assumed to hold in every area."
        yield Step(industry.name, figure, said)

    def _range(
        self, curve: Curve, wages: Cell, rank: Figure, times: float, steps: list[Step]
    ) -> tuple[Figure, Figure]:
        step, errors = self.factors["range"]["step"], self.factors["range"]["errors"]
        at, rse = rank.value or 0, wages.wage_rse.value or 0
        ends = []
        for sign, name in ((-1, "Lower"), (1, "Upper")):
            there = min(max(at + sign * step, POINTS[0]), POINTS[-1])
            steps.append(
                Step(
                    f"{name} end: rank",
                    self.sources.figure(there, "rank", "range"),
                    self.sources["range"].trust,
                )
            )
            read = curve.wage(there)
            wider = 1.0 if read.is_floor else 1 + sign * errors * rse / 100  # a floor is not widened
            ends.append(Reading(read.value * times * wider, read.is_floor))
        steps.append(
            Step("Published standard error of the mean wage", self.published(wages.wage_rse, "percent"))
        )
        low, high = (self._usd(one, "range") for one in ends)
        steps += [Step("Lower end", low), Step("Upper end", high)]
        return low, high

    def _judge(self, wages: Cell, rank: Figure, found: Sequence[Figure], flags: list[Flag]) -> None:
        bottom, top = wages.wages[0].value or 0, wages.wages[-1].value or 0
        at = rank.value or 0
        if at <= POINTS[0] or at >= POINTS[-1]:
            end = "at or below p10" if at <= POINTS[0] else "at or above p90"
            flags.append(Flag("edge-of-range", f"The rank is {end}; nothing is published beyond."))
        for word, figure in zip(("lower end", "middle", "upper end"), found, strict=True):
            value = round(figure.value or 0)
            if value < bottom or value > top:
                side = "below the published p10" if value < bottom else "above the published p90"
                flags.append(
                    Flag(
                        "outside-published-range",
                        f"The {word} lies {side}: the factors stack beyond what is measured.",
                    )
                )
        error = wages.jobs_rse.value
        if error is not None and error > self.factors["thin"]["percent"]:
            flags.append(
                Flag(
                    "thin-cell",
                    f"The published number of jobs has a standard error of {error:g} %: a thin cell.",
                )
            )

    def _usd(self, reading: Reading, source: str = "reading") -> Figure:
        return self.sources.figure(
            round(reading.value), "usd", source, kind=Kind.MEASURED, is_floor=reading.is_floor
        )


def _the(area: Area) -> str:
    return "the nation" if area.kind == "N" else area.name
