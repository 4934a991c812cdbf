"""Processes of a bench: real servers on free ports and timed commands, each ended by its own number."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Final

from charthouse.base.errors import Category, Problem, problem
from charthouse.base.settings import ELSEWHERE, PREFIX

STARTING: Final = 60.0  # seconds a server may take to answer at first
ENDING: Final = 20.0
COMMAND: Final = 900.0
PAUSE: Final = 0.002
UNLIMITED: Final = ("rate_client", "rate_session", "rate_stranger")  # settings that are 0 in a bench


def charthouse(*arguments: str) -> list[str]:
    """The command line of `charthouse` as a user of this environment would start it."""
    script = Path(sys.executable).with_name("charthouse")
    if script.exists():
        return [str(script), *arguments]
    return [sys.executable, "-c", "from charthouse.cli import main; main()", *arguments]


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without settings of this machine's own clinic, so that defaults are measured; `settings`
    are added. Only the limits on how often a client may ask are off, for asking often is what a bench does."""
    plain = {
        name: value for name, value in os.environ.items()
        if not name.startswith(PREFIX) or name.startswith(ELSEWHERE)
    }  # fmt: skip
    return {**plain, **{f"{PREFIX}{name.upper()}": "0" for name in UNLIMITED}, **(settings or {})}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def timed(command: Sequence[str], settings: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Run a command to its end: the seconds it took, and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(settings), timeout=COMMAND, check=False
    )
    lasted = time.perf_counter() - begun
    if done.returncode:
        raise _failed(command, done.stderr)
    return lasted, done.stdout


@contextmanager
def running(
    command: Sequence[str], port: int, folder: Path, path: str = "/healthz",
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:  # fmt: skip
    """A server for the time of a `with`; entered when it answers `path`, ended by its own number."""
    log = folder / f"server-{port}.log"
    with log.open("wb") as sink:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=environment(settings),
        )
        try:
            server = Server(port, process.pid, begun)
            server.seconds = _answering(process, server, path, log)
            yield server
        finally:
            _end(process)


class Server:
    """A server that runs. `begun` is when it was started (`time.perf_counter`), `seconds` how long it then took to
    its first answer."""

    def __init__(self, port: int, pid: int, begun: float) -> None:
        self.port = port
        self.pid = pid
        self.begun = begun
        self.seconds = 0.0

    def ask(
        self, path: str, headers: Mapping[str, str] | None = None, *, seconds: float = 30
    ) -> tuple[int, HTTPMessage, bytes]:
        """One GET over a connection of its own: status, headers, body."""
        link = HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            link.request("GET", path, headers=dict(headers or {}))
            answer = link.getresponse()
            body = answer.read()
            return answer.status, answer.headers, body
        finally:
            link.close()


def _answering(process: subprocess.Popen[bytes], server: Server, path: str, log: Path) -> float:
    """Wait for the first answer; the seconds since the start."""
    end = server.begun + STARTING
    while time.perf_counter() < end:
        if process.poll() is not None:
            raise _failed(["server"], log.read_text(encoding="utf-8", errors="replace"))
        try:
            server.ask(path)
        except OSError:
            time.sleep(PAUSE)
            continue
        return time.perf_counter() - server.begun
    raise problem(
        Category.FAULT, "timeout", f"A server did not answer within {STARTING:g} seconds.", place=path
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _failed(command: Sequence[str], said: str) -> Problem:
    name = " ".join(Path(part).name for part in command[:2])
    return problem(Category.FAULT, "exception", f"{name} failed: {said.strip()[-400:]}")
