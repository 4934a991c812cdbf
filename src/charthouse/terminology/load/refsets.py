"""Reads the reference sets of SNOMED CT: preferred names, maps to other code systems, and plain lists of concepts.

Layout, from “SNOMED CT Release File Specifications”, section 5; which canonical urls they have as a
ConceptMap or ValueSet, from R4 snomedct.html (implicit value sets and concept maps).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.terminology.load.kinds import SNOMED_NOTICE
from charthouse.terminology.load.loaded import Map, Mapping
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import table

LANGUAGES: Final = r"der2_crefset_language[^/]*snapshot[^/]*\.txt$"
SIMPLE_MAPS: Final = r"der2_srefset_simplemap[^/]*snapshot[^/]*\.txt$"
EXTENDED_MAPS: Final = r"der2_iisssccrefset_extendedmap[^/]*snapshot[^/]*\.txt$"
LISTS: Final = r"der2_refset_simple[^/]*snapshot[^/]*\.txt$"
URL: Final = "http://snomed.info/sct"
PREFERRED: Final = "900000000000548007"
AMERICAN: Final = "900000000000509007"
LARGEST: Final = 50_000  # concepts of a list that becomes a value set
# reference set -> title, code system that it leads to
TARGETS: Final = {
    "6011000124106": ("SNOMED CT to ICD-10-CM", "http://hl7.org/fhir/sid/icd-10-cm"),
    "447562003": ("SNOMED CT to ICD-10", "http://hl7.org/fhir/sid/icd-10"),
    "446608001": ("SNOMED CT to ICD-O", "http://terminology.hl7.org/CodeSystem/icd-o-3"),
    "900000000000497000": ("SNOMED CT to CTV3", "http://read.info/ctv3"),
}
# correlation of a map -> equivalence of R4
_EQUIVALENCES: Final = {
    "447557004": "equivalent",
    "447558009": "wider",
    "447559001": "narrower",
    "447560006": "inexact",
    "447556008": "unmatched",
}
_NOT_CLASSIFIABLE: Final = "447638001"


def preferred(source: Source) -> set[int]:
    """The numbers of the descriptions that are preferred: in American English, else wherever some are."""
    american: set[int] = set()
    others: set[int] = set()
    columns = ("active", "refsetId", "referencedComponentId", "acceptabilityId")
    for member in source.all(LANGUAGES):
        for _, (active, refset, number, acceptability) in table(
            member, columns, separator="\t", quoted=False
        ):
            if active != "1" or acceptability != PREFERRED or not number.isdigit():
                continue
            if refset == AMERICAN:
                american.add(int(number))
                others.clear()
            elif not american:
                others.add(int(number))
    return american or others


def maps(source: Source, notes: list[str]) -> list[Map]:
    """The maps to code systems that are known here; others are told in `notes`."""
    found: dict[str, list[tuple[int, int, Mapping]]] = {}
    for member in source.all(SIMPLE_MAPS):
        _simple(member, found)
    for member in source.all(EXTENDED_MAPS):
        _extended(member, found)
    unknown = sorted(refset for refset in found if refset not in TARGETS)
    if unknown:
        notes.append(f"Maps that lead to code systems unknown here were left out: {', '.join(unknown)}.")
    made = []
    for refset, (title, target) in TARGETS.items():
        entries = found.pop(refset, [])
        if entries:
            entries.sort(key=lambda entry: (entry[2].source, entry[0], entry[1]))
            made.append(Map(f"{URL}?fhir_cm={refset}", title, URL, target, [entry[2] for entry in entries]))
    return made


def _simple(member: Member, found: dict[str, list[tuple[int, int, Mapping]]]) -> None:
    columns = ("active", "refsetId", "referencedComponentId", "mapTarget")
    for _, (active, refset, code, target) in table(member, columns, separator="\t", quoted=False):
        if active == "1" and target:
            found.setdefault(refset, []).append((0, 0, Mapping(code, target, "equivalent")))


def _extended(member: Member, found: dict[str, list[tuple[int, int, Mapping]]]) -> None:
    columns = (
        "active", "refsetId", "referencedComponentId", "mapGroup", "mapPriority", "mapAdvice", "mapTarget",
        "correlationId", "mapCategoryId",
    )  # fmt: skip
    notes: dict[str, str] = {}
    for _, (active, refset, code, group, priority, advice, target, correlation, category) in table(
        member, columns, separator="\t", quoted=False
    ):
        if active != "1":
            continue
        is_matched = bool(target) and category != _NOT_CLASSIFIABLE
        equivalence = _EQUIVALENCES.get(correlation, "relatedto") if is_matched else "unmatched"
        note = notes.setdefault(advice, advice)
        found.setdefault(refset, []).append(
            (
                _number(group),
                _number(priority),
                Mapping(code, target if is_matched else "", equivalence, note),
            )
        )


def value_sets(source: Source, version: str, name: Callable[[str], str]) -> list[Tree]:
    """The plain lists of concepts, of those that are not too long; `name` tells what a concept is called."""
    members: dict[str, list[str]] = {}
    for member in source.all(LISTS):
        for _, (active, refset, code) in table(
            member, ("active", "refsetId", "referencedComponentId"), separator="\t", quoted=False
        ):
            if active == "1":
                members.setdefault(refset, []).append(code)
    return list(_value_sets(members, version, name))


def _value_sets(members: dict[str, list[str]], version: str, name: Callable[[str], str]) -> Iterator[Tree]:
    for refset, codes in sorted(members.items()):
        if len(codes) <= LARGEST:
            title = name(refset) or f"Reference set {refset}"
            yield {
                "resourceType": "ValueSet", "url": f"{URL}?fhir_vs=refset/{refset}", "version": version,
                "name": f"Refset{refset}", "title": title, "status": "active", "copyright": SNOMED_NOTICE,
                "compose": {"include": [{"system": URL, "concept": [{"code": code} for code in dict.fromkeys(codes)]}]},
            }  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
