"""Why an access may be unusual: plain comparisons of who opened a chart with whose chart it is, each with its facts.

Reasons hold codes, numbers and dates only; the words about people are found when somebody who may see them looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from charthouse.access.trail.limits import ENOUGH, USUAL_ODD, Limits
from charthouse.fhir.resource import Tree

Reason = dict[str, Any]  # {"code": …} with its facts

OWN, SURNAME, ADDRESS, VIP, RELATION, VOLUME, ODD = (
    "own", "surname", "address", "vip", "relation", "volume", "odd",
)  # fmt: skip
# Words before and after a name that are no part of it.
_TITLES: Final = frozenset(
    ("dr", "prof", "mr", "mrs", "ms", "miss", "sir", "rn", "lpn", "np", "pa", "md", "do", "phd", "dds", "dmd",
     "pharmd", "jr", "sr", "ii", "iii", "iv", "cna", "ma", "crna", "aprn", "bsn", "msn")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Staff:
    """Who opened the chart. `own` are keys of patients that are this person."""

    families: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    own: frozenset[int] = frozenset()
    is_known: bool = False  # whether there is a Practitioner to look for in visits


@dataclass(frozen=True, slots=True)
class Chart:
    """Whose chart it is. `marks` are the codes of its security labels and active flags."""

    families: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Relation:
    """What ties a person to a patient around a day: visits or appointments of the patient with anybody, with
    this person, and whether they are on the care team or the patient's own doctor."""

    anybody: bool = False
    self: bool = False
    team: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """How often a chart was opened on a day, and how often of it at an odd hour; `usual_odd` counts the days
    of late on which this person worked at odd hours."""

    patient: int
    times: int
    odd: int
    usual_odd: int = 0


def of_chart(
    staff: Staff, chart: Chart, opened: Opened, relation: Relation | None, limits: Limits
) -> list[Reason]:
    """The reasons of one chart on one day. `relation` None = not asked."""
    found: list[Reason] = []
    is_own = opened.patient in staff.own
    if limits.own and is_own:
        found.append({"code": OWN})
    if limits.surname and not is_own and staff.families & chart.families:
        found.append({"code": SURNAME})
    if limits.address and not is_own and staff.addresses & chart.addresses:
        found.append({"code": ADDRESS})
    marks = sorted(chart.marks & {code.upper() for code in limits.vip.split()})
    if marks:
        found.append({"code": VIP, "marks": marks})
    if limits.relation_days and relation is not None and not is_own:
        strict = bool(limits.relation_own) and staff.is_known
        if not (relation.team or relation.self or (relation.anybody and not strict)):
            found.append(
                {"code": RELATION, "days": limits.relation_days, "own": strict, "visits": relation.anybody}
            )
    if opened.odd and opened.usual_odd < USUAL_ODD:
        found.append({"code": ODD, "times": opened.odd, "from": limits.odd_from, "until": limits.odd_until})
    return found


def of_day(charts: int, own: Sequence[int], peers: Sequence[int], limits: Limits) -> Reason | None:
    """The reason of a day's volume: `charts` opened, beside the charts of this person's days before and of
    everybody else's. There is none without anything to compare with."""
    if not limits.volume_factor or charts < limits.volume_floor:
        return None
    usual = median(own) if len(own) >= ENOUGH else None
    others = median(peers) if len(peers) >= ENOUGH else None
    known = [one for one in (usual, others) if one is not None]
    if not known or any(charts <= limits.volume_factor * one for one in known):
        return None
    return {"code": VOLUME, "charts": charts, "usual": usual, "peers": others, "factor": limits.volume_factor}


def merged(before: Sequence[Reason], now: Sequence[Reason]) -> tuple[list[Reason], bool]:
    """Both, the later facts of a code counting; and whether a code is new."""
    found = {one["code"]: one for one in before}
    fresh = any(one["code"] not in found for one in now)
    return [*(found | {one["code"]: one for one in now}).values()], fresh


# -- out of resources


def families(tree: Tree) -> frozenset[str]:
    """The surnames of a Patient or Practitioner, folded."""
    names = [one for one in tree.get("name") or () if isinstance(one, Mapping)]
    found = {_folded(str(one.get("family") or "")) for one in names}
    found |= {one for name in names if not name.get("family") for one in surname(str(name.get("text") or ""))}
    return frozenset(found - {""})


def surname(display: str) -> frozenset[str]:
    """The surname in a name as it is shown (`Dr Ada Okafor`, `Linh Tran, MD`), folded."""
    words = [
        word for word in display.partition(",")[0].replace(".", " ").split() if word.lower() not in _TITLES
    ]
    return frozenset({_folded(words[-1])}) if len(words) > 1 else frozenset()


def addresses(tree: Tree) -> frozenset[str]:
    """The addresses of a Patient or Practitioner, folded: street with postal code or city. A street is needed."""
    found = set()
    for one in tree.get("address") or ():
        street = _folded("".join(str(line) for line in one.get("line") or ()))
        for place in ("postalCode", "city"):
            where = _folded(str(one.get(place) or ""))
            if place == "postalCode":
                where = where[:5]  # ZIP+4 is more than some write
            if street and where:
                found.add(f"{street}|{where}")
    return frozenset(found)


def marks(patient: Tree, flags: Sequence[Tree]) -> frozenset[str]:
    """The codes of a patient's security labels and active flags, in capitals."""
    labels = (patient.get("meta") or {}).get("security") or ()
    found = {str(one.get("code") or "").upper() for one in labels}
    for flag in flags:
        if flag.get("status") == "active":
            code = flag.get("code") or {}
            found |= {str(one.get("code") or "").upper() for one in code.get("coding") or ()}
            found |= {word.upper() for word in str(code.get("text") or "").split()}
    return frozenset(found - {""})


def is_same(practitioner: Tree, patient: Tree) -> bool:
    """Whether both are one person: a shared identifier, or the same names and date of birth."""
    mine = {
        (one.get("system"), one.get("value"))
        for one in practitioner.get("identifier") or ()
        if one.get("value")
    }
    theirs = {(one.get("system"), one.get("value")) for one in patient.get("identifier") or ()}
    if any(system for system, _ in mine & theirs):
        return True
    born = practitioner.get("birthDate")
    if not born or born != patient.get("birthDate"):
        return False
    return bool(families(practitioner) & families(patient)) and bool(_given(practitioner) & _given(patient))


def _given(tree: Tree) -> set[str]:
    return {_folded(str(part)) for name in tree.get("name") or () for part in (name.get("given") or ())[:1]}


def _folded(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
