"""What happens when PostgreSQL goes away, comes back, or does not let us in."""

# ruff: noqa: PT012 - what fails is the end of the block, for what is in it

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Place, connect
from charthouse.db.postgres import Postgres
from charthouse.db.session import Session
from charthouse.db.trouble import Lost
from tests.postgres import Server, fresh_database, own_server
from tests.unit.db.cutter import Cutter

pytestmark = pytest.mark.postgres

ADD = "INSERT INTO word (number) VALUES (%s)"
COUNT = "SELECT count(*) FROM word"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that these tests may stop and start."""
    with own_server() as running:
        with closing(Postgres(Session(running.url, None))) as connection:
            connection.script("CREATE TABLE word (number BIGINT PRIMARY KEY)")
        yield running


@pytest.fixture
def connection(server: Server) -> Iterator[Postgres]:
    opened = Postgres(Session(server.url, None))
    opened.script("TRUNCATE word")
    yield opened
    opened.close()


@pytest.fixture
def cutter(server: Server) -> Iterator[Cutter]:
    with tempfile.TemporaryDirectory(prefix="cut") as folder:
        wire = Cutter(server.url, Path(folder))
        yield wire
        wire.close()


def restart(server: Server) -> None:
    server.stop("immediate")
    server.start()


def test_a_connection_heals_when_the_server_was_restarted(server: Server, connection: Postgres) -> None:
    connection.run(ADD, (1,))
    for _ in range(3):
        assert connection.one(COUNT) == (1,)  # prepared by now
    restart(server)
    assert connection.one(COUNT) == (1,)
    restart(server)
    with connection.transaction():
        connection.many(ADD, [(2,)])
        assert connection.one(COUNT) == (2,)
    restart(server)
    with connection.snapshot():
        assert connection.one(COUNT) == (2,)


def test_a_transaction_cut_in_the_middle_is_not_written_and_the_next_one_is(
    server: Server, connection: Postgres
) -> None:
    with pytest.raises(Lost) as failure, connection.transaction():
        connection.run(ADD, (1,))
        restart(server)
        connection.run(ADD, (2,))
    assert failure.value.category is Category.BUSY
    assert "nothing was written" in str(failure.value)
    with connection.transaction():
        connection.run(ADD, (3,))
    assert connection.run("SELECT number FROM word") == [(3,)]


def test_a_session_that_the_administrator_ends_is_opened_again(server: Server, connection: Postgres) -> None:
    with closing(Postgres(Session(server.url, None))) as administrator:
        connection.one("SELECT 1")
        administrator.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
    assert connection.one(COUNT) == (0,)


def test_a_server_that_is_down_is_told_and_healed_from(server: Server, connection: Postgres) -> None:
    server.stop("fast")
    try:
        for _ in range(2):
            with pytest.raises(Problem) as failure:
                connection.one(COUNT)
            assert failure.value.category is Category.BUSY
        with pytest.raises(Problem) as failure, connection.transaction():
            connection.run(ADD, (1,))
        assert failure.value.category is Category.BUSY
        with pytest.raises(Problem) as failure:
            connect(Place(url=server.url), frank=True)
        assert "does not answer" in str(failure.value)
    finally:
        server.start()
    connection.run(ADD, (1,))
    assert connection.one(COUNT) == (1,)


def test_a_commit_that_the_server_never_got_is_told_as_not_written(server: Server, cutter: Cutter) -> None:
    with closing(Postgres(Session(cutter.url, None))) as connection:
        connection.script("TRUNCATE word")
        with pytest.raises(Lost) as failure, connection.transaction():
            connection.run(ADD, (1,))
            cutter.cut = "before"
        assert "nothing was written" in str(failure.value)
        assert connection.one(COUNT) == (0,)


def test_a_commit_whose_answer_was_lost_is_a_commit(server: Server, cutter: Cutter) -> None:
    with closing(Postgres(Session(cutter.url, None))) as connection:
        connection.script("TRUNCATE word")
        with connection.transaction():
            connection.run(ADD, (1,))
            cutter.cut = "after"
        assert cutter.passed == 2
        assert connection.one(COUNT) == (1,)


def test_a_commit_that_nobody_can_ask_about_any_more_is_in_doubt(
    server: Server, cutter: Cutter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charthouse.db.postgres.SETTLING", 0.3)
    with closing(Postgres(Session(cutter.url, None))) as connection:
        connection.script("TRUNCATE word")
        with pytest.raises(Problem) as failure, connection.transaction():
            connection.run(ADD, (1,))
            server.stop("immediate")
        server.start()
        assert failure.value.category is Category.FAULT
        assert "written or not" in str(failure.value)
        assert connection.one(COUNT) == (0,)


def test_a_closed_connection_stays_closed(server: Server) -> None:
    connection = Postgres(Session(server.url, None))
    connection.close()
    connection.close()
    with pytest.raises(Problem):
        connection.one(COUNT)
    with pytest.raises(Problem), connection.transaction():
        connection.run(ADD, (1,))


def test_a_backend_that_crashes_takes_nobody_s_acknowledged_write_along(
    server: Server, connection: Postgres
) -> None:
    connection.run(ADD, (1,))
    with closing(Postgres(Session(server.url, None))) as victim:
        row = victim.one("SELECT pg_backend_pid()")
        assert row is not None
        os.kill(row[0], signal.SIGKILL)  # the server ends every session and recovers
        for asking in (victim, connection):
            for _ in range(100):
                try:
                    assert asking.one(COUNT) == (1,)
                except Problem as failure:
                    assert failure.category is Category.BUSY  # noqa: PT017 - it is starting
                    time.sleep(0.1)
                else:
                    break
            else:
                pytest.fail("it did not come back")


@pytest.mark.parametrize(
    ("change", "category", "word"),
    [
        ({"path": "/nowhere"}, Category.FAULT, "createdb"),
        ({"netloc": "stranger@"}, Category.FAULT, "Check the user"),
        ({"query": "host=/nowhere/at/all"}, Category.BUSY, "does not answer"),
        ({"netloc": "postgres@127.0.0.1:1", "query": ""}, Category.BUSY, "does not answer"),
        ({"netloc": "postgres:p%zz@"}, Category.INVALID, "% codes"),
        ({"query": "hosst=a"}, Category.INVALID, "cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_url_is_told_in_a_sentence(
    server: Server, change: dict[str, str], category: Category, word: str
) -> None:
    parts = urlsplit(server.url)
    url = parts._replace(**change).geturl().replace("postgres@", "postgres:hush@")
    with pytest.raises(Problem) as failure:
        connect(Place(url=url), frank=True)
    assert failure.value.category is category
    assert word in str(failure.value)
    assert "hush" not in str(failure.value)
    assert "p%zz" not in str(failure.value)


def test_a_database_in_another_encoding_is_refused(server: Server) -> None:
    url = fresh_database(server.url, encoding="'SQL_ASCII'", template="template0", locale="'C'")
    with pytest.raises(Problem) as failure:
        connect(Place(url=url), frank=True)
    assert failure.value.category is Category.UNSUPPORTED
    assert "SQL_ASCII" in str(failure.value)


def test_without_its_driver_postgresql_says_what_to_install(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Problem) as failure:
        connect(Place(url=server.url), frank=True)
    assert "pip install 'charthouse[postgres]'" in str(failure.value)


def test_a_read_only_server_says_so(server: Server) -> None:
    with closing(Postgres(Session(server.url, None, readonly=True))) as connection:
        with pytest.raises(Problem) as failure, connection.transaction():
            connection.run(ADD, (1,))
        assert "takes no writes" in str(failure.value)
        assert connection.one(COUNT) is not None


def test_when_every_connection_is_taken_it_is_told(server: Server) -> None:
    taken = []
    try:
        with pytest.raises(Problem) as failure:
            taken.extend(Postgres(Session(server.url, None)) for _ in range(60))
        assert failure.value.category is Category.BUSY
    finally:
        for one in taken:
            one.close()
