"""Authorisation codes and refresh tokens: each good once, and a second use ends all that came of it
(RFC 6749, 4.1.2; RFC 7636; RFC 9700, 4.14)."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from charthouse.base.clock import now
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection

CODE_LIFE: Final = 60_000
PREFIX: Final = "chr_"  # of refresh tokens, so that secret scanners know what they found
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # the SHA-256 of a verifier in base64url
_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it was taken: its authorisation, and what it is bound to."""

    grant: int
    redirect: str
    challenge: str
    expires: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token as it is kept."""

    id: int
    grant: int
    expires: int
    used: int | None


class Codes:
    """Codes and refresh tokens; everything happens on the connection handed over."""

    def __init__(self, dialect: str, *, clock: Callable[[], int] = now) -> None:
        self._clock = clock
        self._sql = queries.load("charthouse.access.oauth", "codes", dialect)

    def issue(self, connection: Connection, grant: int, redirect: str, challenge: str) -> str:
        """A code for the authorisation `grant`, good for a minute, once, at `redirect`, with the verifier of
        `challenge`."""
        text = secret()
        connection.run(self._sql.add, (hashed(text), grant, redirect, challenge, self._clock() + CODE_LIFE))
        return text

    def owner(self, connection: Connection, text: str) -> int | None:
        """The authorisation a code was made for, whether it was used or not."""
        row = connection.one(self._sql.seen, (hashed(text),))
        return None if row is None else int(row[0])

    def take(self, connection: Connection, text: str) -> Code | None:
        """Use a code up; None where it was used before. Of several at once only one gets it."""
        row = connection.one(self._sql.take, (self._clock(), hashed(text)))
        return None if row is None else Code(*row)

    def renewable(self, connection: Connection, grant: int, life: int) -> str:
        """A refresh token for the authorisation `grant`, good for `life` ms."""
        text = PREFIX + secret()
        moment = self._clock()
        connection.run(self._sql.add_refresh, (hashed(text), grant, moment, moment + life))
        return text

    def refresh(self, connection: Connection, text: str) -> Refresh | None:
        """The refresh token behind `text`, used or not."""
        row = connection.one(self._sql.refresh, (hashed(text),))
        return None if row is None else Refresh(*row)

    def forget(self, connection: Connection, account: int, before: int) -> None:
        """Throw away tokens of a program that ended before a moment: it takes a new one every few minutes, and the
        audit knows them all."""
        connection.run(self._sql.forget_tokens, (account, before))

    def take_refresh(self, connection: Connection, found: Refresh) -> bool:
        """Use a refresh token up; False where it was used before."""
        return connection.one(self._sql.take_refresh, (self._clock(), found.id)) is not None


def meets(verifier: str, challenge: str) -> bool:
    """Whether the verifier is the one behind the challenge (RFC 7636, 4.6, S256 only)."""
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    made = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())


def hashed(text: str) -> bytes:
    """What is kept of a secret that somebody presents."""
    return sha256(text.encode("utf-8", "replace")).digest()
