"""Puts the code systems, value sets and concept maps that HL7 publishes with R4 into the tables of code systems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard

from building.definitions import read
from building.sources import PROFILES, TERMS, VERSION
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.terminology import reading
from charthouse.terminology.concept import Release, Row
from charthouse.terminology.fill import fill
from charthouse.terminology.mapping import rows
from charthouse.terminology.versions import joined, split

MAPS: Final = "conceptmaps.json"
SOURCE: Final = "FHIR R4 (4.0.1) definitions, HL7 International"
COUNTRIES: Final = "urn:iso:std:iso:3166"
# Codes that only who has a licence may give on: lists of them are left out, and a set that has one says
# that a part of it is not at hand.
WITHHELD: Final = frozenset({"http://snomed.info/sct", "http://www.ama-assn.org/go/cpt"})
# Whose names of codes may not be given on without more; the bare codes of HL7's value sets stay.
LICENSED: Final = WITHHELD | {"http://loinc.org"}
_ENDINGS: Final = frozenset({"text", "contained"})
# What of a profile can be told from its differential and its base.
_TOLD: Final = frozenset({"snapshot", "mapping", "keyword", "contact", "meta"})
_LEVEL: Final = 19

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filled:
    """How much was put in."""

    systems: int
    concepts: int
    valuesets: int
    maps: int
    mappings: int
    profiles: int


def fill_hl7(connection: Connection, folder: Path) -> Filled:
    """Fill the tables from the raw definitions in `folder`, whose tables of terms must be there.

    A table of concept maps may be absent. A system, set or map that stands there already in the
    same version is put in anew.
    """
    resources = [item for file in TERMS for item in read(folder, file)]
    if (folder / MAPS).is_file():
        resources.extend(read(folder, MAPS))
    systems = [_parted(item) for item in resources if item["resourceType"] == "CodeSystem"]
    concepts = sum(
        fill(connection, reading.release(item, SOURCE), reading.rows(item), replace=True) for item in systems
    )
    countries = _countries(resources)
    concepts += sum(fill(connection, release, found, replace=True) for release, found in countries)
    sets = [item for item in resources if item["resourceType"] == "ValueSet"]
    maps = [item for item in resources if item["resourceType"] == "ConceptMap"]
    mappings = [mapping for item in maps for mapping in _mappings(item)]
    profiles = [item for item in _structures(folder) if item["version"] == VERSION]
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    with connection.transaction():
        connection.many(sql.put_artifact, [_artifact("ValueSet", _nameless(item)) for item in sets])
        connection.many(sql.put_artifact, [_artifact("ConceptMap", _without_elements(item)) for item in maps])
        connection.many(
            sql.put_artifact, [_artifact("StructureDefinition", _short(item)) for item in profiles]
        )
        connection.many(sql.put_mapping, mappings)
    return Filled(len(systems) + len(countries), concepts, len(sets), len(maps), len(mappings), len(profiles))


def _structures(folder: Path) -> Iterator[Json]:
    """The profiles and extensions that the standard itself defines; none where their files are absent."""
    for file in PROFILES:
        if (folder / file).is_file():
            yield from (item for item in read(folder, file) if item["resourceType"] == "StructureDefinition")


def _short(item: Json) -> Json:
    """A profile without what follows from its differential, and without mappings to other standards."""
    made = {name: value for name, value in item.items() if name not in _TOLD}
    elements = item["differential"]["element"]
    return made | {
        "differential": {
            "element": [
                {name: value for name, value in each.items() if name != "mapping"} for each in elements
            ]
        }
    }


def _parted(item: Json) -> Json:
    """A code system whose url holds its version too, as with some tables of HL7 v2, with both in their places."""
    url, version = split(item["url"], item.get("version"))
    return item | {"url": url, "version": version or ""}


def _artifact(kind: str, item: Json) -> tuple[str, str, str, bytes]:
    body = {name: value for name, value in item.items() if name not in _ENDINGS}
    compressed = zstandard.compress(msgspec.json.encode(body), _LEVEL)
    return kind, item["url"], item.get("version", ""), compressed


def _nameless(item: Json) -> Json:
    """A value set without lists of withheld codes, and without the names of licensed ones."""
    compose = dict(item.get("compose", {}))
    for name in ("include", "exclude"):
        if name in compose:
            compose[name] = [_part(part, item["url"]) for part in compose[name]]
    made = item | {"compose": compose}
    if "expansion" in item:
        made["expansion"] = _unnamed(item["expansion"])
        if _is_withheld(item["expansion"]):
            del made["expansion"]
    return made


def _is_withheld(item: Json) -> bool:
    return item.get("system") in WITHHELD or any(_is_withheld(row) for row in item.get("contains", ()))


def _part(part: Json, url: str) -> Json:
    if part.get("system") not in LICENSED or "concept" not in part:
        return part
    if part["system"] in WITHHELD:
        return {"system": part["system"], "valueSet": [f"{url}#withheld"]}
    return part | {"concept": [{"code": concept["code"]} for concept in part["concept"]]}


def _unnamed(item: Json) -> Json:
    """An expansion, or a row of one, without the names of licensed codes."""
    is_licensed = item.get("system") in LICENSED
    made = {
        name: value
        for name, value in item.items()
        if not (is_licensed and name in ("display", "designation"))
    }
    if "contains" in item:
        made["contains"] = [_unnamed(row) for row in item["contains"]]
    return made


def _without_elements(item: Json) -> Json:
    """A map without what stands in the table of mappings."""
    groups = item.get("group", ())
    return item | {"group": [{name: v for name, v in each.items() if name != "element"} for each in groups]}


def _mappings(item: Json) -> Iterator[tuple[str, str, str, int, str, str, str, str]]:
    """The rows of one map; those of one source are numbered."""
    map = joined(item["url"], item.get("version"))
    places: dict[tuple[str, str], int] = {}
    for row in rows(item):
        if WITHHELD & {row.source_system, row.target_system}:
            continue
        place = places[row.source_system, row.source] = places.get((row.source_system, row.source), -1) + 1
        yield (
            map, row.source_system, row.source, place, row.target_system, row.target, row.equivalence,
            row.comment or "",
        )  # fmt: skip


def _countries(resources: list[Json]) -> list[tuple[Release, list[Row]]]:
    """The countries as far as HL7's value sets list them, since ISO 3166 itself is not published with R4."""
    found = {
        concept["code"]: Row(concept["code"], concept.get("display", concept["code"]))
        for item in resources
        if item["resourceType"] == "ValueSet"
        for part in item["compose"].get("include", ())
        if part.get("system") == COUNTRIES
        for concept in part.get("concept", ())
    }
    release = Release(COUNTRIES, "", "ISO 3166, as far as R4 lists it", content="fragment", source=SOURCE)
    return [(release, list(found.values()))] if found else []
