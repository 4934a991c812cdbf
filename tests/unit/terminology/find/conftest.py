"""A search over a small classification on both databases, and over the file that is shipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from charthouse.db.connect import Connection, Place
from charthouse.terminology.find.finder import Finder
from charthouse.terminology.shelf import Shipped
from tests.unit.terminology.find.small import filled


@pytest.fixture
def finder(tables: Connection) -> Finder:
    """A search over a release that a site loaded."""
    filled(tables)
    return Finder(None, lambda: tables)


@pytest.fixture(scope="session")
def whole() -> Iterator[Finder]:
    """A search over the shipped file; the test is skipped, and says so, where it was not built."""
    file = Path(str(resources.files("charthouse.terminology") / "codes.db"))
    if not file.exists():
        pytest.skip(f"no code systems at {file}: they are made by a build (pip install -e .)")
    with closing(Shipped(Place(path=file, is_fixed=True))) as shipped:
        yield Finder(shipped.connection)
