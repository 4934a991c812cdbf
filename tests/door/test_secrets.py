"""Secrets and records at rest: who may read the files, what stands in them, and what the server says aloud."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.door.conftest import JSON, MARK

COMMAND = (sys.executable, "-c", "from charthouse.cli import main; main()")


def command(*arguments: str, cwd: Path, check: bool = True, **environment: Any) -> str:
    """What a command printed; it runs with the umask that most accounts have."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CHARTHOUSE_")}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, check=False, umask=0o022, timeout=60,
        env={**clean, **environment},
    )  # fmt: skip
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + (done.stderr if not check else "")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@dataclass
class Served:
    """A server in a process of its own, its folder, its token, and the file that holds all it said."""

    url: str
    port: int
    data: Path
    token: str
    said: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {self.token}"}, timeout=30)

    def raw(self, *parts: bytes, wait: float = 10) -> bytes:
        """What comes back for bytes on a fresh connection, until the server closes it."""
        found = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            with contextlib.suppress(OSError):
                for part in parts:
                    connection.sendall(part)
            with contextlib.suppress(OSError):
                while chunk := connection.recv(65536):
                    found += chunk
        return found


@contextlib.contextmanager
def serving(folder: Path, *made: str, **environment: Any) -> Iterator[Served]:
    data = folder / "data"
    command("init", "--data", str(data), *made, cwd=folder)
    token = command(
        "token",
        "--data",
        str(data),
        "--client",
        "door",
        "--scope",
        "system/*.cruds",
        cwd=folder,
        **environment,
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = folder / "said.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CHARTHOUSE_")}
    with said.open("ab") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--data", str(data), "--port", str(port)], cwd=folder, stdout=log, stderr=log,
            env={**clean, "CHARTHOUSE_LOG_LEVEL": "debug", **environment}, umask=0o022,
        )  # fmt: skip
    found = Served(f"http://127.0.0.1:{port}", port, data, token.strip(), said)
    try:
        until = time.monotonic() + 30
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{found.url}/healthz").status_code == 200:
                    break
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as found:
        yield found


# -- files


def test_only_the_account_of_the_server_reads_the_data_folder(tmp_path: Path) -> None:
    for name, before in (("fresh", None), ("standing", 0o755)):
        data = tmp_path / name
        if before is not None:
            data.mkdir(mode=before)
            data.chmod(before)
        command("init", "--data", str(data), cwd=tmp_path)
        command("token", "--data", str(data), "--client", "x", cwd=tmp_path)
        assert mode(data) == 0o700
        for file in data.rglob("*"):
            assert mode(file) & 0o077 == 0, (file.name, oct(mode(file)))


def test_what_is_exported_or_refused_is_for_nobody_else(tmp_path: Path) -> None:
    data, source, out = tmp_path / "data", tmp_path / "in.ndjson", tmp_path / "out"
    command("init", "--data", str(data), cwd=tmp_path)
    source.write_text(
        '{"resourceType":"Patient","id":"p"}\n{"resourceType":"Patient","gender":"x","id":"q"}\n'
    )
    command("import", "--data", str(data), str(source), "--json", cwd=tmp_path)
    command("export", "--data", str(data), str(out), cwd=tmp_path)
    files = [*out.rglob("*"), data / "import-refused.ndjson"]
    assert len(files) > 1
    for file in files:
        assert mode(file) & 0o077 == 0, file


def test_tokens_links_and_sessions_are_kept_as_hashes_only(served: Served) -> None:
    link = command("token", "--data", str(served.data), "--user", "admin", cwd=served.data.parent).strip()
    answer = httpx.get(served.url + "/" + link.partition("://")[2].partition("/")[2])
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    for secret in (served.token, served.token.removeprefix("cht_"), link.rpartition("/")[2], cookie):
        assert len(secret) > 30
        for file in served.data.rglob("*"):
            if file.is_file():
                assert secret.encode() not in file.read_bytes(), file.name
    assert served.token not in served.said.read_text()
    assert cookie not in served.said.read_text()


def test_nobody_has_a_password_to_begin_with(tmp_path: Path) -> None:
    data = tmp_path / "data"
    told = command("init", "--data", str(data), cwd=tmp_path)
    assert re.search(r"password\W+\S", told, re.IGNORECASE) is None
    from charthouse.app import Clinic
    from charthouse.base.settings import Settings

    clinic = Clinic.open(Settings(data=data))
    try:
        assert [(person.name, person.has_password) for person in clinic.people.all()] == [("admin", False)]
    finally:
        clinic.close()


