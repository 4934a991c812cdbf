"""How much one request may bring and take: every bound of the API in one place."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """`body` is bytes, before and after unpacking; `entries` are those of one batch or transaction.

    `page` is how many versions a page of a history holds when nobody says, `most` whatever is said.
    """

    body: int
    entries: int
    page: int
    most: int
