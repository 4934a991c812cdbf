"""Sign-ins of people at a browser: an opaque cookie, kept as a hash, locked when idle, over at an absolute limit."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from charthouse.access.actor import Actor
from charthouse.access.generation import Generation, Remembered
from charthouse.access.standing import Standing
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
LOCK: Final = "lock"
ENROL: Final = "enrol"

Job = Callable[[Connection], object]


@dataclass(slots=True)
class Live:
    """A session that has not ended. `form_token` is what its forms and scripts must send back (CSRF).

    `mfa`: a second factor was used, `factor_at` when; `proved` is when the person last showed who they
    are (signed in, unlocked, confirmed). `locked` since when, or None; `must_enrol`: a second factor has
    to be set up before anything opens. Times in ms.
    """

    actor: Actor
    id: int
    form_token: str
    expires: int
    used: int
    saved: int
    mfa: bool = False
    factor_at: int | None = None
    proved: int = 0
    locked: int | None = None
    must_enrol: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is listed; times in ms. `in_force` and `locked` are judged at the time of listing:
    what is neither is over."""

    id: int
    created: int
    used: int
    expires: int
    address: str
    agent: str
    in_force: bool
    locked: bool = False
    mfa: bool = False


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
        self.idle = idle
        self.absolute = absolute
        self._save_after = min(MINUTE, idle // 4)
        self._clock = clock
        self._sql = queries.load("charthouse.access", "sessions", connection.dialect)
        self._standing = Standing(connection)
        self._live: Remembered[Live] = Remembered(generation)

    def open(
        self,
        connection: Connection,
        account: int,
        *,
        address: str = "",
        agent: str = "",
        mfa: bool = False,
        must_enrol: bool = False,
    ) -> str:
        """A new session of `account`, in the transaction on `connection`; returns the secret for the cookie.

        `mfa`: a second factor was used; `must_enrol`: it opens nothing until one is set up.
        """
        text = secret()
        moment = self._clock()
        connection.run(
            self._sql.add,
            (_hash(text), account, moment, moment, moment + self.absolute, address[:64], agent[:200],
             int(mfa), moment if mfa else None, moment, int(must_enrol)),
        )  # fmt: skip
        return text

    def verify(self, text: str) -> Live:
        """The session behind a cookie; this counts as use. Raises `Problem(forbidden)` (401) if it is not in
        force: ended, at its limit, locked, or waiting for a second factor to be set up."""
        hashed = _hash(text)
        moment = self._clock()
        live = self._live.get(hashed)
        if live is None or live.used + self.idle <= moment:
            # Another process may have seen the person since, so the row decides.
            self._live.drop(hashed)
            live = self._look_up(hashed)
            self._require_open(live, moment)
            self._live.put(hashed, live)
        if live.expires <= moment:
            raise over("Your sign-in has reached its time limit.")
        live.used = moment
        if live.saved + self._save_after <= moment:
            self._save(live)
        return live

    def held(self, text: str) -> Live:
        """The same for the few pages that open a locked or unfinished session; it does not count as use.

        Whoever asks must not show anything of the record. Raises `Problem(forbidden)` (401) if it is over.
        """
        live = self._look_up(_hash(text))
        moment = self._clock()
        if live.expires <= moment:
            raise over("Your sign-in has reached its time limit.")
        if live.locked is None and live.used + self.idle <= moment:
            live.locked = live.used + self.idle
        return live

    def lock(self, connection: Connection, id: int) -> bool:
        """Lock a session now; False if it was or is over. After the commit call `generation.stale()`."""
        locked = connection.run(self._sql.lock, (self._clock(), id))
        self._generation.bump(connection)
        return bool(locked)

    def reopen(self, connection: Connection, id: int) -> None:
        """Unlock a session whose person has shown who they are; raises (401) when it is over."""
        moment = self._clock()
        if not connection.run(self._sql.reopen, (moment, moment, id, moment)):
            raise over("Your sign-in has ended.")
        self._generation.bump(connection)

    def prove(self, connection: Connection, id: int) -> None:
        """Note that the person has shown again who they are. After the commit call `generation.stale()`."""
        connection.run(self._sql.prove, (self._clock(), id))
        self._generation.bump(connection)

    def lift(self, connection: Connection, id: int) -> None:
        """Note that a second factor was shown in this session. After the commit call `generation.stale()`."""
        moment = self._clock()
        connection.run(self._sql.raise_, (moment, moment, id))
        self._generation.bump(connection)

    def end(self, connection: Connection, id: int) -> bool:
        """End one session now; False if it had ended. After the commit call `generation.stale()`."""
        ended = connection.run(self._sql.finish, (self._clock(), id))
        self._generation.bump(connection)
        return bool(ended)

    def end_of(self, connection: Connection, account: int, id: int) -> bool:
        """The same, for a session of that account only."""
        ended = connection.run(self._sql.finish_own, (self._clock(), id, account))
        self._generation.bump(connection)
        return bool(ended)

    def end_all(self, connection: Connection, account: int, *, but: int | None = None) -> int:
        """End all sessions of an account, `but` one if it is given; returns how many. After the commit
        call `generation.stale()`."""
        ended = connection.run(self._sql.finish_of, (self._clock(), account, but or 0))
        self._generation.bump(connection)
        return len(ended)

    def of(self, account: int) -> list[Session]:
        """The sessions of an account, newest first; at most 200."""
        moment = self._clock()
        found = []
        for id, created, used, expires, ended, address, agent, locked, mfa in self._connection.run(
            self._sql.of_account, (account,)
        ):
            stands = ended is None and expires > moment
            is_shut = stands and (locked is not None or used + self.idle <= moment)
            found.append(
                Session(
                    id, created, used, expires, address, agent, stands and not is_shut, is_shut, bool(mfa)
                )
            )
        return found

    def _save(self, live: Live) -> None:
        live.saved = live.used
        if self._submit is not None:
            values = (live.used, live.id, live.used)
            self._submit(lambda connection: connection.run(self._sql.touch, values))

    def _require_open(self, live: Live, moment: int) -> None:
        if live.expires <= moment:
            raise over("Your sign-in has reached its time limit.")
        if live.locked is not None:
            raise shut("This sign-in is locked.")
        if live.used + self.idle <= moment:
            raise shut("This sign-in was locked after a time without activity.")
        if live.must_enrol:
            raise problem(
                Category.FORBIDDEN, "login", "Your role needs a second step at sign-in.", place=ENROL,
                repair="Set one up on the page of your account.",
            )  # fmt: skip

    def _look_up(self, hashed: bytes) -> Live:
        row = self._connection.one(self._sql.by_hash, (hashed,))
        if row is None:
            raise over("You are not signed in.")
        id, account, name, used, expires, ended, disabled, mfa, factor_at, proved, locked, must_enrol = row
        if ended is not None or disabled is not None:
            raise over("You are signed out.")
        stand = self._standing.of(account)
        actor = Actor(
            account, name, stand.roles, CLIENT, SCOPES, session=f"session:{id}", patient=stand.patient,
            practitioner=stand.practitioner, facilities=stand.facilities,
        )  # fmt: skip
        form_token = urlsafe_b64encode(hmac.digest(self._form_key, hashed, "sha256")).rstrip(b"=").decode()
        return Live(
            actor, id, form_token, expires, used, used, bool(mfa), factor_at, proved, locked, bool(must_enrol)
        )  # fmt: skip


def over(message: str) -> Problem:
    """The answer to a session that is not in force."""
    return problem(Category.FORBIDDEN, "login", message, repair="Sign in again.")


def shut(message: str) -> Problem:
    """The answer to a session that is locked; `place` tells it from one that is over."""
    return problem(Category.FORBIDDEN, "login", message, place=LOCK, repair="Unlock it, or sign in again.")


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
