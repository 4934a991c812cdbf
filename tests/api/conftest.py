"""A clinic behind its FHIR API, and somebody who calls it over HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
import uvicorn

from charthouse.api.app import Api
from charthouse.app import Clinic, build
from charthouse.base.settings import Settings

BASE = "http://localhost/fhir"
FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"


class Caller:
    """An HTTP client with a bearer token; calls wait for their answer. Paths are below `/fhir`."""

    def __init__(self, runner: asyncio.Runner, app: Any, token: str | None) -> None:
        self._runner = runner
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Any request; `resource=` is sent as FHIR JSON."""
        if "resource" in given:
            given["json"] = given.pop("resource")
            given["headers"] = {"content-type": FHIR_JSON, **given.get("headers", {})}
        url = path if path.startswith("http") else f"/fhir/{path}".removesuffix("/")
        return self._runner.run(self._client.request(method, url, **given))

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.ask("GET", path, **given)

    def post(self, path: str, resource: Any, **headers: str) -> httpx.Response:
        return self.ask("POST", path, resource=resource, headers=_plain(headers))

    def put(self, path: str, resource: Any, **headers: str) -> httpx.Response:
        return self.ask("PUT", path, resource=resource, headers=_plain(headers))

    def patch(self, path: str, operations: Any, **headers: str) -> httpx.Response:
        kind = "application/json-patch+json" if isinstance(operations, list) else FHIR_JSON
        return self.ask("PATCH", path, json=operations, headers={"content-type": kind, **_plain(headers)})

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("DELETE", path, headers=_plain(headers))

    def made(self, resource: dict[str, Any]) -> dict[str, Any]:
        """`resource`, created."""
        answer = self.post(resource["resourceType"], resource)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def newest(self) -> Any:
        """The last version in the whole record: the same before and after where nothing was stored."""
        page = self.get("_history?_count=1").json()
        return [(entry["fullUrl"], entry["response"]) for entry in page.get("entry", [])]

    def total(self, type_name: str) -> int:
        """How many resources of a type there are."""
        found: int = self.get(f"{type_name}?_summary=count").json()["total"]
        return found

    def aclose(self) -> None:
        self._runner.run(self._client.aclose())


def _plain(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Served:
    """A clinic behind a real socket."""

    url: str
    port: int
    token: str


def settings_for(folder: Path, **more: Any) -> Settings:
    """Settings with limits that tests can reach."""
    return Settings(data=folder, body_limit=2_000_000, bundle_entries=10_000, **more)


def token_for(clinic: Clinic, scope: str = "system/*.cruds", client: str = "tests") -> str:
    """A bearer token for a program."""
    account = clinic.people.get(clinic.write(lambda connection: clinic.people.client(connection, client)))
    issued = clinic.write(lambda connection: clinic.tokens.issue(connection, account, scope.split()))
    return str(issued.text)


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """The whole application on a port of this machine, served by uvicorn in a thread that owns the clinic."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    ready: Future[str] = Future()
    servers: list[uvicorn.Server] = []

    def work() -> None:
        try:
            clinic = Clinic.open(settings_for(folder, port=port), create=True)
            config = uvicorn.Config(
                build(clinic),
                loop="uvloop",
                http="httptools",
                ws="none",
                log_config=None,
                log_level="warning",
                server_header=False,
            )
            servers.append(uvicorn.Server(config))
            ready.set_result(token_for(clinic))
        except BaseException as error:
            ready.set_exception(error)
            raise
        servers[0].run(sockets=[listener])
        clinic.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{port}", port, ready.result(timeout=60))
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(timeout=30)
        listener.close()
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def clinic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A clinic of this module's own, on each database."""
    more = {}
    if request.param == "postgresql":
        more["database_url"] = _database(request.getfixturevalue("postgres_url"))
    found = Clinic.open(settings_for(tmp_path_factory.mktemp("clinic"), **more), create=True)
    yield found
    found.close()


def _database(url: str) -> str:
    """The URL of a fresh database on the server at `url`."""
    psycopg = pytest.importorskip("psycopg")
    name = f"api_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    parts = urlsplit(url)
    return parts._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="module")
def app(clinic: Clinic) -> Any:
    """The API of the clinic."""
    return Api(clinic.gate, clinic.door, clinic.record.definitions, clinic.settings)


@pytest.fixture(scope="module")
def caller(runner: asyncio.Runner, clinic: Clinic, app: Any) -> Iterator[Caller]:
    """A program that may do everything."""
    found = Caller(runner, app, token_for(clinic))
    yield found
    found.aclose()


@pytest.fixture(scope="module")
def stranger(runner: asyncio.Runner, app: Any) -> Iterator[Caller]:
    """Somebody without any credential."""
    found = Caller(runner, app, None)
    yield found
    found.aclose()


def patient(**more: Any) -> dict[str, Any]:
    """A small Patient with an identifier of its own."""
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "http://example.org/mrn", "value": uuid4().hex}],
        "name": [{"family": "Okafor", "given": ["Ada"]}],
        "gender": "female",
        "birthDate": "1980-02-29",
        **more,
    }


def number(resource: dict[str, Any]) -> str:
    """The search value that finds exactly this resource."""
    first = resource["identifier"][0]
    return f"{first['system']}|{first['value']}"


def outcome(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The first issue of an OperationOutcome that came with `status`, free of traces of the program."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    tree = answer.json()
    assert tree["resourceType"] == "OperationOutcome"
    for sign in ("Traceback", 'File "', ".py", "charthouse."):
        assert sign not in answer.text
    issue: dict[str, Any] = tree["issue"][0]
    assert issue["severity"] in ("error", "fatal")
    return issue
