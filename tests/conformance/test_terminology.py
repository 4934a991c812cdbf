"""Public value sets: those of US Core 6.1.0, and those of three quality measures with their expansions."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Place
from charthouse.terminology.answers import Coding
from charthouse.terminology.artifacts import Gathered
from charthouse.terminology.terminology import Terminology
from charthouse.terminology.ucum import Ucum
from tests.conformance.material import folder
from tests.unit.terminology.shipped import made

Tree = dict[str, Any]
CORE = "http://hl7.org/fhir/us/core"
# What R4 and US Core leave to others, so that these value sets cannot be listed without more being loaded.
ELSEWHERE = {
    "http://snomed.info/sct", "http://loinc.org", "http://www.ama-assn.org/go/cpt", "https://www.usps.com/",
    "http://www.nubc.org/patient-discharge", "urn:ietf:bcp:47",
}  # fmt: skip
EXPANDED = {
    "us-core-clinical-note-type", "us-core-clinical-result-observation-category", "us-core-diagnosticreport-category",
    "us-core-documentreference-category", "us-core-narrative-status", "us-core-observation-smoking-status-status",
    "us-core-problem-or-health-concern", "us-core-provenance-participant-type",
    "us-core-screening-assessment-condition-category", "us-core-screening-assessment-observation-category",
    "us-core-servicerequest-category", "us-core-sexual-orientation", "us-core-simple-observation-category",
    "us-core-smoking-status-observation-codes", "us-core-vital-signs",
}  # fmt: skip
VSAC = "http://cts.nlm.nih.gov/fhir/ValueSet/"


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("shipped"))


@pytest.fixture(scope="module")
def core() -> list[Tree]:
    """The ValueSets and CodeSystems of the package."""
    found = []
    with tarfile.open(folder("us-core") / "us_core_610.tgz") as opened:
        for member in opened:
            path = Path(member.name)
            if path.parent == Path("package") and path.name.startswith(("ValueSet-", "CodeSystem-")):
                content = opened.extractfile(member)
                assert content is not None
                found.append(json.loads(content.read()))
    return found


@pytest.fixture(scope="module")
def asked(shipped: Place, core: list[Tree]) -> Iterator[Terminology]:
    found = Terminology(shipped, None, Gathered(core), units=Ucum())
    yield found
    found.close()


def measures() -> Iterator[tuple[str, Tree]]:
    """(name of the archive, ValueSet) of the quality measures."""
    for archive in sorted(folder("ecqm").glob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.startswith("valueset/") and name.endswith(".json"):
                    yield archive.name, json.loads(opened.read(name))


def rows(contains: list[Tree]) -> Iterator[Tree]:
    for row in contains:
        if "code" in row:
            yield row
        yield from rows(row.get("contains", []))


def test_value_sets_of_us_core_expand_or_name_what_is_missing(asked: Terminology, core: list[Tree]) -> None:
    expanded, missing = {}, {}
    for tree in core:
        if tree["resourceType"] == "ValueSet":
            try:
                expanded[tree["id"]] = asked.expand(tree["url"])
            except Problem as failure:
                if failure.category not in (Category.UNSUPPORTED, Category.NOT_FOUND):
                    raise
                missing[tree["id"]] = str(failure.issues[0].value)
    assert len(expanded) + len(missing) == 36
    unexplained = {
        name: value for name, value in missing.items()
        if value not in ELSEWHERE and not value.startswith(VSAC) and not value.endswith("#withheld")
    }  # fmt: skip
    assert not unexplained
    assert set(expanded) == EXPANDED - {
        "us-core-servicerequest-category"
    }  # lists SNOMED CT codes of the standard
    for name, expansion in expanded.items():
        assert expansion.total == len(expansion.rows) > 0, name
        for row in expansion.rows:
            assert asked.member(str(expansion.url), row.system, row.code) is True, (name, row)
            assert asked.member(str(expansion.url), row.system, "no-such-code") is False, name


def test_what_us_core_lists_is_listed_whole_and_in_its_order(asked: Terminology, core: list[Tree]) -> None:
    compared = 0
    for tree in core:
        compose = tree.get("compose", {})
        parts = compose.get("include", [])
        if parts and "exclude" not in compose and all("concept" in part for part in parts):
            expected = [(part["system"], item["code"]) for part in parts for item in part["concept"]]
            found = [(row.system, row.code) for row in asked.expand(tree["url"]).rows]
            assert found == expected, tree["url"]
            compared += 1
    assert compared == 8


@pytest.mark.parametrize(
    ("valueset", "system", "code", "expected"),
    [
        ("simple-language", "urn:ietf:bcp:47", "en", True), ("simple-language", "urn:ietf:bcp:47", "en-US", True),
        ("simple-language", "urn:ietf:bcp:47", "zh-Hant", False),
        ("simple-language", "urn:ietf:bcp:47", "english", False),
        ("us-core-servicerequest-category", f"{CORE}/CodeSystem/us-core-category", "sdoh", True),
        ("us-core-servicerequest-category", f"{CORE}/CodeSystem/us-core-category", "sodh", False),
        ("us-core-problem-or-health-concern", f"{CORE}/CodeSystem/condition-category", "health-concern", True),
        ("us-core-problem-or-health-concern", f"{CORE}/CodeSystem/condition-category", "encounter-diagnosis", False),
        ("us-core-condition-code", "http://snomed.info/sct", "160245001", True),
        ("us-core-condition-code", "http://snomed.info/sct", "44054006", None),
        ("us-core-clinical-note-type", "http://loinc.org", "18842-5", True),
        ("us-core-clinical-note-type", "http://loinc.org", "1-1", False),
        ("birthsex", "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender", "F", None),
    ],
)  # fmt: skip
def test_codes_are_told_apart_as_far_as_can_be_known(
    asked: Terminology, valueset: str, system: str, code: str, expected: bool | None
) -> None:
    url = f"{CORE}/ValueSet/{valueset}"
    assert asked.member(url, system, code) is expected
    assert asked.validate_code(url, [Coding(system, code)]).result is expected
    if expected is None:
        assert asked.unchecked(url)


def test_every_row_of_an_expansion_that_came_along_is_a_member_and_a_made_up_code_is_not() -> None:
    held: dict[str, Gathered] = {}
    trees = list(measures())
    for archive, tree in trees:
        held.setdefault(archive, Gathered()).put(tree)
    asked = {archive: Terminology(None, None, artifacts) for archive, artifacts in held.items()}
    checked = 0
    for archive, tree in trees:
        found = asked[archive]
        listed = list(rows(tree["expansion"].get("contains", [])))
        for row in listed:
            assert found.member(tree["url"], row["system"], row["code"]) is True, (tree["url"], row)
            checked += 1
        for system in {row["system"] for row in listed}:
            assert found.member(tree["url"], system, "no-such-code") is False
        if listed:
            assert found.member(tree["url"], "http://example.org/none", listed[0]["code"]) is False
            assert found.expand(tree["url"]).total == len({(row["system"], row["code"]) for row in listed})
    assert checked > 10_000


def test_a_verdict_on_a_row_that_came_along_has_its_display() -> None:
    archive, tree = next((name, each) for name, each in measures() if each["expansion"].get("contains"))
    asked = Terminology(None, None, Gathered([tree]))
    row = next(rows(tree["expansion"]["contains"]))
    verdict = asked.validate_code(tree["url"], [Coding(row["system"], row["code"], display="something else")])
    assert verdict.result is True, archive
    assert verdict.display == row["display"]
    assert row["display"] in str(verdict.message)
