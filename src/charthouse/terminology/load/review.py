"""Which releases hold today, which end soon or have ended, which are missing: what `codes status` and the page tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from charthouse.terminology.answers import Standing
from charthouse.terminology.load.kinds import KINDS, Kind, short
from charthouse.terminology.versions import rank

SOON: Final = timedelta(days=60)


class State(StrEnum):
    """How a release stands on a day."""

    HOLDS = "in force"
    ENDING = "ends soon"
    EXPIRED = "expired"
    COMING = "not yet in force"
    PART = "a part only"


@dataclass(frozen=True, slots=True)
class Release:
    """One release that is at hand. `is_used` marks the one that a question without a version gets."""

    name: str
    url: str
    version: str
    title: str
    concepts: int
    since: str | None
    until: str | None
    source: str
    place: str
    notice: str
    state: State
    is_used: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A code system with its releases, the one in use first. `kind` is None for one without a loader."""

    name: str
    title: str
    kind: Kind | None
    releases: tuple[Release, ...]

    @property
    def used(self) -> Release:
        """The release that a question without a version gets."""
        return self.releases[0]


@dataclass(frozen=True, slots=True)
class Review:
    """What is at hand on a day: the code systems that have a loader, others, and the kinds that are missing."""

    held: tuple[Held, ...]
    others: tuple[Held, ...]
    missing: tuple[Kind, ...]

    def searchable(self) -> list[str]:
        """The addresses of code systems that people look for codes in: those of clinics, and what was loaded here."""
        return [
            each.used.url for each in (*self.held, *self.others)
            if each.used.place == "loaded" or (each.kind and each.used.place == "shipped")
        ]  # fmt: skip

    def pressing(self) -> list[Release]:
        """Releases in use that have ended or end soon, the one that presses most first."""
        found = [each.used for each in self.held if each.used.state in (State.ENDING, State.EXPIRED)]
        return sorted(found, key=lambda one: one.until or "")


def review(standings: Iterable[Standing], today: date) -> Review:
    """What the versions at hand are on a day."""
    by_url: dict[str, list[Standing]] = {}
    for one in standings:
        if one.concepts:  # of some code systems only the name is at hand
            by_url.setdefault(one.release.url, []).append(one)
    kinds = {kind.url: kind for kind in KINDS}
    held = tuple(_held(kind, by_url[kind.url], today) for kind in KINDS if kind.url in by_url)
    others = [_held(None, found, today) for url, found in by_url.items() if url not in kinds]
    return Review(
        held,
        tuple(sorted(others, key=lambda one: (one.title.lower(), one.used.url))),
        tuple(kind for kind in KINDS if kind.url not in by_url),
    )


def _held(kind: Kind | None, found: Sequence[Standing], today: date) -> Held:
    ordered = sorted(found, key=lambda one: rank(one.release.version), reverse=True)
    ordered.sort(key=lambda one: not one.is_chosen)
    releases = tuple(_release(one, today) for one in ordered)
    title = kind.title if kind else releases[0].title
    return Held(kind.name if kind else "", title, kind, releases)


def _release(one: Standing, today: date) -> Release:
    release = one.release
    how = state(release.valid_from, release.valid_until, today, release.content)
    return Release(
        name=short(release.url), url=release.url, version=release.version, title=release.title or release.url,
        concepts=one.concepts, since=release.valid_from, until=release.valid_until, source=release.source,
        place=one.place, notice=release.notice, state=how,
        is_used=one.is_chosen,
    )  # fmt: skip


def state(since: str | None, until: str | None, today: date, content: str = "complete") -> State:
    """How a release with these ISO dates (both included) stands on a day."""
    if until is not None and until < today.isoformat():
        return State.EXPIRED
    if since is not None and since > today.isoformat():
        return State.COMING
    if until is not None and until <= (today + SOON).isoformat():
        return State.ENDING
    return State.PART if content in ("fragment", "example") else State.HOLDS