def test_an_encrypted_clinic_leaves_no_plain_text_in_its_folder(tmp_path: Path) -> None:
    key = tmp_path / "vault" / "key"
    key.parent.mkdir()
    with (
        serving(tmp_path, "--key-file", str(key), CHARTHOUSE_KEY_FILE=str(key)) as served,
        served.client() as client,
    ):
        assert mode(key) == 0o600
        for number in range(30):
            tree = {
                "resourceType": "Patient",
                "name": [{"family": f"{MARK}{number}"}],
                "address": [{"text": MARK * 50}],
            }
            assert client.post("/fhir/Patient", json=tree, headers=JSON).status_code == 201
        assert client.get(f"/fhir/Patient?family={MARK}&_sort=name").json()["total"] == 30
        files = [file for file in served.data.rglob("*") if file.is_file()]
        assert {"record.db", "record.db-wal", "audit.db", "audit.db-wal"} <= {file.name for file in files}
        before = [(file, file.read_bytes()) for file in files]
    source = tmp_path / "in.ndjson"
    source.write_text(
        f'{{"resourceType":"Patient","gender":"{MARK}","id":"q"}}\n{{"resourceType":"Patient","id":"{MARK}"}}\n'
    )
    told = command(
        "import",
        "--data",
        str(served.data),
        str(source),
        "--json",
        cwd=tmp_path,
        CHARTHOUSE_KEY_FILE=str(key),
    )
    assert '"refused": 1' in told
    after = [(file, file.read_bytes()) for file in served.data.rglob("*") if file.is_file()]
    for file, content in before + after:
        assert MARK.encode() not in content, file.name
        assert MARK.lower().encode() not in content, file.name
        assert not content.startswith(b"SQLite format 3"), file.name
        assert key.read_text().strip().encode() not in content, file.name
    said = command("check", "--data", str(served.data), cwd=tmp_path, check=False)
    assert "CHARTHOUSE_KEY_FILE" in said
    assert "Traceback" not in said


# -- what the server says aloud


def test_no_log_line_and_no_page_address_holds_what_a_caller_sent(served: Served) -> None:
    marked = f"/fhir/Patient?family={MARK}&_sort={MARK}"
    with served.client() as client:
        client.post(
            "/fhir/Patient", json={"resourceType": "Patient", "name": [{"family": MARK}]}, headers=JSON
        )
        client.post("/fhir/Patient", json={"resourceType": "Patient", "gender": MARK, MARK: 1}, headers=JSON)
        client.post("/fhir/Patient", content=f"<{MARK}", headers={"content-type": "application/fhir+xml"})
        client.post("/fhir/Patient", content=f"{{{MARK}", headers=JSON)
        for path in (marked, f"/fhir/{MARK}/x", f"/fhir/Patient/{MARK}!", f"/{MARK}", f"/static/0/{MARK}%00",
                     f"/sign-in/link/{MARK}", f"/record/Patient/{MARK}/file/" + "9" * 5000, f"/{MARK}/"):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code < 500, path
            assert "Traceback" not in answer.text
        client.get(
            "/fhir/Patient", headers={"accept": MARK, "x-request-id": f"{MARK} {MARK}", "user-agent": MARK}
        )
        client.get("/fhir/Patient", headers={"authorization": f"Bearer {MARK}"})
        found = client.get(f"/fhir/Patient?family={MARK}&_count=1").json()
        assert found["total"] == 1
    served.raw(f"GET /{MARK} HTTP/9.9\r\n{MARK}\r\n\r\n".encode())
    served.raw(f"GET /{MARK}\xff HTTP/1.1\r\nhost: x\r\n\r\n".encode("latin-1"))
    served.raw(
        b"GET /fhir/Patient HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n"
        + f"x: {MARK}\r\n\r\n".encode()
    )
    text = served.said.read_text()
    assert MARK not in text
    assert MARK.lower() not in text
    assert "Traceback" not in text


