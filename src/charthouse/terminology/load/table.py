"""Tables as publishers write them: a header that names the columns, then rows; parted by a sign, or a sheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from charthouse.base.errors import invalid, shorten
from charthouse.terminology.load import sheet
from charthouse.terminology.load.lines import Line, lines, wrong
from charthouse.terminology.load.source import Member

SEARCHED: Final = 60  # lines in which the header is looked for; some files open with a notice
_PLAIN: Final = re.compile(r"[^a-z0-9]")

Fields = tuple[int, Sequence[str]]
Picked = tuple[int, tuple[str, ...]]


def table(
    member: Member,
    wanted: Sequence[str],
    optional: Sequence[str] = (),
    *,
    separator: str = "",
    quoted: bool = True,
    legacy: bool = False,
) -> Iterator[Picked]:
    """The rows below the header, each with its line, as values of the `wanted` and `optional` columns in order.

    A column's name is found whatever its case, blanks and signs; several spellings of one name are
    parted by `|`. An optional column that is not there gives empty values. Without `separator` it is
    told from the first lines. Empty rows are left out.
    Raises Problem(invalid) for a missing header or column, or a row that is too short or too long.
    """
    found = _fields(member, separator, quoted=quoted, legacy=legacy)
    head, titles, rest = _header(member, found, wanted)
    names = [_bare(title) for title in titles]
    places = [_place(names, name) for name in (*wanted, *optional)]
    width = len(names)
    is_sheet = _is_sheet(member)
    for line, fields in rest:
        count = len(fields)
        if count != width:
            if not any(fields):
                continue
            # sheets leave out empty cells at the end of a row, texts do not
            if not is_sheet or any(fields[width:]):
                raise wrong(
                    member, line, f"The row has {count} columns; the header on line {head} has {width}.",
                    shorten(" ".join(fields)), "The file was changed or cut off; fetch it from its publisher again.",
                )  # fmt: skip
            fields = [*fields, *[""] * (width - count)]
        elif not any(fields):
            continue
        yield line, tuple([fields[place].strip() if place >= 0 else "" for place in places])


def header(member: Member, wanted: Sequence[str]) -> list[str]:
    """The names of the columns as the file writes them. Raises Problem(invalid) as `table` does."""
    return _header(member, _fields(member, "", quoted=True, legacy=True), wanted)[1]


def delimited(member: Member, separator: str, count: int, *, legacy: bool = False) -> Iterator[Fields]:
    """Rows of a file without a header, `count` fields at least; what stands beyond is kept."""
    for line, text in lines(member, legacy=legacy):
        if not text.strip():
            continue
        fields = text.split(separator)
        if len(fields) < count:
            raise wrong(
                member, line, f"The row has {len(fields)} columns and should have {count}.", shorten(text),
                "The file was changed or cut off; fetch it from its publisher again.",
            )  # fmt: skip
        yield line, fields


class Once:
    """The codes met in a file, so that one given twice is told with both lines."""

    def __init__(self, member: Member, longest: int = 100) -> None:
        self._member = member
        self._longest = longest
        self._lines: dict[str, int] = {}

    def __contains__(self, code: str) -> bool:
        return code in self._lines

    def add(self, line: int, code: str) -> str:
        """`code`, which is new here. Raises Problem(invalid) for none, for one that is too long, or seen before."""
        if not code or len(code) > self._longest or code.isspace():
            raise wrong(
                self._member, line, "There is no code, or what stands there is none.", shorten(code),
                f"A code has 1 to {self._longest} characters.",
            )  # fmt: skip
        before = self._lines.setdefault(code, line)
        if before != line:
            raise wrong(
                self._member, line, f"The code is given twice; it stands on line {before} already.", code,
                "Keep one of the two lines.",
            )  # fmt: skip
        return code


def _fields(member: Member, separator: str, *, quoted: bool, legacy: bool) -> Iterator[Fields]:
    if _is_sheet(member):
        return sheet.rows(member)
    separator = separator or separates(member)
    found = lines(member, legacy=legacy)
    return _quoted(member, found, separator) if quoted else _unquoted(found, separator)


def separates(member: Member) -> str:
    """Which sign parts the columns of a text, told from its first lines."""
    head = member.head().replace(b"\0", b"")
    return max(("\t", ",", ";", "|"), key=lambda sign: head.count(sign.encode()))


def _is_sheet(member: Member) -> bool:
    return member.path.lower().endswith((".xlsx", ".xlsm"))


def _unquoted(found: Iterable[Line], separator: str) -> Iterator[Fields]:
    for line, text in found:
        yield line, text.split(separator)


def _quoted(member: Member, found: Iterable[Line], separator: str) -> Iterator[Fields]:
    """Fields that may stand in quotation marks, with separators and ends of lines inside (RFC 4180)."""
    if separator == "\t":
        yield from _tabbed(found)
        return
    reader = csv.reader((text + "\n" for _, text in found), delimiter=separator, strict=True)
    start = 1
    try:
        for fields in reader:
            yield start, fields
            start = reader.line_num + 1
    except csv.Error as error:
        raise wrong(
            member, start, "The row cannot be taken apart; a quotation mark may not be closed.", error,
            "Close the quotation mark, or write two where one belongs to the text.",
        ) from None  # fmt: skip


def _tabbed(found: Iterable[Line]) -> Iterator[Fields]:
    """Fields parted by tabs, as spreadsheet programs write them: one row on a line, some fields in quotation marks.

    A line whose marks do not close is taken as it is: an inch (5") is no quotation.
    """
    for line, text in found:
        if '"' not in text:
            yield line, text.split("\t")
            continue
        try:
            yield line, next(csv.reader((text,), delimiter="\t", strict=True), [])
        except csv.Error:
            yield line, text.split("\t")


def _header(
    member: Member, found: Iterator[Fields], wanted: Sequence[str]
) -> tuple[int, list[str], Iterator[Fields]]:
    """The line of the header, its names, and the rows after it."""
    best: tuple[int, int, list[str], list[str]] | None = None
    for line, fields in islice(found, SEARCHED):
        names = [_bare(name) for name in fields]
        missing = [name for name in wanted if _place(names, name) < 0]
        if not missing:
            return line, [title.strip() for title in fields[: _last(names)]], found
        if any(names) and (best is None or len(missing) < best[0]):
            best = (len(missing), line, missing, list(fields))
    if best is None:
        raise invalid(
            "not-found", "The file is empty.", place=member.name, repair="Fetch it from its publisher again."
        )
    _, line, missing, fields = best
    raise wrong(
        member, line, "The header lacks " + _listed(missing) + ".", shorten(", ".join(fields).strip()),
        "The first row must name the columns, as the publisher writes them.",
    )  # fmt: skip


def _last(names: Sequence[str]) -> int:
    """How many columns there are without the empty ones at the end."""
    return max(place for place, name in enumerate(names, 1) if name)


def _listed(names: Sequence[str]) -> str:
    shown = [name.split("|")[0] for name in names]
    return ("the column " if len(shown) == 1 else "the columns ") + ", ".join(shown)


def _place(names: Sequence[str], wanted: str) -> int:
    """Which column it is, -1 for none."""
    for name in wanted.split("|"):
        if (bare := _bare(name)) in names:
            return names.index(bare)
    return -1


def _bare(name: str) -> str:
    return _PLAIN.sub("", name.lower())
