"""Results side by side: one row for each test, one column for each day, newest at the right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.web import codes, quantities
from charthouse.web.chart.entry import STRUCK, Context, local, start
from charthouse.web.chart.plot import Point, Sparkline, sparkline
from charthouse.web.chart.ranges import Judgement, Limits, judge, limits
from charthouse.web.chart.values import value
from charthouse.web.reader import Reader

_METHOD: Final = re.compile(r" by [A-Z][^\[\]]*$")
_PROPERTY: Final = re.compile(r" ?\[[^\]]*\]")
_BLOOD: Final = re.compile(r" (?:in|of) (?:Blood|Serum or Plasma|Serum, Plasma or Blood|Serum|Plasma)\b")
_RATIO: Final = re.compile(r"^Hemoglobin A1c/Hemoglobin\.total")
_LEVELS: Final = {"critical": 0, "abnormal": 1}


@dataclass(frozen=True, slots=True)
class Sign:
    """What a kind of observation brings of its own: `said` and `number` stand for its value."""

    name: str
    unit: str
    usual: Limits
    said: str
    number: Decimal
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Cell:
    """One result. `number` is None for results in words; `more` counts further results of that test on that day."""

    id: str
    said: str
    number: Decimal | None
    when: str
    judgement: Judgement
    struck: bool = False
    more: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A test: short name for the eye, full name for those who ask, unit, usual range and its results by column."""

    name: str
    full: str
    unit: str
    usual: Limits
    cells: tuple[Cell | None, ...]
    group: str = ""
    plot: Sparkline | None = field(default=None, compare=False)

    @property
    def last(self) -> Cell:
        """The newest result shown; a Row always has one."""
        return next(cell for cell in reversed(self.cells) if cell is not None)


Taken = tuple[tuple[int, ...], str, Tree, Sign | None]


@dataclass(frozen=True, slots=True)
class Flowsheet:
    """`days` are FHIR dates, oldest first, one for each column; `older` counts days left out."""

    days: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    older: int = 0
    tests: int = 0

    @property
    def has_ranges(self) -> bool:
        """Whether any test brings its usual range; else that column is left out."""
        return any(row.usual.said for row in self.rows)


def flowsheet(
    trees: Iterable[Tree],
    context: Context,
    *,
    columns: int = 6,
    rows: int | None = None,
    groups: Mapping[str, str] | None = None,
    sign: Callable[[Tree], Sign | None] = lambda tree: None,
) -> Flowsheet:
    """Lay out Observations. With `rows` the most telling tests stay: critical, abnormal, then the newest.

    `groups` names the report an Observation id belongs to; rows keep together by it. `sign` reads observations
    that are known by another name than their own, e.g. vital signs.
    """
    reader = context.reader
    found: list[tuple[tuple[int, ...], str, Tree]] = []
    tests: dict[str, list[Taken]] = {}
    for tree in trees:
        when = start(tree, "effective") or str(tree.get("issued") or "")
        moment = reader.moment(when)
        if moment is not None and len(moment.parts) == 3 and tree.get("status") != "cancelled":
            found.append((moment.parts, when, tree))
    days = sorted({parts for parts, _, _ in found}, reverse=True)
    shown = list(reversed(days[:columns]))
    place = {day: index for index, day in enumerate(shown)}
    for parts, when, tree in sorted(found, key=lambda one: _seconds(one[1], reader)):
        own = sign(tree)
        tests.setdefault(own.name if own else _key(tree), []).append((parts, when, tree, own))
    made = []
    for taken in tests.values():
        row = _row(taken, place, context, groups or {})
        if row is not None:
            made.append(row)
    made = _distinct(made)
    if rows is not None:
        made.sort(
            key=lambda row: (_LEVELS.get(row.last.judgement.level, 2), _negative(row.last.when, reader))
        )
        made = made[:rows]
    made.sort(key=lambda row: (row.group == "", row.group))
    used = [index for index in range(len(shown)) if any(row.cells[index] for row in made)]
    made = [_narrow(row, used) for row in made]
    columns_said = tuple("-".join(f"{part:02d}" for part in shown[index]) for index in used)
    return Flowsheet(columns_said, tuple(made), max(0, len(days) - columns), len(tests))


