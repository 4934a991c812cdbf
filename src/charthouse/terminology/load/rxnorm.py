"""Reads RxNorm from the RRF files of the National Library of Medicine.

Layout, from “RxNorm Technical Documentation”, sections 12.4 (RXNCONSO), 12.5 (RXNREL), 12.6 (RXNSAT) and 12.7
(RXNSTY): fields parted by `|`, none quoted, one more `|` at the end. What a code and a display are, and how
properties are called, is from R4 rxnorm.html: codes are the RXCUI that the source RXNORM names.
"""

from __future__ import annotations

import re
from sys import intern
from typing import Final

from charthouse.base.errors import invalid
from charthouse.terminology.concept import INACTIVE, Designation, Row
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.lines import wrong
from charthouse.terminology.load.loaded import Asked, Loaded, Map, Mapping, day, release, row
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import delimited

NAMES: Final = r"(^|/)rxnconso\.rrf$"
RELATIONS: Final = r"(^|/)rxnrel\.rrf$"
ATTRIBUTES: Final = r"(^|/)rxnsat\.rrf$"
TYPES: Final = r"(^|/)rxnsty\.rrf$"
URL: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC: Final = "http://hl7.org/fhir/sid/ndc"
NDC_MAP: Final = "urn:charthouse:rxnorm:ndc"
# which name of a concept is its display, the best first; the rest are further names
_DISPLAYS: Final = (
    "SCD", "SBD", "GPCK", "BPCK", "IN", "PIN", "MIN", "BN", "SCDC", "SBDC", "SCDF", "SCDFP", "SBDF", "SBDFP", "SCDG",
    "SCDGP", "SBDG", "DF", "DFG",
)  # fmt: skip
# relations that people ask by; their inverses say the same from the other side
_RELATIONS: Final = frozenset({
    "has_ingredient", "has_ingredients", "has_precise_ingredient", "has_dose_form", "has_doseformgroup",
    "has_tradename", "consists_of", "contains", "isa", "has_form", "constitutes", "quantified_form_of",
    "reformulated_to",
})  # fmt: skip
_VALUES: Final = frozenset({
    "RXN_STRENGTH", "RXN_AVAILABLE_STRENGTH", "RXN_HUMAN_DRUG", "RXN_VET_DRUG", "RXN_QUANTITY", "RXTERM_FORM",
    "RXN_ACTIVATED", "RXN_OBSOLETED", "RXN_BOSS_STRENGTH_NUM_VALUE", "RXN_BOSS_STRENGTH_NUM_UNIT",
    "RXN_BOSS_STRENGTH_DENOM_VALUE", "RXN_BOSS_STRENGTH_DENOM_UNIT",
})  # fmt: skip
_DATED: Final = re.compile(r"rxnorm[^\n]*?[-_]([01]\d)([0-3]\d)(20\d\d)(?!\d)", re.IGNORECASE)
_NDC: Final = re.compile(r"\d{11}")


class _Drug:
    """What the files say of one RXCUI."""

    __slots__ = ("display", "is_current", "names", "properties", "type")

    def __init__(self) -> None:
        self.display = ""
        self.type = ""
        self.is_current = False
        self.names: list[str] = []
        self.properties: list[tuple[str, str]] = []


def read(source: Source, asked: Asked) -> Loaded:
    """RxNorm, with its National Drug Codes as properties and as a map from NDC."""
    member = source.need(NAMES, "the names (RXNCONSO.RRF)")
    version = _version(source)
    drugs = _names(member)
    loaded = Loaded(
        release(
            named("rxnorm"), asked, version, member.path, title="RxNorm", hierarchy="",
            valid_from=_day(asked.version or version),
            properties=(("TTY", "term type"), ("STY", "semantic type"), ("NDC", "National Drug Code, eleven digits"),
                        *((name, name.replace("_", " ")) for name in sorted(_RELATIONS))),
        ),
        (),
    )  # fmt: skip
    for pattern, take, lack in (
        (RELATIONS, _relate, "Without RXNREL.RRF drugs do not know their ingredients."),
        (TYPES, _classify, ""),
    ):
        found = source.find(pattern)
        if found is not None:
            take(found, drugs)
        elif lack:
            loaded.notes.append(lack)
    codes: dict[str, str] = {}
    attributes = source.find(ATTRIBUTES)
    if attributes is None:
        loaded.notes.append("Without RXNSAT.RRF there are no strengths and no National Drug Codes.")
    else:
        codes = _attribute(attributes, drugs)
    loaded.rows = [_row(code, drug) for code, drug in drugs.items()]
    if codes:
        lines = [Mapping(ndc, drug, "equivalent") for ndc, drug in sorted(codes.items())]
        loaded.maps = [Map(NDC_MAP, "National Drug Codes to RxNorm", NDC, URL, lines)]
    return loaded


