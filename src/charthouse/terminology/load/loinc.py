"""Reads LOINC from the complete release of the Regenstrief Institute.

Layout, from “LOINC Users' Guide, Appendix A” and the read-me files of the release: `Loinc.csv` (one row
for each term), `AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv` (earlier
`MultiAxialHierarchy.csv`), `AnswerFile/AnswerList.csv` and `LoincAnswerListLink.csv`, and
`LinguisticVariants/*LinguisticVariant.csv`. Names of properties follow loinc.org's FHIR CodeSystem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology.concept import DEFINITION, HEADING, INACTIVE, Designation, Row
from charthouse.terminology.load.kinds import LOINC_NOTICE, named
from charthouse.terminology.load.lines import wrong
from charthouse.terminology.load.loaded import Asked, Loaded, release, row
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import Once, table
from charthouse.terminology.versions import newest

TERMS: Final = r"(^|/)loinc\.csv$"
HIERARCHY: Final = r"(^|/)(component_?hierarchy_?by_?system|multi-?axial_?hierarchy)\.csv$"
ANSWERS: Final = r"(^|/)answerlist\.csv$"
LINKS: Final = r"(^|/)loincanswerlistlink\.csv$"
VARIANTS: Final = r"(^|/)linguisticvariants/{}\d*linguisticvariant\.csv$"
URL: Final = "http://loinc.org"
_CODE: Final = re.compile(r"\d{1,7}-\d")
_VERSION: Final = re.compile(r"loinc[-_ ]?v?(\d\.\d{1,3})(?!\d)", re.IGNORECASE)
_AXES: Final = ("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS")
_VALUES: Final = (
    "STATUS", "CLASSTYPE", "ORDER_OBS", "EXAMPLE_UCUM_UNITS", "UNITSREQUIRED", "PanelType",
    "VersionFirstReleased", "VersionLastChanged", "STATUS_REASON",
)  # fmt: skip
_NAMES: Final = ("SHORTNAME", "DisplayName", "CONSUMER_NAME")
_TEXTS: Final = (
    "RELATEDNAMES2",
    "DefinitionDescription",
    "EXTERNAL_COPYRIGHT_NOTICE",
    "SURVEY_QUEST_TEXT",
    "FORMULA",
)
_USES: Final = ("RELATEDNAMES2", DEFINITION, "EXTERNAL_COPYRIGHT_NOTICE", "SURVEY_QUEST_TEXT", "FORMULA")


def read(source: Source, asked: Asked) -> Loaded:
    """LOINC: terms; parts of the hierarchy as headings; answers, with each list of them as a value set."""
    member = source.need(TERMS, "the table of terms (Loinc.csv)")
    parents, parts = _hierarchy(source.find(HIERARCHY))
    links = _links(source.find(LINKS))
    translated = _translated(source, asked.languages)
    rows: list[Row] = list(parts)
    versions: set[str] = set()
    rows += _terms(member, parents, links, translated, versions)
    said = _VERSION.search(source.names)
    version = asked.version or (said[1] if said else newest(versions) or "")
    known = {made.code for made in rows}
    answers, value_sets = _answers(source.find(ANSWERS), version, known)
    for code, above in parents.items():
        for parent in above:
            if parent not in known:
                raise invalid(
                    "not-found", f"The hierarchy puts {code} under a part that it does not list.",
                    place="ComponentHierarchyBySystem.csv", value=parent, repair="Take all files from one release.",
                )  # fmt: skip
    loaded = Loaded(
        release(
            named("loinc"), asked, version, member.path, title=f"LOINC {version}", case_sensitive=False,
            properties=[(name, name.replace("_", " ").lower()) for name in (*_AXES, *_VALUES, "answer-list")],
        ),
        [*rows, *answers],
        value_sets=value_sets,
    )  # fmt: skip
    if not parents:
        loaded.notes.append("Without ComponentHierarchyBySystem.csv the terms have no hierarchy.")
    if not value_sets:
        loaded.notes.append("Without AnswerList.csv there are no lists of answers.")
    return loaded


def _terms(
    member: Member,
    parents: dict[str, tuple[str, ...]],
    links: dict[str, list[str]],
    translated: dict[str, list[Designation]],
    versions: set[str],
) -> Iterator[Row]:
    once = Once(member)
    second = len(_AXES) + len(_VALUES)
    third = second + len(_NAMES)
    for line, (code, display, *values) in table(
        member, ("LOINC_NUM", "LONG_COMMON_NAME", *_AXES, "STATUS"), (*_VALUES[1:], *_NAMES, *_TEXTS)
    ):
        if not _CODE.fullmatch(code):
            raise wrong(
                member, line, "This is no LOINC code.", code, "It has digits, a hyphen and one digit."
            )
        named_by = dict(zip((*_AXES, *_VALUES), values[:second], strict=True))
        versions.add(named_by["VersionLastChanged"])
        names = [Designation(name) for name in values[second:third]]
        names += [Designation(text, "", use) for use, text in zip(_USES, values[third:], strict=True)]
        properties = [*named_by.items(), *(("answer-list", one) for one in links.get(code, ()))]
        fully = ":".join(values[: len(_AXES) - 1]).rstrip(":")  # without the class
        yield row(
            once.add(line, code), display or fully, parents=parents.get(code, ()),
            flags=INACTIVE if named_by["STATUS"].upper() == "DEPRECATED" else 0,
            names=[Designation(fully), *names, *translated.get(code, ())], properties=properties,
        )  # fmt: skip


def _hierarchy(member: Member | None) -> tuple[dict[str, tuple[str, ...]], list[Row]]:
    """The parents of each code, and the parts, which are headings."""
    above: dict[str, tuple[str, ...]] = {}
    texts: dict[str, str] = {}
    if member is not None:
        for _, (code, parent, text) in table(member, ("CODE", "IMMEDIATE_PARENT", "CODE_TEXT")):
            held = above.get(code, ())
            if parent and parent not in held and parent != code:
                above[code] = (*held, parent)
            if not _CODE.fullmatch(code):
                texts.setdefault(code, text)
    return above, [
        row(code, text or code, parents=above.get(code, ()), flags=HEADING) for code, text in texts.items()
    ]


def _links(member: Member | None) -> dict[str, list[str]]:
    """The lists of answers of each term."""
    found: dict[str, list[str]] = {}
    if member is not None:
        for _, (code, answers) in table(member, ("LoincNumber", "AnswerListId")):
            lists = found.setdefault(code, [])
            if answers not in lists:
                lists.append(answers)
    return found


def _answers(member: Member | None, version: str, known: set[str]) -> tuple[list[Row], list[Tree]]:
    """Answers that are LOINC's own as concepts, and each list as a value set in its order."""
    rows: dict[str, Row] = {}
    lists: dict[str, tuple[str, list[tuple[int, str, str]]]] = {}
    if member is None:
        return [], []
    wanted, more = ("AnswerListId", "AnswerListName", "AnswerStringId", "DisplayText"), ("SequenceNumber",)
    for line, (number, name, code, text, place) in table(member, wanted, more):
        answers = lists.setdefault(number, (name, []))[1]
        if not code:
            continue  # a list whose answers are another system's
        if not text:
            raise wrong(
                member, line, "The answer has no text.", code, "Fetch the release from its publisher again."
            )
        answers.append((int(place) if place.isdigit() else len(answers), code, text))
        if code not in known:
            rows.setdefault(code, row(code, text))
    return list(rows.values()), [
        _value_set(number, name, version, answers) for number, (name, answers) in lists.items() if answers
    ]


