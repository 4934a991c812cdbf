"""Reads the codes of who gives care and where: the NUCC provider taxonomy and CMS's places of service.

Layouts: the taxonomy as `nucc_taxonomy_NNN.csv` with the columns Code, Grouping, Classification,
Specialization, Definition, Notes, Display Name, Section (NUCC, “CSV” download; 261 is version 26.1);
places of service as the table on CMS's page “Place of Service Code Set”, saved with its header: code, name,
description.
"""

from __future__ import annotations

import re
from typing import Final

from charthouse.terminology.concept import COMMENT, DEFINITION, Designation, Row
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.lines import wrong
from charthouse.terminology.load.loaded import Asked, Loaded, release, row
from charthouse.terminology.load.source import Source
from charthouse.terminology.load.table import Once, table

NUCC: Final = r"nucc[^/]*\.(csv|txt|xlsx)$"
POS: Final = r"(place[-_ ]?of[-_ ]?service|(^|/)pos)[^/]*\.(csv|txt|tsv|xlsx)$"
_TAXONOMY: Final = re.compile(r"[0-9A-Z]{9}X")
_NUMBERED: Final = re.compile(r"nucc[^/\n]*?(\d{2})[._]?(\d)(?!\d)", re.IGNORECASE)
_DATED: Final = re.compile(r"(20\d\d)[-_]?(0[1-9]|1[0-2])(?:[-_]?([0-3]\d))?(?!\d)")
_PLACE: Final = re.compile(r"\d{1,2}")
_SPAN: Final = re.compile(r"(\d{2})\s*[-\u2013]\s*(\d{2})")


def taxonomy(source: Source, asked: Asked) -> Loaded:
    """The provider taxonomy; a specialization stands below the code of its classification, where that has one."""
    member = (
        source.members[0]
        if len(source.members) == 1
        else source.need(NUCC, "the taxonomy (nucc_taxonomy_NNN.csv)")
    )
    once = Once(member)
    found: list[tuple[str, ...]] = []
    wanted = ("Code", "Grouping", "Classification", "Specialization")
    for line, values in table(
        member, wanted, ("Definition", "Notes", "Display Name", "Section"), legacy=True
    ):
        code = values[0]
        if not _TAXONOMY.fullmatch(code):
            raise wrong(
                member, line, "This is no taxonomy code.", code, "It has ten characters and ends with an X."
            )
        if not values[2]:
            raise wrong(member, line, "The code has no classification.", code, "The third column holds it.")
        once.add(line, code)
        found.append(values)
    general = {(values[1], values[2]): values[0] for values in found if not values[3]}
    number = _NUMBERED.search(source.names)
    version = f"{number[1]}.{number[2]}" if number else ""
    return Loaded(
        release(
            named("nucc"), asked, version, member.path, title=f"Health Care Provider Taxonomy {version}".strip(),
            properties=(
                ("grouping", "what kind of provider it belongs to"),
                ("classification", "the trade"),
                ("specialization", "the field within the trade"),
                ("section", "individual or organization"),
            ),
        ),
        [_provider(values, general) for values in found],
    )  # fmt: skip


def _provider(values: tuple[str, ...], general: dict[tuple[str, str], str]) -> Row:
    code, grouping, trade, field, definition, notes, display, section = values
    above = general.get((grouping, trade), code) if field else code
    return row(
        code, display or (f"{field} {trade}" if field else trade), parents=() if above == code else (above,),
        names=[
            Designation(f"{trade}, {field}" if field else trade),
            Designation(" ".join(definition.split()), "", DEFINITION),
            Designation(" ".join(notes.split()), "", COMMENT),
        ],
        properties=(
            ("grouping", grouping), ("classification", trade), ("specialization", field), ("section", section),
        ),
    )  # fmt: skip


def places(source: Source, asked: Asked) -> Loaded:
    """Places of service. Lines for numbers that are not assigned are left out."""
    member = source.members[0] if len(source.members) == 1 else source.need(POS, "the place of service codes")
    once, rows = Once(member), []
    wanted = (
        "Place of Service Code(s)|Place of Service Code|POS Code|Code",
        "Place of Service Name|POS Name|Name",
    )
    more = ("Place of Service Description|POS Description|Description",)
    for line, (code, name, said) in table(member, wanted, more, legacy=True):
        if name.lower().startswith("unassigned") or _SPAN.fullmatch(code):
            continue
        if not _PLACE.fullmatch(code):
            raise wrong(member, line, "This is no place of service.", code, "A code has two digits.")
        if not name:
            raise wrong(member, line, "The place has no name.", code, "The second column holds it.")
        rows.append(row(once.add(line, code.zfill(2)), name, names=[Designation(said, "", DEFINITION)]))
    dated = _DATED.search(source.names)
    version = "-".join(filter(None, dated.groups())) if dated else ""
    return Loaded(release(named("pos"), asked, version, member.path, hierarchy=""), rows)
