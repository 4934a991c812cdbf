"""Reads the vaccine codes (CVX) and the codes of their manufacturers (MVX) that the CDC publishes.

Layout, from the CDC's page “Code sets for immunization information systems”. CVX as text, parted by `|`:
code, short description, full name, notes, status, whether it is no vaccine, last change; as XML
(`CVXCodes` > `CVXInfo`) without the sixth. MVX as text: code, name, notes, status, last change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from lxml import etree

from charthouse.base.errors import invalid
from charthouse.terminology.concept import COMMENT, INACTIVE, Designation, Row
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.lines import lines, wrong
from charthouse.terminology.load.loaded import Asked, Loaded, day, release, row
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import Fields, Once

CVX: Final = r"cvx[^/]*\.(txt|xml)$"
MVX: Final = r"mvx[^/]*\.txt$"
LARGEST: Final = 50 << 20  # bytes of the XML; the real one has 200 KB
STATUSES: Final = frozenset({"active", "inactive", "never active", "pending", "non-us"})
_CVX_CODE: Final = re.compile(r"\d{1,4}")
_MVX_CODE: Final = re.compile(r"[A-Z0-9]{2,4}")
_CVX_PARTS: Final = ("CVXCode", "ShortDescription", "FullVaccinename", "Notes", "Status", "", "LastUpdated")
_PROPERTIES: Final = (
    ("status", "Active, Inactive, Never Active, Pending or Non-US"),
    ("nonvaccine", "true for what is no vaccine, as immune globulin"),
    ("updated", "day of its last change"),
)


def cvx(source: Source, asked: Asked) -> Loaded:
    """CVX. The version is the day of the last change in it, as the file names none."""
    member = (
        source.members[0] if len(source.members) == 1 else source.need(CVX, "the CVX codes (cvx.txt or .xml)")
    )
    found = (
        _xml(member)
        if member.head().lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
        else _text(member, 7, _CVX_CODE)
    )
    once, rows, latest = Once(member), [], ""
    for line, (code, short, full, notes, status, other, changed, *_) in found:
        _known(member, line, code, status, _CVX_CODE)
        updated = day(changed.strip()) or ""
        latest = max(latest, updated)
        rows.append(
            _row(
                once.add(line, code.strip()),
                short or full,
                full,
                notes,
                status,
                other.strip().lower(),
                updated,
            )
        )
    return Loaded(
        release(
            named("cvx"),
            asked,
            latest,
            member.path,
            hierarchy="",
            title=f"CVX, {latest}",
            properties=_PROPERTIES,
        ),
        rows,
    )


def mvx(source: Source, asked: Asked) -> Loaded:
    """MVX, in the same manner."""
    member = source.members[0] if len(source.members) == 1 else source.need(MVX, "the MVX codes (mvx.txt)")
    once, rows, latest = Once(member), [], ""
    for line, (code, name, notes, status, changed, *_) in _text(member, 5, _MVX_CODE):
        _known(member, line, code, status, _MVX_CODE)
        updated = day(changed.strip()) or ""
        latest = max(latest, updated)
        rows.append(_row(once.add(line, code.strip()), name, "", notes, status, "", updated))
    return Loaded(
        release(
            named("mvx"),
            asked,
            latest,
            member.path,
            hierarchy="",
            title=f"MVX, {latest}",
            properties=_PROPERTIES,
        ),
        rows,
    )


def _row(code: str, display: str, full: str, notes: str, status: str, other: str, updated: str) -> Row:
    status = status.strip()
    return row(
        code, display.strip(), flags=0 if status.lower() in ("active", "pending") else INACTIVE,
        names=[Designation(full.strip()), Designation(" ".join(notes.split()), "", COMMENT)],
        properties=[("status", status), ("nonvaccine", other), ("updated", updated)],
    )  # fmt: skip


def _known(member: Member, line: int, code: str, status: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(code.strip()):
        raise wrong(member, line, "This is no code of the set.", code, "The first column holds the code.")
    if status.strip().lower() not in STATUSES:
        raise wrong(
            member, line, "This status is not known; the columns may have moved.", status,
            "It is Active, Inactive, Never Active, Pending or Non-US.",
        )  # fmt: skip


def _text(member: Member, count: int, code: re.Pattern[str]) -> Iterator[Fields]:
    """Rows parted by bars. A note may run over several lines, which then begin with no code."""
    start, waiting = 0, ""
    for line, text in lines(member, legacy=True):
        first, bar, _ = text.partition("|")
        is_new = bool(bar) and code.fullmatch(first.strip()) is not None
        if is_new or (waiting and waiting.count("|") >= count - 1):
            if waiting.strip():
                yield start, _parted(member, start, waiting, count)
            start, waiting = line, text
        elif text.strip():
            start, waiting = (start, f"{waiting} {text}") if waiting else (line, text)
    if waiting.strip():
        yield start, _parted(member, start, waiting, count)


def _parted(member: Member, line: int, text: str, count: int) -> Sequence[str]:
    fields = text.split("|")
    if len(fields) < count:
        raise wrong(
            member, line, f"The row has {len(fields)} columns and should have {count}.", text[:80],
            "The file was changed or cut off; fetch it from the CDC again.",
        )  # fmt: skip
    return fields


def _xml(member: Member) -> Iterator[Fields]:
    if member.size > LARGEST:
        raise invalid(
            "too-long",
            "The file is larger than any that was published.",
            place=member.name,
            value=member.size,
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        with member.open() as stream:
            for chunk in iter(stream.read, b""):
                parser.feed(chunk)
        root = parser.close()
    except etree.XMLSyntaxError as error:
        raise invalid(
            "structure", "The file is not whole XML.", place=f"{member.name}:{error.lineno or 1}", value=error.msg,
            repair="Fetch it from the CDC again.",
        ) from None  # fmt: skip
    found = list(root.iter("CVXInfo"))
    if not found:
        raise invalid(
            "structure", "This XML has no vaccine codes (CVXInfo).", place=member.name, value=root.tag,
            repair="Choose “CVX” among the CDC's files.",
        )  # fmt: skip
    for one in found:
        line: Any = one.sourceline
        yield line or 1, [(one.findtext(name) or "").strip() if name else "" for name in _CVX_PARTS]
