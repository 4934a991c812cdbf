"""The shipped file holds what HL7 publishes with R4, counted one by one in the raw definitions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from building import hl7
from building.sources import TERMS
from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection, Place, connect
from charthouse.terminology.answers import Coding
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.shipped import raw

THO, FHIR = "http://terminology.hl7.org", "http://hl7.org/fhir"


@pytest.fixture(scope="module")
def asked(shipped: Place) -> Iterator[Terminology]:
    found = Terminology(shipped)
    yield found
    found.close()


def resources(kind: str) -> Iterator[dict[str, Any]]:
    folder = raw()
    for name in (*TERMS, hl7.MAPS):
        if (folder / name).is_file():
            for entry in json.loads((folder / name).read_bytes())["entry"]:
                if entry["resource"]["resourceType"] == kind:
                    yield entry["resource"]


def nested(items: list[dict[str, Any]]) -> int:
    return sum(1 + nested(item.get("concept", [])) for item in items)


def test_every_code_system_value_set_and_map_is_there_with_all_its_concepts(shipped: Place) -> None:
    connection = connect(shipped)
    systems = list(resources("CodeSystem"))
    shown = connection.run("SELECT SUM(concepts), COUNT(*) FROM term_system WHERE url <> ?", (hl7.COUNTRIES,))
    assert shown == [(sum(nested(item.get("concept", [])) for item in systems), len(systems))]
    for kind in ("ValueSet", "ConceptMap"):
        counted = connection.one("SELECT COUNT(*) FROM term_artifact WHERE kind = ?", (kind,))
        assert counted == (len(list(resources(kind))),)
    targets = [
        target for item in resources("ConceptMap") for group in item["group"] for element in group["element"]
        for target in element.get("target", ())
        if not hl7.WITHHELD & {group.get("source"), group.get("target")}
    ]  # fmt: skip
    assert connection.one("SELECT COUNT(*) FROM term_mapping") == (len(targets),)
    connection.close()


def test_the_counts_of_this_release_are_those_that_are_known(shipped: Place) -> None:
    connection = connect(shipped)
    assert connection.one("SELECT COUNT(*), SUM(concepts) FROM term_system") == (1064, 20978)
    assert connection.one("SELECT COUNT(*) FROM term_artifact WHERE kind = 'ValueSet'") == (1317,)
    connection.close()


def test_a_folder_without_maps_will_do_and_filling_twice_changes_nothing(
    tables: Connection, tmp_path: Path
) -> None:
    source = raw()
    for name in TERMS:
        (tmp_path / name).symlink_to(source / name)
    if tables.dialect == "postgres":
        pytest.skip("the build fills SQLite")
    first = hl7.fill_hl7(tables, tmp_path)
    assert (first.maps, first.mappings) == (0, 0)
    assert hl7.fill_hl7(tables, tmp_path) == first


def test_no_narrative_and_no_names_of_licensed_codes_are_shipped(shipped: Place) -> None:
    connection = connect(shipped)
    for url, body in connection.run("SELECT url, body FROM term_artifact"):
        tree = json.loads(zstandard.decompress(body))
        assert "text" not in tree, url
        for part in tree.get("compose", {}).get("include", ()):
            if part.get("system") in hl7.WITHHELD:
                assert "concept" not in part, url
            if part.get("system") in hl7.LICENSED:
                assert all(set(item) == {"code"} for item in part.get("concept", ())), url
    for url in hl7.WITHHELD:
        assert (
            connection.run("SELECT 1 FROM term_mapping WHERE ? IN (source_system, target_system)", (url,))
            == []
        )
        assert connection.run("SELECT 1 FROM term_system WHERE url = ? AND concepts > 0", (url,)) == []
    for url, about in connection.run("SELECT url, about FROM term_system"):
        assert b'"text":' not in about, url
    connection.close()


def test_concepts_of_v3_stand_below_all_their_parents(asked: Terminology) -> None:
    url = f"{THO}/CodeSystem/v3-ActCode"
    several = 0
    for item in next(item for item in resources("CodeSystem") if item["url"] == url)["concept"]:
        several += check_children(asked, url, item)
    assert several


def check_children(asked: Terminology, url: str, item: dict[str, Any]) -> int:
    """Each nested concept and each `child` is below; how many children were only named."""
    named = [each["valueCode"] for each in item.get("property", ()) if each["code"] == "child"]
    for code in (*named, *(each["code"] for each in item.get("concept", ()))):
        assert asked.subsumes(url, item["code"], code) == "subsumes"
    return len(named) + sum(check_children(asked, url, each) for each in item.get("concept", ()))


def test_headings_and_ended_codes_are_marked(asked: Terminology) -> None:
    assert not asked.lookup(f"{THO}/CodeSystem/v3-ActCode", "_ActEncounterCode").is_selectable
    assert not asked.lookup(f"{THO}/CodeSystem/v3-ActMood", "CRT").is_active
    gender = asked.lookup(f"{FHIR}/administrative-gender", "male")
    assert (gender.is_active, gender.is_selectable, gender.display) == (True, True, "Male")
    assert gender.definition


def test_versions_of_a_v2_table_do_not_clash(asked: Terminology) -> None:
    found = [
        each.release.version for each in asked.systems() if each.release.url == f"{THO}/CodeSystem/v2-0006"
    ]
    assert found == ["2.4", "2.1"]
    assert asked.member(f"{THO}/ValueSet/v2-2.1-0006", f"{THO}/CodeSystem/v2-0006", "A") is not None


def test_a_v2_table_takes_codes_in_any_case_since_it_does_not_say(asked: Terminology) -> None:
    assert asked.member(f"{THO}/ValueSet/v2-0131", f"{THO}/CodeSystem/v2-0131", "n") is True


@pytest.mark.parametrize(
    ("valueset", "code", "expected"),
    [
        ("administrative-gender", "female", True), ("administrative-gender", "F", False),
        ("observation-status", "final", True),
        ("mimetypes", "text/plain", True), ("all-languages", "de", True), ("iso3166-1-2", "US", True),
        ("iso3166-1-2", "ZZ", False), ("currencies", "USD", None), ("iso3166-1-3", "USA", None),
        ("none-such", "x", None),
    ],
)  # fmt: skip
def test_value_sets_of_the_standard_answer(
    asked: Terminology, valueset: str, code: str, expected: bool | None
) -> None:
    assert asked.member(f"{FHIR}/ValueSet/{valueset}", None, code) is expected
    assert asked.member(f"{FHIR}/ValueSet/{valueset}|4.0.1", None, code) is expected
    assert (asked.unchecked(f"{FHIR}/ValueSet/{valueset}") is None) is (expected is not None)


def test_the_standards_own_example_of_an_expansion_is_the_one_given(asked: Terminology) -> None:
    """R4 valueset-inactive.html, but for the codes that later editions of ActMood added."""
    tree = asked.valueset(f"{FHIR}/ValueSet/inactive")
    assert tree is not None
    rows = {row.code: row.is_active for row in asked.expand(f"{FHIR}/ValueSet/inactive").rows}
    assert rows.items() >= {("CRT", False), ("EXPEC", True), ("GOL", True), ("RSK", True), ("OPT", True)}
    active = asked.expand(f"{FHIR}/ValueSet/inactive", active_only=True)
    assert [row.code for row in active.rows] == ["EXPEC", "GOL", "RSK", "OPT"]


def test_every_value_set_of_the_standard_expands_or_says_what_is_missing(asked: Terminology) -> None:
    expanded = withheld = 0
    for item in resources("ValueSet"):
        try:
            expansion = asked.expand(item["url"])
        except Problem as failure:
            if failure.category not in (Category.UNSUPPORTED, Category.NOT_FOUND):
                raise
            withheld += str(failure.issues[0].value).endswith("#withheld")
            continue
        expanded += 1
        assert expansion.total == len(expansion.rows)
        for row in expansion.rows[:3]:
            assert asked.member(item["url"], row.system, row.code) is True, (item["url"], row)
        assert asked.member(item["url"], "http://example.org/none", "no-such") in (False, None)
    assert expanded + withheld >= 1220
    assert withheld < 40


def test_maps_of_the_standard_translate(asked: Terminology) -> None:
    if not list(resources("ConceptMap")):
        pytest.skip("the raw files at hand have no concept maps")
    url = f"{FHIR}/ConceptMap/cm-administrative-gender-v3"
    translation = asked.translate([Coding(f"{FHIR}/administrative-gender", "female")], url=url)
    assert [match.coding.code for match in translation.matches if match.coding] == ["F"]
    assert translation.matches[0].coding is not None
    assert translation.matches[0].coding.display == "Female"
