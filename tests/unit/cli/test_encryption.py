"""The key of a record is changed whole or not at all, whenever it is stopped, and nothing of it lies open meanwhile."""

from __future__ import annotations

import json
import random
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import copytree
from threading import Event, Thread

import pytest

from charthouse.base.claim import Claim
from charthouse.base.errors import Problem
from charthouse.db.rekey import ENDING, is_plain, opens, rekey
from tests.unit.cli.terminal import PROGRAM, charthouse, environment, free_port, running

MARK = b"Plainmarkersurname"
PATIENTS = 300


def filled(folder: Path, **settings: str) -> None:
    """A clinic `c` in `folder` with patients who carry the mark."""
    source = folder / "in.ndjson"
    lines = (
        json.dumps({"resourceType": "Patient", "id": f"p{n}", "name": [{"family": f"{MARK.decode()}{n}"}]})
        for n in range(PATIENTS)
    )
    source.write_text("\n".join(lines))
    done = charthouse(folder, "import", "--data", "c", "in.ndjson", "--processes", "1", **settings)
    assert done.returncode == 0, done.stderr
    out = charthouse(folder, "export", "--data", "c", "out", **settings)  # the audit notes it
    assert out.returncode == 0, out.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an encrypted clinic `c` under the key `k1`, for copies."""
    folder = tmp_path_factory.mktemp("made")
    assert charthouse(folder, "init", "--data", "c", "--key-file", "k1").returncode == 0
    filled(folder, CHARTHOUSE_KEY_FILE="k1")
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    return Path(copytree(made, tmp_path / "place"))


def key(file: Path) -> bytes:
    return bytes.fromhex(file.read_text())


def open_texts(folder: Path) -> list[str]:
    """The files of a data folder in which the mark, or the head of an open database, can be read."""
    found = []
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            content = file.read_bytes() if file.is_file() else b""
            if MARK in content or MARK.lower() in content or content.startswith(b"SQLite format 3"):
                found.append(file.name)
    return found


def test_a_record_gets_another_key_and_the_old_one_opens_it_no_more(place: Path) -> None:
    done = charthouse(place, "key", "rotate", "--data", "c", "--new-key-file", "k2", CHARTHOUSE_KEY_FILE="k1")
    assert done.returncode == 0, done.stderr
    assert "CHARTHOUSE_KEY_FILE=k2" in done.stdout
    assert "The record is whole" in done.stdout
    assert "record.db: 100 %" in done.stderr
    assert stat.S_IMODE((place / "k2").stat().st_mode) == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n", (place / "k2").read_text())
    for name in ("record.db", "audit.db"):
        assert opens(place / "c" / name, key(place / "k2"))
        assert not opens(place / "c" / name, key(place / "k1"))
    old = charthouse(place, "check", "--data", "c", CHARTHOUSE_KEY_FILE="k1")
    assert (old.returncode, "the key is not the one it was encrypted with" in old.stderr) == (1, True)
    new = charthouse(place, "check", "--data", "c", "--json", CHARTHOUSE_KEY_FILE="k2")
    report = json.loads(new.stdout)
    assert (new.returncode, report["clean"], report["encrypted"]) == (0, True, True)
    assert not open_texts(place / "c")
    assert not list((place / "c").glob(f"*{ENDING}*"))
    for file in (place / "c").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


def test_the_change_is_in_the_audit(place: Path) -> None:
    from charthouse.access.reporting import Reporting
    from charthouse.app import Clinic
    from charthouse.base.settings import Settings

    charthouse(
        place, "key", "rotate", "--data", "c", "--new-key-file", "k2", "--no-check", CHARTHOUSE_KEY_FILE="k1"
    )
    clinic = Clinic.open(Settings(data=place / "c", key_file=place / "k2"))
    try:
        connection = clinic.open_audit()
        try:
            latest = Reporting(connection).latest(count=1).entries[0]
        finally:
            connection.close()
    finally:
        clinic.close()
    assert latest.event.interaction == "key-rotated"


def test_a_record_without_a_key_gets_its_first_one(tmp_path: Path) -> None:
    assert charthouse(tmp_path, "init", "--data", "c").returncode == 0
    filled(tmp_path)
    assert open_texts(tmp_path / "c")
    (tmp_path / "c" / "import-refused.ndjson").write_text("{}")
    done = charthouse(tmp_path, "key", "rotate", "--data", "c", "--new-key-file", "k")
    assert done.returncode == 0, done.stderr
    assert "Not encrypted: c/import-refused.ndjson" in done.stdout
    assert not open_texts(tmp_path / "c")
    found = charthouse(tmp_path, "check", "--data", "c", "--json", CHARTHOUSE_KEY_FILE="k")
    report = json.loads(found.stdout)
    assert (report["clean"], report["resources"]) == (True, PATIENTS)


def test_a_key_where_none_is_needed_and_none_where_one_is_are_told_apart(place: Path, tmp_path: Path) -> None:
    assert charthouse(tmp_path, "init", "--data", "plain").returncode == 0
    given = charthouse(tmp_path, "check", "--data", "plain", CHARTHOUSE_KEY="ab" * 32)
    assert "it is not encrypted, but a key is given" in given.stderr
    assert "not encrypted" in charthouse(tmp_path, "check", "--data", "plain").stdout
    missing = charthouse(place, "check", "--data", "c")
    assert "give its key in CHARTHOUSE_KEY_FILE" in missing.stderr
    (place / "k1").chmod(0o644)
    shown = charthouse(place, "check", "--data", "c", CHARTHOUSE_KEY_FILE="k1")
    assert (shown.returncode, "chmod 600" in shown.stderr) == (2, True)
    for answer in (given, missing, shown):
        assert "Traceback" not in answer.stderr


def test_without_the_present_key_nothing_is_changed_and_no_key_is_made(place: Path) -> None:
    before = {file.name: file.read_bytes() for file in (place / "c").glob("*.db")}
    for settings in ({}, {"CHARTHOUSE_KEY": "ab" * 32}):
        done = charthouse(place, "key", "rotate", "--data", "c", "--new-key-file", "k2", **settings)
        assert (done.returncode, "present key" in done.stderr) == (1, True)
        assert not (place / "k2").exists()
    assert before == {file.name: file.read_bytes() for file in (place / "c").glob("*.db")}


@pytest.mark.parametrize("name", ["c/k2", "c/../c/k2"])
def test_a_new_key_inside_the_data_folder_is_refused(place: Path, name: str) -> None:
    done = charthouse(place, "key", "rotate", "--data", "c", "--new-key-file", name, CHARTHOUSE_KEY_FILE="k1")
    assert (done.returncode, "protects nothing" in done.stderr) == (2, True)
    assert opens(place / "c" / "record.db", key(place / "k1"))


def test_a_running_server_is_not_pulled_the_rug_from_under(place: Path) -> None:
    words = ("key", "rotate", "--data", "c", "--new-key-file", "k2")
    with running(place, "serve", "--data", "c", "--port", str(free_port()), CHARTHOUSE_KEY_FILE="k1"):
        done = charthouse(place, *words, CHARTHOUSE_KEY_FILE="k1")
        assert (done.returncode, "uses this data folder" in done.stderr) == (5, True)
        assert not (place / "k2").exists()
    assert charthouse(place, *words, CHARTHOUSE_KEY_FILE="k1").returncode == 0


def test_nobody_opens_a_record_whose_key_is_being_changed(place: Path) -> None:
    claim = Claim.alone(place / "c")
    try:
        done = charthouse(place, "check", "--data", "c", CHARTHOUSE_KEY_FILE="k1")
        assert (done.returncode, "key of this data folder is being changed" in done.stderr) == (5, True)
    finally:
        claim.release()
    assert charthouse(place, "check", "--data", "c", CHARTHOUSE_KEY_FILE="k1").returncode == 0


def test_wrong_keys_leave_what_a_crash_left(place: Path) -> None:
    """The newest writes lie in the log after a crash; whoever tries a key must not fold it in wrongly."""
    code = (
        "import os,sys; from pathlib import Path; from charthouse.db.connect import Place, connect\n"
        "c = connect(Place(path=Path('c/record.db'), key=bytes.fromhex(Path('k1').read_text())))\n"
        'c.run("CREATE TABLE left_over(a)"); os._exit(0)'
    )
    subprocess.run([PROGRAM[0], "-c", code], cwd=place, env=environment(), check=True)
    assert (place / "c" / "record.db-wal").stat().st_size > 0
    for settings in ({"CHARTHOUSE_KEY": "ab" * 32}, {}):
        assert charthouse(place, "check", "--data", "c", **settings).returncode == 1
    done = charthouse(place, "key", "rotate", "--data", "c", "--new-key-file", "k2", CHARTHOUSE_KEY_FILE="k1")
    assert done.returncode == 0, done.stderr
    from charthouse.db.connect import Place, connect

    connection = connect(Place(path=place / "c" / "record.db", key=key(place / "k2")))
    assert connection.run("SELECT * FROM left_over") == []
    connection.close()


ROTATING = """
import sys
from pathlib import Path
from charthouse.db.rekey import opens, rekey
old, new = (bytes.fromhex(Path(name).read_text()) for name in ("k1", "k2"))
print("ready", flush=True)
for name in ("audit.db", "record.db"):
    if not opens(Path("c") / name, new):
        rekey(Path("c") / name, None if sys.argv[1] == "first" else old, new, lambda done: None)
