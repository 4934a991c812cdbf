"""Bearer tokens for programs: shown once, kept as a hash, checked on every request in a few microseconds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from charthouse.access import scopes
from charthouse.access.actor import Actor
from charthouse.access.generation import Generation, Remembered
from charthouse.access.people import CLIENT, Person
from charthouse.access.standing import Standing
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection

DAY: Final = 24 * 60 * 60 * 1000
PREFIX: Final = "cht_"  # so that secret scanners know what they found


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as it is shown once: the text a client sends, its row, when it ends (ms)."""

    text: str
    id: int
    expires: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed; the text itself is not kept."""

    id: int
    client: str
    scopes: frozenset[str]
    created: int
    expires: int
    revoked: int | None


class Tokens:
    """The tokens of one record. For the thread that owns `connection`; changes take their own."""

    def __init__(
        self, connection: Connection, generation: Generation, *, clock: Callable[[], int] = now
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._clock = clock
        self._sql = queries.load("charthouse.access", "tokens", connection.dialect)
        self._standing = Standing(connection)
        self._verified: Remembered[tuple[Actor, int]] = Remembered(generation)

    def issue(
        self,
        connection: Connection,
        account: Person,
        granted: Iterable[str],
        *,
        client: str = "",
        purpose: str = "TREAT",
        patient: int | None = None,
        lifetime: int = DAY,
        types: Collection[str] | None = None,
        app: int | None = None,
        authorisation: int | None = None,
    ) -> Issued:
        """A new token for `account`, good for `lifetime` ms, in the transaction on `connection`.

        A client program gets `system/` scopes; a person `user/` and `patient/` scopes, which open no
        more than the person's roles do. `types`, where given, are the resource types a scope may name.
        With `app` (and `authorisation`) it ends when that program is shut (or what it was allowed ends).
        Raises `Problem(invalid)` for a scope that is malformed or not for such an account.
        """
        wanted = frozenset(granted)
        contexts = ("system",) if account.kind == CLIENT else ("user", "patient")
        scopes.require_known(wanted, contexts, types)
        if not wanted:
            raise invalid("required", "A token needs a scope.", place="scope", repair="e.g. system/*.cruds")
        if lifetime <= 0:
            raise invalid("value", "A token must live for some time.", place="lifetime", value=lifetime)
        text = PREFIX + secret()
        created = self._clock()
        row = connection.one(
            self._sql.add,
            (sha256(text.encode()).digest(), account.id, client or account.name, " ".join(sorted(wanted)),
             purpose, patient, created, created + lifetime, app, authorisation),
        )  # fmt: skip
        if row is None:
            raise LookupError("the token was not added")
        return Issued(text, row[0], created + lifetime)

    def verify(self, text: str) -> Actor:
        """The actor behind a token; raises `Problem(forbidden)` (401) for one that is unknown, expired or revoked."""
        hashed = sha256(text.encode("utf-8", "replace")).digest()
        held = self._verified.get(hashed)
        if held is None:
            held = self._look_up(hashed)
            self._verified.put(hashed, held)
        if held[1] <= self._clock():
            raise problem(
                Category.FORBIDDEN, "expired", "The token has expired.", repair="Ask for a new one."
            )
        return held[0]

    def revoke(self, connection: Connection, id: int) -> bool:
        """End a token now; False if it was not in force. After the commit call `generation.stale()`."""
        ended = connection.run(self._sql.revoke, (self._clock(), id))
        self._generation.bump(connection)
        return bool(ended)

    def revoke_all(self, connection: Connection, account: int) -> int:
        """End all tokens of an account, and what it let programs do; returns how many tokens that were.
        After the commit call `generation.stale()`."""
        moment = self._clock()
        ended = connection.run(self._sql.revoke_of, (moment, account))
        connection.run(self._sql.revoke_authorisations, (moment, account))
        self._generation.bump(connection)
        return len(ended)

    def of(self, account: int) -> list[Token]:
        """The tokens ever given to an account, newest first."""
        return [
            Token(id, client, scopes.split(granted), created, expires, revoked)
            for id, client, granted, created, expires, revoked in self._connection.run(
                self._sql.of_account, (account,)
            )
        ]

    def _look_up(self, hashed: bytes) -> tuple[Actor, int]:
        row = self._connection.one(self._sql.by_hash, (hashed,))
        if row is None:
            raise unknown()
        id, account, name, client, granted, purpose, patient, expires, *ended, password, then, until = row
        if any(mark is not None for mark in ended):
            raise unknown()
        if then is not None and password_mark(password) != bytes(then):
            raise unknown()
        if until is not None:
            expires = min(expires, until)
        stand = self._standing.of(account)
        roles, about = stand.roles, stand.patient if patient is None else patient
        if about != stand.patient:  # what a patient may do with their own record is no right to another's
            roles -= {"patient"}
        actor = Actor(
            account, name, roles, client, scopes.split(granted), purpose, f"token:{id}", about,
            stand.practitioner, stand.facilities,
        )  # fmt: skip
        return actor, expires


def password_mark(kept: str | None) -> bytes:
    """What tells one password of an account from the next; says nothing about either."""
    return sha256(b"password" + (kept or "").encode()).digest()[:16]


def unknown() -> Problem:
    """The answer to a token that is not in force."""
    return problem(
        Category.FORBIDDEN, "login", "The token is not valid.",
        repair="Send a token made by `charthouse token`, as Authorization: Bearer ….",
    )  # fmt: skip
