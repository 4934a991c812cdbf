"""Where a walk through the trail stands, signed, so that only our own way on is followed."""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from charthouse.access.keys import Keys
from charthouse.access.trail.line import Place, Question
from charthouse.base.errors import Problem, invalid

SIGNATURE: Final = 16  # bytes of the HMAC that are kept
_ABOUT: Final = b"trail"


class Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Who walks, the question, the place in each source, and how many a page holds.

    For AuditEvents that clients stored: the search (`params`), the cursor of its present page, how many of that
    page are behind us, and whether there are `more` of them.
    """

    actor: int
    question: Question
    places: dict[str, Place]
    stored: str | None = None
    skip: int = 0
    more: bool = False
    params: tuple[tuple[str, str], ...] = ()
    count: int = 0


def close(keys: Keys, cursor: Cursor) -> str:
    """The cursor as a word for a form or a link."""
    content = msgspec.msgpack.encode(cursor)
    return urlsafe_b64encode(_sign(keys, content) + content).rstrip(b"=").decode()


def open_(keys: Keys, word: str, actor: int) -> Cursor:
    """The cursor again; `Problem(invalid)` for one that is not ours, was altered, or belongs to somebody else."""
    try:
        raw = urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4))
        signature, content = raw[:SIGNATURE], raw[SIGNATURE:]
        if not hmac.compare_digest(_sign(keys, content), signature):
            raise unknown()
        cursor = msgspec.msgpack.decode(content, type=Cursor)
    except (binascii.Error, UnicodeEncodeError, ValueError, msgspec.DecodeError):
        raise unknown() from None
    if cursor.actor != actor:
        raise unknown()
    return cursor


def unknown() -> Problem:
    """The answer to a way on that is not ours."""
    return invalid(
        "value", "This page link is not one of ours, or was altered.", place="_cursor", repair="Ask again."
    )


def _sign(keys: Keys, content: bytes) -> bytes:
    return keys.sign("cursor", _ABOUT + content)[:SIGNATURE]
