"""What is kept stays bounded, and what is asked for stays kept."""

from __future__ import annotations

from charthouse.terminology.recent import Recent


def test_no_more_than_twice_the_limit_is_kept() -> None:
    recent: Recent[int, int] = Recent(10)
    for number in range(1, 1000):
        recent.put(number, number)
        assert len(recent) <= 20
    assert recent.get(999) == 999
    assert recent.get(1) is None


def test_what_is_asked_for_again_and_again_outlives_what_is_not() -> None:
    recent: Recent[str, int] = Recent(4)
    recent.put("kept", 1)
    for number in range(100):
        recent.put(f"other {number}", number)
        assert recent.get("kept") == 1
