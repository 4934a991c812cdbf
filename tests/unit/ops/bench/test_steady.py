"""Load at a fixed rate: what a slow server keeps waiting counts from the moment it was due."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest

from charthouse.base.errors import Problem
from charthouse.ops.bench import load, steady
from charthouse.ops.bench.load import Request

STALL = 0.6  # seconds before the first answer
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"


@pytest.fixture(params=[OK])
def stalling(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that answers one connection, and nothing for a while at first."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            link, _ = listener.accept()
            with link:
                link.recv(4096)
                time.sleep(STALL)
                link.sendall(request.param)
                while link.recv(4096):
                    link.sendall(request.param)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_a_server_that_stops_shows_it_in_every_request_that_was_due_meanwhile(stalling: int) -> None:
    choose = repeat(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    found = steady.offer(stalling, 1, 0.5, 20, choose)
    assert (found["requests"], found["bad"], found["broken"]) == (10, 0, 0)
    # the last of ten was due after 450 ms, and none was answered before 600
    assert found["p50"] >= (STALL - 0.25) * 1000 - 1
    assert found["p99"] >= STALL * 1000 - 1


@pytest.mark.parametrize("stalling", [NO], indirect=True)
def test_refusals_make_no_figure(stalling: int, tmp_path: Path) -> None:
    file = load.write(tmp_path / "asked.txt", [Request("GET", "/")])
    with pytest.raises(Problem, match="were refusals"):
        load.offer(stalling, file, rate=20, connections=1, seconds=1)
