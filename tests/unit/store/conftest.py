"""Desks on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from charthouse.db.connect import Place
from tests.postgres import fresh_database
from tests.unit.store.desk import Desk


@pytest.fixture(
    params=[
        "sqlite",
        *(pytest.param(name, marks=pytest.mark.postgres) for name in ("postgres", "partitions")),
    ]
)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """An empty record of one test's own; on PostgreSQL in one partition and in several."""
    if request.param == "sqlite":
        opened = Desk(Place(path=tmp_path / "record.db"))
    else:
        url = fresh_database(request.getfixturevalue("postgres_url"))
        if request.param == "partitions":
            url += "&options=-ccharthouse.partitions%3D5"
        opened = Desk(Place(url=url))
    yield opened
    opened.close()


@pytest.fixture
def shared_desk(postgres_url: str) -> Iterator[Desk]:
    """An empty record on PostgreSQL."""
    opened = Desk(Place(url=fresh_database(postgres_url)))
    yield opened
    opened.close()
