"""The floor under every write: the rows that were written, computed already, inserted into an equal empty schema.

One transaction for each that wrote them, the same statements and pragmas, and nothing else: no parsing, no
checks, no index values to find, no names to look up, no chain.
"""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from charthouse.db import queries
from charthouse.db.connect import Connection, Row, connect
from charthouse.db.migrate import migrate
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.house import empty
from charthouse.ops.bench.place import Place
from charthouse.store import record

_INSERT: Final = re.compile(r"\s*INSERT INTO (\w+) \(([^)]*)\)")
KINDS: Final = (
    "resource", "version", "token", "reference", "date", "string", "number", "quantity", "uri",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one transaction by table; `resources` is how many versions there are among them."""

    rows: dict[str, list[Row]]

    @property
    def resources(self) -> int:
        """How many resources it wrote."""
        return len(self.rows["version"])


def floor(bench: Bench, place: Place, *, interaction: str, most: int) -> float:
    """Resources per second when the rows that `interaction` wrote in `place` are inserted once more."""
    batches = gathered(place, interaction, most)
    target = empty(bench, "raw")
    try:
        with closing(connect(target.database)) as connection:
            migrate(connection, record.steps(connection.dialect))
            seconds = inserted(connection, batches)
    finally:
        target.remove()
    return sum(batch.resources for batch in batches) / seconds


def gathered(place: Place, interaction: str, most: int) -> list[Batch]:
    """The rows of up to `most` transactions. Resources that were only referred to go with the first.

    A resource with later versions is taken with the last of them, which has its index rows.
    """
    with closing(connect(place.database)) as connection:
        texts = queries.load(__package__, "rows", connection.dialect)
        adding = queries.load("charthouse.store", "write", connection.dialect)
        selects = {kind: filled(texts, kind, getattr(adding, f"add_{kind}")) for kind in KINDS}
        numbers = [row[0] for row in connection.run(texts.transactions, (interaction, most))]
        batches = [
            Batch({kind: connection.run(sql, (number,)) for kind, sql in selects.items()})
            for number in numbers
        ]
        if batches:
            referred = texts.referred.replace("{columns}", columns(adding.add_resource)[1])
            batches[0].rows["resource"][:0] = connection.run(referred)
        return batches


def columns(statement: str) -> tuple[str, str]:
    """The table that an INSERT statement fills, and its columns as columns of `x`."""
    found = _INSERT.match(statement)
    if found is None:
        raise LookupError(statement)
    return found[1], ", ".join(f"x.{name.strip()}" for name in found[2].split(","))


def filled(texts: SimpleNamespace, kind: str, statement: str) -> str:
    """The statement that reads what `statement` wrote."""
    table, names = columns(statement)
    text: str = getattr(texts, kind if kind in ("resource", "version") else "index")
    return text.replace("{columns}", names).replace("{table}", table)


def inserted(connection: Connection, batches: list[Batch]) -> float:
    """Insert all batches, each in a transaction; the seconds it took.

    A statement of the store that takes whole columns gets them (PostgreSQL), one that takes a row gets row
    after row; which it is was found out before the clock runs.
    """
    sql = queries.load("charthouse.store", "write", connection.dialect)
    steps = [
        [
            (statement, _turned(found) if "unnest" in statement else found, "unnest" in statement)
            for kind, found in batch.rows.items() if found
            for statement in (getattr(sql, f"add_{kind}"),)
        ]
        for batch in batches
    ]  # fmt: skip
    begun = time.perf_counter()
    for batch in steps:
        with connection.transaction():
            for statement, rows, is_whole in batch:
                if is_whole:
                    connection.run(statement, rows)
                else:
                    connection.many(statement, rows)
    return time.perf_counter() - begun


def _turned(rows: list[Row]) -> list[Any]:
    """Rows as columns."""
    return [list(column) for column in zip(*rows, strict=True)]
