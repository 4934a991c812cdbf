"""Questions that passkeys answer: signed, so that asking costs no row, and marked as spent when answered."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from charthouse.base.clock import now
from charthouse.db import queries
from charthouse.db.connect import Connection

LIFETIME: Final = 5 * 60_000
_RANDOM: Final = 24
_TIME: Final = 8


class Challenges:
    """The challenges of one clinic, under its `challenge` key (WebAuthn, 13.4.3)."""

    def __init__(self, key: bytes, dialect: str, *, clock: Callable[[], int] = now) -> None:
        self._key = key
        self._clock = clock
        self._sql = queries.load("charthouse.access.factors", "factors", dialect)

    def new(self, purpose: str) -> bytes:
        """A fresh one; `purpose` says what its answer is for and for whom, e.g. `unlock:7`."""
        head = secrets.token_bytes(_RANDOM) + (self._clock() + LIFETIME).to_bytes(_TIME, "big")
        return head + self._mark(head, purpose)

    def is_ours(self, challenge: bytes, purpose: str) -> bool:
        """Whether we asked this for that purpose, not too long ago."""
        head, mark = challenge[: _RANDOM + _TIME], challenge[_RANDOM + _TIME :]
        ours = hmac.compare_digest(mark, self._mark(head, purpose))
        return ours and self._clock() < int.from_bytes(head[_RANDOM:], "big")

    def spend(self, connection: Connection, challenge: bytes) -> bool:
        """Use it up, in the transaction its answer takes effect in; False if it was answered before."""
        connection.run(self._sql.forget_spent, (self._clock(),))
        row = connection.one(self._sql.spend, (sha256(challenge).digest(), self._clock() + LIFETIME))
        return row is not None

    def _mark(self, head: bytes, purpose: str) -> bytes:
        return hmac.digest(self._key, head + purpose.encode(), "sha256")
