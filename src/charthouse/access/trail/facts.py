"""The facts behind unusual access, read from the record by the house itself: people, charts, and what ties them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

from charthouse.access.trail.names import Who
from charthouse.access.trail.unusual import (
    Chart,
    Relation,
    Staff,
    addresses,
    families,
    is_same,
    marks,
    surname,
)
from charthouse.db.connect import Connection
from charthouse.fhir.resource import Tree
from charthouse.store.read import Reader

Params = Sequence[tuple[str, str]]
Find = Callable[[Connection, str, Params, int], list[str]]

FLAGS: Final = 50
EPOCH: Final = date(1970, 1, 1)
# The parameter that names a person's part in a visit or an appointment.
_PART: Final = {"Encounter": "participant", "Appointment": "practitioner"}
NEVER: Final = "9000"  # a year before which everything that has an end ended
UNDER_WAY: Final = "arrived,triaged,in-progress,onleave"


class Facts:
    """Facts over one connection; what was read is remembered for the life of this object, which is short.

    `find(connection, type, params, limit)` gives ids of matches.
    """

    def __init__(self, connection: Connection, reader: Reader, find: Find) -> None:
        self._connection = connection
        self._reader = reader
        self._find = find
        self._people: dict[int, tuple[Staff, Tree]] = {}
        self._charts: dict[int, tuple[Chart, Tree] | None] = {}
        self._visited: dict[tuple[str, ...], bool] = {}

    def staff(self, who: Who) -> Staff:
        """Who opened a chart, by account."""
        return self._person(who)[0]

    def chart(self, who: Who, patient: int) -> tuple[Staff, Chart] | None:
        """Both sides of an access; None where the chart is not there any more."""
        staff, practitioner = self._person(who)
        found = self._chart(patient)
        if found is None:
            return None
        chart, tree = found
        if practitioner and is_same(practitioner, tree):
            staff = Staff(staff.families, staff.addresses, staff.own | {patient}, staff.is_known)
        return staff, chart

    def relation(self, who: Who, patient: int, day: int, days: int) -> Relation:
        """What ties the person to the patient within `days` days around `day`."""
        found = self._chart(patient)
        id = str(found[1]["id"]) if found else ""
        mine = f"Practitioner/{who.practitioner}" if who.practitioner else ""
        whose = ("patient", f"Patient/{id}")
        visits = [(type, [whose, *span]) for type, span in _spans(day, days)]
        doctors = found[1].get("generalPractitioner") or () if found else ()
        if mine and any(one.get("reference") == mine for one in doctors):
            return Relation(team=True)
        anybody = self._any(visits, id, str(day))
        if not mine:
            return Relation(anybody=anybody)
        team = self._any([("CareTeam", [whose, ("participant", mine)])], id, mine)
        part = [(type, [*params, (_PART[type], mine)]) for type, params in visits]
        return Relation(anybody, anybody and self._any(part, id, mine, str(day)), team)

    def _any(self, questions: Sequence[tuple[str, Params]], *about: str) -> bool:
        key = (questions[0][0], *about)
        if key not in self._visited:
            self._visited[key] = any(
                self._find(self._connection, type, params, 1) for type, params in questions
            )
        return self._visited[key]

    def _person(self, who: Who) -> tuple[Staff, Tree]:
        if who.id not in self._people:
            practitioner = self._tree("Practitioner", who.practitioner)
            patient = self._tree("Patient", who.patient)
            own = self._reader.head(self._connection, "Patient", who.patient) if who.patient else None
            names = families(practitioner) | families(patient) or surname(who.display)
            staff = Staff(
                names, addresses(practitioner) | addresses(patient), frozenset({own.key} if own else ()),
                bool(practitioner),
            )  # fmt: skip
            self._people[who.id] = (staff, practitioner)
        return self._people[who.id]

    def _chart(self, patient: int) -> tuple[Chart, Tree] | None:
        if patient not in self._charts:
            stored = self._reader.heads(self._connection, [patient])
            self._charts[patient] = None
            if stored and stored[0].type == "Patient":
                tree = stored[0].tree
                ids = self._find(self._connection, "Flag", [("patient", f"Patient/{stored[0].id}")], FLAGS)
                flags = [
                    one.tree for one in self._reader.named(self._connection, "Flag", ids) if not one.deleted
                ]
                self._charts[patient] = (Chart(families(tree), addresses(tree), marks(tree, flags)), tree)
        return self._charts[patient]

    def _tree(self, type: str, id: str | None) -> Tree:
        stored = self._reader.head(self._connection, type, id) if id else None
        return {} if stored is None or stored.deleted else stored.tree


def _spans(day: int, days: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """Searches for visits and appointments within `days` days around `day`.

    A visit of which nobody wrote down the end counts by its beginning, unless it is still under way.
    """
    near = EPOCH + timedelta(days=day)
    # gt and lt look at any overlap; ge and le of a day would not see what only begins or ends on it
    before, after = near - timedelta(days=days + 1), near + timedelta(days=days + 1)
    overlaps = [("date", f"gt{before}"), ("date", f"lt{after}")]
    return [
        ("Encounter", [*overlaps, ("date", f"eb{NEVER}")]),
        ("Encounter", [("date", f"sa{before}"), ("date", f"lt{after}")]),
        ("Encounter", [*overlaps, ("status", UNDER_WAY)]),
        ("Appointment", overlaps),
    ]
