"""A desk for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from charthouse.app import Clinic
from charthouse.base.settings import Settings
from tests import postgres
from tests.unit.access.incidents.desk import Desk


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    settings = Settings(data=tmp_path / "data")
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        settings = Settings(database_url=postgres.fresh_database(url))
    clinic = Clinic.open(settings, create=True, synchronous="OFF")
    yield Desk(clinic)
    clinic.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Desk]:
    clinic = Clinic.open(Settings(data=tmp_path / "data"), create=True, synchronous="OFF")
    yield Desk(clinic)
    clinic.close()
