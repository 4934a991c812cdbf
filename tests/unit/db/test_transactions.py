"""Transactions, savepoints and time limits on PostgreSQL, where statements wait to be sent together."""

# ruff: noqa: PT012 - what fails is the end of the block, for what is in it

from __future__ import annotations

import time

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.postgres import Postgres
from charthouse.db.trouble import Collision, Refused

pytestmark = pytest.mark.postgres

ADD = "INSERT INTO word (number, word) VALUES (%s, %s)"
ALL = "SELECT number FROM word ORDER BY number"


def numbers(connection: Postgres) -> list[int]:
    return [row[0] for row in connection.run(ALL)]


def test_what_is_committed_is_seen_by_others_and_not_before(connection: Postgres, other: Postgres) -> None:
    with connection.transaction():
        connection.many(ADD, [(1, "a"), (2, "b")])
        assert numbers(connection) == [1, 2]
        assert numbers(other) == []
        connection.many(ADD, [(3, "c")])
    assert numbers(other) == [1, 2, 3]


def test_a_transaction_that_fails_leaves_nothing(connection: Postgres, other: Postgres) -> None:
    with pytest.raises(RuntimeError), connection.transaction():
        connection.run(ADD, (1, "a"))
        connection.many(ADD, [(2, "b")])
        raise RuntimeError
    assert numbers(other) == numbers(connection) == []
    assert not connection.in_transaction()


def test_a_transaction_without_a_statement_never_leaves_the_house(
    connection: Postgres, other: Postgres
) -> None:
    numbered = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
    before = other.one(numbered)
    with connection.transaction():
        assert connection.in_transaction()
    assert other.one(numbered) == before
    assert not connection.in_transaction()


def test_a_failure_of_what_waited_shows_at_the_commit_and_undoes_all(
    connection: Postgres, other: Postgres
) -> None:
    with pytest.raises(Collision), connection.transaction():
        connection.many(ADD, [(1, "a"), (1, "again")])
        connection.many(ADD, [(2, "b")])
    assert numbers(other) == numbers(connection) == []


def test_a_statement_the_engine_refuses_is_told_by_its_code_alone(connection: Postgres) -> None:
    with pytest.raises(Refused) as failure:
        connection.run("SELECT %s::bigint", ("a secret",))
    assert failure.value.category is Category.FAULT
    assert "22P02" in str(failure.value)
    assert "secret" not in str(failure.value)
    assert connection.one("SELECT 1") == (1,)


def test_a_savepoint_that_fails_undoes_itself_only(connection: Postgres, other: Postgres) -> None:
    with connection.transaction():
        with connection.savepoint():
            connection.many(ADD, [(1, "a")])
        with pytest.raises(RuntimeError), connection.savepoint():
            connection.run(ADD, (2, "b"))
            connection.many(ADD, [(3, "c")])
            raise RuntimeError
        with pytest.raises(Collision), connection.savepoint():
            connection.run(ADD, (1, "again"))
        assert connection.in_transaction()
        with connection.savepoint():
            connection.many(ADD, [(4, "d")])
    assert numbers(other) == [1, 4]


def test_a_savepoint_of_which_nothing_was_sent_is_only_forgotten(
    connection: Postgres, other: Postgres
) -> None:
    with connection.transaction():
        with connection.savepoint():
            connection.many(ADD, [(1, "a")])
        with pytest.raises(RuntimeError), connection.savepoint():
            connection.many(ADD, [(2, "b")])
            raise RuntimeError
        with connection.savepoint():
            connection.many(ADD, [(3, "c")])
    assert numbers(other) == [1, 3]


def test_savepoints_stand_in_each_other(connection: Postgres, other: Postgres) -> None:
    with connection.transaction(), connection.savepoint():
        connection.many(ADD, [(1, "a")])
        with pytest.raises(RuntimeError), connection.savepoint():
            with connection.savepoint():
                connection.run(ADD, (2, "b"))
            connection.many(ADD, [(3, "c")])
            raise RuntimeError
        with connection.savepoint():
            connection.run(ADD, (4, "d"))
        connection.many(ADD, [(5, "e")])
    assert numbers(other) == [1, 4, 5]


def test_the_failure_of_an_earlier_part_is_not_blamed_on_a_later_one_alone(
    connection: Postgres, other: Postgres
) -> None:
    """What an earlier savepoint left to be sent fails together with everything."""
    with pytest.raises(Problem), connection.transaction():
        with connection.savepoint():
            connection.many(ADD, [(1, "a"), (1, "again")])
        with pytest.raises(Collision), connection.savepoint():
            numbers(connection)
        assert not connection.in_transaction()
        with connection.savepoint():
            connection.run(ADD, (2, "b"))
    assert numbers(other) == numbers(connection) == []


def test_a_snapshot_sees_one_moment(connection: Postgres, other: Postgres) -> None:
    other.run(ADD, (1, "a"))
    with connection.snapshot():
        assert numbers(connection) == [1]
        other.run(ADD, (2, "b"))
        assert numbers(connection) == [1]
    assert numbers(connection) == [1, 2]
    with pytest.raises(Problem), connection.snapshot():
        connection.run(ADD, (3, "c"))
    assert numbers(connection) == [1, 2]


def test_transactions_do_not_stand_in_each_other(connection: Postgres) -> None:
    with connection.transaction(), pytest.raises(RuntimeError, match="open already"), connection.snapshot():
        pass


def test_a_statement_over_its_time_is_too_costly_and_the_connection_goes_on(connection: Postgres) -> None:
    begun = time.monotonic()
    with pytest.raises(Problem) as failure, connection.within(0.1), connection.snapshot():
        connection.one("SELECT 1")
        connection.one("SELECT pg_sleep(20)::text")
    assert failure.value.category is Category.TOO_COSTLY
    assert time.monotonic() - begun < 5
    assert connection.one("SELECT pg_sleep(0.2)::text") is not None  # the limit is gone


def test_statements_share_their_time(connection: Postgres) -> None:
    done = 0
    with pytest.raises(Problem) as failure, connection.within(0.5), connection.snapshot():
        for _ in range(20):
            connection.one("SELECT pg_sleep(0.1)::text")
            done += 1
    assert failure.value.category is Category.TOO_COSTLY
    assert 1 <= done <= 5


def test_a_lock_that_somebody_keeps_is_a_collision(connection: Postgres, other: Postgres) -> None:
    connection.run(ADD, (1, "a"))
    other.script("SET lock_timeout TO '100ms'")
    with connection.transaction():
        connection.one("SELECT number FROM word FOR UPDATE")
        with pytest.raises(Collision), other.transaction():
            other.one("SELECT number FROM word FOR UPDATE")
    with other.transaction():
        assert other.one("SELECT number FROM word FOR UPDATE") == (1,)


def test_more_statements_than_are_kept_prepared_still_work(
    connection: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charthouse.db.session.MOST_PREPARED", 10)
    for _ in range(3):
        for number in range(25):
            assert connection.one(f"SELECT {number} + %s::bigint", (1,)) == (number + 1,)
    kept = connection.one("SELECT count(*) FROM pg_prepared_statements")
    assert kept is not None
    assert kept[0] <= 11


def test_a_pipeline_larger_than_any_buffer_goes_through(connection: Postgres, other: Postgres) -> None:
    text = "x" * 100_000
    with connection.transaction():
        connection.many(ADD, [(number, text) for number in range(200)])
        row = connection.one("SELECT sum(length(word)) FROM word")
        assert row == (200 * 100_000,)
    assert len(numbers(other)) == 200
