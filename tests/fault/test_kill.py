"""kill -9 at random moments, under writes over HTTP and under imports: no acknowledged write is lost, none is half."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from charthouse.ops.integrity import examine
from tests.fault import samples
from tests.fault.clients import together
from tests.fault.ledger import Ledger, losses
from tests.fault.serving import House, Line, fine, kill, left_over

CLIENTS = 6
FILES = 120
SIZE = 25  # resources of a file of the import

Makes = Callable[[str], House]


@pytest.fixture
def houses(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Makes]:
    """Makes a clinic in a folder or in PostgreSQL; ends its processes afterwards."""
    made: list[House] = []

    def make(kind: str) -> House:
        server = request.getfixturevalue("postgres_url") if kind == "postgres" else None
        made.append(House.make(tmp_path / kind, server))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.mark.parametrize(
    ("kind", "rounds"),
    [
        ("sqlite", 5),
        pytest.param("postgres", 2, marks=pytest.mark.postgres),
        pytest.param("sqlite", 40, marks=pytest.mark.soak),
        pytest.param("postgres", 40, marks=[pytest.mark.postgres, pytest.mark.soak]),
    ],
)
def test_no_acknowledged_write_is_lost_when_the_server_is_killed(
    houses: Makes, kind: str, rounds: int
) -> None:
    house, ledger, chance = houses(kind), Ledger(), random.Random(rounds)
    requests = 0
    for turn in range(rounds):
        server = house.serve()
        _still_there(house, ledger, chance)
        clients, end = together(house, ledger, turn, CLIENTS)
        time.sleep(chance.uniform(0.05, 1.2))
        importing = _importing(house, turn, chance) if turn % 2 else None
        kill(server)
        end()
        requests += sum(client.requests for client in clients)
        _kept(house, ledger)
        if importing is not None:
            importing()
    assert requests > 20 * rounds
    server = house.serve()
    _still_there(house, ledger, chance)
    server.terminate()
    assert server.wait(20) == 0
    house.checked()


def _still_there(house: House, ledger: Ledger, chance: random.Random) -> None:
    """The server itself gives what was acknowledged before it was killed."""
    known = sorted(ledger.versions)
    with Line(house) as line:
        for type, id, version in chance.sample(known, min(40, len(known))):
            tree = ledger.versions[type, id, version]
            answer = fine(line.ask("GET", f"{type}/{id}/_history/{version}"), 200 if tree else 410)
            if tree:
                assert {
                    name: value for name, value in answer.tree.items() if name not in ("id", "meta")
                } == tree


def _kept(house: House, ledger: Ledger) -> None:
    """Everything acknowledged is there, no transaction by half, and the record is whole."""
    clinic = house.clinic()
    try:
        wrong = losses(ledger, clinic.record.reader, clinic.record.connection())
        with closing(clinic.open_audit()) as audit:
            wrong += [
                str(one)
                for one in examine(clinic.record, audit, clinic.keys.get("mark")).findings
                if one.broken
            ]
    finally:
        clinic.close()
    assert not wrong, wrong[:10]


def _importing(house: House, turn: int, chance: random.Random) -> Callable[[], None]:
    """Import beside the server until killed at some moment; gives what looks at the result and ends the import."""
    source = _files(house.folder.parent / f"files-{house.folder.name}-{turn}", chance)
    before = _numbered(house)
    process = house.start("import", str(source), "--json", "--processes", str(chance.choice((1, 2))))
    time.sleep(chance.uniform(0.6, 2.5))
    if process.poll() is None:
        kill(process)
    assert not left_over(process)

    def look() -> None:
        counts = {name: count for name, count in _numbered(house).items() if name not in before}
        ours = {name: count for name, count in counts.items() if (source / f"{name}.json").exists()}
        assert set(ours.values()) <= {SIZE}, "a file was imported by half"
        report = json.loads(house.command("import", str(source), "--json"))
        assert report["found"] == FILES * SIZE == report["created"] + report["equal"]
        assert report["versions"] == report["refused"] == 0
        counts = _numbered(house)
        assert all(counts[file.stem] == SIZE for file in source.iterdir()), "a file was imported twice"

    return look


def _files(folder: Path, chance: random.Random) -> Path:
    """Files of one transaction each, named after the number of its resources."""
    folder.mkdir()
    for _ in range(FILES):
        name = samples.number(chance)
        bundle = samples.transaction(chance, name, SIZE)
        (folder / f"{name}.json").write_text(json.dumps(bundle))
    return folder


def _numbered(house: House) -> dict[str, int]:
    """Number -> how many resources were ever made with it, versions counted."""
    clinic = house.clinic()
    counts: dict[str, int] = {}
    try:
        for type in ("Patient", "Observation"):
            for stored in clinic.record.reader.history(
                clinic.record.connection(), type, None, count=1_000_000
            ):
                if not stored.deleted:
                    name = stored.tree["identifier"][0]["value"]
                    counts[name] = counts.get(name, 0) + 1
    finally:
        clinic.close()
    return counts
