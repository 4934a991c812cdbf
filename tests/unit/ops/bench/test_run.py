"""The command from end to end: its JSON, its floors, its table, and what it does when something goes wrong."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from charthouse.base.errors import Problem
from charthouse.ops.bench import (
    creating,
    disk,
    house,
    importing,
    invented,
    process,
    run,
    searching,
    starting,
    table,
)
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.wrong import wrong

MACHINE = {
    "cpu": "Some", "cores": 2, "memory_mb": 24_000, "system": "Linux", "python": "3.11", "load": 0.5,
    "database": "SQLite", "client": "wrk", "runs": 5,
}  # fmt: skip


def test_the_command_prints_the_contracted_json_and_cleans_up(tmp_path: Path) -> None:
    done = subprocess.run(
        process.charthouse("bench", "read", "--quick", "--client", "socket", "--dir", str(tmp_path), "--json"),
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert {"cpu", "cores", "memory_mb", "python", "database", "client"} <= printed["machine"].keys()
    figures = {figure["name"]: figure for figure in printed["figures"]}
    assert figures.keys() == {"read"}
    for figure in figures.values():
        assert {"name", "value", "unit", "p50_ms", "p99_ms", "floors", "must"} <= figure.keys()
        assert figure["value"] > 0
    assert figures["read"]["floors"].keys() >= {
        "constant_bytes", "unaudited_read", "fdatasync_p50_ms", "client_ceiling",
    }  # fmt: skip
    assert figures["read"]["p50_ms"] <= figures["read"]["p99_ms"]
    assert figures["read"]["notes"]["resources"] >= 10_000
    assert "read: run 1 of 1" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_search_figure_has_its_floors_and_finds_what_it_asks_for(small: Bench) -> None:
    figure = searching.rate(small)
    assert {"constant_bytes", "bare_sql", "fdatasync_p50_ms"} <= figure.floors.keys()
    assert figure.notes["resources"] == 400
    assert figure.notes["bytes"] > 500  # a page with hits, not an empty one


def test_a_measurement_that_fails_is_told_and_the_others_are_made(
    small: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(bench: Bench) -> list[Figure]:
        raise wrong("lost writes")

    fine = Figure("read", "requests/s", [Run(1)])
    monkeypatch.setitem(run.MEASURES, "create", broken)
    monkeypatch.setitem(run.MEASURES, "read", lambda bench: [fine])
    outcome = run.run(small, ["create", "read"])
    assert outcome.figures == [fine]
    assert outcome.failed == {"create": "lost writes"}
    assert outcome.json()["failed"] == {"create": "lost writes"}


def test_names_are_taken_in_the_order_they_run_and_unknown_ones_refused() -> None:
    assert run.named([]) == list(run.MEASURES)
    assert run.named(["search", "read"]) == ["read", "search"]
    with pytest.raises(Problem, match="serach"):
        run.named(["serach"])


def test_the_table_marks_what_misses_its_must() -> None:
    figures = [
        Figure("read", "requests/s", [Run(4000, 1, 2, 3, {"constant_bytes": 20_000})], Goal(5000, 7500)),
        Figure("start", "s", [Run(0.5)], Goal(2, 1, low=True)),
    ]
    told = list(table.lines(MACHINE, figures))
    read, start = told[-2:]
    assert "MISSED" in read
    assert "constant_bytes 20,000" in read
    assert "MISSED" not in start
    assert "< 2" in start


def test_a_server_that_dies_at_once_is_told_with_what_it_said(tmp_path: Path) -> None:
    port = process.free_port()
    with (
        pytest.raises(Problem, match="no such record"),
        process.running(["sh", "-c", "echo no such record; exit 1"], port, tmp_path),
    ):
        pytest.fail("it does not run")


def test_settings_of_this_machine_do_not_reach_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTHOUSE_DATABASE_URL", "postgresql://someone@real/clinic")
    monkeypatch.setenv("CHARTHOUSE_TEST_DATA", "/somewhere")
    kept = process.environment()
    assert "CHARTHOUSE_DATABASE_URL" not in kept
    assert kept["CHARTHOUSE_TEST_DATA"] == "/somewhere"


def test_the_disk_is_asked_and_left_as_it_was(tmp_path: Path) -> None:
    assert disk.sync_ms(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "record.db").write_bytes(b"x" * 10)
    (tmp_path / "record.db-wal").write_bytes(b"x" * 5)
    assert disk.used(tmp_path, "record.db") == 15


def test_starting_gives_time_and_memory(small: Bench) -> None:
    figures = {figure.name: figure for figure in starting.measure(small)}
    assert figures["start to first answer"].value <= figures["start to first read"].value
    assert all(figure.goal.low for figure in figures.values())


def test_an_import_is_measured_beside_its_own_rows_inserted_raw(small: Bench) -> None:
    def bundles(count: int) -> Iterator[dict[str, Any]]:
        for number in range(3):
            entries = [{"resource": tree} for tree in invented.chart(number, 2, 2, 6)]
            yield {"resourceType": "Bundle", "type": "collection", "entry": entries}

    figures = {figure.name: figure for figure in importing.measure(replace(small, bundles=bundles))}
    whole, work = figures["import"], figures["import, without process start"]
    assert whole.notes == {"material": "made up", "resources": 33}
    assert {"raw_inserts", "fdatasync_p50_ms"} <= whole.floors.keys()
    assert work.value > whole.value
    share = figures["import, share of raw inserts"].value
    assert share == pytest.approx(whole.value / whole.floors["raw_inserts"])
    assert figures["disk"].value > 500
    assert list(small.work.glob("*import*")) == []


def test_creates_that_are_not_in_the_record_make_no_figure(small: Bench) -> None:
    with house.house(small, "create", house.Size(1, 1, 1, 3)) as home, home.served() as server:
        assert creating.count(home, server, "Observation") == 3
        creating.check(home, server, 0, 3)
        with pytest.raises(Problem, match="5 creates were answered, 3 are there"):
            creating.check(home, server, 0, 5)