def marked(value: str) -> dict[str, dict[str, Any]]:
    """Ways to put `value` into a request: its headers, its cookies, and bodies of every kind that is read."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    return {
        "header": {"headers": dict.fromkeys(
            ("accept", "accept-language", "user-agent", "referer", "origin", "x-forwarded-for", "x-forwarded-host",
             "x-request-id", "if-match", "if-none-match", "if-none-exist", "prefer", "x-csrf-token", "hx-request",
             "hx-current-url", "range", "content-type", "x-security-context"), value,
        )},
        "cookie": {"headers": {"cookie": f"charthouse={value}; charthouse_theme={value}; {value}={value}; "
                                         f"charthouse_charts={value}|{value}"}},
        "json": {"headers": JSON, "json": {"resourceType": "Patient", "id": value, "gender": value, value: [value],
                                           "name": [{"family": value, value: 1}], "birthDate": value}},
        "xml": {"headers": {"content-type": "application/fhir+xml"},
                "content": f"<Patient xmlns='http://hl7.org/fhir'><{value}/><gender value='{value}'/></Patient>"},
        "patch": {"headers": {"content-type": "application/json-patch+json"},
                  "json": [{"op": "replace", "path": f"/{value}", "value": value}, {"op": value}]},
        "bundle": {"headers": JSON, "json": {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"fullUrl": value, "resource": {"resourceType": value}, "request": {"method": "POST", "url": value}}]}},
        "form": {"headers": form, "data": dict.fromkeys(
            ("form_token", "name", "password", "q", "username", "code", "client_id", "client_secret", "redirect_uri",
             "state", "scope", "token", "refresh_token", "grant_type", "assertion", "reason", "family", value), value)},
        "torn": {"headers": JSON, "content": f'{{"{value}": "{value}'.encode()},
    }  # fmt: skip


def test_a_value_in_any_place_of_a_request_to_any_route_is_said_to_nobody_else(tmp_path: Path) -> None:
    """Every route x every method x every place, as nobody, as a program and as a person at a browser."""
    with serving(tmp_path, CHARTHOUSE_RATE_STRANGER="0") as served, served.client() as program:
        link = command("token", "--data", str(served.data), "--user", "admin", cwd=tmp_path).strip()
        at_screen = httpx.Client(base_url=served.url, timeout=30)
        at_screen.get("/" + link.partition("://")[2].partition("/")[2])
        nobody = httpx.Client(base_url=served.url, timeout=30)
        rows = json.loads(command("routes", "--json", cwd=tmp_path))
        asked = 0
        for row in rows:
            path = (
                re.sub(r"\{[^}]+\}", MARK, row["path"])
                + f"?{MARK}={MARK}&_sort={MARK}&code={MARK}&state={MARK}"
            )
            for method in row["methods"]:
                for client in (nobody, program, at_screen):
                    if row["path"] == "/sign-out" and client is at_screen:
                        continue
                    for place, given in marked(MARK).items():
                        if place != "header" and place != "cookie" and method in ("GET", "HEAD", "OPTIONS"):
                            continue
                        answer = client.request(method, path, **given)
                        asked += 1
                        assert "Traceback" not in answer.text, (method, path, place)
                        assert answer.status_code != 500, (method, path, place, answer.text[:300])
        assert asked > 500
        for other in (nobody, at_screen, program):
            for path in (
                "/",
                "/nowhere",
                "/sign-in",
                "/metrics",
                "/fhir/metadata",
                "/readyz",
                "/fhir/Nothing",
            ):
                found = other.get(path).text
                assert MARK not in found, path
                assert MARK.lower() not in found, path
        for client in (nobody, at_screen):
            client.close()
        said = served.said.read_text()
    assert MARK not in said
    assert MARK.lower() not in said
    assert "Traceback" not in said


# -- the wire


def test_a_head_that_never_ends_is_cut_off(served: Served) -> None:
    for start in (b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ", b"GET /", b"\r\n",
                  b"GET / HTTP/1.1\r\n"):  # fmt: skip
        filler = (
            b"a: b\r\n" * 4096
            if start.endswith(b"1.1\r\n")
            else (b"\r\n" if start == b"\r\n" else b"a") * 16_384
        )
        sent = 0
        with (
            socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection,
            contextlib.suppress(OSError),
        ):
            connection.sendall(start)
            for _ in range(2_000):
                connection.sendall(filler)
                sent += len(filler)
                time.sleep(0.0005)
        assert sent < 20_000_000, "a stranger fills the server's memory"
    assert httpx.get(f"{served.url}/healthz").status_code == 200


def test_a_head_of_reasonable_size_in_many_pieces_is_read(served: Served) -> None:
    pieces = [
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n",
        *[b"x-%d: %b\r\n" % (n, b"v" * 200) for n in range(100)],
    ]
    assert served.raw(*pieces, b"connection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("head", [
    b"POST /fhir HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    b"POST /fhir HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    b"GET /fhir/Patient HTTP/1.1\r\nhost: x\r\nauthorization : Bearer x\r\nconnection: close\r\n\r\n",
    b"GET /fhir/Patient HTTP/1.1\r\nhost: x\r\nx: a\rb\r\nconnection: close\r\n\r\n",
    b"GET /fhir/Patient\x00 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    b"GET http://evil.example/fhir/Patient HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
])  # fmt: skip
def test_crooked_requests_are_refused(served: Served, head: bytes) -> None:
    found = served.raw(head)
    assert found == b"" or re.match(rb"HTTP/1\.1 4\d\d", found), found[:200]
    assert b"evil.example" not in found


def test_what_a_stalled_head_costs_is_bounded_in_time() -> None:
    """The deadline of the connection itself, on a real loop with a short clock."""
    import asyncio

    import uvicorn

    from charthouse.cli import wire

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("no request was complete")

    async def run() -> list[float]:
        config = uvicorn.Config(app, http=wire.Wire, lifespan="off", log_config=None)
        config.load()
        state, loop, waited = uvicorn.server.ServerState(), asyncio.get_running_loop(), []
        listener = await loop.create_server(lambda: wire.Wire(config, state, {}), "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        for start in (b"", b"GET / HTTP/1.1\r\nhost:"):
            began = loop.time()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(start)
            assert await asyncio.wait_for(reader.read(), 10) == b""
            waited.append(loop.time() - began)
            writer.close()
        listener.close()
        return waited

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "SECONDS", 0.3)
        assert all(0.2 < seconds < 5 for seconds in asyncio.run(run()))
