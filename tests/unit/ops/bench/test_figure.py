"""A figure is the median of its runs, beside the floors of the same runs."""

from __future__ import annotations

import pytest

from charthouse.ops.bench.figure import Figure, Goal, Run, middle, rounded

RUNS = [
    Run(900, 2.0, 3.0, 9.0, {"constant_bytes": 5000}),
    Run(1300, 1.0, 2.0, 4.0, {"constant_bytes": 7000, "raw_inserts": 10}),
    Run(1200, 3.0, 8.0, 70.0, {"constant_bytes": 6000}),
]


def test_the_value_is_the_median_of_the_runs_not_their_mean() -> None:
    figure = Figure("read", "requests/s", RUNS)
    assert figure.value == 1200
    assert figure.percentile("p50") == 2.0
    assert figure.percentile("p99") == 9.0


def test_the_median_of_two_runs_lies_between_them() -> None:
    assert Figure("read", "requests/s", RUNS[:2]).value == 1100


def test_a_floor_is_the_median_of_the_runs_that_measured_it() -> None:
    assert Figure("read", "requests/s", RUNS).floors == {"constant_bytes": 6000, "raw_inserts": 10}


def test_no_percentile_is_made_up_where_none_was_timed() -> None:
    assert Figure("disk", "bytes/resource", [Run(1), Run(2)]).percentile("p99") is None
    assert middle([None, 3.0, None]) == 3.0
    assert middle([]) is None


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal(), None),
        (Goal(1200), True),
        (Goal(1201), False),
        (Goal(1200, p99=10), True),
        (Goal(1200, p99=9), False),
        (Goal(1200, low=True), False),
        (Goal(1201, low=True), True),
    ],
)
def test_what_must_hold_is_compared_the_right_way_round(goal: Goal, met: bool | None) -> None:
    assert Figure("any", "any", RUNS, goal).met is met


def test_the_json_has_the_keys_that_others_rely_on() -> None:
    shown = Figure("read", "requests/s", RUNS, Goal(5000, 7500)).json()
    assert shown["name"] == "read"
    assert shown["value"] == 1200
    assert shown["unit"] == "requests/s"
    assert shown["p50_ms"] == 2.0
    assert shown["p99_ms"] == 9.0
    assert shown["floors"] == {"constant_bytes": 6000, "raw_inserts": 10}
    assert shown["must"] == 5000
    assert shown["aim"] == 7500
    assert shown["met"] is False
    assert shown["runs"] == [900, 1300, 1200]


def test_numbers_keep_the_digits_that_mean_something() -> None:
    assert rounded(0.123456) == 0.1235
    assert rounded(999.96) == 1000
    assert rounded(12345.6) == 12346
    assert rounded(None) is None
