"""After a bulk load PostgreSQL knows what is there, and a table that hardly moved is left alone."""

from __future__ import annotations

import pytest

from charthouse.db.connect import Place, connect
from charthouse.db.postgres import Postgres
from charthouse.db.settle import settle

SEEN = "SELECT relname, reltuples::int FROM pg_class WHERE relname IN ('plain', 'whole', 'part') ORDER BY relname"
KNOWN = "SELECT count(*) FROM pg_stats WHERE tablename = %s"


@pytest.mark.postgres
def test_tables_that_nobody_looked_at_are_looked_at_with_their_wholes(connection: Postgres) -> None:
    connection.script(
        "CREATE TABLE plain (n INTEGER); CREATE TABLE whole (n INTEGER) PARTITION BY HASH (n);"
        "CREATE TABLE part PARTITION OF whole FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
        "ALTER TABLE plain SET (autovacuum_enabled = off); ALTER TABLE part SET (autovacuum_enabled = off);"
        "INSERT INTO plain SELECT generate_series(1, 500); INSERT INTO whole SELECT generate_series(1, 700)"
    )
    assert connection.run(SEEN) == [("part", -1), ("plain", -1), ("whole", -1)]
    settle(connection)
    assert connection.run(SEEN) == [("part", 700), ("plain", 500), ("whole", 700)]
    assert connection.one(KNOWN, ("whole",)) == (1,)
    connection.run("INSERT INTO plain SELECT generate_series(1, 20)")
    settle(connection)
    assert connection.run(SEEN)[1][1] == 500
    settle(connection, every=True)
    assert connection.run(SEEN)[1][1] == 520


def test_sqlite_is_told_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    plain = connect(Place(path=tmp_path_factory.mktemp("settle") / "a.db"))
    settle(plain, every=True)
    assert plain.run("SELECT name FROM sqlite_master") == []
    plain.close()
