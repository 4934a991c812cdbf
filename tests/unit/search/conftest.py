"""Shelves on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from charthouse.db.connect import Place
from tests.unit.search.shelf import Shelf

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def place(request: pytest.FixtureRequest, folder: Path) -> Place:
    """A fresh database of the kind the fixture's parameter names."""
    if request.param == "sqlite":
        return Place(path=folder / "record.db")
    return Place(url=fresh_database(request.getfixturevalue("postgres_url")))


def fresh_database(url: str) -> str:
    """The URL of a new database on the server at `url`."""
    psycopg = pytest.importorskip("psycopg")
    name = f"search_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="module", params=BOTH)
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A shelf that the tests of one module share; each uses types or ids of its own."""
    opened = Shelf(place(request, tmp_path_factory.mktemp("shelf")))
    yield opened
    opened.close()


@pytest.fixture(params=BOTH)
def empty_shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    """A shelf of one test's own."""
    opened = Shelf(place(request, tmp_path))
    yield opened
    opened.close()
