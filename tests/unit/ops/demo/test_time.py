"""Everything happens in a possible order: born, seen, treated, and nothing after the end."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta

from tests.unit.ops.demo.charts import Record, dates, day, moment

AHEAD = {"Appointment"}  # these may lie in the future
PLANNED = ("expirationDate", "restriction.period.end", "valueDateTime")  # as may a due date, an expiry


def test_nothing_is_dated_before_birth(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.trees:
            if tree["resourceType"] == "RelatedPerson":
                continue
            for path, text in dates(tree):
                if "performedDateTime" in path and len(text) == 4:
                    continue
                assert day(text) >= record.born, (record.name, tree["resourceType"], path, text)


def test_nothing_but_plans_is_dated_in_the_future(everyone: list[Record], today: date) -> None:
    for record in everyone:
        for tree in record.trees:
            for path, text in dates(tree):
                if tree["resourceType"] in AHEAD or path.endswith(PLANNED):
                    continue
                assert day(text) <= today, (record.name, tree["resourceType"], path, text)


def test_nothing_but_the_closing_note_is_dated_after_death(everyone: list[Record]) -> None:
    dead = [record for record in everyone if record.died]
    assert dead
    for record in dead:
        assert record.died
        for tree in record.trees:
            if tree.get("description") == "Note of death" or tree["resourceType"] in (
                "Appointment",
                "ExplanationOfBenefit",
                "Claim",
            ):
                continue
            for path, text in dates(tree):
                if path.endswith("expirationDate"):
                    continue
                assert day(text) <= record.died, (tree["resourceType"], path, text)
        assert all(
            tree["status"] == "cancelled"
            for tree in record.all("Appointment")
            if day(tree["start"]) > record.died
        )


def test_measurements_lie_within_the_encounter_they_name(everyone: list[Record], today: date) -> None:
    for record in everyone:
        periods = {f"Encounter/{tree['id']}": tree["period"] for tree in record.all("Encounter")}
        for tree in record.all("Observation"):
            if "encounter" not in tree:
                continue
            period = periods[tree["encounter"]["reference"]]
            when = moment(tree["effectiveDateTime"])
            end = (
                moment(period["end"])
                if "end" in period
                else datetime.combine(today + timedelta(days=1), datetime.min.time(), when.tzinfo)
            )
            assert moment(period["start"]) <= when <= end, (record.name, tree["code"]["text"])


def test_vital_signs_name_their_encounter_and_who_took_them(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("Observation"):
            if tree["category"][0]["coding"][0]["code"] == "vital-signs":
                assert tree["encounter"]["reference"].startswith("Encounter/")
                assert tree["performer"][0]["reference"].startswith("Practitioner/")


def test_medicines_end_after_they_start_and_stop_for_a_reason(everyone: list[Record], today: date) -> None:
    for record in everyone:
        for tree in record.all("MedicationRequest"):
            bounds = tree["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]
            if tree["status"] == "active":
                assert "end" not in bounds
            else:
                assert bounds["start"] <= bounds["end"] <= today.isoformat()
            if tree["status"] == "stopped":
                assert tree["statusReason"]["text"]


def test_problems_end_after_they_begin(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("Condition"):
            status = tree["clinicalStatus"]["coding"][0]["code"]
            assert ("abatementDateTime" in tree) == (status == "resolved"), (
                record.name,
                tree["code"]["text"],
            )
            if "abatementDateTime" in tree:
                assert tree["onsetDateTime"] <= tree["abatementDateTime"]
            assert tree["onsetDateTime"] <= tree["recordedDate"][:10]


def test_visits_of_one_patient_do_not_overlap(everyone: list[Record]) -> None:
    for record in everyone:
        spans = sorted(
            (moment(tree["period"]["start"]), moment(tree["period"]["end"]), tree["class"]["code"])
            for tree in record.all("Encounter")
            if "end" in tree["period"]
        )
        for (_, end, _), (start, _, _) in itertools.pairwise(spans):
            assert start >= end, (record.name, start)


def test_routine_visits_are_on_days_the_clinic_is_open(everyone: list[Record], today: date) -> None:
    for record in everyone:
        for tree in record.all("Encounter"):
            start = moment(tree["period"]["start"])
            if tree["class"]["code"] in ("AMB", "VR") and start.date() != today:
                assert start.weekday() < 5, (record.name, start)
                assert 8 <= start.hour < 19, (record.name, start)


def test_reports_are_issued_after_the_blood_was_drawn_and_the_order_was_written(
    everyone: list[Record],
) -> None:
    for record in everyone:
        for tree in record.all("DiagnosticReport"):
            assert moment(tree["issued"]) >= moment(tree["effectiveDateTime"])
            for order in tree.get("basedOn", ()):
                assert moment(record.find(order["reference"])["authoredOn"]) <= moment(
                    tree["effectiveDateTime"]
                )
