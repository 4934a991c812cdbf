"""The paths of the craft, what stands next to them, and credentials: texts from data files, pay from the extract."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from charthouse.base.errors import invalid
from charthouse.workforce.extract import Extract
from charthouse.workforce.figure import Figure, Sources


@dataclass(frozen=True, slots=True)
class Stands:
    """An occupation of the statistics that stands for a path, and why."""

    soc: str
    why: str


@dataclass(frozen=True, slots=True)
class Career:
    """One path. `is_beside` marks those that are not of the craft itself."""

    id: str
    title: str
    short: str
    does: tuple[str, ...]
    skills: tuple[str, ...]
    enter: tuple[str, ...]
    practise: tuple[str, ...]
    occupations: tuple[Stands, ...]
    is_beside: bool


@dataclass(frozen=True, slots=True)
class Credential:
    """One certificate near the craft; `trust` says how good the evidence is."""

    id: str
    title: str
    body: str
    needs: str
    trust: str
    figures: tuple[tuple[str, Figure], ...]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What keeps a credential alive, as far as it is known."""

    credential: str
    years: Figure
    credits: Figure
    note: str


class Careers:
    """All of them."""

    def __init__(self, extract: Extract, sources: Sources) -> None:
        self.all: Mapping[str, Career] = {
            id: Career(
                id,
                item["title"],
                item["short"],
                tuple(item["does"]),
                tuple(item["skills"]),
                tuple(item["enter"]),
                tuple(item["practise"]),
                tuple(Stands(**one) for one in item["occupations"]),
                item.get("beside", False),
            )
            for id, item in tomllib.loads(extract.text("careers.toml")).items()
        }
        self.credentials = tuple(
            Credential(
                id,
                item["title"],
                item["body"],
                item["needs"],
                item["trust"],
                tuple(
                    (one["label"], sources.figure(one["value"], one["unit"], one["source"]))
                    for one in item.get("figures", ())
                ),
            )
            for id, item in tomllib.loads(extract.text("credentials.toml")).items()
        )
        self.renewals = {
            id: Renewal(
                id,
                sources.figure(item["years"], "years", item["source"]),
                sources.figure(item["credits"], "count", item["source"]),
                item["hours_note"],
            )
            for id, item in tomllib.loads(extract.text("renewals.toml")).items()
        }

    @property
    def paths(self) -> tuple[Career, ...]:
        """The six of the craft."""
        return tuple(one for one in self.all.values() if not one.is_beside)

    @property
    def beside(self) -> tuple[Career, ...]:
        """Those next to it."""
        return tuple(one for one in self.all.values() if one.is_beside)

    def get(self, id: str) -> Career:
        """One path; raises `Problem(invalid)` that names those there are."""
        if id not in self.all:
            raise invalid(
                "value",
                "There is no such path.",
                place="role",
                value=id,
                repair=f"Choose from {', '.join(self.all)}.",
            )
        return self.all[id]