print("done", flush=True)
"""


def rotating(place: Path, kind: str) -> subprocess.Popen[str]:
    """A process that is about to change the keys of the clinic in `place`."""
    (place / "k2").write_text("cd" * 32)
    (place / "k2").chmod(0o600)
    process = subprocess.Popen(
        [PROGRAM[0], "-c", ROTATING, kind], cwd=place, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("kind", ["another", "first"])
def test_killed_at_any_moment_it_opens_with_the_old_key_or_the_new_and_the_command_finishes(
    made: Path, tmp_path: Path, kind: str
) -> None:
    chance = random.Random(kind)
    source = made
    if kind == "first":
        source = tmp_path / "plain"
        source.mkdir()
        assert charthouse(source, "init", "--data", "c").returncode == 0
        filled(source)
        (source / "k1").write_text("ab" * 32)
    with rotating(Path(copytree(source, tmp_path / "whole")), kind) as process:
        begun = time.monotonic()
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        lasted = time.monotonic() - begun
    seen = set()
    for turn in range(10):
        place = Path(copytree(source, tmp_path / f"turn{turn}"))
        with rotating(place, kind) as process:
            time.sleep(lasted * (turn + chance.random()) / 10)
            process.send_signal(signal.SIGKILL)
        state = []
        for name in ("audit.db", "record.db"):
            file = place / "c" / name
            old = opens(file, None if kind == "first" else key(place / "k1"))
            assert old != opens(file, key(place / "k2")), (turn, name)
            state.append(old)
        seen.add(tuple(state))
        if turn % 5 == 4:  # the whole command takes its time
            settings = {} if kind == "first" else {"CHARTHOUSE_KEY_FILE": "k1"}
            done = charthouse(place, "key", "rotate", "--data", "c", "--new-key-file", "k2", **settings)
            assert done.returncode == 0, done.stderr
            assert not open_texts(place / "c")
            assert not list((place / "c").glob(f"*{ENDING}*"))
    assert len(seen) > 1, "every kill came before, or after, everything"


def test_while_a_key_is_changed_nothing_lies_open(place: Path) -> None:
    found: set[str] = set()
    over = Event()

    def look() -> None:
        while not over.is_set():
            found.update(open_texts(place / "c"))

    watcher = Thread(target=look)
    watcher.start()
    try:
        for name in ("audit.db", "record.db"):
            rekey(place / "c" / name, key(place / "k1"), b"\x01" * 32, lambda done: None)
    finally:
        over.set()
        watcher.join()
    assert not found


def test_a_full_disk_is_told_before_anything_is_begun(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from charthouse.db import rekey as module

    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 100})())
    with pytest.raises(Problem, match="no room"):
        rekey(place / "c" / "record.db", key(place / "k1"), b"\x01" * 32, lambda done: None)
    assert opens(place / "c" / "record.db", key(place / "k1"))


# -- at rest: nothing of an encrypted record is ever plain


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Path, set[str]]]:
    """A folder whose clinic `c` is looked at all the time, and the names of files in which something was read."""
    found: set[str] = set()
    over = Event()

    def look() -> None:
        while not over.is_set():
            if (tmp_path / "c").exists():
                found.update(open_texts(tmp_path / "c"))
            over.wait(0.01)

    watcher = Thread(target=look)
    watcher.start()
    yield tmp_path, found
    over.set()
    watcher.join()


def test_an_import_and_its_crash_leave_nothing_to_read(watched: tuple[Path, set[str]]) -> None:
    folder, found = watched
    assert charthouse(folder, "init", "--data", "c", "--key-file", "k1").returncode == 0
    lines = (
        json.dumps({"resourceType": "Patient", "id": f"p{n}", "name": [{"family": MARK.decode() * 20}]})
        for n in range(20_000)
    )
    (folder / "in.ndjson").write_text("\n".join(lines))
    process = subprocess.Popen(
        [*PROGRAM, "import", "--data", "c", "in.ndjson", "--processes", "1"], cwd=folder,
        env=environment(CHARTHOUSE_KEY_FILE="k1"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wal = folder / "c" / "record.db-wal"
    end = time.monotonic() + 60
    while not (wal.exists() and wal.stat().st_size > 1_000_000):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert {"record.db", "record.db-wal"} <= {file.name for file in (folder / "c").iterdir()}
    assert not open_texts(folder / "c")
    done = charthouse(folder, "check", "--data", "c", CHARTHOUSE_KEY_FILE="k1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not open_texts(folder / "c")
    assert not found


def test_temporary_tables_and_sorts_stay_in_memory(place: Path) -> None:
    from charthouse.db.connect import Place, connect

    for given in (key(place / "k1"), None):
        file = place / "c" / "record.db" if given else place / "plain.db"
        connection = connect(Place(path=file, key=given))
        assert connection.one("PRAGMA temp_store") == (2,)
        connection.close()
    assert is_plain(place / "plain.db")
