"""Questions to the audit: who opened this chart, what did this person see."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from msgspec import structs

from charthouse.access.actor import Actor
from charthouse.access.audit import event
from tests.unit.access.house import House

SARAH, TOM = 11, 12


@pytest.fixture
def told(house: House, doctor: Actor, nurse: Actor) -> House:
    """Ten looks of the doctor at Sarah's chart and one of the nurse at both, then a sign-out."""

    async def fill() -> None:
        for number in range(10):
            look = event(doctor, "read", "Condition", resources=[(100 + number, 1)], patients=[SARAH])
            await house.audit.record(look)
        await house.audit.record(event(nurse, "search", "Patient", query="name=s", patients=[SARAH, TOM]))
        await house.audit.record(event(nurse, "sign-out"))

    asyncio.run(fill())
    return house


def test_who_opened_a_chart_is_told_newest_first(told: House, doctor: Actor, nurse: Actor) -> None:
    page = told.reporting().openings(SARAH)
    assert [entry.event.actor for entry in page.entries] == [nurse.id] + [doctor.id] * 10
    assert page.before is None
    assert page.entries[1].event.resources == [(109, 1)]
    assert [entry.event.actor for entry in told.reporting().openings(TOM).entries] == [nurse.id]
    assert told.reporting().openings(99).entries == []


def test_what_a_person_saw_is_told_newest_first(told: House, doctor: Actor, nurse: Actor) -> None:
    page = told.reporting().seen(nurse.id)
    assert [entry.event.interaction for entry in page.entries] == ["sign-out", "search"]
    assert page.entries[1].event.patients == [SARAH, TOM]
    assert page.entries[1].event.query == "name=s"
    assert len(told.reporting().seen(doctor.id).entries) == 10


def test_pages_join_without_gap_or_repetition_while_events_arrive(told: House, doctor: Actor) -> None:
    numbers: list[int] = []
    before: int | None = None
    while True:
        page = told.reporting().openings(SARAH, before=before, count=4)
        numbers += [entry.id for entry in page.entries]
        asyncio.run(told.audit.record(event(doctor, "read", patients=[SARAH])))
        if page.before is None:
            break
        before = page.before
    assert numbers == list(range(11, 0, -1))


def test_a_span_of_time_bounds_the_answer(house: House, doctor: Actor) -> None:
    asked = event(doctor, "read", patients=[SARAH])
    shifted = [structs.replace(asked, at=at) for at in (1000, 2000, 3000)]
    for item in shifted:
        house.audit.record_now(item)
    reporting = house.reporting()
    for question in (
        lambda **span: reporting.openings(SARAH, **span),
        lambda **span: reporting.seen(doctor.id, **span),
        reporting.latest,
    ):
        assert [entry.event.at for entry in question(since=2000, until=3000).entries] == [2000]


def test_the_purpose_of_an_actor_is_kept(house: House, doctor: Actor) -> None:
    asyncio.run(house.audit.record(event(replace(doctor, purpose="HRESCH"), "read", patients=[SARAH])))
    assert house.reporting().openings(SARAH).entries[0].event.purpose == "HRESCH"
