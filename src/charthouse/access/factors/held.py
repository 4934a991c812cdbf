"""The second factors of people, all kinds together: who has which, and whether one that is shown is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from charthouse.access.factors.challenge import Challenges
from charthouse.access.factors.halfway import Halfway
from charthouse.access.factors.needs import Needs
from charthouse.access.factors.passkeys import Passkey, Passkeys
from charthouse.access.factors.recovery import Recovery
from charthouse.access.factors.totp import DIGITS, Totp, plain
from charthouse.access.keys import Keys
from charthouse.base.clock import now
from charthouse.db import queries
from charthouse.db.connect import Connection

# `second`: a factor that it has; `enrol`: it must set one up, for its role needs one.
Demand = Literal["second", "enrol", "nothing"]


@dataclass(frozen=True, slots=True)
class Held:
    """The factors of one account. `needed_by` are the roles it holds that ask for one."""

    totp: bool
    passkeys: tuple[Passkey, ...]
    codes_left: int
    needed_by: frozenset[str]

    @property
    def any(self) -> bool:
        """Whether there is a second factor; recovery codes alone are none."""
        return self.totp or bool(self.passkeys)

    @property
    def count(self) -> int:
        """How many ways there are, without recovery codes."""
        return self.totp + len(self.passkeys)


class Factors:
    """The second factors of one record, whose people come in at `base_url`."""

    def __init__(
        self, connection: Connection, keys: Keys, base_url: str, *, clock: Callable[[], int] = now
    ) -> None:
        self._sql = queries.load("charthouse.access.factors", "factors", connection.dialect)
        challenges = Challenges(keys.get("challenge"), connection.dialect, clock=clock)
        self.passkeys = Passkeys(connection, challenges, base_url, clock=clock)
        issuer = "Charthouse" if self.passkeys.host == "localhost" else f"Charthouse {self.passkeys.host}"
        self.totp = Totp(connection, keys.get("factor"), issuer, clock=clock)
        self.recovery = Recovery(connection, clock=clock)
        self.needs = Needs(connection, clock=clock)
        self.halfway = Halfway(connection, clock=clock)

    def of(self, account: int) -> Held:
        """What the account has."""
        return Held(
            self.totp.is_set(account), tuple(self.passkeys.of(account)), self.recovery.left(account),
            self.needs.of(account),
        )  # fmt: skip

    def demand(self, connection: Connection, account: int) -> Demand:
        """What the account must still show after its first step, as the transaction on `connection` sees it."""
        if connection.one(self._sql.equipped, (account, account)) is not None:
            return "second"
        return "enrol" if connection.one(self._sql.needed_by, (account,)) is not None else "nothing"

    def by_code(self, connection: Connection, account: int, code: str) -> str | None:
        """What the code is, used up with it: `code` of an app, `recovery code`, or None if it is not right."""
        code = plain(code)
        if len(code) == DIGITS and code.isascii() and code.isdigit():
            return "code" if self.totp.use(connection, account, code) else None
        return "recovery code" if self.recovery.use(connection, account, code) else None

    def reset(self, connection: Connection, account: int) -> int:
        """Take every factor of an account away, half-open sign-ins too; returns how many there were."""
        self.recovery.end(connection, account)
        self.halfway.end_of(connection, account)
        return self.totp.end(connection, account) + self.passkeys.end_all(connection, account)
