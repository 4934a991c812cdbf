"""The connection to PostgreSQL is cut under traffic: what was acknowledged is kept, and service goes on by itself."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.fault import samples
from tests.fault.clients import together
from tests.fault.ledger import Ledger, losses
from tests.fault.serving import House, Line, fine, kill

pytestmark = pytest.mark.postgres
CUTS = 6


@pytest.fixture
def house(tmp_path: Path, postgres_url: str) -> Iterator[House]:
    """A clinic in PostgreSQL."""
    made = House.make(tmp_path / "clinic", postgres_url)
    yield made
    made.close()


def _cut(house: House) -> int:
    """End every connection to the clinic's database; how many there were."""
    assert house.url is not None
    with psycopg.connect(house.url, autocommit=True) as connection:
        return connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).rowcount


def test_service_goes_on_after_every_connection_was_cut(house: House) -> None:
    chance, ledger = random.Random(1), Ledger()
    server = house.serve()
    _, end = together(house, ledger, 1, 4, forgiving=True)
    cut = 0
    for _ in range(CUTS):
        time.sleep(chance.uniform(0.2, 0.6))
        cut += _cut(house)
    time.sleep(0.5)
    before = len(ledger.versions)
    time.sleep(0.5)
    assert len(ledger.versions) > before, "nothing is written any more"
    with Line(house) as line:
        tree = samples.patient(samples.number(chance))
        type, id = fine(line.ask("POST", "Patient", tree), 201).name
        fine(line.ask("GET", f"{type}/{id}"), 200)
        fine(line.ask("GET", f"Patient?_id={id}"), 200)
    kill(server)
    end()
    assert cut >= CUTS
    clinic = house.clinic()
    try:
        wrong = losses(ledger, clinic.record.reader, clinic.record.connection())
    finally:
        clinic.close()
    assert not wrong, wrong[:10]
    house.checked()
