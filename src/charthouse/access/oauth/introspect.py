"""What a token is good for (RFC 7662), and ending one (RFC 7009); for the program it was made for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from charthouse.access.generation import Generation
from charthouse.access.oauth.apps import App
from charthouse.access.oauth.code import Codes, hashed
from charthouse.access.oauth.exchange import Write, fhir_user
from charthouse.access.oauth.grants import Grants
from charthouse.access.oauth.identity import Identity
from charthouse.access.oauth.metadata import Addresses
from charthouse.access.people import People
from charthouse.access.tokens import Tokens
from charthouse.base.clock import now
from charthouse.base.errors import Problem
from charthouse.db import queries
from charthouse.db.connect import Connection


@dataclass(frozen=True, slots=True)
class _Kept:
    id: int
    app: int | None
    grant: int | None
    account: int
    scopes: str
    expires: int


class Introspect:
    """Questions about tokens. For the thread that owns `connection`."""

    def __init__(
        self,
        connection: Connection,
        people: People,
        tokens: Tokens,
        grants: Grants,
        codes: Codes,
        identity: Identity,
        generation: Generation,
        write: Write,
        *,
        clock: Callable[[], int] = now,
    ) -> None:
        self._connection = connection
        self._people = people
        self._tokens = tokens
        self._grants = grants
        self._codes = codes
        self._identity = identity
        self._generation = generation
        self._write = write
        self._clock = clock
        self._sql = queries.load("charthouse.access.oauth", "codes", connection.dialect)

    def about(self, app: App, text: str, addresses: Addresses) -> dict[str, Any]:
        """`{"active": false}` alone for a token that is not in force, not known, or not for `app` to know."""
        kept = self._kept(text)
        if kept is None or not (kept.app == app.id or app.inspects) or not self._in_force(text):
            return {"active": False}
        person = self._people.get(kept.account)
        told: dict[str, Any] = {
            "active": True,
            "scope": kept.scopes,
            "client_id": self._client_id(kept) or person.name,
            "token_type": "Bearer",
            "exp": kept.expires // 1000,
            "iss": addresses.issuer,
            "aud": addresses.base,
            "sub": self._identity.subject(kept.account),
        }
        if kept.grant is not None:
            context = self._grants.get(self._connection, kept.grant).context
            told |= {"patient": context.patient} if context.patient else {}
            told |= {"encounter": context.encounter} if context.encounter else {}
            who = fhir_user(person, addresses)
            if who is not None and {"fhirUser", "profile"} & set(kept.scopes.split()):
                told["fhirUser"] = who
        return told

    async def revoke(self, app: App, text: str) -> bool:
        """End a token of `app`: an access token alone, a refresh token with the whole authorisation.

        False for what is not known or another's; nothing happens then (RFC 7009, 2.2).
        """
        renewable = self._codes.refresh(self._connection, text)
        if renewable is not None:
            if self._grants.get(self._connection, renewable.grant).app != app.id:
                return False
            ended: bool = await self._write(
                lambda connection: self._grants.revoke(connection, renewable.grant)
            )
        else:
            kept = self._kept(text)
            if kept is None or kept.app != app.id:
                return False
            ended = await self._write(lambda connection: self._tokens.revoke(connection, kept.id))
        self._generation.stale()
        return ended

    def _kept(self, text: str) -> _Kept | None:
        row = self._connection.one(self._sql.token, (hashed(text),))
        return None if row is None else _Kept(*row)

    def _in_force(self, text: str) -> bool:
        try:
            self._tokens.verify(text)
        except Problem:
            return False
        return True

    def _client_id(self, kept: _Kept) -> str | None:
        row = self._connection.one(self._sql.token_app, (kept.app,)) if kept.app is not None else None
        return None if row is None else str(row[0])
