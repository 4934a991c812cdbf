"""One load from start to end: reading a release, putting it into the tables, telling what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.terminology.concept import HEADING, INACTIVE, Release, Row
from charthouse.terminology.fill import fill
from charthouse.terminology.find.index import words
from charthouse.terminology.load import (
    cpt,
    drugs,
    hcpcs,
    icd,
    loinc,
    plain,
    providers,
    refsets,
    rxnorm,
    snomed,
    vaccines,
)  # fmt: skip
from charthouse.terminology.load.companions import forget, keep
from charthouse.terminology.load.kinds import OWN, named, unknown
from charthouse.terminology.load.loaded import Asked, Loaded
from charthouse.terminology.load.sniff import sniff
from charthouse.terminology.load.source import Source
from charthouse.terminology.order import order

# called with the stage (reading: bytes, writing: concepts, mapping: lines), how much is done, and of how much
Progress = Callable[[str, int, int], None]


class Reader(NamedTuple):
    """The loader of a kind, and the files it reads as patterns of their names; none: the one file there is."""

    read: Callable[[Source, Asked], Loaded]
    files: tuple[str, ...]


READERS: Final = {
    "icd-10-cm": Reader(icd.diagnoses, (icd.ORDER.format("cm"), icd.TABULAR)),
    "icd-10-pcs": Reader(icd.procedures, (icd.ORDER.format("pcs"),)),
    "snomed": Reader(
        snomed.read,
        (snomed.CONCEPTS, snomed.RELATIONS, snomed.DESCRIPTIONS, snomed.DEFINITIONS, snomed.VALUES, refsets.LANGUAGES,
         refsets.SIMPLE_MAPS, refsets.EXTENDED_MAPS, refsets.LISTS),
    ),
    "loinc": Reader(loinc.read, (loinc.TERMS, loinc.HIERARCHY, loinc.ANSWERS, loinc.LINKS)),
    "rxnorm": Reader(rxnorm.read, (rxnorm.NAMES, rxnorm.RELATIONS, rxnorm.ATTRIBUTES, rxnorm.TYPES)),
    "cvx": Reader(vaccines.cvx, (vaccines.CVX,)),
    "mvx": Reader(vaccines.mvx, (vaccines.MVX,)),
    "ndc": Reader(drugs.read, (drugs.PRODUCTS, drugs.PACKAGES)),
    "hcpcs": Reader(hcpcs.read, (hcpcs.FILE,)),
    "nucc": Reader(providers.taxonomy, (providers.NUCC,)),
    "pos": Reader(providers.places, (providers.POS,)),
    "cpt": Reader(cpt.read, (cpt.LONG, cpt.MEDIUM, cpt.SHORT, cpt.WHOLE)),
    OWN.name: Reader(plain.read, (plain.FILE,)),
}  # fmt: skip


@dataclass(slots=True)
class Report:
    """What came of a load. `maps` is title -> lines; `is_new` False where a release was replaced."""

    kind: str
    release: Release
    concepts: int
    headings: int
    inactive: int
    maps: dict[str, int] = field(default_factory=dict)
    value_sets: int = 0
    notes: list[str] = field(default_factory=list)
    is_new: bool = True


def load(
    connection: Connection,
    path: Path,
    *,
    kind: str = "",
    asked: Asked | None = None,
    replace: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Load the release at `path`; without `kind` it is told from the files. `dry_run` checks and writes nothing.

    Raises Problem(invalid) for files that cannot be read, with file and line, and Problem(conflict) where
    the release is here already, unless `replace`. Whatever fails, nothing of the release is seen.
    """
    kind, loaded = read(path, kind, asked or Asked(), progress)
    rows = loaded.rows = list(loaded.rows)
    if not rows:
        raise invalid(
            "not-found",
            "The release has no code.",
            place=str(path),
            repair="Look whether it is the right file.",
        )
    release = loaded.release
    sql = queries.load("charthouse.terminology", "fill", connection.dialect)
    same = connection.one(sql.same, (release.url, release.version))
    is_new = same is None or same[1] == 0  # what a stopped load left is no release
    if not is_new and not replace:
        raise _present(release)
    report = Report(
        kind, release, len(rows), sum(1 for row in rows if row.flags & HEADING),
        sum(1 for row in rows if row.flags & INACTIVE), {one.title: len(one.lines) for one in loaded.maps},
        len(loaded.value_sets), loaded.notes, is_new,
    )  # fmt: skip
    if dry_run:
        _check(rows)
        return report
    told = progress or _nobody
    try:
        keep(connection, loaded, lambda done, all: told("mapping", done, all))
        fill(
            connection,
            release,
            rows,
            progress=lambda done, all: told("writing", done, all),
            words=words,
            replace=replace,
        )
    except BaseException:
        forget(connection, release.url, release.version)
        raise
    return report


def read(
    path: Path, kind: str = "", asked: Asked | None = None, progress: Progress | None = None
) -> tuple[str, Loaded]:
    """The kind of the release at `path`, and the release itself, of which nothing was written yet.

    Its rows may be made only when they are asked for.
    """
    told = progress or _nobody
    done = total = 0

    def taken(size: int) -> None:
        nonlocal done
        done += size
        told("reading", min(done, total), total)

    with Source(path, taken) as source:
        kind = named(kind).name if kind else sniff(source)
        reader = READERS.get(kind)
        if reader is None:
            raise unknown(kind)
        members = {one.path: one for pattern in reader.files for one in source.all(pattern)}
        total = sum(one.size for one in members.values() or source.members)
        done = 0
        try:
            loaded = reader.read(source, asked or Asked())
            loaded.rows = list(loaded.rows)
        except RecursionError:
            raise invalid("structure", "The release is nested too deeply.", place=str(path)) from None
    return kind, loaded


def _check(rows: Sequence[Row]) -> None:
    """What `fill` checks before it writes."""
    places = {row.code: place for place, row in enumerate(rows)}
    order([[places[code] for code in row.parents if code in places] for row in rows])


def _present(release: Release) -> Problem:
    return problem(
        Category.CONFLICT, "duplicate", "This release is loaded already.", place="version",
        value=f"{release.url}|{release.version}", repair="Nothing needs to be done; to load it anew, say --replace.",
    )  # fmt: skip


def _nobody(stage: str, done: int, all: int) -> None:
    """Nobody wants to know how far it is."""
