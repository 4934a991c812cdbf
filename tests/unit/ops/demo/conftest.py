"""The demo made once for all its tests: the cast with sixty people of chance beside it."""

from __future__ import annotations

from datetime import date

import pytest

from charthouse.ops.demo import bundles, revisions
from tests.unit.ops.demo.charts import Record, Tree, records

TODAY = date(2026, 11, 23)
SEED = 7


@pytest.fixture(scope="package")
def today() -> date:
    return TODAY


@pytest.fixture(scope="package")
def stream() -> list[Tree]:
    return list(bundles(SEED, 94, TODAY))


@pytest.fixture(scope="package")
def later() -> list[Tree]:
    return list(revisions(SEED, TODAY))


@pytest.fixture(scope="package")
def everyone(stream: list[Tree]) -> list[Record]:
    return records(stream)


@pytest.fixture(scope="package")
def cast(everyone: list[Record]) -> dict[str, Record]:
    return {record.name: record for record in everyone[:34]}
