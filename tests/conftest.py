"""What every test may ask for: the cast, and a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from charthouse.access.actor import Actor
from tests import cast, postgres

# The folders whose tests take longest come first, so that no worker is left with one when the others are done.
LONG = ("fault", "web", "door", "interop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by folder; within one the order stays."""
    here = Path(__file__).parent
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.relative_to(here).parts[0], len(LONG)))


@pytest.fixture
def administrator() -> Actor:
    return cast.ADMINISTRATOR.at_the_screen(1)


@pytest.fixture
def doctor() -> Actor:
    return cast.DOCTOR.at_the_screen(2)


@pytest.fixture
def nurse() -> Actor:
    return cast.NURSE.at_the_screen(3)


@pytest.fixture
def biller() -> Actor:
    return cast.BILLER.at_the_screen(4)


@pytest.fixture
def patient_actor() -> Actor:
    return cast.PATIENT.at_the_screen(5)


@pytest.fixture
def outsider() -> Actor:
    """Signed in, without a role: must see nothing."""
    return cast.STRANGER.at_the_screen(6)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a PostgreSQL server of this run's own; each test takes a database or schema of its own in it."""
    folder = tmp_path_factory.getbasetemp()
    with postgres.shared_server(folder.parent if hasattr(request.config, "workerinput") else folder) as url:
        yield url
