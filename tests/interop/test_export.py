"""Exporting: one NDJSON file for each type, every byte as the record serves it, and each look at it in the audit."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from charthouse.access.check import Check
from charthouse.base.errors import Category, Problem
from tests.conformance.material import folder
from tests.interop.desk import Desk, exact, lines, patient, plain, weight

TREES = [
    patient("a", "Okafor"),
    patient("b", "Ruiz"),
    weight("wa", "Patient/a", "72.50"),
    weight("wb", "Patient/b", "1.0e2"),
    {"resourceType": "Organization", "id": "o", "name": "Charthouse «Clinic»"},
]


@pytest.fixture
def full(desk: Desk, tmp_path: Path) -> Desk:
    """A clinic with two patients, a weight for each, and an organization."""
    source = tmp_path / "all.ndjson"
    source.write_bytes(lines(*TREES))
    desk.load(source)
    return desk


def _lines(file: Path) -> list[bytes]:
    content = file.read_bytes()
    assert content.endswith(b"\n")
    return content.splitlines()


def test_each_type_has_a_file_and_each_resource_a_line(full: Desk, tmp_path: Path) -> None:
    assert full.export(tmp_path / "out") == {"Observation": 2, "Organization": 1, "Patient": 2}
    found = {file.name: _lines(file) for file in sorted((tmp_path / "out").iterdir())}
    assert list(found) == ["Observation.ndjson", "Organization.ndjson", "Patient.ndjson"]
    assert [plain(line.decode()) for file in found.values() for line in file] == [
        *TREES[2:4], TREES[4], *TREES[:2]
    ]  # fmt: skip
    assert all(json.loads(line)["meta"]["versionId"] == "1" for file in found.values() for line in file)
    assert b'"value":1.0e2' in found["Observation.ndjson"][1]


def test_only_the_types_asked_for_are_written(full: Desk, tmp_path: Path) -> None:
    assert full.export(tmp_path / "out", types=["Patient", "Claim"]) == {"Patient": 2}
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["Patient.ndjson"]


def test_a_patient_takes_along_what_is_theirs_alone(full: Desk, tmp_path: Path) -> None:
    assert full.export(tmp_path / "out", patients=["b"]) == {"Observation": 1, "Patient": 1}
    assert [json.loads(line)["id"] for line in _lines(tmp_path / "out" / "Observation.ndjson")] == ["wb"]
    assert full.export(tmp_path / "both", patients=["a", "b"]) == {"Observation": 2, "Patient": 2}


def test_what_was_deleted_is_not_exported_and_the_newest_version_is(full: Desk, tmp_path: Path) -> None:
    import asyncio

    from charthouse.access.actor import SYSTEM
    from charthouse.fhir.bundle import Entry

    changed = patient("b", "Ruiz", gender="male")
    asyncio.run(full.clinic.gate.commit(SYSTEM, [Entry("DELETE", "Observation", "wa")], interaction="delete"))
    asyncio.run(
        full.clinic.gate.commit(SYSTEM, [Entry("PUT", "Patient", "b", changed)], interaction="update")
    )
    assert full.export(tmp_path / "out") == {"Observation": 1, "Organization": 1, "Patient": 2}
    people = [exact(line) for line in _lines(tmp_path / "out" / "Patient.ndjson")]
    assert [(tree["id"], tree["meta"]["versionId"]) for tree in people] == [("a", "1"), ("b", "2")]


def test_an_export_stands_in_the_audit(full: Desk, tmp_path: Path) -> None:
    def events() -> int:
        with closing(full.clinic.open_audit()) as audit:
            report = Check(audit, full.clinic.keys.get("mark")).run()
            assert not report.findings
            return report.events

    before = events()
    full.export(tmp_path / "out")
    assert events() >= before + 3  # a row for each type at least


@pytest.mark.parametrize(
    ("options", "category"),
    [({"types": ["Dragon"]}, Category.INVALID), ({"patients": ["nobody"]}, Category.NOT_FOUND)],
)
def test_what_is_not_there_cannot_be_exported(
    full: Desk, tmp_path: Path, options: dict[str, list[str]], category: Category
) -> None:
    with pytest.raises(Problem) as refused:
        full.export(tmp_path / "out", **options)
    assert refused.value.category is category


def test_a_folder_with_files_is_left_alone(full: Desk, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(Problem, match="not empty"):
        full.export(tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_an_export_taken_in_by_an_empty_record_is_equal(
    full: Desk, desks: Callable[[], Desk], tmp_path: Path
) -> None:
    full.export(tmp_path / "out")
    other = desks()
    assert other.counts(tmp_path / "out") == (5, 5, 0, 0, 0)
    assert other.everything() == full.everything()
    assert full.counts(tmp_path / "out") == (5, 0, 0, 5, 0)


def test_real_records_go_out_and_in_again_unchanged(desks: Callable[[], Desk], tmp_path: Path) -> None:
    one, two = desks(), desks()
    with zipfile.ZipFile(folder("synthea-r4") / "patients_4.zip") as archive:
        for name in sorted(archive.namelist())[:6]:
            archive.extract(name, tmp_path / "in")
    one.load(tmp_path / "in")
    written = one.export(tmp_path / "out")
    report = two.load(tmp_path / "out")
    assert report["created"] == report["found"] == sum(written.values()) == one.checked().resources
    assert two.everything() == one.everything()
    id = next(id for type, id in one.everything() if type == "Patient")
    for name, count in one.export(tmp_path / "person", patients=[id]).items():
        assert count == len(_lines(tmp_path / "person" / f"{name}.ndjson"))
        for line in _lines(tmp_path / "person" / f"{name}.ndjson"):
            assert id in line.decode()
