"""The guide on paper: the document put into the shape that its Typst template sets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from charthouse.base.errors import Category, Issue, Problem
from charthouse.render import paper, plot
from charthouse.workforce.compared import Line
from charthouse.workforce.extract import Area, Extract
from charthouse.workforce.figure import KIND_WORDS, Figure, Kind
from charthouse.workforce.guide import NARROW, Block, Document, Note, Table, Wages, Words, Writer
from charthouse.workforce.shelf import Shelf

PROMISE: Final = (
    "Every number in this guide says where it comes from, of what year it is, and whether it was published by its "
    "source, measured here from published numbers, or is our judgement. Small figures lead to the list at the end. "
    "Nothing is sold here."
)

_POINTS: Final = ("p10", "p25", "Median", "p75", "p90")
_KEPT: Final = 64  # editions; some 170 KB each
_WAITING: Final = 16


class Press:
    """Prints editions of the guide one after the other, and keeps the latest; they depend on the area alone."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._made: dict[str, bytes] = {}
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def edition(self, asked: str) -> tuple[Area, bytes]:
        """The area that `asked` names, and its edition as PDF/UA-1.

        Raises `Problem(invalid)` for no such area, `Problem(busy)` where too many wait.
        """
        writer = Writer(self._shelf, asked)
        code = writer.area.code
        if code not in self._made:
            if self._waiting >= _WAITING:
                issue = Issue(
                    "throttled", "Many editions are being printed.", repair="Try again in a few seconds."
                )
                raise Problem(Category.BUSY, (issue,), 3)
            self._waiting += 1
            try:
                async with self._turn:
                    if code not in self._made:
                        made = await asyncio.to_thread(pdf, self._shelf.extract, writer.write())
                        if len(self._made) >= _KEPT:
                            del self._made[next(iter(self._made))]
                        self._made[code] = made
            finally:
                self._waiting -= 1
        return writer.area, self._made[code]


def pdf(extract: Extract, document: Document) -> bytes:
    """The document as PDF/UA-1."""
    return paper.pdf(extract.file("guide.typ"), shaped(document))


def shaped(document: Document) -> dict[str, Any]:
    """The document as plain data."""
    marks = {one.id: str(number) for number, one in enumerate(document.sources, 1)}
    kinds = "; ".join(f"{kind.value}: {word}" for kind, word in KIND_WORDS.items())
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "place": document.place,
        "release": document.about["release"],
        "promise": PROMISE,
        "glance": [[said, _words(words, marks)] for said, words in document.glance],
        "notice": document.about["notice"],
        "kinds": f"What the kinds mean. {kinds[0].upper()}{kinds[1:]}.",
        "sections": [
            {
                "title": section.title,
                "text": [_words(words, marks) for words in section.text],
                "ordered": section.is_ordered,
                "list": [_words(words, marks) for words in section.list],
                "blocks": [_block(block, marks) for block in section.blocks],
            }
            for section in document.sections
        ],
        "sources": {
            "kind": "table",
            "caption": "Sources",
            "heads": ["No.", "Source", "Year", "Kind", "How far to trust it"],
            "widths": [0, 3, 0, 0, 2],
            "numeric": [False] * 5,
            "cited": "",
            "rows": [
                [
                    [marks[one.id]],
                    [f"{one.title}. {one.publisher}. {one.note}".rstrip()],
                    [str(one.year)],
                    [one.kind.value],
                    [one.trust],
                ]
                for one in document.sources
            ],
        },
    }


def _words(words: Words, marks: dict[str, str]) -> list[Any]:
    return [
        {"said": part.said(), "mark": f"[{marks[part.source]}]"} if isinstance(part, Figure) else part
        for part in words
    ]


def _block(block: Block, marks: dict[str, str]) -> dict[str, Any]:
    if isinstance(block, Note):
        return {"kind": "note", "said": block.said}
    return _table(block, marks) if isinstance(block, Table) else _wages(block, marks)


def _table(table: Table, marks: dict[str, str]) -> dict[str, Any]:
    return {
        "kind": "table",
        "caption": table.caption,
        "heads": list(table.heads),
        "numeric": list(table.numeric),
        "widths": [0 if length <= NARROW else min(length, 90) ** 0.6 for length in table.longest],
        "cited": _cited(table.rows, marks),
        "rows": [[_words(cell, marks) for cell in row] for row in table.rows],
    }


def _cited(rows: Sequence[Sequence[Words]], marks: dict[str, str]) -> str:
    """Which sources the numbers of a table have, with year and kind."""
    seen: dict[tuple[str, int, Kind], None] = {}
    for row in rows:
        for words in row:
            seen |= {(one.source, one.year, one.kind): None for one in words if isinstance(one, Figure)}
    return (
        "Sources: " + "; ".join(f"[{marks[id]}] {year}, {kind.value}" for id, year, kind in seen) + "."
        if seen
        else ""
    )


def _wages(block: Wages, marks: dict[str, str]) -> dict[str, Any]:
    values = [one.value for line in block.rows for one in line.wages if one.value is not None]
    on = plot.scale(values, 1.0, parts=4)

    every = 2 if len(on.ticks) > 4 else 1  # a label needs its room

    def drawn(line: Line) -> dict[str, float] | None:
        box = plot.box(on, [one.value for one in line.wages], digits=4)
        return None if box is None else asdict(box)

    return {
        "kind": "wages",
        "caption": block.caption,
        "heads": [block.first, *_POINTS, "Jobs"],
        "ticks": [
            {"at": on.at(tick, 4), "said": _thousands(tick) if number % every == 0 else ""}
            for number, tick in enumerate(on.ticks)
        ],
        "rows": [
            {
                "name": line.name,
                "box": drawn(line),
                "released": any(one.value is not None for one in line.wages),
                "said": [one.said() if one.value is not None else "–" for one in line.wages],
                "jobs": line.jobs.said() if line.jobs.value is not None else "–",
            }
            for line in block.rows
        ],
        "cited": _cited([[line.wages, (line.jobs,)] for line in block.rows], marks),
    }


def _thousands(value: float) -> str:
    return f"${value / 1000:g}k" if value else "$0"
