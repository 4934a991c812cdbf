"""A clinic that knows one real provider on loopback, and a browser that goes there and back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from msgspec import structs

from charthouse.access.oidc.accounts import Accounts
from charthouse.access.oidc.flow import Vouched
from charthouse.access.oidc.openid import OpenId
from charthouse.access.oidc.provider import Known, checked
from charthouse.access.oidc.provider import Provider as Settings_
from charthouse.app import Clinic
from charthouse.base.settings import Settings
from tests import cast, openid

BASE = "http://localhost:8080"
ADA = {
    "sub": "0x1",
    "preferred_username": "ada@harbor.example",
    "email": "ada@harbor.example",
    "name": "Ada Okafor",
}


class Desk:
    """A clinic that knows one provider under `name`, and a browser that goes there and back."""

    def __init__(self, clinic: Clinic, provider: openid.Provider) -> None:
        self.clinic, self.provider = clinic, provider
        self.moment = int(time.time() * 1000)
        self.openid = OpenId(
            clinic.record.connection(), clinic.people, clinic.keys, clinic.written,
            lambda method, url, content, headers: clinic.outgoing.call(method, url, content=content, headers=headers),
            BASE, clock=lambda: self.moment,
        )  # fmt: skip
        self.people = clinic.write(lambda conn: cast.enter(clinic.people, conn))
        self.admin = cast.ADMINISTRATOR.at_the_screen(self.people[cast.ADMINISTRATOR.name])
        self.runner = asyncio.Runner()
        self.name = self.save(Settings_("Harbor", provider.url, openid.CLIENT))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def save(self, provider: Settings_, name: str = "", secret: str | None = openid.SECRET) -> str:
        save = self.openid.providers.save
        saved: str = self.clinic.write(
            lambda conn: save(
                conn, self.admin, checked(provider, self.clinic.people.roles()), name=name, secret=secret
            )
        )
        return saved

    def set(self, **changes: Any) -> None:
        self.save(structs.replace(self.known.provider, **changes), self.name)

    @property
    def known(self) -> Known:
        return self.openid.providers.get(self.name)

    def expect(self, value: str = "ada@harbor.example", who: cast.Member = cast.DOCTOR) -> None:
        accounts: Accounts = self.openid.accounts
        self.clinic.write(
            lambda conn: accounts.expect(conn, self.admin, self.known, value, self.people[who.name])
        )

    def leave(self, place: str = "/", name: str = "") -> tuple[dict[str, str], str]:
        """(what the provider is asked, the cookie)."""
        address, cookie = self.run(self.openid.flow.begin(name or self.name, place))
        assert address.startswith(f"{self.provider.url}/authorize?")
        return dict(parse_qsl(urlsplit(address).query)), cookie

    def approved(self, asked: dict[str, str], login: str = "ada") -> dict[str, str]:
        """What the provider sends the browser back with."""
        answer = httpx.post(f"{self.provider.url}/authorize", data=asked | {"login": login})
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def back(self, answer: dict[str, str], cookie: str, name: str = "") -> Vouched:
        vouched: Vouched = self.run(self.openid.flow.finish(name or self.name, answer, cookie))
        return vouched

    def whole(self, login: str = "ada") -> Vouched:
        asked, cookie = self.leave()
        return self.back(self.approved(asked, login), cookie)


def opened(url: str | None, folder: Path, provider: openid.Provider) -> Desk:
    allowed = provider.url.removeprefix("http://")
    settings = Settings(data=folder / "data", database_url=url, base_url=BASE, outgoing_allow=allowed)
    return Desk(Clinic.open(settings, create=True, synchronous="OFF"), provider)