def _value_set(number: str, name: str, version: str, answers: list[tuple[int, str, str]]) -> Tree:
    concepts = [{"code": code, "display": text} for _, code, text in sorted(answers, key=lambda one: one[0])]
    return {
        "resourceType": "ValueSet", "url": f"{URL}/vs/{number}", "version": version,
        "name": number.replace("-", "_"), "title": name, "status": "active", "publisher": "Regenstrief Institute, Inc.",
        "copyright": LOINC_NOTICE, "compose": {"include": [{"system": URL, "concept": concepts}]},
    }  # fmt: skip


def _translated(source: Source, languages: tuple[str, ...]) -> dict[str, list[Designation]]:
    """Names in other languages, of those asked for: `es-ES` stands in `esES12LinguisticVariant.csv`."""
    found: dict[str, list[Designation]] = {}
    for language in languages:
        member = source.need(
            VARIANTS.format(re.escape(language.replace("-", ""))), f"names in the language {language}"
        )
        for _, (code, name, long) in table(
            member, ("LOINC_NUM",), ("LinguisticVariantDisplayName", "LONG_COMMON_NAME")
        ):
            texts = dict.fromkeys(text for text in (long, name) if text)
            found.setdefault(code, []).extend(Designation(text, language) for text in texts)
    return found
