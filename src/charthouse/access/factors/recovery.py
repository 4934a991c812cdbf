"""Recovery codes: ten, shown once, each good once, for whoever lost the phone or the key."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from charthouse.base.clock import now
from charthouse.db import queries
from charthouse.db.connect import Connection

COUNT: Final = 10
# No letter that looks like a digit. Sixteen of 32 signs are 80 bits: a hash of it cannot be guessed back.
SIGNS: Final = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
LENGTH: Final = 16
_MEANT: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})


class Recovery:
    """The recovery codes of one record; reads use `connection`."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access.factors", "factors", connection.dialect)

    def renew(self, connection: Connection, account: int) -> tuple[str, ...]:
        """Ten new codes, to be shown once; those from before work no longer."""
        moment = self._clock()
        codes = tuple("".join(secrets.choice(SIGNS) for _ in range(LENGTH)) for _ in range(COUNT))
        connection.run(self._sql.codes_end, (moment, account))
        connection.many(self._sql.code_add, [(account, _hash(account, code), moment) for code in codes])
        return tuple("-".join(code[at : at + 4] for at in range(0, LENGTH, 4)) for code in codes)

    def use(self, connection: Connection, account: int, code: str) -> bool:
        """Whether this is an unused code of the account; it is used up. Of several at once one succeeds."""
        return bool(connection.run(self._sql.code_use, (self._clock(), account, _hash(account, code))))

    def left(self, account: int) -> int:
        """How many are unused."""
        row = self._connection.one(self._sql.codes_left, (account,))
        return row[0] if row else 0

    def end(self, connection: Connection, account: int) -> None:
        """Make all of them useless."""
        connection.run(self._sql.codes_end, (self._clock(), account))


def _hash(account: int, code: str) -> bytes:
    """What is kept: bound to the account, and the same however the code was typed."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum()).translate(_MEANT)
    return sha256(f"recovery:{account}:{plain}".encode("utf-8", "replace")).digest()
