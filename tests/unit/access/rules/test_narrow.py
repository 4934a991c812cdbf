"""One condition, two ways to judge it: what a query shows is what the condition says of the content in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.access.actor import SYSTEM
from charthouse.access.rules.ages import born_between
from charthouse.access.rules.narrow import certain
from charthouse.access.rules.node import (
    ALWAYS,
    NEVER,
    About,
    Care,
    Criteria,
    Facility,
    Homes,
    Labelled,
    Loose,
    Node,
    Not,
    every,
    negated,
    some,
)
from charthouse.access.rules.weigh import Facts, Scales
from charthouse.app import Clinic
from charthouse.base.clock import now
from charthouse.base.settings import Settings
from charthouse.fhir.bundle import Entry
from charthouse.search.meets import meets
from charthouse.store.body import Stored

SECURITY = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def labelled(*codes: str) -> dict[str, Any]:
    return {"meta": {"security": [{"system": SECURITY, "code": code} for code in codes]}} if codes else {}


WORLD: list[dict[str, Any]] = [
    {"resourceType": "Organization", "id": "east", "name": "East"},
    {"resourceType": "Practitioner", "id": "doc"},
    {"resourceType": "Practitioner", "id": "other"},
    {
        "resourceType": "Patient",
        "id": "a",
        "gender": "female",
        "birthDate": "1990-05",
        "name": [{"family": "Ångström"}],
    },
    {
        "resourceType": "Patient",
        "id": "b",
        "gender": "male",
        **labelled("VIP"),
        "managingOrganization": {"reference": "Organization/east"},
    },
    {
        "resourceType": "Patient",
        "id": "c",
        "birthDate": "2012-02-29",
        "generalPractitioner": [{"reference": "Practitioner/doc"}],
    },
    {
        "resourceType": "Encounter",
        "id": "v",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/b"},
        "participant": [{"individual": {"reference": "Practitioner/doc"}}],
    },
    {
        "resourceType": "CareTeam",
        "id": "t",
        "status": "active",
        "subject": {"reference": "Patient/a"},
        "participant": [{"member": {"reference": "Practitioner/other"}}],
    },
]
for number, (who, codes, status, day) in enumerate(
    [
        ("a", (), "final", "2026-01-01"),
        ("a", ("ETH",), "final", "2026-02"),
        ("b", (), "preliminary", "2026"),
        ("b", ("R",), "final", "2025-12-31T23:59:59Z"),
        ("c", ("ETH", "R"), "amended", "2026-03-01T10:00:00+01:00"),
        (None, (), "final", "2024"),
    ]
):
    WORLD.append(
        {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": status,
            "code": {"coding": [{"system": "s", "code": f"k{number % 2}"}]},
            "effectiveDateTime": day,
            **labelled(*codes),
            **({} if who is None else {"subject": {"reference": f"Patient/{who}"}}),
        }
    )


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    import asyncio

    opened = Clinic.open(Settings(data=tmp_path_factory.mktemp("narrow")), create=True, synchronous="OFF")
    entries = [
        Entry("PUT", tree["resourceType"], tree["id"], tree, index=number)
        for number, tree in enumerate(WORLD)
    ]
    asyncio.run(opened.gate.commit(SYSTEM, entries, interaction="transaction"))
    yield opened
    opened.close()


def keys(clinic: Clinic) -> dict[str, int]:
    connection = clinic.record.connection()
    return {id: clinic.narrowing.key(connection, "Patient", id) for id in "abc"}


def stored(clinic: Clinic, type: str) -> list[Stored]:
    return clinic.record.reader.after(clinic.record.connection(), type, 0, 100)


ATOMS = st.sampled_from(
    [
        Criteria((("status", "final"),)),
        Criteria((("status:not", "final"),)),
        Criteria((("code", "s|k1"),)),
        Criteria((("code", "k0,none"),)),
        Criteria((("date", "ge2026"),)),
        Criteria((("date", "2026-02"), ("status", "final"))),
        Criteria((("date", "ap2026"),)),
        Criteria((("patient", "Patient/a"),)),
        Criteria((("subject", "Patient/b,Patient/c"),)),
        Criteria((("_id", "o1,o4"),)),
        About((("gender", "female"),)),
        About((("family", "ang"),)),
        About((("family:exact", "Ångström"),)),
        About(born_between(date(2026, 11, 26), 12, 17)),
        Labelled(((None, "ETH"),)),
        Labelled(((SECURITY, "R"), (None, "VIP"))),
        Labelled((("other", "ETH"),)),
        Labelled(((None, "NONE"),)),
        Loose(),
        Care("doc"),
        Care("other"),
        Care("nobody"),
        Facility(()),
        Facility(("Organization/east", "Location/x")),
        ALWAYS,
        NEVER,
    ]
)
NODES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(every)
        | st.lists(inner, min_size=1, max_size=3).map(some)
        | inner.map(negated)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NODES, st.frozensets(st.sampled_from("abc"), max_size=2))
def test_sql_and_memory_judge_alike(clinic: Clinic, node: Node, homes: frozenset[str]) -> None:
    connection, narrowing, record = clinic.record.connection(), clinic.narrowing, clinic.record
    numbers = keys(clinic)
    if homes:
        node = some([node, Homes(frozenset(numbers[one] for one in homes))])

    def judged(facts: Facts, params: Any) -> bool:
        return meets(facts.rows, facts.id, clinic.search.parser.query(facts.type, params), now())

    scales = Scales(judged, partial(narrowing.of_home, connection))
    found = stored(clinic, "Observation")
    shown = narrowing.among(connection, node, "Observation", [one.key for one in found])
    for one in found:
        rows = record.extractor.rows(one.tree, one.type)
        home = numbers[rows.home[1]] if rows.home else 0
        assert scales.hold(node, Facts(one.type, one.id, rows, home)) == (one.key in shown), one.id
        assert narrowing.shows(connection, node, one.type, one) == (one.key in shown)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NODES)
def test_what_is_certain_of_a_patient_alone_is_never_wrong(clinic: Clinic, node: Node) -> None:
    connection, narrowing = clinic.record.connection(), clinic.narrowing
    for one in stored(clinic, "Observation"):
        told = certain(narrowing.reduced(connection, node, one.type), one.home)
        assert told is None or told == narrowing.shows(connection, node, one.type, one)


def test_a_search_shows_and_counts_the_same_rows(clinic: Clinic) -> None:
    connection = clinic.record.connection()
    node = Not(Labelled(((None, "ETH"), (None, "VIP"))))
    page = clinic.search.search(
        connection,
        "Observation",
        [("_total", "accurate")],
        narrow=lambda type: clinic.narrowing.fragment(connection, node, type),
    )
    assert sorted(hit.stored.id for hit in page.entries) == ["o0", "o5"]
    assert page.total == 2


def test_a_condition_that_nothing_can_meet_costs_no_row_check(clinic: Clinic, tmp_path: Path) -> None:
    """In a record without labels, a rule about labels leaves the query as it is."""
    fresh = Clinic.open(Settings(data=tmp_path), create=True, synchronous="OFF")
    try:
        connection = fresh.record.connection()
        assert fresh.narrowing.fragment(connection, Not(Labelled(((None, "ETH"),))), "Observation") is None
    finally:
        fresh.close()
    connection = clinic.record.connection()
    assert clinic.narrowing.fragment(connection, Not(Labelled(((None, "ETH"),))), "Observation") is not None
    assert clinic.narrowing.fragment(connection, Not(Labelled(((None, "NONE"),))), "Observation") is None
