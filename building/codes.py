"""Makes the file of code systems that is shipped: HL7's own, ICD-10-CM, ICD-10-PCS and places of service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from building import icd, pcs
from building.hl7 import fill_hl7
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import migrations
from charthouse.terminology.concept import Release, Row
from charthouse.terminology.fill import fill
from charthouse.terminology.find.index import words
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.loaded import Asked, release

CODES: Final = Path("src/charthouse/terminology/codes.db")
PLACES: Final = Path(__file__).with_name("pos.tsv")
_PAGE: Final = 8192  # bytes


def compile_codes(npm_folder: Path, wheels_folder: Path, target: Path) -> None:
    """Write the code systems to a new SQLite file at `target`; the same sources give the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".codes-") as name:
        work = Path(name)
        connection = connect(Place(path=work / "filled.db"), synchronous="OFF")
        try:
            for step in migrations("charthouse.terminology", "migrations", connection.dialect):
                connection.script(step.sql)
            fill_hl7(connection, npm_folder)
            fill(connection, icd.RELEASE, icd.rows(wheels_folder), words=words)
            fill(connection, pcs.RELEASE, pcs.rows(wheels_folder), words=words)
            fill(connection, *places())
            _pack(connection, work / "packed.db")
        finally:
            connection.close()
        (work / "packed.db").rename(target)


def places() -> tuple[Release, list[Row]]:
    with PLACES.open(encoding="utf-8") as file:
        rows = [Row(*line.rstrip("\n").split("\t")) for line in file]
    return release(named("pos"), Asked(), "2024-08", PLACES.name, hierarchy=""), rows


def _pack(connection: Connection, target: Path) -> None:
    connection.run("UPDATE term_system SET loaded = 0")
    connection.run(f"PRAGMA page_size = {_PAGE}")
    connection.run("VACUUM INTO ?", (str(target),))
