"""`charthouse reindex`: what is not complete, what was done, and what is refused."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from charthouse.access.actor import SYSTEM
from charthouse.access.intake import Change
from charthouse.app import Clinic
from charthouse.base.settings import Settings
from charthouse.cli import main
from tests.unit.store.changing import POOL


def test_it_says_what_is_left_does_it_and_then_has_nothing_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Clinic.open(Settings(data=tmp_path), create=True)) as clinic:
        intake = clinic.intake(SYSTEM)
        for type, id, tree in (
            ("Patient", "p", {"resourceType": "Patient", "id": "p", "language": "red"}),
            ("SearchParameter", "tongue", POOL["tongue"][0]),
        ):
            intake.submit([Change("PUT", type, id, intake.preparer(tree, type))]).result()
    asked = ["--data", str(tmp_path)]

    def told(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["reindex", *words, *asked])
        captured = capsys.readouterr()
        return captured.out if not ended.value.code else f"{ended.value.code}: {captured.err}"

    status = json.loads(told("--status", "--json"))
    assert status["complete"] is False
    assert {
        "type": "Patient",
        "parameter": "tongue",
        "percent": 0,
        "done": 0,
        "of": 1,
        "searches_say_so": True,
    } in (status["parameters"])
    assert "tongue" in told("--status", "--type", "Patient")
    assert "complete" in told("--status", "--type", "Observation")
    assert told("--type", "Patent").startswith("2: ")
    done = json.loads(told("--pending", "--json"))
    assert (done["by_type"], done["changed"]) == ({"Patient": 1}, 1)
    assert json.loads(told("--status", "--json")) == {"complete": True, "parameters": []}
    assert json.loads(told("--pending", "--json"))["resources"] == 0
    again = told("--type", "Patient")
    assert "1 resources gone through" in again
    assert "0 rows of the index" in again
