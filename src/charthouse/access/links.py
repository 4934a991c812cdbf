"""One-time sign-in links: how a person gets in where there is no password, or none yet."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from charthouse.access.people import Person
from charthouse.base.clock import now
from charthouse.base.errors import Category, invalid, problem
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection

LIFETIME: Final = 10 * 60_000
PATH: Final = "/sign-in/link/"  # a GET on this path plus the secret signs in


class Links:
    """The sign-in links of one record; everything happens in the caller's transaction."""

    def __init__(self, dialect: str, *, clock: Callable[[], int] = now) -> None:
        self._clock = clock
        self._sql = queries.load("charthouse.access", "links", dialect)

    def issue(self, connection: Connection, person: Person, *, lifetime: int = LIFETIME) -> str:
        """A path that signs `person` in, once, within `lifetime` ms; put the base URL before it.

        Raises `Problem(invalid)` for a disabled account.
        """
        if person.disabled is not None:
            raise invalid(
                "business-rule", "This account is disabled.", place="user", value=person.name,
                repair="Enable it first.",
            )  # fmt: skip
        text = secret()
        moment = self._clock()
        connection.run(self._sql.add, (_hash(text), person.id, moment, moment + lifetime))
        return PATH + text

    def redeem(self, connection: Connection, text: str) -> int:
        """Use up a link; returns the account's key.

        Of several at once only one gets it. Raises `Problem(forbidden)` (401), the same for a link
        that is used, too old or was never made.
        """
        moment = self._clock()
        row = connection.one(self._sql.redeem, (moment, _hash(text), moment))
        if row is None:
            raise problem(
                Category.FORBIDDEN, "login", "This sign-in link has been used or is too old.",
                repair="Ask for a new one: charthouse token --user NAME.",
            )  # fmt: skip
        account: int = row[0]
        return account


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
