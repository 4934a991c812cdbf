"""The one writer when its jobs collide with other processes, or the engine refuses what one of them wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection
from charthouse.db.postgres import Postgres
from charthouse.db.session import Session
from charthouse.db.trouble import Collision
from charthouse.db.writer import ATTEMPTS, Writer

pytestmark = pytest.mark.postgres

ADD = "INSERT INTO word (number, word) VALUES (%s, %s)"


class Group:
    """Which jobs a transaction has had."""

    def __init__(self) -> None:
        self.jobs: list[str] = []


@pytest.fixture
def groups() -> list[Group]:
    return []


@pytest.fixture
def writer(database: str, connection: Postgres, groups: list[Group]) -> Iterator[Writer[Group]]:
    def begin(writing: Connection) -> Group:
        groups.append(Group())
        return groups[-1]

    opened = Writer(lambda: Postgres(Session(database, None)), begin=begin)
    yield opened
    opened.close()


def adding(number: int, *, word: str = "") -> Callable[[Connection, Group], int]:
    def job(writing: Connection, group: Group) -> int:
        group.jobs.append(str(number))
        writing.many(ADD, [(number, word)])  # sent with the commit
        return number

    return job


def together(writer: Writer[Group], jobs: list[Callable[[Connection, Group], Any]]) -> list[Any]:
    """Run jobs in one group: the first one waits until all are queued. Their results, or failures."""
    first = writer.submit(lambda writing, group: writing.one("SELECT pg_sleep(0.2)::text"))
    futures = [writer.submit(job) for job in jobs]
    first.result(20)
    return [future.exception(20) or future.result() for future in futures]


def words(connection: Postgres) -> list[int]:
    return [row[0] for row in connection.run("SELECT number FROM word ORDER BY number")]


def test_a_job_the_engine_refuses_at_the_commit_fails_alone(
    writer: Writer[Group], connection: Postgres, groups: list[Group]
) -> None:
    def wrong(writing: Connection, group: Group) -> None:
        group.jobs.append("wrong")
        writing.many("INSERT INTO word (number) VALUES (%s)", [("no number",)])

    found = together(writer, [adding(1), wrong, adding(2)])
    assert (found[0], found[2]) == (1, 2)
    assert isinstance(found[1], Problem)
    assert found[1].category is Category.FAULT
    assert words(connection) == [1, 2]
    assert groups[0].jobs == ["1", "wrong", "2"]
    assert [group.jobs for group in groups[-3:]] == [["1"], ["wrong"], ["2"]]


def test_a_job_that_collides_begins_anew_and_the_others_go_on(
    writer: Writer[Group], connection: Postgres, groups: list[Group]
) -> None:
    turns = 0

    def colliding(writing: Connection, group: Group) -> int:
        nonlocal turns
        turns += 1
        group.jobs.append("c")
        writing.run(ADD, (3, "c"))
        if turns == 1:
            raise Collision
        return 3

    assert together(writer, [adding(1), colliding, adding(2)]) == [1, 3, 2]
    assert words(connection) == [1, 2, 3]
    assert groups[0].jobs == ["1", "c", "2"]
    assert groups[1].jobs[0] == "c"


def test_a_job_that_always_collides_is_told_that_others_are_writing(
    writer: Writer[Group], connection: Postgres
) -> None:
    turns = 0

    def colliding(writing: Connection, group: Group) -> None:
        nonlocal turns
        turns += 1
        raise Collision

    found = together(writer, [colliding, adding(1)])
    assert isinstance(found[0], Problem)
    assert found[0].category is Category.BUSY
    assert found[1] == 1
    assert turns == ATTEMPTS
    assert words(connection) == [1]


def test_what_is_under_way_when_the_writer_closes_is_finished(
    writer: Writer[Group], connection: Postgres
) -> None:
    turns = 0

    def colliding(writing: Connection, group: Group) -> int:
        nonlocal turns
        turns += 1
        if turns < 3:
            raise Collision
        return 7

    future = writer.submit(colliding)
    other = writer.submit(adding(1))
    writer.close()
    assert (future.result(5), other.result(5)) == (7, 1)
    assert words(connection) == [1]


def test_jobs_are_refused_while_the_server_is_down_and_taken_when_it_is_back() -> None:
    from tests.postgres import own_server

    with own_server() as server:
        writer = Writer(lambda: Postgres(Session(server.url, None)), begin=lambda writing: Group())
        try:
            writer.submit(
                lambda writing, group: writing.script("CREATE TABLE word (number BIGINT, word TEXT)")
            ).result(10)
            server.stop("immediate")
            failure = writer.submit(adding(1)).exception(20)
            assert isinstance(failure, Problem)
            assert failure.category is Category.BUSY
            server.start()
            assert writer.submit(adding(2)).result(20) == 2
            rows = writer.submit(lambda writing, group: writing.run("SELECT number FROM word")).result(20)
            assert rows == [(2,)]
        finally:
            writer.close()
