"""An answer as the interactions give it and the application sends it."""

from __future__ import annotations

from typing import NamedTuple

Header = tuple[bytes, bytes]


class Reply(NamedTuple):
    """Status, headers and bytes; the application adds the headers that every answer carries."""

    status: int
    headers: list[Header]
    body: bytes = b""
