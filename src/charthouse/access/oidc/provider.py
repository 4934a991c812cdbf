"""The sign-in servers that administrators allowed, and what each of them is trusted with."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import urlsplit

import msgspec

from charthouse.access.actor import Actor
from charthouse.access.oidc.seal import Seal
from charthouse.base.clock import now
from charthouse.base.errors import invalid, not_found
from charthouse.base.ids import is_logical_id, logical_id
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

_DOMAIN: Final = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_CLAIM: Final = re.compile(r"[A-Za-z0-9_:/.-]{1,100}")
_WORD: Final = re.compile(r"[\x21-\x7e]{1,200}")
SCOPE: Final = "openid profile email"


class Provider(msgspec.Struct, frozen=True):
    """One sign-in server.

    `claim` names the account at the first sign-in (`preferred_username`, `email`, …). With
    `just_in_time` a person unknown here gets an account if their e-mail address is verified and in one
    of `domains`; `role` is what they get (empty = none). `groups` is the claim that lists groups, `roles`
    maps them to roles here. With `trusts_mfa` a sign-in counts as two factors if `amr` or `acr`
    holds one of `mfa`.
    """

    label: str
    issuer: str
    client_id: str
    scope: str = SCOPE
    claim: str = "preferred_username"
    domains: tuple[str, ...] = ()
    just_in_time: bool = False
    role: str = ""
    groups: str = ""
    roles: tuple[tuple[str, str], ...] = ()
    trusts_mfa: bool = False
    mfa: tuple[str, ...] = ("mfa",)
    is_on: bool = True


class Known(msgspec.Struct, frozen=True):
    """A provider under its `name`, with the client secret in the clear (None = a public client)."""

    name: str
    provider: Provider
    secret: str | None = msgspec.field(default=None)

    def __repr__(self) -> str:  # the secret must not come into a message
        return f"<provider {self.name}>"


class Providers:
    """The providers of one record. `key` is the clinic's `provider` key; reads use `connection`."""

    def __init__(self, connection: Connection, seal: Seal, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._seal = seal
        self._clock = clock
        self._sql = queries.load("charthouse.access.oidc", "oidc", connection.dialect)

    def all(self) -> list[Known]:
        """Every provider, by label."""
        found = [self._known(row) for row in self._connection.run(self._sql.providers)]
        return sorted(found, key=lambda one: one.provider.label.casefold())

    def on(self) -> list[Known]:
        """Those that one may sign in with."""
        return [one for one in self.all() if one.provider.is_on]

    def get(self, name: str) -> Known:
        """One of them; raises `Problem(not_found)`."""
        row = self._connection.one(self._sql.provider, (name,)) if is_logical_id(name) else None
        if row is None:
            raise not_found()
        return self._known(row)

    def save(
        self, connection: Connection, actor: Actor, provider: Provider, *, name: str = "", secret: str | None
    ) -> str:
        """A new provider, or new settings of `name`, in the transaction on `connection`; returns the name.

        `secret` None makes it a public client. Raises `Problem(conflict)` through the caller's checks only;
        call `checked` first.
        """
        name = name or logical_id()
        sealed = None if secret is None else self._seal.close(f"secret:{name}", secret.encode())
        body = msgspec.json.encode(provider).decode()
        connection.run(self._sql.add_provider, (name, body, sealed, self._clock(), actor.id))
        return name

    def _known(self, row: Row) -> Known:
        name, body, sealed = row
        plain = None if sealed is None else self._seal.open(f"secret:{name}", bytes(sealed))
        if sealed is not None and plain is None:
            raise LookupError("a client secret cannot be opened with this clinic's key")
        provider = msgspec.json.decode(body, type=Provider)
        return Known(name, provider, None if plain is None else plain.decode())


def checked(provider: Provider, roles: Collection[str]) -> Provider:
    """`provider` if it can be used; `roles` are those there are. Raises `Problem(invalid)`."""
    if not provider.label.strip() or len(provider.label) > 60:
        raise invalid("required", "The sign-in page needs a name for it.", place="label",
                      repair="Use up to 60 characters.")  # fmt: skip
    parts = urlsplit(provider.issuer)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise invalid("value", "This cannot be an issuer.", place="issuer", value=provider.issuer,
                      repair="Give its address, e.g. https://login.example.org")  # fmt: skip
    if not _WORD.fullmatch(provider.client_id):
        raise invalid("value", "This cannot be a client id.", place="client_id", value=provider.client_id)
    if "openid" not in provider.scope.split() or not all(map(_WORD.fullmatch, provider.scope.split())):
        raise invalid("value", "The scope must hold openid.", place="scope", value=provider.scope,
                      repair=f"Use e.g. {SCOPE}.")  # fmt: skip
    for place, claim in (("claim", provider.claim), ("groups", provider.groups or "x")):
        if not _CLAIM.fullmatch(claim):
            raise invalid("value", "This cannot be the name of a claim.", place=place, value=claim)
    for domain in provider.domains:
        if not _DOMAIN.fullmatch(domain):
            raise invalid("value", "This is not a domain.", place="domains", value=domain,
                          repair="Write e.g. clinic.example.org, in lower case.")  # fmt: skip
    if provider.just_in_time and not provider.domains:
        raise invalid("required", "Accounts may be made only for known domains.", place="domains",
                      repair="Name the e-mail domains of your own people.")  # fmt: skip
    for role in (provider.role, *(role for _, role in provider.roles)):
        if role and role not in roles:
            raise invalid("value", "There is no such role.", place="roles", value=role,
                          repair=f"Use one of: {', '.join(sorted(roles))}.")  # fmt: skip
    if provider.roles and not provider.groups:
        raise invalid("required", "The claim that lists the groups is not named.", place="groups")
    if provider.trusts_mfa and not provider.mfa:
        raise invalid(
            "required", "Say which amr or acr means a second factor.", place="mfa", repair="e.g. mfa"
        )
    return provider
