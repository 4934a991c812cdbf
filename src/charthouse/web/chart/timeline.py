"""The timeline: every kind of record in one list by date, pages cut where nothing can be missed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.web import codes
from charthouse.web.chart.entries import read
from charthouse.web.chart.entry import STRUCK, Context, Entry, local, start
from charthouse.web.chart.flowsheet import short_name
from charthouse.web.chart.values import value
from charthouse.web.chart.vitals import KINDS, sign
from charthouse.web.reader import Reader

UNDATED: Final = "No date"
ORDER: Final = {code: place for place, kind in enumerate(KINDS) for code in kind.codes}
FIRST: Final = datetime.min.replace(tzinfo=UTC)
MOST_NAMED: Final = 5
# The elements behind the date parameter that each type is read by, newest first (R4 search parameter registry).
PLACED: Final = {
    "DiagnosticReport": ("effective",),
    "DocumentReference": ("date",),
    "Encounter": ("period",),
    "ImagingStudy": ("started",),
    "Immunization": ("occurrence",),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("effective",),
    "Observation": ("effective",),
    "Procedure": ("performed",),
    "ServiceRequest": ("authoredOn",),
}


@dataclass(frozen=True, slots=True)
class Month:
    """A heading and its entries, newest first."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """What one page shows, still as trees, newest first; `told` are the ids of Observations that a report lists.

    `before` (a FHIR dateTime) is where the next page begins; empty at the end of the chart.
    """

    trees: tuple[Tree, ...]
    before: str
    told: frozenset[str]


def cut(
    found: Mapping[str, Sequence[Tree]], unfinished: Collection[str], reader: Reader, *, before: str = ""
) -> Cut:
    """One page from what was read of each query.

    `found` maps a query's name to its trees, `unfinished` names those of which there is more to read. The page ends at
    the newest of the oldest dates of the unfinished: beyond it there may be entries that were not read yet. `before`
    is where the page before ended: what is later was shown there. What has no date comes at the very end.
    """
    limit = moment(before, reader) if before else None
    bare = Context(reader, {})
    dated = {
        name: [(moment(when(tree, bare), reader), tree) for tree in trees] for name, trees in found.items()
    }
    horizon = None
    for name in unfinished:
        moments = [at for at, _ in dated.get(name, ()) if at]
        oldest = min(moments) if moments else None
        horizon = max(horizon, oldest) if horizon and oldest else horizon or oldest
    shown = [one for trees in dated.values() for one in trees]
    if limit:
        shown = [one for one in shown if one[0] is None or one[0] <= limit]
    if horizon is not None:
        shown = [one for one in shown if one[0] and one[0] > horizon]
    shown.sort(key=lambda one: one[0] or FIRST, reverse=True)
    return Cut(tuple(tree for _, tree in shown), _instant(horizon), _told(found))


def months(page: Cut, context: Context) -> tuple[Month, ...]:
    """The entries of a page under their headings."""
    entries = [
        replace(read(tree, context), when=when(tree, context))
        for tree in page.trees
        if not _is_observed(tree)
    ]
    observed = [tree for tree in page.trees if _is_observed(tree)]
    entries += observed_together(observed, context, page.told)
    entries.sort(key=lambda entry: moment(entry.when, context.reader) or FIRST, reverse=True)
    return tuple(_months(entries, context.reader))


def left(trees: Sequence[Tree], horizon: str, reader: Reader) -> bool:
    """Whether any of `trees` lies at or beyond the horizon, and so was not on the page."""
    limit = moment(horizon, reader)
    return any((at := moment(placed(tree), reader)) is None or limit is None or at <= limit for tree in trees)


def placed(tree: Tree) -> str:
    """The date a record is sorted by, as its search parameter has it; empty for one without that date."""
    return start(tree, *PLACED.get(str(tree.get("resourceType")), ()))


def when(tree: Tree, context: Context) -> str:
    """Where a record stands on the timeline: types that are read whole stand where their line says."""
    if tree.get("resourceType") in PLACED:
        return placed(tree)
    return read(tree, context).when


def moment(when: str, reader: Reader) -> datetime | None:
    """A FHIR date as one point in time to sort by; a date without a time is its day's first moment."""
    found = reader.moment(when)
    if found is None:
        return None
    if found.time is not None:
        return found.time.astimezone(UTC)
    year, month, day = (*found.parts, 1, 1)[:3]
    return datetime.combine(date(year, month, day), datetime.min.time(), UTC)


def observed_together(
    trees: Sequence[Tree], context: Context, told: frozenset[str] = frozenset()
) -> list[Entry]:
    """Observations of one moment and category as one entry; those in `told` (ids a report lists) are left out."""
    sets: dict[tuple[str, str], list[Tree]] = {}
    alone = []
    for tree in trees:
        if str(tree.get("id")) in told:
            continue
        if tree.get("status") in STRUCK:
            alone.append(replace(read(tree, context), when=placed(tree)))
            continue
        category = codes.code((tree.get("category") or [None])[0])
        sets.setdefault((placed(tree), category), []).append(tree)
    made = []
    for (_, category), taken in sets.items():
        entry = replace(read(taken[0], context), when=placed(taken[0]))
        kind = {"vital-signs": "Vital signs", "laboratory": "Result", "imaging": "Imaging"}.get(
            category, "Observation"
        )
        if len(taken) == 1 and category != "vital-signs":
            made.append(replace(entry, kind=kind))
            continue
        said = [_said(tree, context) for tree in sorted(taken, key=_place)]
        more = f" and {len(said) - MOST_NAMED} more" if len(said) > MOST_NAMED else ""
        title = "Vital signs" if category == "vital-signs" else f"{len(said)} {kind.lower()}s"
        detail = " · ".join(said[:MOST_NAMED]) + more
        made.append(replace(entry, kind=kind, title=title, detail=detail, count=len(taken)))
    return made + alone


def _told(found: Mapping[str, Sequence[Tree]]) -> frozenset[str]:
    """The ids of the Observations that reports list."""
    return frozenset(
        local(reference).removeprefix("Observation/")
        for trees in found.values()
        for tree in trees
        if tree.get("resourceType") == "DiagnosticReport"
        for reference in tree.get("result") or ()
    )


def _is_observed(tree: Tree) -> bool:
    return tree.get("resourceType") == "Observation"


def _place(tree: Tree) -> int:
    """Vital signs in the order of the summary, all else as it was read."""
    return next((ORDER[code] for code in codes.codes(tree.get("code")) if code in ORDER), len(ORDER))


def _said(tree: Tree, context: Context) -> str:
    """Name and value in a few words; vital signs by their plain names."""
    own = sign(context.reader)(tree)
    if own is not None:
        return f"{own.name} {own.said} {own.unit}".replace(" %", "%").strip()
    return f"{short_name(codes.concept(tree.get('code')))} {value(tree, context)}".strip()


def _months(entries: Sequence[Entry], reader: Reader) -> Iterable[Month]:
    names: list[str] = []
    sets: list[list[Entry]] = []
    for entry in entries:
        name = reader.month(entry.when) or UNDATED
        if not names or names[-1] != name:
            names.append(name)
            sets.append([])
        sets[-1].append(entry)
    return [Month(name, tuple(taken)) for name, taken in zip(names, sets, strict=True)]


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if at else ""
