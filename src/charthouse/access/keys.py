"""The clinic's own random keys, made when the record is made: they sign what the server hands out and takes back."""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from charthouse.base.clock import now
from charthouse.base.errors import Category, problem
from charthouse.db import queries
from charthouse.db.connect import Connection

# cursor: page cursors · form: the tokens of forms (CSRF) · mark: rows of the audit · checkpoint: exported chain heads
# openid: names and signs people for programs
# factor: seals what authenticator apps share with us · challenge: the questions that passkeys answer
# provider: seals the secrets of sign-in servers, and what a browser carries there and back
NAMES: Final = ("cursor", "form", "mark", "checkpoint", "openid", "factor", "challenge", "provider")
SIZE: Final = 32


def ensure(connection: Connection) -> None:
    """Make the keys this record does not have yet, in the transaction on `connection`."""
    sql = queries.load("charthouse.access", "keys", connection.dialect)
    connection.many(sql.add, [(name, secrets.token_bytes(SIZE), now()) for name in NAMES])


class Keys:
    """The keys of one record, read once when it is opened."""

    def __init__(self, connection: Connection) -> None:
        sql = queries.load("charthouse.access", "keys", connection.dialect)
        self._keys: dict[str, bytes] = {name: bytes(value) for name, value in connection.run(sql.all_keys)}

    def get(self, name: str) -> bytes:
        """The 32 bytes of one key; raises `Problem(fault)` if the record was never given it."""
        if name not in self._keys:
            raise problem(
                Category.FAULT, "security", f"This record has no {name} key.",
                repair="Run `charthouse upgrade` on its data folder.",
            )  # fmt: skip
        return self._keys[name]

    def sign(self, name: str, message: bytes) -> bytes:
        """HMAC-SHA256 of `message` under the key `name` (RFC 2104)."""
        return hmac.digest(self.get(name), message, "sha256")

    def signed(self, name: str, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is ours, in time that does not depend on where it differs."""
        return hmac.compare_digest(self.sign(name, message), signature)

    def __repr__(self) -> str:
        return f"<keys {', '.join(sorted(self._keys))}>"
