"""Sign-ins of people at a browser: an opaque cookie, kept as a hash, with an idle and an absolute limit."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from charthouse.access.actor import Actor
from charthouse.access.generation import Generation, Remembered
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection

MINUTE: Final = 60_000
IDLE: Final = 30 * MINUTE
ABSOLUTE: Final = 12 * 60 * MINUTE
CLIENT: Final = "web"
# Not bound further: the person's roles decide.
SCOPES: Final = frozenset({"user/*.cruds"})

Job = Callable[[Connection], object]


@dataclass(slots=True)
class Live:
    """A session in force. `form_token` is what its forms and scripts must send back (CSRF)."""

    actor: Actor
    id: int
    form_token: str
    expires: int
    used: int
    saved: int


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is listed; times in ms. `in_force` is judged at the time of listing."""

    id: int
    created: int
    used: int
    expires: int
    address: str
    agent: str
    in_force: bool


class Sessions:
    """The sessions of one record. For the thread that owns `connection`; changes take their own.

    `submit` queues a job for the record's writer without waiting; the last use of a session is
    written through it about once a minute.
    """

    def __init__(
        self,
        connection: Connection,
        generation: Generation,
        form_key: bytes,
        *,
        submit: Callable[[Job], object] | None = None,
        idle: int = IDLE,
        absolute: int = ABSOLUTE,
        clock: Callable[[], int] = now,
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._form_key = form_key
        self._submit = submit
        self._idle = idle
        self.absolute = absolute
        self._save_after = min(MINUTE, idle // 4)
        self._clock = clock
        self._sql = queries.load("charthouse.access", "sessions", connection.dialect)
        self._live: Remembered[Live] = Remembered(generation)

    def open(self, connection: Connection, account: int, *, address: str = "", agent: str = "") -> str:
        """A new session of `account`, in the transaction on `connection`; returns the secret for the cookie."""
        text = secret()
        moment = self._clock()
        connection.run(
            self._sql.add,
            (_hash(text), account, moment, moment, moment + self.absolute, address[:64], agent[:200]),
        )  # fmt: skip
        return text

    def verify(self, text: str) -> Live:
        """The session behind a cookie; this counts as use. Raises `Problem(forbidden)` (401) if it is not in force."""
        hashed = _hash(text)
        moment = self._clock()
        live = self._live.get(hashed)
        if live is None or live.used + self._idle <= moment:
            # Another process may have seen the person since, so the row decides.
            self._live.drop(hashed)
            live = self._look_up(hashed)
            if live.used + self._idle <= moment:
                raise over("You were signed out after a time without activity.")
            self._live.put(hashed, live)
        if live.expires <= moment:
            raise over("Your sign-in has reached its time limit.")
        live.used = moment
        if live.saved + self._save_after <= moment:
            self._save(live)
        return live

    def end(self, connection: Connection, id: int) -> bool:
        """End one session now; False if it had ended. After the commit call `generation.stale()`."""
        ended = connection.run(self._sql.finish, (self._clock(), id))
        self._generation.bump(connection)
        return bool(ended)

    def end_all(self, connection: Connection, account: int, *, but: int | None = None) -> int:
        """End all sessions of an account, `but` one if it is given; returns how many. After the commit
        call `generation.stale()`."""
        ended = connection.run(self._sql.finish_of, (self._clock(), account, but or 0))
        self._generation.bump(connection)
        return len(ended)

    def of(self, account: int) -> list[Session]:
        """The sessions of an account, newest first."""
        moment = self._clock()
        return [
            Session(
                id, created, used, expires, address, agent,
                ended is None and expires > moment and used + self._idle > moment,
            )
            for id, created, used, expires, ended, address, agent in self._connection.run(
                self._sql.of_account, (account,)
            )
        ]  # fmt: skip

    def _save(self, live: Live) -> None:
        live.saved = live.used
        if self._submit is not None:
            values = (live.used, live.id, live.used)
            self._submit(lambda connection: connection.run(self._sql.touch, values))

    def _look_up(self, hashed: bytes) -> Live:
        row = self._connection.one(self._sql.by_hash, (hashed,))
        if row is None:
            raise over("You are not signed in.")
        id, account, name, used, expires, ended, disabled = row
        if ended is not None or disabled is not None:
            raise over("You are signed out.")
        roles = frozenset(role for (role,) in self._connection.run(self._sql.roles_of, (account,)))
        actor = Actor(account, name, roles, CLIENT, SCOPES, session=f"session:{id}")
        form_token = urlsafe_b64encode(hmac.digest(self._form_key, hashed, "sha256")).rstrip(b"=").decode()
        return Live(actor, id, form_token, expires, used, used)


def over(message: str) -> Problem:
    """The answer to a session that is not in force."""
    return problem(Category.FORBIDDEN, "login", message, repair="Sign in again.")


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
