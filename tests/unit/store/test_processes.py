"""Several processes that write to one PostgreSQL database at the same time."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from charthouse.access.actor import SYSTEM
from charthouse.app import Clinic
from charthouse.base.settings import Settings
from charthouse.ops.integrity import examine
from tests.postgres import fresh_database
from tests.unit.store.rival import entry, patient, race

pytestmark = pytest.mark.postgres

PROCESSES = 2
TIMES = 15


def test_two_processes_lose_no_update_and_make_no_twin(postgres_url: str) -> None:
    url = fresh_database(postgres_url)
    clinic = Clinic.open(Settings(database_url=url), create=True)
    with closing(clinic):
        asyncio.run(clinic.gate.commit(SYSTEM, [entry("PUT", patient("counter"))], interaction="update"))
    told = race(url, PROCESSES, TIMES)
    assert [one.get("failure") for one in told] == [None] * PROCESSES

    # a conditional create gives everybody the same resource, in whatever order they ask
    for one in told:
        assert one["ids"] == told[0]["ids"]
        assert one["again"] == list(one["ids"].values())
    assert len(set(told[0]["ids"].values())) == TIMES

    clinic = Clinic.open(Settings(database_url=url))
    with closing(clinic):
        # every one of the updates with If-Match is in: none overwrote another
        counter = asyncio.run(clinic.gate.read(SYSTEM, "Patient", "counter"))
        assert counter.tree["multipleBirthInteger"] == PROCESSES * 2 * TIMES
        assert counter.version == PROCESSES * 2 * TIMES + 1
        page = asyncio.run(
            clinic.gate.search(
                SYSTEM, "Patient", [("identifier", "http://example.org/number|"), ("_count", "100")]
            )
        )
        assert len(page.entries) == TIMES
        assert {found.stored.id for found in page.entries} == set(told[0]["ids"].values())
        with closing(clinic.open_audit()) as audit:
            report = examine(clinic.record, audit, clinic.keys.get("mark"))
        assert report.clean, report.findings
        assert report.versions > PROCESSES * TIMES * 4
        sealed = clinic.record.connection().one("SELECT sum(entries)::bigint, max(id), count(*) FROM block")
        assert sealed is not None
        assert sealed[0] == report.transactions
        assert sealed[1] == sealed[2]


def test_two_processes_may_open_an_empty_database_at_once(postgres_url: str) -> None:
    url = fresh_database(postgres_url)
    told = race(url, PROCESSES, 0)
    assert [one.get("failure") for one in told] == [None] * PROCESSES
