"""The demo as Bundles: the same for a seed, whole, and as FHIR shapes it."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest

from charthouse.fhir import resource
from charthouse.fhir.definitions import load
from charthouse.ops.demo import PATIENTS, bundles, revisions
from charthouse.validation.structure import check
from tests.unit.ops.demo.charts import Tree, references


def ids(stream: list[Tree]) -> set[str]:
    return {entry["request"]["url"] for bundle in stream for entry in bundle["entry"]}


def test_the_same_seed_and_day_give_the_same_bytes() -> None:
    first, second = (
        [resource.dump(bundle) for bundle in bundles(11, 12, date(2026, 3, 4))] for _ in range(2)
    )
    assert first == second


def test_another_seed_gives_other_values_and_other_ids() -> None:
    assert not ids(list(bundles(1, 3, date(2026, 3, 4)))) & ids(list(bundles(2, 3, date(2026, 3, 4))))


def test_a_patient_keeps_the_id_when_the_days_go_by(stream: list[Tree], today: date) -> None:
    tomorrow = list(bundles(7, 34, today + timedelta(days=40)))
    now = [bundle["entry"][0]["request"]["url"] for bundle in stream[1:35]]
    assert now == [bundle["entry"][0]["request"]["url"] for bundle in tomorrow[1:]]


def test_fewer_patients_are_the_first_of_more(stream: list[Tree]) -> None:
    few = list(bundles(7, 3, date(2026, 11, 23)))
    assert [resource.dump(bundle) for bundle in few[1:]] == [resource.dump(bundle) for bundle in stream[1:4]]


def test_the_clinic_comes_first_and_then_a_transaction_for_each_patient(stream: list[Tree]) -> None:
    assert len(stream) == 95
    kinds = {entry["resource"]["resourceType"] for entry in stream[0]["entry"]}
    assert kinds == {"Organization", "Location", "Practitioner", "PractitionerRole", "Schedule", "Slot"}
    for bundle in stream[1:]:
        assert bundle["type"] == "transaction"
        assert [entry["resource"]["resourceType"] for entry in bundle["entry"]].count("Patient") == 1


def test_every_entry_puts_a_resource_under_its_own_id_once(stream: list[Tree]) -> None:
    seen: set[str] = set()
    for bundle in stream:
        for entry in bundle["entry"]:
            tree, request = entry["resource"], entry["request"]
            assert request == {"method": "PUT", "url": f"{tree['resourceType']}/{tree['id']}"}
            assert entry["fullUrl"].endswith(request["url"])
            assert request["url"] not in seen
            seen.add(request["url"])


def test_every_reference_points_to_something_loaded_before_or_with_it(stream: list[Tree]) -> None:
    known: set[str] = set()
    for bundle in stream:
        known |= {entry["request"]["url"] for entry in bundle["entry"]}
        for entry in bundle["entry"]:
            assert [found for found in references(entry["resource"]) if found not in known] == []


def test_every_resource_is_shaped_as_fhir_wants_it(stream: list[Tree], later: list[Tree]) -> None:
    definitions = load()
    for bundle in stream + later:
        for entry in bundle["entry"]:
            tree = resource.parse(resource.dump(entry["resource"]))
            assert check(tree, definitions) == []


def test_everybody_and_everything_of_the_clinic_says_that_it_is_made_up(stream: list[Tree]) -> None:
    clinic = [entry["resource"] for entry in stream[0]["entry"]]
    patients = [bundle["entry"][0]["resource"] for bundle in stream[1:]]
    for tree in clinic + patients:
        assert tree["meta"]["tag"][0]["code"] == "HTEST"
        assert tree["meta"]["tag"][0]["system"] == "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def test_the_demo_is_ready_long_before_anybody_gets_impatient() -> None:
    start = time.process_time()
    sizes = [len(bundle["entry"]) for bundle in bundles(5, 30, date(2026, 6, 1))]
    assert time.process_time() - start < 3
    assert sum(sizes) > 4000
    assert all(30 <= size <= 600 for size in sizes[1:])


@pytest.mark.parametrize("day", [date(2026, 11, 28), date(2028, 2, 29), date(2031, 1, 1)])
def test_any_day_can_be_today(day: date) -> None:
    assert sum(len(bundle["entry"]) for bundle in bundles(3, PATIENTS, day)) > 6000
    assert len(list(revisions(3, day))) == 8


def test_revisions_change_what_is_there_and_nothing_else(stream: list[Tree], later: list[Tree]) -> None:
    base = {
        entry["request"]["url"]: resource.dump(entry["resource"])
        for bundle in stream
        for entry in bundle["entry"]
    }
    for bundle in later:
        for entry in bundle["entry"]:
            assert entry["request"]["url"] in base
            assert resource.dump(entry["resource"]) != base[entry["request"]["url"]]
            assert all(found in base for found in references(entry["resource"]))


def test_revisions_of_a_small_demo_stay_inside_it() -> None:
    known = ids(list(bundles(7, 8, date(2026, 11, 23))))
    assert ids(list(revisions(7, date(2026, 11, 23), 8))) <= known
