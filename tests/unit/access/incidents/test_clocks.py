"""The calendar of the rule: who is told of a breach, and by when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.access.incidents.clocks import (
    Delay,
    Notice,
    Rule,
    Scale,
    duties,
    individuals_due,
    log_due,
    start,
)
from tests.unit.access.incidents.desk import DAYS, NOBODY, TODAY

# -- clocks


@pytest.mark.parametrize(
    ("discovered", "individuals", "hhs"),
    [
        # the last column: 60 days after 31 December, worked out by hand
        ("2026-01-01", "2026-03-02", "2027-03-01"),
        ("2023-12-31", "2024-02-29", "2024-02-29"),
        ("2024-01-01", "2024-03-01", "2025-03-01"),
        ("2024-12-31", "2025-03-01", "2025-03-01"),
        ("2027-11-02", "2028-01-01", "2028-02-29"),
        ("2099-12-30", "2100-02-28", "2100-03-01"),
    ],
)
def test_the_last_days_stand_where_the_calendar_puts_them(
    discovered: str, individuals: str, hhs: str
) -> None:
    begin = date.fromisoformat(discovered)
    assert individuals_due(begin) == date.fromisoformat(individuals)
    assert log_due(begin) == date.fromisoformat(hhs)


@given(DAYS)
def test_sixty_days_are_counted_one_by_one(begin: date) -> None:
    ordinal, year_end = begin, begin
    for _ in range(60):
        ordinal += timedelta(days=1)
    while (year_end + timedelta(days=1)).year == begin.year:
        year_end += timedelta(days=1)
    assert individuals_due(begin) == ordinal
    assert (log_due(begin) - year_end).days == 60
    assert (log_due(begin).month, log_due(begin).day) in ((3, 1), (2, 29))
    assert log_due(begin) >= individuals_due(begin) or begin.month == 12


@given(DAYS, DAYS)
def test_what_diligence_would_have_found_starts_the_clock_earlier_never_later(
    known: date, diligent: date
) -> None:
    assert start(known, diligent) == min(known, diligent)
    assert start(known) == known


@given(
    DAYS, st.integers(0, 3000), st.dictionaries(st.sampled_from(["TX", "CA", "PR", ""]), st.integers(0, 1500))
)
def test_size_decides_who_is_told(begin: date, people: int, regions: dict[str, int]) -> None:
    owed = {duty.key: duty for duty in duties(begin, Scale(people, regions))}
    assert owed["individuals"].due == begin + timedelta(days=60)
    assert owed["hhs"].due == (begin + timedelta(days=60) if people >= 500 else log_due(begin))
    media = {key for key in owed if key.startswith("media:")}
    assert media == {f"media:{state}" for state, count in regions.items() if state and count > 500}


def test_five_hundred_is_large_for_hhs_but_the_media_hear_of_more_than_five_hundred_in_one_state() -> None:
    def keys(people: int, **regions: int) -> set[str]:
        return {
            duty.key if duty.due == date(2026, 3, 2) else f"{duty.key} later"
            for duty in duties(date(2026, 1, 1), Scale(people, regions))
        }

    assert keys(499, TX=499) == {"individuals", "hhs later"}
    assert keys(500, TX=500) == {"individuals", "hhs"}
    assert keys(501, TX=501) == {"individuals", "hhs", "media:TX"}
    assert keys(800, TX=400, OK=400) == {"individuals", "hhs"}


def test_a_business_associate_tells_the_covered_entity_only() -> None:
    assert [duty.key for duty in duties(TODAY, Scale(900, {"TX": 900}), associate=True)] == ["entity"]


@given(DAYS, st.integers(0, 120), st.integers(0, 400))
def test_a_delay_never_moves_a_day_forward_and_holds_no_longer_than_it_may(
    begin: date, after: int, length: int
) -> None:
    stated = begin + timedelta(days=after)
    written = Delay("Officer", stated, stated + timedelta(days=length))
    spoken = Delay("Officer", stated)
    plain = individuals_due(begin)
    for delay, ends in ((written, stated + timedelta(days=length)), (spoken, stated + timedelta(days=30))):
        duty = next(one for one in duties(begin, NOBODY, delays=[delay]) if one.key == "individuals")
        assert duty.hold == ends
        assert duty.due == max(plain, ends + timedelta(days=1))
        assert duty.mark(ends) in ("held", "overdue")
    assert duties(begin, NOBODY, delays=[spoken, written])[0].hold == written.ends


def test_a_clock_is_open_soon_overdue_given_or_late() -> None:
    begin = date(2026, 1, 1)
    duty = next(one for one in duties(begin, NOBODY) if one.key == "individuals")
    assert [duty.mark(duty.due + timedelta(days=days)) for days in (-15, -14, 0, 1)] == [
        "open", "soon", "soon", "overdue",
    ]  # fmt: skip
    told = duties(begin, NOBODY, notices=[Notice("individuals", duty.due, "Post")])[0]
    late = duties(begin, NOBODY, notices=[Notice("individuals", duty.due + timedelta(days=1), "Post")])[0]
    back = duties(
        begin,
        NOBODY,
        notices=[Notice("individuals", duty.due, "Post"), Notice("individuals", None, "Mistake")],
    )[0]
    assert (told.mark(TODAY), late.mark(TODAY), back.mark(TODAY)) == ("given", "late", "overdue")


def test_a_state_adds_a_duty_only_by_a_row_of_the_clinic() -> None:
    rules = {
        "a": Rule("CO", "Attorney General", 30, "Somebody's law", 2),
        "b": Rule("CO", "Nobody", 1, "x", 1, False),
    }
    begin = date(2026, 1, 1)
    assert not [one for one in duties(begin, Scale(9, {"CO": 9})) if one.key.startswith("rule:")]
    assert not [one for one in duties(begin, Scale(9, {"CO": 1}), rules=rules) if one.key.startswith("rule:")]
    found = next(
        one for one in duties(begin, Scale(9, {"CO": 2}), rules=rules) if one.key.startswith("rule:")
    )
    assert (found.key, found.due, found.whom) == ("rule:a", date(2026, 1, 31), "Attorney General (Colorado)")


def test_ten_people_without_an_address_call_for_a_public_notice() -> None:
    def substitute(count: int) -> list[str]:
        return [one.authority for one in duties(TODAY, Scale(20, {}, count)) if one.key == "substitute"]

    assert substitute(0) == []
    assert substitute(9) == ["45 CFR 164.404(d)(2)(i)"]
    assert substitute(10) == ["45 CFR 164.404(d)(2)(ii)"]
