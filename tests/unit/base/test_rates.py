"""A client gets a minute's worth at once and its share after that; nobody else pays for it, and memory is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.base.errors import Problem, http_status
from charthouse.base.rates import Buckets, Rates
from charthouse.base.settings import Settings


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_passes_at_once_and_then_one_at_a_time() -> None:
    clock = Clock()
    buckets = Buckets(60, clock=clock)
    assert [buckets.take("a") for _ in range(60)] == [0.0] * 60
    assert buckets.take("a") == pytest.approx(1.0)
    assert buckets.take("b") == 0.0
    clock.now += 0.5
    assert buckets.take("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0
    clock.now += 60
    assert sum(not buckets.take("a") for _ in range(100)) == 60


@given(st.integers(1, 500), st.lists(st.floats(0, 30), max_size=300))
def test_no_more_passes_than_a_bucket_that_is_counted_drop_by_drop(rate: int, pauses: list[float]) -> None:
    clock, level = Clock(), float(rate)
    buckets = Buckets(rate, clock=clock)
    for pause in pauses:
        clock.now += pause
        level = min(rate, level + pause * rate / 60)
        passed = not buckets.take("x")
        if abs(level - 1) > 1e-6:
            assert passed == (level >= 1)
        if passed:
            level -= 1


def test_zero_means_no_limit_and_remembers_nobody() -> None:
    buckets = Buckets(0)
    assert not any(buckets.take("a") for _ in range(1000))
    assert len(buckets) == 0


def test_a_flood_of_clients_takes_bounded_memory() -> None:
    buckets = Buckets(10, clock=Clock(), most=100)
    for number in range(10_000):
        buckets.take(str(number))
    assert len(buckets) <= 200


def test_who_was_quiet_is_forgotten_and_who_is_over_the_limit_is_not() -> None:
    clock = Clock()
    buckets = Buckets(10, clock=clock)
    for number in range(1000):
        buckets.take(str(number))
    for _ in range(8):
        clock.now += 20
        while not buckets.take("busy"):
            pass
        buckets.take(f"new{clock.now}")
        assert buckets.take("busy") > 0
    assert len(buckets) < 20


def test_the_refusal_says_when_to_come_again() -> None:
    clock = Clock()
    rates = Rates(Settings(rate_client=2, rate_session=1, rate_stranger=1), clock=clock)
    rates.known("token:1")
    rates.known("token:1")
    rates.known("session:1")
    rates.stranger("203.0.113.1")
    for ask, wait in (
        (lambda: rates.known("token:1"), 30), (lambda: rates.known("session:1"), 60),
        (lambda: rates.stranger("203.0.113.1"), 60),
    ):  # fmt: skip
        with pytest.raises(Problem) as caught:
            ask()
        assert http_status(caught.value) == 429
        assert caught.value.after == wait
    rates.known("token:2")
    rates.stranger("203.0.113.2")


def test_a_whole_ipv6_network_is_one_stranger_and_this_machine_is_none() -> None:
    rates = Rates(Settings(rate_stranger=3), clock=Clock())
    for number in range(3):
        rates.stranger(f"2001:db8:0:1::{number:x}")
    with pytest.raises(Problem):
        rates.stranger("2001:db8:0:1::ffff")
    rates.stranger("2001:db8:0:2::1")
    for _ in range(10):
        rates.stranger("127.0.0.1")
        rates.stranger("::1")
    for address in ("::ffff:192.0.2.1", "192.0.2.1", "::ffff:c000:201"):
        rates.stranger(address)
    with pytest.raises(Problem):
        rates.stranger("192.0.2.1")
