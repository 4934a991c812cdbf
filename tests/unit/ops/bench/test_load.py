"""Both load clients send what they are given to a real server, and a figure of failures is none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from charthouse.base.errors import Problem
from charthouse.ops.bench import load
from charthouse.ops.bench.constant import content
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.process import Server, free_port, running

SERVER = """
import sys, uvicorn
seen = set()
async def application(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    path = scope["path"]
    seen.add((scope["method"], path, body, dict(scope["headers"]).get(b"authorization")))
    answer = repr(sorted(seen, key=repr)).encode() if path == "/seen" else b"fine"
    status = 403 if path == "/forbidden" else 200
    headers = [(b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", lifespan="off")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(port)]
    with running(command, port, tmp_path_factory.mktemp("server"), "/") as found:
        yield found


@pytest.fixture(params=load.CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "wrk" and not shutil.which("wrk"):
        pytest.skip("wrk is not installed")
    return name


def test_every_request_of_the_file_arrives_as_it_was_written(
    server: Server, client: str, tmp_path: Path
) -> None:
    asked = [Request("GET", f"/{client}/{number}") for number in range(30)]
    asked.append(Request("POST", f"/{client}/posted", '{"a": "zwölf"}'))
    file = load.write(tmp_path / "asked.txt", asked)
    answered = load.send(
        server.port, file, connections=4, seconds=1, by=client, headers=["Authorization: Bearer x"], order="0"
    )
    _, _, seen = server.ask("/seen")
    for request in asked:
        row = (request.method, request.path, request.body.encode(), b"Bearer x")
        assert repr(row).encode() in seen
    assert answered.requests >= len(asked)
    assert answered.rate == answered.requests / answered.seconds
    assert 0 < answered.p50 <= answered.p95 <= answered.p99


def test_refusals_make_no_figure(server: Server, client: str, tmp_path: Path) -> None:
    file = load.write(tmp_path / "asked.txt", [Request("GET", "/fine"), Request("GET", "/forbidden")])
    with pytest.raises(Problem, match="were refusals"):
        load.send(server.port, file, connections=2, seconds=1, by=client)


def test_a_server_that_is_not_there_makes_no_figure(client: str, tmp_path: Path) -> None:
    file = load.write(tmp_path / "asked.txt", [Request("GET", "/fine")])
    with pytest.raises(Problem, match="client"):
        load.send(free_port(), file, connections=2, seconds=1, by=client)


def test_the_line_of_json_is_found_among_what_a_client_prints() -> None:
    assert load.parsed('Running 1s test\n  4 connections\n\n{"requests": 3}\n') == {"requests": 3}
    assert load.parsed("unable to connect\n") is None


def test_a_client_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(Problem, match="siege"):
        load.chosen("siege")
    assert load.chosen("socket") == "socket"


@pytest.mark.parametrize("size", [100, 1471, 20_000])
def test_constant_answers_have_the_length_asked_for(size: int) -> None:
    assert len(content(size)) == size
