"""Nobody comes in without a credential, and nothing is told to whom does not."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from charthouse.api.routes import ROUTES
from tests.api.conftest import Caller, outcome, patient

PLACES = sorted({
    (route.method, route.path.format(type="Patient", id="1", version="1", kind="Observation"))
    for route in ROUTES if not route.open
})  # fmt: skip


@pytest.mark.parametrize(("method", "path"), [*PLACES, ("GET", "Patient/$everything"), ("OPTIONS", "Patient"),
                                              ("GET", "Pateint/1"), ("TRACE", ""), ("GET", "metadata/x")])  # fmt: skip
def test_every_address_is_shut_to_a_stranger(stranger: Caller, method: str, path: str) -> None:
    answer = stranger.ask(method, path)
    if method == "HEAD":
        assert answer.status_code == 401
    else:
        assert outcome(answer, 401)["code"] == "login"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer \xff", "wrong"])
def test_a_wrong_credential_is_refused_everywhere(
    runner: asyncio.Runner, app: Any, caller: Caller, header: str
) -> None:
    before = caller.newest()

    async def ask(method: str, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            sent = {"authorization": header.encode("latin-1"), "content-type": "application/fhir+json"}
            return await client.request(
                method, f"/fhir/{path}".removesuffix("/"), headers=sent, json=patient()
            )

    for method, path in (*PLACES, ("GET", "metadata")):
        answer = runner.run(ask(method, path))
        assert answer.status_code == 401, (method, path)
        assert "www-authenticate" in answer.headers
    assert caller.newest() == before


def test_a_stranger_learns_nothing_of_what_is_there(stranger: Caller, caller: Caller) -> None:
    made = caller.made(patient())
    there, not_there = stranger.get(f"Patient/{made['id']}"), stranger.get("Patient/never-given")
    assert there.content == not_there.content
