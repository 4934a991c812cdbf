"""Reads CPT from the data files that the American Medical Association licenses. Nothing of CPT comes with the program.

Layout, from the read-me of the AMA's standard data files: a notice, an empty line, then the records.
`MEDU.txt` and `SHORTU.txt` are of fixed width: 1-5 code, 7- medium (48) or short (28) descriptor.
`LONGULT.txt` is parted by a tab: code, long descriptor. `ConsolidatedCodeList.txt` is parted by tabs with
a header: Concept Id, CPT Code, Long, Medium, Short, Consumer, …
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from charthouse.base.errors import invalid, shorten
from charthouse.terminology.concept import Designation
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.lines import lines, wrong
from charthouse.terminology.load.loaded import Asked, Loaded, release, row
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import Once, table

LONG: Final = r"(^|/)longult[^/]*\.txt$"
MEDIUM: Final = r"(^|/)medu[^/]*\.txt$"
SHORT: Final = r"(^|/)shortu[^/]*\.txt$"
WHOLE: Final = r"consolidated ?code ?list[^/]*\.(txt|csv|xlsx)$"
NOTICE: Final = 200  # lines that the notice may have
_CODE: Final = re.compile(r"\d{4}[0-9A-Z]")
_RECORD: Final = re.compile(r"(\d{4}[0-9A-Z])[ \t]+(\S.*)")
_YEAR: Final = re.compile(r"(?<!\d)(20\d\d)(?!\d)")


def read(source: Source, asked: Asked) -> Loaded:
    """CPT: the long descriptor is the display where there is one, medium and short ones are further names."""
    whole = source.find(WHOLE)
    texts = dict(_whole(whole)) if whole else _apart(source)
    if not texts:
        raise invalid(
            "not-found", "The release has no code.", place=str(source.path),
            repair="Give the folder of the AMA's data files, with MEDU.txt or ConsolidatedCodeList.txt in it.",
        )  # fmt: skip
    year = asked.version[:4] if _YEAR.fullmatch(asked.version[:4]) else _year(source)
    return Loaded(
        release(
            named("cpt"), asked, year, source.path.name, title=f"CPT {year}".strip(), hierarchy="",
            valid_from=f"{year}-01-01" if year else None, valid_until=f"{year}-12-31" if year else None,
        ),
        [row(code, names[0], names=map(Designation, names[1:])) for code, names in texts.items()],
    )  # fmt: skip


def _apart(source: Source) -> dict[str, list[str]]:
    """Long, medium and short descriptors from files of their own, the longest first."""
    found = [one for one in (source.find(LONG), source.find(MEDIUM), source.find(SHORT)) if one]
    if not found:
        found = [
            source.members[0] if len(source.members) == 1 else source.need(MEDIUM, "MEDU.txt or LONGULT.txt")
        ]
    texts: dict[str, list[str]] = {}
    for member in found:
        for code, text in _records(member):
            texts.setdefault(code, []).append(text)
    return texts


def _records(member: Member) -> Iterator[tuple[str, str]]:
    once = Once(member)
    is_notice = True
    for line, text in lines(member, legacy=True):
        found = _RECORD.fullmatch(text.strip("\x1a \ufeff"))
        if found is not None:
            is_notice = False
            yield once.add(line, found[1]), found[2].strip()
        elif text.strip("\x1a ") and not (is_notice and line <= NOTICE):
            raise wrong(
                member, line, "The line is not a code and its descriptor.", shorten(text),
                "Columns 1-5 hold the code, the descriptor follows.",
            )  # fmt: skip


def _whole(member: Member) -> Iterator[tuple[str, list[str]]]:
    once = Once(member)
    wanted = ("CPT Code", "Long", "Medium", "Short")
    for line, (code, *names, consumer) in table(member, wanted, ("Consumer",), quoted=False, legacy=True):
        if not _CODE.fullmatch(code):
            raise wrong(
                member,
                line,
                "This is no CPT code.",
                code,
                "It has four digits, and a fifth digit or a letter.",
            )
        kept = [name for name in (*names, consumer) if name]
        if not kept:
            raise wrong(
                member, line, "The code has no descriptor.", code, "Fetch the file from the AMA again."
            )
        yield once.add(line, code), kept


def _year(source: Source) -> str:
    """The year in a file's or folder's name, else in the notice at the start of a file."""
    found = _YEAR.search(source.names)
    if found is None:
        found = next(
            filter(None, (_YEAR.search(one.head().decode("latin-1")) for one in source.members[:8])), None
        )
    return found[1] if found else ""
