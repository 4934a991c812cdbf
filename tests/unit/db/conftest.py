"""Connections to a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from charthouse.db.postgres import Postgres
from charthouse.db.session import Session
from tests.postgres import fresh_database


@pytest.fixture(scope="module")
def database(postgres_url: str) -> str:
    """The URL of a database of this module's own, with a table of numbers and words."""
    url = fresh_database(postgres_url)
    with closing(Postgres(Session(url, None))) as connection:
        connection.script(
            "CREATE TABLE word (number BIGINT PRIMARY KEY, word TEXT, blob BYTEA, size DOUBLE PRECISION, small INTEGER)"
        )
    return url


@pytest.fixture
def connection(database: str) -> Iterator[Postgres]:
    """A connection; the table is empty."""
    opened = Postgres(Session(database, None))
    opened.script("TRUNCATE word")
    yield opened
    opened.close()


@pytest.fixture
def other(database: str) -> Iterator[Postgres]:
    """Somebody else's connection to the same database."""
    opened = Postgres(Session(database, None))
    yield opened
    opened.close()
