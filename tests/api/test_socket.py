"""The API over a real socket, as uvicorn serves it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.conftest import FHIR_JSON, Served, patient, serve

JSON = {"content-type": FHIR_JSON}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {served.token}"}) as found:
        yield found


def _total(client: httpx.Client) -> int:
    total: int = client.get("/fhir/Patient?_summary=count").json()["total"]
    return total


def test_a_connection_serves_many_requests(client: httpx.Client) -> None:
    made = client.post("/fhir/Patient", json=patient(), headers=JSON)
    assert made.status_code == 201
    for _ in range(20):
        answer = client.get(made.headers["location"].split("/_history")[0])
        assert answer.json() == made.json()
    head = client.head(f"/fhir/Patient/{made.json()['id']}")
    assert (head.status_code, head.content) == (200, b"")
    assert client.get(f"/fhir/Patient/{made.json()['id']}", headers={"if-none-match": "*"}).status_code == 304
    assert client.get("/fhir/metadata?_elements=status").status_code == 200


def test_links_name_the_address_the_caller_used(client: httpx.Client, served: Served) -> None:
    made = client.post("/fhir/Patient", json=patient(), headers=JSON)
    assert made.headers["location"].startswith(f"{served.url}/fhir/Patient/")
    forged = client.post("/fhir/Patient", json=patient(), headers={**JSON, "host": "evil.example"})
    assert "evil.example" not in forged.headers["location"]


def test_the_base_address_works_with_and_without_a_slash(client: httpx.Client) -> None:
    batch = {"resourceType": "Bundle", "type": "batch"}
    for path in ("/fhir", "/fhir/"):
        assert client.post(path, json=batch, headers=JSON).status_code == 200


def test_many_connections_write_at_once(client: httpx.Client, served: Served) -> None:
    before = _total(client)

    def work(_: int) -> list[str]:
        with httpx.Client(base_url=served.url, headers=dict(client.headers)) as own:
            return [own.post("/fhir/Patient", json=patient(), headers=JSON).json()["id"] for _ in range(10)]

    with ThreadPoolExecutor(16) as pool:
        made = [id for ids in pool.map(work, range(16)) for id in ids]
    assert len(set(made)) == 160
    assert _total(client) == before + 160


def test_identical_conditional_creates_at_once_make_one_resource(
    client: httpx.Client, served: Served
) -> None:
    for _ in range(3):
        tree = patient()
        number = tree["identifier"][0]["value"]
        together = threading.Barrier(16)

        def work(_: int, tree: dict[str, Any] = tree, number: str = number,
                 together: threading.Barrier = together) -> httpx.Response:  # fmt: skip
            with httpx.Client(base_url=served.url, headers=dict(client.headers)) as own:
                together.wait()
                return own.post(
                    "/fhir/Patient", json=tree, headers={**JSON, "if-none-exist": f"identifier={number}"}
                )

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(work, range(16)))
        assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1


def _raw(served: Served, *parts: bytes, answer: bool = True) -> bytes:
    """What comes back for bytes written to a fresh connection; it is closed after them."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        if not answer:
            return b""
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
        return found


def _head(served: Served, *lines: str) -> bytes:
    fixed = ["POST /fhir/Patient HTTP/1.1", "host: localhost", f"authorization: Bearer {served.token}",
             f"content-type: {FHIR_JSON}", "connection: close"]  # fmt: skip
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


def test_an_announced_body_over_the_limit_is_refused_unread(client: httpx.Client, served: Served) -> None:
    before = _total(client)
    answer = _raw(served, _head(served, "content-length: 99000000000"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"OperationOutcome" in answer
    assert _total(client) == before


def test_a_streamed_body_over_the_limit_is_refused(client: httpx.Client, served: Served) -> None:
    before = _total(client)

    def chunks() -> Iterator[bytes]:
        for _ in range(60):
            yield b" " * 100_000

    answer = client.post("/fhir/Patient", content=chunks(), headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["issue"][0]["code"] == "too-long"
    assert _total(client) == before
    assert client.get("/fhir/metadata?_elements=status").status_code == 200


def test_a_caller_who_leaves_in_the_middle_changes_nothing(client: httpx.Client, served: Served) -> None:
    before = _total(client)
    body = json.dumps(patient()).encode()
    head = _head(served, f"content-length: {len(body)}")
    for _ in range(5):
        _raw(served, head, body[: len(body) // 2], answer=False)
    assert _total(client) == before
    assert client.post("/fhir/Patient", json=patient(), headers=JSON).status_code == 201


def test_bytes_that_are_not_http_are_refused_and_the_server_goes_on(
    client: httpx.Client, served: Served
) -> None:
    assert b"400" in _raw(served, b"\x16\x03\x01 nonsense\r\n\r\n")[:20]
    assert client.get("/fhir/metadata?_elements=status").status_code == 200


def test_no_answer_names_the_programs_that_made_it(client: httpx.Client) -> None:
    assert "server" not in client.get("/fhir/Patient/never-given").headers
