"""A number that may be shown: it cannot be made without its source, its year and what kind of number it is."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, Final


class Kind(StrEnum):
    """What stands behind a number."""

    PUBLISHED = "published"  # as its source prints it
    MEASURED = "measured"  # computed here from published numbers
    JUDGEMENT = "judgement"  # decided by us, for want of a source


KIND_WORDS: Mapping[Kind, str] = {
    Kind.PUBLISHED: "printed by its source",
    Kind.MEASURED: "computed here from published numbers",
    Kind.JUDGEMENT: "our judgement",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where numbers come from. `trust` says in words how good the evidence is; `year` is that of the numbers."""

    id: str
    title: str
    publisher: str
    year: int
    kind: Kind
    trust: str
    address: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its provenance. `unit`: usd, percent, times, jobs, rank, years, quotient or count.

    `is_floor` says that the true value is this or more. `value` None: there is none, and `note` says why.
    """

    value: float | None
    unit: str
    source: str
    year: int
    kind: Kind
    note: str = ""
    is_floor: bool = False

    def __post_init__(self) -> None:
        if not self.source or not self.year:
            raise ValueError("a number without source and year is not shown")

    def said(self) -> str:
        """The number as people read it."""
        if self.value is None:
            return "not released"
        if self.unit == "rank" and self.note.startswith("at or "):
            return self.note  # an end of what is published
        plus = "at least " if self.is_floor else ""
        return plus + _WRITTEN[self.unit](self.value)

    def json(self) -> dict[str, Any]:
        """The number as programs read it."""
        value: Any = None if self.value is None else _plain(self.value)
        shown: dict[str, Any] = {
            "value": {"at_least": value} if self.is_floor else value,
            "unit": self.unit,
            "source": self.source,
            "year": self.year,
            "kind": self.kind.value,
        }
        return shown | ({"note": self.note} if self.note else {})


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 4)


def _money(value: float) -> str:
    return f"${value:,.0f}" if value >= 0 else f"−${-value:,.0f}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


_WRITTEN: Final[Mapping[str, Callable[[float], str]]] = {
    "usd": _money,
    "percent": lambda value: f"{_short(value)} %",
    "times": lambda value: f"×{value:.3f}",
    "jobs": lambda value: f"{value:,.0f}",
    "rank": lambda value: f"p{value:.0f}",
    "years": lambda value: f"{_short(value)} year{'' if value == 1 else 's'}",
    "quotient": lambda value: f"{value:.2f}",
    "count": lambda value: f"{_short(value)}",
}


class Sources:
    """Every source that numbers of the guide come from."""

    def __init__(self) -> None:
        text = (resources.files(__package__) / "data" / "sources.toml").read_text(encoding="utf-8")
        self._all = {
            id: Source(id=id, kind=Kind(item.pop("kind")), **item) for id, item in tomllib.loads(text).items()
        }

    def __getitem__(self, id: str) -> Source:
        return self._all[id]

    def __iter__(self) -> Iterator[Source]:
        return iter(self._all.values())

    def figure(
        self,
        value: float | None,
        unit: str,
        source: str,
        *,
        kind: Kind | None = None,
        note: str = "",
        is_floor: bool = False,
    ) -> Figure:
        """A number from a source; `kind` where it was computed from what the source prints."""
        known = self._all[source]
        return Figure(value, unit, source, known.year, kind or known.kind, note, is_floor)
