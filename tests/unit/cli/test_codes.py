"""`charthouse codes`: what is here, loading a release, what is in force, finding a code, taking a release out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.terminal import charthouse
from tests.unit.terminology.load import publishers
from tests.unit.terminology.load.publishers import pack, write

OWN = ("--url", "https://clinic.example/services", "--version", "3", "--title", "Our services")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clinic in it, into which HCPCS, LOINC and a table of one's own were loaded."""
    folder = tmp_path_factory.mktemp("codes")
    assert charthouse(folder, "init").returncode == 0
    loads: tuple[tuple[Path, tuple[str, ...]], ...] = (
        (pack(folder / "Loinc_2.82.zip", publishers.LOINC), ("--language", "es-ES")),
        (write(folder / "own", {"own.csv": publishers.OWN}), OWN),
    )
    for path, options in loads:
        done = charthouse(folder, "codes", "import", path, *options)
        assert done.returncode == 0, done.stderr
    return folder


def listed(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(charthouse(folder, "codes", "list", "--json").stdout)
    return found


def test_every_code_system_is_listed_with_its_version_and_where_it_is_from(clinic: Path) -> None:
    found = {(one["url"], one["version"]): one for one in listed(clinic)}
    assert found["http://loinc.org", "2.82"]["place"] == "loaded"
    assert found["http://loinc.org", "2.82"]["is_used"]
    assert found["https://clinic.example/services", "3"]["title"] == "Our services"
    plain = charthouse(clinic, "codes", "list").stdout
    assert "loaded: LoincTable/Loinc.csv" in plain
    assert "https://clinic.example/services" in plain


def test_an_import_tells_counts_the_owners_notice_and_what_comes_into_force(
    clinic: Path, tmp_path: Path
) -> None:
    done = charthouse(
        clinic, "codes", "import", pack(tmp_path / "cpt.zip", publishers.CPT), "--version", "2031"
    )
    assert done.returncode == 0, done.stderr
    assert "2 concepts" in done.stdout
    assert "American Medical Association" in done.stdout
    assert "It comes into force on 2031-01-01." in done.stdout
    removed = charthouse(clinic, "codes", "remove", "cpt|2031", "--yes")
    assert removed.stdout == "CPT 2031 is removed.\n"


def test_a_dry_run_checks_and_writes_nothing(clinic: Path, tmp_path: Path) -> None:
    path = pack(tmp_path / "nucc.zip", {"nucc_taxonomy_261.csv": publishers.NUCC})
    done = charthouse(clinic, "codes", "import", path, "--dry-run", "--json")
    report = json.loads(done.stdout)
    assert (report["kind"], report["concepts"], report["written"]) == ("nucc", 2, False)
    assert not [one for one in listed(clinic) if one["name"] == "nucc"]


def test_a_release_is_not_loaded_twice_unless_it_is_to_be_replaced(clinic: Path) -> None:
    path = clinic / "own"
    again = charthouse(clinic, "codes", "import", path, *OWN)
    assert again.returncode == 5
    assert "--replace" in again.stderr
    assert charthouse(clinic, "codes", "import", path, *OWN, "--replace").returncode == 0


def test_a_damaged_file_ends_with_a_sentence_that_names_it(clinic: Path, tmp_path: Path) -> None:
    folder = write(tmp_path, {"mvx.txt": "MSD|Merck and Co., Inc.||Sometimes|2012/10/18\n"})
    done = charthouse(clinic, "codes", "import", folder)
    assert done.returncode == 2
    assert f"{folder / 'mvx.txt'}:1: This status is not known" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_status_tells_what_is_missing_and_where_one_gets_it(clinic: Path) -> None:
    done = charthouse(clinic, "codes", "status")
    assert done.returncode == 0
    assert "Not here:" in done.stdout
    assert "National Library of Medicine" in done.stdout
    assert "charthouse codes import cvx.txt" in done.stdout
    told = json.loads(charthouse(clinic, "codes", "status", "--json").stdout)
    assert "rxnorm" in {one["name"] for one in told["missing"]}
    assert "loinc" in {one["name"] for one in told["in_force"]}


def test_a_code_is_found_by_its_words(clinic: Path) -> None:
    found = json.loads(
        charthouse(clinic, "codes", "search", "wumple", "ear", "--system", "loinc", "--json").stdout
    )
    assert found[0]["code"] == "99990-1"
    plain = charthouse(
        clinic, "codes", "search", "old", "talk", "--system", "https://clinic.example/services"
    )
    assert "A2" in plain.stdout
    assert "No code was found" in charthouse(clinic, "codes", "search", "zzzzzz", "--system", "loinc").stdout


def test_what_came_with_the_program_or_is_not_there_is_not_removed(clinic: Path) -> None:
    done = charthouse(clinic, "codes", "remove", "icd-10-cm|1999", "--yes")
    assert done.returncode == 4
    assert "codes list" in done.stderr
