"""Codes of an authenticator app (TOTP, RFC 6238): six digits, thirty seconds, each good once."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Final

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, problem
from charthouse.db import queries
from charthouse.db.connect import Connection

SECONDS: Final = 30
DIGITS: Final = 6
AROUND: Final = 1  # steps before and after the present one that are accepted: clocks differ
_NONCE: Final = 12


class Totp:
    """The authenticator apps of one record. `key` is the clinic's `factor` key; reads use `connection`."""

    def __init__(
        self, connection: Connection, key: bytes, issuer: str, *, clock: Callable[[], int] = now
    ) -> None:
        self._connection = connection
        self._cipher = AESGCM(key)
        self._issuer = issuer
        self._clock = clock
        self._sql = queries.load("charthouse.access.factors", "factors", connection.dialect)

    def start(self, connection: Connection, account: int) -> None:
        """Make a secret that counts only after `confirm`; one begun before is forgotten."""
        connection.run(self._sql.totp_drop, (self._clock(), account))
        sealed = self._seal(account, pyotp.random_base32())
        connection.run(self._sql.totp_start, (account, sealed, self._clock()))

    def begun(self, account: int) -> str | None:
        """The secret that waits for `confirm`, in base 32, to be shown to its owner; None if none does."""
        row = self._connection.one(self._sql.totp_begun, (account,))
        return None if row is None else self._open(account, bytes(row[1]))

    def address(self, secret: str, name: str) -> str:
        """The `otpauth:` address that an app reads from the square."""
        return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=self._issuer)

    def confirm(self, connection: Connection, account: int, code: str) -> bool:
        """Take the begun secret into use if `code` is of it; one used before is ended. False for a wrong code."""
        row = connection.one(self._sql.totp_begun, (account,))
        step = None if row is None else self._step(self._open(account, bytes(row[1])), code, row[2])
        if row is None or step is None:
            return False
        moment = self._clock()
        connection.run(self._sql.totp_end, (moment, account))
        return bool(connection.run(self._sql.totp_confirm, (moment, step, row[0], account)))

    def is_set(self, account: int) -> bool:
        """Whether the account has an app in use."""
        return self._connection.one(self._sql.totp_confirmed, (account,)) is not None

    def use(self, connection: Connection, account: int, code: str) -> bool:
        """Whether `code` is right now; used up in the transaction on `connection`, also against others at once."""
        row = connection.one(self._sql.totp_confirmed, (account,))
        step = None if row is None else self._step(self._open(account, bytes(row[1])), code, row[2])
        if row is None or step is None:
            return False
        return bool(connection.run(self._sql.totp_use, (step, row[0], step)))

    def end(self, connection: Connection, account: int) -> bool:
        """Take the app out of use; False if there was none."""
        moment = self._clock()
        connection.run(self._sql.totp_drop, (moment, account))
        return bool(connection.run(self._sql.totp_end, (moment, account)))

    def _step(self, secret: str, code: str, after: int) -> int | None:
        """The time step whose code this is: near the present one and later than `after`. Looks at all of them."""
        sent = code.encode("utf-8", "replace")
        present, found = self._clock() // 1000 // SECONDS, None
        app = pyotp.TOTP(secret, digits=DIGITS, interval=SECONDS)
        for step in range(present - AROUND, present + AROUND + 1):
            if hmac.compare_digest(app.generate_otp(step).encode(), sent) and step > after:
                found = step
        return found

    def _seal(self, account: int, secret: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), _bound(account))

    def _open(self, account: int, sealed: bytes) -> str:
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(account)).decode()
        except InvalidTag:
            raise unreadable() from None


def _bound(account: int) -> bytes:
    """What a sealed secret is bound to, so that a row moved to another account opens nothing."""
    return b"totp:%d" % account


def unreadable() -> Problem:
    """The answer where a secret was changed in the record, or the clinic's key was."""
    return problem(
        Category.FAULT, "security", "The authenticator app of this account cannot be checked.",
        repair="Ask an administrator to reset the factors of the account.",
    )  # fmt: skip


def plain(code: str) -> str:
    """A code as it was typed, without the blanks that people put between the digits."""
    return "".join(code.split())[:64]
