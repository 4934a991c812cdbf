"""Reads ICD-10-CM and ICD-10-PCS from the lists that CMS and NCHS publish for each fiscal year.

Layout, from `icd10OrderFiles.pdf` that CMS packs with them. Order file, fixed width: 1-5 order number,
7-13 code without its dot, 15 `0` for a heading and `1` for a code that may be reported, 17-76 short
description, 78- long description. Codes file: 1-7 code, 9- description.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from charthouse.base.errors import invalid, shorten
from charthouse.terminology.concept import HEADING, Designation, Row
from charthouse.terminology.load import tabular
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.lines import lines, wrong
from charthouse.terminology.load.loaded import Asked, Loaded, release, row
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import Once
from charthouse.terminology.load.tabular import Place

ORDER: Final = r"icd-?10{}[-_ ]?order[-_ ](?!addenda)[^/]*\.txt$"
CODES: Final = r"icd-?10{}[-_ ]?codes[-_ ](?!addenda)[^/]*\.txt$"
TABULAR: Final = r"icd-?10cm?[-_ ]?tabular(?![^/]*addenda)[^/]*\.xml$"
_ORDERED: Final = re.compile(r"\d{5} ([0-9A-Z]{3,7}) {1,5}([01]) (.{60}) ?(.*)")
_LISTED: Final = re.compile(r"([0-9A-Z]{3,7}) +(\S.*)")
_YEAR: Final = re.compile(
    r"(?:(january|april)[-_ ]?(?:\d{1,2}[-_ ])?)?(?<!\d)(20\d\d)(?:-(0[14]))?(?!\d)", re.IGNORECASE
)
_SIDE: Final = re.compile(r"\b(right|left|bilateral|unspecified)\b", re.IGNORECASE)
_MORE: Final = (
    ("sevenChr", "a seventh character and what it means"),
    ("chapter", "number of the chapter"),
    ("laterality", "right, left, bilateral or unspecified; holds for all that is below"),
)


class _Code:
    """A code of the list: its text, its short text, and whether it is a heading."""

    __slots__ = ("display", "is_heading", "short")

    def __init__(self, display: str, short: str, *, is_heading: bool) -> None:
        self.display = display
        self.short = short
        self.is_heading = is_heading


def diagnoses(source: Source, asked: Asked) -> Loaded:
    """ICD-10-CM; with the tabular list beside the order file also chapters, sections and notes."""
    member, codes = _listed(source, "cm")
    codes = {_dotted(code): one for code, one in codes.items()}
    book = source.find(TABULAR)
    places = tabular.places(book) if book else []
    start, end, version = _year(asked.version or member.path, source)
    if book is not None:
        _agree(book, version)
    loaded = Loaded(
        release(
            named("icd-10-cm"), asked, version, member.path, title=_title("ICD-10-CM", start, version),
            valid_from=start, valid_until=end, case_sensitive=False, properties=(*tabular.NOTES, *_MORE),
        ),
        list(_diagnoses(codes, places)),
    )  # fmt: skip
    if book is None:
        loaded.notes.append(
            "Without the tabular list (XML) beside it there are no chapters, and no notes on what excludes a code "
            "or is coded first."
        )
    return loaded


def procedures(source: Source, asked: Asked) -> Loaded:
    """ICD-10-PCS: tables of three characters, and codes of seven below them."""
    member, codes = _listed(source, "pcs")
    start, end, version = _year(asked.version or member.path, source)
    return Loaded(
        release(
            named("icd-10-pcs"), asked, version, member.path, title=_title("ICD-10-PCS", start, version),
            valid_from=start, valid_until=end,
        ),
        [_row(code, one, _parent(code, codes)) for code, one in codes.items()],
    )  # fmt: skip


def _listed(source: Source, which: str) -> tuple[Member, dict[str, _Code]]:
    """The codes of the order file, or of the file of codes where there is no other."""
    ordered = source.find(ORDER.format(which))
    if ordered is None and (only := source.find(CODES.format(which))) is not None:
        return only, dict(_plain(only))
    if ordered is None:
        ordered = (
            source.members[0]
            if len(source.members) == 1
            else source.need(ORDER.format(which), "the order file")
        )
    return ordered, dict(_ordered(ordered))


def _ordered(member: Member) -> Iterator[tuple[str, _Code]]:
    once = Once(member)
    for line, text in lines(member, legacy=True):
        if not text.strip("\x1a "):
            continue
        found = _ORDERED.fullmatch(text.ljust(77))
        if found is None:
            raise wrong(
                member, line, "The line is not in the layout of an order file.", shorten(text),
                "Columns 1-5 hold a number, 7-13 the code, 15 a 0 or 1, 17-76 and 78- the descriptions.",
            )  # fmt: skip
        code, flag, short, long = found.groups()
        display = long.strip() or short.strip()
        if not display:
            raise wrong(
                member, line, "The code has no description.", code, "Fetch the file from its publisher again."
            )
        yield once.add(line, code), _Code(display, short.strip(), is_heading=flag == "0")


def _plain(member: Member) -> Iterator[tuple[str, _Code]]:
    once = Once(member)
    for line, text in lines(member, legacy=True):
        if not text.strip("\x1a "):
            continue
        found = _LISTED.fullmatch(text.strip())
        if found is None:
            raise wrong(
                member, line, "The line is not a code and its description.", shorten(text),
                "Columns 1-7 hold the code, 9- the description.",
            )  # fmt: skip
        yield once.add(line, found[1]), _Code(found[2], "", is_heading=False)


def _diagnoses(codes: dict[str, _Code], places: list[Place]) -> Iterator[Row]:
    """Chapters and sections first, then the list in its order with what the book says of each code."""
    said = {place.code: place for place in places}
    for place in places:
        if place.is_code and place.code not in codes:
            codes[place.code] = _Code(place.title, "", is_heading=True)
    above = {code: _parent(code, codes) for code in codes}
    for place in places:
        if not place.is_code:
            yield row(
                place.code, place.title, parents=(place.above,) if place.above else (), flags=HEADING,
                names=map(Designation, place.terms), properties=place.notes,
            )  # fmt: skip
        elif not above[place.code]:
            above[place.code] = place.above
    sides = _sides(codes, above)
    for code, one in codes.items():
        yield _row(code, one, above[code], said.get(code), sides.get(code, ""))


def _row(code: str, one: _Code, parent: str, said: Place | None = None, side: str = "") -> Row:
    names = [Designation(term) for term in (said.terms if said else ())]
    if one.short:
        names.append(Designation(one.short))
    notes = list(said.notes) if said else []
    return row(
        code, one.display, parents=(parent,) if parent else (), flags=HEADING if one.is_heading else 0,
        names=names, properties=[*notes, ("laterality", side)],
    )  # fmt: skip


def _dotted(code: str) -> str:
    return code if len(code) < 4 else f"{code[:3]}.{code[3:]}"


def _parent(code: str, codes: dict[str, _Code]) -> str:
    """The longest beginning of the code that is a code itself; empty for none."""
    for length in range(len(code) - 1, 2, -1):
        if code[:length] in codes:
            return code[:length]
    return ""


def _sides(codes: dict[str, _Code], above: dict[str, str]) -> dict[str, str]:
    """The laterality of codes that name a side oftener than the heading above them does.

    "Left" tells of a side only beside a sibling with "right", as not in "left heart failure".
    """
    below: dict[str, list[str]] = {}
    for code, parent in above.items():
        if parent:
            below.setdefault(parent, []).append(code)
    sides: dict[str, str] = {}
    for parent, children in below.items():
        known = _words(codes[parent].display) if parent in codes else Counter()
        found = {code: _words(codes[code].display) - known for code in children}
        is_sided = {"right", "left"} <= {word for words in found.values() for word in words}
        sides |= {code: side for code, words in found.items() if (side := _side(words, is_sided=is_sided))}
    return sides


def _side(words: Counter[str], *, is_sided: bool) -> str:
    """The side that a code names; a name with both words ("right eye, normal vision left eye") is of neither."""
    if "bilateral" in words:
        return "bilateral"
    if not is_sided or {"right", "left"} <= words.keys():
        return ""
    return next((side for side in ("right", "left", "unspecified") if side in words), "")


def _words(display: str) -> Counter[str]:
    return Counter(word.lower() for word in _SIDE.findall(display))


def _year(text: str, source: Source) -> tuple[str | None, str | None, str]:
    """First and last day of a fiscal year's release, and its version: `2027`, or `2026-04` for an update in April.

    Fiscal year 2027 runs from October 1st 2026 to September 30th 2027.
    """
    found = _YEAR.search(text) or _YEAR.search(source.path.resolve().name)
    if found is None:
        return None, None, ""
    year = int(found[2])
    month = found[3] or {"january": "01", "april": "04"}.get((found[1] or "").lower(), "")
    start = f"{year}-{month}-01" if month else f"{year - 1}-10-01"
    return start, f"{year}-09-30", f"{year}-{month}" if month else str(year)


def _agree(book: Member, version: str) -> None:
    """Raises Problem(invalid) where the tabular list is of another year than the codes."""
    found = _YEAR.search(book.path)
    if found is not None and version[:4] not in ("", found[2]):
        raise invalid(
            "value", f"The tabular list is not of {version[:4]}, as the codes are.", place=book.name, value=found[2],
            repair="Put the files of one fiscal year into a folder.",
        )  # fmt: skip


def _title(name: str, start: str | None, version: str) -> str:
    """The title of a release: `ICD-10-CM, fiscal year 2026, April update`."""
    if start is None:
        return ""
    update = {"01": ", January update", "04": ", April update"}.get(version[5:], "")
    return f"{name}, fiscal year {version[:4]}{update}"