def _names(member: Member) -> dict[str, _Drug]:
    drugs: dict[str, _Drug] = {}
    best: dict[str, int] = {}
    for line, fields in delimited(member, "|", 18):
        code, kind, text, suppressed = fields[0], fields[12], fields[14], fields[16]
        if fields[11] != "RXNORM":
            continue
        if not code.isdigit() or not text:
            raise wrong(
                member,
                line,
                "The row has no concept number or no name.",
                code,
                "Fetch it from its publisher again.",
            )
        drug = drugs.get(code)
        if drug is None:
            drug = drugs[code] = _Drug()
        place = _DISPLAYS.index(kind) if kind in _DISPLAYS else len(_DISPLAYS)
        place = place * 2 + (suppressed not in ("N", ""))
        drug.is_current |= suppressed in ("N", "")
        if place < best.get(code, 1_000):
            best[code] = place
            if drug.display:
                drug.names.append(drug.display)
            drug.display, drug.type = text, intern(kind)
        else:
            drug.names.append(text)
    if not drugs:
        raise invalid(
            "not-found",
            "The file names no concept of RxNorm's own.",
            place=member.name,
            repair="Take RXNCONSO.RRF whole.",
        )
    return drugs


def _relate(member: Member, drugs: dict[str, _Drug]) -> None:
    """Relations between concepts: the second of a row stands in it to the first."""
    for _, fields in delimited(member, "|", 16):
        name = fields[7]
        if name not in _RELATIONS or fields[2] != "CUI" or fields[10] != "RXNORM":
            continue
        holder = drugs.get(fields[4])
        if holder is not None and fields[0] in drugs:
            holder.properties.append((intern(name), intern(fields[0])))


def _classify(member: Member, drugs: dict[str, _Drug]) -> None:
    for _, fields in delimited(member, "|", 4):
        drug = drugs.get(fields[0])
        if drug is not None:
            drug.properties.append(("STY", intern(fields[1])))


def _attribute(member: Member, drugs: dict[str, _Drug]) -> dict[str, str]:
    """Attributes of RxNorm's own; the National Drug Codes in eleven digits with the concept each belongs to."""
    codes: dict[str, str] = {}
    for _, fields in delimited(member, "|", 13):
        name, value = fields[8], fields[10]
        drug = drugs.get(fields[0])
        if drug is None or fields[9] != "RXNORM" or fields[11] not in ("N", ""):
            continue
        if name == "NDC" and _NDC.fullmatch(value):
            codes.setdefault(value, fields[0])
            drug.properties.append(("NDC", value))
        elif name in _VALUES:
            drug.properties.append((intern(name), value))
    return codes


def _row(code: str, drug: _Drug) -> Row:
    return row(
        code, drug.display, flags=0 if drug.is_current else INACTIVE, names=map(Designation, drug.names),
        properties=[("TTY", drug.type), *dict.fromkeys(drug.properties)],
    )  # fmt: skip


def _version(source: Source) -> str:
    """The day of the release as R4 wants it, `10052026` for October 5th 2026, from the name of its archive."""
    found = _DATED.search(source.names)
    return "".join(found.groups()) if found else ""


def _day(version: str) -> str | None:
    """The day that a version names, by which releases are put in order."""
    return day(f"{version[4:]}{version[:4]}") if len(version) == 8 else None
