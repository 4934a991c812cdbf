"""Makes the file that comes with the program from the raw R4 definitions, for tests that ask real code systems."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import assets, fetch
from building.hl7 import fill_hl7
from charthouse.db.connect import Place, connect
from charthouse.db.migrate import migrate, migrations

LOCK = Path(__file__).parents[3] / "building" / "npm"


def raw() -> Path:
    """The folder of the raw definitions; the test is skipped, and says so, where no build has kept them."""
    folder = fetch.cache_folder(LOCK, assets.NEEDED) / assets.RAW
    if not folder.is_dir():
        pytest.skip(f"no raw R4 files at {folder}: they are kept there by a build (pip install -e .)")
    return folder


def made(folder: Path) -> Place:
    """A file with them in `folder`, to be opened as the shipped one is."""
    source = raw()
    place = Place(path=folder / "codes.db")
    connection = connect(place, synchronous="OFF")
    migrate(connection, migrations("charthouse.terminology", "migrations", place.dialect))
    fill_hl7(connection, source)
    connection.run("PRAGMA journal_mode = DELETE")
    connection.close()
    return Place(path=place.path, is_fixed=True)
