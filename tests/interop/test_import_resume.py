"""An import that was killed goes on where it was: nothing twice, nothing lost, the totals those of the whole."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from charthouse.app import Clinic
from tests.fault import samples
from tests.fault.serving import House, kill, left_over
from tests.interop.desk import Desk, lines, put

FILES = 90
SIZE = 30
TOTAL = FILES * SIZE


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A clinic for commands of their own process."""
    made = House.make(tmp_path / "clinic")
    yield made
    made.close()


def _source(folder: Path) -> Path:
    """Transactions in files, more of them as lines of one file, and something broken in each kind."""
    chance = random.Random(3)
    bundles = [samples.transaction(chance, f"unit{number:03}", SIZE) for number in range(FILES)]
    for number, bundle in enumerate(bundles[: FILES // 2]):
        put(folder, f"f{number:03}.json", bundle)
    (folder / "g.ndjson").write_bytes(lines(*bundles[FILES // 2 :]) + b"{broken\n")
    (folder / "h.json").write_bytes(b"{broken")
    (folder / "i.json.gz").write_bytes(b"no gzip")
    return folder


def _start_and_kill(house: House, source: Path, enough: int, *options: str) -> None:
    """Start the import and kill it as soon as `enough` resources are there."""
    with closing(house.clinic()) as clinic:
        process = house.start("import", str(source), "--json", *options)
        while process.poll() is None and _there(clinic) < enough:
            time.sleep(0.002)
        assert process.poll() is None, "the import was through before it could be killed"
        kill(process)
    assert not left_over(process)


def _there(clinic: Clinic) -> int:
    """How many resources there are now."""
    record = clinic.record
    return sum(record.reader.tallies(record.connection()).values())


def _counts(house: House) -> Counter[str]:
    """How often each unit's number is there, versions counted."""
    clinic = house.clinic()
    try:
        desk = Desk(clinic, house.folder)
        desk.checked()
        found: Counter[str] = Counter()
        for type, id in desk.everything():
            for tree in desk.versions(type, id):
                found[tree["identifier"][0]["value"]] += 1
        return found
    finally:
        clinic.close()


@pytest.mark.parametrize(
    "options", [("--processes", "1"), ("--processes", "2"), ("--as-sent",)], ids=" ".join
)
def test_a_killed_import_goes_on(house: House, tmp_path: Path, options: tuple[str, ...]) -> None:
    source = _source(tmp_path / "in")
    for enough in (1, TOTAL // 3, TOTAL // 2):
        _start_and_kill(house, source, enough, *options)
        counts = _counts(house)
        assert set(counts.values()) <= {SIZE}  # no unit by half, none twice
        assert enough <= counts.total() < TOTAL
    report = json.loads(house.command("import", str(source), "--json", *options))
    assert report["found"] == TOTAL + 3
    assert report["created"] == TOTAL
    assert report["refused"] == 3
    assert report["versions"] == report["equal"] == 0
    assert set(_counts(house).values()) == {SIZE}
    assert len(_counts(house)) == FILES
    rows = [json.loads(line) for line in (house.folder / "import-refused.ndjson").read_bytes().splitlines()]
    assert sorted(Path(row["source"]).name for row in rows) == ["g.ndjson", "h.json", "i.json.gz"]
    assert {row["line"] for row in rows if row["source"].endswith("g.ndjson")} == {FILES - FILES // 2 + 1}


def test_a_refusal_is_kept_when_the_import_is_stopped_right_after_it(house: House, tmp_path: Path) -> None:
    """The line is in the file before the unit counts as done, so that no stop between the two can lose it."""
    from charthouse.interop.bulk.importer import Importer

    source = put(tmp_path, "1.json", samples.transaction(random.Random(1), "unit", 3) | {"entry": [{}]})
    clinic = house.clinic()
    desk = Desk(clinic, house.folder / "import-refused.ndjson")
    whole = Importer.account
    try:
        with pytest.MonkeyPatch.context() as patch:

            def stop(self: Importer, *rest: object) -> None:
                raise KeyboardInterrupt

            patch.setattr(Importer, "account", stop)
            with pytest.raises(KeyboardInterrupt):
                desk.load(source)
        assert Importer.account is whole
        assert desk.counts(source) == (1, 0, 0, 0, 1)
        assert len(desk.refused()) == 1
    finally:
        clinic.close()


def test_the_same_import_may_be_named_another_way(house: House, tmp_path: Path) -> None:
    """A relative path after an absolute one: what is done stays done, with `--as-sent` above all."""
    source = _source(tmp_path / "in")
    _start_and_kill(house, source, TOTAL // 3, "--as-sent")
    report = json.loads(house.command("import", "../in", "--json", "--as-sent"))
    assert report["created"] == _counts(house).total() == TOTAL


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_two_imports_at_once(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    """The same one twice is told so; another one may go on beside it."""
    server = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    house = House.make(tmp_path / "clinic", server)
    chance = random.Random(9)
    source = put(tmp_path, "source.json", samples.transaction(chance, "source", SIZE))
    other = put(tmp_path, "other.json", samples.transaction(chance, "other", SIZE))
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)  # the import waits at it for more
    try:
        with closing(house.clinic()) as clinic:
            first = house.start("import", str(source), str(pipe), "--json", "--processes", "1")
            while first.poll() is None and _there(clinic) < SIZE:
                time.sleep(0.01)
        second = house.tried("import", str(source), str(pipe), "--json")
        assert second.returncode == 5
        assert second.stderr.startswith("charthouse: The same import is under way already.")
        beside = json.loads(house.command("import", str(other), "--json"))
        assert (beside["found"], beside["created"]) == (SIZE, SIZE)
        pipe.write_text(json.dumps(samples.transaction(chance, "pipe", SIZE)))
        assert first.wait(60) == 0
        assert _counts(house) == {"source": SIZE, "pipe": SIZE, "other": SIZE}
    finally:
        house.close()
