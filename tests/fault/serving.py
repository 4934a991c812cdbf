"""A real Charthouse in its own process, started, called, and killed without warning."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from charthouse.app import Clinic
from charthouse.base.settings import Settings

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from charthouse.cli import main; main()")
FHIR_JSON = "application/fhir+json"


class Broken(Exception):
    """The server went away in the middle of a request: nobody knows whether it was carried out."""


class Unfit(AssertionError):
    """An answer with another status than it must have."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}: {answer.body[:500]!r}")
        self.doubtful = answer.status == 503 or b'"incomplete"' in answer.body  # perhaps it was carried out


@dataclass(slots=True)
class House:
    """A clinic that other processes serve and fill: its place, a port of its own, and who runs."""

    folder: Path
    url: str | None = None  # of a PostgreSQL database; without it, the record lies in `folder`
    port: int = 0
    token: str = ""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    second: House | None = None  # the same clinic, served by another process

    @classmethod
    def make(cls, folder: Path, postgres: str | None = None) -> House:
        """A new clinic, in a database of its own where a PostgreSQL server is given, with a system token."""
        house = cls(folder, None if postgres is None else database(postgres), free_port())
        folder.mkdir(exist_ok=True)
        house.command("init")
        house.token = house.command("token", "--client", "fault", "--scope", "system/*.cruds").strip()
        return house

    @property
    def place(self) -> list[str]:
        """The options that name the clinic."""
        return ["--data", str(self.folder)] if self.url is None else ["--database", self.url]

    def command(self, name: str, *arguments: str) -> str:
        """Run one command, which must go well, and return what it printed."""
        done = self.tried(name, *arguments)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout

    def tried(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [*COMMAND, name, *arguments, *self.place],
            env=environment(), cwd=self.folder, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one command, in a process group of its own, and leave it running."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*COMMAND, name, *arguments, *self.place],
                env=environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the server; returns when it answers."""
        process = self.start("serve", "--port", str(self.port))
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert process.poll() is None, (self.folder / "serve.log").read_text()
            try:
                with Line(self) as line:
                    if line.ask("GET", "metadata").status == 200:
                        return process
            except Broken:
                time.sleep(0.02)
        raise AssertionError("the server does not answer")

    def checked(self) -> dict[str, Any]:
        """What `charthouse check` says; it must say that the record is whole."""
        found: dict[str, Any] = json.loads(self.command("check", "--json"))
        assert found["clean"], found["findings"]
        return found

    def clinic(self) -> Clinic:
        """The clinic opened in this process; the caller closes it."""
        return Clinic.open(Settings(data=self.folder, database_url=self.url, port=self.port))

    def close(self) -> None:
        """End whatever still runs."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        if self.second is not None:
            self.second.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL: no handler runs, no buffer is written."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def left_over(process: subprocess.Popen[bytes], seconds: float = 10) -> list[str]:
    """What still runs of the processes that `process`, which was killed, had started."""
    until = time.monotonic() + seconds
    while found := [name for name, group in _processes() if group == process.pid]:
        if time.monotonic() > until:
            return found
        time.sleep(0.05)
    return []


def _processes() -> Iterator[tuple[str, int]]:
    """(name, process group) of everything that runs on this machine."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = file.read_text().rpartition(")")
        except OSError:
            continue
        state, _, group, *_ = rest.split()
        if state != "Z":
            yield name, int(group)


def environment() -> dict[str, str]:
    """The environment of a command: nothing of ours set, the source tree found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARTHOUSE_")}
    return kept | {"PYTHONPATH": str(ROOT / "src")}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def database(server: str) -> str:
    """The URL of a new, empty database in a PostgreSQL server."""
    name = f"fault_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def tree(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def version(self) -> int:
        """The version in the ETag."""
        return int(self.headers["etag"].removeprefix('W/"').removesuffix('"'))

    @property
    def name(self) -> tuple[str, str]:
        """Type and id from the Location."""
        steps = urlsplit(self.headers["location"]).path.split("/")
        return steps[-4], steps[-3]


class Line:
    """One connection to the server."""

    def __init__(self, house: House, timeout: float = 30) -> None:
        self._connection = HTTPConnection("127.0.0.1", house.port, timeout=timeout)
        self._headers = {"authorization": f"Bearer {house.token}", "content-type": FHIR_JSON}

    def ask(self, method: str, path: str, tree: Any = None, **headers: str) -> Answer:
        """One request below `/fhir`. Raises `Broken` when no whole answer comes."""
        body = None if tree is None else json.dumps(tree).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, f"/fhir/{path}".rstrip("/"), body, self._headers | named)
            answer: HTTPResponse = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise Broken from error
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def fine(answer: Answer, *statuses: int) -> Answer:
    """The answer, which must have one of `statuses`."""
    if answer.status not in statuses:
        raise Unfit(answer)
    return answer
