"""Time, identifiers and errors mean the same wherever they are used."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.base import clock, errors, ids
from charthouse.base.errors import Category


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_an_instant_gives_back_its_milliseconds(moment: int) -> None:
    exact = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    assert clock.instant(moment) == exact.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert round(clock.moment(moment).timestamp() * 1000) == moment


def test_now_is_the_clock_of_the_machine_in_milliseconds() -> None:
    assert abs(clock.now() - time.time() * 1000) < 1000


def test_logical_ids_are_fhir_ids_and_differ() -> None:
    made = [ids.logical_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(ids.is_logical_id(one) and len(one) == 36 for one in made)


@pytest.mark.parametrize("text", ["", "a" * 65, "a b", "a/b", "ä", "a\n", "_"])
def test_what_is_no_fhir_id_is_told_apart(text: str) -> None:
    assert not ids.is_logical_id(text)


def test_secrets_are_long_and_differ() -> None:
    assert len({ids.secret() for _ in range(100)}) == 100
    assert len(ids.secret()) >= 43


def test_a_problem_tells_what_where_the_value_and_the_repair() -> None:
    failure = errors.invalid(
        "value", "No such day.", place="Patient.birthDate", value="2020-02-31", repair="Give a day."
    )
    (issue,) = failure.issues
    assert (issue.place, issue.value) == ("Patient.birthDate", "2020-02-31")
    assert str(failure) == "No such day. Found: 2020-02-31. Give a day."


def test_a_long_value_is_shortened_in_the_sentence_only() -> None:
    failure = errors.invalid("value", "Too long.", value="x" * 500)
    assert failure.issues[0].value == "x" * 500
    assert len(str(failure)) < 120


def test_every_category_has_a_status_and_an_exit_code() -> None:
    for category in Category:
        assert 400 <= errors.http_status(errors.problem(category, "any", "x")) < 600
        assert errors.EXIT_CODE[category] > 0


@pytest.mark.parametrize(
    ("category", "code", "status"),
    [
        (Category.INVALID, "structure", 400),
        (Category.INVALID, "too-long", 413),
        (Category.FORBIDDEN, "login", 401),
        (Category.FORBIDDEN, "forbidden", 403),
        (Category.CONFLICT, "duplicate", 409),
        (Category.BUSY, "throttled", 429),
    ],
)
def test_a_code_refines_the_status(category: Category, code: str, status: int) -> None:
    assert errors.http_status(errors.problem(category, code, "x")) == status


def test_hidden_and_absent_are_the_same_answer() -> None:
    one, other = errors.not_found(), errors.not_found()
    assert one.issues == other.issues
    assert all(a == b for a, b in itertools.pairwise([one.category, other.category]))
