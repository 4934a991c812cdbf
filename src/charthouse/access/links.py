"""One-time links: how a person gets in where there is no password, and invitations to choose one."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from charthouse.access.people import Person
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection

LIFETIME: Final = 10 * 60_000
PATH: Final = "/sign-in/link/"  # a GET on this path plus the secret signs in
INVITED: Final = 72 * 60 * 60_000
INVITE_PATH: Final = "/invite/"  # a GET shows the form for a password, its POST uses the link up
_SIGN_IN: Final = "sign-in"
_INVITE: Final = "invite"


class Links:
    """The links of one record. What changes anything happens in the caller's transaction; `connection`
    is for looking at invitations."""

    def __init__(
        self, dialect: str, *, connection: Connection | None = None, clock: Callable[[], int] = now
    ) -> None:
        self._clock = clock
        self._connection = connection
        self._sql = queries.load("charthouse.access", "links", dialect)

    def issue(self, connection: Connection, person: Person, *, lifetime: int = LIFETIME) -> str:
        """A path that signs `person` in, once, within `lifetime` ms; put the base URL before it.

        Raises `Problem(invalid)` for a disabled account.
        """
        return PATH + self._new(connection, person, _SIGN_IN, lifetime)

    def invite(self, connection: Connection, person: Person, *, lifetime: int = INVITED) -> str:
        """A path where `person` may choose a password, once; earlier ones of theirs stop working.

        Raises `Problem(invalid)` for a disabled account.
        """
        self.recall(connection, person.id)
        return INVITE_PATH + self._new(connection, person, _INVITE, lifetime)

    def recall(self, connection: Connection, account: int) -> None:
        """Make every link of an account useless that was not used yet."""
        moment = self._clock()
        for kind in (_SIGN_IN, _INVITE):
            connection.run(self._sql.recall, (moment, account, kind))

    def redeem(self, connection: Connection, text: str, *, invite: bool = False) -> int:
        """Use up a link, or an invitation; returns the account's key.

        Of several at once only one gets it. Raises `Problem(forbidden)` (401), the same for a link
        that is used, too old or was never made.
        """
        moment = self._clock()
        row = connection.one(self._sql.redeem, (moment, _hash(text), _INVITE if invite else _SIGN_IN, moment))
        if row is None:
            raise useless(invite=invite)
        account: int = row[0]
        return account

    def invited(self, text: str) -> int:
        """Whose invitation this is; nothing is used up. Raises like `redeem`."""
        row = self._connection and self._connection.one(self._sql.find, (_hash(text), _INVITE, self._clock()))
        if not row:
            raise useless(invite=True)
        account: int = row[0]
        return account

    def waiting(self) -> dict[int, int]:
        """The accounts with an invitation that can still be used, and until when (ms)."""
        return dict(self._connection.run(self._sql.waiting, (self._clock(),))) if self._connection else {}

    def _new(self, connection: Connection, person: Person, kind: str, lifetime: int) -> str:
        if person.disabled is not None:
            raise invalid(
                "business-rule", "This account is disabled.", place="user", value=person.name,
                repair="Enable it first.",
            )  # fmt: skip
        text = secret()
        moment = self._clock()
        connection.run(self._sql.add, (_hash(text), person.id, moment, moment + lifetime, kind))
        return text


def useless(*, invite: bool) -> Problem:
    """The one answer to a link that does not open."""
    if invite:
        return problem(
            Category.FORBIDDEN, "login", "This invitation has been used or is too old.",
            repair="Ask whoever sent it for a new one.",
        )  # fmt: skip
    return problem(
        Category.FORBIDDEN, "login", "This sign-in link has been used or is too old.",
        repair="Ask for a new one: charthouse token --user NAME.",
    )  # fmt: skip


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
