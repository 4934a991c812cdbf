"""A house for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from charthouse.db.connect import Place
from tests.unit.access.house import House


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """The access part of a clinic."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        place = Place(url=url, schema=f"t{uuid4().hex}")
        opened = House(place, place)
    else:
        opened = House(Place(path=tmp_path / "record.db"), Place(path=tmp_path / "audit.db"))
    yield opened
    opened.close()


@pytest.fixture
def small_house(tmp_path: Path) -> Iterator[House]:
    """The same on SQLite alone, for what does not depend on the database."""
    opened = House(Place(path=tmp_path / "record.db"), Place(path=tmp_path / "audit.db"))
    yield opened
    opened.close()
