"""The schema in numbered steps: each once, in order, whole or not at all, whoever opens the record first."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import apsw
import pytest

from charthouse.app import Clinic
from charthouse.base.errors import Category, Problem
from charthouse.base.settings import Settings
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import Migration, migrate, migrations, pending
from charthouse.fhir import definitions
from charthouse.store import integrity
from charthouse.store.record import Record, steps
from tests.fault.serving import database
from tests.fault.shim import PowerCut, Shim, unique

FOLDERS = (
    ("charthouse.store", "migrations"),
    ("charthouse.access", "migrations"),
    ("charthouse.access", "audit"),
)
TABLE = Migration(
    "tests", 1, "0001_shelf", "CREATE TABLE shelf (id INTEGER PRIMARY KEY, label TEXT NOT NULL)"
)
MORE = Migration("tests", 2, "0002_width", "ALTER TABLE shelf ADD COLUMN width INTEGER NOT NULL DEFAULT 90")
BROKEN = Migration(
    "tests", 3, "0003_broken", "CREATE TABLE book (id INTEGER); CREATE TABLE shelf (id INTEGER)"
)

Places = Callable[[], Place]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """New, empty places for a database."""
    numbers = iter(range(100))
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_url")
        return lambda: Place(url=database(server))
    return lambda: Place(path=tmp_path / f"record{next(numbers)}.db")


@pytest.fixture
def connection(places: Places) -> Iterator[Connection]:
    """A connection to an empty database."""
    with closing(connect(places())) as opened:
        yield opened


def _tables(connection: Connection) -> set[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if connection.dialect == "sqlite"
        else "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    )
    return {name for (name,) in connection.run(sql)}


@pytest.mark.parametrize(("package", "folder"), FOLDERS)
def test_steps_are_numbered_without_a_gap_and_alike_for_both_engines(package: str, folder: str) -> None:
    found = {dialect: migrations(package, folder, dialect) for dialect in ("sqlite", "postgres")}
    numbers = [step.number for step in found["sqlite"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [(step.owner, step.name) for step in found["sqlite"]] == [
        (step.owner, step.name) for step in found["postgres"]
    ]


def test_each_step_is_taken_once_and_in_order(connection: Connection) -> None:
    assert pending(connection, [TABLE, MORE]) == [TABLE, MORE]
    assert migrate(connection, [TABLE, MORE]) == [TABLE, MORE]
    assert migrate(connection, [TABLE, MORE]) == []
    assert pending(connection, [TABLE, MORE]) == []
    connection.run("INSERT INTO shelf (id, label) VALUES (1, 'top')")
    assert connection.run("SELECT width FROM shelf") == [(90,)]


def test_a_later_step_finds_what_is_there(connection: Connection) -> None:
    migrate(connection, [TABLE])
    connection.run("INSERT INTO shelf (id, label) VALUES (1, 'top')")
    assert migrate(connection, [TABLE, MORE]) == [MORE]
    assert connection.run("SELECT label, width FROM shelf") == [("top", 90)]


def test_a_step_that_fails_leaves_nothing_behind(connection: Connection) -> None:
    migrate(connection, [TABLE])
    before = _tables(connection)
    with pytest.raises(Exception, match=r".+"):
        migrate(connection, [TABLE, MORE, BROKEN])
    assert _tables(connection) == before
    assert pending(connection, [TABLE, MORE, BROKEN]) == [MORE, BROKEN]  # the one before it was undone too
    assert migrate(connection, [TABLE, MORE]) == [MORE]


def test_a_database_of_a_newer_program_is_left_alone(connection: Connection) -> None:
    migrate(connection, [TABLE, MORE])
    with pytest.raises(Problem) as refused:
        migrate(connection, [TABLE])
    assert refused.value.category is Category.CONFLICT
    assert "newer Charthouse (tests step 2)" in str(refused.value)
    assert pending(connection, [TABLE, MORE]) == []


def test_a_record_brings_its_schema_along(places: Places) -> None:
    place = places()
    for expected in (steps(place.dialect), []):
        with closing(Record(place, definitions.load())) as record:
            assert record.migrated == expected
            assert sorted(record.types) == sorted(definitions.load().resource_types)
            assert integrity.check(record.connection(), record.codec).clean


def test_many_may_open_a_new_record_at_once(places: Places) -> None:
    """As when several servers start beside each other."""
    place = places()

    def work(number: int) -> tuple[int, dict[str, int]]:
        with closing(Record(place, definitions.load(), more_steps=[TABLE, MORE])) as record:
            return len(record.migrated), dict(record.types)

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(work, range(6)))
    assert sorted(count for count, _ in found) == [0] * 5 + [len(steps(place.dialect)) + 2]
    assert all(types == found[0][1] for _, types in found)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_clinic_that_was_being_made_when_the_power_went_can_be_made_again(
    tmp_path: Path, first: int
) -> None:
    for seed in range(first, first + 20):
        live, rest = tmp_path / f"live{seed}", tmp_path / f"rest{seed}"
        live.mkdir()
        plug = PowerCut(random.Random(seed).randrange(1, 130), seed, once=True)
        with Shim(unique("make"), plug) as shim:
            place = Place(path=live / "record.db", vfs=shim.name)
            with suppress(Problem, apsw.Error):
                clinic = Clinic(Settings(data=live), place, Place(path=live / "audit.db", vfs=shim.name))
                plug.quiet = True
                clinic.open_audit().close()
                clinic.close()
            plug.quiet = True
            if not plug.dead:
                plug.cut(shim)
            plug.leave(live, rest)
        with closing(Clinic.open(Settings(data=rest), create=True)) as clinic:
            record = clinic.record
            assert integrity.check(record.connection(), record.codec).clean, seed
            clinic.write(partial(clinic.people.add, name="ada", display="Ada", roles=["clinician"]))
        shutil.rmtree(live)
        shutil.rmtree(rest)
