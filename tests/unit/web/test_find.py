"""What is typed to find a patient becomes searches."""

from __future__ import annotations

import pytest

from charthouse.web.find import Asked, searches


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("", []),
        ("a", []),
        (" a ", []),
        ("am", [(("name", "am"),)]),
        ("Okafor, Amara", [(("name", "okafor"), ("name", "amara"))]),
        ("okafor 1980-03-14", [(("name", "okafor"), ("birthdate", "1980-03-14"))]),
        ("1980-03-14", [(("birthdate", "1980-03-14"),)]),
        ("14 Mar 1980", [(("birthdate", "1980-03-14"),)]),
        ("March 14, 1980", [(("birthdate", "1980-03-14"),)]),
        ("mar 1980", [(("birthdate", "1980-03"),)]),
        ("3/14/1980 oka", [(("name", "oka"), ("birthdate", "1980-03-14"))]),
        ("14.3.1980", [(("birthdate", "1980-03-14"),)]),
        ("00421877", [(("identifier", "00421877"),)]),
        ("004 218 77", [(("identifier", "004 218 77,00421877"),)]),
        ("abe604", [(("identifier", "abe604,ABE604"),), (("name", "abe604"),)]),
        ("o'brien", [(("name", "o'brien"),)]),
    ],
)
def test_names_dates_and_numbers_are_told_apart(typed: str, asked: list[Asked]) -> None:
    assert searches(typed) == asked


def test_day_and_month_follow_the_readers_habit() -> None:
    assert searches("3/4/1980") == [(("birthdate", "1980-03-04"),)]
    assert searches("3/4/1980", day_first=True) == [(("birthdate", "1980-04-03"),)]


def test_signs_of_the_search_language_are_only_text() -> None:
    assert searches("a$b|c") == [(("name", "a\\$b\\|c"),)]


def test_a_day_that_does_not_exist_stays_text() -> None:
    assert searches("2023-02-30") == [(("identifier", "2023-02-30"),)]


def test_a_very_long_text_is_cut() -> None:
    assert len(searches("x" * 5000)[0][0][1]) == 100
