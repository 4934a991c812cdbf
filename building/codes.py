"""Makes the file of code systems that is shipped: HL7's own, ICD-10-CM, ICD-10-PCS and places of service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from building import icd, pcs
from building.hl7 import fill_hl7
from charthouse.base.errors import Problem
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import migrations
from charthouse.terminology.concept import Release, Row
from charthouse.terminology.fill import fill
from charthouse.terminology.find.index import words
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.loaded import Asked, release

# Places of service, by hand from the list that the Centers for Medicare & Medicaid Services publish: the
# 52 codes there were when PACE centers (66) were added in May 2024.
PLACES: Final = Path(__file__).with_name("pos.tsv")
PLACES_RELEASE: Final[Release] = release(named("pos"), Asked(), "2024-05", PLACES.name, hierarchy="")

_PAGE: Final = 8192  # bytes; pages of 4096 make the file 0.5 MB larger, of 16384 hardly smaller
_LOADED: Final = 0  # when the releases were loaded: the same moment always, so that the file is the same


def compile_codes(npm_folder: Path, wheels_folder: Path, target: Path) -> None:
    """Write the code systems to a new SQLite file at `target`, whole or not at all.

    `npm_folder` holds HL7's raw R4 definitions (`building.hl7`), `wheels_folder` the files that
    `building.wheels` fetches. RuntimeError for sources that are damaged or do not fit together.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".codes-") as name:
        packed = Path(name) / "packed.db"
        connection = connect(Place(path=Path(name) / "filled.db"), synchronous="OFF")
        try:
            _fill(connection, npm_folder, wheels_folder)
            _pack(connection, packed)
        except Problem as error:
            raise RuntimeError(f"the code systems cannot be put together: {error}") from error
        finally:
            connection.close()
        packed.replace(target)


def places() -> Iterator[Row]:
    """The places of service of `PLACES`: a code and a name on each line."""
    for line in PLACES.read_text(encoding="utf-8").splitlines():
        code, display = line.split("\t")
        yield Row(code, display)


def _fill(connection: Connection, npm_folder: Path, wheels_folder: Path) -> None:
    for step in migrations("charthouse.terminology", "migrations", connection.dialect):
        connection.script(step.sql)
    fill_hl7(connection, npm_folder)
    fill(connection, icd.RELEASE, icd.rows(wheels_folder), words=words)
    fill(connection, pcs.RELEASE, pcs.rows(wheels_folder), words=words)
    fill(connection, PLACES_RELEASE, places())


def _pack(connection: Connection, target: Path) -> None:
    """Write the tables to a file of their own, without gaps and without a log beside it."""
    connection.run("UPDATE term_system SET loaded = ?", (_LOADED,))
    connection.run(f"PRAGMA page_size = {_PAGE}")
    connection.run("VACUUM INTO ?", (str(target),))
