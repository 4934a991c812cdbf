"""Time as the record counts it: whole milliseconds since 1970 UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache


def now() -> int:
    """The present moment in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@lru_cache(maxsize=8192)  # resources written together share their moment
def instant(milliseconds: int) -> str:
    """A FHIR instant in UTC with three decimals, e.g. `2026-11-23T15:26:00.123Z`."""
    seconds, fraction = divmod(milliseconds, 1000)
    moment = time.gmtime(seconds)
    return (
        f"{moment.tm_year:04d}-{moment.tm_mon:02d}-{moment.tm_mday:02d}T"
        f"{moment.tm_hour:02d}:{moment.tm_min:02d}:{moment.tm_sec:02d}.{fraction:03d}Z"
    )


def moment(milliseconds: int) -> datetime:
    """The same moment as an aware `datetime` in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
