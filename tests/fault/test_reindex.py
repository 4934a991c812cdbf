"""kill -9 while the index is made anew: it goes on from its mark, nothing is missing, searches say so meanwhile."""

from __future__ import annotations

import json
import random
import time
from contextlib import closing
from pathlib import Path

import pytest

from charthouse.access.actor import SYSTEM
from charthouse.access.intake import Change
from charthouse.app import Clinic
from charthouse.interop.bulk import run
from charthouse.ops import reindex
from charthouse.ops.integrity import examine
from tests.fault.serving import House, Line, fine, kill
from tests.unit.store.changing import POOL

PEOPLE = 1200
ROUNDS = 2


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_an_index_that_is_made_anew_goes_on_after_a_kill(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(kind)
    house = House.make(
        tmp_path / kind, request.getfixturevalue("postgres_url") if kind == "postgres" else None
    )
    try:
        with closing(house.clinic()) as clinic:
            _fill(clinic, tmp_path)
            marks = [_done(clinic)]
            for _ in range(ROUNDS):
                process = house.start("reindex")
                until = time.monotonic() + 30
                while process.poll() is None and _done(clinic) == marks[-1] and time.monotonic() < until:
                    time.sleep(0.01)
                time.sleep(chance.uniform(0, 0.1))
                kill(process)
                marks.append(_done(clinic))
            assert marks == sorted(marks)
            assert marks[0] == 0 < marks[-1]
        server = house.serve()  # which goes on with it by itself
        with Line(house) as line:
            until, found = time.monotonic() + 60, {}
            while time.monotonic() < until:
                found = fine(line.ask("GET", "Patient?tongue=red&_summary=count"), 200).tree
                if "total" in found:
                    break
                assert found["entry"][0]["resource"]["issue"][0]["code"] == "incomplete"
                time.sleep(0.05)
        kill(server)
        assert found["total"] == PEOPLE
        with closing(house.clinic()) as clinic, closing(clinic.open_audit()) as audit:
            report = examine(clinic.record, audit, clinic.keys.get("mark"), index=True)
            assert report.clean, report.findings
            reindex.again(clinic.record, ["Patient"])
            assert reindex.run(clinic.record).changed == 0
    finally:
        house.close()


def _fill(clinic: Clinic, folder: Path) -> None:
    """People, and then a parameter that finds them."""
    people = folder / "people.ndjson"
    trees = ({"resourceType": "Patient", "id": f"p{number}", "language": "red"} for number in range(PEOPLE))
    people.write_text("\n".join(map(json.dumps, trees)))
    run.load(clinic, [people], processes=1, quiet=True, refused=folder / "refused.ndjson")
    intake, tree = clinic.intake(SYSTEM), POOL["tongue"][0]
    prepared = intake.preparer(tree, "SearchParameter")
    intake.submit([Change("PUT", "SearchParameter", "tongue", prepared)]).result()


def _done(clinic: Clinic) -> int:
    """How many Patients were gone through for the parameter; all of them where nothing is left."""
    passes = clinic.record.parameters.waiting(clinic.record.connection())
    return next((one.done for one in passes if one.type == "Patient"), PEOPLE)
