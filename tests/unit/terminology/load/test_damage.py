"""Damaged and hostile files: the Problem names file, line, value and repair, and nothing is half loaded."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from charthouse.base.errors import Category, Issue, Problem
from charthouse.db.connect import Connection
from charthouse.terminology.load.loaded import Asked
from charthouse.terminology.load.run import load, read
from tests.unit.terminology.load import publishers
from tests.unit.terminology.load.publishers import pack, write

OWN = Asked(url="https://clinic.example/codes", version="1")


def refused(path: Path, kind: str = "", asked: Asked | None = None) -> Issue:
    """What is said of a release that is refused."""
    with pytest.raises(Problem) as caught:
        read(path, kind, asked)
    assert caught.value.category is Category.INVALID
    (issue,) = caught.value.issues
    assert issue.place
    assert issue.repair or issue.value
    return issue


def changed(files: publishers.Files, part: str, old: str, new: str) -> publishers.Files:
    """The files with a change in the one whose name has `part`."""
    (name,) = [name for name in files if part in name]
    assert old in files[name]
    return {**files, name: files[name].replace(old, new, 1)}


def test_a_line_out_of_the_layout_is_named_with_its_number(tmp_path: Path) -> None:
    files = changed(publishers.ICD_CM, "order-2027", "00002 E119    1", "00002 E119    2")
    issue = refused(write(tmp_path, files))
    assert issue.place == f"{tmp_path / 'icd10cm-order-2027.txt'}:2"
    assert issue.value
    assert issue.value.startswith("00002 E119    2")
    assert "Columns 1-5" in (issue.repair or "")


def test_a_code_given_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    files = changed(publishers.ICD_CM, "order-2027", "00003 S525 ", "00003 E119 ")
    issue = refused(write(tmp_path, files))
    assert issue.place
    assert issue.place.endswith(":3")
    assert "line 2" in issue.message
    assert issue.value == "E119"


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    files = changed(publishers.snomed(), "sct2_Relationship_", "destinationId", "goal")
    issue = refused(write(tmp_path, files))
    assert "destinationId" in issue.message
    assert issue.place
    assert issue.place.endswith("Relationship_Snapshot_US1000124_20260901.txt:1")


def test_a_row_that_was_cut_off_is_named(tmp_path: Path) -> None:
    files = publishers.snomed()
    name = next(name for name in files if "Description" in name)
    files[name] = files[name][:-40]
    issue = refused(write(tmp_path, files))
    assert "columns" in issue.message
    assert issue.place
    assert name in issue.place


@pytest.mark.parametrize(
    ("files", "part", "old", "new", "word"),
    [
        (publishers.LOINC, "Loinc.csv", '"99990-1","Wumple"', '"9999O-1","Wumple"', "no LOINC code"),
        (
            publishers.LOINC,
            "ComponentHierarchy",
            '"LP99990-0","99990-1"',
            '"LP1-1","99990-1"',
            "does not list",
        ),
        (publishers.RXNORM, "rrf/RXNREL", "|CUI|RO|802", "", "columns"),
        (publishers.RXNORM, "rrf/RXNSAT", "00002143380|N|4096|", "00002143380", "columns"),
        (publishers.NDC, "package", "0002-1433_x\t", "0002-1433_z\t", "not there"),
        (publishers.NDC, "product", "0002-1433\t", "00021433\t", "no product code"),
        (publishers.HCPCS, "ANWEB", "A0021001003", "A0021001005", "layout"),
        (publishers.CPT, "MEDU", "99999 UNLISTED", "nonsense UNLISTED", "not a code"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(
    files: publishers.Files, part: str, old: str, new: str, word: str, tmp_path: Path
) -> None:
    name = next(name for name in files if part in name and "prescribe" not in name)
    assert old in files[name]
    issue = refused(write(tmp_path, {**files, name: files[name].replace(old, new)}), "", Asked(version="1"))
    assert word in issue.message
    assert issue.place
    assert Path(name).name.split(".")[0] in issue.place


@pytest.mark.parametrize("lost", ["sct2_Concept", "sct2_Relationship_", "sct2_Description"])
def test_a_file_that_is_not_there_is_asked_for(lost: str, tmp_path: Path) -> None:
    files = {name: text for name, text in publishers.snomed().items() if lost not in name or "Full" in name}
    issue = refused(write(tmp_path, files), "snomed")
    assert lost.strip("_") in issue.message
    assert "folder or its .zip" in (issue.repair or "")


def test_an_edition_that_is_not_known_wants_its_version(tmp_path: Path) -> None:
    write(tmp_path, publishers.snomed("ZZ1000999"))
    assert "--version" in (refused(tmp_path).repair or "")
    version = "http://snomed.info/sct/5991000124107/version/20260901"
    _, loaded = read(tmp_path, "", Asked(version=version))
    assert loaded.release.version == version


def test_a_tabular_list_of_another_year_is_refused(tmp_path: Path) -> None:
    issue = refused(write(tmp_path, {**publishers.ICD_CM, "icd10cm_tabular_2026.xml": publishers.TABULAR}))
    assert issue.value == "2026"
    assert "one fiscal year" in (issue.repair or "")


def test_archives_in_an_archive_are_to_be_unpacked_first(tmp_path: Path) -> None:
    inner = pack(tmp_path / "inner.zip", publishers.ICD_CM)
    issue = refused(pack(tmp_path / "outer.zip", {"a/inner.zip": inner.read_bytes()}))
    assert "Unpack the archives" in (issue.repair or "")


def test_two_releases_in_one_folder_are_not_mixed(tmp_path: Path) -> None:
    text = publishers.ICD_CM["icd10cm-order-2027.txt"]
    issue = refused(write(tmp_path, {"icd10cm-order-2026.txt": text, "icd10cm-order-2027.txt": text}))
    assert issue.value == "icd10cm-order-2026.txt and icd10cm-order-2027.txt"


def test_a_zip_that_was_cut_off_is_said_to_be(tmp_path: Path) -> None:
    file = pack(tmp_path / "Loinc_2.82.zip", publishers.LOINC)
    file.write_bytes(file.read_bytes()[:-200])
    issue = refused(file)
    assert "cut off" in issue.message
    assert issue.place == str(file)


def test_a_zip_that_was_damaged_inside_is_said_to_be(tmp_path: Path) -> None:
    file = tmp_path / "Loinc_2.82.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, text in publishers.LOINC.items():
            archive.writestr(name, text)
    content = file.read_bytes()
    at = content.index(b"Wumple level")
    file.write_bytes(content[:at] + b"Xumple" + content[at + 6 :])
    assert "damaged" in refused(file).message


def test_an_archive_that_leads_out_of_itself_is_refused(tmp_path: Path) -> None:
    issue = refused(
        pack(tmp_path / "x.zip", {"../../etc/Loinc.csv": publishers.LOINC["LoincTable/Loinc.csv"]})
    )
    assert issue.code == "security"
    assert issue.value == "../../etc/Loinc.csv"


def test_an_archive_that_swells_like_a_bomb_is_refused(tmp_path: Path) -> None:
    bomb = "00001 A00     0 " + " " * (40 << 20)
    issue = refused(pack(tmp_path / "x.zip", {"icd10cm-order-2027.txt": bomb}))
    assert issue.code in ("security", "too-long")


def test_a_binary_file_is_not_taken_for_text(tmp_path: Path) -> None:
    issue = refused(write(tmp_path, {"cvx.txt": b"03|MMR\0|x||Active|False|2020/06/02\n"}))
    assert "zero byte" in issue.message


def test_bytes_that_are_not_utf_8_are_named_where_the_publisher_writes_utf_8(tmp_path: Path) -> None:
    files = {name: text.encode() for name, text in publishers.LOINC.items()}
    files["LoincTable/Loinc.csv"] = files["LoincTable/Loinc.csv"].replace(b"Wumple level", b"Wumple lev\xe9l")
    issue = refused(write(tmp_path, files))
    assert "UTF-8" in issue.message
    assert issue.place
    assert issue.place.endswith("Loinc.csv:3")  # its second row has two lines


def test_what_is_no_release_is_not_guessed_at(tmp_path: Path) -> None:
    issue = refused(write(tmp_path, {"notes.txt": "Buy milk.\n"}))
    assert "--as" in (issue.repair or "")
    assert "snomed" in (issue.repair or "")


def test_an_unknown_kind_is_answered_with_those_there_are(tmp_path: Path) -> None:
    issue = refused(write(tmp_path, {"x.csv": publishers.OWN}), "icd10")
    assert issue.place == "--as"
    assert "icd-10-cm" in (issue.repair or "")


def test_nothing_at_all_is_said_to_be_nothing(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.zip").message == "There is no such file or folder."


@pytest.mark.parametrize(
    ("text", "word", "line"),
    [
        ("code,display\nA,One\n,Two\n", "no code", 3),
        ("code,display,parent\nA,One,\nB,Two,C\n", "parent", 3),
        ("code,display,active\nA,One,perhaps\n", "yes or no", 2),
        ("code,display\nA,\n", "no display", 2),
        ("code,title\nA,One\n", "display", 1),
        ("code,display\nA,One,more\n", "columns", 2),
        ('code,display\nA,"One\nB,Two\n', "quotation mark", 2),
    ],
)
def test_what_is_wrong_with_a_table_of_ones_own_is_told(
    text: str, word: str, line: int, tmp_path: Path
) -> None:
    issue = refused(write(tmp_path, {"own.csv": text}), "csv", OWN)
    assert word in issue.message
    assert issue.place == f"{tmp_path / 'own.csv'}:{line}"


def test_a_table_of_ones_own_needs_an_address(tmp_path: Path) -> None:
    issue = refused(write(tmp_path, {"own.csv": publishers.OWN}), "csv", Asked(version="1"))
    assert issue.place == "--url"


def test_a_version_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    issue = refused(write(tmp_path, {"own.csv": publishers.OWN}), "csv", Asked(url=OWN.url))
    assert issue.place == "--version"


def circle(folder: Path) -> Path:
    return write(folder, {"own.csv": "code,display,parent\nA,One,B\nB,Two,A\n"})


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_circle_of_parents_is_refused_and_leaves_nothing(
    *, dry_run: bool, tmp_path: Path, record: Connection, count: Callable[[], dict[str, int]]
) -> None:
    with pytest.raises(Problem, match="above itself"):
        load(record, circle(tmp_path), kind="csv", asked=OWN, dry_run=dry_run)
    assert not any(count().values())
