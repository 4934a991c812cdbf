"""A database with the tables of code systems, on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import migrate, migrations
from tests.postgres import fresh_database


def opened(place: Place) -> Connection:
    connection = connect(place)
    migrate(connection, migrations("charthouse.terminology", "migrations", place.dialect))
    return connection


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Connection]:
    """Empty tables in SQLite."""
    connection = opened(Place(path=tmp_path / "terms.db"))
    yield connection
    connection.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where `either` is: a file, and a database on a server."""
    if request.param == "sqlite":
        return Place(path=tmp_path / "either.db")
    return Place(url=fresh_database(request.getfixturevalue("postgres_url")))


@pytest.fixture
def either(either_place: Place) -> Iterator[Connection]:
    """Empty tables in SQLite, and in PostgreSQL."""
    connection = opened(either_place)
    yield connection
    connection.close()


TABLES = (
    "term_system", "term_concept", "term_parent", "term_span", "term_designation", "term_property", "term_artifact",
    "term_mapping", "term_word",
)  # fmt: skip


@pytest.fixture
def count(record: Connection) -> Callable[[], dict[str, int]]:
    """How many rows each table of `record` has."""
    return lambda: {table: record.run(f"SELECT COUNT(*) FROM {table}")[0][0] for table in TABLES}
