"""The Prefer header: how much comes back, and how strict a search is (R4 http.html#ops, search.html#errors)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Prefer(NamedTuple):
    """`answer` is "minimal", "representation", "OperationOutcome" or None where nothing was said."""

    answer: str | None = None
    lenient: bool = False


NONE = Prefer()


@lru_cache(maxsize=64)
def parse(header: bytes) -> Prefer:
    """The preferences we know in a Prefer header; a preference is a wish, so others are passed over (RFC 7240)."""
    answer: str | None = None
    lenient = False
    for part in header.decode("latin-1").replace(";", ",").split(","):
        name, _, value = part.partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        if name == "return" and value in ("minimal", "representation", "OperationOutcome"):
            answer = value
        elif name == "handling":
            lenient = value == "lenient"
    return Prefer(answer, lenient)
