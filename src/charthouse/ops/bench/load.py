"""Load on a server: by wrk where it is installed, else by the raw-socket client, both as processes of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from charthouse.base.errors import Category, invalid, problem

SCRIPT: Final = Path(__file__).with_name("load.lua")
PATIENCE: Final = 60  # seconds beyond a run's own after which it is given up
CLIENTS: Final = ("wrk", "socket")
_SAID: Final = re.compile(r'"(?:text|diagnostics)":"([^"]+)"')  # what a refusal says of itself


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: how many answers in how many seconds, how many of them refusals; p50, p95, p99 in ms."""

    requests: int
    seconds: float
    bad: int
    broken: int
    p50: float
    p95: float
    p99: float
    refusal: str = ""  # the first of them, as far as the client kept it

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Request:
    """One request to send. The body must be a single line (compact JSON is)."""

    method: str
    path: str
    body: str = ""

    def line(self) -> str:
        """The request as both clients read it."""
        return f"{self.method}\t{self.path}\t{self.body}\n"


def write(file: Path, asked: Iterable[Request]) -> Path:
    """The file of requests for `send`."""
    with file.open("w", encoding="utf-8") as sheet:
        sheet.writelines(request.line() for request in asked)
    return file


def chosen(name: str | None) -> str:
    """The client to use: the one named, else wrk where it is installed, else our own."""
    if name is None:
        return "wrk" if shutil.which("wrk") else "socket"
    if name not in CLIENTS or (name == "wrk" and not shutil.which("wrk")):
        raise invalid(
            "value", "There is no such load client here.", place="--client", value=name,
            repair="Install wrk, or use socket.",
        )  # fmt: skip
    return name


def send(
    port: int,
    file: Path,
    *,
    connections: int,
    seconds: int,
    by: str,
    headers: Sequence[str] = (),
    order: str = "random",
) -> Answered:
    """Load the server on `port` with the requests in `file`.

    `order` is `random`, or the number of the request to start with. Raises `Problem(fault)` when answers
    were refusals or connections broke: a figure of failures is none.
    """
    command = (_wrk if by == "wrk" else _socket)(port, file, connections, seconds, headers, order)
    return _answered(command, by, file, seconds)


def offer(
    port: int, file: Path, *, rate: float, connections: int, seconds: int, headers: Sequence[str] = ()
) -> Answered:
    """Offer the requests in `file`, at random, at a fixed rate per second, whatever the answers take (see `steady`).

    Raises `Problem(fault)` like `send`, also where answers did not come in time.
    """
    command = [
        sys.executable, "-m", "charthouse.ops.bench.steady", str(port), str(connections), str(seconds), str(rate),
        str(file), *headers,
    ]  # fmt: skip
    return _answered(command, "steady", file, seconds)


def _answered(command: list[str], by: str, file: Path, seconds: int) -> Answered:
    """What a client tells at its end."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + PATIENCE, check=False)
    found = parsed(done.stdout)
    if done.returncode or found is None:
        raise problem(
            Category.FAULT, "exception", f"The load client ({by}) failed: {done.stderr.strip()[-300:]}"
        )
    answered = Answered(**found)
    if answered.bad or answered.broken or not answered.requests:
        raise problem(
            Category.FAULT, "exception",
            f"Of {answered.requests} answers {answered.bad} were refusals; {answered.broken} did not come."
            + "".join(f" {text}" for text in _SAID.findall(answered.refusal)[:1]),
            place=file.name, value=answered.refusal.partition("\r\n\r\n")[2] or None,
        )  # fmt: skip
    return answered


def parsed(output: str) -> dict[str, Any] | None:
    """The line of JSON in what a client printed; None where there is none."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    return None


def _wrk(
    port: int, file: Path, connections: int, seconds: int, headers: Sequence[str], order: str
) -> list[str]:
    return [
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT),
        f"http://127.0.0.1:{port}", "--", str(file), order, *headers,
    ]  # fmt: skip


def _socket(
    port: int, file: Path, connections: int, seconds: int, headers: Sequence[str], order: str
) -> list[str]:
    return [
        sys.executable, "-m", "charthouse.ops.bench.client", str(port), str(connections), str(seconds), str(file),
        order, *headers,
    ]  # fmt: skip
