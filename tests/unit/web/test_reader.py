"""Dates, times and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from charthouse.web.reader import Reader, age, language
from tests.unit.web.makers import NOON, READER


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-12", "12 Nov 2026"),
        ("2026-11", "Nov 2026"),
        ("2026", "2026"),
        ("2026-11-12T08:42:00Z", "12 Nov 2026, 08:42"),
        ("2026-11-12T08:42:11.123Z", "12 Nov 2026, 08:42"),
        ("soon", ""),
        ("2026-02-30", ""),
        (None, ""),
        (20261112, ""),
    ],
)
def test_a_date_is_read_to_the_precision_it_was_written_with(written: object, read: str) -> None:
    assert READER.full(written) == read


def test_a_time_moves_to_the_zone_of_the_clinic_and_may_change_the_day() -> None:
    here = Reader(NOON, "en", ZoneInfo("America/New_York"))
    assert here.full("2026-11-12T02:30:00Z") == "11 Nov 2026, 21:30"
    assert here.full("2026-11-12T21:30:00-05:00") == "12 Nov 2026, 21:30"


def test_without_a_zone_a_time_is_read_as_the_clock_on_the_wall_showed_it() -> None:
    assert Reader(NOON).full("2026-11-12T21:30:00-05:00") == "12 Nov 2026, 21:30"
    assert Reader(NOON).full("2026-11-12T21:30:00+09:30") == "12 Nov 2026, 21:30"


def test_a_date_without_a_time_never_moves() -> None:
    assert Reader(NOON, "en", ZoneInfo("Pacific/Auckland")).day("2026-11-12") == "12 Nov 2026"


def test_this_years_dates_leave_the_year_out_where_space_is_short() -> None:
    assert READER.short_day("2026-03-05") == "5 Mar"
    assert READER.short_day("2025-03-05") == "5 Mar 2025"


@pytest.mark.parametrize(
    ("accept", "tongue"),
    [
        ("en-US,en;q=0.9", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("xx,fr;q=0.3,es;q=0.7", "es"),
        ("", "en"),
        ("*;q=0.5, ;;;", "en"),
        ("de;q=nonsense", "en"),
    ],
)
def test_the_language_is_the_one_the_browser_likes_best(accept: str, tongue: str) -> None:
    assert language(accept) == tongue


def test_numbers_keep_their_digits_and_take_the_readers_signs() -> None:
    assert READER.number(Decimal("72.50")) == "72.50"
    assert READER.number(Decimal("1234567.5")) == "1,234,567.5"
    assert READER.number(Decimal("-0.40")) == "−0.40"
    assert READER.number(Decimal("1.0e2")) == "100"
    assert Reader(NOON, "de", UTC).number(Decimal("1234.5")) == "1.234,5"
    assert Reader(NOON, "de", UTC).day("2026-03-12") == "12 März 2026"


@pytest.mark.parametrize(
    ("born", "said"),
    [
        ((1980, 3, 14), "46 y"),
        ((1980, 11, 24), "45 y"),
        ((1980, 11, 23), "46 y"),
        ((2025, 8, 23), "15 mo"),
        ((2026, 11, 10), "13 d"),
        ((2026, 11, 22), "1 day"),
        ((1980,), "about 46 y"),
        ((2027, 1, 1), ""),
        ((2024, 2), "2 y"),
    ],
)
def test_age_is_said_as_a_clinic_says_it(born: tuple[int, ...], said: str) -> None:
    assert age(born, date(2026, 11, 23)) == said
