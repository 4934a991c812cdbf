"""Reads ICD-10-PCS: its list of codes, under the headings that their first three characters are."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from building.axes import meanings
from building.wheels import PROCEDURES
from charthouse.terminology.concept import HEADING, Release, Row
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.loaded import Asked, release, row

# The list holds 78,638 codes, which is the update of April 2024; no package has a newer one that is whole.
RELEASE: Final[Release] = release(
    named("icd-10-pcs"), Asked(), "2024-04", PROCEDURES.name,
    title="ICD-10-PCS, fiscal year 2024, April update", valid_from="2024-04-01", valid_until="2024-09-30",
    properties=(
        ("section", "first character and its meaning"),
        ("bodySystem", "second character and its meaning"),
        ("operation", "third character and its meaning: root operation, type or modality"),
        ("bodyPart", "a fourth character and its meaning: body part, region or system"),
        ("approach", "a fifth character and its meaning"),
        ("device", "a sixth character and its meaning"),
        ("method", "a sixth character and its meaning, where that is no device"),
    ),
)  # fmt: skip

# Names of sections (`0`), body systems (`00`) and operations (`0*1`: any body system), which the list does
# not have; from the tables that the Centers for Medicare & Medicaid Services publish.
NAMES: Final = Path(__file__).with_name("pcs.tsv")
_NONE: Final = "None"
_CODE: Final = re.compile(r"[0-9A-HJ-NP-Z]{7}")
_REPAIR: Final = "Empty the build's cache, and build again."


def rows(folder: Path) -> Iterator[Row]:
    """Every section, body system, table (three characters) and code of the release in `folder`, parents first.

    Sections, body systems and tables are headings. A property stands at the highest concept it holds
    for and is inherited; at a table stand all meanings of the characters that codes in it may have, e.g.
    `approach` "0 Open". The list has a title for each code but nothing on its characters: `axes`
    tells what can be read off the titles, and what cannot. RuntimeError for a damaged list.
    """
    titles = _titles(folder / PROCEDURES)
    told = meanings(titles)
    names = _names()
    above: set[str] = set()
    for code, title in sorted(titles.items()):
        for length in (1, 2, 3):
            heading = code[:length]
            if heading not in above:
                above.add(heading)
                yield _heading(heading, names, told.get(heading, []))
        yield row(code, title, parents=(code[:3],))


def _heading(code: str, names: dict[str, str], told: list[tuple[str, str]]) -> Row:
    """A heading, named like "Medical and Surgical, Lower Bones, Repair"."""
    parts = [names[key] for key in (code[0], code[:2], f"{code[0]}*{code[2:]}")[: len(code)]]
    axis = ("section", "bodySystem", "operation")[len(code) - 1]
    own = [(axis, f"{code[-1]} {parts[-1]}")] if parts[-1] != _NONE else []
    display = ", ".join(part for part in parts if part != _NONE)
    above = (code[:-1],) if len(code) > 1 else ()
    return row(code, display, parents=above, flags=HEADING, properties=[*own, *told])


def _titles(path: Path) -> dict[str, str]:
    """The titles by code."""
    titles: dict[str, str] = {}
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            for cells in lines:
                code, title = cells if len(cells) == 2 else ("", "")
                if not _CODE.fullmatch(code) or not title or code in titles:
                    raise csv.Error("not another code with its title")
                titles[code] = title
        except csv.Error as error:
            raise RuntimeError(f"{path.name}:{lines.line_num}: {error}. {_REPAIR}") from None
    return titles


def _names() -> dict[str, str]:
    with NAMES.open(encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("\t") for line in file)
