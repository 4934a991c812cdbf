"""Tells which version is meant: what stands behind a `|`, which of several is the newest, which is in force."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_PIECES: Final = re.compile(r"[0-9]+|[^0-9]+")
_EDITION: Final = "/version/"  # SNOMED CT: …/sct/{edition}/version/{date}


def split(canonical: str, version: str | None = None) -> tuple[str, str | None]:
    """(url, version) of a canonical `url|version`; `version` where the canonical names none."""
    url, _, named = canonical.partition("|")
    return url, named or version or None


def joined(url: str, version: str | None) -> str:
    """The canonical of a url and a version."""
    return f"{url}|{version}" if version else url


def rank(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key that puts versions in order as people number them: 2.10 after 2.9, words before numbers."""
    return tuple(
        (1, int(piece), "") if piece.isdecimal() else (0, 0, piece) for piece in _PIECES.findall(version)
    )


def newest(versions: Iterable[str]) -> str | None:
    """The last of the versions in the order of `rank`; None where there are none."""
    return max(versions, key=rank, default=None)


def fits(version: str, wanted: str | None) -> bool:
    """Whether `version` is what was asked for; an edition of SNOMED CT asks for any of its dates."""
    return wanted is None or version == wanted or version.startswith(wanted + _EDITION)


def is_in_force(valid_from: str | None, valid_until: str | None, today: str) -> bool:
    """Whether an ISO date lies between two others, both included; None leaves that end open."""
    return (valid_from or "") <= today and (valid_until is None or today <= valid_until)
