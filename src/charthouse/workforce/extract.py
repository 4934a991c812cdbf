"""The public labour statistics that came with the program: wages, jobs and their errors by occupation and place.

The tables are text (`data/*.tsv`), made from the May release of the Occupational Employment and Wage Statistics of
the U.S. Bureau of Labor Statistics by `building.workforce`, so that anybody can read them and see a change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

POINTS: Final = (10, 25, 50, 75, 90)  # the percentiles that are published
ALL: Final = "000000"  # every industry and ownership
NATION: Final = "0000000"
NOT_RELEASED: Final = "8"
TOP_CODED: Final = "5"
ABSENT: Final = "absent"  # our own footnote: the table has no such row


@dataclass(frozen=True, slots=True)
class Amount:
    """One published number. `value` is None where it was not released; `footnote` is the publisher's code then.

    Footnote `TOP_CODED` says that the true value is this or more.
    """

    value: float | None
    footnote: str = ""

    @property
    def is_floor(self) -> bool:
        """Whether the number is only a lower bound."""
        return self.footnote == TOP_CODED


@dataclass(frozen=True, slots=True)
class Cell:
    """What is published for one occupation in one area and industry. Wages in US dollars a year, errors in percent."""

    jobs: Amount
    jobs_rse: Amount
    mean: Amount
    wage_rse: Amount
    wages: tuple[Amount, ...]  # at `POINTS`
    per_1000: Amount
    quotient: Amount

    @property
    def is_whole(self) -> bool:
        """Whether every percentile is there, so that one may read between them."""
        return all(one.value is not None for one in self.wages)


MISSING: Final = Cell(*(Amount(None, ABSENT),) * 4, (Amount(None, ABSENT),) * 5, *(Amount(None, ABSENT),) * 2)


@dataclass(frozen=True, slots=True)
class Area:
    """A place that figures are published for. `kind` is N (nation), S (state) or M (metropolitan or not)."""

    code: str
    kind: str
    state: str  # two digits of the state it is counted to; 00 for the nation
    name: str

    @property
    def is_metro(self) -> bool:
        """Whether it is a metropolitan area, named by a five-digit code."""
        return self.kind == "M" and self.code.startswith("00")

    @property
    def word(self) -> str:
        """What kind of place it is, for people."""
        if self.kind == "M":
            return "metropolitan area" if self.is_metro else "nonmetropolitan area"
        return "nation" if self.kind == "N" else "state"


@dataclass(frozen=True, slots=True)
class Industry:
    """A kind of employer. `level` is its depth in the publisher's list, 0 = all."""

    code: str
    level: int
    name: str


class Extract:
    """The tables of one release. Nothing is changed after it was read."""

    def __init__(self, folder: Traversable | None = None) -> None:
        """Read the tables in `folder`, those of the package when none is given."""
        self._folder = folder or resources.files(__package__) / "data"
        self.about: Mapping[str, Any] = json.loads(self.text("oews.json"))
        self.occupations = {row[0]: row[1] for row in self._rows("occupations.tsv")}
        # The publisher writes a dash between cities as two hyphens.
        self.areas = {
            code: Area(code, kind, state, name.replace("--", "–"))
            for code, kind, state, name in self._rows("areas.tsv")
        }
        self.industries = {
            row[0]: Industry(row[0], int(row[1]), row[2]) for row in self._rows("industries.tsv")
        }
        # Rows become cells when they are asked for: most never are, and the program starts at once.
        self._lines = {(row[3], row[1], row[2]): row[4] for row in self._rows("oews.tsv", parts=5)}
        self._cells: dict[tuple[str, str, str], Cell] = {}

    def file(self, name: str) -> Traversable:
        """A file of the folder."""
        return self._folder / name

    def text(self, name: str) -> str:
        """What a file of the folder says."""
        return self.file(name).read_text(encoding="utf-8")

    def cell(self, soc: str, area: str = NATION, industry: str = ALL) -> Cell:
        """What is published there; `MISSING` where the release has no such row."""
        key = (soc, area, industry)
        found = self._cells.get(key)
        if found is None:
            line = self._lines.get(key)
            if line is None:
                return MISSING
            found = self._cells[key] = _cell(line.split("\t"))
        return found

    def has(self, soc: str, area: str = NATION, industry: str = ALL) -> bool:
        """Whether the release has a row for it, its values released or not."""
        return (soc, area, industry) in self._lines

    def state(self, area: Area) -> Area | None:
        """The state that an area is counted to."""
        return self.areas.get(f"{area.state}00000") if area.kind == "M" else None

    @cached_property
    def states(self) -> tuple[Area, ...]:
        """States, the District of Columbia and territories, by name."""
        return tuple(
            sorted((one for one in self.areas.values() if one.kind == "S"), key=lambda one: one.name)
        )

    def employers(self, soc: str) -> list[Industry]:
        """The industries that the release has an occupation in."""
        found = (industry for have, area, industry in self._lines if have == soc and area == NATION)
        return [self.industries[code] for code in sorted(found) if code != ALL]

    def _rows(self, name: str, parts: int = 0) -> Iterator[list[str]]:
        lines = iter(self.text(name).splitlines())
        next(lines)  # the names of the columns
        for line in lines:
            yield line.split("\t", parts - 1)


def _cell(values: list[str]) -> Cell:
    jobs, jobs_rse, mean, wage_rse, *wages, per_1000, quotient = map(_amount, values)
    return Cell(jobs, jobs_rse, mean, wage_rse, tuple(wages), per_1000, quotient)


def _amount(text: str) -> Amount:
    """A number of the tables: `-` was not released, an empty one does not exist, `239200+` is a floor."""
    if text in ("-", ""):
        return Amount(None, NOT_RELEASED if text else ABSENT)
    return Amount(float(text[:-1]), TOP_CODED) if text.endswith("+") else Amount(float(text))
