"""A clinic of its own with settings of its own, called without a socket from any address."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx

from charthouse.app import Clinic, build
from charthouse.base.settings import Settings

STRANGE = "203.0.113.9"


class Small:
    """A clinic of its own with the settings given, called without a socket from any address."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.runner = asyncio.Runner()
        self.clinic = Clinic.open(Settings(data=folder, **settings), create=True, synchronous="OFF")
        self.app = build(self.clinic)

    def ask(
        self, path: str, address: str = STRANGE, headers: Any = None, method: str = "GET", **given: Any
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, headers=headers, **given)

        return self.runner.run(send())

    def token(self, name: str) -> dict[str, str]:
        clinic = self.clinic
        account = clinic.people.get(clinic.write(lambda connection: clinic.people.client(connection, name)))
        issued = clinic.write(
            lambda connection: clinic.tokens.issue(connection, account, ["system/*.rs"], lifetime=600_000)
        )
        return {"authorization": f"Bearer {issued.text}"}

    def session(self) -> dict[str, str]:
        clinic = self.clinic
        person = clinic.people.find("x")
        key = person.id if person else clinic.write(
            lambda connection: clinic.people.add(connection, "x", "X", ["clinician"])
        )  # fmt: skip
        secret = clinic.write(lambda connection: clinic.sessions.open(connection, key))
        return {"cookie": f"{clinic.cookie.name}={secret}"}

    def close(self) -> None:
        self.clinic.close()
        self.runner.close()
