"""The rows of the first sheet of an Excel workbook, as some publishers write nothing else (ECMA-376 part 1, 18)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Final

from lxml import etree

from charthouse.base.errors import Problem, invalid
from charthouse.terminology.load.source import BROKEN, Member

WHOLE: Final = 100 << 20  # bytes of a workbook
PART: Final = 500 << 20  # bytes of a part of it, unpacked
COLUMNS: Final = 500
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_COLUMN: Final = re.compile(r"[A-Z]{1,3}")
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml")


def rows(member: Member) -> Iterator[tuple[int, list[str]]]:
    """Each row with its number, its cells as text. Raises Problem(invalid) for what is no workbook."""
    if member.size > WHOLE:
        raise _too_large(member, WHOLE)
    with member.open() as stream:
        whole = io.BytesIO(b"".join(iter(stream.read, b"")))
    try:
        with zipfile.ZipFile(whole) as book:
            names = sorted(filter(_SHEET.fullmatch, book.namelist()), key=lambda name: (len(name), name))
            texts = _texts(member, book)
            with _part(member, book, names[0]) as part:
                yield from _rows(member, part, texts)
    except (*BROKEN, LookupError, etree.XMLSyntaxError) as error:
        raise invalid(
            "structure", "The workbook cannot be read.", place=member.name, value=error,
            repair="Open it in a spreadsheet program, save its first sheet as .csv, and load that.",
        ) from None  # fmt: skip


def _part(member: Member, book: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A part of the workbook; nothing is read of one that says it is too large."""
    if book.getinfo(name).file_size > PART:
        raise _too_large(member, PART)
    return book.open(name)


def _too_large(member: Member, limit: int) -> Problem:
    return invalid(
        "too-long", f"The workbook is larger than {limit >> 20} MB.", place=member.name,
        repair="Save its first sheet as .csv, and load that.",
    )  # fmt: skip


def _elements(part: IO[bytes], tag: str) -> Iterator[etree._Element]:
    """The elements of one tag as they end; what was seen is let go."""
    for _, element in etree.iterparse(part, tag=_MAIN + tag, resolve_entities=False, no_network=True):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _texts(member: Member, book: zipfile.ZipFile) -> list[str]:
    """The texts that cells refer to by number."""
    name = "xl/sharedStrings.xml"
    if name not in book.namelist():
        return []
    with _part(member, book, name) as part:
        return ["".join(each.text or "" for each in one.iter(_MAIN + "t")) for one in _elements(part, "si")]


def _rows(member: Member, part: IO[bytes], texts: list[str]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for row in _elements(part, "row"):
        number = int(row.get("r") or number + 1)
        fields: list[str] = []
        for cell in row.iter(_MAIN + "c"):
            column = _column(cell.get("r"), len(fields))
            if column >= COLUMNS:
                raise _too_large(member, WHOLE)
            fields.extend([""] * (column - len(fields)))
            fields.append(_text(cell, texts))
        yield number, fields


def _column(place: str | None, after: int) -> int:
    """Which column a cell like `AB7` is in, from 0."""
    found = _COLUMN.match(place or "")
    if found is None:
        return after
    number = 0
    for letter in found[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _text(cell: etree._Element, texts: list[str]) -> str:
    kind = cell.get("t")
    if kind == "inlineStr":
        return "".join(each.text or "" for each in cell.iter(_MAIN + "t"))
    value = cell.findtext(_MAIN + "v") or ""
    return texts[int(value)] if kind == "s" and value else value
