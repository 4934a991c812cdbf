"""Records of a bench: filled through the door, thrown away or kept, and the only ones served without audit."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from charthouse.app import Clinic
from charthouse.base.errors import Problem
from charthouse.base.settings import read
from charthouse.db.connect import Place as Database
from charthouse.db.connect import connect
from charthouse.ops.bench import house, kept, rows
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.house import Size
from charthouse.ops.bench.place import Place, within
from charthouse.ops.bench.unaudited import silence
from charthouse.ops.integrity import examine

SIZE = Size(3, 2, 2, 6)


def test_a_house_holds_what_its_size_says_and_is_whole(small: Bench) -> None:
    with house.house(small, "read", SIZE) as home:
        clinic = small.opened(home.place)
        with closing(clinic.open_audit()) as audit:
            report = examine(clinic.record, audit, clinic.keys.get("mark"))
        tallies = clinic.tallies()
        clinic.close()
    assert sum(tallies.values()) == SIZE.resources == report.resources
    assert tallies["Observation"] == 18
    assert report.clean
    assert report.dangling == 0
    assert not home.place.folder.exists()


def test_rows_written_once_more_are_the_rows_that_were_written(small: Bench) -> None:
    place = house.empty(small, "source")
    house.found(small, place, SIZE, lambda done: None)
    batches = rows.gathered(place, "bench", 100)
    assert len(batches) == SIZE.patients
    assert sum(batch.resources for batch in batches) == SIZE.resources
    assert sum(len(batch.rows["resource"]) for batch in batches) == SIZE.resources
    assert rows.gathered(place, "import", 100) == []
    copy = house.empty(small, "copy")
    clinic = small.opened(copy)
    with closing(connect(copy.database)) as connection:
        assert rows.inserted(connection, batches) > 0
        assert clinic.record.reader.head(connection, "Patient", "bench-patient-1") is not None
    clinic.close()
    again = rows.gathered(place, "bench", 100)
    assert [batch.rows for batch in again] == [batch.rows for batch in batches]
    assert rows.floor(small, place, interaction="bench", most=100) > 0


def test_a_kept_record_is_used_again_and_made_anew_when_asked(small: Bench) -> None:
    told: list[str] = []
    bench = replace(small, say=told.append)
    first = kept.record(bench, "search", SIZE)
    assert "making" in told[-1]
    assert kept.record(bench, "search", SIZE) == first
    assert "used again" in told[-1]
    (bench.cache / "search-33-00000000").mkdir()  # of an older schema
    (bench.cache / "search-400-00000000").mkdir()
    (bench.cache / "search-postgres-33-00000000").mkdir()
    kept.record(replace(bench, fresh=True), "search", SIZE)
    assert "making" in told[-1]
    assert {folder.name for folder in bench.cache.iterdir()} == {
        first.folder.name, "search-400-00000000", "search-postgres-33-00000000",
    }  # fmt: skip


def test_a_kept_record_that_was_not_finished_is_made_anew(small: Bench) -> None:
    place = kept.record(small, "search", SIZE)
    clinic = small.opened(place)
    clinic.record.state(kept.FACT, "begun")
    clinic.close()
    told: list[str] = []
    kept.record(replace(small, say=told.append), "search", SIZE)
    assert "making" in told[0]


def test_a_large_record_has_four_hundred_resources_for_each_patient() -> None:
    assert kept.sized(1_000_000).resources == 1_000_000
    assert kept.sized(1_000_000).patients == 2_500
    assert kept.sized(1).patients == 1


def test_no_clinic_but_that_of_a_bench_is_served_without_audit(small: Bench, tmp_path: Path) -> None:
    clinic = Clinic.open(read({}, data=tmp_path / "real"), create=True)
    try:
        with pytest.raises(Problem, match="Only a record made by a bench"):
            silence(clinic)
    finally:
        clinic.close()


def test_the_unaudited_server_answers_and_leaves_no_trace_while_the_real_one_does(small: Bench) -> None:
    with house.house(small, "read", SIZE) as home:
        with home.unaudited() as bare:
            status, _, body = bare.ask("/fhir/Patient/bench-patient-1", home.credentials)
            twin = Place(home.place.folder.with_name("read-unaudited"))
            clinic = small.opened(twin)
            assert _events(clinic) == 0
            clinic.close()
        assert status == 200
        assert json.loads(body)["id"] == "bench-patient-1"
        assert not twin.folder.exists()
        with home.served() as server:
            assert server.ask("/fhir/Patient/bench-patient-1")[0] == 401
            assert server.ask("/fhir/Patient/bench-patient-1", home.credentials)[0] == 200
        clinic = small.opened(home.place)
        assert _events(clinic) >= 1
        clinic.close()


def test_a_schema_is_named_in_the_url_that_commands_get() -> None:
    assert (
        within("postgresql://me@host/name", "x_1") == "postgresql://me@host/name?options=-csearch_path%3Dx_1"
    )
    assert within("postgresql:///n?host=/run", "x") == "postgresql:///n?host=/run&options=-csearch_path%3Dx"


def _events(clinic: Clinic) -> int:
    with closing(clinic.open_audit()) as audit:
        return examine(clinic.record, audit, clinic.keys.get("mark")).events


@pytest.mark.postgres
def test_a_house_in_a_database_has_a_schema_of_its_own_that_is_dropped(
    small: Bench, postgres_url: str
) -> None:
    bench = replace(small, url=postgres_url)
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'charthouse_bench_%%'"
    with house.house(bench, "read", SIZE) as home:
        assert home.place.bytes() > 10_000
        batches = rows.gathered(home.place, "bench", 100)
        assert sum(batch.resources for batch in batches) == SIZE.resources
        assert rows.floor(bench, home.place, interaction="bench", most=100) > 0
        with home.served() as server:
            assert server.ask("/fhir/Patient/bench-patient-1", home.credentials)[0] == 200
    with closing(connect(Database(url=postgres_url))) as connection:
        assert connection.one(schemas) == (0,)