def short_name(full: str) -> str:
    """A laboratory's long name for the eye: `Leukocytes [#/volume] in Blood by Automated count` -> `Leukocytes`."""
    name = _RATIO.sub("Hemoglobin A1c", full)
    name = _BLOOD.sub("", _METHOD.sub("", _PROPERTY.sub("", name))).replace(".total", "").strip()
    return name or full


def grouped(reports: Iterable[Tree]) -> dict[str, str]:
    """Observation id -> the name of the newest report that lists it, for `flowsheet(groups=…)`."""
    groups: dict[str, str] = {}
    for tree in reports:
        name = short_name(codes.concept(tree.get("code")))
        for reference in tree.get("result") or ():
            target = local(reference)
            if target.startswith("Observation/"):
                groups.setdefault(target.removeprefix("Observation/"), name)
    return groups


def _key(tree: Tree) -> str:
    unit = quantities.unit_of(tree.get("valueQuantity"))
    return f"{codes.code(tree.get('code')) or codes.concept(tree.get('code')).lower()}|{unit}"


def _row(
    taken: Sequence[Taken], place: Mapping[tuple[int, ...], int], context: Context, groups: Mapping[str, str]
) -> Row | None:
    """The row of one test; `taken` is oldest first. None if all of its results lie in columns left out."""
    _, _, newest, own = taken[-1]
    usual = next(
        (found for _, _, tree, _ in reversed(taken) if (found := limits(tree, context.reader)).said), Limits()
    )
    usual = own.usual if own and not usual.said else usual
    cells: list[Cell | None] = [None] * len(place)
    points: list[Point] = []
    for parts, when, tree, sign in taken:
        cell = _cell(tree, when, context, usual, sign)
        if cell.number is not None and not cell.struck:
            points.append(
                Point(_seconds(when, context.reader), cell.number, f"{cell.said}, {context.reader.day(when)}")
            )
        index = place.get(parts)
        if index is not None:
            earlier = cells[index]
            more = earlier.more + 1 if earlier is not None else 0
            cells[index] = Cell(cell.id, cell.said, cell.number, when, cell.judgement, cell.struck, more)
    if not any(cells):
        return None
    full = own.name if own else codes.concept(newest.get("code")) or "Test without a name"
    group = next(
        (groups[str(tree["id"])] for _, _, tree, _ in reversed(taken) if str(tree["id"]) in groups), ""
    )
    trend = sparkline([points], usual.low, usual.high, width=72, tall=18) if points else None
    unit = own.unit if own else quantities.unit_of(newest.get("valueQuantity"))
    return Row(full if own else short_name(full), full, unit, usual, tuple(cells), group, trend)


def _cell(tree: Tree, when: str, context: Context, usual: Limits, sign: Sign | None) -> Cell:
    struck = tree.get("status") in STRUCK
    if sign is not None:
        return Cell(
            str(tree["id"]), sign.said, sign.number, when, Judgement() if struck else sign.judgement, struck
        )
    quantity = tree.get("valueQuantity")
    number = quantities.decimal(quantity.get("value")) if isinstance(quantity, dict) else None
    said = (
        quantities.amount(quantity, context.reader, exact=False)
        if number is not None
        else value(tree, context)
    )
    own = limits(tree, context.reader)
    verdict = Judgement() if struck else judge(tree, number, own if own.said else usual)
    return Cell(str(tree["id"]), said or "no value", number, when, verdict, struck)


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """Rows whose short names and units meet get their full names back."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        counts[row.name, row.unit] = counts.get((row.name, row.unit), 0) + 1
    return [
        row
        if counts[row.name, row.unit] == 1
        else Row(row.full, row.full, row.unit, row.usual, row.cells, row.group, row.plot)
        for row in rows
    ]


def _narrow(row: Row, used: Sequence[int]) -> Row:
    cells = tuple(row.cells[index] for index in used)
    return Row(row.name, row.full, row.unit, row.usual, cells, row.group, row.plot)


def _seconds(when: str, reader: Reader) -> float:
    moment = reader.moment(when)
    if moment is None:
        return 0.0
    if moment.time is not None:
        return moment.time.timestamp()
    year, month, day = (*moment.parts, 1, 1)[:3]
    return ((year * 12 + month) * 31 + day) * 86400.0


def _negative(when: str, reader: Reader) -> float:
    return -_seconds(when, reader)
