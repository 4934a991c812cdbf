"""History in pages: what was asked goes along, signed, in the link to the next (R4 http.html#history)."""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from charthouse.access.keys import Keys
from charthouse.base.errors import Problem, invalid
from charthouse.db.connect import Connection
from charthouse.search.page import Found, Page
from charthouse.store.body import Stored
from charthouse.store.read import END, Reader

SIGNATURE = 16  # bytes of the HMAC that are kept
SLICE = 200  # versions looked at in one go
Narrow = Callable[[Connection, Sequence[Stored]], Sequence[Stored]]
Members = Callable[[Connection, str], Sequence[tuple[str, int]]]


class Asked(NamedTuple):
    """Whose history: a resource, a type, everything, of those what the list `listed` (an id) names; and when: `since`
    ms, or current within the span `at`."""

    type: str | None
    id: str | None
    since: int | None = None
    at: tuple[int, int] | None = None
    listed: str | None = None


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """Where a walk through a history stands: versions before the row `before` follow."""

    asked: Asked
    before: int
    total: int | None


class History:
    """Pages of versions on a connection it is given."""

    def __init__(self, reader: Reader, keys: Keys) -> None:
        self._reader = reader
        self._keys = keys

    def page(
        self,
        connection: Connection,
        asked: Asked,
        count: int,
        cursor: str | None,
        narrow: Narrow | None = None,
        members: Members | None = None,
    ) -> Page:
        """One page, newest first. A cursor belongs to its history; versions written later are not in it.

        `narrow` leaves out versions that whoever asks may not meet, in pages and totals alike; `members` tells
        what a list names (type and key), as far as whoever asks may know.
        """
        mark = self._open(cursor) if cursor else None
        if mark is not None and (mark.asked.type, mark.asked.id) != (asked.type, asked.id):
            raise unknown()
        asked = mark.asked if mark else asked
        low, high = asked.at or (-END, END)
        before = mark.before if mark else END
        bounds: dict[str, Any] = {
            "before": before, "since": asked.since or 0, "until": high, "current_after": low,
        }  # fmt: skip
        if asked.listed is not None and members is not None:
            bounds["keys"] = self._listed(connection, asked, members(connection, asked.listed))
        if narrow is not None:
            return self._narrowed(connection, asked, count, mark, bounds, narrow)
        total = mark.total if mark else self._total(connection, asked, dict(bounds))
        found = self._reader.history(connection, asked.type, asked.id, **bounds, count=count + 1)
        page = Page([Found(stored, "match") for stored in found[:count]], total)
        if len(found) > count > 0:
            page.next = self._close(Mark(asked, found[count - 1].seq, total))
        return page

    def _narrowed(
        self,
        connection: Connection,
        asked: Asked,
        count: int,
        mark: Mark | None,
        bounds: dict[str, Any],
        narrow: Narrow,
    ) -> Page:
        """The same page of what `narrow` leaves, read slice by slice until it is full."""
        shown: list[Stored] = []
        whole = mark is None and asked.id is not None  # of one resource all are looked at, for the total
        bounds = dict(bounds)
        while len(shown) <= count or whole:
            found = self._reader.history(connection, asked.type, asked.id, **bounds, count=SLICE)
            shown += narrow(connection, found)
            if len(found) < SLICE:
                break
            bounds["before"] = found[-1].seq
        total = mark.total if mark else len(shown) if whole else None
        page = Page([Found(stored, "match") for stored in shown[:count]], total)
        if len(shown) > count > 0:
            page.next = self._close(Mark(asked, shown[count - 1].seq, total))
        return page

    def _listed(
        self, connection: Connection, asked: Asked, named: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        """The keys of those that are asked for among what a list names."""
        if asked.type is None:
            return [key for _, key in named]
        keys = [key for type, key in named if type == asked.type]
        if asked.id is None:
            return keys
        head = self._reader.head(connection, asked.type, asked.id)
        return [head.key] if head is not None and head.key in keys else []

    def _total(self, connection: Connection, asked: Asked, bounds: dict[str, int]) -> int | None:
        """Of one resource it is known at once; of a type or everything it would have to be counted."""
        if asked.type is None or asked.id is None:
            return None
        keys = bounds.pop("keys", None)
        if keys is not None and not keys:
            return 0
        return self._reader.count_versions(connection, asked.type, asked.id, **bounds)

    def _close(self, mark: Mark) -> str:
        content = msgspec.msgpack.encode(mark)
        signature = self._keys.sign("cursor", b"history" + content)[:SIGNATURE]
        return urlsafe_b64encode(signature + content).rstrip(b"=").decode()

    def _open(self, word: str) -> Mark:
        try:
            raw = urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4))
            signature, content = raw[:SIGNATURE], raw[SIGNATURE:]
            expected = self._keys.sign("cursor", b"history" + content)[:SIGNATURE]
            if not hmac.compare_digest(expected, signature):
                raise unknown()
            return msgspec.msgpack.decode(content, type=Mark)
        except (binascii.Error, UnicodeEncodeError, ValueError, msgspec.DecodeError):
            raise unknown() from None


def unknown() -> Problem:
    """The answer to a page link that is not ours."""
    return invalid(
        "value", "This page link is not one of ours, or was altered.", place="_cursor",
        repair="Ask for the history again.",
    )  # fmt: skip
