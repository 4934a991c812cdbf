"""Reads SNOMED CT from a snapshot in Release Format 2.

Layout, from “SNOMED CT Release File Specifications”, sections 4.2 (components) and 5 (reference sets): files
parted by tabs with a header, UTF-8, nothing quoted; the edition and the date stand in their names. Versions
and names of properties are those of R4 snomedct.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from charthouse.base.errors import Problem, invalid
from charthouse.terminology.concept import DEFINITION, INACTIVE, Designation, Row
from charthouse.terminology.load import refsets
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.lines import wrong
from charthouse.terminology.load.loaded import Asked, Loaded, day, release, row
from charthouse.terminology.load.source import AGAIN, Member, Source
from charthouse.terminology.load.table import table

CONCEPTS: Final = r"sct2_concept_snapshot[^/]*\.txt$"
DESCRIPTIONS: Final = r"sct2_description_snapshot[^/]*\.txt$"
DEFINITIONS: Final = r"sct2_textdefinition_snapshot[^/]*\.txt$"
RELATIONS: Final = r"sct2_relationship_snapshot[^/]*\.txt$"
VALUES: Final = r"sct2_relationshipconcretevalues_snapshot[^/]*\.txt$"
URL: Final = "http://snomed.info/sct"
IS_A: Final = "116680003"
FULL_NAME: Final = "900000000000003001"
DEFINED: Final = "900000000000073002"
STATED: Final = "900000000000010007"
# what the name of a file says of the edition -> the module that identifies it
EDITIONS: Final = {"INT": "900000000000207008", "US1000124": "731000124108", "US": "731000124108"}
_NAMED: Final = re.compile(r"_([A-Z]{2,3}\d*)_(20\d{6})(?:T\d+Z?)?\.txt$", re.IGNORECASE)


class _Concept:
    """What the files say of one concept."""

    __slots__ = (
        "code",
        "definition",
        "display",
        "flags",
        "full",
        "is_defined",
        "module",
        "names",
        "parents",
        "values",
    )

    def __init__(self, code: str, module: str, *, is_active: bool, is_defined: bool) -> None:
        self.code = code
        self.module = module
        self.flags = 0 if is_active else INACTIVE
        self.is_defined = is_defined
        self.display = ""
        self.full = ""
        self.definition = ""
        self.names: tuple[Designation, ...] = ()
        self.parents: tuple[str, ...] = ()
        self.values: tuple[tuple[str, str], ...] = ()


Concepts = dict[str, _Concept]


def read(source: Source, asked: Asked) -> Loaded:
    """SNOMED CT: concepts with their hierarchy, attributes and names, maps and reference sets.

    Everything is read before the first concept is given: names, relations and concepts lie in files of their own.
    """
    member = source.need(CONCEPTS, "the snapshot of concepts (sct2_Concept_Snapshot….txt)")
    relations = source.need(RELATIONS, "the snapshot of relationships (sct2_Relationship_Snapshot….txt)")
    source.need(r"sct2_description_snapshot", "descriptions (sct2_Description_Snapshot….txt)")
    version, published = _version(member, asked)
    concepts = _concepts(member)
    _relate(relations, concepts)
    values = source.find(VALUES)
    if values is not None:
        _measure(values, concepts)
    preferred = refsets.preferred(source)
    for each in source.all(DESCRIPTIONS):
        _describe(each, concepts, preferred)
    for each in source.all(DEFINITIONS):
        _define(each, concepts)
    loaded = Loaded(
        release(
            named("snomed"), asked, version, source.path.name, title=f"SNOMED CT, {published or version}",
            valid_from=published,
            properties=(("sufficientlyDefined", "whether its attributes define it"), ("moduleId", "who maintains it")),
        ),
        (),
    )  # fmt: skip
    loaded.maps = refsets.maps(source, loaded.notes)
    loaded.value_sets = refsets.value_sets(source, version, lambda code: _name(concepts.get(code)))
    loaded.rows = _rows(member, concepts)
    return loaded


def _version(member: Member, asked: Asked) -> tuple[str, str | None]:
    """The version as R4 writes it, and the day of the release.

    Raises Problem(invalid) for an edition that is not known here, unless the version was given.
    """
    found = _NAMED.search(member.path)
    edition, date = (found[1].upper(), found[2]) if found else ("", "")
    if asked.version:
        return asked.version, day(date or asked.version.rpartition("/")[2])
    if edition not in EDITIONS:
        raise invalid(
            "not-found", "The edition of this release is not known here.", place=member.name, value=edition or "none",
            repair=f"Say its version, as in `--version {URL}/731000124108/version/20260901`."
        )  # fmt: skip
    return f"{URL}/{EDITIONS[edition]}/version/{date}", day(date)


def _concepts(member: Member) -> Concepts:
    concepts: Concepts = {}
    modules: dict[str, str] = {}
    columns = ("id", "active", "moduleId", "definitionStatusId")
    for line, (code, active, module, status) in table(member, columns, separator="\t", quoted=False):
        if not code.isdigit() or active not in ("0", "1"):
            raise wrong(member, line, "The row is no concept.", code, AGAIN)
        if code in concepts:
            raise wrong(
                member,
                line,
                "The concept is given twice.",
                code,
                "Take the files of the Snapshot, not of Full or Delta.",
            )
        module = modules.setdefault(module, module)
        concepts[code] = _Concept(code, module, is_active=active == "1", is_defined=status == DEFINED)
    return concepts


def _relate(member: Member, concepts: Concepts) -> None:
    """Parents and attributes. Groups of attributes are not kept: a property says what, not together with what."""
    types: dict[str, str] = {}
    columns = ("active", "sourceId", "destinationId", "typeId", "characteristicTypeId")
    for line, (active, code, target, kind, character) in table(member, columns, separator="\t", quoted=False):
        if active != "1" or character == STATED:
            continue
        concept, other = concepts.get(code), concepts.get(target)
        if concept is None or other is None:
            raise _stray(member, line, code if concept is None else target)
        if kind == IS_A:
            concept.parents += (other.code,)
        else:
            concept.values += ((types.setdefault(kind, kind), other.code),)


def _measure(member: Member, concepts: Concepts) -> None:
    """Attributes whose value is a number or a text: `#500`, `"text"`."""
    types: dict[str, str] = {}
    for line, (active, code, value, kind) in table(
        member, ("active", "sourceId", "value", "typeId"), separator="\t", quoted=False
    ):
        if active == "1":
            concept = concepts.get(code)
            if concept is None:
                raise _stray(member, line, code)
            concept.values += ((types.setdefault(kind, kind), value.removeprefix("#").strip('"')),)


def _describe(member: Member, concepts: Concepts, preferred: set[int]) -> None:
    languages: dict[str, str] = {}
    columns = ("id", "active", "conceptId", "languageCode", "typeId", "term")
    for line, (number, active, code, language, kind, term) in table(
        member, columns, separator="\t", quoted=False
    ):
        if active != "1":
            continue
        concept = concepts.get(code)
        if concept is None or not number.isdigit() or not term:
            raise _stray(member, line, code)
        language = languages.setdefault(language, language)
        if kind == FULL_NAME:
            if not concept.full or int(number) in preferred:
                concept.full = term
        elif language == "en" and int(number) in preferred and not concept.display:
            concept.display = term
        else:
            concept.names += (Designation(term, language),)


def _define(member: Member, concepts: Concepts) -> None:
    columns = ("active", "conceptId", "languageCode", "term")
    for line, (active, code, language, term) in table(member, columns, separator="\t", quoted=False):
        if active == "1":
            concept = concepts.get(code)
            if concept is None:
                raise _stray(member, line, code)
            if language == "en" or not concept.definition:
                concept.definition = term


def _rows(member: Member, concepts: Concepts) -> Iterator[Row]:
    """The concepts; what was gathered for each is let go, so that it is not held twice."""
    for code in list(concepts):
        one = concepts.pop(code)
        names = [
            Designation(one.full, "en", FULL_NAME),
            *one.names,
            Designation(one.definition, "en", DEFINITION),
        ]
        display = _name(one)
        if not display:
            raise invalid(
                "required", "A concept has no description.", place=member.name, value=code,
                repair="Take concepts and descriptions from one release.",
            )  # fmt: skip
        defined = "true" if one.is_defined else "false"
        yield row(
            code, display, parents=dict.fromkeys(one.parents), flags=one.flags, names=names,
            properties=(("sufficientlyDefined", defined), ("moduleId", one.module), *dict.fromkeys(one.values)),
        )  # fmt: skip


def _name(concept: _Concept | None) -> str:
    """What a concept is called: its preferred name, else some other."""
    if concept is None:
        return ""
    return concept.display or (concept.names[0].text if concept.names else concept.full)


def _stray(member: Member, line: int, code: str) -> Problem:
    return wrong(
        member, line, "The row is about a concept that the release does not have.", code,
        "Take all files from one release; an extension alone is none, load the edition that contains it.",
    )  # fmt: skip
