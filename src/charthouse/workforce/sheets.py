"""Pay as tables to take away; each row says where its numbers come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charthouse.render.sheet import Sheet, Value
from charthouse.workforce import compared
from charthouse.workforce.extract import POINTS
from charthouse.workforce.figure import Figure
from charthouse.workforce.shelf import Shelf

if TYPE_CHECKING:
    from charthouse.workforce.method import Answer


def answered(shelf: Shelf, answer: Answer) -> Sheet:
    """The published figures of an answer, then each step of its arithmetic."""
    cell = answer.cell
    lines: list[Sequence[Value]] = [
        _line(f"Published p{point}", shelf.method.published(one, "usd"), shelf)
        for point, one in zip(POINTS, cell.wages, strict=True)
    ]
    lines += [_line(step.label, step.figure, shelf, step.said) for step in answer.steps]
    lines += [(flag.said, None, "", "", None, "", "") for flag in answer.flags]
    return Sheet("Answer", ("What", "Value", "Unit", "Source", "Year", "Kind", "Note"), lines)


def _line(label: str, figure: Figure, shelf: Shelf, said: str = "") -> Sequence[Value]:
    value = _plain(figure.value)
    note = "; ".join(part for part in ("at least" if figure.is_floor else "", figure.note, said) if part)
    return (
        label,
        value,
        figure.unit,
        shelf.sources[figure.source].title,
        figure.year,
        figure.kind.value,
        note,
    )


def _plain(value: float | None) -> float | None:
    """A whole number without a point."""
    return value if value is None or value != int(value) else int(value)


def places(shelf: Shelf, soc: str) -> Sheet:
    """An occupation in every area that has a row for it."""
    method = shelf.method
    wanted = [area for area in shelf.extract.areas.values() if shelf.extract.has(soc, area.code)]
    heads = (
        "Area",
        "Code",
        "Occupation",
        *(f"p{point}" for point in POINTS),
        "Jobs",
        "Jobs RSE %",
        "Location quotient",
        "Source",
        "Year",
        "Kind",
    )
    source = shelf.sources["oews"]
    body = [
        (
            line.name,
            line.code,
            soc,
            *(_plain(one.value) for one in line.wages),
            _plain(line.jobs.value),
            line.jobs_rse.value,
            line.quotient.value,
            source.title,
            source.year,
            source.kind.value,
        )
        for line in compared.areas(method, soc, wanted)
    ]
    return Sheet("Places", heads, body)


def sources(shelf: Shelf) -> Sheet:
    """Where numbers come from, with the publisher's notice."""
    about: Mapping[str, Any] = shelf.extract.about
    lines: list[Sequence[Value]] = [
        ("Release", about["release"], None),
        ("Retrieved", about["retrieved"], None),
        ("Notice", about["notice"], None),
        ("Empty cell", "Estimate not released.", None),
    ]
    lines += [(one.title, f"{one.publisher}: {one.trust}. {one.note}", one.year) for one in shelf.sources]
    return Sheet("Sources", ("What", "Said", "Year"), lines)
