"""Identifiers that say nothing about whom they name."""

from __future__ import annotations

import re
import secrets
import uuid

LOGICAL_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def logical_id() -> str:
    """A fresh FHIR logical id: a random UUID in lower case."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


class Ids:
    """Fresh logical ids, one after the other, from randomness that is fetched for many at once.

    Each single request to the system lets other threads in between, which costs more than the id.
    """

    def __init__(self) -> None:
        self._pool = b""

    def fresh(self) -> str:
        """A random UUID in lower case (RFC 9562, version 4)."""
        if not self._pool:
            self._pool = secrets.token_bytes(16 * 256)
        taken, self._pool = self._pool[:16], self._pool[16:]
        text = taken.hex()
        variant = "89ab"[taken[8] & 3]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def is_logical_id(text: str) -> bool:
    """Whether `text` is a FHIR id (R4 datatypes, `id`)."""
    return LOGICAL_ID.fullmatch(text) is not None


def secret(size: int = 32) -> str:
    """A URL-safe secret of `size` random bytes."""
    return secrets.token_urlsafe(size)
