"""Sign-in through other servers, put together for one clinic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from charthouse.access.keys import Keys
from charthouse.access.oidc.accounts import Accounts
from charthouse.access.oidc.flow import Flow
from charthouse.access.oidc.provider import Providers
from charthouse.access.oidc.seal import Seal
from charthouse.access.oidc.server import Fetch, Server
from charthouse.access.people import People
from charthouse.access.signin import Write
from charthouse.base.clock import now
from charthouse.db.connect import Connection

KEY: Final = "provider"


class OpenId:
    """The providers of one clinic, who is linked to them, and the way out to them and back."""

    def __init__(
        self, connection: Connection, people: People, keys: Keys, write: Write, fetch: Fetch, base_url: str,
        *, clock: Callable[[], int] = now,
    ) -> None:  # fmt: skip
        """`fetch` is the guard of outgoing calls; `base_url` what people know this clinic under."""
        seal = Seal(keys.get(KEY))
        self.base_url = base_url
        self.providers = Providers(connection, seal, clock=clock)
        self.accounts = Accounts(connection, people, clock=clock)
        self.server = Server(fetch, clock=clock)
        self.flow = Flow(
            self.providers, self.accounts, self.server, seal, write, base_url, connection.dialect, clock=clock
        )
