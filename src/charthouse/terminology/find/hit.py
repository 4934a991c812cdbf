"""What a search gives: a code, why it was found, which sides there are, and what to mind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from charthouse.base.errors import shorten

_MINDED: Final = (
    ("codeFirst", "Code first"), ("excludes1", "Not with"), ("useAdditionalCode", "Code also"),
    ("excludes2", "Not for"),
)  # fmt: skip
_TOLD: Final = 2  # notes of a kind
_LONGEST: Final = 160  # characters of a note


class Hit(msgspec.Struct, frozen=True):
    """A code that was found. `system` is its url, `why` short phrases that tell how the question was read,
    `sides` the code for each of right, left, bilateral and unspecified where there are several,
    `note` what the book says first of all (codes to be coded first, excludes)."""

    system: str
    version: str
    code: str
    display: str
    is_billable: bool
    why: tuple[str, ...] = ()
    sides: Mapping[str, str] = {}
    note: str = ""


def note(properties: Iterable[tuple[str, str]]) -> str:
    """What the book says of a code, in a line: from its properties and those above it, the nearest first."""
    texts: dict[str, list[str]] = {}
    for name, value in properties:
        texts.setdefault(name, []).append(value)
    parts = [
        f"{said}: {'; '.join(texts[name][:_TOLD])}{' …' if len(texts[name]) > _TOLD else '.'}"
        for name, said in _MINDED if name in texts
    ]  # fmt: skip
    return shorten(" ".join(parts), _LONGEST)
