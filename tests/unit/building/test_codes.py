"""The shipped file of code systems: made whole or not at all, the same from the same sources, and complete."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from building import assets, codes
from building.hl7 import MAPS
from building.sources import TERMS
from building.wheels import DIAGNOSES, PROCEDURES, TABULAR
from charthouse.db.connect import Connection, Place, connect
from charthouse.terminology.concept import HEADING
from charthouse.terminology.terminology import Terminology

ROOT = Path(__file__).parents[3]
CM = "http://hl7.org/fhir/sid/icd-10-cm"
PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
POS = codes.PLACES_RELEASE.url
COLOURS = "http://example.org/colours"

BOOK = """<b><chapter><name>4</name><desc>Endocrine diseases (E00-E89)</desc>
<section id="E08-E13"><desc>Diabetes mellitus (E08-E13)</desc><diag><name>E11</name><desc>Type 2 diabetes</desc>
<includes><note>diabetes NOS</note></includes>
<diag><name>E11.9</name><desc>Type 2 diabetes without complications</desc></diag></diag></section></chapter></b>"""
LISTED = "4\nE08-E13\nE11\nE119\n"
PROCEDURE = '"0FT44ZZ","Resection of Gallbladder, Percutaneous Endoscopic Approach"\n'


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    """A folder like HL7's definitions and one like the wheels' files, with a few concepts each."""
    hl7, wheels = tmp_path / "hl7", tmp_path / "wheels"
    colours = {
        "resourceType": "CodeSystem", "url": COLOURS, "version": "1", "status": "active", "content": "complete",
        "concept": [{"code": "red", "display": "Red", "concept": [{"code": "crimson", "display": "Crimson"}]}],
    }  # fmt: skip
    reds = {
        "resourceType": "ValueSet", "url": f"{COLOURS}/reds", "status": "active",
        "compose": {"include": [{"system": COLOURS}]},
    }  # fmt: skip
    for name in (*TERMS, MAPS):
        held = [colours, reds] if name == TERMS[0] else []
        bundle = {"resourceType": "Bundle", "entry": [{"resource": each} for each in held]}
        write(hl7 / name, json.dumps(bundle))
    for path, text in ((TABULAR, BOOK), (DIAGNOSES, LISTED), (PROCEDURES, PROCEDURE)):
        write(wheels / path, text)
    return hl7, wheels


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_every_code_system_is_found_in_the_file(sources: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "made" / "codes.db"
    codes.compile_codes(*sources, target)
    terms = Terminology(Place(path=target, is_fixed=True), None, None)
    assert terms.lookup(COLOURS, "crimson").display == "Crimson"
    assert terms.lookup(CM, "E11.9").display == "Type 2 diabetes without complications"
    assert terms.lookup(PCS, "0FT44ZZ").is_selectable
    assert not terms.lookup(PCS, "0FT").is_selectable
    assert terms.lookup(POS, "11").display == "Office"
    assert terms.subsumes(CM, "4", "E11.9") == "subsumes"
    assert terms.member(f"{COLOURS}/reds", COLOURS, "red")
    assert [path.name for path in target.parent.iterdir()] == ["codes.db"]


def test_the_diagnoses_and_procedures_have_an_index_of_words(
    sources: tuple[Path, Path], tmp_path: Path
) -> None:
    codes.compile_codes(*sources, tmp_path / "codes.db")
    connection = connect(Place(path=tmp_path / "codes.db", is_fixed=True))
    found = connection.run(
        "SELECT s.url, COUNT(*) FROM term_word AS w JOIN term_system AS s ON s.id = w.system GROUP BY 1"
    )
    connection.close()
    assert {url for url, _ in found} == {CM, PCS}


def test_the_same_sources_give_the_same_bytes(sources: tuple[Path, Path], tmp_path: Path) -> None:
    """In other processes, with other orders of sets, at other times."""
    script = (
        "import sys; from pathlib import Path; from building.codes import compile_codes\n"
        "compile_codes(*map(Path, sys.argv[1:]))"
    )
    made = []
    for seed in "12":
        target = tmp_path / f"{seed}.db"
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        subprocess.run(
            [sys.executable, "-c", script, *map(str, sources), str(target)], env=environment, check=True
        )
        made.append(target.read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (PROCEDURES, PROCEDURE[:-10], "icd_10_pcs.csv:1"),
        (TABULAR, BOOK[:-20], "not whole XML"),
        (DIAGNOSES, LISTED[:-5], "E11.9 is twice"),
    ],
)
def test_from_damaged_sources_nothing_is_made_and_what_was_there_stays(
    sources: tuple[Path, Path], tmp_path: Path, path: Path, text: str, said: str
) -> None:
    target = tmp_path / "made" / "codes.db"
    write(target, "as before")
    write(sources[1] / path, text)
    with pytest.raises(RuntimeError) as caught:
        codes.compile_codes(*sources, target)
    assert said in str(caught.value)
    assert target.read_text() == "as before"
    assert list(target.parent.iterdir()) == [target]


def test_sources_that_contradict_themselves_are_refused(sources: tuple[Path, Path], tmp_path: Path) -> None:
    twice = {
        "resourceType": "CodeSystem", "url": COLOURS, "status": "active", "content": "complete",
        "concept": [{"code": "red"}, {"code": "red"}],
    }  # fmt: skip
    write(sources[0] / TERMS[1], json.dumps({"resourceType": "Bundle", "entry": [{"resource": twice}]}))
    with pytest.raises(RuntimeError, match=r"cannot be put together: .* Found: red\."):
        codes.compile_codes(*sources, tmp_path / "codes.db")


def test_places_of_service_have_two_digits_and_a_name_in_order() -> None:
    found = {row.code: row.display for row in codes.places()}
    assert list(found) == sorted(found)
    assert all(
        len(code) == 2 and code.isdigit() and name.strip() == name != "" for code, name in found.items()
    )
    assert found["21"] == "Inpatient Hospital"
    assert found["66"] == "Programs of All-Inclusive Care for the Elderly (PACE) Center"
    assert found["99"] == "Other Place of Service"
    assert len(found) == 52


# ---------------------------------------------------------------- the file that is shipped


@pytest.fixture(scope="module")
def file() -> Path:
    path = ROOT / assets.CODES
    if not path.is_file():
        pytest.skip(f"{assets.CODES} is not here: a build makes it (pip install -e .)")
    return path


@pytest.fixture(scope="module")
def shipped(file: Path) -> Iterator[Connection]:
    connection = connect(Place(path=file, is_fixed=True))
    yield connection
    connection.close()


def only(connection: Connection, sql: str, *params: object) -> object:
    row = connection.one(sql, params)
    return row[0] if row else None


def test_the_shipped_file_has_the_releases_whole(shipped: Connection) -> None:
    counts = dict(shipped.run("SELECT url, concepts FROM term_system WHERE url IN (?, ?, ?)", (CM, PCS, POS)))
    assert counts == {CM: 98_505, PCS: 79_674, POS: 52}
    for url, selectable in ((CM, 74_719), (PCS, 78_638)):
        assert selectable == only(
            shipped,
            "SELECT COUNT(*) FROM term_concept AS c JOIN term_system AS s ON s.id = c.system "
            "WHERE s.url = ? AND c.flags & ? = 0",
            url,
            HEADING,
        )
    assert only(shipped, "SELECT COUNT(*) FROM term_system WHERE state <> 1 OR loaded <> 0") == 0


def test_in_the_shipped_file_every_parent_is_there_and_only_codes_have_none_below(
    shipped: Connection,
) -> None:
    assert not shipped.run(
        "SELECT c.code FROM term_concept AS c LEFT JOIN term_concept AS p ON p.id = c.parent "
        "WHERE c.parent > 0 AND (p.id IS NULL OR p.system <> c.system OR c.id NOT BETWEEN p.id AND p.last)"
    )
    assert not shipped.run(
        "SELECT c.code FROM term_concept AS c JOIN term_system AS s ON s.id = c.system "
        "WHERE s.url IN (?, ?) AND (c.flags & ? <> 0) = (c.last = c.id) "
        "AND NOT EXISTS (SELECT 1 FROM term_span WHERE concept = c.id)",
        (CM, PCS, HEADING),
    )


def test_the_shipped_file_is_small_enough_to_travel_with_the_program(file: Path) -> None:
    assert file.stat().st_size < 40_000_000
    assert not file.with_name(f"{file.name}-wal").exists()
