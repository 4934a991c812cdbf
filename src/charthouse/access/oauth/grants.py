"""What people let programs do: kept as one row each, on which every code and token that comes of it hangs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from charthouse.access.actor import Actor
from charthouse.access.generation import Generation
from charthouse.access.oauth.apps import App
from charthouse.access.sessions import IDLE
from charthouse.access.tokens import password_mark
from charthouse.base.clock import now
from charthouse.db import queries
from charthouse.db.connect import Connection, Row

OFFLINE: Final = "offline_access"
ONLINE: Final = "online_access"


@dataclass(frozen=True, slots=True)
class Context:
    """What a program is about to work on: a patient (id and store key) and an encounter (id), or neither."""

    patient: str | None = None
    patient_key: int | None = None
    encounter: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """One authorisation. `signed_in` is when the person came in (ms); `in_force` is judged as it is read."""

    id: int
    app: int
    account: int
    session: int | None
    scopes: frozenset[str]
    context: Context
    nonce: str | None
    signed_in: int
    created: int
    in_force: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """What one person lets one program do, taken together; times in ms.

    `is_active` says that it has access now; without it, it can only be started again without asking.
    """

    client_id: str
    name: str
    scopes: frozenset[str]
    patients: int
    is_active: bool
    is_offline: bool
    created: int
    used: int


class Grants:
    """The authorisations of one record. For the thread that owns `connection`; changes take their own."""

    def __init__(
        self,
        connection: Connection,
        generation: Generation,
        *,
        idle: int = IDLE,
        clock: Callable[[], int] = now,
    ) -> None:
        """`idle` is after how many ms without a request a sign-in ends."""
        self._connection = connection
        self._generation = generation
        self._idle = idle
        self._clock = clock
        self._sql = queries.load("charthouse.access.oauth", "grants", connection.dialect)

    def add(
        self,
        connection: Connection,
        app: App,
        actor: Actor,
        scopes: frozenset[str],
        context: Context,
        nonce: str | None,
    ) -> int:
        """Keep what `actor`, signed in at a browser, lets `app` do; returns its key.

        Without `offline_access` it ends with that sign-in.
        """
        session = session_of(actor)
        row = connection.one(self._sql.session, (session,))
        if row is None:
            raise LookupError("only who is signed in at a browser can let a program in")
        moment = self._clock()
        added = connection.one(self._sql.add, (
            app.id, actor.id, None if OFFLINE in scopes else session, " ".join(sorted(scopes)),
            context.patient_key, context.patient, context.encounter, nonce, row[0], self._mark(connection, actor.id),
            moment, moment,
        ))  # fmt: skip
        if added is None:
            raise LookupError("the authorisation was not added")
        return int(added[0])

    def get(self, connection: Connection, id: int) -> Grant:
        """One authorisation, with whether it still holds: not revoked, the account open, its password the same,
        and, where it hangs on a sign-in, that sign-in in force."""
        row = connection.one(self._sql.by_id, (id,))
        if row is None:
            raise LookupError("there is no such authorisation")
        (key, app, account, session, scopes, patient, patient_id, encounter, nonce, signed_in, created, _used,
         revoked, then, password, disabled, seen, expires, ended) = row  # fmt: skip
        moment = self._clock()
        signed = session is None or (
            ended is None and expires is not None and expires > moment and seen + self._idle > moment
        )
        in_force = revoked is None and disabled is None and signed and password_mark(password) == bytes(then)
        return Grant(
            key, app, account, session, frozenset(scopes.split()), Context(patient_id, patient, encounter), nonce,
            signed_in, created, in_force,
        )  # fmt: skip

    def of(self, account: int) -> list[Listed]:
        """What a person lets programs do, by program, the one used last first."""
        moment = self._clock()
        found: dict[str, list[Row]] = {}
        for row in self._connection.run(self._sql.of_account, (account,)):
            found.setdefault(row[0], []).append(row)
        listed = []
        for client_id, rows in found.items():
            _, names, scopes, patients, sessions, created, used, ended, expires = zip(*rows, strict=True)
            active = [
                session is None or (over is None and until > moment)
                for session, over, until in zip(sessions, ended, expires, strict=True)
            ]
            listed.append(Listed(
                client_id, names[0], frozenset(" ".join(scopes).split()), len({one for one in patients if one}),
                any(active), None in sessions, min(created), max(used),
            ))  # fmt: skip
        return sorted(listed, key=lambda one: -one.used)

    def allowed_before(self, actor: Actor, app: App, scopes: frozenset[str]) -> bool:
        """Whether this person let this program do all of that already, and never took it back."""
        mark = self._mark(self._connection, actor.id)
        rows = self._connection.run(self._sql.lately, (actor.id, app.id, mark))
        return any(scopes.issubset(held.split()) for (held,) in rows)

    def touch(self, connection: Connection, id: int) -> None:
        """Note that it was used."""
        connection.run(self._sql.touch, (self._clock(), id))

    def revoke(self, connection: Connection, id: int) -> bool:
        """End it and all that came of it; False if it had ended. After the commit call `generation.stale()`."""
        ended = connection.run(self._sql.revoke, (self._clock(), id))
        self._generation.bump(connection)
        return bool(ended)

    def revoke_own(self, connection: Connection, account: int, client_id: str) -> int:
        """End all that one person let one program do; returns how many. After the commit call `generation.stale()`."""
        ended = connection.run(self._sql.revoke_own, (self._clock(), account, client_id))
        self._generation.bump(connection)
        return len(ended)

    def roles(self, connection: Connection, account: int) -> frozenset[str]:
        """The roles an account has now."""
        return frozenset(role for (role,) in connection.run(self._sql.roles, (account,)))

    def _mark(self, connection: Connection, account: int) -> bytes:
        row = connection.one(self._sql.password, (account,))
        return password_mark(row[0] if row else None)


def session_of(actor: Actor) -> int:
    """The number of the sign-in an actor came by; 0 for one who came by a token."""
    kind, _, number = (actor.session or "").partition(":")
    return int(number) if kind == "session" and number.isdigit() else 0
