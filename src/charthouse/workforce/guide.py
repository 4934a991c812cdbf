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
NARROW: Final = 26  # letters of a column
_SLOT: Final = re.compile(r"\{(\w+)\}")
_EXPERIENCE: Final = (0, 1, 3, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Note:
    """Something to read before the numbers that follow."""

    said: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: caption, heads, rows of cells."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Words, ...], ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers alone, but for the first: they stand at the right."""
        return tuple(
            number > 0 and all(isinstance(cell[0], Figure) for cell in column if cell and cell[0])
            for number, column in enumerate(zip(*self.rows, strict=True))
        )

    @property
    def longest(self) -> tuple[float, ...]:
        """Letters of the longest cell of each column; a head counts a tenth more, for it is bold."""
        columns = zip(self.heads, *self.rows, strict=True)
        return tuple(max(len(head) * 1.1, *map(_length, cells)) for head, *cells in columns)

    @property
    def is_narrow(self) -> bool:
        """Whether every column needs little room: the table is then no wider than its cells."""
        return all(length <= NARROW for length in self.longest)


@dataclass(frozen=True, slots=True)
class Wages:
    """A table of percentiles and jobs; beside each row a box from p10 to p90 is drawn, all on one scale."""

    caption: str
    first: str
    rows: tuple[compared.Line, ...]


Block = Note | Table | Wages


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the guide."""

    id: str
    title: str
    text: tuple[Words, ...]
    list: tuple[Words, ...]
    blocks: tuple[Block, ...]
    is_ordered: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """The guide of one area. `glance` are the numbers that one looks for first."""

    title: str
    subtitle: str
    area: Area
    place: str
    glance: tuple[tuple[str, Words], ...]
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
        self._place = _in(self.area)

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
                part.get("ordered", False),
            )
            for part in words["part"]
        )
        glance = self._glance(slots)
        used = {figure.source for section in sections for figure in figures(section)} | {"oews"}
        used |= {part.source for _, words in glance for part in words if isinstance(part, Figure)}
        sources = tuple(one for one in self._shelf.sources if one.id in used)
        place = "United States" if self.area.kind == "N" else self.area.name
        about = self._shelf.extract.about
        return Document(words["title"], words["subtitle"], self.area, place, glance, sections, sources, about)

    def _slots(self) -> Mapping[str, Words]:
        wages = self._answer.wages.wages
        read = _in(self._basis)
        named = {
            f"p{point}": (self._method.published(one, "usd"),)
            for point, one in zip((10, 25, 50, 75, 90), wages, strict=True)
        }
        growth = self._method.factors["demand"]["growth"]
        extract, method = self._shelf.extract, self._method
        return {
            **named,
            "in_place": (self._place,),
            "in_place_start": (read[0].upper() + read[1:],),
            "jobs": (method.published(extract.cell(SOC).jobs, "jobs"),),
            "jobs_here": self._jobs_here(),
            "growth": (self._shelf.sources.figure(growth, "percent", "projection"),),
            "spread_states": self._spread(compared.states(method, SOC)),
            "spread_employers": self._spread(compared.employers(method, SOC)),
            "spread_occupations": self._spread(compared.occupations(method, extract.areas[NATION])),
        }

    def _jobs_here(self) -> Words:
        """How many of the jobs are here, as the rest of a sentence; empty for the nation."""
        if self.area.kind == "N":
            return ()
        jobs = self._answer.cell.jobs
        if jobs.value is None:
            return (f"; their number {self._place} is not released",)
        return (", ", self._method.published(jobs, "jobs"), f" of them {self._place}")

    def _spread(self, lines: Sequence[compared.Line]) -> Words:
        """The highest median over the lowest."""
        known = [one.median for one in lines if one.median is not None]
        times = round(max(known) / min(known), 1)
        return (self._shelf.sources.figure(times, "count", "oews", kind=Kind.MEASURED),)

    def _glance(self, slots: Mapping[str, Words]) -> tuple[tuple[str, Words], ...]:
        """What the title page says: median, middle half, jobs, growth; each with where it was read."""
        read = "" if self._basis == self.area else f", {_in(self._basis)}"
        return (
            (f"Median wage a year{read}", slots["p50"]),
            (f"Half of all earn{read}", (*slots["p25"], " to ", *slots["p75"])),
            (
                "Jobs of medical records specialists",
                (self._method.published(self._answer.cell.jobs, "jobs"),),
            ),
            ("More jobs by 2034 than in 2024, in the nation, projected", slots["growth"]),
        )

    def _blocks(self) -> Mapping[str, Callable[[], Iterator[Block]]]:
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

    def _flags(self) -> Iterator[Note]:
        for flag in self._answer.flags:
            if flag.code in ("thin-cell", "fell-back"):
                yield Note(flag.said)

    def _percentiles(self) -> Iterator[Wages]:
        nation = self._shelf.extract.areas[NATION]
        wanted = [self._basis, *([nation] if self._basis != nation else [])]
        state = self._shelf.extract.state(self._basis)
        if state is not None:
            wanted.insert(1, state)
        yield from self._wages(
            "Medical records specialists: wages a year", compared.areas(self._method, SOC, wanted), "Area"
        )

    def _occupations(self) -> Iterator[Wages]:
        lines = compared.occupations(self._method, self._basis)
        yield from self._wages(f"The occupations of this guide, {_in(self._basis)}", lines, "Occupation")

    def _employers(self) -> Iterator[Wages]:
        lines = compared.employers(self._method, SOC)
        yield from self._wages(
            "Medical records specialists by employer; published for the nation only", lines, "Employer"
        )

    def _wages(self, caption: str, lines: Sequence[compared.Line], first: str) -> Iterator[Wages]:
        yield Wages(caption, first, tuple(lines))

    def _bands(self) -> Iterator[Table]:
        found = bands(self._method, self._basis)
        yield Table(
            "The classic bands, as the founding document of this project has them; undated",
            ("Level", "From", "To", "Experience"),
            tuple(_level(one) for one in found.bands),
        )
        is_nation = self._basis.kind == "N"
        heads = ("Edge", "Rank in the nation", "Rank here")
        rows = [((edge.figure,), (edge.nation,), (edge.here,)) for edge in found.edges]
        yield Table(
            f"Where their edges fall among today's wages, {_in(self._basis)}",
            heads[:2] if is_nation else heads,
            tuple(row[:2] if is_nation else row for row in rows),
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
            for number, stands in enumerate(career.occupations):
                median = self._method.published(self._cell(stands.soc).wages[2], "usd")
                short = career.short if number == 0 else "The same path, read from another occupation."
                rows.append(((career.title,), (short,), (stands.why,), (median,)))
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
            ((one.id if one.id == one.body else f"{one.id}, {one.body}",), (one.needs,), (one.trust,))
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
            f"How much more than the median of medical secretaries, {self._place}, "
            "and how many months it takes to earn back each thousand dollars of cost",
            ("Path", "Read from", "More a year", "Each thousand"),
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
        if isinstance(block, Wages):
            for line in block.rows:
                yield from (*line.wages, line.jobs)
        elif isinstance(block, Table):
            cells = [cell for row in block.rows for cell in row]
            yield from (part for cell in cells for part in cell if isinstance(part, Figure))


def _filled(text: str, slots: Mapping[str, Words]) -> Words:
    found: list[Part] = []
    for number, part in enumerate(_SLOT.split(text)):
        found += slots[part] if number % 2 else (part,)
    return tuple(part for part in found if part)


def _level(band: Band) -> tuple[Words, ...]:
    high: Words = (band.high, " and more") if band.is_open else (band.high,)
    return (band.title,), (band.low,), high, (band.years,)


def _in(area: Area) -> str:
    if area.kind == "N":
        return "in the nation"
    return f"in the {area.name}" if area.name.endswith(("Islands", "Columbia")) else f"in {area.name}"


def _length(words: Words) -> int:
    return sum(len(part.said() if isinstance(part, Figure) else part) for part in words)
