"""The programs that registered: who they are, how they prove it, and what an administrator lets them ask for."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from charthouse.access.generation import Generation
from charthouse.access.oauth.uris import origin
from charthouse.base.clock import now
from charthouse.base.errors import not_found
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

if TYPE_CHECKING:
    from charthouse.access.oauth.registration import Wanted
    from charthouse.access.people import People

Kind = Literal["public", "secret", "key"]
Status = Literal["pending", "approved", "refused", "disabled"]
PREFIX: Final = "chs_"  # of secrets, so that secret scanners know what they found
DECISIONS: Final = ("approved", "refused", "disabled")


@dataclass(frozen=True, slots=True)
class App:
    """One registered program. `kind` says how it proves who it is: not at all, by a secret, by a key.

    `asked` are the scopes it registered for, `allowed` those it may be given. `inspects` marks a
    resource server, which may ask about tokens of others.
    """

    id: int
    client_id: str
    account: int
    kind: Kind
    name: str
    about: str
    secret: bytes | None = field(repr=False)
    keys: str | None = field(repr=False)
    keys_address: str | None
    redirects: tuple[str, ...]
    launch_address: str | None
    contacts: str
    grants: frozenset[str]
    asked: frozenset[str]
    allowed: frozenset[str]
    inspects: bool
    status: Status
    created: int

    @property
    def is_open(self) -> bool:
        """Whether it may do anything at all."""
        return self.status == "approved"

    def knows(self, text: str) -> bool:
        """Whether `text` is its secret; takes as long where it is not."""
        return hmac.compare_digest(sha256(text.encode("utf-8", "replace")).digest(), self.secret or b"")


class Apps:
    """The programs of one record. For the thread that owns `connection`; changes take their own."""

    def __init__(
        self,
        connection: Connection,
        people: People,
        generation: Generation,
        *,
        clock: Callable[[], int] = now,
    ) -> None:
        self._connection = connection
        self._people = people
        self._generation = generation
        self._clock = clock
        self._sql = queries.load("charthouse.access.oauth", "apps", connection.dialect)
        self._grants = queries.load("charthouse.access.oauth", "grants", connection.dialect)
        self._origins: tuple[int, frozenset[str]] = (-1, frozenset())

    def register(self, connection: Connection, wanted: Wanted) -> tuple[str, str | None]:
        """Keep a program that waits for an administrator; returns its client_id and, once, its secret."""
        slug = "-".join(
            "".join(mark if mark.isascii() and mark.isalnum() else " " for mark in wanted.name).split()
        )
        client_id = f"{slug.lower()[:40] or 'app'}-{secret(8).lower().replace('_', '0').replace('-', '1')}"
        text = PREFIX + secret() if wanted.kind == "secret" else None
        account = self._people.client(connection, client_id)
        connection.run(self._sql.add, (
            client_id, account, wanted.kind, wanted.name, wanted.about,
            None if text is None else sha256(text.encode()).digest(),
            None if wanted.keys is None else msgspec.json.encode(wanted.keys).decode(), wanted.keys_address,
            " ".join(wanted.redirects), wanted.launch_address, " ".join(wanted.contacts),
            " ".join(sorted(wanted.grants)), " ".join(sorted(wanted.scopes)), " ".join(sorted(wanted.scopes)),
            self._clock(),
        ))  # fmt: skip
        return client_id, text

    def waiting(self, connection: Connection) -> int:
        """How many programs wait for a decision."""
        row = connection.one(self._sql.pending)
        return int(row[0]) if row else 0

    def find(self, client_id: str) -> App | None:
        """The program of that client_id, whatever its status."""
        row = self._connection.one(self._sql.by_client_id, (client_id[:128],))
        return None if row is None else _app(row)

    def get(self, client_id: str) -> App:
        """The same; raises `Problem(not_found)`."""
        found = self.find(client_id)
        if found is None:
            raise not_found("There is no such app.")
        return found

    def all(self) -> list[App]:
        """Every program, by name."""
        return [_app(row) for row in self._connection.run(self._sql.all_apps)]

    def decide(
        self,
        connection: Connection,
        app: App,
        status: Status,
        *,
        decider: int,
        allowed: Iterable[str] | None = None,
        inspects: bool | None = None,
    ) -> None:
        """Approve, refuse or disable. Whatever is not approved loses all it was granted at once.

        After the commit call `generation.stale()`.
        """
        scopes = app.allowed if allowed is None else frozenset(allowed)
        marked = app.inspects if inspects is None else inspects
        moment = self._clock()
        connection.run(
            self._sql.decide, (status, " ".join(sorted(scopes)), int(marked), moment, decider, app.id)
        )
        if status != "approved":
            connection.run(self._grants.revoke_of_app, (moment, app.id))
        self._generation.bump(connection)

    def renew_secret(self, connection: Connection, app: App) -> str:
        """A new secret in place of the old one; shown once."""
        text = PREFIX + secret()
        connection.run(self._sql.set_secret, (sha256(text.encode()).digest(), app.id))
        return text

    def origins(self) -> frozenset[str]:
        """The origins of approved programs: pages there may read answers of the token endpoint and the API."""
        generation = self._generation()
        if self._origins[0] != generation:
            found = frozenset(
                origin(address)
                for redirects, launch in self._connection.run(self._sql.addresses)
                for address in (*redirects.split(), *((launch,) if launch else ()))
            )
            self._origins = (generation, found)
        return self._origins[1]


def _app(row: Row) -> App:
    (id, client_id, account, kind, name, about, secret, keys, keys_address, redirects, launch, contacts,
     grants, asked, allowed, inspects, status, created) = row  # fmt: skip
    return App(
        id, client_id, account, kind, name, about, None if secret is None else bytes(secret), keys, keys_address,
        tuple(redirects.split()), launch, contacts, frozenset(grants.split()), frozenset(asked.split()),
        frozenset(allowed.split()), bool(inspects), status, created,
    )  # fmt: skip
