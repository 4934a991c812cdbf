"""One page of results, and the sealed cursors that lead from page to page."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import msgspec

from charthouse.base.errors import Issue, Problem, invalid
from charthouse.store.body import Stored

Mode = Literal["match", "include"]
NONCE = 12  # bytes, as AES-GCM wants (NIST SP 800-38D, 8.2)


@dataclass(slots=True)
class Found:
    """A resource on a page, and why it is there.

    `score` is how well it answers, from 0 to 1, where text was searched; `place` is where it is, where that is inside
    of another resource: `Type/id#its-id`.
    """

    stored: Stored
    mode: Mode
    score: float | None = None
    place: str = ""


@dataclass(slots=True)
class Page:
    """What a search answers.

    `total` is the number of matches when the first page was made, None when it is not known.
    `next`, `prev` and `first` are cursors. `params` is what took part in the search, `notes`
    findings for the caller: what was ignored, or left out because it was too much.
    """

    entries: list[Found]
    total: int | None = None
    next: str | None = None
    prev: str | None = None
    first: str | None = None
    params: list[tuple[str, str]] = field(default_factory=list)
    notes: list[Issue] = field(default_factory=list)


class Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a walk stands.

    `params` is the whole search of `type`. `at` (ms) and `bound` (the last version that existed, for
    a sorted walk) fix the moment of the first page, `total` is its total. `position` is the sort values and the
    key of the match that the page comes after (or before, when `back`); empty for the first page. `view` says
    what could be seen by the one for whom the total was counted (see `view`); `type` "" is a search of several.
    """

    type: str
    params: tuple[tuple[str, str], ...]
    at: int
    bound: int | str | None
    total: int | None
    back: bool
    position: tuple[str | int | float | None, ...]
    view: str = ""


class Seal:
    """Turns cursors into words that say nothing and cannot be altered (AES-256-GCM), and back."""

    def __init__(self, key: bytes) -> None:
        """`key` is the secret of this record, at least 32 bytes; every process that serves it has the same."""
        if len(key) < 32:
            raise ValueError("the key of the search cursors has fewer than 32 bytes")
        self._key = sha256(b"search cursor" + key).digest()
        self._cipher: Any = None

    def _engine(self) -> Any:
        if self._cipher is None:
            # imported here: most searches fit on one page and never need it
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._cipher = AESGCM(self._key)
        return self._cipher

    def close(self, cursor: Cursor) -> str:
        """The word for `cursor`."""
        nonce = secrets.token_bytes(NONCE)
        content: bytes = self._engine().encrypt(nonce, msgspec.msgpack.encode(cursor), None)
        return urlsafe_b64encode(nonce + content).rstrip(b"=").decode()

    def open(self, word: str) -> Cursor:
        """The cursor of a word that `close` gave. Raises `Problem(invalid)` for any other."""
        from cryptography.exceptions import InvalidTag

        try:
            content = urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4))
            opened = self._engine().decrypt(content[:NONCE], content[NONCE:], None)
            return msgspec.msgpack.decode(opened, type=Cursor)
        except (NotBase64, UnicodeEncodeError, ValueError, InvalidTag, msgspec.DecodeError):
            raise _unknown() from None


def _unknown() -> Problem:
    return invalid(
        "value",
        "This page link is not one of ours, or was altered.",
        place="_cursor",
        repair="Start the search again.",
    )


def foreign() -> Problem:
    """The refusal of a page link in another search than its own."""
    return invalid(
        "value",
        "This page link belongs to another search.",
        place="_cursor",
        repair="Use the link as it was given.",
    )
