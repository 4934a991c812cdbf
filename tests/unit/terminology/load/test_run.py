"""A load from files to tables and back: seen whole or not at all, replaced and removed without a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection, Place, connect
from charthouse.terminology.answers import Coding
from charthouse.terminology.concept import Row
from charthouse.terminology.load import companions, run
from charthouse.terminology.load.companions import alone, remove
from charthouse.terminology.load.loaded import Asked
from charthouse.terminology.load.run import load, read
from charthouse.terminology.shelf import Shelf
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.load import publishers
from tests.unit.terminology.load.publishers import pack, write

SNOMED = "http://snomed.info/sct"
VERSION = "http://snomed.info/sct/731000124108/version/20260901"
MAP = f"{SNOMED}?fhir_cm=6011000124106|{VERSION}"


def shelf(connection: Connection) -> Shelf:
    return Shelf("loaded", connection.dialect, lambda: connection)


def release(tmp_path: Path) -> Path:
    return pack(tmp_path / "SnomedCT_US.zip", publishers.snomed())


def back(connection: Connection, url: str) -> dict[str, Row]:
    """What stands in the tables, as the rows it was made of."""
    (system,) = shelf(connection).releases(url)
    tabled = shelf(connection).opened(system)
    ids = list(tabled.all().ids())
    names, properties = tabled.designations(ids), tabled.properties(ids)
    return {
        one.code: Row(
            one.code, one.display, tuple(above.code for above in tabled.parents(one)), one.flags,
            tuple(names.get(one.id, ())), tuple(sorted(properties.get(one.id, ()))),
        )
        for one in tabled.walk(tabled.all())
    }  # fmt: skip


def test_what_was_read_comes_back_from_the_tables(either: Connection, tmp_path: Path) -> None:
    report = load(either, release(tmp_path))
    _, loaded = read(release(tmp_path))
    expected = {
        row.code: Row(
            row.code, row.display, row.parents, row.flags, row.designations, tuple(sorted(row.properties))
        )
        for row in loaded.rows
    }
    assert back(either, SNOMED) == expected
    assert (report.kind, report.concepts, report.inactive, report.is_new) == (
        "snomed",
        len(expected),
        1,
        True,
    )
    assert report.maps == {"SNOMED CT to ICD-10-CM": 3, "SNOMED CT to ICD-O": 1}


def test_maps_and_value_sets_come_back_too(either: Connection, tmp_path: Path) -> None:
    load(either, release(tmp_path))
    here = shelf(either)
    assert [(line[3], line[4]) for line in here.mapped(MAP, SNOMED, "1002")] == [
        ("H93.91", "relatedto"), ("H93.90", "relatedto"),
    ]  # fmt: skip
    assert here.mapped(MAP, SNOMED, "1003") == []
    concept_map = here.artifact("ConceptMap", f"{SNOMED}?fhir_cm=6011000124106", VERSION)
    assert concept_map is not None
    assert concept_map["group"][0]["target"] == "http://hl7.org/fhir/sid/icd-10-cm"
    value_set = here.artifact("ValueSet", f"{SNOMED}?fhir_vs=refset/3001", VERSION)
    assert value_set is not None
    assert value_set["compose"]["include"][0]["concept"] == [{"code": "1001"}, {"code": "1002"}]


def test_below_follows_every_parent(record: Connection, tmp_path: Path) -> None:
    load(record, release(tmp_path))
    (system,) = shelf(record).releases(SNOMED)
    tabled = shelf(record).opened(system)
    for code in ("1001", "1003"):
        concept = tabled.find(code)
        assert concept is not None
        assert {one.code for one in tabled.walk(tabled.below(concept))} == {code, "1002"}


def test_the_same_release_is_not_loaded_twice_unless_replaced(
    record: Connection, tmp_path: Path, count: Callable[[], dict[str, int]]
) -> None:
    load(record, release(tmp_path))
    before = count()
    with pytest.raises(Problem, match="loaded already") as caught:
        load(record, release(tmp_path))
    assert caught.value.category is Category.CONFLICT
    assert count() == before
    assert not load(record, release(tmp_path), replace=True).is_new
    assert count() == before


def test_a_release_that_is_removed_leaves_nothing(
    record: Connection, tmp_path: Path, count: Callable[[], dict[str, int]]
) -> None:
    load(record, release(tmp_path))
    assert remove(record, SNOMED, VERSION)
    assert not any(count().values())
    assert not remove(record, SNOMED, VERSION)


def test_two_releases_stand_side_by_side(record: Connection, tmp_path: Path) -> None:
    load(record, release(tmp_path))
    load(record, pack(tmp_path / "older.zip", publishers.snomed(day="20260301")))
    assert sorted(one.release.version[-8:] for one in shelf(record).releases(SNOMED)) == [
        "20260301",
        "20260901",
    ]
    remove(record, SNOMED, VERSION)
    older = MAP.replace("20260901", "20260301")
    assert shelf(record).mapped(MAP, SNOMED, "1002") == []
    assert len(shelf(record).mapped(older, SNOMED, "1002")) == 2


def test_a_dry_run_tells_and_writes_nothing(
    record: Connection, tmp_path: Path, count: Callable[[], dict[str, int]]
) -> None:
    report = load(record, release(tmp_path), dry_run=True)
    assert report.concepts == len(publishers.CONCEPTS)
    assert not any(count().values())


def test_a_load_that_fails_while_it_writes_is_not_seen(
    record: Connection, tmp_path: Path, count: Callable[[], dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "fill", fails)
    with pytest.raises(KeyboardInterrupt):
        load(record, release(tmp_path))
    assert not any(count().values())


def test_long_maps_are_written_and_dropped_in_slices(
    record: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companions, "SLICE", 1)
    monkeypatch.setattr(companions, "SETS", 1)
    load(record, release(tmp_path))
    assert len(shelf(record).mapped(MAP, SNOMED, "1002")) == 2
    remove(record, SNOMED, VERSION)
    assert record.run("SELECT * FROM term_mapping") == []


def test_how_far_it_is_is_told_and_never_goes_back(record: Connection, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    load(record, release(tmp_path), progress=lambda stage, done, all: told.append((stage, done, all)))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["reading", "mapping", "writing"]
    for stage in stages:
        marks = [(done, all) for each, done, all in told if each == stage]
        assert marks == sorted(marks)
        assert marks[-1][0] == marks[-1][1]


def test_others_write_between_the_slices(tmp_path: Path, record: Connection) -> None:
    other = connect(Place(path=tmp_path / "terms.db"))
    try:
        other.run("CREATE TABLE other (n INTEGER)")
        load(
            record,
            release(tmp_path),
            progress=lambda stage, done, all: other.run("INSERT INTO other VALUES (1)"),
        )
        assert other.run("SELECT COUNT(*) FROM other")[0][0] > 3
    finally:
        other.close()


@pytest.mark.parametrize(
    ("name", "files", "asked"),
    [
        ("icd10cm.zip", publishers.ICD_CM, Asked()),
        ("icd10pcs.zip", publishers.ICD_PCS, Asked()),
        ("hcpcs.zip", publishers.HCPCS, Asked()),
        ("Loinc_2.82.zip", publishers.LOINC, Asked()),
        ("RxNorm_full_10052026.zip", publishers.RXNORM, Asked()),
        ("cvx.zip", {"cvx.txt": publishers.CVX}, Asked()),
        ("mvx.zip", {"mvx.txt": publishers.MVX}, Asked()),
        ("ndctext_20261001.zip", publishers.NDC, Asked()),
        ("nucc.zip", {"nucc_taxonomy_261.csv": publishers.NUCC}, Asked()),
        ("pos-2026-05.zip", {"pos.csv": publishers.POS}, Asked()),
        ("cpt.zip", publishers.CPT, Asked()),
        ("own.zip", {"own.csv": publishers.OWN}, Asked("1", "https://clinic.example/codes", "Ours")),
    ],
)
def test_every_kind_of_release_stands_in_the_tables_as_it_was_read(
    name: str, files: publishers.Files, asked: Asked, record: Connection, tmp_path: Path
) -> None:
    path = pack(tmp_path / name, files)
    kind = "csv" if asked.url else ""
    report = load(record, path, kind=kind, asked=asked)
    _, loaded = read(path, kind, asked)
    assert {code: row.display for code, row in back(record, report.release.url).items()} == {
        row.code: row.display for row in loaded.rows
    }
    assert record.run("SELECT COUNT(*) FROM term_word")[0][0] > 0


def test_a_damaged_release_of_any_kind_never_breaks_but_says_what_is_wrong(
    record: Connection, tmp_path: Path
) -> None:
    """Every file of every release cut off at every eighth of its length."""
    releases = {
        "a": publishers.ICD_CM, "b": publishers.HCPCS, "c": publishers.snomed(), "d": publishers.LOINC,
        "e": publishers.RXNORM, "f": publishers.NDC, "g": publishers.CPT,
        "h": {"cvx.xml": publishers.CVX_XML.decode("latin-1")},
        "i": {**publishers.ICD_CM, "icd10cm_tabular_2027.xml": publishers.TABULAR},
    }  # fmt: skip
    for label, files in releases.items():
        for name, text in files.items():
            for part in range(8):
                folder = write(tmp_path / f"{label}{part}", {**files, name: text[: len(text) * part // 8]})
                try:
                    load(record, folder, asked=Asked(version="1"), replace=True)
                except Problem as problem:
                    assert problem.issues[0].place  # noqa: PT017 (most are refused, some are only shorter)


def test_a_second_load_at_the_same_time_is_told_to_wait(
    either: Connection, either_place: Place, tmp_path: Path
) -> None:
    lock = tmp_path / "codes.lock" if either.dialect == "sqlite" else None
    other = connect(either_place)
    try:
        with alone(either, lock):
            with pytest.raises(Problem, match="under way") as caught, alone(other, lock):
                pass
            assert caught.value.category is Category.BUSY
        with alone(other, lock):
            pass
    finally:
        other.close()


def test_the_terminology_answers_from_a_release_that_was_loaded(record: Connection, tmp_path: Path) -> None:
    load(record, release(tmp_path))
    load(record, pack(tmp_path / "Loinc_2.82.zip", publishers.LOINC))
    load(record, pack(tmp_path / "RxNorm_full_10052026.zip", publishers.RXNORM))
    terminology = Terminology(None, lambda: record)
    looked = terminology.lookup(SNOMED, "1001")
    assert (looked.display, looked.definition, looked.version) == (
        "Wumple",
        "A wumple is what we say it is.",
        VERSION,
    )
    assert terminology.subsumes(SNOMED, "1003", "1002") == "subsumes"
    assert terminology.subsumes(SNOMED, "1004", "1002") == "not-subsumed"
    found = terminology.translate([Coding(SNOMED, "1002")], url=f"{SNOMED}?fhir_cm=6011000124106")
    assert [match.coding.code for match in found.matches if match.coding] == ["H93.91", "H93.90"]
    ndc = terminology.translate(
        [Coding("http://hl7.org/fhir/sid/ndc", "00002143380")],
        target_system="http://www.nlm.nih.gov/research/umls/rxnorm",
    )
    assert [match.coding.code for match in ndc.matches if match.coding] == ["802"]
    assert terminology.member("http://loinc.org/vs/LL9999-1", "http://loinc.org", "LA99991-8") is True
    assert terminology.member("http://loinc.org/vs/LL9999-1", "http://loinc.org", "99990-1") is False
    assert terminology.member(f"{SNOMED}?fhir_vs=refset/3001", SNOMED, "1002") is True
    assert terminology.lookup("http://loinc.org", "99990-1").notice.startswith(
        "This material contains content from LOINC"
    )
