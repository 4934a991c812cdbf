"""Tables of code systems on both databases, and the shipped file from the real definitions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import migrate, migrations
from tests.postgres import fresh_database
from tests.unit.terminology.shipped import made

BOTH = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(params=BOTH)
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """Empty tables of one test's own."""
    with opened(request.param, request, tmp_path) as connection:
        yield connection


@contextmanager
def opened(dialect: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Connection]:
    """Empty tables on one of the databases."""
    place = Place(path=folder / "codes.db")
    if dialect == "postgres":
        place = Place(url=fresh_database(request.getfixturevalue("postgres_url")))
    connection = connect(place, synchronous="OFF")
    migrate(connection, migrations("charthouse.terminology", "migrations", place.dialect))
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The code systems, value sets and maps of R4 in a file, as the build makes them."""
    return made(tmp_path_factory.mktemp("shipped"))
