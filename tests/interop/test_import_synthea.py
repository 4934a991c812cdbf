"""A hundred real records: every element comes back as it was, and the totals add up."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.material import folder
from tests.interop.desk import KEPT, Desk, exact, linked, plain

FOUND = 31_510


@pytest.fixture(scope="module")
def sources() -> list[Path]:
    """The archives of the patients' Bundles."""
    return sorted(folder("synthea-r4").glob("patients_*.zip"))


@pytest.fixture(scope="module")
def desk(sources: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A clinic that took them all in."""
    opened = Desk.open(tmp_path_factory.mktemp("synthea"))
    report = opened.load(*sources, processes=2)
    assert report["refused"] == 0, opened.refused()[:3]
    assert report["found"] == FOUND
    yield opened
    opened.close()


def _bundles(sources: list[Path]) -> Iterator[Any]:
    for source in sources:
        with zipfile.ZipFile(source) as archive:
            for name in sorted(archive.namelist()):
                yield exact(archive.read(name))


def test_every_element_and_every_digit_comes_back(desk: Desk, sources: list[Path]) -> None:
    record = desk.clinic.record
    connection = record.connection()
    compared: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for bundle in _bundles(sources):
        targets = {
            entry["fullUrl"]: f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
            for entry in bundle["entry"]
        }
        for entry in bundle["entry"]:
            tree = entry["resource"]
            stored = record.reader.head(connection, tree["resourceType"], tree["id"])
            assert stored is not None
            found, wanted = plain(exact(stored.body)), plain(linked(tree, targets))
            assert found == wanted, f"{tree['resourceType']}/{tree['id']}"
            assert [name for name in found if name != "meta"] == [name for name in wanted if name != "meta"]
            compared[tree["resourceType"]] += 1
            seen.add((tree["resourceType"], tree["id"]))
    assert compared.total() == FOUND
    assert compared["Observation"] == 13_450
    assert desk.checked().resources == len(seen)


def test_no_reference_leads_nowhere(desk: Desk) -> None:
    assert desk.checked().dangling == 0


def test_each_patient_holds_what_is_about_them(desk: Desk, sources: list[Path]) -> None:
    """The home of a resource is the patient of its Bundle; staff and organizations belong to nobody."""
    record = desk.clinic.record
    connection = record.connection()
    for bundle in list(_bundles(sources))[::10]:
        trees = [entry["resource"] for entry in bundle["entry"]]
        (id,) = (tree["id"] for tree in trees if tree["resourceType"] == "Patient")
        home = record.reader.head(connection, "Patient", id)
        assert home is not None
        for tree in trees:
            type = tree["resourceType"]
            stored = record.reader.head(connection, type, tree["id"])
            assert stored is not None
            assert stored.home == (0 if type in ("Organization", "Practitioner") else home.key), stored


def test_a_second_import_finds_all_as_it_is(desk: Desk, sources: list[Path]) -> None:
    before = desk.written()
    report = desk.load(*sources, processes=2)
    assert [report[name] for name in KEPT] == [FOUND, 0, 0, FOUND, 0]
    assert desk.written() == before


@pytest.mark.soak
def test_an_export_taken_in_elsewhere_is_equal(desk: Desk, tmp_path: Path) -> None:
    written = desk.export(tmp_path / "out")
    assert sum(written.values()) == desk.checked().resources
    other = Desk.open(tmp_path / "other")
    try:
        report = other.load(tmp_path / "out", processes=2)
        assert report["created"] == report["found"] == sum(written.values())
        assert other.everything() == desk.everything()
    finally:
        other.close()
