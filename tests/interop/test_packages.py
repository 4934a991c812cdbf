"""FHIR packages: what is read, what becomes of it in the record, and what is refused."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charthouse.access.actor import SYSTEM
from charthouse.app import Clinic
from charthouse.base.errors import Category, Problem
from charthouse.base.settings import Settings
from charthouse.interop.packages import examples
from charthouse.interop.packages.install import install, resource_id
from charthouse.interop.packages.listed import packages
from charthouse.interop.packages.package import read
from tests.conformance.material import folder

BASE = "http://example.org/guide"
MANIFEST: dict[str, Any] = {
    "name": "org.example.guide",
    "version": "1.0.0",
    "title": "A guide",
    "canonical": BASE,
    "fhirVersions": ["4.0.1"],
    "dependencies": {"hl7.fhir.r4.core": "4.0.1", "org.example.base": "2.1.0"},
}
CODES: dict[str, Any] = {
    "resourceType": "CodeSystem", "id": "fish", "url": f"{BASE}/CodeSystem/fish", "version": "1.0.0",
    "status": "active", "content": "complete", "concept": [{"code": "pike"}],
}  # fmt: skip
SET: dict[str, Any] = {
    "resourceType": "ValueSet", "id": "lake", "url": f"{BASE}/ValueSet/lake", "version": "1.0.0",
    "status": "active", "compose": {"include": [{"system": CODES["url"]}]},
}  # fmt: skip
PERSON = {"resourceType": "Patient", "id": "somebody", "name": [{"family": "Somebody"}]}


def packed(place: Path, files: dict[str, Any], manifest: dict[str, Any] | None = MANIFEST) -> Path:
    """A package file with these members."""
    members = {f"package/{name}": content for name, content in files.items()}
    if manifest is not None:
        members["package/package.json"] = manifest
    with tarfile.open(place, "w:gz") as archive:
        for name, content in members.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return place


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    opened = Clinic.open(Settings(data=tmp_path / "clinic"), create=True, synchronous="OFF")
    yield opened
    opened.close()


def installed(clinic: Clinic, file: Path, **more: Any) -> Any:
    def present() -> set[str]:
        return {each.label for each in packages(clinic.canonical.all("ImplementationGuide"))}

    return install(clinic.intake(SYSTEM, "install"), read(file), present, **more)


def test_a_package_becomes_resources_that_take_effect(clinic: Clinic, tmp_path: Path) -> None:
    file = packed(tmp_path / "guide.tgz", {"CodeSystem-fish.json": CODES, "ValueSet-lake.json": SET})
    report = installed(clinic, file)
    assert (report.created, report.changed, report.equal) == (3, 0, 0)
    assert report.missing == ["org.example.base#2.1.0"]
    assert clinic.terminology.member(SET["url"], CODES["url"], "pike") is True
    assert clinic.terminology.member(SET["url"], CODES["url"], "newt") is False
    (listed,) = packages(clinic.canonical.all("ImplementationGuide"))
    assert listed.label == "org.example.guide#1.0.0"


def test_installing_again_changes_nothing(clinic: Clinic, tmp_path: Path) -> None:
    file = packed(tmp_path / "guide.tgz", {"CodeSystem-fish.json": CODES})
    installed(clinic, file)
    again = installed(clinic, file)
    assert (again.created, again.changed, again.equal) == (0, 0, 2)


def test_two_versions_stand_side_by_side_and_the_newest_is_taken(clinic: Clinic, tmp_path: Path) -> None:
    for version, codes in (("10.0.0", ["pike", "carp"]), ("9.1.0", ["pike"])):
        files = {"c.json": {**CODES, "version": version, "concept": [{"code": code} for code in codes]}}
        installed(clinic, packed(tmp_path / f"{version}.tgz", files, {**MANIFEST, "version": version}))
    newest = clinic.canonical.get("CodeSystem", CODES["url"])
    older = clinic.canonical.get("CodeSystem", CODES["url"], "9.1")
    assert newest is not None
    assert older is not None
    assert (newest["version"], older["version"]) == ("10.0.0", "9.1.0")
    assert len(packages(clinic.canonical.all("ImplementationGuide"))) == 2


def test_a_package_with_an_unsound_resource_is_refused_whole(clinic: Clinic, tmp_path: Path) -> None:
    wrong = {**SET, "status": "perhaps"}
    file = packed(tmp_path / "guide.tgz", {"c.json": CODES, "v.json": wrong})
    with pytest.raises(Problem) as refused:
        installed(clinic, file)
    issue = refused.value.issues[0]
    assert issue.place == "ValueSet.status"
    assert SET["url"] in issue.message
    assert clinic.canonical.get("CodeSystem", CODES["url"]) is None
    report = installed(clinic, file, skip_unsound=True)
    assert report.created == 2
    assert len(report.skipped) == 1


def test_examples_come_only_when_they_are_wanted(clinic: Clinic, tmp_path: Path) -> None:
    file = packed(tmp_path / "guide.tgz", {"c.json": CODES, "example/Patient-somebody.json": PERSON})
    installed(clinic, file)
    assert clinic.tallies().get("Patient", 0) == 0
    assert examples.load(clinic, read(file))["created"] == 1
    assert clinic.tallies()["Patient"] == 1


def test_an_id_tells_the_version_and_fits() -> None:
    assert resource_id(CODES, "1.0.0") == "fish-1.0.0"
    long = resource_id({**CODES, "id": "x" * 64}, "1.0.0")
    assert len(long) == 64
    assert long != resource_id({**CODES, "id": "x" * 64}, "1.0.1")


@pytest.mark.parametrize(
    ("files", "manifest", "named"),
    [
        ({"c.json": CODES}, None, "package.json"),
        ({"c.json": CODES}, {**MANIFEST, "name": "A Guide"}, "name"),
        ({"c.json": CODES}, {**MANIFEST, "version": None}, "version"),
        ({"c.json": CODES}, b"{", "package.json"),
        ({"c.json": b'{"resourceType": '}, MANIFEST, "c.json"),
        ({"c.json": {**CODES, "url": None}}, MANIFEST, "c.json"),
        ({"../../c.json": CODES}, MANIFEST, "c.json"),
    ],
)
def test_a_damaged_package_is_refused_and_the_member_named(
    tmp_path: Path, files: dict[str, Any], manifest: Any, named: str
) -> None:
    with pytest.raises(Problem) as refused:
        read(packed(tmp_path / "guide.tgz", files, manifest))
    assert refused.value.category is Category.INVALID
    assert named in f"{refused.value.issues[0].place} {refused.value.issues[0].message}"


def test_a_package_for_another_fhir_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        read(packed(tmp_path / "guide.tgz", {}, {**MANIFEST, "fhirVersions": ["5.0.0"]}))
    assert refused.value.category is Category.UNSUPPORTED


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00damaged"])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "guide.tgz").write_bytes(content)
    with pytest.raises(Problem):
        read(tmp_path / "guide.tgz")
    with pytest.raises(Problem):
        read(tmp_path / "none.tgz")


def test_us_core_is_installed_whole(clinic: Clinic) -> None:
    report = installed(clinic, folder("us-core") / "us_core_610.tgz")
    assert report.created == 210
    assert report.by_type["StructureDefinition"] == 59
    assert report.by_type["ValueSet"] == 36
    found = clinic.canonical.structure(
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|6.1.0"
    )
    assert found is not None
    assert found["type"] == "Patient"
