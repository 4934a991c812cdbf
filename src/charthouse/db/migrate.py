"""Numbered SQL migrations, each applied once, in order, in one transaction with its mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from charthouse.base.clock import now
from charthouse.base.errors import Category, problem
from charthouse.db import queries
from charthouse.db.connect import Connection, Place, connect

_FILE = re.compile(r"(\d{4})_\w+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its owner (a package such as `store`), number, name and SQL."""

    owner: str
    number: int
    name: str
    sql: str


def migrations(package: str, folder: str, dialect: str) -> list[Migration]:
    """The steps in `{package}/sql/{folder}/{dialect}/NNNN_name.sql`, in order."""
    root = resources.files(package) / "sql" / folder / dialect
    owner = f"{package.rsplit('.', 1)[-1]}.{folder}"
    found = []
    for file in sorted(root.iterdir(), key=lambda entry: entry.name):
        match = _FILE.fullmatch(file.name)
        if match:
            found.append(Migration(owner, int(match[1]), file.name[:-4], file.read_text(encoding="utf-8")))
    return found


def migrate(connection: Connection, steps: Sequence[Migration]) -> list[Migration]:
    """Apply the steps that this database has not had; returns those applied.

    Raises `Problem(conflict)` for a database made by a newer program.
    """
    sql = queries.load("charthouse.db", "migrate", connection.dialect)
    applied: list[Migration] = []
    with connection.transaction():
        connection.run(sql.take_turn)
        connection.script(sql.create_table)
        have = {(owner, number) for owner, number in connection.run(sql.list_applied)}
        for owner in {step.owner for step in steps}:
            known = {step.number for step in steps if step.owner == owner}
            newer = [number for mine, number in have if mine == owner and number not in known]
            if newer:
                raise problem(
                    Category.CONFLICT,
                    "conflict",
                    f"This record was written by a newer Charthouse ({owner} step {max(newer)}).",
                    repair="Run the version that wrote it, or newer.",
                )
        for step in steps:
            if (step.owner, step.number) not in have:
                connection.script(step.sql)
                connection.run(sql.mark, (step.owner, step.number, step.name, now()))
                applied.append(step)
    return applied


def pending(connection: Connection, steps: Sequence[Migration]) -> list[Migration]:
    """The steps this database still needs; all of them when it is empty."""
    sql = queries.load("charthouse.db", "migrate", connection.dialect)
    connection.script(sql.create_table)
    have = {(owner, number) for owner, number in connection.run(sql.list_applied)}
    return [step for step in steps if (step.owner, step.number) not in have]


def is_made(place: Place) -> bool:
    """Whether a program like this one has ever made its tables at `place`; nothing is changed there.

    Raises `Problem` with the reason when the database cannot be opened.
    """
    if place.path is not None and not place.path.exists():
        return False
    connection = connect(place, frank=True)
    try:
        row = connection.one(queries.load("charthouse.db", "migrate", connection.dialect).is_made)
    finally:
        connection.close()
    return bool(row and row[0])
