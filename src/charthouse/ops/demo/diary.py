"""The appointment book: today and the days around it, without anybody booked twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments
from charthouse.ops.demo.chance import identifier
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.clinic import Clinic
from charthouse.ops.demo.coding import demo_meta, hl7, ref, words
from charthouse.ops.demo.encounters import place
from charthouse.ops.demo.plan import KINDS, Visit

CLINICIANS: Final = ("tran", "adeyemi", "kim", "goldberg", "vasquez")
_STARTS: Final = tuple(time(hour, minute) for hour in (8, 9, 10, 11, 13, 14, 15) for minute in (0, 30))
_DAYS: Final = 4


@dataclass(slots=True)
class Booking:
    """One entry of the book; `status` is that of the Appointment."""

    start: datetime
    who: str
    kind: str
    reason: str
    status: str
    slot: str | None = None


class Diary:
    """Bookings of the cast, with the slots of today and the next three working days."""

    def __init__(self, clinic: Clinic, today: date, cast: Sequence[Mapping[str, Any]]) -> None:
        self.clinic = clinic
        self.today = today
        self.days = _workdays(today, _DAYS)
        self._slots = {
            (who, datetime.combine(day, start)): f"Slot/{identifier(clinic.seed, 'clinic', 'Slot', number)}"
            for number, (who, day, start) in enumerate(
                (who, day, start) for who in CLINICIANS for day in self.days for start in _STARTS
            )
        }
        self._taken: set[tuple[str, datetime]] = set()
        self._bookings: dict[int, list[Booking]] = {}
        for number, row in enumerate(cast):
            if "today" in row:
                self._book(number, row["doctor"], row["today"])
        for number, row in enumerate(cast):
            if "next" in row:
                self._book(number, row["doctor"], row["next"])

    def _book(self, number: int, doctor: str, row: Mapping[str, Any]) -> None:
        who = row.get("who", doctor)
        if "at" in row:
            start = datetime.combine(self.today, time.fromisoformat(row["at"]))
        else:
            start = self._free(who, moments.weekday(self.today + timedelta(days=row["in"])))
        if start.date() != self.today or row.get("status") not in ("cancelled",):
            self._taken.add((who, start))
        self._bookings.setdefault(number, []).append(
            Booking(
                start,
                who,
                row.get("kind", "follow-up"),
                row["reason"],
                row.get("status", "booked"),
                self._slots.get((who, start)) if row.get("status") != "cancelled" else None,
            )
        )

    def _free(self, who: str, day: date) -> datetime:
        """The first free start for somebody from a day on."""
        while True:
            for start in _STARTS[2:]:
                moment = datetime.combine(day, start)
                if (who, moment) not in self._taken:
                    return moment
            day = moments.weekday(day + timedelta(days=1))

    def bookings(self, number: int) -> list[Booking]:
        """The bookings of a patient from today on."""
        return self._bookings.get(number, [])

    def resources(self) -> Iterator[Tree]:
        """Schedules and slots."""
        first, last = self.days[0].isoformat(), self.days[-1].isoformat()
        for who in CLINICIANS:
            yield self.clinic.diary(who, first, last)
        for (who, start), reference in self._slots.items():
            yield {
                "resourceType": "Slot",
                "id": reference.partition("/")[2],
                "meta": demo_meta(),
                "schedule": self.clinic.schedule(who),
                "status": "busy" if (who, start) in self._taken else "free",
                "start": moments.stamp(start),
                "end": moments.stamp(start + timedelta(minutes=30)),
            }


def _workdays(today: date, count: int) -> list[date]:
    """Today, whatever day it is (the demo is never closed), and the next days the clinic is open."""
    days = [today]
    while len(days) < count:
        days.append(moments.weekday(days[-1] + timedelta(days=1)))
    return days


def appointment(
    chart: Chart,
    visit: Visit,
    status: str,
    *,
    slot: str | None = None,
    created: datetime | None = None,
    because: tuple[str, str] | None = None,
) -> str:
    """The Appointment that belongs to a visit, or to one that did not take place."""
    accepted = "declined" if status == "cancelled" else "accepted"
    made = created or visit.start - timedelta(days=chart.chance.randrange(9, 60), minutes=95)
    if made.date() < chart.person.born or visit.kind in ("acute",):
        made = visit.start - timedelta(hours=2)
    made = (
        min(made, moments.at(chart.today, 7, 30) - timedelta(days=1))
        if visit.start.date() > chart.today
        else made
    )
    tree: Tree = {
        "status": status,
        "cancelationReason": hl7("appointment-cancellation-reason", *because) if because else None,
        "serviceType": [words(KINDS[visit.kind][0])],
        "appointmentType": hl7("v2-0276", "WALKIN", "A previously unscheduled walk-in visit")
        if visit.kind == "acute"
        else hl7("v2-0276", "ROUTINE", "Routine appointment - default if not valued"),
        "reasonCode": [words(visit.reason)],
        "description": visit.reason,
        "start": moments.stamp(visit.start),
        "end": moments.stamp(visit.end),
        "minutesDuration": visit.minutes,
        "slot": [ref(slot)] if slot else None,
        "created": moments.stamp(made),
        "participant": [
            {"actor": chart.subject(), "required": "required", "status": accepted},
            {"actor": chart.clinic.practitioner(visit.who), "required": "required", "status": accepted},
            {"actor": place(chart, visit), "required": "required", "status": accepted},
        ],
    }
    return chart.add("Appointment", tree)
