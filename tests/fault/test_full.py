"""The disk is full: writes are refused in plain words, nothing acknowledged is lost, and work goes on later."""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from charthouse.app import Clinic
from charthouse.base.settings import Settings
from charthouse.db.connect import Place
from charthouse.ops.integrity import examine
from tests.fault import samples
from tests.fault.hands import Hand
from tests.fault.ledger import Ledger, losses
from tests.fault.serving import COMMAND, Answer, House, Line, environment, fine, kill

SEEDS = 30
TRACES = ("Traceback", 'File "', ".py", "apsw", "charthouse.")


@dataclass(frozen=True, slots=True)
class Tight:
    """A clinic on a disk that can be made full, and given room again."""

    house: House
    fill: Callable[[int], None]  # the server's process id
    free: Callable[[int], None]


@contextmanager
def limited(folder: Path) -> Iterator[Tight]:
    """No file may grow beyond a size: what any user can do to a process."""

    def fill(pid: int) -> None:
        largest = max(file.stat().st_size for file in (folder / "clinic").iterdir())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest + 300_000, resource.RLIM_INFINITY))

    def free(pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    yield Tight(House.make(folder / "clinic"), fill, free)


@contextmanager
def small(folder: Path) -> Iterator[Tight]:
    """A file system of 16 MB, filled up by a file of zeros."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can make a small file system; the same is tested with a limit on file sizes")
    place = folder / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "charthouse-test", str(place)],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("this machine lets nobody make a small file system")
    zeros = place / "zeros"

    def fill(pid: int) -> None:
        room = os.statvfs(place)
        zeros.write_bytes(bytes(room.f_bavail * room.f_bsize - 300_000))

    def free(pid: int) -> None:
        zeros.unlink()

    try:
        yield Tight(House.make(place / "clinic"), fill, free)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("disk", [limited, small])
def test_a_server_survives_a_full_disk(disk: Callable[[Path], Iterator[Tight]], tmp_path: Path) -> None:
    chance, ledger = random.Random(5), Ledger()
    with disk(tmp_path) as tight, closing(tight.house) as house:  # type: ignore[attr-defined]
        server = house.serve()
        with Line(house) as line:
            for _ in range(20):
                _create(line, ledger, chance)
            tight.fill(server.pid)
            refused = [answer for _ in range(400) if (answer := _create(line, ledger, chance)).status != 201]
            assert len(refused) > 100  # it was full, and it went on answering
            for answer in refused:
                _plain(answer)
            _plain(line.ask("POST", "", samples.transaction(chance, "half", 10)))
            ledger.groups["half"] = (10, False)
            tight.free(server.pid)
            for _ in range(20):
                fine(_create(line, ledger, chance), 201)
            type, id, version = next(iter(ledger.versions))
            assert line.ask("GET", f"{type}/{id}").version == version
        kill(server)
        house.checked()
        _whole(house, ledger)


def test_a_full_disk_shows_nothing_that_it_cannot_note(tmp_path: Path) -> None:
    """A read that cannot go into the audit is refused."""
    chance, ledger = random.Random(6), Ledger()
    with limited(tmp_path) as tight, closing(tight.house) as house:
        server = house.serve()
        with Line(house) as line:
            type, id = fine(_create(line, ledger, chance), 201).name
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
            answers = [line.ask("GET", f"{type}/{id}") for _ in range(50)]
            refused = [answer for answer in answers if answer.status != 200]
            assert refused
            for answer in refused:
                _plain(answer)
                assert b"Heart rate" not in answer.body
            tight.free(server.pid)
            fine(line.ask("GET", f"{type}/{id}"), 200)
        kill(server)
        shown = sum(answer.status == 200 for answer in answers) + 1
        assert house.checked()["events"] >= shown


@pytest.mark.parametrize("processes", ["1", "2"])
def test_an_import_stops_at_a_full_disk_and_goes_on_later(tmp_path: Path, processes: str) -> None:
    chance = random.Random(7)
    house = House.make(tmp_path / "clinic")
    source = tmp_path / "source"
    source.mkdir()
    for number in range(60):
        (source / f"{number}.json").write_text(
            json.dumps(samples.transaction(chance, samples.number(chance), 40))
        )
    largest = max(file.stat().st_size for file in house.folder.iterdir())
    done = subprocess.run(
        [*COMMAND, "import", str(source), "--json", "--processes", processes, *house.place],
        env=environment(), capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 400_000, resource.RLIM_INFINITY)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "disk is full" in done.stderr
    assert not any(sign in done.stderr + done.stdout for sign in TRACES)
    before = house.checked()["resources"]
    assert 0 < before < 2400
    assert before % 40 == 0
    report = json.loads(house.command("import", str(source), "--json"))
    assert report["found"] == report["created"] == 2400  # those that the stopped run made are counted once
    assert house.checked()["resources"] == house.checked()["versions"] == 2400


@pytest.mark.parametrize("seed", range(SEEDS))
def test_work_goes_on_after_the_disk_was_full_at_any_moment(tmp_path: Path, seed: int) -> None:
    """The engine itself is told that there is no room, at any write, the putting back of the log included."""
    from tests.fault.shim import Room, Shim, unique

    chance, ledger, room = random.Random(seed), Ledger(), Room()
    settings = Settings(data=tmp_path)
    Clinic.open(settings, create=True).close()
    with Shim(unique("room"), room) as shim:
        place = Place(path=tmp_path / "record.db", vfs=shim.name)
        clinic = Clinic(settings, place, Place(path=tmp_path / "audit.db", vfs=shim.name))
        try:
            pages = chance.choice((4, 30, 1000))
            clinic.record.writer.submit(
                lambda connection, group: connection.run(f"PRAGMA wal_autocheckpoint = {pages}")
            )
            for turn in range(4):
                room.left = chance.randrange(60) * 4096
                for one in range(2):
                    asyncio.run(Hand(clinic.gate, ledger, seed * 100 + turn * 10 + one).work(60))
                room.left = None
                before = len(ledger.versions)
                asyncio.run(Hand(clinic.gate, ledger, seed * 100 + turn * 10 + 9).work(8))
                assert len(ledger.versions) > before
            assert room.refused
            connection = clinic.record.connection()
            assert not losses(ledger, clinic.record.reader, connection)
            with closing(clinic.open_audit()) as audit:
                found = examine(clinic.record, audit, clinic.keys.get("mark"))
            assert found.clean, found.findings
            assert found.events >= ledger.reads
        finally:
            clinic.close()


def _create(line: Line, ledger: Ledger, chance: random.Random) -> Answer:
    """One create, noted if it was acknowledged."""
    tree = samples.observation(chance)
    answer = line.ask("POST", "Observation", tree)
    if answer.status == 201:
        ledger.note(*answer.name, answer.version, tree)
    return answer


def _plain(answer: Answer) -> None:
    """A refusal for want of room, in plain words and with no trace of the program."""
    assert answer.status == 503, answer
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert answer.tree["resourceType"] == "OperationOutcome"
    issue = answer.tree["issue"][0]
    assert issue["code"] == "no-store"
    assert issue["severity"] == "error"
    assert not any(sign in answer.body.decode() for sign in TRACES)


def _whole(house: House, ledger: Ledger) -> None:
    clinic = house.clinic()
    try:
        assert not losses(ledger, clinic.record.reader, clinic.record.connection())
    finally:
        clinic.close()
