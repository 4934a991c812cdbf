"""What an engine is told after a bulk load, so that the first searches are as quick as the later ones."""

from __future__ import annotations

from charthouse.base.errors import Problem
from charthouse.db import queries
from charthouse.db.connect import Connection


def settle(connection: Connection, *, every: bool = False) -> None:
    """Have PostgreSQL look at the tables that moved much, or at `every` one. SQLite's plans need no statistics.

    Where it is not to be had (another has the table, or it belongs to somebody else) nothing is lost:
    the server comes round to it by itself. Not inside a transaction.
    """
    if connection.dialect != "postgres":
        return
    sql = queries.load(__package__, "settle", "postgres")
    try:
        for (name,) in connection.run(sql.every if every else sql.moved):
            connection.run(sql.look.replace("{table}", name))
    except Problem:
        return
