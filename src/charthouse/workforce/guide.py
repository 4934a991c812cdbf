"""The guide as a document: words from `guide.toml`, numbers from the extract, the same for paper and for the page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from charthouse.workforce import compared, places
from charthouse.workforce.bands import Band, bands
from charthouse.workforce.extract import NATION, Area
from charthouse.workforce.figure import Figure, Kind, Source
from charthouse.workforce.shelf import Shelf

Part = str | Figure
Words = tuple[Part, ...]

SOC: Final = "29-2072"
FROM: Final = "43-6013"  # where the payback table starts: our assumption, and it says so
_SLOT: Final = re.compile(r"\{(\w+)\}")
_EXPERIENCE: Final = (0, 1, 3, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: caption, heads, rows of cells."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Boxes from p10 to p90 on one scale; the same numbers stand in the table that follows."""

    caption: str
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the guide."""

    id: str
    title: str
    text: tuple[Words, ...]
    list: tuple[Words, ...]
    blocks: tuple[Table | Plot, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The guide of one area."""

    title: str
    subtitle: str
    area: Area
    place: str
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]
    about: Mapping[str, Any]


class Writer:
    """Writes the guide for one area. Raises `Problem(invalid)` for an area that is not known."""

    def __init__(self, shelf: Shelf, asked: str = "") -> None:
        self._shelf = shelf
        self._method = shelf.method
        self.area = places.area(shelf.extract, asked)
        answer = self._method.answer(shelf.question({"soc": SOC, "area": asked}))
        self._answer = answer
        self._basis = answer.basis
        self._place = "in the nation" if self.area.kind == "N" else f"in {self.area.name}"

    def write(self) -> Document:
        """The whole document."""
        words = tomllib.loads(self._shelf.extract.text("guide.toml"))
        slots = self._slots()
        sections = tuple(
            Section(
                part["id"],
                part["title"],
                tuple(_filled(text, slots) for text in part.get("text", ())),
                tuple(_filled(text, slots) for text in part.get("list", ())),
                tuple(block for name in part.get("blocks", ()) for block in self._blocks()[name]()),
            )
            for part in words["part"]
        )
        used = {figure.source for section in sections for figure in figures(section)} | {"oews"}
        sources = tuple(one for one in self._shelf.sources if one.id in used)
        place = "United States" if self.area.kind == "N" else self.area.name
        about = self._shelf.extract.about
        return Document(words["title"], words["subtitle"], self.area, place, sections, sources, about)

    def _slots(self) -> Mapping[str, Part]:
        wages = self._answer.wages.wages
        here = self._basis
        read = "in the nation" if here.kind == "N" else f"in {here.name}"
        named = {
            f"p{point}": self._method.published(one, "usd")
            for point, one in zip((10, 25, 50, 75, 90), wages, strict=True)
        }
        growth = self._method.factors["demand"]["growth"]
        return {
            **named,
            "in_place": self._place,
            "in_place_start": read[0].upper() + read[1:],
            "jobs": self._method.published(self._shelf.extract.cell(SOC).jobs, "jobs"),
            "jobs_here": self._method.published(self._answer.cell.jobs, "jobs"),
            "growth": self._shelf.sources.figure(growth, "percent", "projection"),
        }

    def _blocks(self) -> Mapping[str, Callable[[], Iterator[Table | Plot]]]:
        return {
            "thin": self._flags,
            "percentiles": self._percentiles,
            "occupations": self._occupations,
            "bands": self._bands,
            "experience": self._experience,
            "factors": self._factors,
            "employers": self._employers,
            "paths": self._paths,
            "exam": self._exam,
            "credentials": self._credentials,
            "payback": self._payback,
        }

    def _flags(self) -> Iterator[Table]:
        rows = tuple(
            ((flag.said,),) for flag in self._answer.flags if flag.code in ("thin-cell", "fell-back")
        )
        if rows:
            yield Table("Read this first", ("Note",), rows)

    def _percentiles(self) -> Iterator[Table | Plot]:
        nation = self._shelf.extract.areas[NATION]
        wanted = [self._basis, *([nation] if self._basis != nation else [])]
        state = self._shelf.extract.state(self._basis)
        if state is not None:
            wanted.insert(1, state)
        yield from self._wages(
            "Medical records specialists: wages a year", compared.areas(self._method, SOC, wanted), "Area"
        )

    def _occupations(self) -> Iterator[Table | Plot]:
        lines = compared.occupations(self._method, self._basis)
        yield from self._wages(f"The occupations of this guide, {_in(self._basis)}", lines, "Occupation")

    def _employers(self) -> Iterator[Table | Plot]:
        lines = compared.employers(self._method, SOC)
        yield from self._wages(
            "Medical records specialists by employer; published for the nation only", lines, "Employer"
        )

    def _wages(self, caption: str, lines: Sequence[compared.Line], first: str) -> Iterator[Table | Plot]:
        drawn = tuple((one.name, one.wages) for one in lines if one.median is not None)
        yield Plot(caption, drawn)
        rows: list[tuple[Words, ...]] = [
            ((one.name,), *((figure,) for figure in one.wages), (one.jobs,)) for one in lines
        ]
        yield Table(caption, (first, "p10", "p25", "Median", "p75", "p90", "Jobs"), tuple(rows))

    def _bands(self) -> Iterator[Table]:
        found = bands(self._method, self._basis)
        yield Table(
            "The classic bands, as the founding document of this project has them; undated",
            ("Level", "From", "To", "Experience"),
            tuple(_level(one) for one in found.bands),
        )
        yield Table(
            f"Where their edges fall among today's wages, {_in(self._basis)}",
            ("Edge", "Rank in the nation", "Rank here"),
            tuple(((edge.figure,), (edge.nation,), (edge.here,)) for edge in found.edges),
        )

    def _experience(self) -> Iterator[Table]:
        def row(years: int) -> tuple[Words, ...]:
            answer = self._method.answer(
                self._shelf.question(
                    {
                        "soc": SOC,
                        "area": places.short(self._basis),
                        "years": str(years),
                        "certified": "yes",
                        "education": "certificate",
                    }
                )
            )
            found = (answer.low, answer.median, answer.high)
            asked = self._shelf.sources.figure(years, "years", "ladder")
            return ((asked,), *((one,) if one is not None else ("not released",) for one in found))

        yield Table(
            f"By years of experience, certified, with a postsecondary certificate, {_in(self._basis)}",
            ("Experience", "Lower end", "Middle", "Upper end"),
            tuple(row(years) for years in _EXPERIENCE),
        )

    def _factors(self) -> Iterator[Table]:
        sources, method = self._shelf.sources, self._method

        def row(label: str, value: float, source: str) -> tuple[Words, ...]:
            return (
                (label,),
                (sources.figure(value, "times", source, kind=Kind.MEASURED),),
                (sources[source].trust,),
            )

        rows = [row("Certified (any certificate or licence)", method.certified(True), "certified")]
        rows.append(row("Not certified", method.certified(False), "certified"))
        for rung, label in (
            ("school", "High school"),
            ("certificate", "Postsecondary certificate"),
            ("associate", "Associate degree"),
            ("bachelor", "Bachelor's degree"),
        ):
            rows.append(row(label, method.education(rung), "education"))
        rows.append(
            (
                ("The CEHRS certificate itself",),
                ("no public figure exists",),
                ("a light search found nothing usable",),
            )
        )
        rows.append(
            (
                ("Single skills",),
                ("no public figure exists",),
                ("they change the occupation, not a coefficient",),
            )
        )
        yield Table(
            "Factors, against the average worker of the occupation",
            ("Factor", "Times", "Evidence"),
            tuple(rows),
        )

    def _paths(self) -> Iterator[Table]:
        rows: list[tuple[Words, ...]] = []
        for career in self._shelf.careers.paths:
            for stands in career.occupations:
                cell = self._cell(stands.soc)
                median = self._method.published(cell.wages[2], "usd")
                rows.append(((career.title,), (career.short,), (stands.why,), (median,)))
        yield Table(
            f"Paths and the median of what stands for them, {self._place}",
            ("Path", "In short", "Read from", "Median"),
            tuple(rows),
        )

    def _exam(self) -> Iterator[Table]:
        for credential in self._shelf.careers.credentials:
            if credential.id == "CEHRS":
                rows = tuple(((label,), (figure,)) for label, figure in credential.figures)
                yield Table(f"The CEHRS examination ({credential.trust})", ("What", "Number"), rows)

    def _credentials(self) -> Iterator[Table]:
        rows = tuple(
            ((f"{one.id}, {one.body}",), (one.needs,), (one.trust,))
            for one in self._shelf.careers.credentials
        )
        yield Table("Credentials near the craft", ("Credential", "What it asks for", "Evidence"), rows)

    def _payback(self) -> Iterator[Table]:
        sources = self._shelf.sources
        start = self._cell(FROM).wages[2].value
        rows: list[tuple[Words, ...]] = []
        for career in self._shelf.careers.paths:
            for stands in career.occupations:
                median = self._cell(stands.soc).wages[2].value
                name = self._shelf.extract.occupations[stands.soc]
                if start is None or median is None:
                    rows.append(((career.title,), (name,), ("not released",), ("",)))
                    continue
                more = sources.figure(median - start, "usd", "oews", kind=Kind.MEASURED)
                months: Words = ("never, in money",)
                if median > start:
                    months = (
                        sources.figure(
                            round(12_000 / (median - start), 1), "count", "oews", kind=Kind.MEASURED
                        ),
                        " months",
                    )
                rows.append(((career.title,), (name,), (more,), months))
        yield Table(
            f"More than the median of medical secretaries, {self._place}, and how long a thousand dollars of cost take",
            ("Path", "Read from", "More a year", "For each thousand"),
            tuple(rows),
        )

    def _cell(self, soc: str) -> Any:
        """The cell of an occupation here, else in the state, else in the nation."""
        return self._method.answer(self._shelf.question({"soc": soc, "area": places.short(self.area)})).wages


def figures(section: Section) -> Iterator[Figure]:
    """Every number of a section."""
    for words in (*section.text, *section.list):
        yield from (part for part in words if isinstance(part, Figure))
    for block in section.blocks:
        cells = (
            [cell for row in block.rows for cell in row]
            if isinstance(block, Table)
            else [wages for _, wages in block.rows]
        )
        yield from (part for cell in cells for part in cell if isinstance(part, Figure))


def _filled(text: str, slots: Mapping[str, Part]) -> Words:
    parts = _SLOT.split(text)
    return tuple(
        slots[part] if number % 2 else part for number, part in enumerate(parts) if number % 2 or part
    )


def _level(band: Band) -> tuple[Words, ...]:
    high: Words = (band.high, " and more") if band.is_open else (band.high,)
    return (band.title,), (band.low,), high, (band.years,)


def _in(area: Area) -> str:
    return "in the nation" if area.kind == "N" else f"in {area.name}"
