"""Reads HCPCS Level II from CMS's quarterly alpha-numeric file, as text of fixed width or as a sheet.

Layout, from `HCPC2024_recordlayout.txt` that CMS packs with it, 320 columns: 1-5 code (4-5 for a
modifier), 6-10 sequence number, 11 kind of record (3 procedure, 4 its further lines, 7 modifier, 8 its
further lines), 12-91 long description, 92-119 short description, 120-127 pricing indicators, 230
coverage, 257-259 Berenson-Eggers type of service, 261-265 types of service, 269-276 added, 277-284 action
effective, 285-292 terminated, 293 action. The sheet has one row for each code with the same columns by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from charthouse.base.clock import moment, now
from charthouse.base.errors import shorten
from charthouse.terminology.concept import INACTIVE, Designation, Row
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.lines import lines, wrong
from charthouse.terminology.load.loaded import Asked, Loaded, day, quarter, release, row
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import Once, table

FILE: Final = r"hcpc[^/]*(anweb|contr)[^/]*\.(txt|csv|xlsx)$"
_QUARTERS: Final = {"jan": 1, "apr": 4, "jul": 7, "oct": 10}
_WHEN: Final = re.compile(r"hcpc(?:s)?[-_ ]?(20\d\d)(?:[-_ ]?(jan|apr|jul|oct))?", re.IGNORECASE)
_VERSION: Final = re.compile(r"(20\d\d)-(01|04|07|10)")
_CODE: Final = re.compile(r"[A-Z]\d{4}|[A-Z0-9]{2}")
_COLUMNS: Final = ("HCPC|HCPCS|HCPCS Code|Code", "LONG DESCRIPTION", "SHORT DESCRIPTION")
_MORE: Final = (
    "RECID",
    "PRICE1|PRICE",
    "COV",
    "BETOS",
    "TOS1|TOS",
    "ADD DT",
    "ACT EFF DT",
    "TERM DT",
    "ACTION CD",
)
_PROPERTIES: Final = (
    ("kind", "procedure or modifier"),
    ("pricing", "how Medicare prices it"),
    ("coverage", "whether Medicare covers it"),
    ("betos", "Berenson-Eggers type of service"),
    ("typeOfService", "type of service"),
    ("added", "day it was added"),
    ("effective", "day its last change took effect"),
    ("terminated", "last day on which it may be used"),
    ("action", "what its last change was"),
)


class _Record(NamedTuple):
    """A code with its details, texts as in the file."""

    line: int
    code: str
    long: str
    short: str
    is_modifier: bool
    details: tuple[
        str, ...
    ]  # pricing, coverage, betos, type of service, added, effective, terminated, action


def read(source: Source, asked: Asked) -> Loaded:
    """HCPCS Level II. Level I codes, which are CPT, are left out and counted."""
    member = source.members[0] if len(source.members) == 1 else _chosen(source)
    start, end, version = _when(asked.version, member.path) or _when("", source.names) or (None, None, "")
    once = Once(member)
    rows: list[Row] = []
    left_out = 0
    for record in _texts(member) if member.path.lower().endswith(".txt") else _sheet(member):
        if record.code.isdigit() and not record.is_modifier:
            left_out += 1
            continue
        if not _CODE.fullmatch(record.code):
            raise wrong(
                member, record.line, "This is no HCPCS code.", record.code,
                "A code is a letter and four digits, a modifier has two characters.",
            )  # fmt: skip
        once.add(record.line, record.code)
        rows.append(_row(record, start or moment(now()).date().isoformat()))
    loaded = Loaded(
        release(
            named("hcpcs"), asked, version, member.path, valid_from=start, valid_until=end, hierarchy="",
            title=f"HCPCS Level II, {version}", properties=_PROPERTIES,
        ),
        rows,
    )  # fmt: skip
    if left_out:
        loaded.notes.append(
            f"{left_out} codes of Level I, which is CPT, were left out: load CPT from its owner's files."
        )
    return loaded


def _chosen(source: Source) -> Member:
    """The text where there is text and sheet of the same."""
    found = source.all(FILE)
    texts = [one for one in found if one.path.lower().endswith(".txt")]
    return texts[0] if len(texts) == 1 else source.need(FILE, "the alpha-numeric file (HCPC…ANWEB….txt)")


def _texts(member: Member) -> Iterator[_Record]:
    """Records of fixed width; the further lines of a description are joined to the first."""
    record: _Record | None = None
    for line, text in lines(member, legacy=True):
        if not text.strip("\x1a "):
            continue
        kind = text[10:11]
        if kind not in ("3", "4", "7", "8") or not text[5:10].isdigit():
            raise wrong(
                member, line, "The line is not in the layout of the alpha-numeric file.", shorten(text),
                "Columns 1-5 hold the code, 6-10 a number, 11 a 3, 4, 7 or 8.",
            )  # fmt: skip
        code, long = text[:5].strip(), text[11:91].rstrip()
        if kind in ("3", "7"):
            if record is not None:
                yield record
            record = _Record(line, code, long, text[91:119].strip(), kind == "7", _details(text))
        elif record is None or record.code != code:
            raise wrong(
                member, line, "A further line of a description has no first line before it.", code,
                "Fetch the file from its publisher again.",
            )  # fmt: skip
        else:
            record = record._replace(long=f"{record.long} {long}")
    if record is not None:
        yield record


def _details(text: str) -> tuple[str, ...]:
    cuts = ((119, 121), (229, 230), (256, 259), (260, 261), (268, 276), (276, 284), (284, 292), (292, 293))
    return tuple(text[start:end].strip() for start, end in cuts)


def _sheet(member: Member) -> Iterator[_Record]:
    for line, (code, long, short, kind, *details) in table(member, _COLUMNS, _MORE, legacy=True):
        yield _Record(line, code, long, short, kind == "7" or len(code) == 2, tuple(details))


def _row(record: _Record, today: str) -> Row:
    pricing, coverage, betos, tos, added, effective, terminated, action = record.details
    last = day(terminated)
    display = " ".join(record.long.split()) or record.short
    values = (
        "modifier" if record.is_modifier else "procedure", pricing, coverage, betos, tos,
        day(added) or "", day(effective) or "", last or "", action,
    )  # fmt: skip
    return row(
        record.code, display, flags=INACTIVE if last is not None and last < today else 0,
        names=[Designation(record.short)], properties=zip((name for name, _ in _PROPERTIES), values, strict=True),
    )  # fmt: skip


def _when(version: str, names: str) -> tuple[str, str, str] | None:
    """First and last day of the quarter and the version, `2026-10`, from a version or a name of a file."""
    if found := _VERSION.fullmatch(version):
        year, month = int(found[1]), int(found[2])
    elif found := _WHEN.search(names):
        year, month = int(found[1]), _QUARTERS[(found[2] or "jan").lower()]
    else:
        return None
    start, end = quarter(year, month)
    return start, end, f"{year}-{month:02d}"
