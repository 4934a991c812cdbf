"""`charthouse demo` makes its clinic once, can be started again, and survives being stopped half-way."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from charthouse.app import Clinic
from charthouse.base.settings import read
from tests.unit.cli.terminal import charthouse, free_port, links, running


def counted(folder: Path) -> tuple[int, int]:
    """Transactions and versions of the demo record, which must be whole."""
    answer = charthouse(folder, "check", "--data", "demo-data", "--json")
    assert answer.returncode == 0, answer.stdout
    found = json.loads(answer.stdout)
    return found["transactions"], found["versions"]


def test_a_demo_can_be_started_again_and_makes_nothing_twice(tmp_path: Path) -> None:
    made, seen = [], []
    for _ in range(2):
        port = free_port()
        with running(tmp_path, "demo", "--port", port, "--patients", 2) as (said, process):
            (link,) = links(said)
            assert link.startswith(f"http://localhost:{port}/")
            assert len(said.splitlines()[-1].strip()) == len(link)
            assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=20).status_code == 200
            made.append("invented patients" in said)
        assert process.returncode == 0
        seen.append(counted(tmp_path))
    assert made == [True, False]
    assert seen[0] == seen[1]
    assert seen[0][1] > 20
    assert (tmp_path / "demo-data" / "serving.lock").read_text() == ""


def test_a_demo_that_was_stopped_while_it_was_made_is_finished(tmp_path: Path) -> None:
    clinic = Clinic.open(read({}, data=tmp_path / "demo-data"), create=True, synchronous="OFF")
    clinic.write(
        lambda connection: clinic.people.add(connection, "admin", "Administrator", ["administrator"])
    )
    clinic.close()
    with running(tmp_path, "demo", "--port", free_port(), "--patients", 1) as (said, _):
        assert "1 invented patients" in said
        assert links(said)
