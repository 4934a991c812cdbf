"""What a loader makes of a release before it goes into the tables, and what it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology.concept import Designation, Release, Row
from charthouse.terminology.load.kinds import Kind

LONGEST: Final = (
    1_000  # bytes of a property: longer ones cannot be indexed everywhere, and become designations
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever loads says of the release beyond its files; `languages` are BCP 47 tags like `es-ES`."""

    version: str = ""
    url: str = ""
    title: str = ""
    languages: tuple[str, ...] = ()


class Mapping(NamedTuple):
    """A line of a map: what one code becomes. `equivalence` is R4's; `target` is empty for `unmatched`."""

    source: str
    target: str
    equivalence: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Map:
    """A map from a code system to another, as a ConceptMap without its lines, and the lines in order."""

    url: str
    title: str
    source: str
    target: str
    lines: Sequence[Mapping]


@dataclass(slots=True)
class Loaded:
    """A release that was read: its concepts, maps and value sets. `notes` are sentences for whoever loads it."""

    release: Release
    rows: Iterable[Row]
    maps: Sequence[Map] = ()
    value_sets: Sequence[Tree] = ()
    notes: list[str] = field(default_factory=list)


def release(
    kind: Kind,
    asked: Asked,
    version: str,
    source: str,
    *,
    title: str = "",
    valid_from: str | None = None,
    valid_until: str | None = None,
    hierarchy: str = "is-a",
    case_sensitive: bool = True,
    properties: Sequence[tuple[str, str]] = (),
) -> Release:
    """The release of a kind, with its CodeSystem. `properties` are (code, what it is).

    Raises Problem(invalid) where the version cannot be told from the files and was not given.
    """
    version = asked.version or version
    if not version:
        raise invalid(
            "required", "The version of this release cannot be told from its files.", place="--version", value=source,
            repair="Say it, as in `--version 2027`.",
        )  # fmt: skip
    about: Tree = {
        "resourceType": "CodeSystem", "url": asked.url or kind.url, "version": version, "status": "active",
        "name": "".join(word for word in kind.name.upper().split("-")), "title": asked.title or kind.title,
        "publisher": kind.publisher, "caseSensitive": case_sensitive, "copyright": kind.notice,
        "hierarchyMeaning": hierarchy, "content": "complete",
        "property": [{"code": code, "description": said, "type": "string"} for code, said in properties],
    }  # fmt: skip
    return Release(
        url=asked.url or kind.url, version=version, title=asked.title or title or kind.title, hierarchy=hierarchy,
        case_sensitive=case_sensitive, valid_from=valid_from, valid_until=valid_until, source=source,
        notice=kind.notice, about={name: value for name, value in about.items() if value not in ("", [])},
    )  # fmt: skip


def row(
    code: str,
    display: str,
    *,
    parents: Iterable[str] = (),
    flags: int = 0,
    names: Iterable[Designation] = (),
    properties: Iterable[tuple[str, str]] = (),
) -> Row:
    """A concept, tidied: no empty properties, no name that only repeats the display, no property too long to index."""
    kept: list[tuple[str, str]] = []
    more = [name for name in dict.fromkeys(names) if name.text and (name.use or name.text != display)]
    for name, value in properties:
        if len(value) > LONGEST // 4 and len(value.encode()) > LONGEST:
            more.append(Designation(value, "", name))
        elif value:
            kept.append((name, value))
    return Row(code, display, tuple(parents), flags, tuple(more), tuple(kept))


def day(text: str) -> str | None:
    """An ISO date from `20261001`, `2026/10/01`, `10/1/2026` or an ISO date; None for anything else."""
    digits = "".join(character for character in text if character.isdigit())
    parts = text.replace("-", "/").split("/")
    try:
        if len(parts) == 3:
            numbers = [int(part) for part in parts]
            year, month, of_month = numbers if numbers[0] > 31 else (numbers[2], numbers[0], numbers[1])
            return date(year, month, of_month).isoformat()
        if len(digits) == 8 == len(text):
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return None
    return None


def quarter(year: int, month: int) -> tuple[str, str]:
    """First and last day of the quarter that begins with `month`."""
    following = date(year + (month + 3 > 12), (month + 2) % 12 + 1, 1)
    return date(year, month, 1).isoformat(), date.fromordinal(following.toordinal() - 1).isoformat()
